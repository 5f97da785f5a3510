"""Where does a draw stand, what was won, and did everybody win by their lots?"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Literal, NamedTuple

from goen.database.pool import Database, Reading
from goen.earning.draws.model import PrizeDraw, from_json
from goen.earning.draws.rules import Checked, Entered, checked
from goen.earning.draws.words import odds_text
from goen.shops import draws as store

State = Literal["draft", "scheduled", "live", "over", "stopped", "drawn"]
#: So many entries are read at a time.
_PIECE = 1000


class Kept(NamedTuple):
    """A draw as it is kept. ``won``: by prize how many pieces; ``tickets``: how many there are."""

    row: store.DrawRow
    draw: PrizeDraw
    state: State
    won: dict[str, int]
    tickets: int


async def kept(connection: Reading, code: str, now: datetime) -> Kept | None:
    """One draw."""
    row = await store.draw(connection, code)
    return None if row is None else (await _kept(connection, [row], now))[0]


async def listed(connection: Reading, limit: int, after: str, now: datetime) -> tuple[list[Kept], str | None]:
    """Draws by code, and the code to go on after."""
    rows = await store.draws(connection, after, limit + 1)
    return await _kept(connection, rows[:limit], now), rows[limit - 1].code if len(rows) > limit else None


async def proved(database: Database, one: Kept) -> Checked:
    """Whether the winners of a draw that is decided are those of its seed. Looks at every ticket, in a thread."""
    assert one.row.seed is not None
    assert one.row.seed_hash is not None
    found: list[Entered] = []
    after: tuple[int, str] | None = None
    while True:
        async with database.reading() as connection:
            rows = await store.entries(connection, one.row.code, _PIECE, after, won=False)
        found += [Entered(row.entry_id, row.tickets, dict(wins_of(row))) for row in rows]
        if len(rows) < _PIECE:
            break
        after = rows[-1].member_id, rows[-1].entry_id
    return await asyncio.to_thread(checked, one.draw, one.row.seed, one.row.seed_hash, found)


def wins_of(row: store.EntryRow) -> list[tuple[int, str]]:
    """Tickets of an entry that have won, and the prize of each."""
    return [(int(ticket), prize) for ticket, _, prize in (each.partition(":") for each in row.wins)]


def chances(draw: PrizeDraw, language: str) -> dict[str, str]:
    """By prize its chance in the words to be published; none where a draft lacks odds."""
    sound = draw.method == "end" or all(prize.odds is not None for prize in draw.prizes)
    return {prize.code: odds_text(draw, prize, language) if sound else "" for prize in draw.prizes}


async def _kept(connection: Reading, rows: list[store.DrawRow], now: datetime) -> list[Kept]:
    counts = await store.counts(connection, [row.code for row in rows])
    found = []
    for row in rows:
        draw = from_json(row.document)
        won = {prize.code: counts.get((row.code, prize.code), 0) for prize in draw.prizes}
        found.append(Kept(row, draw, _state(draw, row, now), won, counts.get((row.code, ""), 0)))
    return found


def _state(draw: PrizeDraw, row: store.DrawRow, now: datetime) -> State:
    if row.drawn_at is not None:
        return "drawn"
    if row.stopped_at is not None:
        return "stopped"
    if row.live_from is None:
        return "draft"
    if draw.ends_at <= now:
        return "over"
    return "live" if draw.starts_at <= now else "scheduled"
