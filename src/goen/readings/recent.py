"""What happened lately: sales over all channels, and what was done by hand. Newest first, in pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from goen.database.pool import Reading
from goen.database.queries import load
from goen.delivery import feed
from goen.members.ids import public_id
from goen.readings import pages

_queries = load(__package__, "recent.sql")
_LAST = 2**62
#: One page looks through so many positions of the feed at most.
STRETCH = 20_000


class Who(NamedTuple):
    """A member in a list, as known now."""

    id: str
    number: str
    name: str | None
    kana: str | None


class RecentSale(NamedTuple):
    """A sale or order as it was recorded. ``member`` is None for a guest's."""

    purchase_id: str
    external_id: str
    shop_id: int
    occurred_at: datetime
    status: str
    total: int
    earned: int
    pending: int
    used: int
    member: Who | None


class AuditRow(NamedTuple):
    """Something done by hand. ``details`` are as kept; ``member`` is the one concerned."""

    audit_id: int
    at: datetime
    author: str
    action: str
    reason: str | None
    note: str | None
    details: dict[str, object]
    member: Who | None


async def recent_sales(
    connection: Reading, shops: Iterable[int], limit: int, cursor: str | None, *, oldest: bool = False
) -> tuple[Sequence[RecentSale], str | None]:
    """Sales of the last thirty days as they were recorded, newest or ``oldest`` first; ``shops`` empty: of every shop.

    Older ones are found by receipt or member. A cursor may come with few rows or none: the page then has looked far
    enough for once.

    Raises:
        InvalidRequest: a cursor that is none of ours.
    """
    ends = await feed.bounds(connection)
    if oldest:
        low = max(pages.read(cursor, int) if cursor else 0, ends.purged_through)
        before = min(low + STRETCH, ends.head + 1)
    else:
        before = min(pages.read(cursor, int) if cursor else _LAST, ends.head + 1)
        low = max(ends.purged_through, before - STRETCH)
    listed = _queries.recent_sales_oldest if oldest else _queries.recent_sales
    rows = [row async for row in listed(connection, low=low, before=before, shops=list(shops), limit=limit + 1)]
    people = await who(connection, [row["member_id"] for row in rows if row["member_id"] > 0])
    found = [_sale(row, people) for row in rows[:limit]]
    if len(rows) > limit:
        return found, pages.written(rows[limit - 1]["position"])
    if oldest:
        return found, pages.written(before - 1) if before <= ends.head else None
    return found, pages.written(low + 1) if low > ends.purged_through else None


async def who(connection: Reading, member_ids: Sequence[int]) -> dict[int, Who]:
    """Members by number, for lists that name them; a merged one is the survivor."""
    rows = _queries.names(connection, member_ids=list(set(member_ids)))
    return {
        row["member_id"]: Who(public_id(row["root_id"]), row["number"], row["name"], row["kana"]) async for row in rows
    }


def _sale(row: Any, people: dict[int, Who]) -> RecentSale:
    body = msgspec.json.decode(row["body"])
    points = body["points"]
    return RecentSale(
        body["purchase_id"],
        body["external_id"],
        row["shop_id"],
        datetime.fromisoformat(body["occurred_at"]),
        body["status"],
        body["total"],
        points["earned"],
        points["pending"],
        points["used"],
        people.get(row["member_id"]),
    )
