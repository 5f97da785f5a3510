"""The running figures: hour × shop × member or guest, and what stands, kept from the feed.

Each serving process follows the feed and offers to add; the row of ``figure_total`` is the lock and carries the
position, so that every event counts once, whoever adds it and whenever that process dies. A sale's figures stand in
the hour it was made, by the clock of the books, as do returns and cancellations; enrolments in the hour they were
recorded, unless an import tells when they joined.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
import structlog

from goen.database.pool import Database, Reading
from goen.database.queries import load
from goen.delivery import feed
from goen.delivery.feed import Event
from goen.delivery.head import FeedHead
from goen.members.ids import public_id

#: So many events at once at most; a year's import is caught up in pieces, between which others come first.
PIECE = 2_000
CALM_SECONDS = 0.3
WAIT_SECONDS = 5.0
RETRY_SECONDS = 1.0

_queries = load(__package__)
_log = structlog.get_logger(__name__)


class Points(msgspec.Struct, frozen=True):
    """Points of a sale as its event tells them."""

    earned: int = 0
    pending: int = 0
    used: int = 0


class Before(msgspec.Struct, frozen=True):
    """An order as it was before its lines changed."""

    total: int
    points: Points


class Told(msgspec.Struct, frozen=True):
    """What of an event counts here."""

    shop: str | None = None
    return_shop: str | None = None
    member_id: str | None = None
    occurred_at: datetime | None = None
    joined_at: datetime | None = None
    source: str | None = None
    total: int = 0
    value: int = 0
    change: str | None = None
    pending: int = 0
    points: Points | int = 0
    before: Before | None = None


class Hour(NamedTuple):
    """One hour of a shop, of members or of guests. Money in minor units; ``earned`` holds provisional points too."""

    day: date
    hour: int
    shop_id: int
    is_member: bool
    sales: int = 0
    amount: int = 0
    refunded: int = 0  # What came back, at what it was charged.
    earned: int = 0
    used: int = 0
    joined: int = 0


class Day(NamedTuple):
    """One day, summed over shops."""

    day: date
    net: int
    of_members: int
    sales: int
    earned: int
    used: int
    joined: int


class Total(NamedTuple):
    """What stands: points ``outstanding`` (booked, less what is set aside for orders) and ``pending``; members, two who
    were merged as one."""

    position: int
    outstanding: int
    pending: int
    members: int


_told = msgspec.json.Decoder(Told).decode


async def total(connection: Reading) -> Total:
    """What stands."""
    row = await _queries.total(connection)
    return Total(0, 0, 0, 0) if row is None else Total(*row.values())


async def hours(connection: Reading, days: Sequence[date], shops: Iterable[int]) -> list[Hour]:
    """The hours of these days; ``shops`` empty: of every shop."""
    return [Hour(*row) async for row in _queries.hours(connection, days=days, shops=list(shops))]


async def days(connection: Reading, first: date, last: date, shops: Iterable[int]) -> list[Day]:
    """The days from ``first`` through ``last`` that had anything, in order."""
    return [Day(*row) async for row in _queries.days(connection, first=first, last=last, shops=list(shops))]


async def add(database: Database, zone: ZoneInfo) -> int:
    """Add one piece of what the feed has told since; gives how many events that was."""
    async with database.transaction() as connection:
        row = await _queries.lock_total(connection)
        if row is None:
            await _queries.begin_total(connection)
            return 1
        head = (await feed.bounds(connection)).head
        through = min(head, row["position"] + PIECE)
        if through <= row["position"]:
            return 0
        events = await feed.page(connection, row["position"], through)
        codes = {code: shop_id for shop_id, code in await connection.fetch("select shop_id, code from shop")}
        found: dict[tuple[date, int, int, bool], list[int]] = {}
        outstanding = pending = members = 0
        for event in events:
            told = _told(event.body)
            if event.topic == "points.posted":
                assert isinstance(told.points, int)
                outstanding += told.points
                pending += told.pending
                continue
            members += _members(event, told)
            if (counted := _counted(event, told)) is not None:
                moment = told.occurred_at or told.joined_at or event.recorded_at
                local = moment.astimezone(zone)
                shop_id = codes.get(told.return_shop or told.shop or "", 0)
                is_member = told.member_id is not None
                sums = found.setdefault((local.date(), local.hour, shop_id, is_member), [0] * 6)
                for i, value in enumerate(counted):
                    sums[i] += value
        if found:
            columns = list(zip(*([*key, *sums] for key, sums in found.items()), strict=True))
            await connection.execute(_queries.add_hours.sql, *columns)
        await _queries.move_total(
            connection, position=through, outstanding=outstanding, pending=pending, members=members
        )
        added: int = through - row["position"]
        return added


def _members(event: Event, told: Told) -> int:
    """How many members more there are. A merge, and its undo, is told of both; the one who was merged counts."""
    match event.topic:
        case "member.updated":
            return {"enrolled": 1, "withdrawn": -1}.get(told.change or "", 0)
        case "member.merged" | "member.unmerged" if told.source == public_id(event.member_id):
            return -1 if event.topic == "member.merged" else 1
    return 0


def _counted(event: Event, told: Told) -> tuple[int, int, int, int, int, int] | None:
    """Sales, amount, refunded, earned, used, joined."""
    match event.topic:
        case "purchase.recorded":
            now = _points(told)
            return 1, told.total, 0, now.earned + now.pending, now.used, 0
        case "purchase.changed" if told.before is not None:
            now, was = _points(told), told.before.points
            earned = now.earned + now.pending - was.earned - was.pending
            return 0, told.total - told.before.total, 0, earned, now.used - was.used, 0
        case "purchase.returned" | "purchase.cancelled":
            return 0, 0, told.value, 0, 0, 0
        case "purchase.revived":
            return 0, 0, -told.value, 0, 0, 0
        case "member.updated" if told.change == "enrolled":
            return 0, 0, 0, 0, 0, 1
    return None


def _points(told: Told) -> Points:
    return told.points if isinstance(told.points, Points) else Points()


async def catch_up(database: Database, zone: ZoneInfo) -> None:
    """Add until nothing is left."""
    while await add(database, zone):
        pass


@asynccontextmanager
async def figuring(database: Database, zone: ZoneInfo, head: FeedHead) -> AsyncIterator[None]:
    """Keep the figures current while the block runs."""

    async def follow() -> None:
        while True:
            try:
                await catch_up(database, zone)
                async with database.reading() as connection:
                    position = (await total(connection)).position
                await head.beyond(position, WAIT_SECONDS)
                await asyncio.sleep(CALM_SECONDS)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                _log.warning("figures_interrupted", error=repr(error))
                await asyncio.sleep(RETRY_SECONDS)

    task = asyncio.create_task(follow(), name="figures")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
