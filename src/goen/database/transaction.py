"""Transactions that are worth asking again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from goen.database.pool import Database, Writing

T = TypeVar("T")


async def again_on_conflict(database: Database, work: Callable[[Writing], Awaitable[T]], *, times: int = 3) -> T:
    """Run ``work`` in one transaction; on a deadlock or serialisation failure from its start again.

    ``work`` must therefore have no effect outside the transaction. After ``times`` attempts the
    database's error is passed on.
    """
    for _ in range(times - 1):
        try:
            async with database.transaction() as connection:
                return await work(connection)
        except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError):
            continue
    async with database.transaction() as connection:
        return await work(connection)
