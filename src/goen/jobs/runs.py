"""The book of runs, and one runner at a time for each job.

A job's turn is an advisory lock of a session kept for nothing else: the server gives it back when the process
dies, however it dies, without leases to renew. Such locks need a session of one's own, so the worker
connects to the server itself or through a pooler in session mode.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Literal

import asyncpg

from goen.database.pool import Database, Writing, connect
from goen.database.queries import load
from goen.vocabulary.clock import Instant

Outcome = Literal["done", "failed", "stopped"]
ERROR_LETTERS_MAX = 2_000

_queries = load(__package__)


class Turns:
    """The jobs whose turn this process has. Made by :func:`turns`."""

    def __init__(self, connection: Writing) -> None:
        self._connection = connection
        self._asking = asyncio.Lock()
        self.lost = asyncio.Event()
        """Set when the session is gone and with it every turn."""
        connection.add_termination_listener(lambda _: self.lost.set())

    async def take(self, job: str) -> bool:
        """Take a job's turn; False where another process has it."""
        async with self._asking:
            return bool(await _queries.try_lock(self._connection, job=job))

    async def give_back(self, job: str) -> None:
        """Let another process have it."""
        async with self._asking:
            if not self._connection.is_closed():
                await _queries.unlock(self._connection, job=job)


@asynccontextmanager
async def turns(dsn: str) -> AsyncIterator[Turns]:
    """A session to take turns with."""
    connection = await connect(dsn, connection_class=Writing, server_settings={"application_name": "goen turns"})
    try:
        yield Turns(connection)
    finally:
        await connection.close(timeout=1)


async def last_starts(database: Database) -> dict[str, Instant]:
    """When each job ran last, in whatever process."""
    async with database.reading() as connection:
        return {row["job"]: row["started_at"] async for row in _queries.started_at(connection)}


async def last_start(database: Database, job: str) -> Instant | None:
    """When this job ran last; None: never."""
    async with database.reading() as connection:
        found: Instant | None = await _queries.last_start(connection, job=job)
    return found


async def start(database: Database, job: str, now: Instant) -> None:
    """Note that a run begins."""
    async with database.writing() as connection:
        await _queries.start(connection, job=job, now=now)


async def finish(
    database: Database, job: str, now: Instant, outcome: Outcome, seconds: float, done: int | None, error: str | None
) -> None:
    """Note how a run ended: how long it took, how much it did, or what went wrong."""
    async with database.writing() as connection:
        await _queries.finish(
            connection,
            job=job,
            now=now,
            outcome=outcome,
            seconds=seconds,
            done=done,
            error=None if error is None else error[:ERROR_LETTERS_MAX].replace("\0", ""),
        )


AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What a database that is away looks like."""


async def purge_keys_piece(connection: Writing, today: date, rows_max: int) -> int:
    """Forget up to so many keys kept until a day before ``today``; how many."""
    return int(await _queries.purge_keys(connection, today=today, rows_max=rows_max))
