"""Reading the feed by position, and forgetting what is too old."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from goen.database.pool import Reading, Writing
from goen.database.queries import load
from goen.delivery.errors import CursorExpired
from goen.vocabulary.clock import Instant

KEPT = timedelta(days=30)
"""Nobody who comes back within this time has lost anything."""

MERGING = frozenset({"member.merged", "member.unmerged"})
"""After these a member's events come under other numbers; told in both members' books."""

_queries = load(__package__)


@dataclass(frozen=True)
class Event:
    """One event of the feed. ``body`` is a JSON object as text, without personal data."""

    position: int
    topic: str
    member_id: int
    recorded_at: Instant
    body: str

    @property
    def twin(self) -> bool:
        """Whether it stands here once more for who listens to the merged member alone; all others hear it once."""
        return self.topic in MERGING and self.body.endswith('"twin":true}')

    @cached_property
    def sse(self) -> bytes:
        """A server-sent event: position, topic, and the body with topic and time in front.

        Made when first asked for and once only, however many listeners take it.
        """
        # JSON may be written over several lines, but no text in it is: line breaks are escaped there.
        rest = self.body.replace("\r", " ").replace("\n", " ").strip()[1:].lstrip()
        comma = "" if rest == "}" else ","
        head = f'{{"type":"{self.topic}","recorded_at":"{self.recorded_at.isoformat()}"{comma}'
        return f"id: {self.position}\nevent: {self.topic}\ndata: {head}{rest}\n\n".encode()


@dataclass(frozen=True, slots=True)
class Bounds:
    """``head``: the last position given. ``purged_through``: the last one forgotten; both 0 at first."""

    head: int
    purged_through: int

    def guard(self, after: int) -> None:
        """Refuse to go on after a position from which the way to the head is not whole.

        Raises:
            CursorExpired: what followed was purged, or the position was never given.
        """
        if after < self.purged_through:
            raise CursorExpired(
                f"Events after {after} are kept no longer; the feed now starts after {self.purged_through}.",
                oldest=str(self.purged_through),
            )
        if after > self.head:
            raise CursorExpired(
                f"The feed has not come to {after}; its last position is {self.head}. "
                f"Was the database restored from a backup? Read the current state and start anew.",
                oldest=str(self.purged_through),
            )


async def bounds(connection: Reading) -> Bounds:
    """Where the feed starts and ends at this moment."""
    row = await _queries.bounds(connection)
    return Bounds(row["head"], row["purged_through"])


async def page(connection: Reading, after: int, through: int, members: Collection[int] | None = None) -> list[Event]:
    """Events with ``after < position <= through``, of these members or of all, in order."""
    some = None if members is None else list(members)
    return [Event(*row) async for row in _queries.page(connection, after=after, through=through, members=some)]


async def topics_page(
    connection: Reading, after: int, through: int, topics: Sequence[str], rows_max: int
) -> list[Event]:
    """The first events with ``after < position <= through`` and one of these topics (none: all), in order, once."""
    rows = _queries.topics_page(connection, after=after, through=through, topics=topics, rows_max=rows_max)
    return [Event(*row) async for row in rows]


async def position_before(connection: Reading, moment: Instant) -> int:
    """The position after which everything recorded at ``moment`` or later comes.

    Found by halving: positions have no gaps. Tills number acts a little out of the order of their clocks,
    so the answer lies up to ten seconds early rather than late.
    """
    ends = await bounds(connection)
    low, high = ends.purged_through, ends.head
    moment -= timedelta(seconds=10)
    while low < high:
        middle = (low + high + 1) // 2
        recorded_at = await _queries.recorded_at(connection, position=middle)
        # Absent: purged while we looked, and so older than any moment one may still ask for.
        if recorded_at is None or recorded_at < moment:
            low = middle
        else:
            high = middle - 1
    return low


async def purge_piece(connection: Writing, before: Instant, rows_max: int) -> int:
    """Forget up to ``rows_max`` of the oldest events, all recorded before this moment; how many."""
    async with connection.transaction():
        through = await _queries.purgeable(connection, before=before, rows_max=rows_max)
        await _queries.mark_purged(connection, through=through)
        return int(await _queries.purge(connection, through=through))


async def announce(connection: Writing, topic: str, body: str, at: Instant) -> None:
    """Put one event of our own into the outbox, in the caller's transaction; ``body`` is a JSON object."""
    await _queries.announce(connection, topic=topic, body=body, recorded_at=at)
