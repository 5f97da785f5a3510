"""Coupons as rules: codes that nobody guesses or misreads, and reductions that a return gives back to the yen."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earning.builders import line, programmes, purchases, sale
from goen.earning.coupons.codes import ALPHABET, RANDOM_CHARACTERS, new_code, normal, shown, well_formed
from goen.earning.coupons.model import (
    AmountOff,
    CouponEffect,
    CouponKind,
    FreePostage,
    Gift,
    PercentOff,
    from_json,
    to_json,
)
from goen.earning.coupons.rules import Compiled, Coupon, Goes, taken_off
from goen.earning.decision import Facts
from goen.earning.evaluate import compile_programme
from goen.earning.programme import Programme
from goen.earning.remainder import Returned, ReturnLine, hand_back
from goen.purchases.model import Purchase

replace = msgspec.structs.replace


def test_an_issued_code_has_sixty_bits_and_no_look_alikes() -> None:
    assert len(ALPHABET) ** RANDOM_CHARACTERS > 2**60
    for alike in ("0OQD", "1IL", "2Z", "5S", "8B", "6G", "UV"):
        assert len(set(alike) & set(ALPHABET)) <= 1
    codes = [new_code() for _ in range(10_000)]
    assert len(set(codes)) == len(codes)
    assert all({code[n] for code in codes} == set(ALPHABET) for n in range(15))


@given(st.randoms(use_true_random=False), st.integers(0, 14))
def test_every_wrong_character_and_every_swap_of_neighbours_is_found(random, n) -> None:
    code = new_code()
    assert well_formed(normal(shown(code).lower()))
    other = random.choice([c for c in ALPHABET if c != code[n]])
    assert not well_formed(code[:n] + other + code[n + 1 :])
    if n and code[n - 1] != code[n]:
        assert not well_formed(code[: n - 1] + code[n] + code[n - 1] + code[n + 1 :])


@pytest.mark.parametrize("written", ["FUYU500", "fuyu-500", "ｆｕｙｕ ５００", " Fuyu・500 "])
def test_a_code_is_read_however_it_is_written(written: str) -> None:
    assert normal(written) == "FUYU500"


EFFECTS: st.SearchStrategy[CouponEffect] = st.one_of(
    st.builds(AmountOff, st.integers(1, 5000)),
    st.builds(PercentOff, st.integers(1, 100).map(Decimal), st.none() | st.integers(1, 2000)),
    st.builds(FreePostage, st.none() | st.integers(1, 500)),
)


@given(programmes, st.lists(EFFECTS, max_size=3), st.data())
def test_rules_4_25_27_reductions_add_up_and_any_split_of_a_return_gives_them_back(programme, effects, data) -> None:
    bought, _ = data.draw(purchases(programme))
    engine = compile_programme(programme)
    bought = replace(bought, use_points=0, tenders=msgspec.UNSET, total=None)
    basket = engine.price(bought).basket
    count = len(basket.net)
    going = []
    for n, effect in enumerate(effects):
        kind = CouponKind(f"k{n}", "x", effect)
        assert from_json(to_json(kind)) == kind
        lines = data.draw(st.none() | st.sets(st.integers(0, count - 1)).map(sorted).map(tuple))
        going.append(Goes(Coupon(f"C{n}", Compiled(kind)), lines))
    used, reductions, _ = taken_off(going, bought, basket.net, basket.quantities, basket.postage)
    decision = engine.evaluate(bought, Facts(reductions=tuple(reductions)))
    assert decision.total == basket.total - sum(each.amount for each in used)
    assert all(0 <= share.net <= before for share, before in zip(decision.lines, basket.net, strict=True))
    state, money, earned = Returned(), 0, 0
    for share in data.draw(st.permutations(decision.lines)):
        back = hand_back(engine, decision, state, [ReturnLine(share.line, Decimal(share.quantity) / 1000)])
        state, money, earned = back.state, money + back.money, earned + back.earned
    assert (state.full, money, earned) == (True, decision.payable, decision.earned)


def test_a_gift_that_is_not_among_the_goods_or_free_already_is_not_used_up() -> None:
    programme = compile_programme(Programme())
    towel = Compiled(CouponKind("towel", "x", Gift("タオル", "T")))
    bag = Compiled(CouponKind("bag", "x", Gift("トートバッグ")))

    def off(bought: Purchase, *kinds: Compiled) -> tuple[list[int], tuple[str, str] | None]:
        basket = programme.price(bought).basket
        going = [Goes(Coupon(f"C{n}", kind), None) for n, kind in enumerate(kinds)]
        used, _, idle = taken_off(going, bought, basket.net, basket.quantities, basket.postage)
        return [each.amount for each in used], idle

    there, absent = sale(line(1, 1100, sku="A"), line(2, 550, sku="T")), sale(line(1, 1100, sku="A"))
    assert off(there, towel) == ([550], None)
    assert off(there, towel, towel) == ([550], ("C1", "no_matching_goods"))
    assert off(absent, towel) == ([], ("C0", "no_matching_goods"))
    assert off(sale(line(1, 0, sku="T")), towel) == ([], ("C0", "no_matching_goods"))
    assert off(absent, bag) == ([0], None)  # What is not rung up is handed over.
    free = Compiled(CouponKind("amount", "x", AmountOff(100)))
    assert off(sale(line(1, 0, sku="A")), free) == ([], ("C0", "nothing_to_reduce"))
