"""Streams resume exactly, keep nothing per listener, and tell when a position is too old."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from goen.database.pool import Database, Writing
from goen.delivery import feed, streams
from goen.delivery.errors import CursorExpired

from .conftest import RECORDED, Delivery, Processes, add, until


def parsed(chunk: bytes) -> list[dict]:
    """The events of a chunk as a listener reads them; blocks without data carry none."""
    events = []
    for block in chunk.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line and line[0] != ":")
        if "data" in fields:
            events.append({**json.loads(fields["data"]), "id": int(fields["id"]), "event": fields["event"]})
    return events


async def take(stream: AsyncIterator[bytes], count: int, seconds: float = 10) -> list[dict]:
    """The next so many events of a stream."""
    events: list[dict] = []
    async with asyncio.timeout(seconds):
        while len(events) < count:
            events += parsed(await anext(stream))
    return events


async def fill(connection: Writing, count: int, members: int = 10) -> None:
    """Let the relay find and number so many events."""
    await add(connection, [(number % members + 1, number) for number in range(1, count + 1)])

    async def all_there() -> bool:
        return (await feed.bounds(connection)).head == count

    await until(all_there)


@pytest.fixture
async def here(processes: Processes) -> Delivery:
    return await processes.start()


async def test_a_stream_says_where_it_starts_and_then_brings_what_comes(here: Delivery, connection: Writing) -> None:
    await fill(connection, 3)
    stream = await here.streams.open(None, None)
    assert await anext(stream) == b"id: 3\n: listening\n\n"
    await add(connection, [(4, 32)])
    here.relay.wake([(4, 32)])
    [event] = await take(stream, 1)
    assert event == {
        "id": 4,
        "event": "purchase.recorded",
        "type": "purchase.recorded",
        "recorded_at": RECORDED.isoformat(),
        "purchase_id": "p32",
        "member_id": "m4",
    }
    await stream.aclose()
    assert here.streams.count == 0


@pytest.mark.parametrize("rings", [16, streams.RING_EVENTS])
async def test_a_listener_that_comes_and_goes_misses_and_repeats_nothing(
    here: Delivery, connection: Writing, monkeypatch: pytest.MonkeyPatch, rings: int
) -> None:
    monkeypatch.setattr(streams, "RING_EVENTS", rings)
    seen: list[int] = []
    position = 0

    async def writer() -> None:
        for batch in range(120):
            rows = [(number % 7 + 1, batch * 10 + number) for number in range(10)]
            await add(connection, rows)
            here.relay.wake(rows)
            await asyncio.sleep(0.002)

    writing = asyncio.create_task(writer())
    while len(seen) < 1_200:
        stream = await here.streams.open(position, None)
        seen += [event["id"] for event in await take(stream, min(37, 1_200 - len(seen)))]
        position = seen[-1]
        await stream.aclose()
    await writing
    assert seen == list(range(1, 1_201))


async def test_a_stream_of_one_member_brings_all_of_theirs_and_nothing_else(
    here: Delivery, connection: Writing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "SCAN_POSITIONS", 100)
    await fill(connection, 1_000)
    stream = await here.streams.open(0, [5])
    old = await take(stream, 100)
    assert {event["member_id"] for event in old} == {"m5"}
    for number in range(2_000, 2_020):
        await add(connection, [(5 if number % 2 else 6, number)])
        here.relay.wake([(5, number), (6, number)])
    new = await take(stream, 10)
    assert [event["purchase_id"] for event in new] == [f"p{number}" for number in range(2_001, 2_020, 2)]
    await stream.aclose()


async def test_while_nothing_concerns_a_listener_its_heartbeat_moves_its_position(
    here: Delivery, connection: Writing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.3)
    stream = await here.streams.open(None, [99])
    assert await anext(stream) == b"id: 0\n: listening\n\n"
    await add(connection, [(1, number) for number in range(1, 51)])
    here.relay.wake([(1, 1)])
    async with asyncio.timeout(5):
        while (beat := await anext(stream)) != b"id: 50\n: alive\n\n":
            assert beat == b"id: 0\n: alive\n\n"
    await stream.aclose()


async def test_a_slow_listener_holds_nothing_and_still_gets_everything(
    here: Delivery, connection: Writing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "RING_EVENTS", 32)
    slow, quick = await here.streams.open(0, None), await here.streams.open(0, None)
    await anext(slow)
    numbers: list[int] = []
    for batch in range(40):
        rows = [(number + 1, batch * 25 + number) for number in range(25)]
        await add(connection, rows)
        here.relay.wake(rows)
        numbers += [event["id"] for event in await take(quick, 25 * (batch + 1) - len(numbers))]
    assert numbers == list(range(1, 1_001))
    assert len(here.streams._ring) < 2 * 32 + streams.PAGE_POSITIONS
    assert [event["id"] for event in await take(slow, 1_000)] == list(range(1, 1_001))
    await slow.aclose()
    await quick.aclose()


async def test_streams_of_other_processes_hear_it_too(processes: Processes, connection: Writing) -> None:
    here, there = await processes.start(), await processes.start()
    stream = await there.streams.open(None, None)
    await anext(stream)
    await add(connection, [(1, 8)])
    here.relay.wake([(1, 8)])
    assert [event["id"] for event in await take(stream, 1, seconds=2)] == [1]
    await stream.aclose()


async def test_a_position_that_was_purged_or_never_given_is_refused(here: Delivery, connection: Writing) -> None:
    await fill(connection, 30)
    assert await feed.purge_piece(connection, RECORDED + timedelta(seconds=1), 20) == 20
    for position in (19, 31):
        with pytest.raises(CursorExpired):
            await here.streams.open(position, None)
    stream = await here.streams.open(20, None)
    assert [event["id"] for event in await take(stream, 10)] == list(range(21, 31))
    await stream.aclose()


async def test_a_listener_overtaken_by_the_purge_is_let_go_rather_than_shown_a_gap(
    here: Delivery, connection: Writing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "PAGE_POSITIONS", 10)
    await fill(connection, 100)
    stream = await here.streams.open(0, None)
    assert [event["id"] for event in await take(stream, 10)] == list(range(1, 11))
    await feed.purge_piece(connection, RECORDED + timedelta(seconds=1), 50)
    with pytest.raises(StopAsyncIteration):
        await anext(stream)
    with pytest.raises(CursorExpired):
        await here.streams.open(10, None)


async def test_closing_ends_every_stream(here: Delivery) -> None:
    stream = await here.streams.open(None, None)
    await anext(stream)
    waiting = asyncio.create_task(anext(stream))
    await asyncio.sleep(0.05)
    here.streams.close()
    with pytest.raises(StopAsyncIteration):
        await waiting


async def test_purging_keeps_all_that_is_not_older(pool: Database, connection: Writing) -> None:
    for day in range(3):
        await add(connection, [(1, day * 10 + n) for n in range(10)], at=RECORDED + timedelta(days=day))
        await connection.execute("select relay_drain(array[1])")
    before = RECORDED + timedelta(days=1, hours=1)
    pieces = [await feed.purge_piece(connection, before, 6) for _ in range(5)]
    assert pieces == [6, 6, 6, 2, 0]
    assert await feed.bounds(connection) == feed.Bounds(30, 20)
    assert await connection.fetchval("select min(position) from feed") == 21


async def test_a_moment_leads_to_the_position_before_it(connection: Writing) -> None:
    for minute in range(50):
        await add(connection, [(1, minute)], at=RECORDED + timedelta(minutes=minute))
        await connection.execute("select relay_drain(array[1])")
    assert await feed.position_before(connection, RECORDED + timedelta(minutes=20)) == 20
    assert await feed.position_before(connection, RECORDED - timedelta(days=1)) == 0
    assert await feed.position_before(connection, RECORDED + timedelta(days=1)) == 50
