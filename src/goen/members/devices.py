"""Devices in which a member is signed in: who it is by their token, and whose rotating code it is.

The token in the browser's cookie is ``<handle>.<256 random bits>``; kept are the handle and a hash.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from typing import Literal, NamedTuple

from goen.database.pool import Reading, Writing
from goen.database.queries import load
from goen.members.rotating import HANDLE_DIGITS

Platform = Literal["iphone", "ipad", "android", "windows", "mac", "other"]
#: A device that is used stays signed in.
REMEMBERED = timedelta(days=400)
SEEN_AGAIN = timedelta(hours=1)
#: A till may be off line for 30 days and send codes of then.
KEPT_ENDED = timedelta(days=60)
_TOKEN = re.compile(r"(\d{1,10})\.([A-Za-z0-9_-]{43})")
_TRIES = 20

_queries = load(__package__, "devices.sql")


class Device(NamedTuple):
    """A device as kept. ``person_id`` is who its member is by now; ``status`` is that person's."""

    handle: int
    member_id: int
    person_id: int
    token_hash: bytes
    salt: bytes
    keyed_at: datetime | None
    platform: Platform
    made_at: datetime
    seen_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    status: str

    def open(self, now: datetime) -> bool:
        """Whether somebody is signed in by it at this moment."""
        return self.ended_at is None and self.ends_at > now and self.status not in ("withdrawn", "merged")


class Listed(NamedTuple):
    """A device as its owner sees it."""

    handle: int
    member_id: int
    platform: Platform
    made_at: datetime
    seen_at: datetime


def platform_of(agent: str) -> Platform:
    """What a browser says it runs on, for people to know their devices by. An iPad may call itself a Mac."""
    for sign, platform in _SIGNS:
        if sign in agent:
            return platform
    return "other"


_SIGNS: tuple[tuple[str, Platform], ...] = (
    ("iPhone", "iphone"), ("iPad", "ipad"), ("Android", "android"), ("Windows", "windows"), ("Macintosh", "mac"),
)  # fmt: skip


async def add(connection: Writing, member_id: int, platform: Platform, now: datetime) -> str:
    """A device of this member's; gives its token, which is kept nowhere."""
    secret = secrets.token_urlsafe(32)
    for _ in range(_TRIES):
        handle = secrets.randbelow(10**HANDLE_DIGITS)
        added = await _queries.add_device(
            connection, handle=handle, member_id=member_id, token_hash=_hash(secret), salt=secrets.token_bytes(32),
            platform=platform, now=now, ends_at=now + REMEMBERED,
        )  # fmt: skip
        if added is not None:
            return f"{handle}.{secret}"
    raise AssertionError("ten digits leave room for another device")


async def by_token(connection: Reading, token: str) -> Device | None:
    """The device of this token, whether or not it is still open; None: nobody's token."""
    parts = _TOKEN.fullmatch(token)
    device = None if parts is None else await by_handle(connection, int(parts[1]))
    if device is None or parts is None or not compare_digest(device.token_hash, _hash(parts[2])):
        return None
    return device


async def by_handle(connection: Reading, handle: int) -> Device | None:
    """The device of this handle; None where there is none."""
    row = await _queries.device(connection, handle=handle)
    return None if row is None else Device(*row.values())


async def see(connection: Writing, handle: int, now: datetime) -> None:
    """Note that it is used, once an hour."""
    await _queries.see_device(
        connection, handle=handle, now=now, before=now - SEEN_AGAIN, ends_at=now + REMEMBERED
    )  # fmt: skip


async def key(connection: Writing, handle: int, now: datetime) -> bytes | None:
    """A new salt for the device's secret; None where it has ended."""
    salt = secrets.token_bytes(32)
    keyed = await _queries.key_device(connection, handle=handle, salt=salt, now=now)
    return None if keyed is None else salt


async def end(connection: Writing, handle: int, member_ids: Sequence[int], now: datetime) -> bool:
    """Sign a device of these members out; False where it is none of theirs, or has ended."""
    return await _queries.end_device(connection, handle=handle, member_ids=list(member_ids), now=now) is not None


async def of(connection: Reading, member_ids: Sequence[int], now: datetime) -> list[Listed]:
    """Where these members are signed in, latest first."""
    return [Listed(*row.values()) async for row in _queries.devices(connection, member_ids=list(member_ids), now=now)]


async def drop_old(connection: Writing, now: datetime) -> None:
    """Forget what ended long ago."""
    await _queries.drop_old_devices(connection, before=now - KEPT_ENDED)


def _hash(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
