"""A provisional member registers: from now on the points are theirs for good (rule 46)."""

from __future__ import annotations

from datetime import date

import msgspec
from msgspec import UNSET

from goen.actions.members import record
from goen.actions.members.asks import Registration
from goen.actions.members.consents import as_given
from goen.actions.members.names import current, guard_retired, identifiers_of
from goen.actions.members.person import person_of, search_forms
from goen.actions.members.terms import keep_said
from goen.database.pool import Database
from goen.members import store
from goen.members.errors import IdentifierTaken
from goen.shops.directory import ShopDirectory
from goen.shops.model import Principal
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import InvalidRequest

#: By one of these a person is reached or signs in; a card alone may be anybody's.
_REACHES = frozenset({"phone", "email", "line", "ec"})


async def register(
    database: Database,
    shops: ShopDirectory,
    principal: Principal,
    member_id: int | None,
    ask: Registration,
    now: Instant,
    today: date,
) -> None:
    """Write who the member is and end the provisional state; of a registered one it changes nothing.

    Identifiers that the member has already stay as they are. ``today`` is the day where the books are kept.

    Raises:
        InvalidRequest: a field is wrong, or there would be neither phone nor mail, LINE or web account;
        IdentifierTaken; CardRetired; UnknownShop; UnknownMember; MemberWithdrawn; UnknownTerms.
    """
    asked = {name: value for name, value in msgspec.structs.asdict(ask).items() if value is not UNSET}
    async with database.transaction() as connection:
        await record.bump_account(connection, member_id or 0)  # What is being decided for a provisional one waits.
        row = await record.opened(connection, member_id)
        if row.register_by is None:
            return
        person = person_of(asked, today, row.person)
        shop_id = row.shop_id
        if "shop" in asked:
            shop_id = shops.by_code(asked["shop"]).shop_id if asked["shop"] else None
        had = await current(connection, row.member_id)
        names = {(each.kind, each.shop_id, each.normal): each for each in had}
        given = await identifiers_of(connection, ask.identifiers, shops, principal, now, "identifiers.{}.")
        if not any(each.kind in _REACHES for each in (*had, *given)):
            raise InvalidRequest("identifiers", "need a phone, mail, LINE or web account to register with")
        await store.change(connection, row.member_id, person, shop_id, search_forms(person, row.number), now)
        fresh = [each for each in given if (each.kind, each.shop_id, each.normal) not in names]
        taken = await store.add_identifiers(connection, row.member_id, fresh, now)
        for place, each in enumerate(given):
            known = names.get((each.kind, each.shop_id, each.normal))
            if known is not None and each.verified_at is not None and known.verified_at is None:
                if not await store.verify(connection, row.member_id, known, now):
                    raise IdentifierTaken(each.kind, f"identifiers.{place}")
            elif each.identifier_id in taken:
                raise IdentifierTaken(each.kind, f"identifiers.{place}")
        await guard_retired(connection, fresh)
        if ask.consents:
            consents = as_given(ask.consents)
            await store.add_consents(connection, row.member_id, consents, principal.integration, now)
        await keep_said(connection, row.member_id, ask.terms, principal, now, today)
        await store.set_registered(connection, row.member_id, now)
        await record.audit(
            connection, row.member_id, principal.integration, "member.registered", now,
            identifiers=sorted({each.kind for each in given}),
        )  # fmt: skip
        await record.announce(connection, row.member_id, "registered", now, shop_id=shop_id)
