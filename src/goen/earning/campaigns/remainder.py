"""The campaigns of a recorded purchase, computed again on a part of it (rules 7, 25, 30).

Which campaigns applied, in which version and for which lines, is pinned in the decision; what they give
for the part follows from the same effects, the same caps, and what a limit granted to the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from goen.earning.campaigns.compiled import Compiled, below_floor, capped, overall_cap
from goen.earning.campaigns.effects import Positions, Scratch
from goen.earning.campaigns.limits import as_granted
from goen.earning.decision import Award, Decision
from goen.earning.evaluate import Engine


class _One(NamedTuple):
    compiled: Compiled
    lines: Positions


class Pinned:
    """The campaigns that a decision names."""

    def __init__(self, engine: Engine, decision: Decision, compiled: Sequence[Compiled]) -> None:
        """``compiled``: the campaigns of ``decision.campaigns``, in that order, under the decision's programme."""
        self.engine = engine
        places = {share.line: i for i, share in enumerate(decision.lines)}
        self._each = [
            _One(each, None if applied.lines is None else tuple([places[n] for n in applied.lines]))
            for each, applied in zip(compiled, decision.campaigns, strict=True)
        ]

    def earn(
        self,
        decision: Decision,
        kinds: Sequence[int],
        tax_rates: Sequence[int],
        quantities: Sequence[int],
        values: Sequence[int],
    ) -> list[Award]:
        """The awards of the programme and of these campaigns for lines of these values."""
        engine = self.engine
        scratch = Scratch(engine, kinds, tax_rates, quantities, values)
        replaced: set[int] = set()
        for compiled, lines in self._each:
            if compiled.replaces:
                replaced.update(range(len(kinds)) if lines is None else lines)
        own = scratch.without(replaced) if replaced else kinds
        awards = engine.earn(own, tax_rates, quantities, values, decision.boosts)[0]
        room = overall_cap(engine, scratch)
        keep = engine.programme.returns.thresholds == "keep"
        for compiled, lines in self._each:
            mine = self._of_one(decision, compiled, lines, scratch, keep)
            if room is not None:
                mine = capped(mine, room)
            # What the limit did not grant, the sale left of the cap for the next campaign.
            mine = as_granted(decision, mine)
            if room is not None:
                room -= sum([award.points for award in mine])
            awards += mine
        return awards

    def _of_one(
        self, decision: Decision, compiled: Compiled, lines: Positions, scratch: Scratch, keep: bool
    ) -> list[Award]:
        if compiled.floor and not keep and below_floor(compiled, scratch, lines) is not None:
            return []
        awards = compiled.entitlement(scratch, lines, decision.facts)
        if not keep:
            return awards
        # Rule 30: a step once reached stays reached until all has come back.
        reached = [a for a in decision.awards if a.rule == compiled.rule and a.arithmetic.threshold is not None]
        if not reached:
            return awards
        effects = {award.effect for award in reached}
        return [a for a in awards if a.effect not in effects] + reached
