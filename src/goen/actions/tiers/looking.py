"""Looking at members' tiers in pieces: who would change, and changing them under the lock of their books."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import msgspec

from goen.actions.points.tiers import TOPIC, changed
from goen.actions.tiers.counting import SQL
from goen.database.pool import Reading, Writing
from goen.earning.tiers.calendar import DAY, evaluation_days, window_start
from goen.earning.tiers.model import Ladder
from goen.earning.tiers.rules import Standing, Verdict
from goen.vocabulary.clock import Instant

#: Members looked at together: a tenth of a second of the database where many of them change.
PIECE = 5_000
Decide = Callable[[Ladder, Standing, int, date], Verdict]


class Look(NamedTuple):
    """One look at a ladder: under which name, whether it is the first, on which day, at the sales through which
    other day, and how is decided. ``falling``: tiers may fall."""

    code: str
    ladder: Ladder
    first: bool
    day: date
    until: date
    decide: Decide
    falling: bool

    @property
    def since(self) -> date:
        """The first day whose sales count."""
        return window_start(self.ladder.window, self.until)

    @property
    def what(self) -> str:
        """The column that the ladder measures."""
        if self.ladder.measure == "amount":
            return "gross" if self.ladder.tax == "included" else "net"
        return "points" if self.ladder.measure == "points" else "purchases"


class Change(NamedTuple):
    """A member whose tier becomes another one."""

    member_id: int
    standing: Standing
    to: Verdict
    measure: int

    def rises(self, ladder: Ladder) -> bool:
        """Whether it becomes a higher one."""
        return ladder.rank(self.to.tier) > ladder.rank(self.standing.tier)


async def stretch(connection: Reading, after: int, piece: int = PIECE) -> int | None:
    """The number of the last of the next members; None: there are no more."""
    found: int | None = await SQL.stretch_end(connection, after=after, piece=piece)
    return found


async def changing(connection: Reading, look: Look, after: int, upto: int) -> list[Change]:
    """Who of a stretch of members would change, by number."""
    ladder = look.ladder
    keeps = [level.to_keep for level in ladder.levels]
    rows = await connection.fetch(
        SQL.changing.sql, look.first, look.code, after, upto, look.what, look.since, look.until,
        [level.tier for level in ladder.levels], [level.reach for level in ladder.levels],
        # The highest place kept is the same with what every higher place asks at least, which only rises.
        [min(keeps[i:]) for i in range(len(keeps))], look.falling,
    )  # fmt: skip
    return _changes(look, rows)


async def measured(connection: Reading, look: Look, members: Sequence[int]) -> dict[int, tuple[int, Standing]]:
    """What these members' sales count, and where they stand."""
    rows = await connection.fetch(
        SQL.measured.sql, look.first, look.code, look.what, look.since, look.until, list(members)
    )
    return {row[0]: (row[1], Standing(*row[2:])) for row in rows}


async def past(connection: Reading, look: Look, standings: Mapping[int, Standing]) -> dict[int, list[tuple[date, int]]]:
    """Of who has a tier by hand: the evaluation days since it was given, each with what the window before it counts."""
    found: dict[int, list[tuple[date, int]]] = {member_id: [] for member_id in standings}
    days: dict[date, list[int]] = {}
    for member_id, standing in standings.items():
        if standing.manual is not None and standing.given_on is not None:
            for day in evaluation_days(look.ladder, standing.given_on):
                if day > look.day:
                    break
                days.setdefault(day, []).append(member_id)
    for day in sorted(days):
        counts = await measured(connection, look._replace(day=day, until=day - DAY), days[day])
        for member_id, (measure, _) in counts.items():
            found[member_id].append((day, measure))
    return found


async def change(connection: Writing, look: Look, members: Sequence[int], now: Instant) -> list[Change]:
    """Decide about these members again under the lock of their books, and write what changes; gives what did."""
    await lock(connection, members)
    found = await measured(connection, look, members)
    changes = [
        Change(member_id, standing, to, measure)
        for member_id, (measure, standing) in found.items()
        if (to := look.decide(look.ladder, standing, measure, look.day)).why is not None and to.tier != standing.tier
    ]
    await write(connection, look, changes, now)
    return changes


async def lock(connection: Writing, members: Sequence[int]) -> None:
    """Lock the books of these members; who has read them will read again."""
    rows = await connection.fetch(SQL.lock_books.sql, list(members))
    await SQL.move_books(connection, members=[row[0] for row in rows])


async def write(connection: Writing, look: Look, changes: Sequence[Change], now: Instant) -> None:
    """Keep these changes, with their history and events."""
    if not changes:
        return
    rows = [
        (
            x.member_id, look.code, look.first, look.day, x.standing.tier, x.to.tier, x.to.kept_until,
            x.to.why, x.measure,
        )
        for x in changes
    ]  # fmt: skip
    await connection.fetchval(SQL.post_tiers.sql, now, [], rows)
    bodies = [msgspec.json.encode(changed(x.member_id, look.code, x.standing, x.to)).decode() for x in changes]
    await SQL.announce(connection, topic=TOPIC, members=[x.member_id for x in changes], bodies=bodies, at=now)


def _changes(look: Look, rows: Sequence[Any]) -> list[Change]:
    found = []
    for member_id, measure, *standing in rows:
        stands = Standing(*standing)
        to = look.decide(look.ladder, stands, measure, look.day)
        if to.why is not None and to.tier != stands.tier:
            found.append(Change(member_id, stands, to, measure))
    return found
