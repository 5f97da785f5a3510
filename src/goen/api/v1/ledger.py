"""What the books say of a member: balance, entries, lots, why. Nothing here writes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from goen.api.call import Call
from goen.api.decoding import decoded_query
from goen.api.operations import Operation
from goen.api.v1.documents import with_offset
from goen.members.errors import UnknownMember
from goen.members.ids import member_id_of
from goen.readings.balance import BalanceView
from goen.readings.debts import Debts, debts
from goen.readings.entries import EntryView, entries_of
from goen.readings.family import holders, survivor
from goen.readings.lots import LotView, lots
from goen.readings.why import WhyView, why


class BalanceQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``at``: the balance as it was recorded at this past instant."""

    at: datetime | None = None


class EntriesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page of the list."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, Meta(max_length=4000)] | None = None


class LotsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page of the list; without ``limit`` all of it, so that the sum is the booked balance."""

    limit: Annotated[int, Meta(ge=1, le=100)] | None = None
    cursor: Annotated[str, Meta(max_length=4000)] | None = None


class Entries(msgspec.Struct, frozen=True):
    """Movements of the points account, newest first."""

    items: Sequence[EntryView]
    next_cursor: str | None


class Lots(msgspec.Struct, frozen=True):
    """Open lots: debts first, then in the order in which they are spent."""

    items: Sequence[LotView]
    next_cursor: str | None


async def get_balance(call: Call) -> BalanceView:
    """The balance now, or with ``at`` as it was recorded then."""
    member_id = member_id_of(call.path["id"])
    balances = call.services.balances
    if not call.query:
        return await balances.of(member_id)
    # An unescaped + arrives as a blank.
    query = {name: value.replace(" ", "+") for name, value in call.query.items()}
    at = decoded_query(query, BalanceQuery).at
    return await (balances.of(member_id) if at is None else balances.then(member_id, with_offset(at, "at")))


async def get_entries(call: Call) -> Entries:
    """Movements of the points account, in words."""
    query = call.decode_query(EntriesQuery)
    async with call.services.database.reading() as connection:
        one = await holders(connection, member_id_of(call.path["id"]))
        page = await entries_of(connection, one, query.limit, query.cursor, call.services.shops, call.language)
    return Entries(*page)


async def get_lots(call: Call) -> Lots:
    """The points there are, with their dates."""
    query = call.decode_query(LotsQuery)
    async with call.services.database.reading() as connection:
        member_id = await survivor(connection, member_id_of(call.path["id"]))
        return Lots(*await lots(connection, member_id, query.limit, query.cursor))


async def get_debts(call: Call) -> Debts:
    """Who owes points (rule 28): to be looked through every day."""
    query = call.decode_query(EntriesQuery)
    async with call.services.database.snapshot() as connection:
        return await debts(connection, query.limit, query.cursor)


async def get_why(call: Call) -> WhyView:
    """The balance explained, line by line, to be read aloud."""
    services = call.services
    return await why(
        services.database,
        member_id_of(call.path["id"]),
        call.now,
        zone=services.zone,
        currency=services.context.currency,
        shops=services.shops,
        language=call.language,
    )


_TAG = "Points"
_ABSENT = (UnknownMember,)

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="GET", path="/v1/members/{id}/balance", summary="A member's points", handler=get_balance, tag=_TAG,
        query=BalanceQuery, answer=BalanceView, refusals=_ABSENT, absent=_ABSENT,
    ),
    Operation(
        method="GET", path="/v1/members/{id}/entries", summary="What moved, newest first", handler=get_entries,
        tag=_TAG, query=EntriesQuery, answer=Entries, refusals=_ABSENT, absent=_ABSENT,
    ),
    Operation(
        method="GET", path="/v1/members/{id}/lots", summary="The points there are, with their dates",
        handler=get_lots, tag=_TAG, query=LotsQuery, answer=Lots, refusals=_ABSENT, absent=_ABSENT,
    ),
    Operation(
        method="GET", path="/v1/members/{id}/why", summary="The balance explained", handler=get_why, tag=_TAG,
        answer=WhyView, refusals=_ABSENT, absent=_ABSENT,
    ),
    Operation(
        method="GET", path="/v1/debts", summary="Members who owe points", handler=get_debts, tag=_TAG,
        query=EntriesQuery, answer=Debts, roles=frozenset({"server", "readonly"}),
    ),
)  # fmt: skip
