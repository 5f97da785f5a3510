"""One member's books, open for writing within one act.

A journal starts from an account and the lots that were read, is told what happens in the words of
the trade (earn, redeem, hold, refill, reverse, expire …) and collects entries, lots and moves. It is
pure: no clock, no database. After every method these hold, and ``goen verify`` proves them later:

    booked  = sum of entries on "points" = sum of remaining over open lots (debt below zero)
    pending = sum of entries on "pending"
    held    = sum of held over open lots

Limited-time points are spent first, nearest expiry first, then regular ones likewise; the member's own
numbering breaks ties (rule 13). The index ``lot_open`` has this very order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import msgspec

from goen.ledger.ending import ending_of, first_of, not_read
from goen.ledger.errors import LotsNotLoaded, NotEnoughPoints, ShortageRefused, SpendingBlocked
from goen.ledger.model import Account, Draw, Draws, Ending, Entry, Lot, Move, Restored, Reversal, Slide, Terms, take

replace = msgspec.structs.replace

#: A lot that never expires is spent last.
_NEVER = date.max


def spend_order(lot: Lot) -> tuple[bool, date, int]:
    """Limited-time points first, among them nearest expiry; then regular ones likewise (rule 13)."""
    return (lot.kind != "limited", lot.expires_on or _NEVER, lot.lot_id)


def _slides(lot: Lot, day: date, since: int) -> bool:
    regular = lot.kind == "regular" and lot.programme_version >= since
    return regular and lot.expires_on is not None and lot.expires_on < day


class Journal:
    """A member's account and lots as this act leaves them, with everything it wrote."""

    __slots__ = (
        "_ending",
        "_read",
        "act_id",
        "active_on",
        "booked",
        "changed",
        "complete",
        "dead",
        "debt",
        "entries",
        "held",
        "lots",
        "member_id",
        "moves",
        "new_lots",
        "pending",
        "redated",
        "seq",
        "slid",
        "today",
        "version",
    )  # fmt: skip

    def __init__(
        self,
        account: Account,
        lots: Mapping[int, Lot],
        *,
        complete: bool,
        act_id: int,
        today: date,
    ) -> None:
        """``complete`` says that ``lots`` holds every open lot, not only the first to be spent."""
        self.member_id = account.member_id
        self.booked = account.booked
        self.pending = account.pending
        self.held = account.held
        self.debt = account.debt
        self.seq = account.seq
        self.version = account.version
        self.active_on = account.active_on
        self.dead = account.dead
        self._ending = account.ending
        self._read = lots
        self.lots: dict[int, Lot] = dict(lots)
        self.complete = complete
        self.act_id = act_id
        self.today = today
        self.entries: list[Entry] = []
        self.moves: list[Move] = []
        self.new_lots: list[int] = []
        self.changed: set[int] = set()
        self.slid: Slide | None = None
        self.redated: set[int] = set()

    # What the act leaves ---------------------------------------------------------------------

    @property
    def available(self) -> int:
        return self.booked - self.held - self.dead

    @property
    def account(self) -> Account:
        return Account(
            self.member_id, self.booked, self.pending, self.held, self.debt, self.seq,
            self.version, self.active_on, self.dead, self.ending(),
        )  # fmt: skip

    def ending(self) -> tuple[Ending, ...]:
        """What ends within 30 days as the act leaves it, soonest first (rule 18)."""
        known = () if self.complete else not_read(self._ending, self._read.values(), self.slid)
        return ending_of(known, self.lots.values(), self.today)

    def next_ending(self) -> tuple[date, int] | None:
        """The first day on which points end, and how many; None where none do within 30 days."""
        return first_of(self.ending())

    def number(self) -> int:
        """The next of the member's own numbers: entries, lots, holds and purchases share the line."""
        self.seq += 1
        return self.seq

    def record(self, step: object) -> None:
        """What the next movements concern, for journals that keep a record (``goen.ledger.recorded``)."""

    # Earning ---------------------------------------------------------------------------------

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
        """Grant points as a new lot and fill a debt from it first (rule 28 a). Returns the lot's number."""
        self._enter(kind, source, "points", points)
        lot_id = self._grant(points, terms, purchase_id, origin)
        self._settle([lot_id], self.entries[-1].seq)
        return lot_id

    def provision(self, points: int) -> None:
        """Earnings not yet confirmed: visible, not spendable, not in the balance (rule 10)."""
        self._enter("earn", "issued", "pending", points)

    def confirm(self, points: int, terms: Terms, *, purchase_id: str | None = None) -> int:
        """Provisional points become a lot (rule 9)."""
        return self.earn(points, terms, source="pending", purchase_id=purchase_id)

    def void(self, points: int) -> None:
        """Provisional points of what was cancelled or returned before confirmation."""
        self._enter("return_earned", "pending", "issued", points)

    # Spending --------------------------------------------------------------------------------

    def redeem(self, points: int, *, kind: str = "redeem", target: str = "redeemed") -> Draws:
        """Draw points from the lots in spending order.

        :raises SpendingBlocked: while the member owes points (rule 28 a).
        :raises NotEnoughPoints: when less is available (rule 22).
        """
        draws = self._draw(points)
        seq = self._enter(kind, "points", target, points)
        for lot_id, amount in draws:
            self._move(lot_id, -amount, seq)
        return draws

    def redeem_anyway(self, points: int, terms: Terms) -> tuple[Draws, int]:
        """Record a use that has already happened (an offline till): what no lot covers becomes debt.

        Returns the draws and the points owed.
        """
        draws, owed = self._first_of(self._live(), points)
        seq = self._enter("redeem", "points", "redeemed", points)
        for lot_id, amount in draws:
            self._move(lot_id, -amount, seq)
        if owed:
            self._owe(owed, terms, seq)
        return tuple(draws), owed

    def hold(self, points: int) -> Draws:
        """Set points aside: they stay booked, cannot be spent elsewhere and cannot expire (rule 21)."""
        draws = self._draw(points)
        for lot_id, amount in draws:
            lot = self.lots[lot_id]
            self._put(replace(lot, held=lot.held + amount))
        self.held += points
        return draws

    def capture(self, draws: Sequence[Draw], points: int) -> Draws:
        """Spend the first ``points`` of a hold and free the rest in the same act."""
        self.need(lot_id for lot_id, _ in draws)
        used, rest = take(draws, points)
        if points:
            seq = self._enter("redeem", "points", "redeemed", points)
            for lot_id, amount in used:
                self._unhold(lot_id, amount)
                self._move(lot_id, -amount, seq)
        self.release(rest)
        return used

    def release(self, draws: Iterable[Draw]) -> None:
        """Free held points. Freed points of a live lot fill a debt first."""
        freed = []
        draws = tuple(draws)
        self.need(lot_id for lot_id, _ in draws)
        for lot_id, amount in draws:
            self._unhold(lot_id, amount)
            if self.lots[lot_id].alive(self.today):
                freed.append(lot_id)
        if freed and self.debt:
            self._settle(freed, self.number())

    # Returns ---------------------------------------------------------------------------------

    def refill(
        self, draws: Iterable[Draw], grace: Terms | None = None, owed: int = 0, terms: Terms | None = None
    ) -> Restored:
        """Give used points back to the lots they were drawn from, dates unchanged (rule 26).

        What has expired meanwhile is lost, or granted anew under ``grace`` where the programme gives days of
        grace. ``owed`` points, which no lot had covered, come back as a new lot under ``terms``; it fills debts first.
        """
        draws = tuple(draws)
        self.need(lot_id for lot_id, _ in draws)
        back = tuple(draw for draw in draws if self.lots[draw[0]].alive(self.today))
        late = sum(amount for _, amount in draws) - sum(amount for _, amount in back)
        restored = sum(amount for _, amount in back) + owed + (late if grace else 0)
        if restored:
            seq = self._enter("return_used", "redeemed", "points", restored)
            for lot_id, amount in back:
                self._move(lot_id, amount, seq)
            filled = [lot_id for lot_id, _ in back]
            if grace and late:
                filled.append(self._grant(late, grace, None, None))
            if owed:
                assert terms is not None, "owed points need terms"
                filled.append(self._grant(owed, terms, None, None))
            self._settle(filled, seq)
        return Restored(back, restored, 0 if grace else late)

    def reverse(
        self, points: int, own: Sequence[int], shortage: str, terms: Terms, kind: str = "return_earned"
    ) -> Reversal:
        """Take earned points back (rule 25): from the sale's own lots, then like a spend, then as ``shortage`` says.

        Points of an own lot that expired unspent are gone already: their expiry is taken back first, so the
        member does not pay twice and any split of a return around an expiry ends the same.
        ``shortage``: ``debt`` (rule 28 a), ``money`` (b: reported as unpaid) or ``refuse`` (c).
        """
        self.need(own)
        draws: list[Draw] = []
        left = points
        for lot_id in own:
            if left and (expired := self.lots[lot_id].expired):
                self._unexpire(lot_id, min(left, expired))
            if part := min(left, self.lots[lot_id].free):
                draws.append((lot_id, part))
                left -= part
        mine = tuple(draws)
        if left:
            others, left = self._first_of((x for x in self._live() if x.lot_id not in own), left)
            draws += others
        if left and shortage == "refuse":
            raise ShortageRefused(points, points - left)
        unpaid = left if shortage == "money" else 0
        booked = points - unpaid
        if booked:
            seq = self._enter(kind, "points", "adjusted" if kind == "adjust" else "issued", booked)
            for lot_id, amount in draws:
                self._move(lot_id, -amount, seq)
            if left > unpaid:
                self._owe(left, terms, seq)
        return Reversal(booked, left, unpaid, mine)

    # Expiry, transfers -----------------------------------------------------------------------

    def expire(self, lot_ids: Sequence[int]) -> int:
        """Book out what is left of dead lots, held parts excepted, as one movement. Returns the points."""
        dead = [(i, self.lots[i].free) for i in lot_ids if not self.lots[i].alive(self.today) and self.lots[i].free > 0]
        points = sum(amount for _, amount in dead)
        if points:
            seq = self._enter("expire", "points", "expired", points)
            for lot_id, amount in dead:
                self._move(lot_id, -amount, seq)
                lot = self.lots[lot_id]
                self._put(replace(lot, expired=lot.expired + amount))
        return points

    def send(self, points: int, kind: str = "transfer_out") -> list[tuple[Lot, int]]:
        """Draw points for another member; their lots travel with their dates."""
        return [(self.lots[lot_id], amount) for lot_id, amount in self.redeem(points, kind=kind, target="transit")]

    def receive(self, parts: Sequence[tuple[Lot, int]], kind: str = "transfer_in") -> None:
        """Take over lots with kind, dates, year and funder kept, remembering where they came from."""
        seq = self._enter(kind, "transit", "points", sum(amount for _, amount in parts))
        granted = []
        for lot, amount in parts:
            terms = Terms(
                lot.granted_on, lot.grant_year, lot.expires_on, lot.programme_version, lot.kind, lot.rule, lot.funder
            )
            origin = (lot.origin_member_id or lot.member_id, lot.origin_lot_id or lot.lot_id)
            granted.append(self._grant(amount, terms, None, origin))
        self._settle(granted, seq)

    def slide(self, day: date, since: int = 0) -> None:
        """Activity moves one date for all live regular points granted under version ``since`` or later (rule 12 d);
        never back (rule 16), and limited points never (rule 13)."""
        self.slid = Slide(self.today, day, since)
        for lot in list(self.lots.values()):
            if lot.remaining and lot.alive(self.today) and _slides(lot, day, since):
                self.lots[lot.lot_id] = replace(lot, expires_on=day)

    def keep_up(self, day: date, since: int, lot_ids: Sequence[int]) -> None:
        """Lots that were spent up while the others slid get the common date too, before points go back to them."""
        self.need(lot_ids)
        for lot_id in lot_ids:
            if not self.lots[lot_id].remaining and _slides(self.lots[lot_id], day, since):
                self.redate(lot_id, day)

    def redate(self, lot_id: int, day: date | None, *, again: int = 0) -> None:
        """One lot gets another last day (rule 17). ``again``: points of it that expired and are granted again.
        What comes alive by it fills a debt first."""
        self.need((lot_id,))
        if again:
            self._unexpire(lot_id, again)
        lot = self.lots[lot_id]
        self.dead -= 0 if lot.alive(self.today) else lot.free
        lot = replace(lot, expires_on=day)
        self.lots[lot_id] = lot
        self.dead += 0 if lot.alive(self.today) else lot.free
        self.redated.add(lot_id)
        if self.debt and lot.free and lot.alive(self.today):
            self._settle([lot_id], self.number())

    def adopt(self, lot: Lot) -> None:
        """A lot that comes with its number, points and holds from another account; the entry is the caller's."""
        self.lots[lot.lot_id] = lot
        self.new_lots.append(lot.lot_id)
        self.held += lot.held
        if lot.kind != "debt" and not lot.alive(self.today):
            self.dead += lot.free

    def terms_of(self, lot_id: int) -> Terms:
        """What a lot was granted under, with the date that it has now."""
        self.need((lot_id,))
        lot = self.lots[lot_id]
        return Terms(
            lot.granted_on, lot.grant_year, lot.expires_on, lot.programme_version, lot.kind, lot.rule, lot.funder
        )

    # The hand that writes --------------------------------------------------------------------

    def _enter(self, kind: str, source: str, target: str, points: int) -> int:
        if source == "points":
            self.booked -= points
        elif target == "points":
            self.booked += points
        if source == "pending":
            self.pending -= points
        elif target == "pending":
            self.pending += points
        after = self.booked if "points" in (source, target) else self.pending
        self.seq += 1
        self.entries.append(Entry(self.member_id, self.seq, kind, source, target, points, after))
        return self.seq

    def _grant(self, points: int, terms: Terms, purchase_id: str | None, origin: tuple[int, int] | None) -> int:
        lot_id = self.number()
        lot = Lot(
            self.member_id, lot_id, terms.kind, terms.granted_on, terms.grant_year, terms.expires_on, points, points,
            0, 0, self.act_id, purchase_id, terms.programme_version, terms.rule, terms.funder,
            *(origin or (None, None)),
        )  # fmt: skip
        self.lots[lot_id] = lot
        self.new_lots.append(lot_id)
        if not lot.alive(self.today):
            self.dead += points
        return lot_id

    def _put(self, lot: Lot) -> None:
        self.lots[lot.lot_id] = lot
        self.changed.add(lot.lot_id)

    def _move(self, lot_id: int, points: int, seq: int) -> None:
        lot = self.lots[lot_id]
        if lot.kind != "debt" and not lot.alive(self.today):
            self.dead += points
        self._put(replace(lot, remaining=lot.remaining + points))
        # One row per movement and lot: what a movement does twice to a lot is one sum.
        for i in range(len(self.moves) - 1, -1, -1):
            move = self.moves[i]
            if move.seq != seq:
                break
            if move.lot_id == lot_id:
                del self.moves[i]
                points += move.points
                break
        if points:
            self.moves.append(Move(self.member_id, seq, lot_id, points))

    def _unhold(self, lot_id: int, amount: int) -> None:
        lot = self.lots[lot_id]
        self._put(replace(lot, held=lot.held - amount))
        self.held -= amount
        if not lot.alive(self.today):
            self.dead += amount

    def _live(self) -> list[Lot]:
        return sorted(
            (x for x in self.lots.values() if x.kind != "debt" and x.free > 0 and x.alive(self.today)),
            key=spend_order,
        )

    def _first_of(self, lots: Iterable[Lot], points: int) -> tuple[list[Draw], int]:
        draws: list[Draw] = []
        for lot in lots:
            if not points:
                break
            part = min(points, lot.free)
            draws.append((lot.lot_id, part))
            points -= part
        if points and not self.complete:
            raise LotsNotLoaded(self.member_id)
        return draws, points

    def _draw(self, points: int) -> Draws:
        if self.debt:
            raise SpendingBlocked(self.debt)
        if points > self.available:
            raise NotEnoughPoints(points, max(self.available, 0))
        draws, short = self._first_of(self._live(), points)
        assert not short, "available says more than the lots hold"
        return tuple(draws)

    def _owe(self, points: int, terms: Terms, seq: int) -> None:
        lot_id = self._grant(0, replace(terms, kind="debt", expires_on=None), None, None)
        self.debt += points
        self._move(lot_id, -points, seq)

    def _settle(self, lot_ids: Iterable[int], seq: int) -> None:
        """Fill debts, oldest first, from the given live lots. A movement between lots, no entry."""
        if not self.debt:
            return
        debts = sorted((x for x in self.lots.values() if x.kind == "debt" and x.remaining), key=lambda x: x.lot_id)
        if sum(x.remaining for x in debts) != -self.debt:
            raise LotsNotLoaded(self.member_id)
        for lot_id in lot_ids:
            for debt in debts:
                part = min(self.lots[lot_id].free, -self.lots[debt.lot_id].remaining)
                if part > 0 and self.lots[lot_id].alive(self.today):
                    self._move(lot_id, -part, seq)
                    self._move(debt.lot_id, part, seq)
                    self.debt -= part

    def _unexpire(self, lot_id: int, points: int) -> None:
        seq = self._enter("expire", "expired", "points", points)
        self._move(lot_id, points, seq)
        lot = self.lots[lot_id]
        self._put(replace(lot, expired=lot.expired - points))

    def need_all(self) -> None:
        """Ask the till for every open lot."""
        if not self.complete:
            raise LotsNotLoaded(self.member_id)

    def need(self, lot_ids: Iterable[int]) -> None:
        """Ask the till for lots, perhaps closed ones, that were not read yet."""
        if missing := tuple(i for i in lot_ids if i not in self.lots):
            raise LotsNotLoaded(self.member_id, missing)
