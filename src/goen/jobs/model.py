"""What a job is and what it may use."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias

from goen.actions.points.context import Context
from goen.actions.till.till import Till
from goen.channels.messages.postman import Postman
from goen.channels.push.contract import PushSender
from goen.database.pool import Database
from goen.members.retention import DEFAULT, Retention
from goen.vocabulary.clock import Clock


@dataclass(frozen=True)
class Means:
    """What jobs work with: the books, a till to post at, the time, a sign to stop after this piece, and who carries
    messages to people."""

    database: Database
    till: Till
    context: Context
    clock: Clock
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    retention: Retention = DEFAULT
    postman: Postman = field(default_factory=Postman)
    push: PushSender | None = None


Work: TypeAlias = Callable[[Means], Awaitable[int]]
"""One run: gives how many things it did. Safe to run at any time, and again after a crash."""


@dataclass(frozen=True)
class Job:
    """A periodic job. ``every`` counts from the start of one run to the start of the next."""

    name: str
    every: timedelta
    work: Work
