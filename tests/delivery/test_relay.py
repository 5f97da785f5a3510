"""The relay loses nothing, whatever the order of commits, and numbers without gaps."""

from __future__ import annotations

import asyncio
import random

import asyncpg
import pytest

from goen.database.pool import Database, Writing
from goen.delivery.relay import relaying

from .conftest import Processes, add, numbered, until

WRITERS = 12
COMMITS = 25


async def write(pool: Database, writer: int, wake=None) -> list[tuple[int, int]]:
    """Commits in which numbers are taken first and committed after a while, so that orders cross."""
    written = []
    dice = random.Random(writer)
    connection = await asyncpg.connect(pool.dsn)
    try:
        for _ in range(COMMITS):
            async with connection.transaction():
                act = await connection.fetchval("select nextval('act_id_seq')")
                rows = [(dice.randrange(1, 40), act * 8 + n) for n in range(dice.randrange(1, 4))]
                await add(connection, rows)
                await asyncio.sleep(dice.random() * 0.02)
            written += rows
            if wake is not None:
                wake(rows)
    finally:
        await connection.close()
    return written


async def feed_rows(connection: Writing) -> list[tuple[int, str]]:
    rows = await connection.fetch("select member_id, body::json->>'purchase_id' as p from feed")
    return sorted((row["member_id"], row["p"]) for row in rows)


async def test_nothing_is_lost_however_commits_cross(pool: Database, processes: Processes, connection: Writing) -> None:
    here, there = await processes.start(), await processes.start()
    wakes = [here.relay.wake, there.relay.wake, None]  # The last: a process that crashes before it wakes.
    written = await asyncio.gather(*(write(pool, each, wakes[each % 3]) for each in range(WRITERS)))
    expected = sorted((member, f"p{number}") for rows in written for member, number in rows)

    async def empty() -> bool:
        return not await connection.fetchval("select exists (select from outbox)")

    await until(empty)
    assert await feed_rows(connection) == expected
    await numbered(connection)


async def test_a_reader_with_a_cursor_loses_rows_here(pool: Database, connection: Writing) -> None:
    """The negative control: under the same writers, "everything after the last id" is not everything."""
    seen: list[int] = []
    done = asyncio.Event()

    async def follow() -> None:
        last = 0
        while True:
            finished = done.is_set()
            rows = await connection.fetch("select outbox_id from outbox where outbox_id > $1 order by outbox_id", last)
            seen.extend(row["outbox_id"] for row in rows)
            last = seen[-1] if seen else 0
            if finished:
                return
            await asyncio.sleep(0.002)

    reader = asyncio.create_task(follow())
    written = await asyncio.gather(*(write(pool, each) for each in range(WRITERS)))
    done.set()
    await reader
    assert len(seen) < sum(len(rows) for rows in written)


async def test_a_members_events_keep_the_order_of_their_commits(
    pool: Database, processes: Processes, connection: Writing
) -> None:
    here, there = await processes.start(), await processes.start()
    async with pool.writing() as writing:
        for turn in range(60):
            # Numbers fall while time goes on, as those of two tills may; both relays race for each commit.
            await add(writing, [(7, 10_000 - turn)], at=await writing.fetchval("select now()"))
            (here if turn % 2 else there).relay.wake([(7, 10_000 - turn)])

    async def all_there() -> bool:
        return await connection.fetchval("select count(*) from feed") == 60

    await until(all_there)
    rows = await connection.fetch("select body::json->>'purchase_id' as p from feed order by position")
    assert [row["p"] for row in rows] == [f"p{10_000 - turn}" for turn in range(60)]


async def test_what_a_crashed_process_committed_is_found(processes: Processes, connection: Writing) -> None:
    await add(connection, [(member, member) for member in range(1, 3_001)])
    await processes.start()

    async def all_there() -> bool:
        return await connection.fetchval("select count(*) from feed") == 3_000

    await until(all_there)
    await numbered(connection)


async def test_a_relay_that_loses_its_connection_at_any_moment_goes_on(
    processes: Processes, connection: Writing, owner: Writing
) -> None:
    here = await processes.start()
    for turn in range(20):
        await add(connection, [(turn, turn)])
        here.relay.wake([(turn, turn)])
        await asyncio.sleep(turn % 7 * 0.003)
        await owner.fetch(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where datname = current_database() and application_name in ('goen relay', 'goen feed')"
        )
        await add(connection, [(turn, turn + 1_000)])
        here.relay.wake([(turn, turn + 1_000)])
        assert await here.head.beyond(2 * turn + 1, 30)
    assert len(await numbered(connection)) == 40


async def test_leaving_in_order_drains_what_was_handed_over(pool: Database, connection: Writing) -> None:
    async with relaying(pool.dsn, lambda head: None) as relay:
        for each in range(1, 50):
            await add(connection, [(each, each)])
            relay.wake([(each, each)])
    assert len(await numbered(connection)) == 49


async def test_the_drain_never_scans_the_outbox(pool: Database, connection: Writing) -> None:
    """Planned on an empty table, the drain must still go by the primary key when there are many rows."""
    async with relaying(pool.dsn, lambda head: None):
        await add(connection, [(1, 1)])
        await asyncio.sleep(0.3)
    await connection.execute("set enable_seqscan = off")
    plan = await connection.fetch("explain delete from outbox where member_id = any (array[1, 2])")
    assert any("outbox_pkey" in row[0] for row in plan)
    plan = await connection.fetch("explain select member_id from outbox order by recorded_at, outbox_id limit 9")
    assert any("outbox_order" in row[0] for row in plan)


@pytest.mark.parametrize("members", [[], [404]])
async def test_draining_nothing_moves_nothing(connection: Writing, members: list[int]) -> None:
    assert await connection.fetchval("select relay_drain($1)", members) is None
    assert await numbered(connection) == []


async def test_other_processes_hear_of_a_drain(processes: Processes, connection: Writing) -> None:
    here, there = await processes.start(), await processes.start()
    for turn in range(1, 20):
        await add(connection, [(turn, turn)])
        here.relay.wake([(turn, turn)])
        assert await there.head.beyond(turn - 1, 2)
