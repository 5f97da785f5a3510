"""Worked examples for the members' rules, decided by the engine, and what else both languages share."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from goen.earning.basket import usable
from goen.earning.decision import Decision, Facts
from goen.earning.evaluate import Engine
from goen.earning.programme import Programme
from goen.purchases.model import Line, Purchase

#: The day that examples of dates start from.
EXAMPLE_DAY = date(2026, 4, 15)


def example(engine: Engine, tier: str | None = None, use_points: int = 0) -> Decision:
    """A worked example: goods of 1,980 and 598 yen at 10 % and 8 %, dearer where a point needs more."""
    times = max(1, -(-engine.programme.earning.unit_amount // 100))
    lines = (
        Line(line=1, amount=1980 * times, tax_rate=Decimal(10)),
        Line(line=2, amount=598 * times, tax_rate=Decimal(8)),
    )
    when = datetime.combine(EXAMPLE_DAY, datetime.min.time(), UTC)
    purchase = Purchase(shop="", external_id="example", occurred_at=when, lines=lines, use_points=use_points)
    return engine.evaluate(purchase, Facts(tier=tier))


def example_points(engine: Engine) -> int:
    """Points used in the second example: about 500, as near as the limits of use allow; 0: none fit."""
    use = engine.programme.use
    total = example(engine).total
    wish = max(use.min, min(500, engine.value.points_for(total)))
    wish += -wish % use.unit
    return min(wish, usable(engine.value, use, total, total))


def names_of(programme: Programme) -> dict[str, str]:
    """The names of the tiers' rules, for :func:`goen.earning.words.rule_name`."""
    return {f"tier:{code}": tier.name or code for code, tier in programme.tiers.items()}


def boosts_of(programme: Programme) -> list[tuple[str, Decimal, str]]:
    """Rule code, multiplier and mode of every special rate, in precedence order."""
    earning = programme.earning
    adding = earning.combine == "add"
    found = {
        "brand": [(f"brand:{code}", b.multiplier, b.mode) for code, b in earning.brands.items()],
        "tender": [(f"tender:{code}", b.multiplier, b.mode) for code, b in earning.tenders.items()],
        "tier": [
            (f"tier:{code}", tier.multiplier, tier.mode)
            for code, tier in programme.tiers.items()
            if tier.multiplier is not None
        ],
        "shop": [(f"shop:{code}", b.multiplier, b.mode) for code, b in earning.shops.items()],
    }
    return [
        (rule, multiplier, "add" if adding else mode)
        for source in earning.precedence
        for rule, multiplier, mode in found[source]
    ]


def number(value: Decimal) -> str:
    """A multiplier without trailing zeros."""
    return format(value.normalize(), "f")
