"""One-time codes: six digits sent to a phone or mail address, kept as hashes and for minutes.

Whoever asks for a code gets an id, a secret of its own; the code reaches the contact by another way. Only
both together confirm. In the database stand neither of them nor the contact: the rows are found by the
hash of the id, which also keys the hash of the code, so that nobody who reads the table can try codes.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from enum import Enum
from hashlib import blake2b
from hmac import compare_digest

from goen.database.pool import Writing
from goen.database.queries import load
from goen.members.errors import TooManyCodes

CODE_LIFE = timedelta(minutes=10)
#: How long a confirmed code goes on proving the contact: time to fill in a form.
PROOF_LIFE = timedelta(minutes=30)
DIGITS = 6
FAILURES_MAX = 5

_queries = load(__package__, "codes.sql")


class Quota(Enum):
    """How often codes may be asked for: (window, most in it)."""

    CONTACT_AGAIN = (timedelta(seconds=30), 1)
    CONTACT = (timedelta(hours=1), 5)
    ADDRESS = (timedelta(hours=1), 20)
    #: Of an integration that names no address: many people may stand behind it.
    INTEGRATION = (timedelta(hours=1), 600)
    #: Of an address: codes typed in, and forms to join sent.
    ATTEMPT = (timedelta(minutes=5), 30)
    #: Of a member: receipts claimed by what is printed on them, and people asked into a household by number.
    GUESS = (timedelta(hours=1), 10)


def new_id() -> str:
    """An id nobody guesses."""
    return secrets.token_urlsafe(24)


def new_code() -> str:
    """Six digits, leading zeros included."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"


def subject_of(*words: str | int) -> bytes:
    """What a code is about, as kept: ``subject_of("contact", "phone", "+8190…")``."""
    return blake2b("\x1f".join(map(str, words)).encode(), digest_size=32).digest()


async def add(connection: Writing, code_id: str, subject: bytes, code: str, now: datetime) -> datetime:
    """Keep a code that is about to be sent; gives the moment it ends."""
    expires_at = now + CODE_LIFE
    await _queries.add_code(
        connection, **_row(code_id), subject=subject, code=_digest(code_id, code), expires_at=expires_at
    )
    return expires_at


async def confirm(connection: Writing, code_id: str, subject: bytes, code: str, now: datetime) -> datetime | None:
    """Confirm a code, once; gives until when it proves its subject, None where it is not the right one.

    Attempts count whatever becomes of them: call it outside a transaction that may be taken back. After five
    nothing is right any more.
    """
    row = await _queries.try_code(connection, **_row(code_id), subject=subject, now=now, failures_max=FAILURES_MAX)
    if row is None or not compare_digest(bytes(row["code"]), _digest(code_id, code)):
        return None
    proves_until = now + PROOF_LIFE
    first = await _queries.confirm_code(connection, **_row(code_id), now=now, expires_at=proves_until)
    return proves_until if first else None


async def try_proof(connection: Writing, code_id: str, subject: bytes, now: datetime) -> bool:
    """Whether a second key may be compared beside this proof; counts the attempt."""
    may: bool | None = await _queries.try_proof(
        connection, **_row(code_id), subject=subject, now=now, failures_max=FAILURES_MAX
    )
    return may is not None


async def use(connection: Writing, code_id: str, subject: bytes, now: datetime) -> bool:
    """Use up what a confirmed code proves; False where it proves nothing of the kind, or was used."""
    used: bool | None = await _queries.use_proof(connection, **_row(code_id), subject=subject, now=now)
    return used is not None


async def count(connection: Writing, quota: Quota, whose: str, now: datetime) -> None:
    """Count one asking of ``whose`` (a normal contact, an address, an integration's name).

    Raises:
        TooManyCodes: this window's are used up; with the seconds until it is over.
    """
    window, most = quota.value
    digest = blake2b(f"{quota.name}\x1f{whose}".encode(), digest_size=16).digest()
    row = await _queries.count_asked(
        connection, quota_hash=_half(digest[:8]), quota_check=_half(digest[8:]), now=now, over=now - window
    )
    if row["asked"] > most:
        left = row["since"] + window - now
        raise TooManyCodes(max(1, round(left.total_seconds())))


async def drop_old(connection: Writing, now: datetime) -> None:
    """Forget codes and counters that are a day old."""
    await _queries.drop_old_codes(connection, before=now - timedelta(days=1))


def _row(code_id: str) -> dict[str, int]:
    digest = blake2b(code_id.encode(), digest_size=16).digest()
    return {"code_hash": _half(digest[:8]), "code_check": _half(digest[8:])}


def _half(eight: bytes) -> int:
    return int.from_bytes(eight, "big", signed=True)


def _digest(code_id: str, code: str) -> bytes:
    return blake2b(code.encode(), key=blake2b(code_id.encode(), digest_size=32, person=b"code").digest()).digest()
