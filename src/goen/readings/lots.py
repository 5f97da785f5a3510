"""Which points does a member have: the open lots with their dates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import msgspec

from goen.database.pool import Reading
from goen.database.queries import load
from goen.readings import pages

_queries = load(__package__, "lots.sql")
_ALL = 2**31 - 1
_NEVER = date.max  # asyncpg reads and writes it as infinity.


class LotView(msgspec.Struct, frozen=True, omit_defaults=True):
    """Points that share a grant. ``points`` are left of it, below zero those of a debt; their sum is the booked
    balance. ``expires_on`` is the last day (rule 14), null where they never expire."""

    points: int
    kind: str
    granted_on: date
    expires_on: date | None
    grant_year: int
    purchase_id: str | None = None


class OpenLot(NamedTuple):
    """An open lot as the ledger keeps it: of ``points`` granted, ``remaining`` are left, ``held`` of them set
    aside, ``expired`` booked out."""

    lot_id: int
    kind: str
    points: int
    remaining: int
    held: int
    expired: int
    granted_on: date
    expires_on: date | None
    grant_year: int
    purchase_id: str | None
    rule: str | None


class _Place(msgspec.Struct, frozen=True, array_like=True):
    kind: str
    expires_on: date
    lot_id: int


_FIRST = _Place("", date.min, 0)


class Page(NamedTuple):
    """Some lots, and the cursor after them; None at the end."""

    items: Sequence[LotView]
    next_cursor: str | None


async def open_lots(
    connection: Reading, member_id: int, limit: int | None = None, cursor: str | None = None
) -> tuple[list[OpenLot], str | None]:
    """A member's open lots, debts first, then in spending order; all of them unless ``limit`` is given.

    Raises:
        InvalidRequest: a cursor that is none of ours.
    """
    after = pages.read(cursor, _Place) if cursor else _FIRST
    most = _ALL if limit is None else limit + 1
    rows = await connection.fetch(_queries.open_lots.sql, member_id, after.kind, after.expires_on, after.lot_id, most)
    found = [OpenLot(*row) for row in rows]
    if limit is None or len(found) <= limit:
        return found, None
    last = found[limit - 1]
    return found[:limit], pages.written(_Place(last.kind, last.expires_on or _NEVER, last.lot_id))


async def lots(connection: Reading, member_id: int, limit: int | None, cursor: str | None) -> Page:
    """The same as answered; raises as :func:`open_lots`."""
    found, next_cursor = await open_lots(connection, member_id, limit, cursor)
    return Page(
        [
            LotView(lot.remaining, lot.kind, lot.granted_on, lot.expires_on, lot.grant_year, lot.purchase_id)
            for lot in found
        ],
        next_cursor,
    )
