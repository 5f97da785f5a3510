"""Freeze a member, or let one go (rule 56). What is personal goes later: see ``erase``."""

from __future__ import annotations

from datetime import date, timedelta

from goen.actions.members import households, record
from goen.actions.members.names import current
from goen.database.pool import Database, Writing
from goen.members import leaving, store
from goen.members.errors import UnknownMember
from goen.members.model import Status
from goen.shops.model import Principal
from goen.vocabulary.clock import Instant

#: Time for second thoughts and open orders before personal data goes.
ERASE_AFTER_DAYS = 30


async def withdraw(
    database: Database,
    principal: Principal,
    member_id: int | None,
    now: Instant,
    today: date,
    *,
    erase_after_days: int = ERASE_AFTER_DAYS,
) -> None:
    """The member leaves: every identifier is free at once, personal data goes so many days after ``today``, the day
    where the books are kept.

    With it go those who were merged into it: they are one person. The books stay. Points left over cannot be spent
    any more and run out by their own dates; the audit row says how many there were. Open orders and holds end as
    they would have. A sale that is being decided at this moment is decided again and finds the member gone.
    Withdrawing twice changes nothing.

    Raises:
        UnknownMember.
    """
    if member_id is None:
        raise UnknownMember
    async with database.transaction() as connection:
        await depart(connection, member_id, principal.integration, now, today + timedelta(days=erase_after_days))


async def depart(connection: Writing, member_id: int, author: str, now: Instant, erase_on: date | None) -> None:
    """Withdraw a person, all whom merges made one included, in the caller's transaction. Twice changes nothing.
    ``erase_on`` None: the caller erases at once.

    Raises:
        UnknownMember: there is nobody of this number, or it is a household's.
    """
    member_id, booked = await _survivor(connection, member_id)
    row = await store.locked(connection, member_id)
    if row is None or row.household:
        raise UnknownMember
    if row.status == "withdrawn":
        return
    await households.forget(connection, member_id, author, now)
    for each_id in await leaving.with_merged(connection, [member_id]):
        hashes = [each.key_hash for each in await current(connection, each_id)]
        await store.remove_identifiers(connection, each_id, hashes, now)
        await store.drop_answers(connection, member_id=each_id)
    await store.set_status(connection, member_id, "withdrawn", now, withdrawn_at=now, erase_on=erase_on)
    await record.audit(connection, member_id, author, "member.withdrawn", now, points_left=booked or 0)
    await record.announce(connection, member_id, "withdrawn", now)


async def freeze(
    database: Database, principal: Principal, member_id: int | None, frozen: bool, reason: str, now: Instant
) -> None:
    """Freeze a member, or thaw one: a frozen member is found, and the till refuses to spend for it.

    Raises:
        UnknownMember, MemberWithdrawn.
    """
    if member_id is None:
        raise UnknownMember
    async with database.transaction() as connection:
        member_id, _ = await _survivor(connection, member_id)
        row = await record.opened(connection, member_id)
        status: Status = "frozen" if frozen else "active" if row.register_by is None else "provisional"
        if row.status == status:
            return
        await store.set_status(connection, member_id, status, now)
        await record.audit(connection, member_id, principal.integration, f"member.{status}", now, reason=reason)
        await record.announce(connection, member_id, status, now)


async def _survivor(connection: Writing, member_id: int) -> tuple[int, int | None]:
    """Who the member is by now, with that account locked so that no merge comes between, and its booked points."""
    while True:
        survivor_id = await store.survivor_of(connection, member_id)
        if survivor_id is None:
            raise UnknownMember
        booked = await households.bump(connection, survivor_id)
        if await store.survivor_of(connection, member_id) == survivor_id:
            return survivor_id, booked
