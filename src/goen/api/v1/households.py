"""Households over HTTP: made, joined by consent of both sides, left, dissolved (rule 40).

What moves one person's points to another is for ``server`` keys, as transfers are; other keys need the proof of
whoever's points they are.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from goen.actions.members import households
from goen.actions.points.errors import ProofRequired, SpendingNotAllowed
from goen.actions.points.household_proof import AgreeByProof
from goen.actions.points.pools import dissolve, leave, pool_own
from goen.actions.points.proof import UNSHOWN
from goen.api.call import Call
from goen.api.operations import WRITERS, Operation
from goen.api.v1.presenting import Named, member_of, named, proven
from goen.api.v1.purchases import MEMBER_REFUSALS
from goen.identity.presented import Presented
from goen.ledger.errors import NotEnoughPoints, SpendingBlocked
from goen.members.errors import HouseholdState, MemberWithdrawn, PinLocked, UnknownHousehold, UnknownMember
from goen.members.ids import member_id_of, public_id
from goen.members.model import Given
from goen.purchases.model import MemberRef, Proof
from goen.readings.household import HouseholdView, household
from goen.vocabulary.fields import Points
from goen.vocabulary.refusal import InvalidRequest


class HouseholdAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who is the head, and the head's consent. ``proof``: the head's; not for ``server`` keys."""

    head: MemberRef
    consent: Given
    proof: Proof | None = None


class PersonAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Whom the head asks in. With ``member_consent`` the member joins at once; without, on accepting. Keys other than
    ``server`` add ``member_proof`` to ``member_consent``, and ``head_proof`` to ``may_spend``."""

    member: MemberRef
    head_consent: Given
    member_consent: Given | None = None
    may_spend: bool = False
    head_proof: Proof | None = None
    member_proof: Proof | None = None


class AcceptAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The member's own consent. ``proof``: the member's; not for ``server`` keys."""

    consent: Given
    proof: Proof | None = None


class PlaceAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a person may do. ``head`` hands the household over to this person. ``head_proof``: that of who is head now,
    for more than may be done now; not for ``server`` keys."""

    may_spend: bool | None = None
    head: Literal[True] | None = None
    head_proof: Proof | None = None


class LeaveAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """``split``: points that head and member agree to take along; the rest stays with the household. Keys other than
    ``server`` add ``head_proof`` to it."""

    split: Points = 0
    head_proof: Proof | None = None


async def post_household(call: Call) -> HouseholdView:
    """Make a household; the head's points become its first."""
    ask = call.decode(HouseholdAsk)
    head, head_id = await _person(call, ask.head, "head")
    await _agrees(call, ask.proof, head, "proof", "household")
    household_id = await households.make(call.services.database, call.principal, head_id, ask.consent, call.now)
    await _pool(call, head_id)
    return await _view(call, household_id)


async def get_household(call: Call) -> HouseholdView:
    """Its people, and what each may do."""
    return await _view(call, member_id_of(call.path["id"]))


async def post_person(call: Call) -> HouseholdView:
    """Ask somebody in; with both consents at hand the member joins at once."""
    ask = call.decode(PersonAsk)
    household_id = member_id_of(call.path["id"])
    member, member_id = await _person(call, ask.member, "member")
    if ask.may_spend:
        await _head_agrees(call, ask.head_proof, f"may_spend {public_id(member_id)}")
    if ask.member_consent is not None:
        await _agrees(call, ask.member_proof, member, "member_proof", call.path["id"])
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
    await _agrees(call, ask.proof, Named(_by_id(member_id)), "proof", call.path["id"])
    await households.accept(call.services.database, call.principal, household_id, member_id, ask.consent, call.now)
    await _pool(call, member_id)
    return await _view(call, household_id)


async def patch_person(call: Call) -> HouseholdView:
    """Permit or forbid spending, or hand the household over."""
    ask = call.decode(PlaceAsk)
    if ask.may_spend is None and ask.head is None:
        raise InvalidRequest("may_spend", "or head: one of them is needed")
    household_id, member_id = _ids(call)
    if ask.head or ask.may_spend:
        what = "head" if ask.head else "may_spend"
        await _head_agrees(call, ask.head_proof, f"{what} {call.path['member_id']}")
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
    if ask.split:
        await _head_agrees(call, ask.head_proof, f"split {ask.split} {call.path['member_id']}")
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


async def _person(call: Call, ref: MemberRef, field: str) -> tuple[Named, int]:
    who = await named(call, ref, field)
    if who.spent is not None:
        raise who.spent
    member_id = await member_of(call, who.presented)
    if member_id is None:
        raise UnknownMember
    # By our number from here on: what was agreed to is the person's, whichever name was shown.
    return who._replace(presented=_by_id(member_id)), member_id


def _by_id(member_id: int | None) -> Presented:
    return Presented("member_id", "", member_id=member_id or 0)


async def _head_agrees(call: Call, proof: Proof | None, what: str) -> None:
    """The head of the path's household shows that it is them who agree to ``what``."""
    people = (await _view(call, member_id_of(call.path["id"]))).people
    head = next((member_id_of(each.member_id) for each in people if each.head), None)
    if head is not None:  # Else the household is closed, and refuses by itself.
        await _agrees(call, proof, Named(_by_id(head)), "head_proof", f"{call.path['id']} {what}")


async def _agrees(call: Call, proof: Proof | None, who: Named, field: str, what: str) -> None:
    """Who gives points away shows that it is them, unless a ``server`` key asks, which may transfer points anyway.

    :raises ProofRequired: nothing shows it; only a till's clerk looks. PinLocked.
    """
    role = call.principal.role
    if role == "server":
        return
    shown = UNSHOWN
    if proof is None or proof.kind != "staff" or role == "pos":
        shown = await proven(call, proof, who)
    if not shown.holds:
        raise ProofRequired(
            "Whose points they are has to agree: the code on the phone, a PIN, or a look by staff.", field=field
        )
    by = "code" if proof is None or shown.code is not None else proof.kind
    staff = proof.value if proof is not None and by == "staff" else None
    services = call.services
    await services.till.post(
        AgreeByProof(services.context, call.principal, who.presented, what, by, shown, call.now, staff=staff)
    )


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
_PROOF = (ProofRequired, PinLocked, SpendingNotAllowed)

OPERATIONS = [
    Operation(
        method="POST", path="/v1/households", summary="Make a household with its head", handler=post_household,
        tag=_TAG, request=HouseholdAsk, answer=HouseholdView, status=201, roles=WRITERS,
        refusals=(*MEMBER_REFUSALS, *_PROOF, HouseholdState),
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
        refusals=(*MEMBER_REFUSALS, UnknownHousehold, *_PROOF, HouseholdState), absent=_ABSENT,
    ),
    Operation(
        method="POST", path="/v1/households/{id}/members/{member_id}/accept", summary="Join by one's own consent",
        handler=post_acceptance, tag=_TAG, request=AcceptAsk, answer=HouseholdView, roles=WRITERS,
        refusals=(UnknownMember, MemberWithdrawn, UnknownHousehold, *_PROOF, HouseholdState),
        absent=(UnknownHousehold, UnknownMember),
    ),
    Operation(
        method="PATCH", path="/v1/households/{id}/members/{member_id}", handler=patch_person, tag=_TAG,
        summary="Let somebody spend a household's points, or hand it over", request=PlaceAsk, answer=HouseholdView,
        roles=WRITERS, refusals=(UnknownHousehold, *_PROOF, HouseholdState), absent=_ABSENT,
    ),
    Operation(
        method="POST", path="/v1/households/{id}/members/{member_id}/leave", handler=post_leave, tag=_TAG,
        summary="Leave; the points stay but for an agreed split", request=LeaveAsk, answer=HouseholdView,
        roles=WRITERS, absent=_ABSENT,
        refusals=(UnknownHousehold, *_PROOF, HouseholdState, NotEnoughPoints, SpendingBlocked),
    ),
]  # fmt: skip
