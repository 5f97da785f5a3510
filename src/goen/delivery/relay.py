"""The relay: committed events are numbered in one feed, without gaps, in the order of their commits.

It drains: what is in the outbox is numbered, put into the feed and deleted, in one call of
``relay_drain``. It never remembers how far it has read, because ids are not committed in their order and
a reader that does so loses rows. Each process that posts has a relay, woken by its own till with the rows
just committed; a sweep picks up what crashed or relay-less processes left. Rows never travel to Python.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import islice

import structlog

from goen.database.pool import Writing, connect, take_role
from goen.database.queries import load

CHANNEL = "goen_feed"
DRAIN_PAUSE_SECONDS = 0.01
"""Between two drains: under load they gather more, and a commit costs the same for one row or a thousand."""
DRAIN_MEMBERS_MAX = 2_000
SWEEP_ROWS_MAX = 1_000
SWEEP_SECONDS = (0.05, 0.25)
"""Between sweeps: the first after a find, doubling to the second while there is nothing."""
SWEEP_SHARE = 20
"""Sweeps get one part in so many of the time: where an old snapshot keeps dead rows, they are slow."""
RETRY_SECONDS = 0.2
STOP_SECONDS = 2.0

_queries = load(__package__)
_log = structlog.get_logger(__name__)


class Relay:
    """One process's drain of the outbox. Make it with :func:`relaying`; hand :meth:`wake` to the till."""

    def __init__(self, dsn: str, advanced: Callable[[int], None]) -> None:
        self._dsn = dsn
        self._advanced = advanced
        self._members: dict[int, None] = {}
        self._woken = asyncio.Event()
        self._stopping = False
        self._sweep_at = 0.0
        self._sweep_pause = SWEEP_SECONDS[0]

    def wake(self, rows: Sequence[tuple[int, int]]) -> None:
        """Drain soon: ``(member_id, outbox_id)`` of rows just committed; none means "some, unknown which"."""
        self._members.update(dict.fromkeys(member for member, _ in rows))
        if not rows:
            self._sweep_at = 0.0
        self._woken.set()

    async def run(self) -> None:
        """Drain until :meth:`stop`; a lost connection is made again."""
        while not self._stopping:
            try:
                async with _connection(self._dsn) as connection:
                    await self._serve(connection)
            except Exception as error:
                # Whatever it was (a driver cut off in the middle has many words for it), a relay goes on.
                # What was taken and not drained is still in the outbox: the next sweep finds it.
                _log.warning("relay_interrupted", error=repr(error))
                self._sweep_at = 0.0
                await asyncio.sleep(RETRY_SECONDS)

    def stop(self) -> None:
        """Let :meth:`run` return once what it was handed is drained."""
        self._stopping = True
        self._woken.set()

    async def _serve(self, connection: Writing) -> None:
        loop = asyncio.get_running_loop()
        while True:
            now = loop.time()
            if now >= self._sweep_at:
                await self._sweep(connection)
            elif self._members:
                members = list(islice(self._members, DRAIN_MEMBERS_MAX))
                for member in members:
                    del self._members[member]
                await self._drain(connection, members)
                await asyncio.sleep(DRAIN_PAUSE_SECONDS)
            elif self._stopping:
                return
            else:
                self._woken.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(self._sweep_at):
                        await self._woken.wait()

    async def _sweep(self, connection: Writing) -> None:
        """Look for what nobody handed us, oldest first."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        members = await _queries.waiting_members(connection, rows_max=SWEEP_ROWS_MAX)
        took = loop.time() - began
        if members:
            await self._drain(connection, members)
        self._sweep_pause = SWEEP_SECONDS[0] if members else min(self._sweep_pause * 2, SWEEP_SECONDS[1])
        self._sweep_at = loop.time() + max(self._sweep_pause, SWEEP_SHARE * took)

    async def _drain(self, connection: Writing, members: list[int]) -> None:
        if (head := await connection.fetchval(_queries.drain.sql, members)) is not None:
            self._advanced(head)


@asynccontextmanager
async def relaying(dsn: str, advanced: Callable[[int], None]) -> AsyncIterator[Relay]:
    """A running relay. ``advanced`` hears, in this process, each new head of the feed.

    Left in order, it first drains what it was handed.
    """
    relay = Relay(dsn, advanced)
    task = asyncio.create_task(relay.run(), name="relay")
    try:
        yield relay
    finally:
        relay.stop()
        await asyncio.wait([task], timeout=STOP_SECONDS)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def _connection(dsn: str) -> AsyncIterator[Writing]:
    """A connection of the relay's own.

    The outbox is empty whenever somebody plans a query on it, and may hold a million dead rows a minute
    later: only the indexes are ever right, whatever the statistics say. On other connections this setting
    would be wrong, so it is no business of a migration or a profile.
    """
    connection = await connect(
        dsn,
        connection_class=Writing,
        server_settings={"application_name": "goen relay", "enable_seqscan": "off"},
    )
    try:
        await take_role(connection)
        yield connection
    finally:
        # Nothing is left to say, and after trouble nobody may be left to hear it.
        connection.terminate()
