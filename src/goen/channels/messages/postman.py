"""Takes messages to the sender of their kind, behind the answer: nobody waits for a mail server."""

from __future__ import annotations

import asyncio

import structlog

from goen.channels.messages.contract import ContactKind, Message, Sender, SendFailed

PAUSES_SECONDS = (1.0, 5.0)
CLOSING_SECONDS = 5.0
#: Beyond this many under way messages are dropped: a sender that hangs must not fill the memory.
UNDER_WAY_MAX = 1000

log = structlog.get_logger("goen.messages")


class Postman:
    """The senders of one process. A kind without a sender cannot be written to."""

    def __init__(
        self,
        mail: Sender | None = None,
        sms: Sender | None = None,
        *,
        countries: frozenset[int] = frozenset({81}),
        pauses_seconds: tuple[float, ...] = PAUSES_SECONDS,
    ) -> None:
        """``countries``: country codes of the phones that may be sent to; 81 is Japan."""
        self._senders: dict[ContactKind, Sender | None] = {"email": mail, "phone": sms}
        self.countries = countries
        self._pauses_seconds = pauses_seconds
        self._under_way: set[asyncio.Task[None]] = set()

    def reaches(self, kind: ContactKind) -> bool:
        """Whether there is a sender for contacts of this kind."""
        return self._senders[kind] is not None

    async def send(self, message: Message) -> None:
        """Send once, now; for who keeps messages and tries again by itself.

        Raises:
            SendFailed: it was not taken, or there is no sender for it.
        """
        sender = self._senders[message.kind]
        if sender is None:
            raise SendFailed("no sender", again=False)
        await sender.send(message)

    def post(self, message: Message) -> None:
        """Send soon, trying again where that may help. What fails in the end is logged without whom and what."""
        if len(self._under_way) >= UNDER_WAY_MAX:
            log.error("message_dropped", kind=message.kind, under_way=len(self._under_way))
            return
        task = asyncio.create_task(self._carry(message), name="message")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def settle(self) -> None:
        """Wait until everything under way has arrived or failed."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def close(self) -> None:
        """Finish what is under way, as far as a few seconds allow, and let go of connections."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=CLOSING_SECONDS)
        for task in self._under_way:
            task.cancel()
        for sender in self._senders.values():
            if sender is not None:
                await sender.close()

    async def _carry(self, message: Message) -> None:
        sender = self._senders[message.kind]
        assert sender is not None, "asked whether it reaches before"
        for pause in (*self._pauses_seconds, None):
            try:
                await sender.send(message)
                return
            except SendFailed as failure:
                if pause is None or not failure.again:
                    log.error("message_failed", kind=message.kind, why=str(failure))
                    return
                log.warning("message_delayed", kind=message.kind, why=str(failure))
            except Exception as error:
                # Without its words, which may quote the message.
                log.error("message_failed", kind=message.kind, why=type(error).__name__)
                return
            await asyncio.sleep(pause)
