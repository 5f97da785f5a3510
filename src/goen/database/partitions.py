"""Monthly partitions of ``entry``: a month can be moved or dropped whole, and hot indexes stay small."""

from __future__ import annotations

from datetime import date

import asyncpg

LOCK_SECONDS = 3


def month_after(month: date) -> date:
    """The first day of the month after the one ``month`` lies in."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


async def cover_months(connection: asyncpg.Connection, first: date, *, months: int, table: str = "entry") -> list[str]:
    """Make the partitions for the month of ``first`` and ``months`` more; returns the names made.

    Each is made in a transaction of its own, as the owner (the application's role may not). A month that
    already has rows in the default partition stays there: correct, only not apart. So does a month whose
    lock was not free within three seconds; the daily job asks again, months before it is needed.
    """
    made = []
    month = first.replace(day=1)
    for _ in range(months + 1):
        end = month_after(month)
        name = f"{table}_{month:%Y_%m}"
        if await connection.fetchval("select to_regclass($1) is null", name) and await _make(
            connection, table, name, month, end
        ):
            made.append(name)
        month = end
    return made


async def _make(connection: asyncpg.Connection, table: str, name: str, month: date, end: date) -> bool:
    try:
        async with connection.transaction():
            await connection.execute("set local role none")
            await connection.execute(f"set local lock_timeout = '{LOCK_SECONDS}s'")
            await connection.execute(
                f"create table {name} partition of {table} for values from ('{month}') to ('{end}')"
            )
    except (asyncpg.CheckViolationError, asyncpg.LockNotAvailableError, asyncpg.DuplicateTableError):
        return False
    return True
