"""How far the feed has come, as known in one process, and waiting for it to come further."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from goen.database.pool import Reading, connect, take_role
from goen.database.queries import load
from goen.delivery.relay import CHANNEL

POLL_SECONDS = 0.05
"""While somebody waits the head is read this often, in case a notice went astray."""
RETRY_SECONDS = 0.2

_queries = load(__package__)
_log = structlog.get_logger(__name__)


class FeedHead:
    """The newest position heard of: from this process's relay, from others by NOTIFY, or by a look."""

    def __init__(self) -> None:
        self.position = 0
        self._moved: asyncio.Future[None] | None = None
        self._waiting = 0
        self._wanted = asyncio.Event()

    def advance(self, position: int) -> None:
        """The feed has come to ``position``; older news is ignored."""
        if position > self.position:
            self.position = position
            if self._moved is not None and not self._moved.done():
                self._moved.set_result(None)

    async def beyond(self, position: int, seconds: float) -> bool:
        """Wait, so many seconds at most, until the head is past ``position``; whether it is."""
        if self.position > position:
            return True
        if self._moved is None or self._moved.done():
            self._moved = asyncio.get_running_loop().create_future()
        self._waiting += 1
        self._wanted.set()
        try:
            await asyncio.wait([self._moved], timeout=seconds)
        finally:
            self._waiting -= 1
        return self.position > position

    async def follow(self, dsn: str) -> None:
        """Keep :attr:`position` current until cancelled; a lost connection is made again."""
        while True:
            try:
                await self._listen(dsn)
            except Exception as error:
                # Whatever it was, a driver cut off in the middle has many words for it: go on.
                _log.warning("feed_listener_interrupted", error=repr(error))
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen(self, dsn: str) -> None:
        connection = await connect(dsn, connection_class=Reading, server_settings={"application_name": "goen feed"})
        try:
            await take_role(connection)
            await connection.add_listener(CHANNEL, lambda *notice: self.advance(int(notice[-1])))
            while True:
                bounds = await _queries.bounds(connection)
                self.advance(bounds["head"])
                if self._waiting:
                    await asyncio.sleep(POLL_SECONDS)
                else:
                    self._wanted.clear()
                    await self._wanted.wait()
        finally:
            connection.terminate()


@asynccontextmanager
async def following(dsn: str) -> AsyncIterator[FeedHead]:
    """A head that is kept current while the block runs."""
    head = FeedHead()
    task = asyncio.create_task(head.follow(dsn), name="feed-head")
    try:
        yield head
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
