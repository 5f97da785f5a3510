"""Who one is here: name and address, phone and mail, linked accounts, consents, household, devices."""

from __future__ import annotations

from typing import Any

from litestar import Response

from goen.actions.members import asks
from goen.actions.members.change import change
from goen.actions.members.codes import confirm_code, count_attempt
from goen.actions.members.identify import add_identifier, remove_identifier
from goen.actions.members.meet import meet
from goen.actions.members.register import register
from goen.identity.reachable import network_of
from goen.members.errors import CodeNotValid, IdentifierTaken, SenderMissing, TooManyCodes, UnknownIdentifier
from goen.members.masks import contact_masked
from goen.members.model import IdentifierView, MemberView
from goen.readings.family import family
from goen.readings.member_profile import member_profile
from goen.vocabulary import ids
from goen.vocabulary.refusal import InvalidRequest, NotFound, Refusal
from goen.web.common.visits import address_of, cookie, moved, status_of
from goen.web.member.consents import offered
from goen.web.member.household import at_home
from goen.web.member.notices import standing as notices_of
from goen.web.member.sign_in import WAITING, Waiting, keep, person_fields, send_code, typed_code, typed_contact, waiting
from goen.web.member.terms import standing
from goen.web.member.visit import SELF, MemberVisit

_CONTACTS = ("phone", "email")
_LINKS = ("line", "ec")


async def profile(visit: MemberVisit, error: Refusal | None = None) -> Response[Any]:
    """Everything that is the member's to look at and change."""
    known = visit.known
    async with known.database.reading() as connection:
        member = await member_profile(connection, visit.member_id)
        members = (await family(connection, visit.member_id)).members
        purposes = await offered(connection, members, visit.language)
        notices = await notices_of(visit, connection, members)
    status = 200
    if error is not None:
        status = 429 if isinstance(error, TooManyCodes) else status_of(error)
    return visit.page(
        "profile.html", status=status, here="profile", member=member, contacts=_of(member, _CONTACTS),
        links=_of(member, _LINKS), purposes=purposes, household=await at_home(visit, member),
        devices=await known.devices.of(members, visit.now), this=visit.device.handle, error=error,
        done=visit.query.get("done", ""), form=visit.form, by_line=known.line.ready,
        no_line=visit.query.get("line", ""),
        terms=await standing(visit), notices=notices, shop_names={each.code: each.name for each in known.shops.all()},
    )  # fmt: skip


def _of(member: MemberView, kinds: tuple[str, ...]) -> list[IdentifierView]:
    """Names of these kinds, those of merged members that are the same once."""
    return list(
        {(each.kind, each.shop, each.normal): each for each in member.identifiers if each.kind in kinds}.values()
    )


async def save(visit: MemberVisit) -> Response[Any]:
    """Register (a provisional member), or change name, kana and address; a birth date that stands stays (rule 36)."""
    known, now, form = visit.known, visit.now, dict(visit.form)
    today = known.context.day_of(now)
    try:
        name, kana, birth_date = person_fields(form)
        if name is None:
            raise InvalidRequest("name", "is needed")
        async with known.database.reading() as connection:
            member = await member_profile(connection, visit.member_id)
        fields: dict[str, Any] = {
            each: form[each].strip()[:500] or None for each in ("postal_code", "address") if each in form
        }
        fields |= {"name": name, "kana": kana}
        if member.birth_date is None and birth_date is not None:
            fields["birth_date"] = birth_date
        if member.register_by is not None:
            await register(
                known.database, known.shops, SELF, visit.member_id, asks.Registration(**fields), now, today
            )  # fmt: skip
        else:
            await change(known.database, known.shops, SELF, visit.member_id, asks.Change(**fields), now, today)
    except InvalidRequest as refusal:
        return await profile(visit, refusal)
    return moved("/me/profile?done=person")


async def add_contact(visit: MemberVisit) -> Response[Any]:
    """Send a code to another phone number or mail address."""
    try:
        contact = typed_contact(visit.form.get("contact", ""))
        code_id = await send_code(visit.request, visit.known, contact, contact.subject)
    except (InvalidRequest, SenderMissing, TooManyCodes) as refusal:
        return await profile(visit, refusal)
    return moved("/me/contacts/code", [keep(visit.request, Waiting(contact.kind, contact.normal, code_id))])


async def ask_contact_code(visit: MemberVisit) -> Response[Any]:
    """Where the code that was sent is typed in."""
    return _contact_form(visit)


def _contact_form(visit: MemberVisit, error: Refusal | None = None) -> Response[Any]:
    sent = waiting(visit.request)
    if sent is None:
        return moved("/me/profile")
    status = 200 if error is None else 429 if isinstance(error, TooManyCodes) else status_of(error)
    return visit.page(
        "code.html", status=status, here="profile", error=error, sent_to=contact_masked(sent.kind, sent.normal),
        contact=sent.normal, action="/me/contacts/code",
    )  # fmt: skip


async def confirm_contact(visit: MemberVisit) -> Response[Any]:
    """The contact is the member's, verified: from now on it signs in."""
    sent, known, now = waiting(visit.request), visit.known, visit.now
    if sent is None:
        return moved("/me/profile")
    try:
        await count_attempt(known.database, network_of(address_of(visit.request)) or "", now)
        done = await confirm_code(
            known.database, SELF, sent.code_id, sent.contact, typed_code(visit.form.get("code", "")), now
        )
        if done.who is None:
            token = asks.NewIdentifier(sent.kind, sent.normal, token=sent.code_id)
            await add_identifier(known.database, known.shops, SELF, visit.member_id, token, now)
            await meet(known.database, visit.member_id, SELF, now, known.merge_pair)
        else:
            async with known.database.reading() as connection:
                if done.who.member_id not in (await family(connection, visit.member_id)).members:
                    raise IdentifierTaken(sent.kind, "contact")
    except (CodeNotValid, IdentifierTaken, InvalidRequest, TooManyCodes) as refusal:
        return _contact_form(visit, refusal)
    return moved("/me/profile?done=contact", [cookie(visit.request, WAITING, "", seconds=0, path="/me")])


async def remove(visit: MemberVisit) -> Response[Any]:
    """Take a contact or linked account away; the last one that signs in stays."""
    wanted = visit.path["identifier_id"]
    async with visit.known.database.reading() as connection:
        member = await member_profile(connection, visit.member_id)
    found = next(
        (each for each in member.identifiers if each.id == wanted and each.kind in (*_CONTACTS, *_LINKS)), None
    )
    if found is None:
        raise UnknownIdentifier
    doors = {
        (each.kind, each.normal)
        for each in member.identifiers
        if (each.kind in _CONTACTS and each.verified_at) or (each.kind == "line" and visit.known.line.ready)
    }
    if doors == {(found.kind, found.normal)}:
        return await profile(visit, InvalidRequest("contact", "last"))
    same = (found.kind, found.shop, found.normal)
    for each in member.identifiers:
        if (each.kind, each.shop, each.normal) == same:
            await remove_identifier(visit.known.database, SELF, visit.member_id, ids.decode(each.id), visit.now)
    return moved("/me/profile?done=removed")


async def end_device(visit: MemberVisit) -> Response[Any]:
    """Sign another of one's devices out."""
    typed = str(visit.path["handle"])
    if not (typed.isascii() and typed.isdigit() and len(typed) <= 10):
        raise NotFound("There is no such device.")
    await visit.known.devices.sign_out(int(typed), await visit.everybody(), visit.now)
    return moved("/me/profile?done=device")
