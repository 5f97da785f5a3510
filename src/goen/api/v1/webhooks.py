"""Webhook endpoints over HTTP: where events are sent, how that went, and sending them again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from goen.actions import webhooks as actions
from goen.api.call import Call, Role
from goen.api.operations import SERVER, Operation
from goen.api.queries import PageQuery, page_of
from goen.delivery.errors import CursorExpired, UnknownEndpoint
from goen.delivery.webhooks import store
from goen.delivery.webhooks.message import message_id
from goen.delivery.webhooks.model import Endpoint, State, endpoint_id_of, public_id
from goen.delivery.webhooks.target import URL_MAX
from goen.vocabulary.refusal import InvalidRequest

EVERYTHING = "*"
READERS: frozenset[Role] = SERVER | {"readonly"}
Position = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Topic = Annotated[str, Meta(pattern=r"^(\*|[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+)$", max_length=100)]


class EndpointRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to send (https), and which topics: ``purchase.recorded`` …; none or ``*`` are all of them."""

    url: Annotated[str, Meta(min_length=1, max_length=URL_MAX)]
    topics: Annotated[list[Topic], Meta(max_length=100)] = []


class EndpointAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """An endpoint. ``secret`` (``whsec_…``) is told once, when it was made; it verifies our signatures.

    ``disabled_reason`` is ``gone`` (it answered 410) or ``failing`` (nothing has arrived for five days).
    """

    id: str
    url: str
    topics: list[str]
    created_at: datetime
    secret: str | None = None
    disabled_at: datetime | None = None
    disabled_reason: str | None = None


class EndpointsAnswer(msgspec.Struct, frozen=True):
    """Endpoints, in the order they were made."""

    items: list[EndpointAnswer]
    next_cursor: str | None = None


class ReplayRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to send again: from an event on or since a moment, through ``to`` or the newest."""

    from_position: Position | None = None
    since: Annotated[datetime, Meta(tz=True)] | None = None
    to: Position | None = None


class ReplayAnswer(msgspec.Struct, frozen=True):
    """The stretch of the feed that is sent again, both ends included, and how many positions that is."""

    from_position: int
    to: int
    positions: int


class DeliveriesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pages of deliveries, all or those in one state."""

    state: State | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 50
    cursor: str | None = None


class DeliveryAnswer(msgspec.Struct, frozen=True):
    """The last attempt of one event: its answer's ``status``, or the ``error`` where none came."""

    event_id: str
    webhook_id: str
    topic: str
    state: State
    attempts: int
    status: int | None
    error: str | None
    last_at: datetime
    next_at: datetime | None


class DeliveriesAnswer(msgspec.Struct, frozen=True):
    """Deliveries, the newest event first."""

    items: list[DeliveryAnswer]
    next_cursor: str | None = None


def _told(endpoint: Endpoint, secret: str | None = None) -> EndpointAnswer:
    return EndpointAnswer(
        id=public_id(endpoint.endpoint_id),
        url=endpoint.url,
        topics=list(endpoint.topics) or [EVERYTHING],
        created_at=endpoint.created_at,
        secret=secret,
        disabled_at=endpoint.disabled_at,
        disabled_reason=endpoint.disabled_reason,
    )


async def _add(call: Call) -> EndpointAnswer:
    ask = call.decode(EndpointRequest)
    topics = () if EVERYTHING in ask.topics else tuple(dict.fromkeys(ask.topics))
    endpoint, secret = await actions.add_endpoint(
        call.services.database,
        ask.url,
        topics,
        reach=call.services.webhook_reach,
        author=call.principal.integration,
        now=call.now,
    )
    return _told(endpoint, secret)


async def _list(call: Call) -> EndpointsAnswer:
    query = call.decode_query(PageQuery)
    async with call.services.database.reading() as connection:
        found, cursor = page_of(await store.endpoints(connection), lambda each: f"{each.endpoint_id:019}", query)
    return EndpointsAnswer([_told(each) for each in found], cursor)


async def _get(call: Call) -> EndpointAnswer:
    async with call.services.database.reading() as connection:
        return _told(await store.endpoint(connection, endpoint_id_of(call.path["id"])))


async def _remove(call: Call) -> None:
    await actions.remove_endpoint(
        call.services.database,
        endpoint_id_of(call.path["id"]),
        author=call.principal.integration,
        now=call.now,
    )


async def _enable(call: Call) -> EndpointAnswer:
    endpoint = await actions.enable_endpoint(
        call.services.database,
        endpoint_id_of(call.path["id"]),
        author=call.principal.integration,
        now=call.now,
    )
    return _told(endpoint)


async def _replay(call: Call) -> ReplayAnswer:
    ask = call.decode(ReplayRequest)
    first, last = await actions.replay(
        call.services.database,
        endpoint_id_of(call.path["id"]),
        from_position=ask.from_position,
        since=ask.since,
        to=ask.to,
        author=call.principal.integration,
        now=call.now,
    )
    return ReplayAnswer(first, last, max(0, last - first + 1))


async def _deliveries(call: Call) -> DeliveriesAnswer:
    query = call.decode_query(DeliveriesQuery)
    before = 2**63 - 1
    if query.cursor is not None:
        if not (query.cursor.isascii() and query.cursor.isdigit() and len(query.cursor) < 19):
            raise InvalidRequest("cursor", "is not one that a page gave")
        before = int(query.cursor)
    async with call.services.database.reading() as connection:
        endpoint = await store.endpoint(connection, endpoint_id_of(call.path["id"]))
        found = await store.deliveries(
            connection, endpoint.endpoint_id, before=before, state=query.state, rows_max=query.limit + 1
        )
    items = [
        DeliveryAnswer(
            event_id=str(each.position),
            webhook_id=message_id(endpoint.endpoint_id, each.position),
            topic=each.topic,
            state=each.state,
            attempts=each.attempts,
            status=each.status,
            error=each.error,
            last_at=each.last_at,
            next_at=each.next_at,
        )
        for each in found[: query.limit]
    ]
    return DeliveriesAnswer(items, items[-1].event_id if len(found) > query.limit else None)


OPERATIONS = (
    Operation(
        method="POST",
        path="/v1/webhook_endpoints",
        summary="Add a webhook endpoint; its signing secret is told this once",
        handler=_add,
        request=EndpointRequest,
        answer=EndpointAnswer,
        status=201,
        roles=SERVER,
        tag="Events",
    ),
    Operation(
        method="GET",
        path="/v1/webhook_endpoints",
        summary="All webhook endpoints",
        handler=_list,
        query=PageQuery,
        answer=EndpointsAnswer,
        roles=READERS,
        tag="Events",
    ),
    Operation(
        method="GET",
        path="/v1/webhook_endpoints/{id}",
        summary="One webhook endpoint",
        handler=_get,
        answer=EndpointAnswer,
        roles=READERS,
        refusals=(UnknownEndpoint,),
        tag="Events",
    ),
    Operation(
        method="DELETE",
        path="/v1/webhook_endpoints/{id}",
        summary="Remove a webhook endpoint",
        handler=_remove,
        status=204,
        roles=SERVER,
        refusals=(UnknownEndpoint,),
        absent=(UnknownEndpoint,),
        tag="Events",
    ),
    Operation(
        method="POST",
        path="/v1/webhook_endpoints/{id}/enable",
        summary="Send to a disabled endpoint again, from where it stopped",
        handler=_enable,
        answer=EndpointAnswer,
        roles=SERVER,
        refusals=(UnknownEndpoint,),
        absent=(UnknownEndpoint,),
        tag="Events",
    ),
    Operation(
        method="POST",
        path="/v1/webhook_endpoints/{id}/replay",
        summary="Send events again, with the ids they had",
        handler=_replay,
        request=ReplayRequest,
        answer=ReplayAnswer,
        roles=SERVER,
        refusals=(UnknownEndpoint, CursorExpired),
        absent=(UnknownEndpoint,),
        tag="Events",
    ),
    Operation(
        method="GET",
        path="/v1/webhook_endpoints/{id}/deliveries",
        summary="How events arrived: state, attempts and the last answer of each",
        handler=_deliveries,
        query=DeliveriesQuery,
        answer=DeliveriesAnswer,
        roles=READERS,
        refusals=(UnknownEndpoint,),
        tag="Events",
    ),
)
