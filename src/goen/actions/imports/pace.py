"""Giving way: an import pauses while tills post on the same database.

Batches are short, so nobody waits long for one; what they share is processors and the disk. After each round
the import looks whether another process's till is at work at this very moment. The more often it is, the
longer the pause: at most as long as the round took, so an import never drops below half its pace.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from goen.database.pool import connect

#: Weight of one look against those before it: a handful of looks decides.
WEIGHT = 0.3
#: A pause is at most this long; a round that took longer waited for something else.
PAUSE_SECONDS_MAX = 1.0

# Other processes' tills write under this name (database/pool.py); an import's own connections have another.
_AT_WORK = """
select exists (select from pg_stat_activity
                where datname = current_database() and application_name = 'goen writing' and state = 'active')
"""


class Pace:
    """How much others have to do: 0 nothing, 1 always something."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self.pressure = 0.0

    async def give_way(self, took: float) -> None:
        """Look, and pause according to what the last looks saw. ``took``: seconds since the last pause."""
        seen: bool = await self._connection.fetchval(_AT_WORK)
        self.pressure += WEIGHT * (seen - self.pressure)
        pause = min(took, PAUSE_SECONDS_MAX) * self.pressure
        if pause > 0.001:
            await asyncio.sleep(pause)


@asynccontextmanager
async def watching(dsn: str) -> AsyncIterator[Pace]:
    """A pace that looks through a connection of its own. That one keeps the log-in's own role: the
    application's role does not see what other sessions do."""
    connection = await connect(dsn, server_settings={"application_name": "goen import watch"})
    try:
        yield Pace(connection)
    finally:
        await connection.close()
