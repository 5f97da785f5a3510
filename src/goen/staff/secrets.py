"""Passwords, PINs, second factors and tokens. Hashing takes tens of milliseconds, so it runs in a thread."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from goen.vocabulary.clock import Instant

STEP_SECONDS = 30
#: No letter or digit that could be taken for another.
_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
#: Checked where nobody has the login, so that the time taken does not tell.
_nobody = _hasher.hash(secrets.token_urlsafe(16))


async def hashed(secret: str) -> str:
    """What is kept of a password or PIN."""
    return await asyncio.to_thread(_hasher.hash, secret)


async def fits(kept: str | None, secret: str) -> bool:
    """Whether this is the secret; never where none is kept, and as slowly."""
    right = await asyncio.to_thread(_verified, kept or _nobody, secret)
    return right and kept is not None


def _verified(kept: str, secret: str) -> bool:
    try:
        return _hasher.verify(kept, secret)
    except (VerificationError, InvalidHashError):
        return False


def new_token() -> str:
    """256 random bits for a cookie."""
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> bytes:
    """What is kept of a token: random enough to need no slow hash."""
    return hashlib.sha256(token.encode()).digest()


def csrf_of(token: str) -> str:
    """What a form shows to prove that it is a page of this very session."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


def new_code() -> str:
    """A code to type into a device: eight characters in two groups, some 40 bits."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(8))
    return f"{letters[:4]}-{letters[4:]}"


def plain_code(typed: str) -> str:
    """The code as it was made, however it was typed."""
    letters = "".join(each for each in typed.upper() if each.isalnum())
    return f"{letters[:4]}-{letters[4:]}"


def new_second() -> str:
    """A secret for an authenticator app, base32."""
    return pyotp.random_base32()


def second_address(secret: str, login: str) -> str:
    """The ``otpauth`` address that an authenticator app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name="Goen")


def second_step(secret: str, code: str, now: Instant, after: int) -> int | None:
    """The time step whose code this is, one to either side allowed and none up to ``after``; None: wrong or used."""
    wanted = "".join(each for each in code if each.isdigit())
    current = int(now.timestamp()) // STEP_SECONDS
    for step in (current - 1, current, current + 1):
        if step > after and hmac.compare_digest(pyotp.HOTP(secret).at(step), wanted):
            return step
    return None
