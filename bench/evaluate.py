"""``python -m bench.evaluate``: the engine alone, with and without fifty live campaigns.

A basket of ten lines for a gold member; medians of single evaluations, in microseconds. Everything from the
document to the decision is in it, nothing of the till: price, rates, conditions, stacking, caps and limits.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from statistics import median
from time import perf_counter_ns
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from goen.earning import Facts, compile_programme
from goen.earning.campaigns.model import Campaign
from goen.earning.campaigns.running import Running
from goen.earning.campaigns.scene import Place, Scene, nothing_drawn
from goen.earning.programme import Boost, Earning, Programme, Tier
from goen.purchases.model import Line, Purchase, Tender

ROUNDS = 4000
TARGET_US = 120
WHEN = datetime(2026, 11, 23, 3, 30, tzinfo=UTC)  # A Monday and a holiday, half past noon in Tokyo.
ZONE = ZoneInfo("Asia/Tokyo")
PLACE = Place("shibuya", "store", "関東")


def campaigns() -> list[Campaign]:
    """Fifty, as a retailer has them at once: most for other shops, days, goods or members. On the basket here one each
    applies for its category, its goods, its amount and its member, the last within a limit for each member."""

    def made(number: int, conditions: dict[str, Any], effect: dict[str, Any], **more: Any) -> Campaign:
        plain = {
            "code": f"c{number:02}",
            "name": f"キャンペーン{number}",
            "conditions": conditions,
            "effects": [effect],
        }
        return msgspec.convert(plain | more, Campaign)

    rate = {"kind": "rate", "multiplier": Decimal(2)}
    fixed = {"kind": "points", "points": 50}
    found = []
    for n in range(50):
        match n % 10:
            case 0:
                found.append(made(n, {"shops": [f"shop-{n}"]}, rate))
            case 1:
                found.append(made(n, {"channels": ["ec"]}, fixed))
            case 2:
                found.append(made(n, {"weekdays": ["sat", "sun"]}, rate))
            case 3:
                found.append(made(n, {"hours": [{"from": "17:00", "to": "20:00"}]}, rate))
            case 4:
                found.append(
                    made(n, {"products": {"categories": ["食品" if n == 14 else f"棚{n}"]}}, rate, max_points=500)
                )
            case 5:
                found.append(made(n, {"products": {"skus": [f"S-{k}" for k in range(n, n + 40)]}}, fixed))
            case 6:
                found.append(made(n, {"tiers": ["platinum"]}, rate))
            case 7:
                found.append(made(n, {"tenders": ["qr"]}, rate))
            case 8:
                steps = {"kind": "steps", "steps": [{"from": 5000, "points": 100}, {"from": 90_000, "points": 900}]}
                found.append(made(n, {"regions": ["関東" if n < 20 else "関西"]}, steps, stacking={"group": "steps"}))
            case _:
                limit = {"measure": "points", "most": 1000, "per": ["member"]}
                found.append(
                    made(n, {"tiers": ["gold"], "amount_min": 3000}, fixed, limits=[limit], stacking={"group": "gold"})
                )
    return found


def basket() -> Purchase:
    """Ten lines of two tax rates, paid by card."""
    lines = tuple(
        Line(
            line=n, amount=400 + 37 * n, sku=f"S-{n}", category="食品" if n % 2 else "日用品",
            tax_rate=8 if n % 2 else 10,
        )
        for n in range(1, 11)
    )  # fmt: skip
    total = sum(line.amount for line in lines)
    return Purchase(
        shop="shibuya", external_id="r-1", occurred_at=WHEN, lines=lines,
        tenders=(Tender(kind="card", amount=total, brand="goen"),),
    )  # fmt: skip


def microseconds(work: Callable[[], object]) -> float:
    """The median of single runs."""
    for _ in range(200):
        work()
    times = []
    for _ in range(ROUNDS):
        start = perf_counter_ns()
        work()
        times.append(perf_counter_ns() - start)
    return median(times) / 1000


def measure() -> dict[str, float]:
    """Medians by name."""
    earning = Earning(brands={"goen": Boost(Decimal("0.5"))})
    engine = compile_programme(Programme(earning=earning, tiers={"gold": Tier("ゴールド", Decimal(1))}))
    purchase, facts = basket(), Facts(tier="gold")
    running = Running(engine, campaigns(), 1)

    def alone() -> object:
        return engine.evaluate(purchase, facts)

    def together() -> object:
        priced = engine.price(purchase)
        scene = Scene.of(PLACE, WHEN, WHEN.date(), ZONE)
        shortlist = running.shortlist(purchase, scene)
        decision = engine.evaluate(purchase, facts, priced)
        return running.decide(purchase, decision, priced, shortlist, scene, {}, nothing_drawn)

    return {"programme alone": microseconds(alone), "with 50 live campaigns": microseconds(together)}


if __name__ == "__main__":
    for name, figure in measure().items():
        print(f"{name:>24}: {figure:6.1f} µs")
    print(f"{'target':>24}: {TARGET_US:6.1f} µs")
