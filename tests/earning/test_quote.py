"""What quotes add: usable points (rule 19) and the distance to the next award."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earning.builders import engine, line, programmes, purchases, sale
from goen.earning import Facts, compile_programme
from goen.earning.errors import UseLimit
from goen.earning.programme import Threshold
from goen.earning.quote import NextAward, Usable, next_awards, usable_points


@pytest.mark.parametrize(
    ("use", "available", "expected"),
    [
        ({}, None, (1, 1, 1500)),
        ({}, 70, (1, 1, 70)),
        ({"postage": False}, None, (1, 1, 1000)),
        ({"min": 100, "unit": 50}, 120, (100, 50, 100)),
        ({"min": 100, "unit": 50}, 99, (100, 50, 0)),
        ({"max_percent": 50}, None, (1, 1, 750)),
    ],
)
def test_rule_19_quotes_tell_what_may_be_used(use, available, expected):
    made = engine(**use)
    assert usable_points(made, made.evaluate(sale(1000, postage=500)), available) == Usable(*expected)


@given(programmes.flatmap(lambda made: st.tuples(st.just(made), purchases(made))))
def test_rule_19_what_a_quote_allows_is_accepted_and_one_step_more_is_not(case):
    made, (bought, _) = case
    unit = compile_programme(made)
    told = usable_points(unit, unit.evaluate(sale(*bought.lines, postage=bought.postage)))
    most = sale(*bought.lines, postage=bought.postage, use_points=told.max)
    assert unit.evaluate(most).used == told.max
    more = sale(*bought.lines, postage=bought.postage, use_points=told.max + told.unit)
    if unit.value.worth(more.use_points) <= unit.evaluate(most).total:
        with pytest.raises(UseLimit):
            unit.evaluate(more)


def test_the_next_award_says_how_much_more_gives_how_many_points():
    made = engine(base="tax_included", unit_points=3, thresholds=(Threshold("spring", 300, 50),))
    assert next_awards(made, made.evaluate(sale(260))) == (
        NextAward("base", 40, 3),
        NextAward("threshold:spring", 40, 50),
    )
    assert next_awards(made, made.evaluate(sale(60)))[0] == NextAward("base", 40, 3)
    assert next_awards(made, made.evaluate(sale(260), Facts(guest=True))) == ()


@given(
    st.integers(0, 10**6), st.sampled_from(["floor", "half_up", "ceil"]), st.sampled_from(["0.3", "1", "12.5", None])
)
def test_the_next_award_is_true(amount, rounding, percent):
    made = engine(base="tax_included", rounding=rounding, percent=percent and Decimal(percent))
    decision = made.evaluate(sale(line(1, amount)))
    (award,) = next_awards(made, decision)
    assert made.evaluate(sale(amount + award.missing)).earned == decision.earned + award.points
    assert made.evaluate(sale(amount + award.missing - 1)).earned == decision.earned
