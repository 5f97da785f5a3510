"""Campaigns that are dry, nearly so or capped: the member never has less for it than without them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given as drawn_from
from hypothesis import settings
from hypothesis import strategies as st

from earning.builders import campaigns as any_campaigns
from earning.builders import engine, programmes, purchases, sale
from earning.test_campaigns import campaign, decide, given, points, reason
from goen.earning import Facts, compile_programme
from goen.earning.campaigns.model import Campaign, from_json
from goen.earning.campaigns.scene import LimitKey
from goen.earning.programme import CampaignTerms

ALL = 10**6
replace = msgspec.structs.replace


def taken(**by_code: int) -> Callable[[LimitKey], int]:
    """What is drawn so far on the limits of these campaigns."""
    return lambda key: by_code.get(key.code.split("/")[0].removeprefix("campaign:"), 0)


def limited(one: Campaign, most: int = 101) -> Campaign:
    return from_json(msgspec.json.encode(msgspec.to_builtins(one) | {"limits": [{"measure": "points", "most": most}]}))


def instead(percent: int = 5, code: str = "c", **more: Any) -> Campaign:
    return campaign(code, {"kind": "rate", "mode": "replace", "percent": percent}, **more)


@pytest.mark.parametrize(
    ("left", "earned", "why"),
    [
        (6000, 5000, None),
        (1001, 1001, None),
        (1000, 1000, None),
        (999, 1000, "limit_reached"),
        (1, 1000, "limit_reached"),
    ],
)
def test_a_replacing_rate_that_a_limit_cuts_below_the_base_leaves_the_base(left, earned, why):
    outcome = decide(sale(100_000), limited(instead(), 6000), drawn=taken(c=6000 - left), draws=True)
    decision = outcome.decision
    assert (decision.earned, reason(decision)) == (earned, why)
    assert sum(draw.amount for draw in outcome.draws) == (0 if why else earned)
    assert [each.code for each in decision.campaigns] == ([] if why else ["c"])
    if why:
        assert [(award.rule, award.points) for award in decision.awards] == [("base", 1000)]


@pytest.mark.parametrize(("own", "terms"), [(100, {}), (None, {"max_points": 100}), (None, {"max_percent": 1})])
def test_a_replacing_rate_that_a_cap_cuts_below_the_base_leaves_the_base(own, terms):
    made = engine(base="tax_included", percent=Decimal(2), campaigns=CampaignTerms(**terms))
    decision = decide(sale(100_000), instead(max_points=own), made=made)
    assert (decision.earned, reason(decision)) == (2000, "campaigns_cap")


def test_a_replacing_rate_that_was_meant_to_be_lower_than_the_base_still_replaces_it():
    made = engine(base="tax_included", percent=Decimal(2))
    assert decide(sale(100_000), instead(1, max_points=5000), made=made).earned == 1000


def test_what_others_leave_of_the_programmes_cap_may_not_be_less_than_the_base_it_replaces():
    made = engine(base="tax_included", campaigns=CampaignTerms(max_points=1500))
    decision = decide(sale(100_000), points("a", 600, priority=1), instead(), points("d", 50), made=made)
    assert (given(decision), decision.earned) == ({"a": 600, "d": 50}, 1650)
    assert reason(decision) == "campaigns_cap"


def test_lines_that_a_dropped_rate_would_have_had_are_there_for_the_next():
    made = engine(base="tax_included", campaigns=CampaignTerms(max_points=1500))
    first = instead(5, "b", stacking={"consumes_lines": True})
    after = campaign("d", {"kind": "points", "points": 7, "per": "line"})
    decision = decide(sale(100_000), points("a", 600, priority=1), first, after, made=made)
    assert (given(decision), decision.earned) == ({"a": 600, "d": 7}, 1607)
    assert reason(decision, "b") == "campaigns_cap"


CHOICES = [
    ("group", "best", {"group": "g"}, {"group": "g"}),
    ("group by priority", "priority", {"group": "g", "priority": 1}, {"group": "g"}),
    ("exclusive", "best", {"exclusive": True}, {}),
    ("exclusive by priority", "priority", {"exclusive": True, "priority": 1}, {}),
    ("lines", "best", {"consumes_lines": True, "priority": 1}, {}),
]


@pytest.mark.parametrize(("choose", "triple", "double"), [each[1:] for each in CHOICES], ids=[c[0] for c in CHOICES])
def test_a_dry_campaign_shuts_nobody_out(choose, triple, double):
    made = engine(base="tax_included", campaigns=CampaignTerms(choose=choose))
    both = (
        limited(campaign("triple", {"kind": "rate", "multiplier": 3}, stacking=triple)),
        campaign("double", {"kind": "rate", "multiplier": 2}, stacking=double),
    )
    decision = decide(sale(10_000), *both, made=made, drawn=taken(triple=101))
    assert (given(decision), decision.earned) == ({"double": 100}, 200)
    assert (reason(decision, "triple"), reason(decision, "double")) == ("limit_reached", None)


@pytest.mark.parametrize(("left", "winner"), [(1, "double"), (100, "double"), (101, "triple")])
@pytest.mark.parametrize("stacking", [{"group": "g"}, {"exclusive": True}])
def test_the_best_for_the_member_is_the_best_of_what_is_left(left, winner, stacking):
    both = (
        campaign("double", {"kind": "rate", "multiplier": 2}, stacking=stacking),
        limited(campaign("triple", {"kind": "rate", "multiplier": 3}, stacking=stacking)),
    )
    decision = decide(sale(10_000), *both, drawn=taken(triple=101 - left))
    assert set(given(decision)) == {winner}
    assert decision.earned == 100 + max(left, 100)


def test_a_capped_replacing_rate_does_not_win_its_group_to_be_dropped_then():
    made = engine(base="tax_included", campaigns=CampaignTerms(max_points=500))
    group = {"group": "g"}
    decision = decide(sale(100_000), instead(stacking=group), points("a", 60, **group), made=made)
    assert (given(decision), reason(decision)) == ({"a": 60}, "campaigns_cap")


@settings(max_examples=150, deadline=None)
@drawn_from(st.data())
def test_campaigns_that_are_dry_change_nothing_but_what_is_told(data: st.DataObject) -> None:
    programme = data.draw(programmes)
    made = compile_programme(programme)
    known = [from_json(msgspec.json.encode(each)) for each in data.draw(any_campaigns)]
    bought, coupons = data.draw(purchases(programme))
    facts = Facts(tier="gold", coupon_reduction=coupons)
    with_dry = decide(bought, *known, facts=facts, made=made, drawn=lambda _: ALL, draws=True)
    without = decide(bought, *[one for one in known if not one.limits], facts=facts, made=made, draws=True)
    assert (with_dry.decision.awards, with_dry.draws) == (without.decision.awards, without.draws)


@settings(max_examples=150, deadline=None)
@drawn_from(st.data())
def test_a_cut_never_leaves_less_than_the_programme_alone(data: st.DataObject) -> None:
    """Where no rate was meant to be below the programme's own: in full, none gives less than it takes."""
    programme = data.draw(programmes)
    made = compile_programme(replace(programme, campaigns=CampaignTerms(max_points=data.draw(st.integers(1, 300)))))
    one = from_json(msgspec.json.encode(data.draw(any_campaigns)[0]))
    bought, coupons = data.draw(purchases(programme))
    facts = Facts(tier="gold", coupon_reduction=coupons)
    left = data.draw(st.integers(0, 300))
    plain = replace(one, limits=(), max_points=None)
    alone = compile_programme(programme).evaluate(bought, facts).earned
    if decide(bought, plain, facts=facts, made=compile_programme(programme)).earned >= alone:
        most = one.limits[0].most if one.limits else 0
        assert decide(bought, one, facts=facts, made=made, drawn=lambda _: most - left).earned >= alone
