"""Server-sent events: many listeners, one reader of the feed per process.

The reader keeps the newest events in a ring of fixed size and wakes whom they concern. A listener is only
a position: near the head it is served from the ring, further back it reads pages of the table by itself.
A slow one therefore costs nothing but its own lateness, and none has a queue that could grow.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import msgspec
import structlog

from goen.database.pool import Database
from goen.delivery import feed
from goen.delivery.feed import MERGING, Event
from goen.delivery.head import FeedHead
from goen.vocabulary import ids

RING_EVENTS = 4_096
PAGE_POSITIONS = 500
SCAN_POSITIONS = 20_000
"""A listener to one member skips others' events in steps of so many positions."""
CHUNK_EVENTS = 100
HEARTBEAT_SECONDS = 15.0
RETRY_SECONDS = 0.5

_log = structlog.get_logger(__name__)


class _Both(msgspec.Struct):
    """Of the body of a merge's event: the survivor and who was merged into it."""

    member_id: str
    source: str


@dataclass(eq=False)
class Listener:
    """One stream. While ``idle`` it has seen all that concerns it, up to wherever the reader is."""

    members: frozenset[int] | None
    """Who is one member by now; None for everybody."""
    position: int
    idle: bool = False
    over: bool = False
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self, before: int) -> None:
        """Something after ``before`` concerns this listener."""
        if self.idle:
            self.idle = False
            # It may have asked for a later start than where the reader was.
            self.position = max(self.position, before)
            self.ready.set()


class Streams:
    """All streams of one process. Made by :func:`streaming`; :meth:`open` gives one."""

    def __init__(self, database: Database, head: FeedHead) -> None:
        self._database = database
        self._head = head
        self._ring: list[Event] = []  # Without gaps; cut to half when it has grown to twice its size.
        self._position = 0
        self._everything: set[Listener] = set()
        self._by_member: dict[int, set[Listener]] = {}
        self._wanted = asyncio.Event()
        self._closing = False

    async def open(self, after: int | None, members: Iterable[int] | None) -> AsyncIterator[bytes]:
        """The events after a position (None: from now on) of one member or of all, encoded, without end.

        ``members``: all numbers that are this one member by now. A stream of one member ends after an event that
        merges or parts it: asked for again it knows whom it concerns.

        The first chunk tells where the stream starts, as an ``id:`` alone, so that a listener that loses its
        connection before the first event resumes there too. The iterator ends when this process stops, or
        when the listener fell so far behind that events were purged; asking again resumes or tells so.

        Raises:
            CursorExpired: at once, when ``after`` is not within what is kept.
        """
        async with self._database.reading() as connection:
            bounds = await feed.bounds(connection)
        if after is None:
            after = bounds.head
        bounds.guard(after)
        self._head.advance(bounds.head)
        return self._chunks(Listener(None if members is None else frozenset(members), after))

    def close(self) -> None:
        """End every stream; for the process's own end."""
        self._closing = True
        for listener in self._listeners():
            listener.ready.set()

    @property
    def count(self) -> int:
        """How many streams are open."""
        return len(self._listeners())

    def _listeners(self) -> list[Listener]:
        return [*self._everything, *{each for some in self._by_member.values() for each in some}]

    async def read(self) -> None:
        """Feed the ring while anybody listens, until cancelled."""
        while True:
            if not self.count:
                self._wanted.clear()
                await self._wanted.wait()
                # Whatever was missed in between, listeners read from the table.
                self._ring.clear()
                self._position = self._head.position
                for listener in self._listeners():
                    listener.wake(before=0)
            try:
                if await self._head.beyond(self._position, HEARTBEAT_SECONDS):
                    await self._read_on()
            except Exception as error:
                _log.warning("stream_reader_interrupted", error=repr(error))
                await asyncio.sleep(RETRY_SECONDS)

    async def _read_on(self) -> None:
        through = min(self._head.position, self._position + PAGE_POSITIONS)
        async with self._database.reading() as connection:
            events = await feed.page(connection, self._position, through)
        before, self._position = self._position, through
        self._ring += events
        if len(self._ring) >= 2 * RING_EVENTS:
            del self._ring[:-RING_EVENTS]
        for event in events:
            for listener in self._by_member.get(event.member_id, ()):
                listener.wake(before)
        if events:
            for listener in self._everything:
                listener.wake(before)

    async def _chunks(self, listener: Listener) -> AsyncIterator[bytes]:
        self._register(listener)
        try:
            yield f"id: {listener.position}\n: listening\n\n".encode()
            while not self._closing:
                if (chunk := await self._next(listener)) is not None:
                    if chunk:
                        yield chunk
                    if listener.over:
                        break
                    continue
                listener.idle = True
                listener.ready.clear()
                try:
                    async with asyncio.timeout(HEARTBEAT_SECONDS):
                        await listener.ready.wait()
                except TimeoutError:
                    if listener.idle:
                        # All up to here was seen or concerns others: resuming from here skips it.
                        listener.idle = False
                        listener.position = max(listener.position, self._position)
                        yield f"id: {listener.position}\n: alive\n\n".encode()
        except Exception as error:
            # Purged under its feet, or the database is away: the listener comes back with its position.
            _log.info("stream_ended", position=listener.position, error=repr(error))
        finally:
            self._leave(listener)

    async def _next(self, listener: Listener) -> bytes | None:
        """The next chunk, empty where a stretch holds nothing for it; None once the listener has seen all."""
        if listener.position >= self._position:
            return None
        if not self._ring or self._ring[0].position > listener.position + 1:
            return await self._from_table(listener)
        start = listener.position + 1 - self._ring[0].position
        events = self._ring[start : start + CHUNK_EVENTS]
        listener.position = events[-1].position
        return _told(listener, events)

    async def _from_table(self, listener: Listener) -> bytes:
        step = PAGE_POSITIONS if listener.members is None else SCAN_POSITIONS
        through = min(listener.position + step, self._position)
        async with self._database.reading() as connection:
            events = await feed.page(connection, listener.position, through, listener.members)
            # Purging marks before it deletes, so this look after the page tells whether the page was whole.
            (await feed.bounds(connection)).guard(listener.position)
        listener.position = through
        return _told(listener, events)

    def _register(self, listener: Listener) -> None:
        if listener.members is None:
            self._everything.add(listener)
        for member_id in listener.members or ():
            self._by_member.setdefault(member_id, set()).add(listener)
        self._wanted.set()

    def _leave(self, listener: Listener) -> None:
        self._everything.discard(listener)
        for member_id in listener.members or ():
            if some := self._by_member.get(member_id):
                some.discard(listener)
                if not some:
                    del self._by_member[member_id]


def _told(listener: Listener, events: Sequence[Event]) -> bytes:
    """What of these concerns the listener; up to and with a merge of its member, after which it is over."""
    told = []
    for event in events:
        if listener.members is None:
            if not event.twin:
                told.append(event.sse)
        elif event.member_id in listener.members:
            if event.topic not in MERGING:
                told.append(event.sse)
                continue
            survivor, source = _both(event)
            if event.twin and survivor in listener.members:
                continue  # It hears the survivor's.
            told.append(event.sse)
            if (source in listener.members and survivor in listener.members) == (event.topic == "member.unmerged"):
                listener.over, listener.position = True, event.position  # News to this listener's numbers.
                break
    return b"".join(told)


def _both(event: Event) -> tuple[int | None, int | None]:
    """The numbers of a merge's survivor and of who was merged into it."""
    about = msgspec.json.decode(event.body, type=_Both)
    return ids.decode(about.member_id.rpartition("_")[2]), ids.decode(about.source.rpartition("_")[2])


@asynccontextmanager
async def streaming(database: Database, head: FeedHead) -> AsyncIterator[Streams]:
    """Streams over the feed, with their reader, while the block runs."""
    streams = Streams(database, head)
    task = asyncio.create_task(streams.read(), name="stream-reader")
    try:
        yield streams
    finally:
        streams.close()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
