"""Coming in: a phone number or mail address, the code that was sent there, and for whoever is new a name.

Whether anybody carries the contact shows only once its code was typed in. Somebody who has come from LINE with an
account that is no member's (:mod:`goen.web.member.line`) joins with it, with or without a contact, or links it to the
card that a code leads to.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, NamedTuple

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import Cookie, State
from msgspec import Meta

from goen.actions.members import asks
from goen.actions.members.codes import Contact, Second, adopt, confirm_code, contact_of, count_attempt, make_code
from goen.actions.members.enrol import enrol
from goen.actions.members.identify import add_identifier
from goen.actions.members.meet import meet
from goen.actions.members.register import register
from goen.actions.members.terms import accept
from goen.channels.messages.words import code_message
from goen.identity.reachable import network_of, takes_texts
from goen.members import codes
from goen.members.devices import REMEMBERED
from goen.members.errors import CodeNotValid, IdentifierTaken, NoAgreement, SenderMissing, TooManyCodes
from goen.members.masks import contact_masked
from goen.members.model import ContactKind, Given
from goen.readings import terms as readings
from goen.readings.demo_member import demo_member
from goen.vocabulary.refusal import Forbidden, InvalidRequest, Refusal
from goen.web.common.pages import SURFACE, language_of, page
from goen.web.common.surroundings import Surroundings
from goen.web.common.visits import address_of, cookie, form_of, guard_site, moved
from goen.web.member import friends
from goen.web.member.consents import SOURCE, Offered, offered
from goen.web.member.line_proof import LineProof, forget, shown
from goen.web.member.visit import COOKIE, SELF, SIGN_IN, MemberVisit, around

WAITING = "goen_member_code"
_CODE = f"{SIGN_IN}/code"
JOIN = "/me/join"


class Waiting(msgspec.Struct, frozen=True, array_like=True):
    """What a browser keeps between asking for a code and coming in: where it was sent, and the asker's own secret."""

    kind: ContactKind
    normal: Annotated[str, Meta(max_length=320)]
    code_id: Annotated[str, Meta(min_length=1, max_length=100)]

    @property
    def contact(self) -> Contact:
        return contact_of(self.kind, self.normal)


class Asked(NamedTuple):
    """A request with what it may use."""

    request: Request[Any, Any, State]
    known: Surroundings


def _form(asked: Asked, template: str, error: Refusal | None = None, **values: Any) -> Response[Any]:
    answer: Response[Any] = page(
        asked.request, f"me/{template}", headers=SURFACE, error=error, here="", proof=shown(asked.request),
        by_line=asked.known.line.ready, no_line=asked.request.query_params.get("line", ""), **around(asked.known),
        **values,
    )  # fmt: skip
    answer.status_code = 200 if error is None else _status(error)
    return answer


def _status(refusal: Refusal) -> int:
    if isinstance(refusal, TooManyCodes):
        return 429
    return 403 if isinstance(refusal, Forbidden) else 422


def waiting(request: Request[Any, Any, State]) -> Waiting | None:
    """What this browser waits to confirm; None: nothing."""
    try:
        kept = base64.urlsafe_b64decode(request.cookies.get(WAITING, ""))
        found = msgspec.json.decode(kept, type=Waiting)
        found.contact  # noqa: B018 - a contact that is none raises
    except (ValueError, msgspec.MsgspecError, InvalidRequest):
        return None
    return found


def keep(request: Request[Any, Any, State], sent: Waiting) -> Cookie:
    """The cookie by which this browser remembers it."""
    value = base64.urlsafe_b64encode(msgspec.json.encode(sent)).decode()
    return cookie(
        request, WAITING, value, seconds=int((codes.CODE_LIFE + codes.PROOF_LIFE).total_seconds()), path="/me"
    )


async def send_code(
    request: Request[Any, Any, State], known: Surroundings, contact: Contact, subject: bytes
) -> str:  # fmt: skip
    """Make a code about ``subject`` and send it behind the answer; gives the code's id.

    Raises:
        SenderMissing, TooManyCodes; InvalidRequest: no text message gets there.
    """
    postman, now = known.postman, known.clock.now()
    if not postman.reaches(contact.kind):
        raise SenderMissing(contact.kind)
    if contact.kind == "phone" and not takes_texts(contact.normal, postman.countries):
        raise InvalidRequest("contact", "is no mobile phone that codes are sent to")
    made = await make_code(known.database, SELF, contact.normal, network_of(address_of(request)), subject, now)
    message = code_message(
        contact.kind, contact.normal, made.code, name=known.context.engine_at(now).programme.name,
        language=language_of(request), minutes=int(codes.CODE_LIFE.total_seconds() // 60),
    )  # fmt: skip
    postman.post(message)
    return made.code_id


def typed_contact(typed: str, field: str = "contact") -> Contact:
    """A phone number or mail address as somebody typed it.

    Raises:
        InvalidRequest: it is neither.
    """
    text = typed.strip()
    return contact_of("email" if "@" in text or "＠" in text else "phone", text[:320] or "?", field)


def typed_code(typed: str) -> str:
    """The digits of a code, however they were typed."""
    return "".join(str(int(each)) for each in typed if each.isdecimal())[:20]


@get(SIGN_IN, include_in_schema=False)
async def _ask(request: Request[Any, Any, State], state: State) -> Response[Any]:
    return _form(Asked(request, state.surroundings), "sign_in.html", contact="")


@post(SIGN_IN, include_in_schema=False)
async def _send(request: Request[Any, Any, State], state: State) -> Response[Any]:
    known: Surroundings = state.surroundings
    form: dict[str, str] = {}
    try:
        guard_site(request)
        form = await form_of(request)
        contact = typed_contact(form.get("contact", ""))
        code_id = await send_code(request, known, contact, contact.subject)
    except Refusal as refusal:
        return _form(Asked(request, known), "sign_in.html", refusal, contact=form.get("contact", "")[:320])
    return moved(_CODE, [keep(request, Waiting(contact.kind, contact.normal, code_id))])


@get(_CODE, include_in_schema=False)
async def _ask_code(request: Request[Any, Any, State], state: State) -> Response[Any]:
    sent = waiting(request)
    if sent is None:
        return moved(SIGN_IN)
    return _code_form(Asked(request, state.surroundings), sent)


def _code_form(asked: Asked, sent: Waiting, error: Refusal | None = None) -> Response[Any]:
    sent_to = contact_masked(sent.kind, sent.normal)
    return _form(asked, "code.html", error, sent_to=sent_to, contact=sent.normal, action=_CODE)


@post(_CODE, include_in_schema=False)
async def _confirm(request: Request[Any, Any, State], state: State) -> Response[Any]:
    known: Surroundings = state.surroundings
    sent, now = waiting(request), known.clock.now()
    if sent is None:
        return moved(SIGN_IN)
    try:
        guard_site(request)
        await count_attempt(known.database, network_of(address_of(request)) or "", now)
        form = await form_of(request)
        done = await confirm_code(
            known.database, SELF, sent.code_id, sent.contact, typed_code(form.get("code", "")), now
        )
        proof = _wished(request, form)
        if done.who is None:
            return moved(JOIN, [] if proof is not None else [forget(request)])
        target = "/me" if proof is None else await _link(known, done.who.member_id, proof)
        return await come_in(Asked(request, known), done.who.holder_id, target)
    except Refusal as refusal:
        return _code_form(Asked(request, known), sent, refusal)


def _wished(request: Request[Any, Any, State], form: dict[str, str]) -> LineProof | None:
    """The LINE account that waits here, if this form says that it is to be linked: it may be somebody else's, who was
    at this browser before."""
    return shown(request) if form.get("link_line") == "1" else None


async def _link(known: Surroundings, member_id: int, proof: LineProof) -> str:
    """Link the account; gives where to go. Who has proven a contact comes in, whatever becomes of the link."""
    ask = asks.NewIdentifier("line", proof.user_id, token=proof.code_id)
    try:
        await add_identifier(known.database, known.shops, SELF, member_id, ask, known.clock.now())
    except IdentifierTaken:
        return "/me/profile?line=taken"
    except InvalidRequest:
        return "/me/profile?line=late"
    return "/me"


@get(JOIN, include_in_schema=False)
async def _ask_name(request: Request[Any, Any, State], state: State) -> Response[Any]:
    sent = waiting(request)
    if sent is None and shown(request) is None:
        return moved(SIGN_IN)
    return await _join_form(Asked(request, state.surroundings), sent, {})


async def _join_form(
    asked: Asked, sent: Waiting | None, form: dict[str, str], error: Refusal | None = None
) -> Response[Any]:  # fmt: skip
    known = asked.known
    async with known.database.reading() as connection:
        purposes = await offered(connection, (), language_of(asked.request))
        terms = (await readings.shown(connection, known.context.day_of(known.clock.now()))).holds
    fields = {name: form.get(name, "")[:500] for name in ("name", "kana", "birth_date", "card")}
    asked_for = {each.kind for each in purposes if form.get(f"consent.{each.kind}") == "1"}
    return _form(
        asked, "join.html", error, sent_to=contact_masked(sent.kind, sent.normal) if sent is not None else None,
        fields=fields, purposes=purposes, chosen=asked_for, terms=terms,
    )  # fmt: skip


@post(JOIN, include_in_schema=False)
async def _join(request: Request[Any, Any, State], state: State) -> Response[Any]:
    known: Surroundings = state.surroundings
    sent, proof = waiting(request), shown(request)
    if sent is None and proof is None:
        return moved(SIGN_IN)
    form: dict[str, str] = {}
    try:
        guard_site(request)
        await count_attempt(known.database, network_of(address_of(request)) or "", known.clock.now())
        form = await form_of(request)
        proof = proof if sent is None else _wished(request, form)
        member_id = await _member(Asked(request, known), sent, proof, form)
        return await come_in(Asked(request, known), member_id, *await friends.joined(request, known, member_id))
    except Refusal as refusal:
        if isinstance(refusal, CodeNotValid) or _proves_nothing(refusal):
            over = [cookie(request, WAITING, "", seconds=0, path="/me"), forget(request)]
            return moved(SIGN_IN if proof is None else f"{SIGN_IN}?line=late", over)
        return await _join_form(Asked(request, known), sent, form, refusal)


def _proves_nothing(refusal: Refusal) -> bool:
    """Whether what was proven is used up or too old by now: the same form sent twice, or half an hour later."""
    return isinstance(refusal, InvalidRequest) and refusal.fields["errors"][0]["field"].endswith("token")


async def _member(asked: Asked, sent: Waiting | None, proof: LineProof | None, form: dict[str, str]) -> int:
    """Under whom the contact stands if who carries it agrees in a second field, else a new member (rule 44). A LINE
    account that is shown becomes theirs; without a contact it leads to nobody yet, so the member is a new one."""
    known, now = asked.known, asked.known.clock.now()
    today = known.context.day_of(now)
    name, kana, birth_date = person_fields(form)
    if name is None or kana is None or birth_date is None:
        raise InvalidRequest("name", "and kana and birth date are needed")
    async with known.database.reading() as connection:
        purposes = await offered(connection, (), language_of(asked.request))
        terms = (await readings.shown(connection, today)).holds
    if terms is not None and form.get("terms") != terms.version:
        raise InvalidRequest("terms", "have to be accepted")
    consents = consents_of(form, purposes)
    line = () if proof is None else (asks.NewIdentifier("line", proof.user_id, token=proof.code_id),)
    try:
        if sent is None:
            raise NoAgreement
        second = Second(birth_date, kana, form.get("card", "").strip()[:100] or None)
        who = await adopt(known.database, SELF, sent.code_id, sent.contact, second, now)
    except NoAgreement:
        contact = () if sent is None else (asks.NewIdentifier(sent.kind, sent.normal, token=sent.code_id),)
        ask = asks.Enrolment(
            name=name, kana=kana, birth_date=birth_date, language=language_of(asked.request),
            identifiers=(*contact, *line), consents=consents,
        )  # fmt: skip
        made = await enrol(known.database, known.shops, SELF, ask, now, today)
        assert made.member_id is not None
        member_id = made.member_id
    else:
        member_id = who.holder_id
        registration = asks.Registration(name=name, kana=kana, birth_date=birth_date, consents=consents)
        await register(known.database, known.shops, SELF, member_id, registration, now, today)
        if proof is not None:
            await _link(known, who.member_id, proof)
    if terms is not None:
        await accept(known.database, SELF, member_id, asks.TermsAsked(terms.version), now, known.context.day_of)
    await meet(known.database, member_id, SELF, now, known.merge_pair)
    return member_id


def person_fields(form: dict[str, str]) -> tuple[str | None, str | None, date | None]:
    """Name, kana and birth date of a form; those left empty are None.

    Raises:
        InvalidRequest: a date that is none.
    """
    typed = form.get("birth_date", "").strip()
    try:
        birth_date = date.fromisoformat(typed) if typed else None
    except ValueError:
        raise InvalidRequest("birth_date", "is a date") from None
    return form.get("name", "").strip()[:500] or None, form.get("kana", "").strip()[:500] or None, birth_date


def consents_of(form: dict[str, str], purposes: list[Offered]) -> dict[str, bool | Given]:
    """What was agreed to on a form, with the text that stood beside it."""
    return {
        each.kind: Given(True, each.version, SOURCE) for each in purposes if form.get(f"consent.{each.kind}") == "1"
    }


async def come_in(
    asked: Asked, member_id: int, target: str = "/me", more: Sequence[Cookie] = ()
) -> Response[Any]:  # fmt: skip
    """Sign this browser in as the member and go to ``target``. Raises MemberWithdrawn, UnknownMember."""
    token = await asked.known.devices.sign_in(
        member_id, asked.request.headers.get("user-agent", ""), asked.known.clock.now()
    )
    seconds = int(REMEMBERED.total_seconds())
    return moved(
        target,
        [
            cookie(asked.request, COOKIE, token, seconds=seconds, site="lax"),
            cookie(asked.request, WAITING, "", seconds=0, path="/me"),
            forget(asked.request),
            *more,
        ],
    )


@post("/me/demo", include_in_schema=False)
async def _demo(request: Request[Any, Any, State], state: State) -> Response[Any]:
    """One click into the demo, as a member with a year of purchases. There is no such door elsewhere."""
    known: Surroundings = state.surroundings
    if not known.demo:
        return moved(SIGN_IN)
    try:
        guard_site(request)
        async with known.database.reading() as connection:
            member_id = await demo_member(connection)
        return moved(SIGN_IN) if member_id is None else await come_in(Asked(request, known), member_id)
    except Refusal:
        return moved(SIGN_IN)


async def sign_out(visit: MemberVisit) -> Response[Any]:
    """End the session, here and in the database."""
    await visit.known.devices.sign_out(visit.device.handle, [visit.device.member_id], visit.now)
    return moved(f"{SIGN_IN}?out=1", [cookie(visit.request, COOKIE, "", seconds=0, site="lax")])


HANDLERS = (_ask, _send, _ask_code, _confirm, _ask_name, _join, _demo)
