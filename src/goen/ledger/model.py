"""Values of the ledger. Points are integers; dates are days in the programme's time zone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal, NamedTuple

import msgspec

LotKind = Literal["regular", "limited", "debt"]
HoldStatus = Literal["open", "captured", "released", "expired"]

#: (lot_id, points) in the order the points were taken. A refill walks it back to the very lots.
Draw = tuple[int, int]
Draws = tuple[Draw, ...]


#: What ends is told ahead by so many days: on receipts, and to who reads an account (rule 18).
ENDING_DAYS = 30
#: Since no version: limited-time points, which never slide.
LIMITED = -1


class Ending(NamedTuple):
    """Points that end together. ``since``: the version that regular ones were granted under, or ``LIMITED``."""

    on: date
    since: int
    points: int


class Account(msgspec.Struct, frozen=True):
    """A member's running balances, as read with ``version``.

    ``dead`` is what open lots still hold after their last day although no entry has booked it out yet.
    ``ending`` are their free points whose last day is today or within ``ENDING_DAYS``.
    """

    member_id: int
    booked: int = 0
    pending: int = 0
    held: int = 0
    debt: int = 0
    seq: int = 0
    version: int = 0
    active_on: date | None = None
    dead: int = 0
    ending: tuple[Ending, ...] = ()

    @property
    def available(self) -> int:
        """Spendable points: booked − held − dead (architecture, "Append-only points")."""
        return self.booked - self.held - self.dead


class Lot(msgspec.Struct, frozen=True):
    """Points that share a grant: their kind, dates and origin. ``remaining`` includes ``held``."""

    member_id: int
    lot_id: int
    kind: LotKind
    granted_on: date
    grant_year: int
    expires_on: date | None
    points: int
    remaining: int
    held: int = 0
    expired: int = 0
    act_id: int = 0
    purchase_id: str | None = None
    programme_version: int = 0
    rule: str | None = None
    funder: str | None = None
    origin_member_id: int | None = None
    origin_lot_id: int | None = None

    @property
    def free(self) -> int:
        """Points of the lot that no hold has set aside."""
        return self.remaining - self.held

    def alive(self, today: date) -> bool:
        """Valid through 23:59:59 of ``expires_on`` (rule 14)."""
        return self.expires_on is None or self.expires_on >= today


class Terms(msgspec.Struct, frozen=True):
    """What a new lot is granted under."""

    granted_on: date
    grant_year: int
    expires_on: date | None
    programme_version: int
    kind: LotKind = "regular"
    rule: str | None = None
    funder: str | None = None


class Entry(NamedTuple):
    """One movement between two accounts; the act adds when, where and by whom."""

    member_id: int
    seq: int
    kind: str
    source: str
    target: str
    points: int
    balance_after: int


class Move(NamedTuple):
    """What a movement took from (below zero) or gave to a lot."""

    member_id: int
    seq: int
    lot_id: int
    points: int


class Slide(NamedTuple):
    """One date for all regular lots alive on ``today`` and granted under version ``since`` or later (rule 12 d)."""

    today: date
    to_date: date
    since: int


class Restored(NamedTuple):
    """Outcome of giving used points back: per lot what returned, and what had expired meanwhile."""

    draws: Draws
    restored: int
    lost: int


class Reversal(NamedTuple):
    """Outcome of taking earned points back: booked out, of which as debt, and what stayed short. ``own``: what was
    drawn from the sale's own lots; the rest came from others."""

    booked: int
    shortage: int
    unpaid: int
    own: Draws


def take(draws: Sequence[Draw], points: int) -> tuple[Draws, Draws]:
    """Split draws into the first ``points`` of them and the rest, in order."""
    first: list[Draw] = []
    rest: list[Draw] = []
    for lot_id, amount in draws:
        part = min(amount, points)
        points -= part
        if part:
            first.append((lot_id, part))
        if amount > part:
            rest.append((lot_id, amount - part))
    return tuple(first), tuple(rest)
