"""Tiers after merges and their undoing: the combined history counts, and each one's own again (rule 35)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from goen.actions.points.context import Context
from goen.actions.tiers.counting import SQL
from goen.actions.tiers.looking import Change, Look, lock, measured, past, write
from goen.database.pool import Database, Writing
from goen.earning.tiers.calendar import DAY, last_evaluation_day
from goen.earning.tiers.model import Ladder
from goen.earning.tiers.rules import Standing, evaluated_again, joined, own_since, raised
from goen.vocabulary.clock import Instant

_SOME = 500


async def look_again(database: Database, context: Context, now: Instant) -> int:
    """Members whose history became another one; gives how many changed.

    Merged, a member has the higher tier of both or what both together reach. Parted, none has more than when they
    were merged, except what the sales of their own reach. The last evaluation day is repeated for whose sale came late.
    """
    today, programme, done = context.day_of(now), context.engine_at(now).programme, 0
    while True:
        async with database.transaction() as connection:
            rows = await connection.fetch(SQL.due.sql, _SOME)
            if not rows:
                return done
            await lock(connection, list({row["member_id"] for row in rows}))
            for place, (code, ladder) in enumerate(programme.tier_programmes.items()):
                look = Look(code, ladder, place == 0, today, today, raised, False)
                done += await _settle(connection, look, rows, now)
                done += await _evaluate_again(connection, look, rows, now)
            done_with = {(row["member_id"], row["source_id"], row["why"], row["at"]) for row in rows}
            members, sources, whys, ats = map(list, zip(*done_with, strict=True))
            await SQL.forget_due(connection, members=members, sources=sources, whys=whys, ats=ats)


async def _settle(connection: Writing, look: Look, rows: Sequence[Any], now: Instant) -> int:
    """One ladder for these due rows; gives how many changed."""
    ladder, members = look.ladder, list({row["member_id"] for row in rows})
    parted = {row["member_id"] for row in rows if row["why"] == "parted"}
    # Where those who are parted stood when they were merged, if they have moved since.
    before = {row["member_id"]: row["from_tier"] for row in rows if row["programme"] == look.code}
    gained: dict[int, list[tuple[int, Standing]]] = {}
    for survivor_id, source_id, *standing in await connection.fetch(
        SQL.of_sources.sql, look.first, *_pairs(rows, "merged"), look.code
    ):
        gained.setdefault(survivor_id, []).append((source_id, Standing(*standing)))
    left = {row[0] for row in await connection.fetch(SQL.came_with.sql, *_pairs(rows, "parted"), look.code)}
    found = await measured(connection, look, members)
    since = await past(connection, look, {member_id: standing for member_id, (_, standing) in found.items()})
    changes = []
    for member_id, (measure, standing) in found.items():
        base = standing
        if member_id in left:
            base = own_since(ladder, standing, since[member_id])
            await SQL.forget_by_hand(
                connection, at=now, members=[member_id], programmes=[look.code], kept=[base.kept_until]
            )
        if member_id in parted and member_id in before:
            base = _parted(ladder, base, before[member_id])
        for source_id, other in gained.get(member_id, ()):
            base = await _join(connection, look, member_id, base, since[member_id], (source_id, other), now)
        to = raised(ladder, base, measure, look.day)
        if to.tier != standing.tier:
            higher = ladder.rank(to.tier) > ladder.rank(standing.tier)
            why = to.why if higher and to.why else ("parted" if member_id in parted else "merged")
            changes.append(Change(member_id, standing, to._replace(why=why), measure))
    await write(connection, look, changes, now)
    return len(changes)


async def _evaluate_again(connection: Writing, look: Look, rows: Sequence[Any], now: Instant) -> int:
    """The last evaluation day once more, for those of whom a sale of its window came late."""
    members = list({row["member_id"] for row in rows if row["why"] == "late"})
    day = last_evaluation_day(look.ladder, look.day)
    if not members or day is None:
        return 0
    if await SQL.run_of(connection, programme=look.code, day=day, kind="evaluation") is None:
        return 0  # It is still to come, or was before there was this ladder.
    before = {row[0]: row[1] for row in await connection.fetch(SQL.before_day.sql, members, look.code, day)}
    changes = []
    counted = await measured(connection, look._replace(day=day, until=day - DAY), members)
    for member_id, (measure, standing) in counted.items():
        start = before.get(member_id, standing.tier)
        to = evaluated_again(look.ladder, standing, start, measure, day)
        if to.why is not None:
            changes.append(Change(member_id, standing, to, measure))
    await write(connection, look, changes, now)
    return len(changes)


def _pairs(rows: Sequence[Any], why: str) -> tuple[list[int], list[int]]:
    """Members, and the cards that came to them or left them."""
    pairs = sorted({(row["member_id"], row["source_id"]) for row in rows if row["why"] == why})
    return [member_id for member_id, _ in pairs], [source_id for _, source_id in pairs]


async def _join(
    connection: Writing, look: Look, member_id: int, mine: Standing, since: Sequence[Any],
    came: tuple[int, Standing], now: Instant,
) -> Standing:  # fmt: skip
    """The standing with another card's; what of it was given by hand is kept with whose it was."""
    source_id, other = came
    own = own_since(look.ladder, mine, since)
    mine = mine._replace(before_tier=own.tier, before_kept_until=own.kept_until)
    base = joined(look.ladder, mine, other, look.day)
    if base.manual is None:
        return base
    beneath = {"before_tier": base.before_tier, "before_kept_until": base.before_kept_until, "day": look.day}
    if base[2:5] == mine[2:5]:
        await SQL.set_before(connection, member_id=member_id, programme=look.code, **beneath)
    else:
        await SQL.set_by_hand(
            connection, member_id=member_id, programme=look.code, tier=mine.tier, kept_until=base.kept_until,
            manual=base.manual, manual_tier=base.manual_tier, manual_until=base.manual_until, manual_from=source_id,
            at=now, **beneath,
        )  # fmt: skip
    return base


def _parted(ladder: Ladder, standing: Standing, before: str | None) -> Standing:
    """At most the tier from before the merge."""
    if standing.manual is not None or ladder.rank(before) >= ladder.rank(standing.tier):
        return standing
    return standing._replace(tier=before)
