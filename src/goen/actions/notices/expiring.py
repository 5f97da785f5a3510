"""Tell members that points of theirs end (rule 18): once for each last day and threshold.

A day's look goes over all members by number, a piece at a time, and only where something ends on a day that is due.
What is told is noted in the transaction that passes on the event and leaves the messages, under a key that a second
look meets: a restart, a second worker or a look begun anew tell nobody twice.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import msgspec

from goen.actions.points.context import Context
from goen.database.pool import Database
from goen.earning.programme import Notices
from goen.members.ids import public_id
from goen.messaging import rules, store
from goen.messaging.model import Hours
from goen.messaging.store import Asked, Place

#: Members that one statement looks at.
LOOKED_AT = 2000
WHAT = "expiring"


async def notice_due(
    database: Database, context: Context, notices: Notices, now: datetime, rows: int = LOOKED_AT
) -> tuple[int, bool]:
    """One piece of the day's look: how many were told of something, and whether there is more to look at."""
    today = context.day_of(now)
    if not notices.days or not rules.open_at(hours_of(notices), now.astimezone(context.zone)):
        return 0, False
    async with database.reading() as connection:
        at = _today(await store.place(connection, WHAT), today)
        if at.done:
            return 0, False
        due = {each.on: each.days for each in rules.due(notices.days, today, at.since)}
        due = {day: due[day] for day in await store.ending_days(connection, list(due))}
        found = await store.ending_after(connection, at.after, list(due), rows) if due else []
    asked = [
        _asked(each.member_id, each.on, due[each.on], each.points, today)
        for each in found
        if each.on is not None and each.points is not None
    ]
    async with database.transaction() as connection:
        now_at = _today(await store.locked_place(connection, WHAT), today)
        if now_at != at:
            return 0, True  # Another worker has told this piece meanwhile.
        told = (
            await store.tell_expiring(connection, asked, notices.channels, now, now, str(context.zone)) if asked else 0
        )
        after = found[-1].member_id if found else at.after
        await store.put_place(connection, WHAT, at._replace(after=after, done=not found))
    return told, bool(found)


def hours_of(notices: Notices) -> Hours:
    """The hours that a programme sends in."""
    return Hours(notices.from_hour, notices.until_hour)


def _today(at: Place | None, today: date) -> Place:
    """Where today's look stands. One of another day that did not come to its end is begun anew."""
    if at is None or at.day is None:
        return Place(today, today - timedelta(days=1), 0, False)
    if at.day == today:
        return at
    return Place(today, at.day if at.done else at.since, 0, False)


def _asked(member_id: int, on: date, days: int, points: int, today: date) -> Asked:
    about = {"points": points, "on": on}
    body = {"member_id": public_id(member_id), **about, "days": days}
    shown = {**about, "left": (on - today).days}
    return Asked(
        member_id, on, days, points, msgspec.json.encode(body).decode(), msgspec.json.encode(shown).decode()
    )  # fmt: skip
