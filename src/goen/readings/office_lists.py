"""Lists of the office that are filtered and sorted: all members, and what was done by hand. A page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple

import msgspec

from goen.database.pool import Reading
from goen.database.queries import load
from goen.members.model import MemberView
from goen.readings import pages
from goen.readings.member_profile import member_profiles
from goen.readings.recent import AuditRow, who

_queries = load(__package__, "office_lists.sql")
Order = Literal["newest", "oldest"]
_LAST = 2**62
_ALWAYS = datetime(9999, 1, 1, tzinfo=UTC)
_EVER = datetime(1970, 1, 1, tzinfo=UTC)


class MembersAsk(NamedTuple):
    """Which members: empty is any of them."""

    status: str = ""
    tier: str = ""
    shop_id: int = 0
    order: Order = "newest"


class AuditAsk(NamedTuple):
    """What of the audit: part of an author's name, the kind of thing (``points``), and from when until before when."""

    author: str = ""
    room: str = ""
    since: datetime | None = None
    until: datetime | None = None
    order: Order = "newest"


async def members(
    connection: Reading, ask: MembersAsk, limit: int, cursor: str | None
) -> tuple[list[MemberView], str | None]:
    """Members in the order in which they came, and the cursor after them.

    Raises:
        InvalidRequest: a cursor that is none of ours.
    """
    listed = _queries.members_newest if ask.order == "newest" else _queries.members_oldest
    rows = listed(
        connection, after=_after(ask.order, cursor), status=ask.status, tier=ask.tier, shop_id=ask.shop_id,
        limit=limit + 1,
    )  # fmt: skip
    ids = [row["member_id"] async for row in rows]
    found = await member_profiles(connection, ids[:limit])
    return found, pages.written(ids[limit - 1]) if len(ids) > limit else None


async def audit(
    connection: Reading, ask: AuditAsk, limit: int, cursor: str | None
) -> tuple[Sequence[AuditRow], str | None]:
    """What was done by hand, and the cursor after it.

    Raises:
        InvalidRequest: a cursor that is none of ours.
    """
    listed = _queries.audit_newest if ask.order == "newest" else _queries.audit_oldest
    asked = listed(
        connection, after=_after(ask.order, cursor), author=ask.author, room=ask.room, since=ask.since or _EVER,
        until=ask.until or _ALWAYS, limit=limit + 1,
    )  # fmt: skip
    rows = [row async for row in asked]
    people = await who(connection, [row["anchor"] for row in rows if row["anchor"] > 0])
    found = [
        AuditRow(
            row["audit_id"], row["at"], row["author"], row["action"], row["reason"], row["note"],
            msgspec.json.decode(row["details"]), people.get(row["anchor"]),
        )
        for row in rows[:limit]
    ]  # fmt: skip
    return found, pages.written(found[-1].audit_id) if len(rows) > limit else None


def _after(order: Order, cursor: str | None) -> int:
    if cursor:
        return pages.read(cursor, int)
    return _LAST if order == "newest" else -1
