"""The only place that touches the tables of draws, the till's own statements aside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from goen.database.pool import Reading, Writing
from goen.database.queries import load

_queries = load(__package__, "draws.sql")


class DrawRow(NamedTuple):
    """A draw; ``document`` is JSON that only :mod:`goen.earning` understands, ``seed`` is told once all is decided."""

    code: str
    document: str
    seed: bytes | None
    seed_hash: str | None
    live_from: datetime | None
    stopped_at: datetime | None
    drawn_at: datetime | None
    put_by: str
    put_at: datetime


class EntryRow(NamedTuple):
    """An entry; ``wins``: ticket and prize, ``2:towel``."""

    member_id: int
    entry_id: str
    tickets: int
    entered_at: datetime
    wins: list[str]


async def put(connection: Writing, code: str, document: str, by: str, now: datetime) -> bool:
    """Keep a draw as it shall be; False where it is live already."""
    return await _queries.put_draw(connection, code=code, document=document, by=by, now=now) is not None


async def lock(connection: Writing, code: str) -> DrawRow | None:
    row = await _queries.lock_draw(connection, code=code)
    return None if row is None else DrawRow(*row)


async def draw(connection: Reading, code: str) -> DrawRow | None:
    found = await draws(connection, "", 1, only=code)
    return found[0] if found else None


async def draws(connection: Reading, after: str, rows: int, only: str | None = None) -> list[DrawRow]:
    return [DrawRow(*row) async for row in _queries.draws(connection, after=after, only=only, rows=rows)]


async def drafts(connection: Reading) -> list[DrawRow]:
    """Draws that are not live yet, by code."""
    return [DrawRow(*row) async for row in _queries.draw_drafts(connection)]


async def set_live(connection: Writing, code: str, seed: bytes, seed_hash: str, now: datetime) -> None:
    await _queries.set_draw_live(connection, code=code, seed=seed, seed_hash=seed_hash, now=now)


async def set_stopped(connection: Writing, code: str, now: datetime) -> None:
    await _queries.set_draw_stopped(connection, code=code, now=now)


async def counts(connection: Reading, codes: Sequence[str]) -> dict[tuple[str, str], int]:
    """By draw and prize how many were won, under an empty prize how many tickets there are."""
    rows = _queries.draw_counts(connection, codes=list(codes))
    return {(code, prize): count async for code, prize, count in rows}


async def entries(
    connection: Reading, code: str, rows: int, after: tuple[int, str] | None, *, won: bool
) -> list[EntryRow]:
    """Entries of a draw by member; ``won``: those alone that have won."""
    member_id, entry_id = after or (0, "")
    found = _queries.entries(
        connection, code=code, after_member=member_id, after_id=entry_id, won=won, rows=rows
    )  # fmt: skip
    return [EntryRow(*row) async for row in found]
