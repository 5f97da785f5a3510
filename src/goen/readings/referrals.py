"""Whose is a referral code, and whom has a member referred?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from goen.database.pool import Reading
from goen.database.queries import load

_queries = load(__package__, "referrals.sql")


async def referrer_of(connection: Reading, code_hash: int, code: str) -> int | None:
    """The member who has this code; None: nobody has."""
    found: int | None = await _queries.referrer_of(connection, code_hash=code_hash, code=code)
    return found


async def code_of(connection: Reading, member_id: int) -> str | None:
    """The code of a member; None where it was never asked for."""
    found: str | None = await _queries.code_of(connection, member_id=member_id)
    return found


async def referrals_by(
    connection: Reading, members: Sequence[int], rows: int, before: tuple[datetime, str] | None
) -> list[dict[str, Any]]:
    """Friends whom a person has referred under all names, newest first, older than ``before``."""
    at, referral_id = before or (None, None)
    found = _queries.referrals_by(connection, members=list(members), before=at, before_id=referral_id, rows=rows)
    return [dict(row) async for row in found]
