"""Merges over HTTP: make one member of two, look first, and take it back."""

from __future__ import annotations

from goen.actions.merging.answers import MergeAnswer, MergePreview, UndoAnswer
from goen.actions.merging.errors import (
    MemberFrozen,
    MergeOrder,
    MergeUndone,
    SurvivorProvisional,
    UnknownMerge,
    UnknownSurvivor,
)
from goen.actions.merging.merge import MergeAsk, MergeMembers
from goen.actions.merging.preview import preview
from goen.actions.merging.undo import UndoAsk, UndoMerge
from goen.actions.till.errors import Conflict
from goen.api.call import Call, Reply
from goen.api.errors import NEEDS_KEY, MissingIdempotencyKey
from goen.api.operations import SERVER, Operation
from goen.api.v1.presenting import member_path, named
from goen.api.v1.purchases import MEMBER_REFUSALS, posted
from goen.members.errors import HouseholdState, MemberWithdrawn


async def post_merge(call: Call) -> Reply:
    """Merge ``source`` into the member of the path; with ``preview`` tell what that would change."""
    ask = call.decode(MergeAsk)
    if call.idempotency_key is None and not ask.preview:
        raise MissingIdempotencyKey(NEEDS_KEY)
    who = await named(call, ask.source, "source", use_token=not ask.preview)
    act = MergeMembers(
        ask,
        member_path(call),
        who.presented,
        call.idempotency_key or "preview",
        call.principal,
        call.services.context,
        call.now,
    )
    if ask.preview:
        return Reply(200, await preview(call.services.database, act, call.now))
    act.only_repeats = who.spent
    return await posted(call, act)


async def post_undo(call: Call) -> Reply:
    """Take a merge back, once."""
    ask = call.decode(UndoAsk)
    assert call.idempotency_key is not None
    return await posted(
        call,
        UndoMerge(call.path["id"], ask, call.idempotency_key, call.principal, call.services.context, call.now),
    )


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="POST",
        path="/v1/members/{id}/merges",
        summary="Merge another member into this one, or preview what that would change",
        request=MergeAsk,
        answer=MergeAnswer | MergePreview,
        status=201,
        roles=SERVER,
        key="unless_preview",
        posting=True,
        handler=post_merge,
        refusals=(UnknownSurvivor, *MEMBER_REFUSALS, MemberFrozen, SurvivorProvisional, HouseholdState, Conflict),
        absent=(UnknownSurvivor,),
        tag="Members",
    ),
    Operation(
        method="POST",
        path="/v1/merges/{id}/undo",
        summary="Take a merge back: what happened by each side's own names goes back to that side",
        request=UndoAsk,
        answer=UndoAnswer,
        roles=SERVER,
        key="idempotency",
        posting=True,
        handler=post_undo,
        refusals=(UnknownMerge, MergeUndone, MergeOrder, MemberWithdrawn, Conflict),
        absent=(UnknownMerge,),
        tag="Members",
    ),
)
