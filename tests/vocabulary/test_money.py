"""Integer money: rounding, spreading, tax."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goen.vocabulary.money import DIVIDE, scaled, spread, tax_on, tax_part
from goen.vocabulary.points import PointValue

amounts = st.integers(0, 10**12)


@given(amounts, st.integers(1, 10**6))
def test_rule_1_rounding_modes_agree_with_exact_fractions(numerator, denominator):
    exact = Fraction(numerator, denominator)
    assert DIVIDE["floor"](numerator, denominator) == math.floor(exact)
    assert DIVIDE["half_up"](numerator, denominator) == math.floor(exact + Fraction(1, 2))
    assert DIVIDE["ceil"](numerator, denominator) == math.ceil(exact)


@given(amounts, st.lists(amounts, min_size=1, max_size=30))
def test_spread_sums_exactly_and_is_within_one_of_proportion(total, weights):
    parts = spread(total, weights)
    assert sum(parts) == total
    whole = sum(weights)
    if whole:
        for part, weight in zip(parts, weights, strict=True):
            assert weight * total // whole <= part <= -(-weight * total // whole)


@given(st.lists(amounts, min_size=1, max_size=30), st.data())
def test_spread_of_no_more_than_the_weights_exceeds_none(weights, data):
    total = data.draw(st.integers(0, sum(weights)))
    assert all(part <= weight for part, weight in zip(spread(total, weights), weights, strict=True))


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (1, [1, 1], [1, 0]),
        (2, [5, 3, 5], [1, 0, 1]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (5, [0, 0], [3, 2]),
        (0, [7, 8], [0, 0]),
        (10, [0, 7, 0], [0, 10, 0]),
    ],
)
def test_spread_gives_ties_to_the_earlier_position(total, weights, parts):
    assert spread(total, weights) == parts


@pytest.mark.parametrize(
    ("gross", "rate", "tax"), [(1100, 1000, 100), (1080, 800, 80), (999, 1000, 90), (1, 1000, 0), (500, 0, 0)]
)
def test_rule_3_tax_inside_a_tax_included_amount_is_floored(gross, rate, tax):
    assert tax_part(gross, rate) == tax


@given(amounts, st.integers(0, 9_999))
def test_rule_3_taking_the_tax_off_again_gives_the_net_amount_back(net, rate):
    gross = net + tax_on(net, rate)
    assert gross - tax_part(gross, rate) == net


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-Infinity", "1e400", "1e15", "0.0001", "1e-999999"])
def test_decimals_that_are_no_honest_quantity_are_refused(text):
    with pytest.raises(ValueError):
        scaled(Decimal(text), 3)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1000), ("0.345", 345), ("2.5000", 2500), ("0e-999", 0), ("1e3", 10**6), ("-1.5", -1500)],
)
def test_decimals_become_scaled_integers(text, value):
    assert scaled(Decimal(text), 3) == value


def test_rule_19_a_point_may_be_worth_half_a_yen():
    half = PointValue.of(Decimal("0.5"))
    assert half == PointValue(points=2, money=1)
    assert (half.worth(5), half.points_for(3), half.is_whole(5), half.is_whole(4)) == (2, 6, False, True)
    assert PointValue.of(Decimal(2)) == PointValue(points=1, money=2)
    with pytest.raises(ValueError):
        PointValue.of(Decimal(0))
