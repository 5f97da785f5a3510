"""Whom does the demo show? Somebody who has bought often."""

from __future__ import annotations

from goen.database.pool import Reading
from goen.database.queries import load

_queries = load(__package__, "demo_member.sql")


async def demo_member(connection: Reading) -> int | None:
    """The member of whom the books have most; None where there is none."""
    found: int | None = await _queries.demo_member(connection)
    return found
