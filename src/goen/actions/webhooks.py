"""Making, removing, disabling and replaying webhook endpoints; each leaves a line in the audit."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from goen.database.pool import Database
from goen.delivery import feed
from goen.delivery.errors import CursorExpired
from goen.delivery.webhooks import store
from goen.delivery.webhooks.message import new_secret
from goen.delivery.webhooks.model import Endpoint, public_id
from goen.delivery.webhooks.target import Reach, url_trouble
from goen.shops.store import audit
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import InvalidRequest

DISABLED = "webhook_endpoint.disabled"
"""Topic of the event that tells other listeners that an endpoint gets nothing more."""


async def add_endpoint(
    database: Database, url: str, topics: Sequence[str], *, reach: Reach, author: str, now: Instant
) -> tuple[Endpoint, str]:
    """Make an endpoint that hears what comes from now on; gives it and its secret, shown this once.

    No topics: all of them.

    Raises:
        InvalidRequest: the URL is none that webhooks may be sent to.
    """
    if trouble := url_trouble(url, reach):
        raise InvalidRequest("url", trouble)
    secret = new_secret()
    async with database.transaction() as connection:
        endpoint_id = await store.add_endpoint(
            connection, url=url, topics=topics, secret=secret, created_by=author, now=now
        )
        await audit(
            connection,
            at=now,
            author=author,
            action="webhook_endpoint.created",
            details={"endpoint": public_id(endpoint_id), "url": url, "topics": list(topics)},
        )
        return await store.endpoint(connection, endpoint_id), secret


async def remove_endpoint(database: Database, endpoint_id: int | None, *, author: str, now: Instant) -> None:
    """Remove an endpoint, its deliveries and replays.

    Raises:
        UnknownEndpoint: there is none.
    """
    async with database.transaction() as connection:
        endpoint = await store.endpoint(connection, endpoint_id)
        await store.remove_endpoint(connection, endpoint.endpoint_id)
        await audit(
            connection,
            at=now,
            author=author,
            action="webhook_endpoint.removed",
            details={"endpoint": public_id(endpoint.endpoint_id), "url": endpoint.url},
        )


async def enable_endpoint(database: Database, endpoint_id: int | None, *, author: str, now: Instant) -> Endpoint:
    """Send to a disabled endpoint again, from where it stopped, as far as the feed still has it.

    Raises:
        UnknownEndpoint: there is none.
    """
    async with database.transaction() as connection:
        endpoint = await store.endpoint(connection, endpoint_id)
        await store.enable_endpoint(connection, endpoint.endpoint_id)
        await audit(
            connection,
            at=now,
            author=author,
            action="webhook_endpoint.enabled",
            details={"endpoint": public_id(endpoint.endpoint_id)},
        )
        return await store.endpoint(connection, endpoint.endpoint_id)


async def disable_endpoint(database: Database, endpoint_id: int, reason: str, now: Instant) -> None:
    """Stop sending to an endpoint that is ``gone`` or has been ``failing`` for days, and tell everybody."""
    async with database.transaction() as connection:
        if not await store.disable_endpoint(connection, endpoint_id, reason, now):
            return
        details = {"endpoint_id": public_id(endpoint_id), "reason": reason}
        await audit(connection, at=now, author="job:webhooks", action=DISABLED, details=details)
        await feed.announce(connection, DISABLED, msgspec.json.encode(details).decode(), now)


async def replay(
    database: Database,
    endpoint_id: int | None,
    *,
    from_position: int | None,
    since: Instant | None,
    to: int | None,
    author: str,
    now: Instant,
) -> tuple[int, int]:
    """Have events sent again: from a position or a moment on, through ``to`` or the newest.

    Gives the first and the last position of the stretch; last below first: there is nothing in it.

    Raises:
        InvalidRequest: not exactly one of position and moment, or the end lies before the beginning.
        UnknownEndpoint: there is none.
        CursorExpired: the stretch begins before what is kept.
    """
    if (from_position is None) == (since is None):
        raise InvalidRequest("from_position", "or since: one of the two is required")
    async with database.transaction() as connection:
        endpoint = await store.endpoint(connection, endpoint_id)
        bounds = await feed.bounds(connection)
        if since is not None:
            after = await feed.position_before(connection, since)
        else:
            assert from_position is not None
            after = from_position - 1
            if after < bounds.purged_through:
                raise CursorExpired(
                    f"Events through {bounds.purged_through} are kept no longer.",
                    oldest=str(bounds.purged_through + 1),
                )
        if to is not None and to <= after:
            raise InvalidRequest("to", "lies before the beginning")
        through = bounds.head if to is None else min(to, bounds.head)
        if through > after:
            await store.add_replay(
                connection, endpoint.endpoint_id, after=after, through=through, asked_by=author, now=now
            )
        await audit(
            connection,
            at=now,
            author=author,
            action="webhook_endpoint.replayed",
            details={"endpoint": public_id(endpoint.endpoint_id), "from": after + 1, "to": through},
        )
    return after + 1, through
