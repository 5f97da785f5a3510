"""What the tests of delivery share: a running relay, and rows as a till commits them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime

import asyncpg
import pytest

from goen.database.pool import Database, Writing
from goen.delivery.head import FeedHead, following
from goen.delivery.relay import Relay, relaying
from goen.delivery.streams import Streams, streaming

RECORDED = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)

ADD = """
insert into outbox (member_id, outbox_id, topic, recorded_at, body)
select m, o, $3, $4, json_build_object('purchase_id', 'p' || o, 'member_id', 'm' || m)
  from unnest($1::bigint[], $2::bigint[]) rows (m, o)
"""


async def add(
    connection: Writing,
    rows: Sequence[tuple[int, int]],
    *,
    topic: str = "purchase.recorded",
    at: datetime = RECORDED,
) -> None:
    """Put rows ``(member_id, outbox_id)`` into the outbox, as a till's commit does."""
    await connection.execute(ADD, [member for member, _ in rows], [number for _, number in rows], topic, at)


async def numbered(connection: asyncpg.Connection) -> list[int]:
    """The positions of the feed; asserts that they run from 1 without a gap."""
    positions = [row[0] for row in await connection.fetch("select position from feed order by position")]
    assert positions == list(range(1, len(positions) + 1))
    assert await connection.fetchval("select position from feed_head") == len(positions)
    return positions


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 10) -> None:
    """Wait until something holds; fails after a while."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - what is awaited is a row, not an event.
            await asyncio.sleep(0.01)


@dataclass
class Delivery:
    """One process's delivery: relay, head and streams on one database."""

    relay: Relay
    head: FeedHead
    streams: Streams


@dataclass
class Processes:
    """Starts as many deliveries on one database as a test wants."""

    dsn: str
    database: Database
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def start(self) -> Delivery:
        head = await self.stack.enter_async_context(following(self.dsn))
        streams = await self.stack.enter_async_context(streaming(self.database, head))
        relay = await self.stack.enter_async_context(relaying(self.dsn, head.advance))
        return Delivery(relay, head, streams)


@pytest.fixture
async def processes(pool: Database) -> AsyncIterator[Processes]:
    """A way to start deliveries, each with relay, head and streams of its own."""
    made = Processes(pool.dsn, pool)
    async with made.stack:
        yield made
