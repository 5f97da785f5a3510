"""Households over HTTP: made, joined by consent of both sides, left, dissolved (rule 40)."""

from __future__ import annotations

from typing import Literal

import msgspec

from goen.actions.members import households
from goen.actions.points.pools import dissolve, leave, pool_own
from goen.api.call import Call
from goen.api.operations import WRITERS, Operation
from goen.api.v1.presenting import member_of, named
from goen.api.v1.purchases import MEMBER_REFUSALS
from goen.ledger.errors import NotEnoughPoints, SpendingBlocked
from goen.members.errors import HouseholdState, MemberWithdrawn, UnknownHousehold, UnknownMember
from goen.members.ids import member_id_of
from goen.members.model import Given
from goen.purchases.model import MemberRef
from goen.readings.household import HouseholdView, household
from goen.vocabulary.fields import Points
from goen.vocabulary.refusal import InvalidRequest


class HouseholdAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is the head, and the head's consent."""

    head: MemberRef
    consent: Given


class PersonAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Whom the head asks in. With ``member_consent`` the member joins at once; without, on accepting."""

    member: MemberRef
    head_consent: Given
    member_consent: Given | None = None
    may_spend: bool = False


class AcceptAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The member's own consent."""

    consent: Given


class PlaceAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a person may do. ``head`` hands the household over to this person."""

    may_spend: bool | None = None
    head: Literal[True] | None = None


class LeaveAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """``split``: points that head and member agree to take along; the rest stays with the household."""

    split: Points = 0


async def post_household(call: Call) -> HouseholdView:
    """Make a household; the head's points become its first."""
    ask = call.decode(HouseholdAsk)
    head_id = await _person(call, ask.head, "head")
    household_id = await households.make(call.services.database, call.principal, head_id, ask.consent, call.now)
    await _pool(call, head_id)
    return await _view(call, household_id)


async def get_household(call: Call) -> HouseholdView:
    """Its people, and what each may do."""
    return await _view(call, member_id_of(call.path["id"]))


async def post_person(call: Call) -> HouseholdView:
    """Ask somebody in; with both consents at hand the member joins at once."""
    ask = call.decode(PersonAsk)
    household_id, member_id = member_id_of(call.path["id"]), await _person(call, ask.member, "member")
    await households.invite(
        call.services.database,
        call.principal,
        household_id,
        member_id,
        may_spend=ask.may_spend,
        head_consent=ask.head_consent,
        member_consent=ask.member_consent,
        now=call.now,
    )
    await _pool(call, member_id)
    return await _view(call, household_id)


async def post_acceptance(call: Call) -> HouseholdView:
    """Who was invited joins; the points of before go into the household."""
    ask = call.decode(AcceptAsk)
    household_id, member_id = _ids(call)
    await households.accept(call.services.database, call.principal, household_id, member_id, ask.consent, call.now)
    await _pool(call, member_id)
    return await _view(call, household_id)


async def patch_person(call: Call) -> HouseholdView:
    """Permit or forbid spending, or hand the household over."""
    ask = call.decode(PlaceAsk)
    if ask.may_spend is None and ask.head is None:
        raise InvalidRequest("may_spend", "or head: one of them is needed")
    household_id, member_id = _ids(call)
    await households.change(
        call.services.database,
        call.principal,
        household_id,
        member_id,
        may_spend=ask.may_spend,
        head=ask.head is not None,
        now=call.now,
    )
    return await _view(call, household_id)


async def post_leave(call: Call) -> HouseholdView:
    """A person leaves; the points stay but for a split."""
    ask = call.decode(LeaveAsk)
    household_id, member_id = _ids(call)
    services = call.services
    await leave(
        services.database, services.till, services.context, call.principal, household_id, member_id, ask.split, call.now
    )
    return await _view(call, household_id)


async def delete_household(call: Call) -> None:
    """Dissolve: the points go to the head, everybody is free."""
    services = call.services
    people = (await _view(call, member_id_of(call.path["id"]))).people
    head = next((each.member_id for each in people if each.head), None)
    if head is None:
        raise HouseholdState("closed")
    await dissolve(
        services.database,
        services.till,
        services.context,
        call.principal,
        member_id_of(call.path["id"]),
        member_id_of(head) or 0,
        call.now,
    )


async def _person(call: Call, ref: MemberRef, field: str) -> int:
    who = await named(call, ref, field)
    if who.spent is not None:
        raise who.spent
    member_id = await member_of(call, who.presented)
    if member_id is None:
        raise UnknownMember
    return member_id


async def _pool(call: Call, member_id: int | None) -> None:
    services = call.services
    await pool_own(services.database, services.till, services.context, member_id)


def _ids(call: Call) -> tuple[int | None, int | None]:
    return member_id_of(call.path["id"]), member_id_of(call.path["member_id"])


async def _view(call: Call, household_id: int | None) -> HouseholdView:
    async with call.services.database.reading() as connection:
        return await household(connection, household_id)


_TAG = "Households"
_ABSENT = (UnknownHousehold,)

OPERATIONS = [
    Operation(
        method="POST", path="/v1/households", summary="Make a household with its head", handler=post_household,
        tag=_TAG, request=HouseholdAsk, answer=HouseholdView, status=201, roles=WRITERS,
        refusals=(*MEMBER_REFUSALS, HouseholdState),
    ),
    Operation(
        method="GET", path="/v1/households/{id}", summary="A household and its people", handler=get_household,
        tag=_TAG, answer=HouseholdView, refusals=_ABSENT, absent=_ABSENT,
    ),
    Operation(
        method="DELETE", path="/v1/households/{id}", summary="Dissolve a household; its points go to the head",
        handler=delete_household, tag=_TAG, status=204, roles=WRITERS, refusals=(UnknownHousehold, HouseholdState),
        absent=_ABSENT,
    ),
    Operation(
        method="POST", path="/v1/households/{id}/members", summary="Ask somebody into a household",
        handler=post_person, tag=_TAG, request=PersonAsk, answer=HouseholdView, status=201, roles=WRITERS,
        refusals=(*MEMBER_REFUSALS, UnknownHousehold, HouseholdState), absent=_ABSENT,
    ),
    Operation(
        method="POST", path="/v1/households/{id}/members/{member_id}/accept", summary="Join by one's own consent",
        handler=post_acceptance, tag=_TAG, request=AcceptAsk, answer=HouseholdView, roles=WRITERS,
        refusals=(UnknownMember, MemberWithdrawn, UnknownHousehold, HouseholdState),
        absent=(UnknownHousehold, UnknownMember),
    ),
    Operation(
        method="PATCH", path="/v1/households/{id}/members/{member_id}", handler=patch_person, tag=_TAG,
        summary="Let somebody spend a household's points, or hand it over", request=PlaceAsk, answer=HouseholdView,
        roles=WRITERS, refusals=(UnknownHousehold, HouseholdState), absent=_ABSENT,
    ),
    Operation(
        method="POST", path="/v1/households/{id}/members/{member_id}/leave", handler=post_leave, tag=_TAG,
        summary="Leave; the points stay but for an agreed split", request=LeaveAsk, answer=HouseholdView,
        roles=WRITERS, refusals=(UnknownHousehold, HouseholdState, NotEnoughPoints, SpendingBlocked), absent=_ABSENT,
    ),
]  # fmt: skip
