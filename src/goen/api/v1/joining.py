"""Coming in over HTTP: a provisional member registers, a paper card becomes digital, and who lapsed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from goen.actions.members import asks
from goen.actions.members.meet import meet
from goen.actions.members.register import register
from goen.actions.points.claim_card import CardClaimAnswer, CardClaimAsk, claim_card
from goen.actions.points.errors import ClaimNotPossible
from goen.api.call import Call, Reply
from goen.api.operations import WRITERS, Operation
from goen.api.v1.documents import with_offset
from goen.api.v1.presenting import member_of, named, with_line_user
from goen.api.v1.purchases import MEMBER_REFUSALS, told
from goen.channels.line.errors import LineAway, LineMissing
from goen.members.errors import CardRetired, IdentifierTaken, MemberWithdrawn, UnknownMember, UnknownTerms
from goen.members.ids import member_id_of
from goen.members.model import MemberView
from goen.readings.lapses import Lapses, lapses
from goen.readings.member_profile import member_profile
from goen.shops.errors import UnknownShop


class LapsesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``from`` and ``to``: recorded in this stretch, its end excluded."""

    since: datetime | None = msgspec.field(default=None, name="from")
    until: datetime | None = msgspec.field(default=None, name="to")
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, Meta(max_length=4000)] | None = None


async def post_registration(call: Call) -> MemberView:
    """Register a provisional member; of a registered one nothing changes."""
    services, member_id = call.services, member_id_of(call.path["id"])
    ask = call.decode(asks.Registration)
    identifiers = [
        await with_line_user(call, each, f"identifiers.{place}.") for place, each in enumerate(ask.identifiers)
    ]
    ask = msgspec.structs.replace(ask, identifiers=tuple(identifiers))
    today = services.context.day_of(call.now)
    await register(services.database, services.shops, call.principal, member_id, ask, call.now, today)
    await meet(services.database, member_id, call.principal, call.now, services.merge_pair)
    async with services.database.reading() as connection:
        return await member_profile(connection, member_id)


async def post_card_claim(call: Call) -> Reply:
    """Claim a paper card, once for ever; the same claim asked again gives the first answer."""
    services = call.services
    ask = call.decode(CardClaimAsk)
    who = await named(call, ask.member)
    return told(
        await claim_card(
            services.database,
            services.till,
            services.context,
            ask,
            who.presented,
            await member_of(call, who.presented),
            call.principal,
            call.now,
            only_repeats=who.spent,
        )
    )


async def get_lapses(call: Call) -> Lapses:
    """Provisional members who did not register in time."""
    query = call.decode_query(LapsesQuery)
    async with call.services.database.reading() as connection:
        return await lapses(
            connection,
            query.since and with_offset(query.since, "from"),
            query.until and with_offset(query.until, "to"),
            query.limit,
            query.cursor,
        )


_TAG = "Joining"

OPERATIONS = [
    Operation(
        method="POST", path="/v1/members/{id}/register", summary="Register a provisional member",
        handler=post_registration, tag=_TAG, request=asks.Registration, answer=MemberView, roles=WRITERS,
        refusals=(
            UnknownMember, MemberWithdrawn, IdentifierTaken, CardRetired, UnknownShop, UnknownTerms, LineMissing,
            LineAway,
        ),
        absent=(UnknownMember,),
    ),
    Operation(
        method="GET", path="/v1/member_lapses", summary="Provisional members who did not register in time",
        handler=get_lapses, tag=_TAG, query=LapsesQuery, answer=Lapses,
    ),
    Operation(
        method="POST", path="/v1/card_claims", summary="Move a paper card's balance to a member and retire the card",
        handler=post_card_claim, tag=_TAG, request=CardClaimAsk, answer=CardClaimAnswer, status=201, roles=WRITERS,
        key="document", posting=True, refusals=(*MEMBER_REFUSALS, ClaimNotPossible),
    ),
]  # fmt: skip
