"""A list leaves the house: who took which one is written down before its first row goes."""

from __future__ import annotations

from goen.database.pool import Database
from goen.shops.store import audit
from goen.vocabulary.clock import Instant


async def note_export(database: Database, name: str, form: str, asked: str, by: str, now: Instant) -> None:
    """Write down that ``by`` takes the list ``name`` away; ``asked``: which rows of it were asked for."""
    details = {"list": name, "format": form, "filter": asked}
    async with database.transaction() as connection:
        await audit(connection, at=now, author=by, action="list.exported", details=details)
