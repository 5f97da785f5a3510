"""What returns and shipments take of campaign points: in any split and order the parts are the whole."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earning.builders import campaigns, engine, line, programmes, purchases, sale
from earning.test_campaigns import ARTICLES, NOON, STORE, ZONE, campaign
from goen.earning import Decision, Facts, compile_programme
from goen.earning.campaigns.catalogue import Campaigns, Change
from goen.earning.campaigns.limits import drawn_by
from goen.earning.campaigns.model import from_json
from goen.earning.campaigns.scene import Scene, nothing_drawn
from goen.earning.evaluate import Engine
from goen.earning.programme import CampaignTerms, Earning, Programme, Returns
from goen.earning.remainder import Returned, ReturnLine, Shipped, hand_back, regular_and_apart, ship

SCENE = Scene.of(STORE, NOON, NOON.date(), ZONE)


def decided(made: Engine, bought: Any, catalogue: Campaigns, facts: Facts, drawn: Any = nothing_drawn) -> Any:
    running = catalogue.running(made, NOON)
    priced = made.price(bought, facts.coupon_reduction)
    decision = made.evaluate(bought, facts, priced)
    return running.decide(bought, decision, priced, running.shortlist(bought, SCENE), SCENE, ARTICLES, drawn)


def known(*made: Any) -> Campaigns:
    catalogue = Campaigns()
    catalogue.add(made, [Change(n, one.code, 1, NOON, "live") for n, one in enumerate(made, 1)])
    return catalogue


def points_after(decision: Decision, made: Engine, catalogue: Campaigns, *acts: list[ReturnLine]) -> list[int]:
    """Points taken back by each act."""
    state, taken = Returned(), []
    for parts in acts:
        result = hand_back(made, decision, state, parts, catalogue.pinned(made, decision))
        state = result.state
        taken.append(result.earned)
    return taken


def back(number: int, quantity: float = 1) -> ReturnLine:
    return ReturnLine(line=number, quantity=Decimal(str(quantity)))


@pytest.mark.parametrize(("policy", "taken"), [("take_back", [50, 10]), ("keep", [30, 30])])
def test_rule_30_a_floor_is_tested_again_or_kept(policy: str, taken: list[int]) -> None:
    one = campaign(effect={"kind": "rate", "multiplier": 3}, when={"amount_min": 2000})
    returns = Returns(thresholds=policy)
    made = compile_programme(Programme(earning=Earning(base="tax_included"), returns=returns))
    catalogue = known(one)
    decision = decided(made, sale(1000, 1000), catalogue, Facts()).decision
    assert decision.earned == 60
    assert points_after(decision, made, catalogue, [back(1)], [back(2)]) == taken


@pytest.mark.parametrize(("policy", "taken"), [("take_back", [60, 20]), ("keep", [10, 70])])
def test_rule_30_a_step_once_reached_is_taken_back_or_kept_until_the_last(policy: str, taken: list[int]) -> None:
    steps = {"kind": "steps", "steps": [{"from": 900, "points": 10}, {"from": 2000, "points": 60}]}
    made = compile_programme(Programme(earning=Earning(base="tax_included"), returns=Returns(thresholds=policy)))
    catalogue = known(campaign(effect=steps))
    decision = decided(made, sale(1000, 1000), catalogue, Facts()).decision
    assert points_after(decision, made, catalogue, [back(1)], [back(2)]) == taken


def test_a_limited_award_keeps_the_lesser_of_what_is_left_and_what_was_granted() -> None:
    one = campaign(effect={"kind": "rate", "multiplier": 2}, limits=[{"measure": "points", "most": 100}])
    made, catalogue = engine(base="tax_included"), known(one)
    bought = sale(line(1, 40_000, quantity=4))
    decision = decided(made, bought, catalogue, Facts(), lambda _: 0).decision
    assert decision.earned == 500
    assert points_after(decision, made, catalogue, *[[back(1)]] * 4) == [100, 100, 100, 200]


def capped_and_limited() -> tuple[Engine, Campaigns, Decision]:
    """Under a cap of 100 for all: the first gives 10 of 200 by its limit, the second what is left of the cap."""
    per_line = {"kind": "points", "points": 100, "per": "line"}
    first = campaign("a", per_line, limits=[{"measure": "points", "most": 10}])
    second = campaign("b", {"kind": "points", "points": 45, "per": "line"})
    made, catalogue = engine(base="tax_included", campaigns=CampaignTerms(max_points=100)), known(first, second)
    decision = decided(made, sale(1000, 1000), catalogue, Facts()).decision
    assert [(award.rule, award.points) for award in decision.awards] == [
        ("base", 20), ("campaign:a", 10), ("campaign:b", 90),
    ]  # fmt: skip
    return made, catalogue, decision


def test_a_limit_takes_of_the_programmes_cap_on_the_remainder_what_it_took_at_the_sale() -> None:
    made, catalogue, decision = capped_and_limited()
    assert points_after(decision, made, catalogue, [back(1)], [back(2)]) == [55, 65]


def test_a_shipment_confirms_what_the_limit_leaves_of_the_programmes_cap() -> None:
    made, catalogue, decision = capped_and_limited()
    pinned = catalogue.pinned(made, decision)
    first, state = ship(made, decision, Shipped(), [back(1)], pinned)
    rest, _ = ship(made, decision, state, [back(2)], pinned)
    assert (first, rest) == (10 + 10 + 45, 55)


def test_a_replacing_rate_that_the_sale_left_out_stays_out_on_the_remainder() -> None:
    instead = {"kind": "rate", "mode": "replace", "percent": 5}
    one = campaign(effect=instead, limits=[{"measure": "points", "most": 600}])
    made, catalogue = engine(base="tax_included"), known(one)
    decision = decided(made, sale(50_000, 50_000), catalogue, Facts()).decision
    # Of 50,000 yen the base is 500, less than the 600 that are left of the limit.
    assert points_after(decision, made, catalogue, [back(1)], [back(2)]) == [500, 500]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_rule_25_returns_in_any_split_add_up_by_lot(data: st.DataObject) -> None:
    programme = data.draw(programmes)
    made = compile_programme(programme)
    catalogue = known(*[from_json(msgspec.json.encode(each)) for each in data.draw(campaigns)])
    bought, coupons = data.draw(purchases(programme))
    taken = data.draw(st.integers(0, 200))
    outcome = decided(made, bought, catalogue, Facts(tier="gold", coupon_reduction=coupons), lambda _: taken)
    decision = outcome.decision
    pinned = catalogue.pinned(made, decision)
    assert decided(made, bought, catalogue, decision.facts, lambda _: taken) == outcome  # A quote is the sale.
    assert decision.earned == sum(award.points for award in decision.awards)
    stamps = [award for award in decision.awards if award.stamps]
    on_cards = [draw for draw in outcome.draws if draw.key.code.endswith(("/stamps", "/cards"))]
    assert sum(draw.amount for draw in on_cards) == sum(award.stamps + len(award.cards) for award in stamps)
    for draw in outcome.draws:
        if draw in on_cards:
            continue
        assert 0 < draw.amount <= draw.ceiling - taken
        points = sum(award.points for award in decision.awards if award.rule == draw.rule)
        assert draw.amount == drawn_by(draw.key.code.split("/")[1], points, made.value)

    left = {share.line: share.quantity for share in decision.lines}
    state, sums, apart = Returned(), [0, 0, 0], dict[str, int]()
    while left:
        number = data.draw(st.sampled_from(sorted(left)))
        part = left[number] if not left[number] else data.draw(st.integers(1, left[number]))
        result = hand_back(made, decision, state, [back(number, part / 1000)], pinned)
        state = result.state
        assert min(result.earned, result.used, result.money) >= 0
        assert all(points >= 0 for points in result.apart.values())
        sums = [a + b for a, b in zip(sums, (result.money, result.used, result.earned), strict=True)]
        apart = {rule: apart.get(rule, 0) + points for rule, points in result.apart.items()}
        left[number] -= part
        if not left[number]:
            del left[number]
    assert sums == [decision.payable, decision.used, decision.earned]
    assert apart == regular_and_apart(decision.awards)[1]


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_rule_9_shipments_in_any_split_confirm_what_was_earned_by_lot(data: st.DataObject) -> None:
    programme = data.draw(programmes)
    made = compile_programme(programme)
    catalogue = known(*[from_json(msgspec.json.encode(each)) for each in data.draw(campaigns)])
    bought, coupons = data.draw(purchases(programme))
    decision = decided(made, bought, catalogue, Facts(coupon_reduction=coupons)).decision
    pinned = catalogue.pinned(made, decision)
    state, confirmed = Shipped(), 0
    for share in data.draw(st.permutations(decision.lines)):
        points, state = ship(made, decision, state, [back(share.line, share.quantity / 1000)], pinned)
        assert points >= 0
        confirmed += points
    assert (confirmed, state.complete) == (decision.earned, True)
    assert state.apart == regular_and_apart(decision.awards)[1]
