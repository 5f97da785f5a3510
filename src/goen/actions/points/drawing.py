"""A draw that is over: the winners by their lots, and the seed made public."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import msgspec

from goen.actions.points.context import Context
from goen.actions.points.draws import DRAWS, AwardPrize
from goen.actions.till.till import Till
from goen.database.pool import Database
from goen.earning.draws.model import PrizeDraw, from_json
from goen.earning.draws.rules import ranked
from goen.earning.standing.errors import NotRewarded
from goen.members.errors import MemberWithdrawn, UnknownMember

#: An entry of the last moment may still be on its way to the books.
SETTLED = timedelta(minutes=1)


class _Prize(msgspec.Struct):
    prize: str


_prize = msgspec.json.Decoder(_Prize).decode


async def draw_due(database: Database, till: Till, context: Context, now: datetime) -> int:
    """Decide draws that are over; gives how many prizes were awarded. Safe to be broken off: what was awarded stays so,
    and the order of the tickets is always the same."""
    async with database.reading() as connection:
        due = await connection.fetch(DRAWS.due_draws.sql, now - SETTLED)
    awarded = 0
    for code, document, seed in due:
        draw = from_json(document)
        if draw.method == "end":
            awarded += await _award(database, till, context, code, draw, seed)
        async with database.transaction() as connection:
            await DRAWS.set_drawn(connection, code=code, now=now)
    return awarded


async def _award(
    database: Database, till: Till, context: Context, code: str, draw: PrizeDraw, seed: bytes
) -> int:  # fmt: skip
    async with database.reading() as connection:
        rows = await connection.fetch(DRAWS.entries_of_draw.sql, code)
    entries = {row["entry_id"]: (row["member_id"], row["purchase_id"]) for row in rows}
    tickets = [(row["entry_id"], number) for row in rows for number in range(1, row["tickets"] + 1)]
    pieces = [prize.code for prize in draw.prizes for _ in range(prize.count)]
    awarded = 0
    for ticket in await asyncio.to_thread(ranked, seed, tickets):
        if not pieces:
            break
        member_id, purchase_id = entries[ticket[0]]
        try:
            answer = await till.post(AwardPrize(context, code, pieces[0], member_id, ticket, purchase_id))
        except (NotRewarded, MemberWithdrawn, UnknownMember):
            continue  # The next one has it.
        pieces.remove(_prize(answer.body).prize)  # Of a run that was broken off: what the ticket has won by then.
        awarded += not answer.replayed
    return awarded
