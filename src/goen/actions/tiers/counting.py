"""Counting the sales from before the programme had tiers, in pieces; sales since then count themselves."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from goen.actions.points.context import Context
from goen.actions.points.progress import Progress
from goen.database.pool import Database, Reading
from goen.database.queries import load
from goen.earning.decision import Decision
from goen.earning.programme import Programme
from goen.earning.tiers.measure import NOTHING, Measured, measured
from goen.vocabulary.clock import Instant

SQL = load(__package__)
PIECE = 500
#: Longer than any sale is under way that was decided before the version counted.
AFTER = timedelta(seconds=30)
_FIRST = -(2**63)
_decision = msgspec.json.Decoder(Decision).decode
_progress = msgspec.json.Decoder(Progress).decode


async def counted_since(connection: Reading) -> int:
    """The version since which the programme has tiers, once all sales from before it are counted; 0: none."""
    return await SQL.counted_since(connection) or 0


async def count_piece(database: Database, context: Context, programme: Programme, now: Instant) -> int:
    """Count one piece of the earlier sales; gives how many it looked at, 0 once all are counted.

    The row of a sale that is counted twice, here and by an act on it, is that of the later version.
    """
    since = context.tiers_since(programme)
    version = context.programmes.find(since)
    if version is None or now < version.starts_at + AFTER:
        return 0
    async with database.transaction() as connection:
        at = await SQL.counting(connection, since=since)
        if at is not None and at["finished"]:
            context.tiers_counted = since
            return 0
        after = (_FIRST, "") if at is None else (at["through_member"], at["through_purchase"])
        rows = await connection.fetch(SQL.sales_to_count.sql, *after, PIECE)
        measures = []
        for row in rows:
            if row["owner"] is None:
                continue
            counts = what_counts(row["decision"], row["progress"], row["status"])
            if counts != NOTHING or row["counted"]:
                measures.append((row["owner"], row["business_date"], row["purchase_id"], row["version"], *counts))
        if measures:
            await connection.fetchval(SQL.post_tiers.sql, now, measures, [])
        last = rows[-1] if rows else None
        await SQL.note_counted(
            connection,
            since=since,
            member_id=last["member_id"] if last else 2**63 - 1,
            purchase_id=last["purchase_id"] if last else "",
            counted=len(measures),
            finished_at=None if last else now,
        )
    if not rows:
        context.tiers_counted = since
    return len(rows)


def what_counts(decision: str, progress: str | None, status: str) -> Measured:
    """What a sale counts by its documents as they are kept."""
    since = Progress() if progress is None else _progress(progress)
    return measured(_decision(decision), since.returned, since.confirmed, status)
