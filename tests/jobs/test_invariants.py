"""Findings are kept for as long as they hold, and told to Prometheus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from goen.database.pool import Database, Writing
from goen.jobs.invariants import keep_findings
from goen.readings.machine import machine_figures


@dataclass(frozen=True)
class Found:
    invariant: str
    subject: str
    detail: str


SHORT = Found("booked_is_entries", "m_1", "booked 5, entries 4")
WIDE = Found("lots_are_booked", "m_2", "lots 7, booked 6")


async def open_findings(connection: Writing) -> list[tuple[Any, ...]]:
    rows = await connection.fetch(
        "select invariant, subject, found_at, seen_at from invariant_finding where gone_at is null order by invariant"
    )
    return [tuple(row) for row in rows]


async def test_a_finding_is_one_row_from_first_sight_until_it_is_gone(
    pool: Database, connection: Writing, clock: Any
) -> None:
    first = clock.now()
    assert await keep_findings(pool, [SHORT, WIDE, SHORT], first) == 2
    second = clock.advance(hours=1)
    assert await keep_findings(pool, [SHORT], second) == 1
    assert await open_findings(connection) == [("booked_is_entries", "m_1", first, second)]
    third = clock.advance(hours=1)
    assert await keep_findings(pool, [], third) == 0
    assert await open_findings(connection) == []
    assert await connection.fetchval("select count(*) from invariant_finding") == 2
    assert await keep_findings(pool, [SHORT], clock.advance(hours=1)) == 1
    assert await connection.fetchval("select count(*) from invariant_finding") == 3


async def test_prometheus_is_told(pool: Database, connection: Writing, clock: Any) -> None:
    await connection.execute(
        "insert into job_run (job, started_at, finished_at, outcome, seconds, done, runs, failures) "
        "values ('expire_points', $1, $1, 'failed', 1.5, null, 9, 2)",
        clock.now(),
    )
    await connection.execute(
        "insert into outbox values (1, 8, 'points.posted', null, $1::timestamptz - interval '4 s', '{}')", clock.now()
    )
    await keep_findings(pool, [SHORT, WIDE], clock.now())
    told = (await machine_figures(connection, clock.now())).decode().splitlines()
    for line in (
        'goen_job_seconds{job="expire_points"} 1.5',
        'goen_job_failed{job="expire_points"} 1.0',
        'goen_job_runs_total{job="expire_points"} 9.0',
        'goen_invariant_findings{invariant="lots_are_booked"} 1.0',
        'goen_invariant_findings{invariant="all"} 2.0',
        "goen_feed_position 0.0",
        "goen_outbox_waiting_seconds 4.0",
    ):
        assert line in told
