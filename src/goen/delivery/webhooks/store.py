"""The only place that touches the tables of webhooks."""

from __future__ import annotations

from collections.abc import Sequence

from goen.database.pool import Reading, Writing
from goen.database.queries import load
from goen.delivery.errors import UnknownEndpoint
from goen.delivery.feed import Event
from goen.delivery.webhooks.model import Delivery, Endpoint, Health, Parcel, Replay, Round, State
from goen.vocabulary.clock import Instant

_queries = load(__package__)


async def add_endpoint(
    connection: Writing, *, url: str, topics: Sequence[str], secret: str, created_by: str, now: Instant
) -> int:
    """A new endpoint that hears what comes from now on; gives its number. No topics: all of them."""
    endpoint_id: int = await _queries.add_endpoint(
        connection, url=url, topics=topics, secret=secret, created_by=created_by, created_at=now
    )
    await _queries.start_cursor(connection, endpoint_id=endpoint_id)
    return endpoint_id


async def remove_endpoint(connection: Writing, endpoint_id: int) -> None:
    """Remove an endpoint and all that was kept of it.

    Raises:
        UnknownEndpoint: there is none.
    """
    _known(await _queries.remove_endpoint(connection, endpoint_id=endpoint_id))


async def disable_endpoint(connection: Writing, endpoint_id: int, reason: str, now: Instant) -> bool:
    """Send nothing more to it; whether that is new."""
    found = await _queries.disable_endpoint(connection, endpoint_id=endpoint_id, disabled_at=now, reason=reason)
    return found is not None


async def enable_endpoint(connection: Writing, endpoint_id: int) -> None:
    """Send to it again, from where it stopped.

    Raises:
        UnknownEndpoint: there is none.
    """
    _known(await _queries.enable_endpoint(connection, endpoint_id=endpoint_id))
    await _queries.forgive(connection, endpoint_id=endpoint_id)


async def add_replay(
    connection: Writing, endpoint_id: int, *, after: int, through: int, asked_by: str, now: Instant
) -> None:
    """Have the events with ``after < position <= through`` sent again, at once.

    Raises:
        UnknownEndpoint: there is none.
    """
    _known(
        await _queries.add_replay(
            connection,
            endpoint_id=endpoint_id,
            position=after,
            to_position=through,
            asked_by=asked_by,
            asked_at=now,
        )
    )
    await _queries.forgive(connection, endpoint_id=endpoint_id)


def _known(found: int | None) -> None:
    if found is None:
        raise UnknownEndpoint("There is no webhook endpoint with this id.")


async def endpoints(connection: Reading) -> list[Endpoint]:
    """All endpoints in the order they were made."""
    return [_endpoint(row) async for row in _queries.endpoints(connection, endpoint_id=None)]


async def endpoint(connection: Reading, endpoint_id: int | None) -> Endpoint:
    """One endpoint.

    Raises:
        UnknownEndpoint: there is none.
    """
    if endpoint_id is not None:
        async for row in _queries.endpoints(connection, endpoint_id=endpoint_id):
            return _endpoint(row)
    raise UnknownEndpoint("There is no webhook endpoint with this id.")


def _endpoint(row: Sequence[object]) -> Endpoint:
    endpoint_id, url, topics, *rest = row
    return Endpoint(endpoint_id, url, tuple(topics), *rest)  # type: ignore[arg-type]


async def ready(connection: Reading, now: Instant) -> list[tuple[int, int, bool]]:
    """Endpoints that may be sent to: number, position of the cursor, whether something older is due."""
    return [tuple(row) async for row in _queries.ready(connection, now=now)]


async def round_of(connection: Reading, endpoint_id: int) -> Round | None:
    """What a courier needs to know; None where the endpoint is gone or disabled."""
    row = await _queries.round(connection, endpoint_id=endpoint_id)
    if row is None:
        return None
    replay_id = row["replay_id"]
    return Round(
        Endpoint(endpoint_id, row["url"], tuple(row["topics"]), row["created_at"], None, None),
        row["secret"],
        row["position"],
        Health(row["failures"], row["failing_since"], row["paused_until"]),
        None if replay_id is None else Replay(replay_id, row["replay_position"], row["to_position"]),
    )


async def due(
    connection: Reading, endpoint_id: int, now: Instant, rows_max: int
) -> tuple[list[Parcel], list[Delivery]]:
    """Events to be sent again now; and those that cannot be any more, because the feed has forgotten them."""
    parcels, lost = [], []
    async for row in _queries.due(connection, endpoint_id=endpoint_id, now=now, rows_max=rows_max):
        position, topic, member_id, recorded_at, body, attempts = row
        if body is None:
            lost.append(Delivery(position, topic, "failed", attempts, None, "no longer kept", now, None))
        else:
            parcels.append(Parcel(Event(position, topic, member_id, recorded_at, body), attempts, "retry"))
    return parcels, lost


async def keep(
    connection: Writing,
    endpoint_id: int,
    *,
    position: int,
    health: Health,
    deliveries: Sequence[Delivery],
    replay: tuple[int, int] | None,
) -> bool:
    """Write down a round: cursor, health, what became of each event, and (replay, position).

    To be called in a transaction. False, and nothing is kept, where the endpoint was removed meanwhile.
    """
    found = await _queries.advance(
        connection,
        endpoint_id=endpoint_id,
        position=position,
        failures=health.failures,
        failing_since=health.failing_since,
        paused_until=health.paused_until,
    )
    if found is None:
        return False
    # One row per event: of two attempts within a round (retried and replayed) the later counts.
    last = list({each.position: each for each in deliveries}.values())
    if last:
        await _queries.keep_deliveries(
            connection,
            endpoint_id=endpoint_id,
            positions=[each.position for each in last],
            topics=[each.topic for each in last],
            states=[each.state for each in last],
            attempts=[each.attempts for each in last],
            statuses=[each.status for each in last],
            errors=[each.error for each in last],
            last_ats=[each.last_at for each in last],
            next_ats=[each.next_at for each in last],
        )
    if replay is not None:
        await _queries.replayed(connection, endpoint_id=endpoint_id, replay_id=replay[0], position=replay[1])
    return True


async def deliveries(
    connection: Reading, endpoint_id: int, *, before: int, state: State | None, rows_max: int
) -> list[Delivery]:
    """Last attempts at an endpoint, the newest event first, of positions below ``before``."""
    rows = _queries.deliveries(connection, endpoint_id=endpoint_id, before=before, state=state, rows_max=rows_max)
    return [Delivery(*row) async for row in rows]


async def purge_piece(connection: Writing, *, delivered_before: Instant, all_before: Instant, rows_max: int) -> int:
    """Forget up to so many old deliveries; how many. What is still being retried stays."""
    return int(
        await _queries.purge_deliveries(
            connection, delivered_before=delivered_before, all_before=all_before, rows_max=rows_max
        )
    )
