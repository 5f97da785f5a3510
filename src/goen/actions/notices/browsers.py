"""Browsers that take notifications: the installation's key, and who subscribes, changes and ends it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from goen.actions.members.consents import keep
from goen.actions.members.record import announce, opened
from goen.database.pool import Database
from goen.members.model import Given
from goen.messaging import store
from goen.messaging.model import Kind, Subscription
from goen.shops.model import Principal

CONSENT = "notices.push"


async def push_key(database: Database, fresh: bytes, now: datetime) -> bytes:
    """The installation's private key; ``fresh`` becomes it where it has none yet."""
    async with database.transaction() as connection:
        await store.add_push_key(connection, fresh, now)
        found = await store.push_key(connection)
    assert found is not None
    return found


async def subscribe(
    database: Database,
    principal: Principal,
    person_id: int,
    one: Subscription,
    wording: str,
    source: str,
    now: datetime,
) -> None:
    """Somebody asks for notifications in this browser; the agreement is written down with its text.

    Raises:
        MemberWithdrawn: the member has left.
        UnknownWording: the text is another by now.
    """
    async with database.transaction() as connection:
        row = await opened(connection, person_id)
        await store.put_subscription(connection, one, now)
        await keep(connection, row.member_id, {CONSENT: Given(True, wording, source)}, principal.integration, now)
        await announce(connection, row.member_id, "consents", now, fields=[CONSENT])


async def choose(database: Database, one: Subscription, kinds: tuple[Kind, ...], now: datetime) -> None:
    """A browser that takes notifications takes these kinds of them from now on."""
    async with database.transaction() as connection:
        await store.put_subscription(connection, one._replace(kinds=kinds), now)


async def unsubscribe(
    database: Database,
    principal: Principal,
    person_id: int,
    members: Sequence[int],
    handle: int,
    source: str,
    now: datetime,
) -> None:
    """A browser of these members' takes none any more; with the last one the agreement is taken back.

    Raises:
        MemberWithdrawn: the member has left.
    """
    async with database.transaction() as connection:
        row = await opened(connection, person_id)
        gone = [await store.drop_subscription(connection, each, handle) for each in members]
        if any(gone) and not await store.subscriptions_of(connection, person_id, now):
            await keep(connection, row.member_id, {CONSENT: Given(False, None, source)}, principal.integration, now)
            await announce(connection, row.member_id, "consents", now, fields=[CONSENT])
