"""Two twins hear what happened since their merge: each its own events, and lots their own ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import NamedTuple, Protocol

from goen.ledger.journal import Journal
from goen.ledger.model import Terms
from goen.ledger.steps import (
    About,
    Active,
    CalledOff,
    Captured,
    Earned,
    Expired,
    Held,
    Joined,
    Like,
    Provisioned,
    Received,
    Redated,
    Redeemed,
    Refilled,
    Released,
    Reversed,
    Seen,
    Sold,
    State,
    Steps,
)
from goen.ledger.twin import Twin


class Happening(NamedTuple):
    """One act's steps on the merged books. ``presented_id``: by whose name; ``shared``: both carried that name."""

    act_id: int
    at: datetime
    today: date
    presented_id: int
    shared: bool
    steps: Steps


class Rules(Protocol):
    """What a replay has to ask of the programme."""

    def slide(self, journal: Journal, step: Active) -> None:
        """An activity moves the journal's common date (rule 12 d)."""

    def keep_up(self, journal: Journal, at: datetime, lot_ids: Iterable[int]) -> None:
        """Lots about to be refilled have the common date again."""


@dataclass
class Sides:
    """Source and survivor of one merge, replayed. ``family``: the source and those merged into it."""

    source: Twin
    survivor: Twin
    family: Set[int]
    #: The source's lots have these numbers in the merged books.
    first: int
    last: int
    rules: Rules
    default: Callable[[date], Terms]
    #: The survivor's side just before others were merged into it, by the source of that merge.
    bases: dict[int, State] = field(default_factory=dict)

    def of(self, presented_id: int) -> Twin:
        """Whose event it was."""
        return self.source if presented_id in self.family else self.survivor

    def with_hold(self, hold: str) -> Twin | None:
        """Whose hold it is; of a side that has left with its own events, nobody's any more."""
        return next((side for side in (self.source, self.survivor) if hold in side.holds), None)

    def with_lot(self, lot_id: int) -> Twin | None:
        return next((side for side in (self.source, self.survivor) if lot_id in side.lots), None)

    def hear(self, what: Happening) -> None:
        """One act's steps, in order."""
        for twin in (self.source, self.survivor):
            twin.today, twin.lost, twin.behind = what.today, (), 0
        side = self.of(what.presented_id)
        default = self.default(what.today)
        hold, sale, like = "", None, None
        for step in what.steps:
            match step:
                case About():
                    hold = step.hold
                case Sold():
                    sale = step.purchase
                    side.sells(sale, step.draws, step.owed)
                case CalledOff():
                    assert sale is not None, "it is a sale that is cancelled"
                    side.called_off(sale)
                case Seen():
                    own = self.with_lot(step.lot.lot_id)
                    if own is None:
                        own = self.source if self.first <= step.lot.lot_id <= self.last else self.survivor
                    own.see(step.lot)
                case Like():
                    like = step.lot
                case Earned():
                    side.earns(step, like)
                    like = None
                case Provisioned():
                    side.provision(step.points) if step.points > 0 else side.void(-step.points)
                case Redeemed():
                    side.spends(step, sale, default)
                case Held():
                    side.holds_points(step.points, hold, default)
                case Captured():
                    self._capture(side, step, hold, sale, default)
                case Released():
                    if (holder := self.with_hold(hold)) is not None:
                        holder.releases(step.points, hold)
                case Refilled():
                    side.refills(step, sale, partial(self.rules.keep_up, side, what.at))
                case Reversed():
                    side.reverses(step, sale)
                case Expired():
                    for twin in (self.source, self.survivor):
                        twin.expires(step.lots)
                case Received():
                    side.receives(step)
                case Active():
                    self.rules.slide(side, step)
                case Redated():
                    if (own := self.with_lot(step.lot)) is not None:
                        own.redates(step)
                case Joined():
                    self.bases[step.source] = self.survivor.state()
                    self.survivor.joins(step)

    def _capture(self, side: Twin, step: Captured, hold: str, sale: str | None, default: Terms) -> None:
        """A hold of one side that pays for the other's sale is freed there; the sale draws like any spend."""
        holder = self.with_hold(hold)
        if holder is not None and (holder is side or sale is None):
            holder.captures(step.points, hold, sale)
            return
        if holder is not None:
            holder.releases(sum(n for _, n in holder.holds[hold]), hold)
        if step.points:
            side.spends(Redeemed(step.points, "redeem"), sale, default)

    def keep(self, holds: Set[str], today: date) -> None:
        """Of the holds only these are still open."""
        for twin in (self.source, self.survivor):
            twin.today = today
            for hold in [each for each in twin.holds if each not in holds]:
                twin.releases(sum(n for _, n in twin.holds[hold]), hold)
