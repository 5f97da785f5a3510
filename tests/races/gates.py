"""Pausing one till between two of its statements, so that a race is shown every time and not by luck."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from goen.database.pool import Database, Writing

PATIENCE_SECONDS = 20


class Gate:
    """Shut until opened; tells when somebody stands before it."""

    def __init__(self) -> None:
        self._reached, self._open = asyncio.Event(), asyncio.Event()

    async def reached(self) -> None:
        """Until the statement is about to be sent."""
        await asyncio.wait_for(self._reached.wait(), PATIENCE_SECONDS)

    def open(self) -> None:
        self._open.set()

    async def _pass(self) -> None:
        if not self._reached.is_set():
            self._reached.set()
            await asyncio.wait_for(self._open.wait(), PATIENCE_SECONDS)


@contextmanager
def stopping_before(pattern: str, database: Database) -> Iterator[Gate]:
    """The first writing statement of this instance that matches waits at the gate; everything else goes on."""
    gate, matching, send = Gate(), re.compile(pattern, re.DOTALL), Writing._execute

    async def stopped(self: Any, query: str, *arguments: Any, **options: Any) -> Any:
        if matching.search(query) and any(holder._con is self for holder in database.writers._holders):
            await gate._pass()
        return await send(self, query, *arguments, **options)

    with patch.object(Writing, "_execute", stopped):
        yield gate
    gate.open()
