"""The stand-in of a development machine: notifications are shown where the operator looks."""

from __future__ import annotations

import sys
from collections import deque

from goen.channels.push.contract import Browser, Outcome

KEPT = 100


class ConsolePush:
    """Prints each notification on standard error. Addresses in ``gone`` take none any more."""

    def __init__(self) -> None:
        self.shown: deque[tuple[Browser, bytes]] = deque(maxlen=KEPT)
        self.gone: set[str] = set()

    async def send(self, browser: Browser, payload: bytes, seconds: int) -> Outcome:
        """Show it."""
        if browser.endpoint in self.gone:
            return "gone"
        self.shown.append((browser, payload))
        print(
            f"[notification, shown here because GOEN_PUSH_CONTACT is not set]\n    {payload.decode()}", file=sys.stderr
        )
        return "sent"

    async def close(self) -> None:
        """Nothing is kept open."""
