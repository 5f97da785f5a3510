"""What the worker looks for: who has just registered, whose birthday it is, who has been away, whose friend has bought.

Each function does one piece and says how far it came. What is due is decided again at the till.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from goen.actions.points.context import Context
from goen.actions.points.referrals import EndReferral
from goen.actions.points.standing import EVER, GrantOccasion, Live, begun_on, live_of_kind
from goen.actions.till.act import Act
from goen.actions.till.till import Till
from goen.database.pool import Database, Reading
from goen.database.queries import load
from goen.earning.standing.errors import NotRewarded
from goen.earning.standing.model import Birthday, Welcome, WinBack
from goen.earning.standing.rules import birthday_due, lapse_due, open_at
from goen.members.errors import MemberWithdrawn, UnknownMember

_SQL = load(__package__, "occasions.sql")
_STANDING = load(__package__, "standing.sql")
_TILL = load("goen.actions.till")
PIECE = 200
#: Members whom one statement of the daily sweep looks at.
LOOKED_AT = 2000
#: Who registers is greeted at once; after an outage of the worker the day's sweep makes up for so many days.
NEW_WITHIN, WELCOME_WITHIN = timedelta(minutes=10), timedelta(days=7)


class Place(NamedTuple):
    """How far the day's sweep for a rule has come."""

    version: int
    day: date
    after: int
    done: bool


async def welcome_due(database: Database, till: Till, context: Context, now: datetime, after: int) -> tuple[int, int]:
    """Greet one piece of those who have just registered, and give those their birthday whom the day's sweep has missed:
    how many were given something, and after whom the next piece begins (0: there is none)."""
    due: list[tuple[Live, int, str]] = []
    ends: list[int] = []
    async with database.reading() as connection:
        for live in [x for kind in ("welcome", "birthday") for x in await live_of_kind(connection, kind)]:
            if open_at(live.rule, now):
                when, since = live.rule.when, now - NEW_WITHIN
                if isinstance(when, Welcome):
                    since = max(since, live.since or since)
                rows = await connection.fetch(_SQL.newcomers.sql, since, live.code, after, PIECE)
                if isinstance(when, Birthday):
                    due += await _not_had(connection, live, _birthdays(context, live, when, rows, context.day_of(now)))
                else:
                    due += [(live, row["member_id"], EVER) for row in rows]
                ends += [rows[-1]["member_id"]] if len(rows) == PIECE else []
    return await _grant(till, context, due, now), min(ends, default=0)


async def sweep_due(database: Database, till: Till, context: Context, now: datetime) -> tuple[int, bool]:
    """One piece of the day's look at all members for birthdays and lapses: how many were given something, and whether
    there is more to look at."""
    today = context.day_of(now)
    async with database.reading() as connection:
        rules = [x for kind in ("birthday", "win_back", "welcome") for x in await live_of_kind(connection, kind)]
        places = {row["code"]: Place(*row[1:]) for row in await connection.fetch(_SQL.sweeps.sql)}
    for live in rules:
        place = places.get(live.code)
        if place is None or (place.version, place.day) != (live.version, today):
            place = Place(live.version, today, 0, False)
        if place.done or not open_at(live.rule, now):
            continue
        async with database.reading() as connection:
            due, through = await _look(connection, context, live, place.after, now)
        given = await _grant(till, context, due, now)
        async with database.transaction() as connection:
            after = place.after if through is None else through
            await _SQL.put_sweep(
                connection, code=live.code, version=live.version, day=today, after=after, done=through is None
            )
        return given, True
    return 0, False


async def referrals_due(
    database: Database, till: Till, context: Context, now: datetime, after: tuple[int, str]
) -> tuple[int, tuple[int, str] | None]:
    """End one piece of the referrals that are due: how many ended, and where the next piece begins."""
    async with database.reading() as connection:
        rows = await connection.fetch(_STANDING.due_referrals.sql, context.day_of(now), *after, PIECE)
    acts = [EndReferral(context, row[0], row[1], row[2]) for row in rows if row["due"]]
    ended = await _all(till, acts)
    return ended, (rows[-1][0], rows[-1][1]) if len(rows) == PIECE else None


async def _look(
    connection: Reading, context: Context, live: Live, after: int, now: datetime
) -> tuple[list[tuple[Live, int, str]], int | None]:
    """Who of the next members has an occasion, and up to whom was looked; None: at everybody."""
    when, today = live.rule.when, context.day_of(now)
    rows = await connection.fetch(_SQL.members_after.sql, after, LOOKED_AT)
    if not rows:
        return [], None
    active = [row for row in rows if row["status"] == "active"]
    found: list[tuple[Live, int, str]] = []
    if isinstance(when, Birthday):
        found = _birthdays(context, live, when, active, today)
    elif isinstance(when, WinBack):
        for row in await connection.fetch(_TILL.histories.sql, [row["member_id"] for row in active]):
            last = lapse_due(when, row["last_on"], today)
            if last is not None:
                found.append((live, row["member_id"], last.isoformat()))
    elif isinstance(when, Welcome):
        since = max(now - WELCOME_WITHIN, live.since or now - WELCOME_WITHIN)
        found = [(live, row["member_id"], EVER) for row in active if row["since"] >= since and row["joined_here"]]
    return await _not_had(connection, live, found), rows[-1]["member_id"]


def _birthdays(
    context: Context, live: Live, when: Birthday, rows: Sequence[Any], today: date
) -> list[tuple[Live, int, str]]:
    """Whose birthday is due, of active members."""
    found, begun = [], begun_on(context, live)
    for row in rows:
        if row["birth_date"] is not None:
            day = birthday_due(when, row["birth_date"], context.day_of(row["since"]), today, begun)
            if day is not None:
                found.append((live, row["member_id"], str(day.year)))
    return found


async def _not_had(connection: Reading, live: Live, found: list[tuple[Live, int, str]]) -> list[tuple[Live, int, str]]:
    """Those of the occasions that the rule, of birthdays any rule, has not given yet."""
    codes = [live.code]
    if live.rule.kind == "birthday":
        codes = [row["code"] for row in await connection.fetch(_SQL.birthdays.sql)]
    members, occasions = [each[1] for each in found], [each[2] for each in found]
    had = {tuple(row) for row in await connection.fetch(_SQL.had.sql, members, occasions, codes)}
    return [each for each in found if each[1:] not in had]


async def _grant(till: Till, context: Context, due: Sequence[tuple[Live, int, str]], now: datetime) -> int:
    return await _all(till, [GrantOccasion(context, live.code, one, occasion, now) for live, one, occasion in due])


async def _all(till: Till, acts: Sequence[Act]) -> int:
    """Post a piece; what is not due any more, or for somebody who has left, is passed by. Gives how many were done."""
    answers: list[Any] = await asyncio.gather(*(till.post(act) for act in acts), return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, NotRewarded | MemberWithdrawn | UnknownMember):
            raise answer
    return sum(not isinstance(answer, BaseException) and not answer.replayed for answer in answers)
