"""Enrol a member: row, number, identifiers, account, consents, audit and event in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import msgspec

from goen.actions.members import record
from goen.actions.members.asks import Enrolment
from goen.actions.members.consents import as_given, keep
from goen.actions.members.names import guard_retired, identifiers_of
from goen.actions.members.person import person_of, search_forms
from goen.actions.members.terms import keep_said
from goen.actions.till.act import differing, key_of
from goen.actions.till.errors import Conflict
from goen.database.pool import Database, Writing
from goen.database.transaction import again_on_conflict
from goen.identity.keys import NO_SHOP, identifier_hash
from goen.members import store
from goen.members.errors import IdentifierTaken
from goen.members.ids import member_id_of, public_id
from goen.members.model import Identifier, IdentifierView, MemberView, Person
from goen.members.number import number_of
from goen.shops.directory import ShopDirectory
from goen.shops.model import Principal
from goen.vocabulary import ids
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import InvalidRequest

#: Answers with personal data are kept for a repeat for 30 days (api.md).
KEEP_ANSWER = timedelta(days=30)
#: Where nobody says otherwise: the programme does (rule 46).
REGISTER_WITHIN = timedelta(days=90)
_NUMBERS_TRIED = 20


class Enrolled(NamedTuple):
    """The new member as answered (JSON of a MemberView), and whether it is the answer of the first time."""

    body: bytes
    replayed: bool

    @property
    def member_id(self) -> int | None:
        """The new member's number."""
        return member_id_of(msgspec.json.decode(self.body, type=_Named).id)


class _Named(msgspec.Struct):
    id: str


class _NumberTaken(Exception):  # noqa: N818 - a signal to try the next number, never seen outside
    """A printed card carries the number that this member would have got."""


class _Replayed(Exception):  # noqa: N818 - ends the transaction without a trace of the second asking
    def __init__(self, kept: store.Kept) -> None:
        self.kept = kept


async def enrol(
    database: Database,
    shops: ShopDirectory,
    principal: Principal,
    ask: Enrolment,
    now: Instant,
    today: date,
    idempotency_key: str | None = None,
    *,
    register_within: timedelta = REGISTER_WITHIN,
) -> Enrolled:
    """Make a member; asking twice with the same key gives the first answer again.

    A key bound to a shop enrols there; its member number becomes a card of the member at once.
    ``today`` is the day where the books are kept, ``register_within`` the time of a provisional member.

    Raises:
        InvalidRequest: a field is wrong; UnknownShop; CardRetired; Forbidden: another shop than the key's.
        IdentifierTaken: another active member has one of the identifiers.
        Conflict: the key was used for another request. UnknownTerms.
    """
    person = person_of(msgspec.structs.asdict(ask), today)
    shop_id = shops.by_code(ask.shop).shop_id if ask.shop else principal.shop_id
    if ask.shop and principal.role != "server":
        principal.guard_shop(shop_id)

    register_by = today + register_within if ask.provisional else None

    async def work(connection: Writing) -> bytes:
        return await _write(
            connection, shops, principal, ask, person, shop_id, now, today, idempotency_key, register_by
        )

    for _ in range(_NUMBERS_TRIED):
        try:
            return Enrolled(await again_on_conflict(database, work), replayed=False)
        except _NumberTaken:
            continue
        except _Replayed as first:
            return _same(ask, first.kept)
        except InvalidRequest:
            # A repeat shows its token a second time; what refuses it may be its own first asking.
            if kept := await _kept(database, principal, idempotency_key):
                return _same(ask, kept)
            raise
    raise AssertionError(f"{_NUMBERS_TRIED} member numbers in a row are printed on other cards")


async def _write(
    connection: Writing,
    shops: ShopDirectory,
    principal: Principal,
    ask: Enrolment,
    person: Person,
    shop_id: int | None,
    now: Instant,
    today: date,
    idempotency_key: str | None,
    register_by: date | None,
) -> bytes:
    member_id = await store.next_member_id(connection)
    number = number_of(member_id)
    own = Identifier(
        (await store.next_identifier_ids(connection, 1))[0],
        "card", NO_SHOP, number, number, identifier_hash("card", NO_SHOP, number),
    )  # fmt: skip
    named = await identifiers_of(connection, ask.identifiers, shops, principal, now, "identifiers.{}.")
    body = msgspec.json.encode(_view(member_id, number, person, shop_id, [own, *named], shops, now, register_by))
    if idempotency_key is not None:
        kept = await store.keep_answer(
            connection,
            _key(principal, idempotency_key),
            _canonical(ask).decode(),
            body.decode(),
            member_id,
            (now + KEEP_ANSWER).date(),
        )
        if kept is not None:
            raise _Replayed(kept)
    await store.add_member(
        connection, member_id, number, person, shop_id, search_forms(person, number), now, register_by
    )
    await record.open_account(connection, member_id)
    taken = await store.add_identifiers(connection, member_id, [own, *named], now)
    if own.identifier_id in taken:
        raise _NumberTaken
    for index, each in enumerate(named):
        if each.identifier_id in taken:
            raise IdentifierTaken(each.kind, f"identifiers.{index}")
    await guard_retired(connection, named)
    if ask.consents:
        await keep(connection, member_id, as_given(ask.consents), principal.integration, now)
    await keep_said(connection, member_id, ask.terms, principal, now, today)
    await record.audit(
        connection, member_id, principal.integration, "member.enrolled", now,
        identifiers=sorted({each.kind for each in named}),
    )  # fmt: skip
    await record.announce(connection, member_id, "enrolled", now, shop_id=shop_id)
    return body


def _view(
    member_id: int,
    number: str,
    person: Person,
    shop_id: int | None,
    identifiers: Sequence[Identifier],
    shops: ShopDirectory,
    now: Instant,
    register_by: date | None,
) -> MemberView:
    """The member as a reading would show it now; the answer is kept in the same transaction."""
    return MemberView(
        id=public_id(member_id),
        number=number,
        status="active" if register_by is None else "provisional",
        register_by=register_by,
        shop=shops.code_of(shop_id),
        tier=None,
        identifiers=tuple(
            IdentifierView(
                ids.encode(each.identifier_id),
                each.kind,
                each.value,
                each.normal,
                shops.code_of(each.shop_id or None),
                each.verified_at,
                now,
            )
            for each in identifiers
        ),
        joined_at=now,
        changed_at=now,
        **msgspec.structs.asdict(person),
    )


def _key(principal: Principal, idempotency_key: str) -> tuple[int, int]:
    return key_of(f"integration:{principal.integration}", "enrol", idempotency_key)[:2]


async def _kept(database: Database, principal: Principal, idempotency_key: str | None) -> store.Kept | None:
    if idempotency_key is None:
        return None
    async with database.reading() as connection:
        return await store.kept_answer(connection, _key(principal, idempotency_key))


def _canonical(ask: Enrolment) -> bytes:
    """The request without defaults and in one order of keys: what is the same asks the same."""
    return msgspec.json.encode(ask, order="deterministic")


def _same(ask: Enrolment, kept: store.Kept) -> Enrolled:
    fields = differing(kept.request, ask)
    if fields:
        raise Conflict(fields)
    return Enrolled(kept.answer.encode(), replayed=True)
