"""What a sender is: the one interface that mail, text messages and their stand-ins share."""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias

import msgspec

ContactKind: TypeAlias = Literal["phone", "email"]


class Message(msgspec.Struct, frozen=True):
    """A message to one contact. ``to`` is E.164 or a normal mail address; a text message has no subject."""

    kind: ContactKind
    to: str
    subject: str
    text: str


class SendFailed(Exception):  # noqa: N818 - an outcome of the world, told by its name.
    """A message was not taken. ``again``: it may be taken another time. The words never quote the message."""

    def __init__(self, why: str, *, again: bool) -> None:
        super().__init__(why)
        self.again = again


class Sender(Protocol):
    """Something that takes a message to its contact."""

    async def send(self, message: Message) -> None:
        """Send once.

        Raises:
            SendFailed: it was not taken.
        """

    async def close(self) -> None:
        """Let go of connections."""
