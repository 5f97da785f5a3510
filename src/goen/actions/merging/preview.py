"""What would a merge, its undo, or an adjustment change? The very act, decided on what is there; nothing is written."""

from __future__ import annotations

from goen.actions.merging.merge import MergeMembers
from goen.actions.merging.undo import UndoMerge
from goen.actions.points.by_hand import Adjust
from goen.actions.till.books import Books
from goen.actions.till.desk import Desk
from goen.actions.till.posting import Rows
from goen.database.pool import Database
from goen.ledger.errors import LotsNotLoaded
from goen.vocabulary.clock import Instant


async def preview(database: Database, act: MergeMembers | UndoMerge | Adjust, now: Instant) -> bytes:
    """The body of the answer. Raises what the act would be refused with."""
    async with database.snapshot() as connection:
        books = Books(now, act.context.day_of(now))
        await books.read(connection, [act], ())
        while True:
            try:
                return act.decide(Desk(books, Rows(), 0)).body
            except LotsNotLoaded as wanted:
                await books.load_lots(connection, wanted.member_id, wanted.lot_ids)
