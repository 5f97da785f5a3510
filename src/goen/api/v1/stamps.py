"""Stamp cards over HTTP: a member's cards, how far they are, and what a full one gives."""

from __future__ import annotations

from datetime import date

import msgspec

from goen.api.call import Call
from goen.api.operations import Operation
from goen.api.queries import PageQuery, page_of
from goen.members.errors import UnknownMember
from goen.members.ids import member_id_of
from goen.readings import stamps as readings
from goen.readings.family import family


class StampReward(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a full card gives: one of the three."""

    points: int | None = None
    coupon: str | None = None
    gift: str | None = None


class StampCardAnswer(msgspec.Struct, frozen=True):
    """A member's card of a campaign. ``stamps`` of ``full`` are on it, below zero where they are owed after a return;
    ``missing`` fill it, null where it takes none any more (``open``). ``cards`` were full so far. The stamps that end
    first are good through ``ends_on``; null: they have no end."""

    campaign: str
    name: str
    stamps: int
    full: int
    missing: int | None
    cards: int
    cards_max: int | None
    reward: StampReward
    ends_on: date | None
    open: bool


class StampsAnswer(msgspec.Struct, frozen=True):
    """A member's stamp cards, by campaign."""

    items: list[StampCardAnswer]
    next_cursor: str | None = None


async def _of_member(call: Call) -> StampsAnswer:
    services, query = call.services, call.decode_query(PageQuery)
    async with services.database.reading() as connection:
        one = await family(connection, member_id_of(call.path["id"]))
        found = await readings.of_member(connection, one, services.context.campaigns, services.context.zone, call.now)
    cards, cursor = page_of(found, lambda each: each.campaign.code, query)
    return StampsAnswer([_told(each, call.language == "en") for each in cards], cursor)


def _told(each: readings.Card, english: bool) -> StampCardAnswer:
    campaign, card = each.campaign, each.on.card
    effect = campaign.stamps
    full = 0 if effect is None else effect.full
    reward = StampReward() if effect is None else StampReward(effect.points, effect.coupon, effect.gift)
    return StampCardAnswer(
        campaign.code,
        (campaign.name_en or campaign.name) if english else campaign.name,
        card.stamps,
        full,
        max(1, full - card.stamps) if each.open else None,
        card.filled,
        None if effect is None else effect.cards,
        reward,
        each.ends_on if card.stamps > 0 else None,
        each.open,
    )


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="GET", path="/v1/members/{id}/stamps", summary="A member's stamp cards", handler=_of_member,
        tag="Members", query=PageQuery, answer=StampsAnswer, roles=frozenset({"pos", "ec", "server", "readonly"}),
        absent=(UnknownMember,), refusals=(UnknownMember,),
    ),
)  # fmt: skip
