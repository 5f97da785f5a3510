"""Connections: a pool to read and a pool to write, told apart by type and by the server.

A store's reading function takes a :class:`Reading`, a writing one a :class:`Writing` (which reads as
well). Connections act as the role ``goen_app`` where it exists, so that append-only holds by grants.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from goen.database.errors import DatabaseUnavailable, ServerTooOld

APPLICATION_ROLE = "goen_app"
OLDEST_SERVER = 16
RECOVERY_SECONDS = 15.0

_TAKE_ROLE = """
select set_config('role', rolname, false) from pg_roles
 where rolname = $1 and pg_has_role(current_user, oid, 'set')
"""


class Reading(asyncpg.Connection):  # type: ignore[misc] # asyncpg carries no types.
    """A connection for questions; the server refuses it any write."""

    def get_reset_query(self) -> str:
        """Nothing to reset, and so no round trip: our statements leave no session state behind.

        asyncpg still rolls back an open transaction and drops listeners when a connection is released.
        """
        return ""


class Writing(Reading):
    """A connection for acts."""


@dataclass(frozen=True)
class Database:
    """The two pools of one process. Made by :func:`open_database`, handed down as a value."""

    dsn: str
    readers: asyncpg.Pool
    writers: asyncpg.Pool

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reading]:
        """A connection that only reads, each statement for itself."""
        async with self.readers.acquire() as connection:
            yield connection

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Reading]:
        """A connection whose statements all see the same moment."""
        async with self.readers.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Writing]:
        """A connection that may write; each statement commits by itself."""
        async with self.writers.acquire() as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Writing]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        async with self.writers.acquire() as connection, connection.transaction():
            yield connection


@asynccontextmanager
async def open_database(
    dsn: str,
    *,
    readers_max: int = 8,
    writers_max: int = 8,
    wait_seconds: float = RECOVERY_SECONDS,
    name: str = "goen",
) -> AsyncIterator[Database]:
    """Open both pools. Connections are made when first needed and then kept; the server knows them by ``name``.

    Raises:
        ServerTooOld: the server is older than PostgreSQL 16.
        DatabaseUnavailable: nobody answers there within ``wait_seconds``, or the log-in is refused.
    """
    await check_server(dsn, wait_seconds)
    readers = _pool(dsn, Reading, readers_max, name, {"default_transaction_read_only": "on"})
    writers = _pool(dsn, Writing, writers_max, name, {})
    async with readers, writers:
        yield Database(dsn, readers, writers)


def _pool(dsn: str, kind: type[Reading], size_max: int, name: str, settings: dict[str, str]) -> asyncpg.Pool:
    return asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=size_max,
        connection_class=kind,
        connect=connect,
        init=take_role,
        statement_cache_size=500,
        max_cached_statement_lifetime=0,
        max_inactive_connection_lifetime=0,
        server_settings={"application_name": f"{name} {kind.__name__.lower()}", **settings},
    )


async def connect(*arguments: Any, wait_seconds: float = RECOVERY_SECONDS, **options: Any) -> Any:
    """``asyncpg.connect`` that waits while the server restarts after a crash."""
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            return await asyncpg.connect(*arguments, **options)
        except (ConnectionError, asyncpg.CannotConnectNowError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)


async def take_role(connection: asyncpg.Connection) -> None:
    """Act as ``goen_app`` from now on, where that role exists and we are a member of it."""
    await connection.fetchval(_TAKE_ROLE, APPLICATION_ROLE)


async def check_server(dsn: str, wait_seconds: float = RECOVERY_SECONDS) -> None:
    """Refuse a server that nobody answers for, or that is older than PostgreSQL 16."""
    try:
        connection = await connect(dsn, wait_seconds=wait_seconds)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseUnavailable(f"The database does not answer: {error}. Check GOEN_DATABASE_URL.") from None
    try:
        major = connection.get_server_version().major
    finally:
        await connection.close()
    if major < OLDEST_SERVER:
        raise ServerTooOld(
            f"The server behind GOEN_DATABASE_URL is PostgreSQL {major}; Goen needs {OLDEST_SERVER} or "
            f"newer. Upgrade the server, or leave GOEN_DATABASE_URL unset to use the embedded one.",
            found=major,
            oldest=OLDEST_SERVER,
        )
