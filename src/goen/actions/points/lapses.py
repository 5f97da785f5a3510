"""Provisional members who did not register in time: their points lapse, and who they were is reported (rule 46)."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta

import msgspec

from goen.actions.points.context import Context
from goen.actions.points.record_purchase import tell_points
from goen.actions.points.sweeps import INTEGRATION
from goen.actions.till.act import Act, Decided, Wants, key_of
from goen.actions.till.books import by_number
from goen.actions.till.desk import Desk
from goen.actions.till.posting import Stamp
from goen.actions.till.till import Till
from goen.database.pool import Database
from goen.members import store
from goen.members.ids import public_id

PIECE = 100


class _Lapsed(msgspec.Struct, frozen=True):
    """Canonical request: whose time passed, and when. As an answer: the points that lapsed."""

    member: str
    register_by: date


class _Moved(msgspec.Struct, frozen=True):
    moved: int


class LapsePoints(Act):
    """All free points of a member who is still provisional end with the last day to register, and expire by an
    entry. Points that an open order holds stay with it; provisional earnings of orders stay with those."""

    kind = "lapse"
    integration = INTEGRATION

    def __init__(self, context: Context, member_id: int, register_by: date) -> None:
        self.context = context
        self.member_id = member_id
        self.register_by = register_by
        self.key = key_of(INTEGRATION, self.kind, f"{member_id}:{register_by}")
        self.wants = Wants(members=(by_number(member_id),), all_lots=True)
        self.token = member_id

    def asked(self, desk: Desk) -> _Lapsed:
        return _Lapsed(public_id(self.member_id), self.register_by)

    def decide(self, desk: Desk) -> Decided:
        if desk.facts(self.member_id).status != "provisional":
            return Decided(
                200, msgspec.json.encode(_Moved(0)), member_id=self.member_id
            )  # Registered just now, or frozen.
        journal = desk.journal(self.member_id)
        live = [x.lot_id for x in journal.lots.values() if x.kind != "debt" and x.free > 0 and x.alive(desk.today)]
        for lot_id in live:
            journal.redate(lot_id, self.register_by)
        points = journal.expire(live)
        booked = self.context.booked_on(desk.today, desk.today)
        desk.stamp(
            self.member_id, Stamp(desk.now, desk.today, booked, None, None, self.member_id, reason="not_registered")
        )
        if points:
            tell_points(desk, self.member_id, None, None, None, -points)
        desk.tell(
            "member.lapsed",
            self.member_id,
            None,
            {"member_id": public_id(self.member_id), "register_by": self.register_by, "points": points},
        )
        details = {"register_by": self.register_by, "points": points}
        desk.note(self.member_id, "job:lapse", "member.lapsed", None, None, details)
        return Decided(200, msgspec.json.encode(_Moved(points)), member_id=self.member_id)


async def lapse_due(database: Database, till: Till, context: Context, now: datetime) -> int:
    """Lapse one piece of those whose day has passed; gives how many. Call it until it gives 0.

    The member may still register: the next period begins, and whatever is earned in it lapses at its end.
    """
    today = context.day_of(now)
    async with database.reading() as connection:
        due = await store.due_to_register(connection, today, PIECE)
    if not due:
        return 0
    acts = [LapsePoints(context, member_id, register_by) for member_id, register_by in due]
    answers = await asyncio.gather(*(till.post(act) for act in acts))
    days = timedelta(days=context.engine_at(now).programme.joining.register_within_days)
    async with database.transaction() as connection:
        for (member_id, register_by), answer in zip(due, answers, strict=True):
            points = msgspec.json.decode(answer.body, type=_Moved).moved
            await store.note_lapse(connection, member_id, register_by, points, today + days, now)
    return len(due)
