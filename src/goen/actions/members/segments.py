"""Put a member into segments: groups that campaigns and messages name."""

from __future__ import annotations

from collections.abc import Sequence

from goen.actions.members import record
from goen.database.pool import Database
from goen.members import store
from goen.shops.model import Principal
from goen.vocabulary.clock import Instant


async def put_segments(
    database: Database, principal: Principal, member_id: int | None, segments: Sequence[str], now: Instant
) -> None:
    """The member is in these segments and in no others.

    Raises:
        UnknownMember, MemberWithdrawn.
    """
    async with database.transaction() as connection:
        row = await record.opened(connection, member_id)
        await store.put_segments(connection, row.member_id, segments, now)
        await record.audit(connection, row.member_id, principal.integration, "member.segments", now)
        await record.announce(connection, row.member_id, "segments", now)
