"""What machines ask without a key: alive, ready, figures, and the description of the API."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property
from typing import TypeAlias

import asyncpg
import msgspec

from goen.api.call import Reply
from goen.api.errors import MethodNotAllowed, problem, status_of
from goen.api.frame import Scope, Send, send_reply
from goen.api.metrics import Metrics
from goen.api.openapi import document
from goen.api.operations import Operation
from goen.database.migrate import current
from goen.database.pool import Database
from goen.readings.machine import machine_figures
from goen.vocabulary.clock import Clock

READY_SECONDS = 2.0

Probe: TypeAlias = Callable[[], Awaitable[Reply]]


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer of ``/healthz`` and ``/readyz``; ``reason`` where it is not ``ok``."""

    status: str
    reason: str | None = None


class Probes:
    """The open addresses of one process."""

    def __init__(
        self, database: Database, clock: Clock, metrics: Metrics, operations: Sequence[Operation], version: str
    ) -> None:
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._operations = operations
        self._version = version
        self._probes: dict[str, Probe] = {
            "/healthz": self._healthz,
            "/readyz": self._readyz,
            "/metrics": self._figures,
            "/openapi.json": self._openapi,
        }

    @cached_property
    def _document(self) -> bytes:
        """The description, made when somebody asks: it is a third of a start."""
        return msgspec.json.encode(document(self._operations, self._version))

    def find(self, path: str) -> Probe | None:
        """The probe at this address, or None."""
        return self._probes.get(path)

    async def answer(self, probe: Probe, scope: Scope, request_id: str, send: Send) -> None:
        """Answer GET and HEAD with the probe, other methods with 405."""
        if scope["method"] in ("GET", "HEAD"):
            reply = await probe()
            if scope["method"] == "HEAD":
                reply = Reply(reply.status, b"", reply.headers)
        else:
            refusal = MethodNotAllowed("This address takes GET.", allowed=["GET", "HEAD"])
            reply = problem(refusal, status_of(refusal, scope["method"]), request_id)
        await send_reply(reply, request_id, (), send)

    async def _healthz(self) -> Reply:
        return Reply.of(State("ok"))

    async def _readyz(self) -> Reply:
        reason = "the schema is not that of this version: run `goen migrate`"
        try:
            async with asyncio.timeout(READY_SECONDS), self._database.reading() as connection:
                if await current(connection):
                    return Reply.of(State("ok"))
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            reason = "the database does not answer"
        return Reply.of(State("not_ready", reason), 503)

    async def _figures(self) -> Reply:
        kind = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")
        figures = self._metrics.exposition()
        try:
            async with asyncio.timeout(READY_SECONDS), self._database.reading() as connection:
                figures += await machine_figures(connection, self._clock.now())
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            pass  # The figures of this process are told all the same.
        return Reply(200, figures, (kind,))

    async def _openapi(self) -> Reply:
        return Reply(200, self._document, ((b"content-type", b"application/json"),))
