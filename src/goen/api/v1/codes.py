"""One-time codes over HTTP: ask for one, confirm it, and what a proven contact is good for."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from goen.actions.members.codes import Contact, Second, adopt, confirm_code, contact_of, make_code
from goen.actions.members.identify import contacts_on_file, link_account, link_subject
from goen.actions.members.names import web_shop
from goen.api.call import Call, Role
from goen.api.operations import WRITERS, Operation
from goen.api.v1.presenting import member_of, named
from goen.api.v1.purchases import MEMBER_REFUSALS
from goen.channels.messages.words import code_message
from goen.identity.presented import Presented, presented
from goen.identity.reachable import network_of, takes_texts
from goen.members import codes
from goen.members.errors import (
    CodeNotValid,
    IdentifierTaken,
    NoAgreement,
    NoContact,
    SenderMissing,
    TooManyCodes,
    UnknownMember,
)
from goen.members.ids import member_id_of, public_id
from goen.members.masks import contact_masked
from goen.members.model import ContactKind, MemberView, Phrase
from goen.purchases.model import MemberRef
from goen.readings.member_profile import member_profile
from goen.vocabulary.refusal import Forbidden, InvalidRequest

CodeId = Annotated[str, Meta(min_length=1, max_length=100)]
Digits = Annotated[str, Meta(pattern=r"^[0-9]{6}$")]


class CodeAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to send a code. ``client_address`` is the IP address of the person's device, by which askings are
    counted; a web shop passes it on."""

    kind: ContactKind
    value: Phrase
    client_address: Annotated[str, Meta(max_length=100)] | None = None


class CodeSent(msgspec.Struct, frozen=True):
    """The id to confirm with, a secret of the asker. The answer is the same whether or not anybody carries the
    contact."""

    id: str
    expires_at: datetime
    resend_after: int
    """Seconds until another code may be asked for."""


class CodeConfirmAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code that arrived, for the contact it was sent to."""

    id: CodeId
    kind: ContactKind
    value: Phrase
    code: Digits


class MemberKnown(msgspec.Struct, frozen=True):
    """Whom a contact signs in."""

    id: str


class CodeConfirmed(msgspec.Struct, frozen=True):
    """The contact is proven. ``member`` holds it verified and is signed in; where it is null, the code's id is
    good until ``proves_until`` as the ``token`` of an identifier (to enrol or add), or to adopt."""

    member: MemberKnown | None
    proves_until: datetime


class AdoptAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A proven contact and at least one thing more that the member who carries it would know."""

    id: CodeId
    kind: ContactKind
    value: Phrase
    birth_date: date | None = None
    kana: Phrase | None = None
    card: Phrase | None = None


async def post_code(call: Call) -> CodeSent:
    """Make a code and send it behind the answer."""
    ask = call.decode(CodeAsk)
    services = call.services
    contact = contact_of(ask.kind, ask.value)
    network = _network(ask.client_address)
    if not services.postman.reaches(contact.kind):
        raise SenderMissing(contact.kind)
    if not _reachable(call, contact):
        raise InvalidRequest("value", "is no mobile phone that codes are sent to")
    made = await make_code(services.database, call.principal, contact.normal, network, contact.subject, call.now)
    _send(call, contact, made.code)
    again, _ = codes.Quota.CONTACT_AGAIN.value
    return CodeSent(made.code_id, made.expires_at, int(again.total_seconds()))


async def post_confirmation(call: Call) -> CodeConfirmed:
    """Confirm a code; signs in where a member holds the contact verified."""
    ask = call.decode(CodeConfirmAsk)
    contact = contact_of(ask.kind, ask.value)
    done = await confirm_code(call.services.database, call.principal, ask.id, contact, ask.code, call.now)
    member = None if done.who is None else MemberKnown(public_id(done.who.member_id))
    return CodeConfirmed(member, done.proves_until)


async def post_adoption(call: Call) -> MemberKnown:
    """Sign in as the member who carries a proven contact unverified, by a second field that agrees."""
    ask = call.decode(AdoptAsk)
    second = Second(ask.birth_date, ask.kana, ask.card)
    if not any(second):
        raise InvalidRequest("birth_date", "or kana or card: one of them is needed")
    contact = contact_of(ask.kind, ask.value)
    who = await adopt(call.services.database, call.principal, ask.id, contact, second, call.now)
    return MemberKnown(public_id(who.member_id))


class LinkAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account of a web shop to be linked to a member who is not there to show a card. The shop's own key, or a
    ``server`` key, vouches for the account; the code that is sent shows that the member agrees."""

    member: MemberRef
    value: Phrase
    shop: Phrase | None = None
    client_address: Annotated[str, Meta(max_length=100)] | None = None


class LinkSent(msgspec.Struct, frozen=True):
    """The id to confirm with, and where the code went: ``＊＊＊5678``."""

    id: str
    sent_to: str
    expires_at: datetime


class LinkConfirmAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code that arrived, for the same member and account."""

    id: CodeId
    code: Digits
    member: MemberRef
    value: Phrase
    shop: Phrase | None = None


async def post_link(call: Call) -> LinkSent:
    """Send a code to the member's address on file."""
    ask = call.decode(LinkAsk)
    services = call.services
    account, member_id = await _account(call, ask.member, ask.value, ask.shop)
    network = _network(ask.client_address)
    on_file = await contacts_on_file(services.database, member_id)
    contact = next((each for each in on_file if _reachable(call, each)), None)
    if contact is None:
        raise NoContact
    subject = link_subject(member_id or 0, account)
    made = await make_code(services.database, call.principal, contact.normal, network, subject, call.now)
    _send(call, contact, made.code)
    return LinkSent(made.code_id, contact_masked(contact.kind, contact.normal), made.expires_at)


async def post_link_confirmation(call: Call) -> MemberView:
    """Link the account."""
    ask = call.decode(LinkConfirmAsk)
    services = call.services
    account, member_id = await _account(call, ask.member, ask.value, ask.shop)
    await link_account(
        services.database, services.shops, call.principal, member_id, account, ask.id, ask.code, call.now
    )  # fmt: skip
    async with services.database.reading() as connection:
        return await member_profile(connection, member_id)


async def _account(call: Call, member: MemberRef, value: str, shop: str | None) -> tuple[Presented, int | None]:
    where = web_shop(call.services.shops, shop, call.principal, "shop")
    if not call.principal.may_write(where.shop_id):
        raise Forbidden(f"Only {where.code} itself vouches for its accounts.", role=call.principal.role)
    account = presented("ec", value, where.shop_id, member_id_of=member_id_of, field="")
    who = await named(call, member)
    if who.spent is not None:
        raise who.spent
    member_id = await member_of(call, who.presented)
    if member_id is None:
        raise UnknownMember
    return account, member_id


def _network(address: str | None) -> str | None:
    if address is None:
        return None
    network = network_of(address)
    if network is None:
        raise InvalidRequest("client_address", "is no IP address")
    return network


def _reachable(call: Call, contact: Contact) -> bool:
    postman = call.services.postman
    return postman.reaches(contact.kind) and (
        contact.kind == "email" or takes_texts(contact.normal, postman.countries)
    )  # fmt: skip


def _send(call: Call, contact: Contact, code: str) -> None:
    call.services.postman.post(
        code_message(
            contact.kind,
            contact.normal,
            code,
            name=call.services.context.engine_at(call.now).programme.name,
            language=call.language,
            minutes=int(codes.CODE_LIFE.total_seconds() // 60),
        )
    )


_TAG = "Joining"
#: Who may say that an account of a web shop is whose it is said to be.
_VOUCHING: frozenset[Role] = frozenset({"ec", "server"})

OPERATIONS = [
    Operation(
        method="POST", path="/v1/contact_codes", summary="Send a one-time code to a phone or mail address",
        handler=post_code, tag=_TAG, request=CodeAsk, answer=CodeSent, status=201, roles=WRITERS,
        refusals=(SenderMissing, TooManyCodes),
    ),
    Operation(
        method="POST", path="/v1/contact_codes/confirm", summary="Confirm a code: sign in, or prove the contact",
        handler=post_confirmation, tag=_TAG, request=CodeConfirmAsk, answer=CodeConfirmed, roles=WRITERS,
        refusals=(CodeNotValid,),
    ),
    Operation(
        method="POST", path="/v1/contact_codes/adopt",
        summary="Sign in as who carries a proven contact, by a second field that agrees",
        handler=post_adoption, tag=_TAG, request=AdoptAsk, answer=MemberKnown, roles=WRITERS,
        refusals=(CodeNotValid, NoAgreement, IdentifierTaken),
    ),
    Operation(
        method="POST", path="/v1/account_links", summary="Send a member a code that lets a web account be linked",
        handler=post_link, tag=_TAG, request=LinkAsk, answer=LinkSent, status=201, roles=_VOUCHING,
        refusals=(*MEMBER_REFUSALS, NoContact, TooManyCodes),
    ),
    Operation(
        method="POST", path="/v1/account_links/confirm", summary="Link a web account by the code that was sent",
        handler=post_link_confirmation, tag=_TAG, request=LinkConfirmAsk, answer=MemberView, roles=_VOUCHING,
        refusals=(*MEMBER_REFUSALS, CodeNotValid, IdentifierTaken),
    ),
]  # fmt: skip
