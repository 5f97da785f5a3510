"""Findings are kept for as long as they hold, and told to Prometheus."""

from __future__ import annotations

from typing import Any

from goen.database.pool import Database, Writing
from goen.jobs.invariants import check_books, keep_findings
from goen.jobs.model import Means
from goen.ledger.invariants import Finding
from goen.readings.machine import machine_figures

SHORT = Finding("booked_entries", 1, "", "booked 5, entries 4")
WIDE = Finding("booked_lots", 2, "", "lots 7, booked 6")


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
    assert await open_findings(connection) == [("booked_entries", "m_1", first, second)]
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
        'goen_invariant_findings{invariant="booked_lots"} 1.0',
        'goen_invariant_findings{invariant="all"} 2.0',
        "goen_feed_position 0.0",
        "goen_outbox_waiting_seconds 4.0",
    ):
        assert line in told


async def test_planted_damage_is_found_kept_and_closed_when_mended(
    means: Means, connection: Writing, owner: Writing, clock: Any
) -> None:
    assert await check_books(means) == 0
    await owner.execute("insert into member_account (member_id, booked) values (7, 5)")
    clock.advance(hours=1)
    assert await check_books(means) > 0
    found = await open_findings(connection)
    assert {"booked_entries", "booked_lots"} <= {row[0] for row in found}
    assert {row[1].split()[0] for row in found} == {"m_7"}
    await owner.execute("delete from member_account where member_id = 7")
    clock.advance(hours=1)
    assert await check_books(means) == 0
    assert await open_findings(connection) == []
