"""Write down who read whose personal data: gathered in memory, written together once a second.

A reading never waits for its line in the log, and the sale at a till writes none: sales answer without personal
data. A process that is killed loses the lines of its last second; one that stops in order loses none.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Literal, NamedTuple, TypeAlias

import asyncpg
import structlog

from goen.database.pool import Database, Writing
from goen.database.queries import load
from goen.vocabulary.clock import Instant

_queries = load(__package__, "accesses.sql")
_log = structlog.get_logger(__name__)

EVERY_SECONDS = 1.0
#: Lines held while the database is away; beyond it the oldest go, and the log of the process says so.
WAITING_MAX = 100_000

What: TypeAlias = Literal["read", "found", "consents", "exported", "disclosed"]


class Access(NamedTuple):
    """One line: whose data, when, by which integration or person, how, and in which request."""

    member_id: int
    at: Instant
    reader: str
    what: str
    request_id: str | None


class Accesses:
    """The lines of this process that are not written yet. Made by :func:`noting`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[Access] = []

    def note(
        self, member_ids: Iterable[int], reader: str, what: What, at: Instant, request_id: str | None = None
    ) -> None:
        """A line for each of these members."""
        self._waiting += [Access(member_id, at, reader, what, request_id) for member_id in member_ids]

    async def write(self) -> None:
        """Write what waits. While the database is away it goes on waiting."""
        lines, self._waiting = self._waiting, []
        if not lines:
            return
        try:
            async with self._database.transaction() as connection:
                # Nobody waits for these lines, so they need not wait for the disk.
                await connection.execute("set local synchronous_commit = off")
                await add(connection, lines)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            self._waiting = (lines + self._waiting)[-WAITING_MAX:]
            _log.warning("accesses_waiting", lines=len(self._waiting), error=type(error).__name__)


async def add(connection: Writing, lines: Iterable[Access]) -> None:
    """Write lines in the caller's transaction."""
    rows = list(lines)
    await _queries.add_accesses(
        connection,
        member_ids=[each.member_id for each in rows],
        ats=[each.at for each in rows],
        readers=[each.reader for each in rows],
        whats=[each.what for each in rows],
        request_ids=[each.request_id for each in rows],
    )


async def forget_old(connection: Writing, before: Instant, rows_max: int) -> int:
    """Forget at most ``rows_max`` lines older than this; how many."""
    count: int = await _queries.forget_accesses(connection, before=before, rows_max=rows_max)
    return count


@asynccontextmanager
async def noting(database: Database) -> AsyncIterator[Accesses]:
    """A log that is written while the block runs, and to its last line at the end."""
    accesses = Accesses(database)

    async def again() -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await accesses.write()

    task = asyncio.create_task(again(), name="accesses")
    try:
        yield accesses
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await accesses.write()
