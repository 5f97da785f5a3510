"""What runs here, and how large is the ledger? For a first page; nothing in it is about a person."""

from __future__ import annotations

from datetime import date

import asyncpg
import msgspec

from goen.database.pool import Database, Reading
from goen.database.queries import load

_queries = load(__package__, "overview.sql")

#: Totals are read from whole tables; where that takes longer they are left out rather than waited for.
PATIENCE_MILLISECONDS = 1500


class Totals(msgspec.Struct, frozen=True):
    """Counts, and points: ``outstanding`` are booked and unused, ``pending`` not yet confirmed."""

    members: int
    purchases: int
    outstanding: int
    pending: int
    earned: int
    used: int


class Overview(msgspec.Struct, frozen=True):
    """``totals`` is None where the ledger is too large to add it up in passing."""

    database: str
    currency: str
    timezone: str
    totals: Totals | None


async def overview(database: Database) -> Overview:
    """The state of this installation as of one moment."""
    async with database.snapshot() as connection:
        about = await _queries.about(connection)
        await connection.execute(f"set local statement_timeout = {PATIENCE_MILLISECONDS}")
        try:
            totals = Totals(**await _queries.totals(connection))
        except asyncpg.QueryCanceledError:
            totals = None
    return Overview(**about, totals=totals)


async def closed_through(connection: Reading) -> date | None:
    """The last day of the last closed period; None before the first close."""
    day: date | None = await _queries.closed_through(connection)
    return day
