"""API keys: 256 random bits shown once, kept as SHA-256, held in memory while they live.

A key's *integration* is its name. Rotating means making another key of the same name: the integration keeps
its idempotency keys, and the old key lives until it is revoked.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import date

from goen.database.pool import Database
from goen.shops import store
from goen.shops.model import Principal

PREFIX = "goen_"


def new_secret() -> str:
    """A fresh key: the prefix tells scanners of leaked secrets what it is."""
    return PREFIX + secrets.token_urlsafe(32)


def hash_of(secret: str | bytes) -> bytes:
    """What is kept of a key. 256 random bits need no slow hash: there is nothing to guess from."""
    return hashlib.sha256(secret.encode() if isinstance(secret, str) else secret).digest()


class Keyring:
    """All living keys by the hash of their secret.

    :meth:`refresh` runs every half second (see main), so a revocation holds everywhere within one; a key
    that is not known yet is looked for at once.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._living: dict[bytes, Principal] = {}
        self._used: set[int] = set()
        self._noted: tuple[date, set[int]] = (date.min, set())

    def known(self, secret: bytes) -> Principal | None:
        """The living key of this secret, from memory alone."""
        principal = self._living.get(hashlib.sha256(secret).digest())
        if principal is not None:
            self._used.add(principal.key_id)
        return principal

    async def find(self, secret: bytes) -> Principal | None:
        """The living key of this secret; one made a moment ago by another process is found as well."""
        if (principal := self.known(secret)) is None:
            async with self._database.reading() as connection:
                principal = await store.living_key(connection, hash_of(secret))
            if principal is not None:
                self._living[hash_of(secret)] = principal
        return principal

    async def refresh(self) -> None:
        """Read all living keys again."""
        async with self._database.reading() as connection:
            self._living = await store.living_keys(connection)

    async def note_use(self, today: date) -> None:
        """Write down which keys were used today, each once a day."""
        used, self._used = self._used, set()
        day, noted = self._noted
        if day != today:
            noted = set()
        if fresh := used - noted:
            async with self._database.writing() as connection:
                await store.note_use(connection, sorted(fresh), today)
        self._noted = (today, noted | fresh)
