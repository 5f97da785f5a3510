"""The stand-in of a development machine: messages are shown where the operator looks, and go nowhere."""

from __future__ import annotations

import sys
from collections import deque

from goen.channels.messages.contract import Message

KEPT = 100


class ConsoleSender:
    """Prints each message on standard error. Never used with the profile ``server``: codes are secrets there."""

    def __init__(self) -> None:
        self.shown: deque[Message] = deque(maxlen=KEPT)

    async def send(self, message: Message) -> None:
        """Show it."""
        self.shown.append(message)
        # Printed and not logged: logs are kept and shipped, a terminal is looked at.
        text = message.text.replace("\n", "\n    ")
        print(f"[message to {message.to}, shown here because no sender is set up]\n    {text}", file=sys.stderr)

    async def close(self) -> None:
        """Nothing is kept open."""
