"""The PIN: four to eight digits, kept as argon2. Hashing takes tens of milliseconds, so it runs in a thread."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from goen.database.pool import Database
from goen.members.errors import PinLocked
from goen.members.store import forgive_pin, try_pin
from goen.vocabulary.clock import Instant

FAILURES_MAX = 5
LOCKED_FOR = timedelta(minutes=30)

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


async def hashed(pin: str) -> str:
    """What is kept of a PIN."""
    return await asyncio.to_thread(_hasher.hash, pin)


async def proves(database: Database, member_id: int, pin: str, now: Instant) -> bool:
    """Whether this is the member's PIN. The fifth wrong one in a row locks it for 30 minutes.

    An attempt is counted before it is checked, and forgiven when right, so that guesses sent side by side
    count as well. Without a PIN nothing proves.

    Raises:
        PinLocked: it rests.
    """
    async with database.writing() as connection:
        attempt = await try_pin(connection, member_id, now, FAILURES_MAX, now + LOCKED_FOR)
    if attempt is None:
        return False
    if attempt.locked:
        raise PinLocked
    if not await asyncio.to_thread(_matches, attempt.pin_hash, pin):
        return False
    async with database.writing() as connection:
        await forgive_pin(connection, member_id)
    return True


def _matches(kept: str, pin: str) -> bool:
    try:
        return _hasher.verify(kept, pin)
    except (VerificationError, InvalidHashError):
        return False
