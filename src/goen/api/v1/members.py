"""Members over HTTP: enrol, find, change, identify, withdraw."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from goen.actions.members import asks
from goen.actions.members.accesses import What
from goen.actions.members.change import change
from goen.actions.members.enrol import enrol
from goen.actions.members.identify import add_identifier, remove_identifier, verify_contact
from goen.actions.members.leave import freeze, withdraw
from goen.actions.members.meet import meet
from goen.actions.members.names import account_by_token, guard_vouching, web_shop
from goen.actions.members.pin import set_pin
from goen.actions.members.segments import put_segments
from goen.actions.till.errors import Conflict
from goen.api.call import Call, Reply, Role
from goen.api.operations import SERVER, WRITERS, Operation
from goen.api.v1.presenting import by_code, line_user, with_line_user
from goen.channels.line.errors import LineAway, LineMissing
from goen.identity.presented import presented
from goen.members import store
from goen.members.errors import (
    AmbiguousMember,
    CardRetired,
    IdentifierTaken,
    MemberWithdrawn,
    UnknownIdentifier,
    UnknownMember,
    UnknownTerms,
    UnknownWording,
)
from goen.members.ids import member_id_of
from goen.members.model import MemberView, Phrase
from goen.purchases.model import MemberKind
from goen.readings.family import family
from goen.readings.member_lookup import member_by
from goen.readings.member_profile import member_profile, member_profiles
from goen.readings.member_search import member_search
from goen.shops.errors import UnknownShop
from goen.vocabulary import ids
from goen.vocabulary.refusal import InvalidRequest


class Lookup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A member as named by the caller. ``shop`` and ``token`` for accounts of a web shop; an id token of LINE Login
    as ``token`` of kind ``line`` (with its ``nonce``) signs in with LINE."""

    kind: MemberKind
    value: Phrase | None = None
    shop: Phrase | None = None
    token: asks.Token | None = None
    nonce: Phrase | None = None


class MembersQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Either ``kind`` and ``value`` (one identifier), or ``q`` (part of a name, kana or number)."""

    kind: MemberKind | None = None
    value: Phrase | None = None
    shop: Phrase | None = None
    q: Phrase | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, Meta(max_length=4000)] | None = None


class Members(msgspec.Struct, frozen=True):
    """Members found."""

    items: list[MemberView]
    next_cursor: str | None = None


async def post_member(call: Call) -> Reply:
    """Enrol. With an ``Idempotency-Key`` a repeat within 30 days gives the first answer again."""
    services = call.services
    ask = call.decode(asks.Enrolment)
    identifiers = [
        await with_line_user(call, each, f"identifiers.{place}.") for place, each in enumerate(ask.identifiers)
    ]
    ask = msgspec.structs.replace(ask, identifiers=tuple(identifiers))
    made = await enrol(
        services.database,
        services.shops,
        call.principal,
        ask,
        call.now,
        call.now.astimezone(services.zone).date(),
        call.idempotency_key,
        register_within=timedelta(days=services.context.engine_at(call.now).programme.joining.register_within_days),
    )
    if not made.replayed:
        await _met(call, made.member_id)
    return Reply(201, made.body, ((b"idempotent-replayed", b"true"),) if made.replayed else ())


async def _met(call: Call, member_id: int | None) -> None:
    """Whoever is new, or has shown a contact, meets those who carry the same one (rule 44)."""
    await meet(call.services.database, member_id, call.principal, call.now, call.services.merge_pair)


async def post_lookup(call: Call) -> Members:
    """Whom an identifier names: nobody, or one."""
    return await _named(call, call.decode(Lookup))


async def get_members(call: Call) -> Members:
    """The same by query, or a search."""
    query = call.decode_query(MembersQuery)
    if query.q is not None and query.kind is None and query.value is None:
        async with call.services.database.reading() as connection:
            page = await member_search(connection, query.q, query.limit, query.cursor)
        _noted(call, page.members, "found")
        return Members(page.members, page.next_cursor)
    if query.q is not None or query.kind is None or query.value is None:
        raise InvalidRequest("q", "give either q, or kind and value")
    # An unescaped + arrives as a blank.
    value = "+" + query.value[1:] if query.value.startswith(" ") else query.value
    return await _named(call, Lookup(query.kind, value, query.shop))


async def _named(call: Call, ask: Lookup) -> Members:
    services, value, shop_id = call.services, ask.value, None
    if ask.kind == "ec":
        shop = web_shop(services.shops, ask.shop, call.principal, "shop")
        shop_id = shop.shop_id
        if ask.token is not None:
            async with services.database.transaction() as connection:
                value = await account_by_token(connection, ask.token, shop, call.now)
        else:
            guard_vouching(call.principal, shop, "token")
    elif ask.kind == "line" and ask.token is not None:
        value = await line_user(call, ask.token, ask.nonce, ask.value, "")
    named = presented(ask.kind, value, shop_id, member_id_of=member_id_of, field="")
    if named.kind == "code":
        named = (await by_code(call, named, None)).presented
    async with services.database.reading() as reading:
        member_id = await member_by(reading, named)
        members = await member_profiles(reading, [] if member_id is None else [member_id])
    _noted(call, members, "read")
    return Members(members)


async def get_member(call: Call) -> MemberView:
    """A whole member, withdrawn ones too."""
    return await _whole(call)


async def patch_member(call: Call) -> MemberView:
    """Change; null empties a field, an absent one stays."""
    services = call.services
    ask = call.decode(asks.Change)
    today = call.now.astimezone(services.zone).date()
    await change(services.database, services.shops, call.principal, _member_id(call), ask, call.now, today)
    return await _whole(call)


async def delete_member(call: Call) -> None:
    """Withdraw: identifiers are free at once, personal data goes on its day, the books stay."""
    await withdraw(
        call.services.database,
        call.principal,
        _member_id(call),
        call.now,
        call.services.context.day_of(call.now),
        erase_after_days=call.services.retention.erase_after_days,
    )


async def post_identifier(call: Call) -> MemberView:
    """One more name; one that the member has already stays as it is."""
    services = call.services
    ask = await with_line_user(call, call.decode(asks.NewIdentifier), "")
    await add_identifier(services.database, services.shops, call.principal, _member_id(call), ask, call.now)
    await _met(call, _member_id(call))
    return await _whole(call)


async def delete_identifier(call: Call) -> None:
    """Take a name away; it is free for others at once."""
    await remove_identifier(call.services.database, call.principal, _member_id(call), _identifier_id(call), call.now)


async def post_verify(call: Call) -> MemberView:
    """The member has shown that a phone number or mail address is theirs."""
    await verify_contact(call.services.database, call.principal, _member_id(call), _identifier_id(call), call.now)
    await _met(call, _member_id(call))
    return await _whole(call)


class Segments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The segments that a member is in, all of them."""

    segments: Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=100)], ...], Meta(max_length=1000)]


async def get_segments(call: Call) -> Segments:
    """The segments that campaigns ask for."""
    member_id = _member_id(call)
    async with call.services.database.reading() as connection:
        one = await family(connection, member_id)
        return Segments(tuple(await store.segments(connection, one.root)))


async def put_member_segments(call: Call) -> Segments:
    """Put the member into these segments and no others."""
    ask = call.decode(Segments)
    await put_segments(call.services.database, call.principal, _member_id(call), ask.segments, call.now)
    return await get_segments(call)


async def put_pin(call: Call) -> None:
    """Set the PIN that proves the member when spending."""
    ask = call.decode(asks.Pin)
    await set_pin(call.services.database, call.principal, _member_id(call), ask.pin, call.now)


async def post_freeze(call: Call) -> MemberView:
    """Stop all spending of this member, with a reason."""
    return await _frozen(call, frozen=True)


async def post_unfreeze(call: Call) -> MemberView:
    """Let a frozen member spend again."""
    return await _frozen(call, frozen=False)


async def _frozen(call: Call, frozen: bool) -> MemberView:
    reason = call.decode(asks.Because).reason
    await freeze(call.services.database, call.principal, _member_id(call), frozen, reason, call.now)
    return await _whole(call)


def _member_id(call: Call) -> int | None:
    return member_id_of(call.path["id"])


def _identifier_id(call: Call) -> int | None:
    return ids.decode(call.path["identifier_id"])


async def _whole(call: Call) -> MemberView:
    async with call.services.database.reading() as connection:
        member = await member_profile(connection, _member_id(call))
    _noted(call, [member], "read")
    return member


def _noted(call: Call, members: Sequence[MemberView], what: What) -> None:
    """Write down that this integration was shown these members' personal data."""
    ids_ = [number for each in members if (number := member_id_of(each.id)) is not None]
    call.services.accesses.note(ids_, call.principal.integration, what, call.now, call.request_id)


_TAG = "Members"
_ABSENT = (UnknownMember,)
_CHANGES = (UnknownMember, MemberWithdrawn)
#: Tills ask for a PIN, they do not set one.
_ONLINE: frozenset[Role] = frozenset({"ec", "server"})

OPERATIONS = [
    Operation(
        method="POST", path="/v1/members", summary="Enrol a member", handler=post_member, tag=_TAG,
        request=asks.Enrolment, answer=MemberView, status=201, roles=WRITERS,
        refusals=(
            IdentifierTaken, CardRetired, UnknownShop, UnknownWording, UnknownTerms, Conflict, LineMissing, LineAway,
        ),
    ),
    Operation(
        method="POST", path="/v1/members/lookup", summary="Find a member by an identifier", handler=post_lookup,
        tag=_TAG, request=Lookup, answer=Members, refusals=(AmbiguousMember, UnknownShop, LineMissing, LineAway),
    ),
    Operation(
        method="GET", path="/v1/members", summary="Find members by an identifier, or search", handler=get_members,
        tag=_TAG, query=MembersQuery, answer=Members, refusals=(AmbiguousMember, UnknownShop),
    ),
    Operation(
        method="GET", path="/v1/members/{id}", summary="A whole member", handler=get_member, tag=_TAG,
        answer=MemberView, refusals=_ABSENT, absent=_ABSENT,
    ),
    Operation(
        method="PATCH", path="/v1/members/{id}", summary="Change a member", handler=patch_member, tag=_TAG,
        request=asks.Change, answer=MemberView, roles=WRITERS, refusals=(*_CHANGES, UnknownShop), absent=_ABSENT,
    ),
    Operation(
        method="DELETE", path="/v1/members/{id}", summary="Withdraw a member", handler=delete_member, tag=_TAG,
        status=204, roles=SERVER, refusals=_ABSENT, absent=_ABSENT,
    ),
    Operation(
        method="POST", path="/v1/members/{id}/identifiers", summary="Add an identifier", handler=post_identifier,
        tag=_TAG, request=asks.NewIdentifier, answer=MemberView, status=201, roles=WRITERS,
        refusals=(*_CHANGES, IdentifierTaken, CardRetired, UnknownShop, LineMissing, LineAway), absent=_ABSENT,
    ),
    Operation(
        method="DELETE", path="/v1/members/{id}/identifiers/{identifier_id}", summary="Remove an identifier",
        handler=delete_identifier, tag=_TAG, status=204, roles=WRITERS,
        refusals=(*_CHANGES, UnknownIdentifier), absent=(UnknownMember, UnknownIdentifier),
    ),
    Operation(
        method="POST", path="/v1/members/{id}/identifiers/{identifier_id}/verify", handler=post_verify, tag=_TAG,
        summary="Note that a contact is the member's own", answer=MemberView, roles=SERVER,
        refusals=(*_CHANGES, UnknownIdentifier, IdentifierTaken), absent=(UnknownMember, UnknownIdentifier),
    ),
    Operation(
        method="GET", path="/v1/members/{id}/segments", summary="The segments a member is in", handler=get_segments,
        tag=_TAG, answer=Segments, roles=frozenset({"server", "readonly"}), refusals=_ABSENT, absent=_ABSENT,
    ),
    Operation(
        method="PUT", path="/v1/members/{id}/segments", summary="Put a member into segments, and no others",
        handler=put_member_segments, tag=_TAG, request=Segments, answer=Segments, roles=SERVER, refusals=_CHANGES,
        absent=_ABSENT,
    ),
    Operation(
        method="PUT", path="/v1/members/{id}/pin", summary="Set the PIN", handler=put_pin, tag=_TAG,
        request=asks.Pin, status=204, roles=_ONLINE, refusals=_CHANGES, absent=_ABSENT,
    ),
    Operation(
        method="POST", path="/v1/members/{id}/freeze", summary="Stop a member's spending", handler=post_freeze,
        tag=_TAG, request=asks.Because, answer=MemberView, roles=SERVER, refusals=_CHANGES, absent=_ABSENT,
    ),
    Operation(
        method="POST", path="/v1/members/{id}/unfreeze", summary="End a freeze", handler=post_unfreeze,
        tag=_TAG, request=asks.Because, answer=MemberView, roles=SERVER, refusals=_CHANGES, absent=_ABSENT,
    ),
]  # fmt: skip
