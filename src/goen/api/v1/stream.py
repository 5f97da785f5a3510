"""The live stream: what happens, as it is committed, as server-sent events."""

from __future__ import annotations

import msgspec

from goen.api.call import Call, Events
from goen.api.operations import Operation
from goen.delivery.errors import CursorExpired
from goen.members.errors import UnknownMember
from goen.members.ids import member_id_of
from goen.readings.family import family, survivor
from goen.vocabulary.refusal import InvalidRequest

POSITION_MAX = 2**63 - 1


class StreamQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``member``: the id of one member; absent, everybody's events.

    ``last_event_id``: go on after this event, as the header ``Last-Event-ID`` asks, which wins; 0: from the
    first event that is kept. Absent: what comes from now on.
    """

    member: str | None = None
    last_event_id: str | None = None


async def _stream(call: Call) -> Events:
    query = call.decode_query(StreamQuery)
    members = None
    if query.member is not None:
        async with call.services.database.reading() as connection:
            member_id = member_id_of(query.member)
            members = {*(await family(connection, member_id)).members, await survivor(connection, member_id)}
    after = _position(call.last_event_id or query.last_event_id or None)
    # Proxies that gather answers before they pass them on (nginx) leave this one alone.
    headers = ((b"cache-control", b"no-store"), (b"x-accel-buffering", b"no"))
    return Events(await call.services.streams.open(after, members), headers=headers)


def _position(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= POSITION_MAX):
        raise InvalidRequest("last_event_id", "is not the id of an event")
    return int(text)


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/stream",
        summary="Listen to what happens, as server-sent events; resumes after Last-Event-ID for 30 days",
        handler=_stream,
        query=StreamQuery,
        content_type="text/event-stream",
        refusals=(CursorExpired, UnknownMember),
        tag="Events",
    ),
)
