"""One side of a merge as it would stand had it been alone: a journal that replays its own events.

A twin starts from the books at the merge and hears, in order, what happened by its own names since. Earnings
come as they were decided. Spends are drawn from its own lots, in the order of their time; what those did not
cover (the *excess*: other points paid for it) is owed. No refusal is repeated: what happened has happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import NamedTuple

import msgspec

from goen.ledger import merging
from goen.ledger.journal import Journal
from goen.ledger.model import Draw, Draws, Lot, Terms, take
from goen.ledger.steps import (
    Earned,
    Joined,
    Received,
    Redated,
    Redeemed,
    Refilled,
    Reversed,
    State,
)

replace = msgspec.structs.replace

#: Lots that a twin has and the real books have not are numbered from here until they get real numbers.
FRESH = 1 << 48
ADVANCE = "advance"


class Use(NamedTuple):
    """Used points of a sale that have not gone back: what they were drawn from, and what nothing covered."""

    draws: Draws
    owed: int


class Excess(NamedTuple):
    """Points that a side used and had not: a debt there, a credit on the other side."""

    points: int
    purchase: str | None
    hold: str | None


class Twin(Journal):
    """``uses``: used points by sale, ``holds``: draws by hold; ``excess``: what other points paid for.

    ``restored_more`` counts points that a return restores here and had found dead in the merged books.
    """

    __slots__ = ("_given", "behind", "excess", "expired_at_first", "holds", "lost", "restored_more", "uses")

    def __init__(self, member_id: int, state: State, today: date) -> None:
        super().__init__(
            merging.opened(member_id, state), {lot.lot_id: lot for lot in state.lots}, complete=True, act_id=0,
            today=today,
        )  # fmt: skip
        self.seq = FRESH
        self.uses: dict[str, Use] = {}
        self.holds: dict[str, Draws] = dict(state.holds)
        self.excess: list[Excess] = []
        self.lost: Draws = ()
        self.behind = 0
        self.restored_more = 0
        self.expired_at_first = {lot.lot_id: lot.expired for lot in state.lots}
        self._given: list[int] = []

    def state(self) -> State:
        """The side as it stands."""
        return merging.state_of(self, tuple(self.holds.items()))

    # Numbers: lots have those of the real books ------------------------------------------------------

    def number(self) -> int:
        if self._given:
            return self._given.pop(0)
        return super().number()

    def _grant(self, points: int, terms: Terms, purchase_id: str | None, origin: tuple[int, int] | None) -> int:
        lot_id = super()._grant(points, terms, purchase_id, origin)
        self.expired_at_first[lot_id] = 0
        return lot_id

    def _numbered(self, *lot_ids: int | None) -> None:
        self._given = [i for i in lot_ids if i is not None]

    def see(self, lot: Lot) -> None:
        """A closed lot that is about to be touched; known ones stay as they are here."""
        if lot.lot_id not in self.lots:
            self.lots[lot.lot_id] = lot
            self.expired_at_first[lot.lot_id] = lot.expired

    def sells(self, purchase: str, draws: Draws, owed: int) -> None:
        """A sale that is about to be touched, with the used points that it has in the merged books: the first time
        those from before the merge."""
        use = self.uses.setdefault(purchase, Use(draws, owed))
        self.behind = owed + sum(n for _, n in draws) - use.owed - sum(n for _, n in use.draws)

    # What happened -------------------------------------------------------------------------------------

    def earns(self, step: Earned, like: int | None) -> None:
        terms = step.terms if like not in self.lots or like is None else self.terms_of(like)
        self._numbered(step.lot)
        self.earn(step.points, terms, kind=step.kind, source=step.source, purchase_id=step.purchase)
        self._given = []

    def spends(self, step: Redeemed, sale: str | None, default: Terms) -> None:
        """Draw from own lots; what they do not cover is owed. What the merged books owed too is no excess."""
        points = step.points
        if sale is not None:
            # A cancel gave back more here than it could there; what revives the sale takes that again.
            points, self.restored_more, self.behind = points + self.behind, self.restored_more - self.behind, 0
        draws, owed = self._first_of(self._live(), points)
        seq = self._enter("redeem", "points", "redeemed", points)
        for lot_id, amount in draws:
            self._move(lot_id, -amount, seq)
        if owed:
            self._numbered(step.lot)
            self._owe(owed, step.terms or default, seq)
            self._given = []
        self._exceeds(owed - step.owed, sale, None)
        self._uses(sale, draws, owed)

    def holds_points(self, points: int, hold: str, default: Terms) -> None:
        """Set own points aside; what is missing is advanced, as a lot that meets a debt of the same size."""
        draws, short = self._first_of(self._live(), points)
        if short:
            advance = self._grant(short, replace(default, expires_on=None, rule=ADVANCE), None, None)
            lot_id = self._grant(0, replace(default, kind="debt", expires_on=None), None, None)
            self.debt += short
            self._move(lot_id, -short, self.number())
            draws.append((advance, short))
            self._exceeds(short, None, hold)
        for lot_id, amount in draws:
            lot = self.lots[lot_id]
            self._put(replace(lot, held=lot.held + amount))
        self.held += points
        self.holds[hold] = (*self.holds.get(hold, ()), *draws)

    def captures(self, points: int, hold: str, sale: str | None) -> None:
        self._uses(sale, self.capture(self.holds.pop(hold), points), 0)

    def releases(self, points: int, hold: str) -> None:
        """Free a hold's last points."""
        draws = self.holds.pop(hold)
        kept, freed = take(draws, sum(n for _, n in draws) - points)
        if kept:
            self.holds[hold] = kept
        self.release(freed)

    def refills(self, step: Refilled, sale: str | None, keep_up: Callable[[Iterable[int]], None]) -> None:
        """Used points back to the lots this side drew them from.

        As many come back as did in the merged books: where fewer of the own lots are alive, dead ones are refilled
        too, and run out by their own date. Where more are alive, all of them live.
        """
        use = self.uses.get(sale or "", Use((), 0))
        owed = min(step.points, use.owed)
        back, rest = take(use.draws[::-1], step.points - owed)
        keep_up(lot_id for lot_id, _ in back)
        alive = [draw for draw in back if self.lots[draw[0]].alive(self.today)]
        dead = [draw for draw in back if not self.lots[draw[0]].alive(self.today)]
        again, late = 0, sum(n for _, n in dead)
        self.lost = ()
        if step.grace is not None:
            again = late
        else:
            missing = step.restored - owed - sum(n for _, n in alive)
            refilled, self.lost = take(dead, max(0, missing))
            alive += refilled
            self.restored_more += max(0, -missing)
        restored = sum(n for _, n in alive) + owed + again
        if restored:
            seq = self._enter("return_used", "redeemed", "points", restored)
            for lot_id, amount in alive:
                self._move(lot_id, amount, seq)
            filled = [lot_id for lot_id, _ in alive]
            if again and step.grace is not None:
                self._numbered(step.grace_lot)
                filled.append(self._grant(again, step.grace, None, None))
            if owed and step.terms is not None:
                self._numbered(step.owed_lot)
                filled.append(self._grant(owed, step.terms, None, None))
            self._given = []
            self._settle(filled, seq)
        if sale is not None:
            self.uses[sale] = Use(rest[::-1], use.owed - owed)

    def called_off(self, sale: str) -> None:
        """Of a cancelled sale, what could not be given back stays with it."""
        self.uses[sale] = Use(self.lost, 0)

    def reverses(self, step: Reversed, sale: str | None) -> None:
        """Take earned points back; what is not there is owed, whatever the programme asked of the merged books."""
        self._numbered(step.lot)
        own = [i for i in step.own if i in self.lots]
        done = self.reverse(step.points, own, "debt", step.terms, step.kind)
        self._given = []
        self._exceeds(done.shortage - step.shortage, sale, None)

    def expires(self, lots: Draws) -> None:
        """What these dead lots still have here, as far as it expired in the merged books too."""
        for lot_id, points in lots:
            lot = self.lots.get(lot_id)
            if lot is not None and not lot.alive(self.today):
                self.lapse(lot_id, min(points, lot.free))

    def lapse(self, lot_id: int, points: int) -> None:
        """Book points of a lot out as expired, or, below zero, take an expiry back."""
        if points:
            self.booked -= points
            self._move(lot_id, -points, self.number())
            lot = self.lots[lot_id]
            self._put(replace(lot, expired=lot.expired + points))

    def receives(self, step: Received) -> None:
        self._enter("transfer_in", "transit", "points", sum(lot.points for lot in step.lots))
        for lot in step.lots:
            self.lots[lot.lot_id] = lot
            self.expired_at_first[lot.lot_id] = 0
            if not lot.alive(self.today):
                self.dead += lot.points
        self._settle([lot.lot_id for lot in step.lots], self.number())

    def redates(self, step: Redated) -> None:
        self.redate(step.lot, step.day, again=min(step.again, self.lots[step.lot].expired))

    def joins(self, step: Joined) -> None:
        """Another member was merged into this side."""
        merging.arrive(self, step.state, step.source, 0)
        self.holds.update(step.state.holds)
        for lot in step.state.lots:
            self.expired_at_first[lot.lot_id] = lot.expired

    # ---------------------------------------------------------------------------------------------------

    @property
    def lapsed(self) -> int:
        """Points booked out as expired since the merge."""
        return sum(self.lots[i].expired - before for i, before in self.expired_at_first.items())

    @property
    def stale(self) -> list[Lot]:
        """Lots past their day that still have points nobody holds, oldest first."""
        dead = [x for x in self.lots.values() if x.kind != "debt" and x.free > 0 and not x.alive(self.today)]
        return sorted(dead, key=lambda x: (x.expires_on or date.max, x.lot_id))

    def _uses(self, sale: str | None, draws: Iterable[Draw], owed: int) -> None:
        if sale is not None:
            before = self.uses.get(sale, Use((), 0))
            self.uses[sale] = Use((*before.draws, *draws), before.owed + owed)

    def _exceeds(self, points: int, sale: str | None, hold: str | None) -> None:
        if points > 0:
            self.excess.append(Excess(points, sale, hold))
