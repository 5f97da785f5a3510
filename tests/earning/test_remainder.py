"""Returns and shipments: tables of examples, and the promise that parts equal the whole."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earning.builders import engine, line, programmes, purchases, sale
from goen.earning import Facts, Programme, compile_programme
from goen.earning.errors import ReturnExceedsPurchase
from goen.earning.programme import Earning, Returns, Threshold, Tier
from goen.earning.remainder import (
    Returned,
    ReturnLine,
    Shipped,
    UnlinkedLine,
    hand_back,
    ship,
    unlinked,
)
from goen.vocabulary.refusal import InvalidRequest

NOTHING = Returned()


def back(number: int, quantity=1, amount: int | None = None) -> ReturnLine:
    return ReturnLine(line=number, quantity=Decimal(str(quantity)), amount=amount)


def returns(made, bought, *acts, facts=Facts(tier="gold")):  # noqa: B008 - frozen
    """(money, used, earned) of each act, one after the other; an act is a list of lines."""
    decision = made.evaluate(bought, facts)
    state, results = NOTHING, []
    for parts in acts:
        result = hand_back(made, decision, state, parts)
        state = result.state
        results.append((result.money, result.used, result.earned))
    return results


def test_rule_25_takes_back_what_the_remainder_no_longer_earns():
    made = engine(base="tax_included")
    assert returns(made, sale(150, 150), [back(1)], [back(2)]) == [(150, 0, 2), (150, 0, 1)]
    assert returns(made, sale(150, 150), [back(1), back(2)]) == [(300, 0, 3)]


def test_rule_25_pieces_of_a_line_sum_to_the_line():
    made = engine(base="tax_included")
    acts = [[back(1)], [back(1)], [back(1)]]
    assert returns(made, sale(line(1, 1000, quantity=3)), *acts) == [(333, 0, 4), (333, 0, 3), (334, 0, 3)]


def test_rule_25_shares_of_discounts_stay_with_their_lines():
    assert returns(engine(base="tax_included"), sale(600, 400, discount=100), [back(1)]) == [(540, 0, 6)]


def test_postage_comes_back_with_the_last_line():
    acts = [[back(2)], [back(1)]]
    assert returns(engine(), sale(1100, 2200, postage=550), *acts) == [(2200, 0, 20), (1650, 0, 10)]


def test_rule_27_money_first_points_last():
    bought = sale(1000, 1000, use_points=500)
    acts = [[back(1)], [back(2)]]
    assert [each[:2] for each in returns(engine(), bought, *acts)] == [(1000, 0), (500, 500)]
    pro_rata = engine(partial="pro_rata")
    assert [each[:2] for each in returns(pro_rata, bought, *acts)] == [(750, 250), (750, 250)]


def test_rule_27_points_never_end_up_paying_what_they_may_not_pay():
    made = engine(excluded_categories=("たばこ",))
    bought = sale(1000, line(2, 1000, category="たばこ"), use_points=600)
    acts = [[back(1)], [back(2)]]
    assert [each[:2] for each in returns(made, bought, *acts)] == [(400, 600), (1000, 0)]


def test_rule_27_half_yen_points_come_back_whole():
    made = engine(point_value=Decimal("0.5"), unit=2, min=2, partial="pro_rata")
    acts = [[back(1)], [back(2)]]
    assert [each[:2] for each in returns(made, sale(333, 667, use_points=1000), *acts)] == [
        (166, 334),
        (334, 666),
    ]


@pytest.mark.parametrize(("policy", "points"), [("take_back", (510, 50)), ("keep", (10, 550))])
def test_rule_30_threshold_awards_are_tested_again_or_kept_until_the_last(policy, points):
    spring = Threshold("spring", 5000, 500)
    made = compile_programme(
        Programme(earning=Earning(base="tax_included", thresholds=(spring,)), returns=Returns(thresholds=policy))
    )
    results = returns(made, sale(1000, 5000), [back(1)], [back(2)])
    assert [each[2] for each in results] == [10, 550]  # 5,000 yen remain: still reached
    results = returns(made, sale(1000, 4000), [back(1)], [back(2)])
    assert tuple(each[2] for each in results) == (points[0], 550 - points[0])


def test_a_price_refund_keeps_the_goods_and_the_rest_can_still_come_back():
    made = engine(base="tax_included")
    acts = [[back(1, 0, 300)], [back(1, 2)]]
    assert returns(made, sale(line(1, 2000, quantity=2)), *acts) == [(300, 0, 3), (1700, 0, 17)]


def test_a_return_below_the_price_keeps_the_difference_but_earns_no_points_for_it():
    assert returns(engine(base="tax_included"), sale(1000), [back(1, 1, 800)]) == [(800, 0, 10)]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (back(1, 1), back(1, 2)),
        (back(1, 2), back(1, 1)),
        (back(2, 0), back(2, 0)),
        (back(1, 1), back(1, 1, 501)),
        (back(1, 2), back(1, 0, 1)),
    ],
)
def test_nothing_is_returned_twice(first, second):
    bought = sale(line(1, 1000, quantity=2), line(2, 300, quantity=0))
    made = engine()
    decision = made.evaluate(bought)
    state = hand_back(made, decision, NOTHING, [first]).state
    with pytest.raises(ReturnExceedsPurchase):
        hand_back(made, decision, state, [second])
    with pytest.raises(ReturnExceedsPurchase):
        hand_back(made, decision, NOTHING, [first, second])


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ([], "lines"),
        ([back(9)], "lines.0.line"),
        ([back(1, 0)], "lines.0.quantity"),
        ([back(1), back(1, "0.0001")], "lines.1.quantity"),
        ([back(1, "NaN")], "lines.0.quantity"),
        ([back(1, "-1")], "lines.0.quantity"),
    ],
)
def test_returns_that_make_no_sense_are_refused_by_field(parts, field):
    made = engine()
    with pytest.raises(InvalidRequest) as refusal:
        hand_back(made, made.evaluate(sale(line(1, 100, quantity=2))), NOTHING, parts)
    assert refusal.value.fields["errors"][0]["field"] == field


def test_rule_25_limited_awards_keep_the_smaller_of_entitlement_and_grant():
    made = engine(base="tax_included", tiers={"gold": Tier("", Decimal(4))})
    decision = made.evaluate(sale(1000, 1000), Facts(tier="gold"))
    base, tier = decision.awards
    tier = msgspec.structs.replace(tier, points=50, granted=50)
    decision = msgspec.structs.replace(decision, awards=(base, tier), earned=70)
    first = hand_back(made, decision, NOTHING, [back(1)])
    assert first.earned == 20  # What remains earns 10 by base and 40 by tier, within the 50 granted.
    assert hand_back(made, decision, first.state, [back(2)]).earned == 50


def test_rule_24_an_unlinked_return_is_valued_at_the_members_usual_rate():
    made = engine(tiers={"gold": Tier("", Decimal(1))})
    lines = [UnlinkedLine(line=1, amount=1100), UnlinkedLine(line=2, amount=1000, tax_included=False)]
    money, awards = unlinked(made, lines, Facts(tier="gold"))
    assert (money, [(award.rule, award.points) for award in awards]) == (
        2200,
        [("base", 20), ("tier:gold", 20)],
    )
    assert unlinked(made, lines, Facts(guest=True)) == (2200, ())


def test_rule_9_split_shipments_confirm_their_own_lines():
    made = engine(base="tax_included")
    decision = made.evaluate(sale(line(1, 150, quantity=2), 150))
    first, state = ship(made, decision, Shipped(), [back(1)])
    assert (first, state.complete) == (0, False)
    second, state = ship(made, decision, state, [back(2)])
    third, state = ship(made, decision, state, None)
    assert (second, third, state.complete) == (2, 1, True)
    with pytest.raises(ReturnExceedsPurchase):
        ship(made, decision, state, [back(1)])


CASES = programmes.flatmap(lambda made: st.tuples(st.just(made), purchases(made)))


def cut(data, decision) -> list[ReturnLine]:
    """Random pieces that together are exactly the whole purchase, in random order."""
    pieces = []
    for share in decision.lines:
        left = share.quantity
        if left == 0:
            pieces.append(back(share.line, 0))
        while left:
            step = data.draw(st.one_of(st.just(left), st.integers(1, left)))
            if len(pieces) > 12:
                step = left
            pieces.append(back(share.line, Decimal(step).scaleb(-3)))
            left -= step
    return data.draw(st.permutations(pieces))


@given(CASES, st.data())
def test_rule_25_any_split_and_order_of_returns_adds_up_to_the_whole(case, data):
    made, (bought, coupons) = case
    unit = compile_programme(made)
    decision = unit.evaluate(bought, Facts(tier="gold", coupon_reduction=coupons))
    state = NOTHING
    sums = [0, 0, 0]
    for piece in cut(data, decision):
        result = hand_back(unit, decision, state, [piece])
        assert min(result.money, result.used, result.earned) >= 0
        sums = [sums[0] + result.money, sums[1] + result.used, sums[2] + result.earned]
        assert [result.state.money, result.state.used, result.state.earned] == sums
        assert sums[0] <= decision.payable  # Money refunded never exceeds money paid (rule 27).
        assert not state.full
        state = msgspec.json.decode(msgspec.json.encode(result.state), type=Returned)
    assert state.full
    assert sums == [decision.payable, decision.used, decision.earned]


@given(CASES, st.data())
def test_rule_25_money_and_used_points_depend_only_on_what_has_come_back(case, data):
    made, (bought, coupons) = case
    unit = compile_programme(made)
    decision = unit.evaluate(bought, Facts(tier="gold", coupon_reduction=coupons))
    pieces = cut(data, decision)
    pieces = pieces[: data.draw(st.integers(1, len(pieces)))]
    at_once = hand_back(unit, decision, NOTHING, pieces).state
    state = NOTHING
    for piece in data.draw(st.permutations(pieces)):
        state = hand_back(unit, decision, state, [piece]).state
    assert (state.money, state.used) == (at_once.money, at_once.used)
    assert set(state.lines) == set(at_once.lines)
    assert state.earned >= at_once.earned


@given(CASES, st.data())
def test_rule_25_price_refunds_between_returns_never_give_back_too_much(case, data):
    made, (bought, coupons) = case
    unit = compile_programme(made)
    decision = unit.evaluate(bought, Facts(tier="gold", coupon_reduction=coupons))
    state = NOTHING
    for piece in cut(data, decision):
        share = next(each for each in decision.lines if each.line == piece.line)
        amount = data.draw(st.one_of(st.none(), st.integers(0, share.net)))
        try:
            result = hand_back(unit, decision, state, [msgspec.structs.replace(piece, amount=amount)])
        except ReturnExceedsPurchase:
            result = hand_back(unit, decision, state, [piece])
        assert min(result.money, result.used, result.earned) >= 0
        state = result.state
        assert state.money <= decision.payable
        assert state.used <= decision.used
    assert state.full
    assert state.earned == decision.earned


@given(CASES, st.data())
def test_rule_9_any_split_of_shipments_confirms_exactly_what_was_earned(case, data):
    made, (bought, coupons) = case
    unit = compile_programme(made)
    decision = unit.evaluate(bought, Facts(tier="gold", coupon_reduction=coupons))
    state, confirmed = Shipped(), 0
    for piece in cut(data, decision):
        points, state = ship(unit, decision, state, [piece])
        assert points >= 0
        confirmed += points
    assert state.complete
    assert confirmed == decision.earned
