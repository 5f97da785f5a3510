"""Points by hand above the programme's limit: one asks, another approves, and only then they move, once.

A request goes from ``asked`` to ``approving`` to ``approved``, or to ``declined``. The points move between the last two
under a key of the request's own: were the process to end there, the request stays ``approving`` and whoever approves
next moves them, or finds that they have moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from goen.actions.members import record
from goen.actions.points.by_hand import Adjust, AdjustmentAsk
from goen.actions.points.context import Context, idempotent
from goen.actions.points.errors import RequestState, UnknownRequest
from goen.actions.till.till import Till
from goen.database.pool import Database, Reading
from goen.database.queries import load
from goen.earning.campaigns.errors import SecondPersonNeeded
from goen.earning.programme import Programme
from goen.identity.presented import presented
from goen.members.ids import member_id_of, public_id
from goen.purchases.model import MemberRef
from goen.shops.model import Principal
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import Refusal

SQL = load(__package__, "approvals.sql")
State = Literal["asked", "approving", "approved", "declined"]
#: Requests have a key space of their own beside that of forms.
_OFFICE = Principal(0, "office", "server")


class Request(NamedTuple):
    """Points that somebody wants to give or take."""

    member_id: int
    request_id: int
    points: int
    reason: str
    note: str | None
    asked_by: str
    asked_at: datetime
    state: State
    decided_by: str | None
    decided_at: datetime | None


def needs_second(programme: Programme, points: int) -> bool:
    """Whether so many points by hand wait for a second person."""
    above = programme.adjustment_approval_above
    return above is not None and abs(points) > above


async def ask(database: Database, member_id: int, wanted: AdjustmentAsk, by: str, key: str, now: Instant) -> None:
    """Put points up for approval. Asked again with the same ``key``, nothing is added."""
    async with database.transaction() as connection:
        number = await SQL.ask(
            connection, member_id=member_id, points=wanted.points, reason=wanted.reason, note=wanted.note, asked_by=by,
            asked_key=key, now=now,
        )  # fmt: skip
        if number is not None:
            await record.audit(connection, member_id, by, "adjustment.asked", now, points=wanted.points)


async def approve(
    database: Database, till: Till, context: Context, member_id: int, request_id: int, by: str, now: Instant
) -> Request:
    """The points move, in the name of whoever asked. Approved already, nothing happens.

    Raises:
        UnknownRequest; SecondPersonNeeded: ``by`` has asked for it; RequestState: it was declined; and whatever the
        adjustment itself is refused with, which leaves the request as it was.
    """
    wanted = await _found(database, member_id, request_id)
    if wanted.asked_by == by:
        raise SecondPersonNeeded("")
    if not await _move(database, wanted, "approving", ("asked", "approving"), by, now):
        wanted = await _found(database, member_id, request_id)
        if wanted.state != "approved":
            raise RequestState(wanted.state)
        return wanted
    try:
        await till.post(adjustment(wanted, context, now))
    except Refusal:
        async with database.transaction() as connection:
            await SQL.waits_again(connection, member_id=member_id, request_id=request_id, by=by)
        raise
    async with database.transaction() as connection:
        place = {"member_id": member_id, "request_id": request_id}
        if (
            await SQL.moved(connection, **place, was=["approving", "asked"], state="approved", by=by, now=now)
            is not None
        ):
            await record.audit(
                connection, member_id, by, "adjustment.approved", now, points=wanted.points, asked_by=wanted.asked_by
            )
    return await _found(database, member_id, request_id)


async def decline(database: Database, member_id: int, request_id: int, by: str, now: Instant) -> Request:
    """Nothing moves. Whoever asked may take it back so, too.

    Raises:
        UnknownRequest; RequestState: it was approved, or is about to be.
    """
    wanted = await _found(database, member_id, request_id)
    async with database.transaction() as connection:
        place = {"member_id": member_id, "request_id": request_id}
        if await SQL.moved(connection, **place, was=["asked"], state="declined", by=by, now=now) is None:
            if wanted.state != "declined":
                raise RequestState(wanted.state)
            return wanted
        await record.audit(
            connection, member_id, by, "adjustment.declined", now, points=wanted.points, asked_by=wanted.asked_by
        )
    return await _found(database, member_id, request_id)


def adjustment(wanted: Request, context: Context, now: Instant) -> Adjust:
    """What was asked for, under a key of its own."""
    who = presented("member_id", public_id(wanted.member_id), member_id_of=member_id_of)
    ask_ = AdjustmentAsk(
        MemberRef("member_id", public_id(wanted.member_id)), wanted.points, wanted.reason,  # type: ignore[arg-type]
        wanted.note, author=wanted.asked_by,
    )  # fmt: skip
    key = idempotent("office", f"request:{wanted.member_id}:{wanted.request_id}", context, now)
    return Adjust(ask_, who, key, _OFFICE, context, now)


async def waiting(connection: Reading, by: str) -> int:
    """How many wait for somebody else than ``by``."""
    count: int = await SQL.waiting(connection, by=by)
    return count


async def requests(connection: Reading, limit: int) -> tuple[Sequence[Request], Sequence[Request]]:
    """Those that wait, the oldest first, and the latest that were decided."""
    return (
        [Request(*row) async for row in SQL.open(connection, limit=limit)],
        [Request(*row) async for row in SQL.decided(connection, limit=limit)],
    )


async def _found(database: Database, member_id: int, request_id: int) -> Request:
    async with database.reading() as connection:
        row: Any = await SQL.request(connection, member_id=member_id, request_id=request_id)
    if row is None:
        raise UnknownRequest
    return Request(*row)


async def _move(database: Database, wanted: Request, state: State, was: Sequence[State], by: str, now: Instant) -> bool:
    async with database.transaction() as connection:
        found = await SQL.moved(
            connection, member_id=wanted.member_id, request_id=wanted.request_id, was=list(was), state=state, by=by,
            now=now,
        )  # fmt: skip
    return found is not None
