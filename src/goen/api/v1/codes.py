"""One-time codes over HTTP: ask for one, confirm it, and what a proven contact is good for."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from goen.actions.members.codes import Second, adopt, confirm_code, contact_of, make_code
from goen.api.call import Call
from goen.api.operations import WRITERS, Operation
from goen.channels.messages.words import code_message
from goen.identity.reachable import network_of, takes_texts
from goen.members import codes
from goen.members.errors import CodeNotValid, IdentifierTaken, NoAgreement, SenderMissing, TooManyCodes
from goen.members.ids import public_id
from goen.members.model import ContactKind, Phrase
from goen.vocabulary.refusal import InvalidRequest

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
    network = None
    if ask.client_address is not None and (network := network_of(ask.client_address)) is None:
        raise InvalidRequest("client_address", "is no IP address")
    if not services.postman.reaches(contact.kind):
        raise SenderMissing(contact.kind)
    if contact.kind == "phone" and not takes_texts(contact.normal, services.postman.countries):
        raise InvalidRequest("value", "is no mobile phone that codes are sent to")
    made = await make_code(services.database, call.principal, contact.normal, network, contact.subject, call.now)
    services.postman.post(
        code_message(
            contact.kind,
            contact.normal,
            made.code,
            name=services.context.engine_at(call.now).programme.name,
            language=call.language,
            minutes=int(codes.CODE_LIFE.total_seconds() // 60),
        )
    )
    again, _ = codes.Quota.CONTACT_AGAIN.value
    return CodeSent(made.code_id, made.expires_at, int(again.total_seconds()))


async def post_confirmation(call: Call) -> CodeConfirmed:
    """Confirm a code; signs in where a member holds the contact verified."""
    ask = call.decode(CodeConfirmAsk)
    contact = contact_of(ask.kind, ask.value)
    done = await confirm_code(call.services.database, call.principal, ask.id, contact, ask.code, call.now)
    member = None if done.member_id is None else MemberKnown(public_id(done.member_id))
    return CodeConfirmed(member, done.proves_until)


async def post_adoption(call: Call) -> MemberKnown:
    """Sign in as the member who carries a proven contact unverified, by a second field that agrees."""
    ask = call.decode(AdoptAsk)
    second = Second(ask.birth_date, ask.kana, ask.card)
    if not any(second):
        raise InvalidRequest("birth_date", "or kana or card: one of them is needed")
    contact = contact_of(ask.kind, ask.value)
    return MemberKnown(
        public_id(await adopt(call.services.database, call.principal, ask.id, contact, second, call.now))
    )


_TAG = "Joining"

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
]  # fmt: skip
