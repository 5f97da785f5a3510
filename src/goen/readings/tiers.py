"""Where does a member stand on the programme's ladders, since when, and how did it come about?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

import msgspec

from goen.database.pool import Reading
from goen.database.queries import load
from goen.earning.programme import Programme
from goen.earning.tiers.calendar import window_start
from goen.earning.tiers.measure import Measured
from goen.earning.tiers.progress import TierProgress, progress
from goen.readings.family import family

_queries = load(__package__, "tiers.sql")
_LAST = 2**63 - 1


class ByHand(msgspec.Struct, frozen=True):
    """A tier given by hand: fixed, or as a floor; ``until`` is its last day, null: without an end."""

    tier: str
    mode: str
    until: date | None


class MemberTier(msgspec.Struct, frozen=True):
    """One programme of tiers. Before ``kept_until`` and through ``paused_until`` the tier does not fall."""

    progress: TierProgress
    since: date | None
    kept_until: date | None
    by_hand: ByHand | None
    paused_until: date | None


class TierChange(msgspec.Struct, frozen=True):
    """A change of a tier. ``why``: reached, not_kept, manual, manual_ended, merged or parted."""

    programme: str
    at: datetime
    day: date
    before: str | None = msgspec.field(name="from")
    tier: str | None
    why: str
    measured: int | None


class MemberTiers(msgspec.Struct, frozen=True):
    """A member's standing in each programme of tiers, and its changes, the latest first."""

    items: list[MemberTier]
    history: list[TierChange]
    next_cursor: str | None


class TierRun(msgspec.Struct, frozen=True):
    """A run over all members and how far it has come. ``kind``: evaluation, daily, start or by_hand."""

    programme: str
    day: date
    kind: str
    raised: int
    lowered: int
    started_at: datetime
    finished_at: datetime | None


class Stands(NamedTuple):
    """Who stands where on one ladder: members by tier (None: without one), with a tier by hand, and paused."""

    members: dict[str | None, int]
    by_hand: int
    paused: int


class TierRuns(msgspec.Struct, frozen=True):
    """Runs, the latest first."""

    items: list[TierRun]
    next_cursor: str | None = None


async def climbing(
    connection: Reading, programme: Programme, members: Sequence[int], today: date
) -> dict[int, list[TierProgress]]:
    """Where these members stand, by the number asked, ladder by ladder in the programme's order."""
    ladders = programme.tier_programmes
    rows = await connection.fetch(
        _queries.climbing.sql,
        list(members),
        list(ladders),
        [window_start(ladder.window, today) for ladder in ladders.values()],
        [place == 0 for place in range(len(ladders))],
    )
    found: dict[int, dict[str, TierProgress]] = {}
    for asked, code, gross, net, points, purchases, tier in rows:
        measured = Measured(gross, net, points, purchases).of(ladders[code])
        found.setdefault(asked, {})[code] = progress(programme, code, tier, measured)
    return {asked: [known[code] for code in ladders] for asked, known in found.items()}


async def member_tiers(
    connection: Reading, programme: Programme, member_id: int | None, today: date, limit: int, before: int | None
) -> MemberTiers:
    """Everything about a member's tiers; of a merged one the survivor's.

    Raises:
        UnknownMember: there is nobody of this number.
    """
    root = (await family(connection, member_id)).root
    rows = {row["programme"]: row for row in await connection.fetch(_queries.standings.sql, root)}
    items = []
    for each in (await climbing(connection, programme, [root], today)).get(root, []):
        row = rows.get(each.programme)
        hand = None
        if row is not None and row["manual"] and (row["manual_until"] is None or row["manual_until"] >= today):
            hand = ByHand(row["manual_tier"], row["manual"], row["manual_until"])
        pause = row["paused_until"] if row else None
        items.append(MemberTier(each, row["since"] if row else None, row["kept_until"] if row else None, hand, pause))
    changes = await connection.fetch(_queries.changes.sql, root, before or _LAST, limit + 1)
    history = [TierChange(*row[1:]) for row in changes[:limit]]
    return MemberTiers(items, history, str(changes[limit - 1]["change"]) if len(changes) > limit else None)


async def tier_runs(connection: Reading, count: int) -> TierRuns:
    """The latest runs."""
    rows = await connection.fetch(_queries.runs.sql, count)
    return TierRuns([TierRun(r[0], r[1], r[2].partition(":")[0], *r[3:]) for r in rows])


async def stands(connection: Reading, code: str, first: bool, today: date) -> Stands:
    """How many members stand where on a ladder; ``first``: it is the programme's first, whose tiers have rates."""
    members = {row["tier"]: row["members"] for row in await connection.fetch(_queries.stands.sql, first, code)}
    hand = (await connection.fetch(_queries.by_hand.sql, today, code))[0]
    return Stands(members, hand["given"], hand["paused"])
