"""Tiers after merges and their undoing: the combined history counts, and each one's own again (rule 35)."""

from __future__ import annotations

from goen.actions.points.context import Context
from goen.actions.tiers.counting import SQL
from goen.actions.tiers.looking import Change, Look, lock, measured, write
from goen.database.pool import Database, Writing
from goen.earning.tiers.model import Ladder
from goen.earning.tiers.rules import Standing, Verdict, raised
from goen.vocabulary.clock import Instant

_SOME = 500


async def look_again(database: Database, context: Context, now: Instant) -> int:
    """Members whose history became another one; gives how many changed.

    Merged, a member has the higher tier of both or what both together reach. Parted, none has more than when they
    were merged, except what the sales of their own reach.
    """
    today, programme, done = context.day_of(now), context.engine_at(now).programme, 0
    while True:
        async with database.transaction() as connection:
            rows = await connection.fetch(SQL.due.sql, _SOME)
            members = {row["member_id"]: row["why"] for row in rows}
            if not members:
                return done
            await lock(connection, list(members))
            for place, (code, ladder) in enumerate(programme.tier_programmes.items()):
                look = Look(code, ladder, place == 0, today, today, raised, False)
                before = {row["member_id"]: row["from_tier"] for row in rows if row["programme"] == code}
                done += await _settle(connection, look, members, before, now)
            await SQL.forget_due(connection, members=list(members))


async def _settle(
    connection: Writing, look: Look, members: dict[int, str], before: dict[int, str | None], now: Instant
) -> int:
    """One ladder; ``before``: where those who are parted stood when they were merged, if they have moved since."""
    ladder, gained = look.ladder, dict[int, Standing]()
    for row in await connection.fetch(SQL.of_aliases.sql, look.first, look.code, list(members)):
        one = Standing(row["tier"], row["kept_until"])
        if ladder.rank(one.tier) > ladder.rank(gained.get(row["member_id"], Standing()).tier):
            gained[row["member_id"]] = one
    changes = []
    for member_id, (measure, standing) in (await measured(connection, look, list(members))).items():
        base = standing
        if members[member_id] == "parted" and member_id in before:
            base = _parted(ladder, standing, before[member_id])
        to = raised(ladder, base, measure, look.day)
        other = gained.get(member_id)
        if other is not None and ladder.rank(other.tier) > ladder.rank(to.tier) and not _fixed(standing, look):
            to = Verdict(other.tier, other.kept_until)
        if to.tier != standing.tier:
            higher = ladder.rank(to.tier) > ladder.rank(standing.tier)
            why = to.why if higher and to.why else ("merged" if members[member_id] == "merged" else "parted")
            changes.append(Change(member_id, standing, to._replace(why=why), measure))
    await write(connection, look, changes, now)
    return len(changes)


def _parted(ladder: Ladder, standing: Standing, before: str | None) -> Standing:
    """At most the tier from before the merge."""
    if standing.manual is not None or ladder.rank(before) >= ladder.rank(standing.tier):
        return standing
    return standing._replace(tier=before)


def _fixed(standing: Standing, look: Look) -> bool:
    return standing.by_hand(look.day) == "fixed"
