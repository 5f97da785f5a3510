"""The worked examples of docs/concepts come out as written."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from goen.earning import Programme, compile_programme
from goen.earning.expiry import expires_on
from goen.earning.programme import Earning, Expiry, Returns, Threshold
from goen.earning.remainder import Return, Returned, ReturnLine, hand_back
from goen.purchases.model import Purchase

CONCEPTS = Path(__file__).parents[1] / "docs/concepts"


def says(page: str, words: str) -> bool:
    text = " ".join((CONCEPTS / page).read_text(encoding="utf-8").split())
    return words in text.replace("**", "")


def sale(*lines: dict[str, Any], use_points: int = 0) -> Purchase:
    body = {
        "shop": "shibuya",
        "external_id": "1",
        "occurred_at": "2026-11-22T12:00:00+09:00",
        "use_points": use_points,
        "lines": [{"line": number, **line} for number, line in enumerate(lines, start=1)],
    }
    return msgspec.convert(body, Purchase)


def earned(programme: Programme, *lines: dict[str, Any], use_points: int = 0) -> int:
    return compile_programme(programme).evaluate(sale(*lines, use_points=use_points)).earned


def returned_one_by_one(programme: Programme, bought: Purchase, numbers: list[int]) -> list[Return]:
    engine = compile_programme(programme)
    decision, state, done = engine.evaluate(bought), Returned(), []
    for number in numbers:
        done.append(hand_back(engine, decision, state, [ReturnLine(number, Decimal(1))]))
        state = done[-1].state
    return done


def test_rules_1_to_5_a_shirt_and_tea() -> None:
    basket = ({"amount": 1980, "tax_rate": 10}, {"amount": 540, "tax_rate": 8})
    assert says("points.md", f"{earned(Programme(), *basket)} points")
    assert says("points.md", f"the base is what is left: {earned(Programme(), *basket, use_points=500)} points")


def test_rules_1_and_2_what_surprises() -> None:
    by_hundred, by_thousand = (
        earned(Programme(earning=Earning(unit_amount=unit, unit_points=points)), {"amount": 990})
        for unit, points in ((100, 1), (1000, 10))
    )
    assert says("points.md", f"has a base of ¥900 and earns {by_hundred} and {by_thousand}")
    per_unit, per_sale = (
        earned(
            Programme(earning=Earning(percent=Decimal(1), rounding="half_up", base="tax_included", place=place)),
            {"quantity": 10, "amount": 9400},
        )
        for place in ("unit", "sale")
    )
    assert says("points.md", f"{per_unit} per unit (9 each), {per_sale} per sale")


@pytest.mark.parametrize(
    ("row", "expiry"),
    [
        ("| `days` | `days = 365` |", Expiry(mode="days", days=365)),
        ("| `months` | `months = 12` |", Expiry(mode="months")),
        ("| `month_end` (default) | `months = 12` |", Expiry()),
        (
            "| `fiscal_year` | `year_start_month = 3`, `years = 10` |",
            Expiry(mode="fiscal_year", year_start_month=3, years=10),
        ),
        ("| `sliding` | `months = 12` |", Expiry(mode="sliding")),
        (
            '| `sliding` | `slide_to = "end_of_month_before"` |',
            Expiry(mode="sliding", slide_to="end_of_month_before"),
        ),
        ("| `none` | |", Expiry(mode="none")),
    ],
)
def test_rule_12_last_days(row: str, expiry: Expiry) -> None:
    day = expires_on(Programme(expiry=expiry), date(2026, 11, 22))
    assert says("lots.md", f"{row} {day or 'never'}")


def test_rule_25_three_pieces() -> None:
    backs = returned_one_by_one(Programme(), sale({"quantity": 3, "amount": 550}), [1, 1, 1])
    left = 5
    for name, back in zip(("first", "second", "third"), backs, strict=True):
        left -= back.earned
        assert says("returns.md", f"| {name} | {back.money} | {back.earned} | {left} |")
    assert left == 0


def test_rule_27_points_that_paid_for_the_sale() -> None:
    bought = sale({"amount": 6600}, {"amount": 4400}, use_points=3000)
    last, rata = (
        returned_one_by_one(Programme(returns=Returns(partial=partial)), bought, [2, 1])
        for partial in ("points_last", "pro_rata")
    )
    for amount, one, other in zip(("¥4,400", "¥6,600"), last, rata, strict=True):
        figures = " | ".join(f"{x.money:,} | {x.used:,} | {x.earned}" for x in (one, other))
        assert says("returns.md", f"| {amount} | {figures} |")


def test_rule_30_a_threshold_no_longer_reached() -> None:
    for thresholds in ("take_back", "keep"):
        programme = Programme(
            earning=Earning(thresholds=(Threshold("big", 5000, 500),)), returns=Returns(thresholds=thresholds)
        )
        (back,) = returned_one_by_one(programme, sale({"amount": 3300}, {"amount": 3300}), [2])
        words = (
            f"so {back.earned} are taken back"
            if thresholds == "take_back"
            else f'{back.earned} where `thresholds = "keep"`'
        )
        assert says("returns.md", words)
