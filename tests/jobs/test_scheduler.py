"""Jobs run when they are due, one runner at a time, and their runs are written down."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from goen.database.pool import Database, Writing
from goen.jobs import runs
from goen.jobs.model import Job, Means
from goen.jobs.pieces import in_pieces
from goen.jobs.runs import turns
from goen.jobs.scheduler import Scheduler

HOUR = timedelta(hours=1)


async def runs_of(connection: Writing, job: str) -> dict[str, Any]:
    return dict(await connection.fetchrow("select * from job_run where job = $1", job))


async def settle(scheduler: Scheduler) -> int:
    started = await scheduler.start_due()
    await asyncio.gather(*started)
    return len(started)


async def test_a_job_runs_at_once_and_then_whenever_its_time_has_passed(
    means: Means, connection: Writing, clock: Any
) -> None:
    ran: list[Any] = []

    async def work(given: Means) -> int:
        ran.append(given.clock.now())
        return 7

    async with turns(means.database.dsn) as ours:
        scheduler = Scheduler(means, ours, [Job("count", HOUR, work)])
        assert await settle(scheduler) == 1
        assert await settle(scheduler) == 0
        clock.advance(minutes=59)
        assert await settle(scheduler) == 0
        clock.advance(minutes=1)
        assert await settle(scheduler) == 1
    assert len(ran) == 2
    kept = await runs_of(connection, "count")
    assert (kept["outcome"], kept["done"], kept["runs"], kept["failures"], kept["error"]) == ("done", 7, 2, 0, None)
    assert kept["finished_at"] == clock.now()
    assert kept["seconds"] >= 0


async def test_a_failure_is_kept_and_the_job_comes_again(means: Means, connection: Writing, clock: Any) -> None:
    fail = True

    async def work(given: Means) -> int:
        if fail:
            raise ValueError("the books are\0 wet")
        return 1

    async with turns(means.database.dsn) as ours:
        scheduler = Scheduler(means, ours, [Job("wet", HOUR, work)])
        await settle(scheduler)
        kept = await runs_of(connection, "wet")
        assert (kept["outcome"], kept["done"], kept["failures"]) == ("failed", None, 1)
        assert "the books are" in kept["error"]
        fail = False
        failed_at = clock.now()
        clock.advance(hours=1)
        await settle(scheduler)
    kept = await runs_of(connection, "wet")
    assert (kept["outcome"], kept["done"], kept["runs"], kept["failures"]) == ("done", 1, 2, 1)
    assert kept["failed_at"] == failed_at


async def test_two_processes_never_run_a_job_at_once_nor_twice(means: Means, connection: Writing) -> None:
    under_way = most = ran = 0

    async def work(given: Means) -> int:
        nonlocal under_way, most, ran
        ran += 1
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.1)
        under_way -= 1
        return 1

    job = Job("alone", HOUR, work)
    async with turns(means.database.dsn) as ours, turns(means.database.dsn) as theirs:
        await asyncio.gather(
            *(settle(Scheduler(means, each, [job])) for each in (ours, theirs)),
        )
        await asyncio.gather(*(settle(Scheduler(means, each, [job])) for each in (ours, theirs)))
    assert (ran, most) == (1, 1)


async def test_a_dead_process_gives_its_turn_back(means: Means, connection: Writing, owner: Writing) -> None:
    async with turns(means.database.dsn) as dying, turns(means.database.dsn) as heir:
        assert await dying.take("books")
        assert not await heir.take("books")
        killed = await owner.fetchval(
            "select pg_terminate_backend(min(pid)) from pg_locks where locktype = 'advisory' and classid = 4736 "
            "and database = (select oid from pg_database where datname = current_database())"
        )
        assert killed
        async with asyncio.timeout(5):
            await dying.lost.wait()
        assert await heir.take("books")


async def test_a_run_that_was_cut_off_is_run_again_in_time(means: Means, connection: Writing, clock: Any) -> None:
    await runs.start(means.database, "cut", clock.now())
    ran = 0

    async def work(given: Means) -> int:
        nonlocal ran
        ran += 1
        return 0

    clock.advance(hours=1)
    async with turns(means.database.dsn) as ours:
        await settle(Scheduler(means, ours, [Job("cut", HOUR, work)]))
    assert ran == 1
    assert (await runs_of(connection, "cut"))["outcome"] == "done"


async def test_told_to_stop_it_lets_a_job_finish_its_piece(means: Means, connection: Writing) -> None:
    pieces = 0

    async def piece(rows_max: int) -> int:
        nonlocal pieces
        pieces += 1
        await asyncio.sleep(0.01)
        return rows_max

    async def work(given: Means) -> int:
        return await in_pieces(piece, given.stopping)

    async with turns(means.database.dsn) as ours:
        running = asyncio.create_task(Scheduler(means, ours, [Job("endless", HOUR, work)]).run())
        async with asyncio.timeout(5):
            while pieces < 3:  # noqa: ASYNC110 - the job has no event to wait for.
                await asyncio.sleep(0.01)
        means.stopping.set()
        async with asyncio.timeout(5):
            await running
    kept = await runs_of(connection, "endless")
    assert kept["outcome"] == "stopped"
    assert kept["done"] > 0


async def test_a_lost_session_ends_the_round(means: Means, owner: Writing) -> None:
    async with turns(means.database.dsn) as ours:
        running = asyncio.create_task(Scheduler(means, ours, []).run())
        await asyncio.sleep(0.05)
        await owner.fetch(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and application_name = 'goen turns'"
        )
        async with asyncio.timeout(5):
            await running


@pytest.mark.parametrize(("seconds", "grows"), [(0.0, True), (0.15, False)])
async def test_pieces_grow_while_they_are_quick_and_shrink_when_they_are_not(seconds: float, grows: bool) -> None:
    sizes: list[int] = []
    stopping = asyncio.Event()

    async def piece(rows_max: int) -> int:
        sizes.append(rows_max)
        await asyncio.sleep(seconds)
        if len(sizes) == 4:
            stopping.set()
        return rows_max

    assert await in_pieces(piece, stopping) == sum(sizes)
    assert sizes == ([200, 400, 800, 1600] if grows else [200, 100, 50, 25])


async def test_a_database_that_is_away_stops_nothing(pool: Database, means: Means, owner: Writing) -> None:
    ran = 0

    async def work(given: Means) -> int:
        nonlocal ran
        ran += 1
        return 0

    async with turns(pool.dsn) as ours:
        running = asyncio.create_task(Scheduler(means, ours, [Job("often", timedelta(0), work)]).run())
        await asyncio.sleep(0.7)
        await owner.fetch(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and application_name in ('goen reading', 'goen writing')"
        )
        seen = ran
        async with asyncio.timeout(8):
            while ran < seen + 2:  # noqa: ASYNC110 - the job has no event to wait for.
                await asyncio.sleep(0.05)
        means.stopping.set()
        await running
