"""A journal that keeps a record of what it is told, for members into whom others are merged.

An undo replays the record side by side; ordinary members' journals keep none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from goen.ledger.journal import Journal
from goen.ledger.model import Account, Draw, Draws, Lot, Restored, Reversal, Terms
from goen.ledger.steps import (
    Captured,
    Earned,
    Expired,
    Held,
    Provisioned,
    Received,
    Redated,
    Redeemed,
    Refilled,
    Released,
    Reversed,
    Seen,
)


class Recorded(Journal):
    """Does what a journal does, and writes down the words in ``steps``."""

    __slots__ = ("_before", "_quiet", "steps")

    def __init__(self, account: Account, lots: Mapping[int, Lot], *, complete: bool, act_id: int, today: date) -> None:
        super().__init__(account, lots, complete=complete, act_id=act_id, today=today)
        self.steps: list[Any] = []
        self._before = dict(lots)
        self._quiet = False

    def record(self, step: Any) -> None:
        if not self._quiet:
            self.steps.append(step)

    def earn(
        self,
        points: int,
        terms: Terms,
        *,
        kind: str = "earn",
        source: str = "issued",
        purchase_id: str | None = None,
        origin: tuple[int, int] | None = None,
    ) -> int:
        lot_id = super().earn(points, terms, kind=kind, source=source, purchase_id=purchase_id, origin=origin)
        self.record(Earned(points, terms, kind, source, purchase_id, lot_id))
        return lot_id

    def provision(self, points: int) -> None:
        super().provision(points)
        self.record(Provisioned(points))

    def void(self, points: int) -> None:
        super().void(points)
        self.record(Provisioned(-points))

    def redeem(self, points: int, *, kind: str = "redeem", target: str = "redeemed") -> Draws:
        draws = super().redeem(points, kind=kind, target=target)
        self.record(Redeemed(points, kind))
        return draws

    def redeem_anyway(self, points: int, terms: Terms) -> tuple[Draws, int]:
        made = len(self.new_lots)
        draws, owed = super().redeem_anyway(points, terms)
        self.record(Redeemed(points, "redeem", owed, terms, self._made(made)))
        return draws, owed

    def hold(self, points: int) -> Draws:
        draws = super().hold(points)
        self.record(Held(points))
        return draws

    def capture(self, draws: Sequence[Draw], points: int) -> Draws:
        was, self._quiet = self._quiet, True
        used = super().capture(draws, points)
        self._quiet = was
        self.record(Captured(points))
        return used

    def release(self, draws: Iterable[Draw]) -> None:
        draws = tuple(draws)
        super().release(draws)
        if draws:
            self.record(Released(sum(points for _, points in draws)))

    def refill(
        self, draws: Iterable[Draw], grace: Terms | None = None, owed: int = 0, terms: Terms | None = None
    ) -> Restored:
        draws, made = tuple(draws), len(self.new_lots)
        back = super().refill(draws, grace, owed, terms)
        points = sum(amount for _, amount in draws) + owed
        if points:
            new = self.new_lots[made:]
            owed_lot = new.pop() if owed else None
            self.record(Refilled(points, back.restored, grace, terms, new[0] if new else None, owed_lot))
        return back

    def reverse(
        self, points: int, own: Sequence[int], shortage: str, terms: Terms, kind: str = "return_earned"
    ) -> Reversal:
        made = len(self.new_lots)
        done = super().reverse(points, own, shortage, terms, kind)
        if done.booked:
            owed = done.shortage - done.unpaid
            self.record(Reversed(done.booked, tuple(own), terms, kind, owed, self._made(made)))
        return done

    def expire(self, lot_ids: Sequence[int]) -> int:
        before = {i: self.lots[i].expired for i in lot_ids}
        points = super().expire(lot_ids)
        if points:
            self.record(Expired(tuple((i, n) for i in lot_ids if (n := self.lots[i].expired - before[i]))))
        return points

    def receive(self, parts: Sequence[tuple[Lot, int]], kind: str = "transfer_in") -> None:
        made = len(self.new_lots)
        super().receive(parts, kind)
        # As granted: what a debt took of them it takes again in a replay.
        self.record(Received(tuple(_as_granted(self.lots[i]) for i in self.new_lots[made:])))

    def keep_up(self, day: date, since: int, lot_ids: Sequence[int]) -> None:
        was, self._quiet = self._quiet, True
        super().keep_up(day, since, lot_ids)
        self._quiet = was

    def redate(self, lot_id: int, day: date | None, *, again: int = 0) -> None:
        super().redate(lot_id, day, again=again)
        self.record(Redated(lot_id, day, again))

    def need(self, lot_ids: Iterable[int]) -> None:
        lot_ids = tuple(lot_ids)
        super().need(lot_ids)
        for lot_id in lot_ids:
            # Popped, so that each is told once; before the movement that is about to come.
            lot = self._before.pop(lot_id, None)
            if lot is not None and not lot.remaining:
                self.steps.append(Seen(lot))

    def _made(self, before: int) -> int | None:
        new = self.new_lots[before:]
        return new[-1] if new else None


def _as_granted(lot: Lot) -> Lot:
    return Lot(
        lot.member_id, lot.lot_id, lot.kind, lot.granted_on, lot.grant_year, lot.expires_on, lot.points, lot.points,
        0, 0, lot.act_id, lot.purchase_id, lot.programme_version, lot.rule, lot.funder, lot.origin_member_id,
        lot.origin_lot_id,
    )  # fmt: skip
