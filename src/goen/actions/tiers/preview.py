"""What would a re-tiering change? The very look of a run, with nothing written."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from goen.actions.points.context import Context
from goen.actions.tiers.errors import TiersNotCounted, UnknownTierProgramme
from goen.actions.tiers.looking import Change, changing, stretch
from goen.actions.tiers.runs import evaluation
from goen.database.pool import Database
from goen.earning.tiers.model import Ladder, TierCode
from goen.members.ids import member_id_of, public_id
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import InvalidRequest


class PreviewAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which ladder: that of ``programme`` as it counts on the day, or ``draft`` in its place.

    ``on``: the evaluation day, today or later (default today); sales count as far as they are there. ``cursor``
    continues the list of members.
    """

    programme: TierCode
    draft: Ladder | None = None
    on: date | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, Meta(max_length=100)] | None = None


class WouldMove(msgspec.Struct, frozen=True, rename={"before": "from"}):
    """So many members would go from one tier to another."""

    before: str | None
    tier: str | None
    members: int


class WouldChange(msgspec.Struct, frozen=True, rename={"before": "from"}):
    """One of them, and what their sales in the window count."""

    member: str
    before: str | None
    tier: str | None
    measured: int


class Preview(msgspec.Struct, frozen=True):
    """What a run on that day would change, by the sales known now. ``counts`` are of all members, with the first
    page only."""

    programme: str
    on: date
    counts: list[WouldMove]
    items: list[WouldChange]
    next_cursor: str | None


async def preview(database: Database, context: Context, ask: PreviewAsk, now: Instant) -> Preview:
    """Look at every member in pieces; nothing is locked and nothing written.

    Raises:
        UnknownTierProgramme: neither is there such a ladder, nor a draft.
        TiersNotCounted: the sales from before are not counted yet.
        InvalidRequest: the day is over, or the cursor is none.
    """
    day = ask.on or context.day_of(now)
    if day < context.day_of(now):
        raise InvalidRequest("on", "lies in the past")
    programme = context.engine_at(now).programme
    ladder = ask.draft or programme.tier_programmes.get(ask.programme)
    if ladder is None or not programme.tier_programmes:
        raise UnknownTierProgramme
    if context.tiers_counted != context.tiers_since(programme):
        raise TiersNotCounted
    look = evaluation(ask.programme, ladder, next(iter(programme.tier_programmes)) == ask.programme, day)
    after = 0 if ask.cursor is None else member_id_of(ask.cursor)
    if after is None:
        raise InvalidRequest("cursor", "is not one of ours")
    counts: dict[tuple[str | None, str | None], int] = {}
    items: list[Change] = []
    while ask.cursor is None or len(items) <= ask.limit:
        async with database.reading() as connection:
            upto = await stretch(connection, after)
            if upto is None:
                break
            found = await changing(connection, look, after, upto)
        for each in found:
            move = each.standing.tier, each.to.tier
            counts[move] = counts.get(move, 0) + 1
        items += found[: ask.limit + 1 - len(items)] if len(items) <= ask.limit else []
        after = upto
    shown = items[: ask.limit]
    return Preview(
        ask.programme,
        day,
        [WouldMove(*move, n) for move, n in sorted(counts.items(), key=lambda x: -x[1])] if ask.cursor is None else [],
        [WouldChange(public_id(x.member_id), x.standing.tier, x.to.tier, x.measure) for x in shown],
        public_id(shown[-1].member_id) if len(items) > ask.limit else None,
    )
