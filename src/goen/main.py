"""Builds the application; the only file that knows everything.

:func:`build` puts the parts together over an open database, for tests and for :func:`application`, which
uvicorn calls and which opens the database itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from zoneinfo import ZoneInfo

import asyncpg
import structlog

import goen
from goen.actions.demo import is_demo
from goen.actions.members.accesses import noting
from goen.actions.members.devices import Devices
from goen.actions.merging.pairs import PairMerger
from goen.actions.notices.browsers import push_key
from goen.actions.points.context import Context
from goen.actions.points.holds import tells_of
from goen.actions.points.quote import Quotes
from goen.actions.programme import ensure_programme
from goen.actions.tiers.counting import counted_since
from goen.actions.till.till import Till
from goen.analytics.figures import figuring
from goen.api.frame import Frame, Receive, Scope, Send
from goen.api.limits import Limits
from goen.api.metrics import Metrics
from goen.api.openapi import problem_codes
from goen.api.probes import Probes
from goen.api.services import Services
from goen.api.table import OPERATIONS
from goen.channels.files.forget import forget
from goen.channels.line.login import LineChannel, LineLogin
from goen.channels.messages.chosen import AddressRefused, postman_of
from goen.channels.messages.postman import Postman
from goen.channels.push.vapid import new_key, public_of
from goen.database.migrate import installation
from goen.database.pool import Database, open_database
from goen.delivery.head import following
from goen.delivery.relay import relaying
from goen.delivery.streams import streaming
from goen.delivery.webhooks.target import Reach
from goen.earning.catalogue import Programmes
from goen.members.retention import DEFAULT, Retention
from goen.readings import campaigns, programme
from goen.readings.balance import Balances
from goen.readings.overview import closed_through
from goen.settings import SettingRefused, Settings
from goen.shops.directory import ShopDirectory
from goen.shops.keys import Keyring
from goen.vocabulary.clock import Clock, SystemClock
from goen.web.front.disclosure import disclosure
from goen.web.pages import Surroundings, pages

#: A revoked key, a new shop or a new version of the programme is seen by every process within a second.
REFRESH_SECONDS = 0.5

log = structlog.get_logger("goen.main")


class Application:
    """The whole of Goen as one ASGI application: ``/v1`` by the frame, probes, and pages for the rest."""

    def __init__(self, frame: Frame, probes: Probes, site: object, services: Services, closing: asyncio.Event) -> None:
        self.frame = frame
        self._closing = closing
        self.services = services
        self._probes = probes
        self._site = site

    def stop(self) -> None:
        """End the streams, which would otherwise keep a stopping server waiting for them."""
        self.frame.stopping.set()
        self._closing.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: str = scope["path"]
            if path.startswith("/v1/") or path == "/v1":
                await self.frame(scope, receive, send)
            elif (probe := self._probes.find(path)) is not None:
                await self._probes.answer(probe, scope, self.frame.request_id(), send)
            else:
                await self._page(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["request_id"] = request_id = self.frame.request_id()

        async def named(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]  # type: ignore[misc]
            await send(message)

        await self._site(scope, receive, named)  # type: ignore[operator]


@asynccontextmanager
async def build(
    database: Database,
    clock: Clock,
    *,
    limits: Limits | None = None,
    demo: bool = False,
    reach: Reach = "loopback",
    postman: Postman | None = None,
    line: LineLogin | None = None,
    retention: Retention = DEFAULT,
    code_key: str | None = None,
    push: bool = False,
) -> AsyncIterator[Application]:
    """The application over this database, with its till, relay and streams running while the block does.

    The database has today's schema. A first programme is written where there is none. Without a ``postman``
    nothing can be sent to people; one that is given is closed at the end. ``push``: members are offered
    notifications in their browsers, which the worker sends.
    """
    await ensure_programme(database)
    async with AsyncExitStack() as stack:
        async with database.reading() as connection:
            books = await installation(connection)
        zone = ZoneInfo(books.timezone)
        programmes, shops, keyring = Programmes(), ShopDirectory(), Keyring(database)
        context = Context(shops, programmes, zone, books.currency)
        await stack.enter_async_context(_refreshing(database, clock, context, keyring))
        head = await stack.enter_async_context(following(database.dsn))
        relay = await stack.enter_async_context(relaying(database.dsn, head.advance))
        streams = await stack.enter_async_context(streaming(database, head))
        await stack.enter_async_context(figuring(database, zone, head))
        till = Till(database, clock, context.day_of, wake=relay.wake, freed=tells_of(context))
        stack.push_async_callback(till.close)
        postman = postman or Postman()
        stack.push_async_callback(postman.close)
        accesses = await stack.enter_async_context(noting(database))
        merge_pair = PairMerger(database, till, context)
        devices = Devices(database, (code_key or "").encode())
        services = Services(
            devices=devices,
            postman=postman,
            line=line or LineLogin(),
            clock=clock,
            database=database,
            till=till,
            programmes=programmes,
            shops=shops,
            streams=streams,
            webhook_reach=reach,
            zone=zone,
            context=context,
            quotes=Quotes(database, clock, context),
            accesses=accesses,
            retention=retention,
            scrub=forget,
            disclosure=disclosure,
            balances=Balances(database, clock, programmes, books.currency, zone),
            merge_pair=merge_pair,
        )
        metrics = Metrics(goen.__version__)
        metrics.watch("goen_streams_open", "Server-sent event streams of this process.", lambda: streams.count)
        metrics.watch("goen_feed_position", "The newest position of the feed heard of.", lambda: head.position)
        metrics.watch("goen_database_connections", "Open to write.", database.writers.get_size)
        frame = Frame(OPERATIONS, services, keyring, metrics, limits or Limits())
        known = Surroundings(
            database, clock, programmes, shops, head, problem_codes(OPERATIONS), goen.__version__, demo, till, context,
            services.balances, keyring, merge_pair, accesses, streams, devices, postman,
            reach, public_of(await push_key(database, new_key(), clock.now())) if push else None,
            services.line,
        )  # fmt: skip
        probes = Probes(database, clock, metrics, OPERATIONS, goen.__version__)
        application = Application(frame, probes, pages(known), services, known.closing)
        stack.callback(application.stop)
        yield application


@asynccontextmanager
async def _refreshing(database: Database, clock: Clock, context: Context, keyring: Keyring) -> AsyncIterator[None]:
    """Keep in memory what changes rarely: read once before the block starts, then again and again."""

    async def once() -> None:
        async with database.reading() as connection:
            await context.shops.refresh(connection)
            await programme.refresh(context.programmes, connection)
            await campaigns.refresh(context.campaigns, context.signals, connection, clock.now())
            context.closed_through = await closed_through(connection)
            context.tiers_counted = await counted_since(connection)
        await keyring.refresh()
        await keyring.note_use(context.day_of(clock.now()))

    async def again() -> None:
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            try:
                await once()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("refresh_failed", error=repr(error))

    await once()
    task = asyncio.create_task(again(), name="refresh")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class Served:
    """What uvicorn runs: opens the database when told to start, builds, and leaves all in order."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()
        self._application: Application | None = None

    @property
    def frame(self) -> Frame | None:
        """What answers ``/v1``, once the start is over."""
        return None if self._application is None else self._application.frame

    def stop(self) -> None:
        """To be called when the server is told to end, before it waits for its connections."""
        if self._application is not None:
            self._application.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            assert self._application is not None
            await self._application(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            url = self._settings.database_url
            assert url is not None, "`goen serve` names the database, the embedded one as well"
            limits = Limits(self._settings.rate_limit, self._settings.posting_rate_limit)
            database = await self._stack.enter_async_context(open_database(url))
            self._application = await self._stack.enter_async_context(
                build(
                    database,
                    SystemClock(),
                    limits=limits,
                    demo=self._settings.demo and await is_demo(database),
                    reach=self._settings.webhook_reach,
                    postman=_postman(self._settings),
                    line=_line(self._settings),
                    retention=self._settings.retention,
                    code_key=self._settings.code_key,
                    push=self._settings.push_contact is not None or self._settings.profile == "laptop",
                )
            )
        except Exception as error:
            await self._stack.aclose()
            log.error("start_failed", exc_info=error)
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stack.aclose()
        await send({"type": "lifespan.shutdown.complete"})


def _postman(settings: Settings) -> Postman:
    try:
        return postman_of(settings)
    except AddressRefused as error:
        raise SettingRefused(str(error), setting=error.setting) from None


def _line(settings: Settings) -> LineLogin:
    if settings.line_channel_id is None or settings.line_channel_secret is None:
        return LineLogin()
    return LineLogin(LineChannel(settings.line_channel_id, settings.line_channel_secret))


def application() -> Served:
    """The factory that uvicorn calls: ``uvicorn --factory goen.main:application``."""
    return Served(Settings.from_environment())
