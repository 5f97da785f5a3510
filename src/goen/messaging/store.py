"""The tables of messaging: what was told, what waits, and the browsers that take notifications."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

import msgspec

from goen.database.pool import Reading, Writing
from goen.database.queries import load
from goen.messaging.model import Channel, Kind, Subscription, Waiting

_queries = load(__package__)


class Place(NamedTuple):
    """How far a sweep has come. ``day`` and ``since``: of the look at what ends, the day it is for, and the one that
    was looked at before. ``after``: the member, or the feed's position."""

    day: date | None
    since: date | None
    after: int
    done: bool


class Ends(NamedTuple):
    """A member's points that end on one day; of the last member looked at also where none do."""

    member_id: int
    on: date | None
    points: int | None


class Asked(NamedTuple):
    """That a member is to be told: of which day, at which threshold, with the event and the words' details as JSON."""

    member_id: int
    on: date
    days: int
    points: int
    body: str
    details: str


class Happened(NamedTuple):
    """Something of the feed that a person is told of by their browsers."""

    member_id: int
    purchase_id: str | None
    kind: Kind
    details: str
    send_from: datetime


async def place(connection: Reading, what: str) -> Place | None:
    """Where a sweep (``expiring`` or ``feed``) stands."""
    row = await _queries.place(connection, what=what)
    return None if row is None else Place(*row.values())


async def locked_place(connection: Writing, what: str) -> Place | None:
    """The same, and nobody else goes on from it until the transaction ends."""
    row = await _queries.lock_place(connection, what=what)
    return None if row is None else Place(*row.values())


async def put_place(connection: Writing, what: str, at: Place) -> None:
    """A sweep has come so far."""
    await _queries.put_place(connection, what=what, day=at.day, since=at.since, after=at.after, done=at.done)


async def ending_days(connection: Reading, days: Sequence[date]) -> set[date]:
    """On which of these days any points end."""
    return {row["day"] async for row in _queries.ending_days(connection, days=list(days))}


async def ending_after(connection: Reading, after: int, days: Sequence[date], rows: int) -> list[Ends]:
    """What ends on these days, of the next ``rows`` members by number; empty after the last member."""
    return [Ends(*row) async for row in _queries.ending_after(connection, after=after, days=list(days), rows=rows)]


async def tell_expiring(
    connection: Writing,
    asked: Sequence[Asked],
    channels: Sequence[Channel],
    now: datetime,
    send_from: datetime,
    zone: str,
) -> int:
    """Note who is told of what, with events and messages; gives how many had not been told before."""
    rows = [
        row
        async for row in _queries.tell_expiring(
            connection,
            now=now,
            members=[each.member_id for each in asked],
            ons=[each.on for each in asked],
            days=[each.days for each in asked],
            points=[each.points for each in asked],
            bodies=[each.body for each in asked],
            details=[each.details for each in asked],
            channels=list(channels),
            send_from=send_from,
            zone=zone,
        )
    ]
    return len(rows)


async def tell_push(connection: Writing, happened: Sequence[Happened], now: datetime) -> None:
    """Leave messages for the browsers of those whom these concern."""
    await _queries.tell_push(
        connection,
        members=[each.member_id for each in happened],
        purchases=[each.purchase_id for each in happened],
        kinds=[each.kind for each in happened],
        details=[each.details for each in happened],
        send_froms=[each.send_from for each in happened],
        now=now,
    )


async def any_subscription(connection: Reading) -> bool:
    """Whether any browser takes notifications."""
    return bool(await _queries.any_subscription(connection))


async def give_up_lost(connection: Writing, before: datetime, now: datetime) -> int:
    """End what has been on its way since ``before``: its sender is gone; how many."""
    return int(await _queries.give_up_lost(connection, before=before, now=now))


async def take(connection: Writing, now: datetime, rows: int) -> list[Waiting]:
    """Take notices whose time has come: nobody else sends them."""
    return [
        Waiting(
            row["member_id"], row["notice_id"], row["kind"], row["channel"], msgspec.json.decode(row["details"]),
            row["tries"], row["late"], row["target"], row["language"],
        )
        async for row in _queries.take(connection, now=now, rows=rows)
    ]  # fmt: skip


async def settle(connection: Writing, ended: Iterable[tuple[Waiting, str, datetime | None]], now: datetime) -> None:
    """What became of notices: (notice, state, when to try again)."""
    ended = list(ended)
    await _queries.settle(
        connection,
        members=[each.member_id for each, _, _ in ended],
        notices=[each.notice_id for each, _, _ in ended],
        states=[state for _, state, _ in ended],
        again=[again for _, _, again in ended],
        now=now,
    )


async def subscriptions_of(connection: Reading, member_id: int, now: datetime) -> list[Subscription]:
    """The browsers of a person in which somebody is signed in."""
    return [
        Subscription(
            row["member_id"], row["handle"], row["endpoint"], row["p256dh"], row["auth"], row["language"],
            tuple(row["kinds"]),
        )
        async for row in _queries.subscriptions_of(connection, member_id=member_id, now=now)
    ]  # fmt: skip


async def put_subscription(connection: Writing, one: Subscription, now: datetime) -> None:
    """This browser takes notifications from now on."""
    await _queries.put_subscription(
        connection, member_id=one.member_id, handle=one.handle, endpoint=one.endpoint, p256dh=one.p256dh, auth=one.auth,
        language=one.language, kinds=list(one.kinds), now=now,
    )  # fmt: skip


async def drop_subscription(connection: Writing, member_id: int, handle: int) -> bool:
    """A browser takes none any more; whether it did."""
    return bool(await _queries.drop_subscription(connection, member_id=member_id, handle=handle))


async def drop_dead(connection: Writing, dead: Subscription) -> bool:
    """The push service knows this subscription no more."""
    return bool(
        await _queries.drop_dead(connection, member_id=dead.member_id, handle=dead.handle, endpoint=dead.endpoint)
    )


async def drop_ended(connection: Writing, now: datetime) -> int:
    """Forget subscriptions of devices that were signed out; how many."""
    return int(await _queries.drop_ended(connection, now=now))


async def push_key(connection: Reading) -> bytes | None:
    """The private key that notifications are signed with: 32 bytes of a P-256 key."""
    found: bytes | None = await _queries.push_key(connection)
    return found


async def add_push_key(connection: Writing, private_key: bytes, now: datetime) -> None:
    """Keep the key, unless there is one."""
    await _queries.add_push_key(connection, private_key=private_key, now=now)


async def purge(connection: Writing, before: datetime, told_before: date, rows: int) -> int:
    """Forget a piece of what is long past; how many rows."""
    gone = await _queries.purge_notices(connection, before=before, rows=rows)
    return int(gone) + int(await _queries.purge_told(connection, before=told_before, rows=rows))
