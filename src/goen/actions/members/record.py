"""What every act on a member does beside its own change: look, lock, write it down, announce it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from goen.database.pool import Writing
from goen.database.queries import load
from goen.members import store
from goen.members.errors import MemberWithdrawn, UnknownMember
from goen.members.ids import public_id
from goen.members.model import Row
from goen.vocabulary.clock import Instant

_queries = load(__package__)


async def opened(connection: Writing, member_id: int | None) -> Row:
    """The member's row, locked, if it may still be changed; of a merged member the survivor's.

    Raises:
        UnknownMember: there is none.
        MemberWithdrawn: the member has left.
    """
    row = await store.locked(connection, member_id) if member_id is not None else None
    while row is not None and row.status == "merged":
        survivor_id = await store.survivor_of(connection, row.member_id)
        row = await store.locked(connection, survivor_id) if survivor_id is not None else None
    if row is None or row.household:  # A household's points have no name, card or PIN of their own.
        raise UnknownMember
    if row.status == "withdrawn":
        raise MemberWithdrawn(public_id(row.member_id))
    return row


async def open_account(connection: Writing, member_id: int) -> None:
    """A new member's points account, all zeros."""
    await _queries.open_account(connection, member_id=member_id)


async def bump_account(connection: Writing, member_id: int) -> int | None:
    """Make every sale that is being decided for this member look again; gives the booked points.

    Locks the account, which comes before the member's other rows, as at the till. None: no such member.
    """
    booked: int | None = await _queries.bump_account(connection, member_id=member_id)
    return booked


async def owes(connection: Writing, member_id: int) -> bool:
    """Whether the member owes points."""
    found: bool = await _queries.owes(connection, member_id=member_id)
    return found


async def counted(connection: Writing, member_id: int) -> int:
    """How far the member's own numbers count: it moves with every entry, hold and sale."""
    found: int = await _queries.counted(connection, member_id=member_id)
    return found


async def audit(
    connection: Writing,
    member_id: int,
    author: str,
    action: str,
    now: Instant,
    *,
    reason: str | None = None,
    **details: object,
) -> None:
    """Write down who did what. Details name fields and counts, never personal values."""
    await _queries.add_audit(
        connection,
        member_id=member_id,
        author=author,
        action=action,
        reason=reason,
        details=msgspec.json.encode(details).decode(),
        now=now,
    )


async def announce(
    connection: Writing,
    member_id: int,
    change: str,
    now: Instant,
    *,
    shop_id: int | None = None,
    fields: Sequence[str] = (),
) -> None:
    """Event ``member.updated``: which member and what kind of change, without personal data."""
    body = {"member_id": public_id(member_id), "change": change, "fields": list(fields)}
    await _queries.announce(
        connection,
        member_id=member_id,
        shop_id=shop_id,
        body=msgspec.json.encode(body).decode(),
        now=now,
    )
