"""Campaigns that change the price, as pure rules: what each takes off, how several meet, who may have it."""

from __future__ import annotations

from typing import Any

import pytest

from earning.builders import engine, line, sale
from earning.test_campaigns import ARTICLES, NOON, STORE, WEB, ZONE, campaign
from goen.earning import Facts
from goen.earning.campaigns.checks import validate
from goen.earning.campaigns.cost import worst_case
from goen.earning.campaigns.law import law
from goen.earning.campaigns.offers import Goods, Standing, standing, taken, together
from goen.earning.campaigns.running import Running
from goen.earning.campaigns.scene import Place, Scene, nothing_drawn
from goen.earning.decision import Miss
from goen.earning.programme import CampaignTerms, Programme

BOOKS = {"products": {"categories": ["本"]}}
MEMBER = Facts()


def offered(
    bought: Any, *made: Any, facts: Facts = MEMBER, place: Place = STORE, drawn: Any = nothing_drawn
) -> tuple[dict[str, Any], dict[str, str]]:
    """What comes off by campaign, by line, and why others do not."""
    unit = engine()
    running, basket = Running(unit, made, 1), unit.price(bought).basket
    scene = Scene.of(place, NOON, NOON.astimezone(ZONE).date(), ZONE)
    goods = Goods(bought, basket.net, basket.quantities, basket.postage, ARTICLES)
    judged = [standing(each, goods, scene, facts, drawn) for each in running.priced]
    chosen, out = together([each for each in judged if isinstance(each, Standing)])
    misses = {m.rule[9:]: m.reason for m in (*[m for m in judged if isinstance(m, Miss)], *out)}
    return {each.used.campaign: each.used for each in taken(chosen, goods, scene)}, misses


TWO = (1100, 2200)
TABLE = [
    # effect, lines, conditions, yen by line, off postage
    ({"kind": "discount", "yen": 300}, TWO, {}, {1: 100, 2: 200}, 0),
    ({"kind": "discount", "yen": 5000}, TWO, {}, {1: 1100, 2: 2200}, 0),
    ({"kind": "discount", "percent": 10}, TWO, {}, {1: 110, 2: 220}, 0),
    ({"kind": "discount", "percent": 10, "most": 33}, TWO, {}, {1: 11, 2: 22}, 0),
    ({"kind": "discount", "yen": 300}, (line(1, 1100, category="本"), 2200), BOOKS, {1: 300}, 0),
    ({"kind": "discount", "percent": 7}, (line(1, 1099, category="本"), 2200), BOOKS, {1: 76}, 0),
    ({"kind": "free_postage"}, TWO, {}, {}, 550),
    ({"kind": "free_postage", "most": 300}, TWO, {}, {}, 300),
    ({"kind": "gift", "name": "タオル"}, TWO, {}, {}, 0),
    ({"kind": "gift", "name": "タオル", "sku": "T"}, (line(1, 900, sku="T", quantity=3), 2200), {}, {1: 300}, 0),
    ({"kind": "member_price", "prices": {"T": 250}}, (line(1, 900, sku="T", quantity=3), 2200), {}, {1: 150}, 0),
    ({"kind": "member_price", "percent": 5}, (199, 201), {}, {1: 9, 2: 10}, 0),
]


@pytest.mark.parametrize(("effect", "lines", "when", "off", "postage"), TABLE)
def test_what_an_effect_takes_off(effect, lines, when, off, postage):
    used, misses = offered(sale(*lines, postage=550), campaign(effect=effect, when=when))
    assert misses == {}
    assert (dict(used["c"].lines), used["c"].postage) == (off, postage)
    assert used["c"].amount == sum(off.values()) + postage
    assert used["c"].gifts == (("タオル",) if effect["kind"] == "gift" else ())


@pytest.mark.parametrize(
    ("effect", "when", "more", "facts", "reason"),
    [
        ({"kind": "discount", "yen": 1}, {"amount_min": 3301}, {}, MEMBER, "below_amount"),
        ({"kind": "discount", "yen": 1}, {"amount_min": 3300}, {}, MEMBER, None),  # With tax, unlike points.
        ({"kind": "discount", "yen": 1}, {"channels": ["ec"]}, {}, MEMBER, "not_a_web_shop"),
        ({"kind": "discount", "yen": 1}, {"tiers": ["gold"]}, {}, MEMBER, "not_this_tier"),
        ({"kind": "discount", "yen": 1}, {"tiers": ["gold"]}, {}, Facts(tier="gold"), None),
        ({"kind": "discount", "yen": 1}, {"tiers": ["gold"]}, {}, Facts(guest=True), "needs_member"),
        ({"kind": "discount", "yen": 1}, {}, {}, Facts(guest=True), None),
        ({"kind": "member_price", "percent": 5}, {}, {}, Facts(guest=True), "needs_member"),
        ({"kind": "free_postage"}, {}, {}, MEMBER, "nothing_to_reduce"),
        ({"kind": "gift", "name": "タオル", "sku": "T"}, {}, {}, MEMBER, "nothing_to_reduce"),
        ({"kind": "discount", "yen": 1}, BOOKS, {}, MEMBER, "no_matching_goods"),
        ({"kind": "discount", "yen": 1}, {}, {"limits": [{"measure": "uses", "most": 5}]}, MEMBER, "limit_reached"),
    ],
)
def test_who_may_have_it(effect, when, more, facts, reason):
    drawn = (lambda _: 5) if more else nothing_drawn
    used, misses = offered(sale(*TWO), campaign(effect=effect, when=when, **more), facts=facts, drawn=drawn)
    assert misses.get("c") == reason
    assert bool(used) == (reason is None)


def test_what_a_limit_of_yen_leaves_is_still_given():
    one = campaign(effect={"kind": "discount", "yen": 300}, limits=[{"measure": "yen", "most": 1000}])
    used, _ = offered(sale(*TWO), one, drawn=lambda _: 900)
    assert used["c"].amount == 100


def test_several_each_off_what_is_left_and_stacking():
    tenth = campaign("a", {"kind": "discount", "percent": 10})
    yen = campaign("b", {"kind": "discount", "yen": 300})
    used, _ = offered(sale(*TWO), yen, tenth)
    assert [(code, dict(each.lines)) for code, each in used.items()] == [
        ("a", {1: 110, 2: 220}),
        ("b", {1: 100, 2: 200}),
    ]
    grouped = [
        campaign(code, {"kind": "discount", "yen": n}, stacking={"group": "g"}) for code, n in (("a", 1), ("b", 2))
    ]
    used, misses = offered(sale(*TWO), *grouped)
    assert (list(used), misses) == (["b"], {"a": "same_group"})
    alone = campaign("x", {"kind": "discount", "yen": 400}, stacking={"exclusive": True})
    used, misses = offered(sale(*TWO), alone, yen)
    assert (list(used), misses) == (["x"], {"b": "exclusive"})
    used, misses = offered(sale(*TWO), alone, yen, tenth, place=WEB)
    assert (list(used), misses) == (["a", "b"], {"x": "exclusive"})


@pytest.mark.parametrize(
    ("effects", "limits", "fault"),
    [
        ([{"kind": "discount"}], [], "one_of_yen_percent"),
        ([{"kind": "discount", "yen": 1, "percent": 1}], [], "one_of_yen_percent"),
        ([{"kind": "discount", "percent": 101}], [], "not_a_percentage"),
        ([{"kind": "discount", "yen": 1}, {"kind": "points", "points": 1}], [], "price_apart"),
        ([{"kind": "discount", "yen": 1}], [{"measure": "points", "most": 1}], "price_has_no_points"),
        ([{"kind": "member_price"}], [], "one_of_yen_percent"),
    ],
)
def test_contradictions(effects, limits, fault):
    found = validate(campaign(effects=effects, limits=limits), Programme())
    assert fault in {each.code for each in found if each.level == "error"}


def test_the_worst_case_is_in_yen_and_the_law_sees_gifts_alone():
    def worst(effect: dict[str, Any], **more: Any) -> tuple[int | None, int | None]:
        found = worst_case(campaign(effect=effect, **more), Programme(), members=10, places=[STORE], zone=ZONE)
        return found.points, found.yen

    uses = [{"measure": "uses", "most": 5}]
    assert worst({"kind": "discount", "yen": 300}, limits=uses) == (0, 1500)
    assert worst({"kind": "discount", "percent": 10, "most": 200}, limits=uses) == (0, 1000)
    assert worst({"kind": "discount", "percent": 10}, limits=uses) == (None, None)
    assert worst({"kind": "discount", "percent": 10}, limits=[{"measure": "yen", "most": 7000}]) == (0, 7000)
    others = Programme(campaigns=CampaignTerms(points_usable="others"))
    discount = campaign(effect={"kind": "discount", "yen": 5000})
    assert law(discount, others, {}) == law(discount, Programme(), {})
    assert law(discount, others, {}).premiums == "discount"
    gift = {"kind": "gift", "name": "タオル", "worth": 300}
    found = law(campaign(effect=gift), Programme(), {})
    assert (found.premiums, found.warnings) == ("premium", ("premium_above_cap",))
    assert law(campaign(effect=gift, when={"amount_min": 1500}), Programme(), {}).warnings == ()
    unknown = law(campaign(effect={"kind": "gift", "name": "タオル"}), Programme(), {})
    assert unknown.warnings == ("premium_unknown",)
    # One sale's effects are one premium: each by itself would be within the cap.
    both = [{"kind": "points", "points": 150}, {"kind": "points", "points": 150, "per": "line"}]
    assert law(campaign(effects=both[:1]), others, {}).warnings == ()
    assert law(campaign(effects=both), others, {}).warnings == ("premium_above_cap",)
    assert law(campaign(effects=both, max_points=200), others, {}).warnings == ()
