"""Runs over all members: evaluation days, daily rising, the start of another ladder, and what somebody asked for.

A run goes through the members by number, in pieces; each piece commits its changes together with how far the run has
come, so that one that was interrupted goes on where it stood and nobody is looked at twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from goen.actions.points.context import Context
from goen.actions.tiers.again import look_again
from goen.actions.tiers.counting import SQL, count_piece
from goen.actions.tiers.looking import Change, Look, change, changing, lock, measured, past, stretch, write
from goen.database.pool import Database, Writing
from goen.earning.programme import Programme
from goen.earning.tiers.calendar import DAY, last_evaluation_day
from goen.earning.tiers.model import Ladder
from goen.earning.tiers.rules import ended, evaluated, raised
from goen.vocabulary.clock import Instant

_SOME = 500


class Run(NamedTuple):
    """A run by its key (ladder, kind and day), and how it looks."""

    kind: str
    day: date
    look: Look


async def advance(database: Database, context: Context, clock: Callable[[], Instant], stopping: asyncio.Event) -> int:
    """Do all that is due with tiers, or as much as there is time for; gives how many sales were counted and tiers
    changed. Safe to call at any time, from one process at once."""
    if not context.programmes.all():
        return 0
    done, programme = 0, context.engine_at(clock()).programme
    if not programme.tier_programmes:
        return 0
    while not stopping.is_set() and (did := await count_piece(database, context, programme, clock())):
        done += did
    if context.tiers_counted != context.tiers_since(programme):
        return done
    done += await end_by_hand(database, context, clock())
    done += await look_again(database, context, clock())
    for run in [*due(context, programme, clock()), *await asked(database, context, clock())]:
        done += await carry(database, run, clock, stopping)
    return done


def due(context: Context, programme: Programme, now: Instant) -> Iterator[Run]:
    """The runs that should have been finished by now; those that are do nothing more."""
    today = context.day_of(now)
    for place, (code, ladder) in enumerate(programme.tier_programmes.items()):
        first, start = place == 0, _began(context, programme, code)
        if (begun := _start(context, programme, code, first, today)) is not None:
            yield begun
        day = last_evaluation_day(ladder, today)
        if day is not None and day > start:
            yield Run("evaluation", day, evaluation(code, ladder, first, day))
        if ladder.up == "daily":
            until = today - timedelta(days=ladder.up_after_days)
            yield Run("daily", today, Look(code, ladder, first, today, until, raised, False))


def evaluation(code: str, ladder: Ladder, first: bool, day: date) -> Look:
    """The look of an evaluation day: at the window that ended the day before."""
    return Look(code, ladder, first, day, day - DAY, evaluated, True)


async def carry(database: Database, run: Run, clock: Callable[[], Instant], stopping: asyncio.Event) -> int:
    """Go through the members from where the run stands; gives how many changed."""
    look, key = run.look, {"programme": run.look.code, "day": run.day, "kind": run.kind}
    async with database.reading() as connection:
        stands = await SQL.run_of(connection, **key)
    if stands is not None and stands["finished_at"] is not None:
        return 0
    through, done = 0 if stands is None else stands["through"], 0
    looking = asyncio.ensure_future(_found(database, look, through))
    try:
        while not stopping.is_set():
            upto, members = await looking
            if upto is not None:
                # While these are written, the next are looked for.
                looking = asyncio.ensure_future(_found(database, look, upto))
            now = clock()
            async with database.transaction() as connection:
                changes = await change(connection, look, members, now) if members else []
                rising = sum(x.rises(look.ladder) for x in changes)
                await SQL.note_run(
                    connection,
                    **key,
                    through=through if upto is None else upto,
                    raised=rising,
                    lowered=len(changes) - rising,
                    at=now,
                    finished_at=now if upto is None else None,
                )
            done += len(changes)
            if upto is None:
                break
            through = upto
    finally:
        if not looking.done():
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
    return done


async def _found(database: Database, look: Look, after: int) -> tuple[int | None, list[int]]:
    """The end of the next stretch, None after the last member, and who of it would change."""
    async with database.reading() as connection:
        upto = await stretch(connection, after)
        found = [] if upto is None else await changing(connection, look, after, upto)
    return upto, [x.member_id for x in found]


async def end_by_hand(database: Database, context: Context, now: Instant) -> int:
    """Tiers given by hand whose last day is over: members stand where they would if nothing had been given."""
    today, programme, done = context.day_of(now), context.engine_at(now).programme, 0
    while True:
        async with database.transaction() as connection:
            rows = await connection.fetch(SQL.ended_by_hand.sql, today, _SOME)
            if not rows:
                return done
            locked = [row["member_id"] for row in rows]
            await lock(connection, locked)
            # By now it may have been given anew.
            rows = [row for row in await connection.fetch(SQL.ended_by_hand.sql, today, _SOME) if row[0] in locked]
            kept = {(row["member_id"], row["programme"]): row["kept_until"] for row in rows}
            for place, (code, ladder) in enumerate(programme.tier_programmes.items()):
                look = Look(code, ladder, place == 0, today, today, raised, False)
                members = [row["member_id"] for row in rows if row["programme"] == code]
                changes = await _ended(connection, look, members)
                kept |= {(x.member_id, code): x.to.kept_until for x in changes}
                changes = [x for x in changes if x.to.tier != x.standing.tier]
                await write(connection, look, changes, now)
                done += len(changes)
            await SQL.forget_by_hand(
                connection, at=now, members=[who for who, _ in kept], programmes=[code for _, code in kept],
                kept=list(kept.values()),
            )  # fmt: skip


async def _ended(connection: Writing, look: Look, members: Sequence[int]) -> list[Change]:
    """Where these members stand once what was given by hand is over, on another tier or not."""
    found = await measured(connection, look, members)
    since = await past(connection, look, {member_id: standing for member_id, (_, standing) in found.items()})
    return [
        Change(member_id, standing, ended(look.ladder, standing, measure, look.day, since[member_id]), measure)
        for member_id, (measure, standing) in found.items()
    ]


async def asked(database: Database, context: Context, now: Instant) -> list[Run]:
    """Runs that somebody asked for."""
    ladders = context.engine_at(now).programme.tier_programmes
    async with database.reading() as connection:
        rows = await connection.fetch(SQL.asked_runs.sql)
    return [
        Run(row["kind"], row["day"], evaluation(code, ladders[code], next(iter(ladders)) == code, row["day"]))
        for row in rows
        if (code := row["programme"]) in ladders
    ]


def _began(context: Context, programme: Programme, code: str) -> date:
    """The day from which on, without a break, the programme has had this ladder; no evaluation day before it is
    made up for."""
    began = programme.starts_at
    for version in context.programmes.all():
        if programme.starts_at is not None and version.starts_at > programme.starts_at:
            continue
        if code not in version.engine.programme.tier_programmes:
            break
        began = version.starts_at
    assert began is not None
    return context.day_of(began)


def _start(context: Context, programme: Programme, code: str, first: bool, today: date) -> Run | None:
    """Another ladder than before raises at once who has reached its levels already."""
    ladder = programme.tier_programmes[code]
    if ladder.up == "evaluation" or programme.starts_at is None:
        return None
    versions = [v for v in context.programmes.all() if v.starts_at <= programme.starts_at]
    before = next((v.engine.programme for v in versions if v.number != programme.version), None)
    if before is not None and before.tier_programmes.get(code) == ladder:
        return None
    day = context.day_of(programme.starts_at)
    return Run(f"start:{programme.version}", day, Look(code, ladder, first, today, today, raised, False))
