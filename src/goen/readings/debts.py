"""Who owes points: the list that rule 28 wants looked through every day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import msgspec

from goen.database.pool import Reading
from goen.database.queries import load
from goen.members.ids import public_id
from goen.readings import pages

_queries = load(__package__, "debts.sql")


class DebtView(msgspec.Struct, frozen=True):
    """One member's debt. ``since`` and ``purchase_id`` are of the oldest part still owed."""

    member_id: str
    number: str
    name: str | None
    status: str
    owed: int
    since: date
    purchase_id: str | None


class Debts(msgspec.Struct, frozen=True):
    """A page of members who owe points, and the sums over all of them."""

    items: Sequence[DebtView]
    next_cursor: str | None
    members: int
    owed: int


class Owed(NamedTuple):
    """How many members owe how many points."""

    members: int
    points: int


async def debts(connection: Reading, limit: int, cursor: str | None) -> Debts:
    """The members who owe points, in the order they joined.

    Raises:
        InvalidRequest: a cursor that is none of ours.
    """
    after = pages.read(cursor, int) if cursor else 0
    rows = await connection.fetch(_queries.owing.sql, after, limit + 1)
    members, points = await owed(connection)
    shown = rows[:limit]
    return Debts(
        [DebtView(public_id(member), *rest) for member, *rest in shown],
        pages.written(shown[-1][0]) if len(rows) > limit else None,
        members,
        points,
    )


async def owed(connection: Reading) -> Owed:
    """The sums over all who owe points."""
    return Owed(*await connection.fetchrow(_queries.owed.sql))
