"""Which provisional members lapsed, and what with them: the report of rule 46."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from goen.database.pool import Reading
from goen.database.queries import load
from goen.members.ids import public_id
from goen.readings import pages

_queries = load(__package__, "lapses.sql")


class Lapse(msgspec.Struct, frozen=True):
    """One member whose last day to register passed, and the points that lapsed with it."""

    member_id: str
    number: str
    register_by: date
    points: int
    lapsed_at: datetime


class Lapses(msgspec.Struct, frozen=True):
    """Lapses, newest first."""

    items: list[Lapse]
    next_cursor: str | None = None


async def lapses(
    connection: Reading, since: datetime | None, until: datetime | None, limit: int, cursor: str | None
) -> Lapses:
    """Lapses recorded in [since, until), newest first.

    Raises:
        InvalidRequest: the cursor is none of ours.
    """
    before, member = (None, None) if cursor is None else pages.read(cursor, tuple[datetime, int])
    rows = [
        row
        async for row in _queries.lapses(
            connection, since=since, until=until, before=before, member=member, count=limit + 1
        )
    ]
    items = [
        Lapse(public_id(row["member_id"]), row["number"], row["register_by"], row["points"], row["lapsed_at"])
        for row in rows[:limit]
    ]
    last = rows[limit - 1] if len(rows) > limit else None
    return Lapses(items, None if last is None else pages.written((last["lapsed_at"], last["member_id"])))
