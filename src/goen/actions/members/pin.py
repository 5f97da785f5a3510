"""Set a member's PIN, the proof for spending where there is no phone (rule 43)."""

from __future__ import annotations

from goen.actions.members import record
from goen.database.pool import Database
from goen.members import pin as pins
from goen.members import store
from goen.shops.model import Principal
from goen.vocabulary.clock import Instant


async def set_pin(database: Database, principal: Principal, member_id: int | None, pin: str, now: Instant) -> None:
    """Keep a new PIN (argon2) and forget wrong ones.

    Raises:
        UnknownMember, MemberWithdrawn.
    """
    pin_hash = await pins.hashed(pin)
    async with database.transaction() as connection:
        row = await record.opened(connection, member_id)
        await store.set_pin(connection, row.member_id, pin_hash, now)
        await record.audit(connection, row.member_id, principal.integration, "member.pin_set", now)
        await record.announce(connection, row.member_id, "pin_set", now)
