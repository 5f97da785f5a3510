"""Prove a phone number or mail address by a one-time code, and sign in by one that is proven.

Whether a member carries the contact changes nothing in what is answered, sent or counted before the code
is confirmed; what comes out then is told to whoever holds the contact.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from goen.actions.members import record
from goen.database.pool import Database, Writing
from goen.identity.keys import NO_SHOP, identifier_hash
from goen.identity.normalise import normalise, searchable
from goen.identity.presented import WORDS
from goen.members import codes, store
from goen.members.codes import Quota
from goen.members.errors import CodeNotValid, IdentifierTaken, NoAgreement
from goen.members.model import ContactKind, Identifier, Row
from goen.shops.model import Principal
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import InvalidRequest

_CLOSED = ("withdrawn", "merged")


class Contact(NamedTuple):
    """A phone number or mail address in its normal form."""

    kind: ContactKind
    normal: str

    @property
    def subject(self) -> bytes:
        """What a code for this contact is about."""
        return codes.subject_of("contact", self.kind, self.normal)

    @property
    def key_hash(self) -> int:
        """Where the registry has it."""
        return identifier_hash(self.kind, NO_SHOP, self.normal)


class CodeMade(NamedTuple):
    """A code to be sent, and what the asker is told of it."""

    code_id: str
    code: str
    expires_at: datetime


class SignedIn(NamedTuple):
    """Who is signed in by a contact. ``holder_id`` is under whom the contact stands: the member itself, or one merged
    into it. What remembers the sign-in keeps this, so that after an undo the contact leads nowhere else."""

    member_id: int
    holder_id: int


class Confirmed(NamedTuple):
    """A contact is proven until then; ``who`` where a member holds it verified, who is signed in by this."""

    proves_until: datetime
    who: SignedIn | None


class Second(NamedTuple):
    """What is offered beside a proven contact (rule 44): one that agrees is enough."""

    birth_date: date | None = None
    kana: str | None = None
    card: str | None = None


def contact_of(kind: ContactKind, value: str, field: str = "value") -> Contact:
    """A contact as asked, normalised.

    Raises:
        InvalidRequest: it cannot be one of its kind.
    """
    normal = normalise(kind, value)
    if normal is None:
        raise InvalidRequest(field, f"cannot be a {WORDS[kind]}")
    return Contact(kind, normal)


async def make_code(
    database: Database, principal: Principal, whose: str, network: str | None, subject: bytes, now: Instant
) -> CodeMade:
    """Make a code about ``subject``, to be sent to the contact ``whose`` by the caller.

    ``network`` is the address of the person's device, where the caller knows it. Askings are counted first,
    refused ones too.

    Raises:
        TooManyCodes: of the contact, the address or the integration.
    """
    code_id, code = codes.new_id(), codes.new_code()
    async with database.writing() as connection:
        if network is not None:
            await codes.count(connection, Quota.ADDRESS, network, now)
        else:
            await codes.count(connection, Quota.INTEGRATION, principal.integration, now)
        await codes.count(connection, Quota.CONTACT_AGAIN, whose, now)
        await codes.count(connection, Quota.CONTACT, whose, now)
        expires_at = await codes.add(connection, code_id, subject, code, now)
    return CodeMade(code_id, code, expires_at)


async def count_attempt(database: Database, network: str, now: Instant) -> None:
    """Count an attempt to come in from a network address, whichever process was asked.

    Raises:
        TooManyCodes: it was one too many.
    """
    async with database.writing() as connection:
        await codes.count(connection, Quota.ATTEMPT, network, now)


async def count_guess(database: Database, member_id: int, now: Instant) -> None:
    """Count that a member named something which could be guessed: a receipt, another member's number.

    Raises:
        TooManyCodes: it was one too many.
    """
    async with database.writing() as connection:
        await codes.count(connection, Quota.GUESS, f"member:{member_id}", now)


async def confirm_code(
    database: Database, principal: Principal, code_id: str, contact: Contact, code: str, now: Instant
) -> Confirmed:
    """Confirm a code. Where a member holds the contact verified, this signs the member in and uses the proof up.

    Raises:
        CodeNotValid: wrong, too late, tried too often, or none such.
    """
    async with database.writing() as connection:
        proves_until = await codes.confirm(connection, code_id, contact.subject, code, now)
    if proves_until is None:
        raise CodeNotValid
    async with database.transaction() as connection:
        holders = await store.holders(connection, contact.key_hash, contact.kind, NO_SHOP, contact.normal)
        if not (holders and holders[0].verified):
            return Confirmed(proves_until, None)
        who = SignedIn(holders[0].member_id, holders[0].owner_id)
        await codes.use(connection, code_id, contact.subject, now)
        await record.audit(
            connection, who.holder_id, principal.integration, "member.signed_in", now, by=contact.kind
        )  # fmt: skip
        return Confirmed(proves_until, who)


async def adopt(
    database: Database, principal: Principal, code_id: str, contact: Contact, second: Second, now: Instant
) -> SignedIn:
    """Who has proven a contact becomes the member who carries it, if a second field agrees; gives the member.

    The contact is verified from then on. A phone number alone would not do: numbers are given to others after
    a while, and families share them (rule 44).

    Raises:
        CodeNotValid: nothing is proven (any more), or too much was tried.
        NoAgreement: not exactly one of those who carry it agrees.
        IdentifierTaken: a member holds it verified since.
    """
    async with database.writing() as connection:
        if not await codes.try_proof(connection, code_id, contact.subject, now):
            raise CodeNotValid
    async with database.transaction() as connection:
        agreeing = [
            (row, holder)
            for holder in await store.holders(connection, contact.key_hash, contact.kind, NO_SHOP, contact.normal)
            if (row := await store.locked(connection, holder.member_id)) is not None
            and row.status not in _CLOSED
            and await _agrees(connection, row, second)
        ]
        if len(agreeing) != 1:
            raise NoAgreement
        row, holder = agreeing[0]
        carried = Identifier(
            holder.identifier_id, contact.kind, NO_SHOP, contact.normal, contact.normal, contact.key_hash
        )  # fmt: skip
        if not await codes.use(connection, code_id, contact.subject, now):
            raise CodeNotValid
        if not await store.verify(connection, holder.owner_id, carried, now):
            raise IdentifierTaken(contact.kind, "value")
        await record.audit(
            connection, row.member_id, principal.integration, "member.contact_verified", now,
            kind=contact.kind, identifier_id=holder.identifier_id, agreed=[n for n, v in second._asdict().items() if v],
        )  # fmt: skip
        await record.announce(connection, row.member_id, "contact_verified", now, fields=[contact.kind])
        return SignedIn(row.member_id, holder.owner_id)


async def _agrees(connection: Writing, row: Row, second: Second) -> bool:
    person = row.person
    if second.birth_date is not None and person.birth_date == second.birth_date:
        return True
    if second.kana and person.kana and searchable(person.kana) == searchable(second.kana):
        return True
    card = normalise("card", second.card) if second.card else None
    if card is None:
        return False
    found = await store.holders(connection, identifier_hash("card", NO_SHOP, card), "card", NO_SHOP, card)
    return any(each.member_id == row.member_id for each in found)
