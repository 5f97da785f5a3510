"""The process behind ``goen worker``: jobs, webhooks, and a relay of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

import structlog

from goen.actions.notices.browsers import push_key
from goen.actions.points.context import Context
from goen.actions.points.holds import tells_of
from goen.actions.programme import ensure_programme
from goen.actions.till.till import Till
from goen.actions.webhooks import disable_endpoint
from goen.channels.messages.postman import Postman
from goen.channels.push.console import ConsolePush
from goen.channels.push.contract import PushSender
from goen.channels.push.service import WebPush
from goen.channels.push.vapid import Vapid, new_key
from goen.database.migrate import installation
from goen.database.pool import Database, open_database
from goen.delivery.head import FeedHead, following
from goen.delivery.relay import relaying
from goen.delivery.webhooks.courier import Courier
from goen.delivery.webhooks.sender import sending
from goen.delivery.webhooks.target import Reach
from goen.earning.catalogue import Programmes
from goen.jobs import runs
from goen.jobs.model import Means
from goen.jobs.runs import Turns, turns
from goen.jobs.schedule import SCHEDULE
from goen.jobs.scheduler import Scheduler
from goen.members.retention import DEFAULT, Retention
from goen.readings import campaigns, programme
from goen.readings.overview import closed_through
from goen.shops.directory import ShopDirectory
from goen.vocabulary.clock import Clock, SystemClock

REFRESH_SECONDS = 0.5
PATIENCE_SECONDS = 1.0
STOP_SECONDS = 8.0
"""Jobs finish their piece within this; then they are cut off, which loses nothing."""

_log = structlog.get_logger(__name__)


class WorkerSettings(Protocol):
    """What the worker must be told; goen.settings says it."""

    @property
    def database_url(self) -> str | None: ...
    @property
    def webhook_reach(self) -> Reach: ...
    @property
    def retention(self) -> Retention: ...
    @property
    def profile(self) -> str: ...
    @property
    def push_contact(self) -> str | None: ...


async def run(settings: WorkerSettings, postman: Postman) -> None:
    """Work until cancelled; ``database_url`` names a database with today's schema. The ``postman`` is closed."""
    assert settings.database_url is not None, "`goen worker` names the database, the embedded one as well"
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(postman.close)
        database = await stack.enter_async_context(open_database(settings.database_url))
        push = await _push(settings, database, clock)
        if push is not None:
            stack.push_async_callback(push.close)
        await work(database, clock, settings.webhook_reach, settings.retention, postman, push)


async def _push(settings: WorkerSettings, database: Database, clock: Clock) -> PushSender | None:
    """Who carries notifications to browsers; on a laptop without a contact they are shown on the console."""
    if settings.push_contact is None:
        return ConsolePush() if settings.profile == "laptop" else None
    key = await push_key(database, new_key(), clock.now())
    return WebPush(Vapid(key, settings.push_contact), settings.webhook_reach, clock)


async def work(
    database: Database,
    clock: Clock,
    reach: Reach,
    retention: Retention = DEFAULT,
    postman: Postman | None = None,
    push: PushSender | None = None,
) -> None:
    """Jobs and webhooks over this database until cancelled. A lost session only begins it anew."""
    await ensure_programme(database)
    async with AsyncExitStack() as stack:
        context = await stack.enter_async_context(_context(database, clock))
        head = await stack.enter_async_context(following(database.dsn))
        relay = await stack.enter_async_context(relaying(database.dsn, head.advance))
        till = Till(database, clock, context.day_of, wake=relay.wake, freed=tells_of(context))
        stack.push_async_callback(till.close)
        means = Means(database, till, context, clock, retention=retention, postman=postman or Postman(), push=push)
        while True:
            try:
                async with turns(database.dsn) as ours:
                    await _with_turns(means, ours, head, reach)
            except runs.AWAY as error:
                _log.warning("worker_interrupted", error=repr(error))
            await asyncio.sleep(PATIENCE_SECONDS)


async def _with_turns(means: Means, ours: Turns, head: FeedHead, reach: Reach) -> None:
    """Everything that only one process may do at a time, until the session of our turns is lost."""
    scheduling = asyncio.create_task(Scheduler(means, ours, SCHEDULE).run(), name="scheduler")
    carrying = asyncio.create_task(_webhooks(means, ours, head, reach), name="webhooks")
    try:
        await asyncio.wait({scheduling, carrying}, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        means.stopping.set()
        raise
    finally:
        carrying.cancel()
        await asyncio.wait({scheduling, carrying}, timeout=STOP_SECONDS)
        scheduling.cancel()
        for trouble in await asyncio.gather(scheduling, carrying, return_exceptions=True):
            if isinstance(trouble, Exception):
                _log.error("worker_part_failed", exc_info=trouble)


async def _webhooks(means: Means, ours: Turns, head: FeedHead, reach: Reach) -> None:
    """Carry webhooks while it is our turn; wait for it where another process has it."""

    async def disable(endpoint_id: int, reason: str, now: datetime) -> None:
        await disable_endpoint(means.database, endpoint_id, reason, now)

    while not await ours.take("webhooks"):  # noqa: ASYNC110 - another process has it, and tells nobody when it ends.
        await asyncio.sleep(PATIENCE_SECONDS)
    async with sending(reach) as sender:
        await Courier(means.database, means.clock, sender, disable).run(head)


@asynccontextmanager
async def _context(database: Database, clock: Clock) -> AsyncIterator[Context]:
    """Shops, programme versions and the calendar, read again and again while the block runs."""
    async with database.reading() as connection:
        books = await installation(connection)
    context = Context(ShopDirectory(), Programmes(), ZoneInfo(books.timezone), books.currency)

    async def once() -> None:
        async with database.reading() as connection:
            await context.shops.refresh(connection)
            await programme.refresh(context.programmes, connection)
            await campaigns.refresh(context.campaigns, context.signals, connection, clock.now())
            context.closed_through = await closed_through(connection)

    async def again() -> None:
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            try:
                await once()
            except runs.AWAY as error:
                _log.warning("refresh_failed", error=repr(error))

    await once()
    task = asyncio.create_task(again(), name="refresh")
    try:
        yield context
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
