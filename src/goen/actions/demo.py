"""Whether a database is the demo retailer's, whose pages let anybody in with one click."""

from __future__ import annotations

from goen.database.pool import Database
from goen.database.queries import load

_queries = load(__package__, "demo.sql")
#: What the demo calls itself: an import of its own that was interrupted is known again.
AUTHOR = "goen demo"


async def is_demo(database: Database) -> bool:
    """Whether the demo retailer was loaded here, or may be: nobody and nothing is there yet."""
    async with database.reading() as connection:
        found: bool = await _queries.is_demo(connection, author=AUTHOR)
    return found
