"""What carries notifications: the real service and its stand-in."""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias

import msgspec

#: ``gone``: the browser takes none any more, and never will again by this address.
Outcome: TypeAlias = Literal["sent", "gone", "again", "failed"]


class Browser(msgspec.Struct, frozen=True):
    """Where a browser's notifications go, and its keys for them (65 and 16 bytes)."""

    endpoint: str
    p256dh: bytes
    auth: bytes


class PushSender(Protocol):
    """Something that takes notifications to browsers."""

    async def send(self, browser: Browser, payload: bytes, seconds: int) -> Outcome:
        """Send once. ``payload``: JSON for our service worker; ``seconds``: how long it is worth keeping."""

    async def close(self) -> None:
        """Let go of connections."""
