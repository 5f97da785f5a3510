"""What a quote adds to a decision: how many points could be used, and what the next award still needs."""

from __future__ import annotations

import msgspec

from goen.earning.basket import usable
from goen.earning.decision import Decision
from goen.earning.evaluate import Engine


class Usable(msgspec.Struct, frozen=True):
    """The points this purchase may use (rule 19), whatever the member's balance is: 0, or from ``min`` to
    ``max`` in steps of ``unit``."""

    min: int
    unit: int
    max: int


class NextAward(msgspec.Struct, frozen=True):
    """``missing`` more money of base (without tax where the base is) would give ``points`` more by ``rule``."""

    rule: str
    missing: int
    points: int


def usable_points(engine: Engine, decision: Decision, available: int | None = None) -> Usable:
    """What the purchase allows, no more than ``available`` where that is given."""
    use = engine.programme.use
    money = sum(share.net for share in decision.lines if share.spendable)
    most = usable(engine.value, use, money + (decision.postage if use.postage else 0), decision.total)
    if available is not None and available < most:
        most = available - available % use.unit
    return Usable(use.min, use.unit, most if most >= use.min else 0)


def next_awards(engine: Engine, decision: Decision) -> tuple[NextAward, ...]:
    """What a little more money would earn, nearest first: the base rate's next points, open thresholds.

    The base rate is told where it counts whole sales; cut by line or unit, what is missing depends on the
    goods. A guest gets the empty answer.
    """
    if decision.facts.guest:
        return ()
    found = []
    rate = engine.base_rate
    if engine.programme.earning.place == "sale":
        base = next((award.base for award in decision.awards if award.rule == "base"), 0)
        missed = [miss for miss in decision.not_applied if miss.rule == "base" and "base" in miss.values]
        base = base or (int(missed[0].values["base"]) if missed else 0)
        missing = rate.yen_to_next(base)
        if missing is not None:
            more = rate.points_of(base + missing) - rate.points_of(base)
            found.append(NextAward("base", missing, more))
    found += [
        NextAward(miss.rule, int(miss.values["missing"]), int(miss.values["points"]))
        for miss in decision.not_applied
        if miss.reason in ("below_threshold", "next_step")
    ]
    return tuple(sorted(found, key=lambda award: award.missing))
