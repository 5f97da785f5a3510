"""Tiers over HTTP: where a member stands, tiers by hand, previews and runs."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from goen.actions.tiers.by_hand import GiveTier, PauseTier, StartRun, give_tier, pause_tier, start_run
from goen.actions.tiers.errors import TiersNotCounted, UnknownTierProgramme
from goen.actions.tiers.preview import Preview, PreviewAsk, preview
from goen.api.call import Call, Role
from goen.api.operations import SERVER, Operation
from goen.members.errors import UnknownMember
from goen.members.ids import member_id_of
from goen.readings.tiers import MemberTiers, TierRuns, member_tiers, tier_runs

READERS: frozenset[Role] = SERVER | {"readonly"}


class TiersQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page of the history."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, Meta(pattern="^[0-9]{1,18}$")] | None = None


class RunsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 20


async def get_tiers(call: Call) -> MemberTiers:
    """Where a member stands in each programme of tiers, and how it came about."""
    query = call.decode_query(TiersQuery)
    return await _told(call, query.limit, None if query.cursor is None else int(query.cursor))


async def put_tier(call: Call) -> MemberTiers:
    """Give a tier by hand, with an end and a reason, or end that."""
    services = call.services
    await give_tier(
        services.database, services.context, call.principal, member_id_of(call.path["id"]), call.path["programme"],
        call.decode(GiveTier), call.now,
    )  # fmt: skip
    return await _told(call)


async def put_pause(call: Call) -> MemberTiers:
    """A leave of absence: the tier does not fall through a day."""
    services = call.services
    await pause_tier(
        services.database, services.context, call.principal, member_id_of(call.path["id"]), call.path["programme"],
        call.decode(PauseTier), call.now,
    )  # fmt: skip
    return await _told(call)


async def post_preview(call: Call) -> Preview:
    """What a re-tiering would change, before it runs."""
    return await preview(call.services.database, call.services.context, call.decode(PreviewAsk), call.now)


async def post_run(call: Call) -> TierRuns:
    """Start a re-tiering; the worker carries it out."""
    services = call.services
    await start_run(services.database, services.context, call.principal, call.decode(StartRun), call.now)
    async with services.database.reading() as connection:
        return await tier_runs(connection, 20)


async def get_runs(call: Call) -> TierRuns:
    """Runs over all members, and how far they have come."""
    query = call.decode_query(RunsQuery)
    async with call.services.database.reading() as connection:
        return await tier_runs(connection, query.limit)


async def _told(call: Call, limit: int = 20, before: int | None = None) -> MemberTiers:
    context = call.services.context
    async with call.services.database.reading() as connection:
        return await member_tiers(
            connection, context.engine_at(call.now).programme, member_id_of(call.path["id"]), context.day_of(call.now),
            limit, before,
        )  # fmt: skip


_TAG = "Tiers"
_HAND = (UnknownMember, UnknownTierProgramme, TiersNotCounted)

OPERATIONS = (
    Operation(
        method="GET", path="/v1/members/{id}/tiers", summary="A member's tiers, what is missing, and their history",
        handler=get_tiers, tag=_TAG, query=TiersQuery, answer=MemberTiers, refusals=(UnknownMember,),
        absent=(UnknownMember,),
    ),
    Operation(
        method="PUT", path="/v1/members/{id}/tiers/{programme}", summary="Give a tier by hand, or end that",
        handler=put_tier, tag=_TAG, request=GiveTier, answer=MemberTiers, roles=SERVER, refusals=_HAND,
        absent=_HAND[:2],
    ),
    Operation(
        method="PUT", path="/v1/members/{id}/tiers/{programme}/pause", summary="Let a tier not fall through a day",
        handler=put_pause, tag=_TAG, request=PauseTier, answer=MemberTiers, roles=SERVER, refusals=_HAND,
        absent=_HAND[:2],
    ),
    Operation(
        method="POST", path="/v1/tiers/preview", summary="What a re-tiering would change", handler=post_preview,
        tag=_TAG, request=PreviewAsk, answer=Preview, roles=READERS, refusals=_HAND[1:],
    ),
    Operation(
        method="POST", path="/v1/tiers/runs", summary="Start a re-tiering now", handler=post_run, tag=_TAG,
        request=StartRun, answer=TierRuns, roles=SERVER, refusals=_HAND[1:],
    ),
    Operation(
        method="GET", path="/v1/tiers/runs", summary="Runs over all members", handler=get_runs, tag=_TAG,
        query=RunsQuery, answer=TierRuns, roles=READERS,
    ),
)  # fmt: skip
