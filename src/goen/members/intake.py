"""Many members at once, for imports: the same rows as :mod:`goen.members.store`, written as sets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from goen.database.pool import Reading, Writing
from goen.database.queries import load
from goen.members.model import Given, Identifier, Person
from goen.members.search import grams, lines
from goen.members.store import SearchForms

_queries = load(__package__, "intake.sql")


class Intake(msgspec.Struct, frozen=True):
    """One new member, numbered, with identifiers numbered and normalised."""

    member_id: int
    number: str
    person: Person
    shop_id: int | None
    identifiers: tuple[Identifier, ...]
    forms: SearchForms
    joined_at: datetime
    tier: str | None = None
    consents: tuple[tuple[str, Given], ...] = ()


class Standing(NamedTuple):
    """A member of an import, and whether it is as it was brought: ``untouched`` (nothing changed, no words added),
    ``traded`` (something stands on the books), ``by_imports`` (all of that was brought by imports, and adds up to
    nothing)."""

    member_id: int
    number: str
    status: str
    untouched: bool
    traded: bool
    by_imports: bool


async def next_member_ids(connection: Writing, count: int) -> list[int]:
    """So many fresh numbers of members."""
    return [row["member_id"] async for row in _queries.next_member_ids(connection, count=count)]


async def register_many(connection: Writing, intakes: Sequence[Intake]) -> set[int]:
    """Enter everybody's identifiers in the registry; gives the numbers of those that another member holds."""
    pairs = [(one.member_id, each) for one in intakes for each in one.identifiers]
    entered = _queries.register_many(
        connection,
        key_hashes=[each.key_hash for _, each in pairs],
        kinds=[each.kind for _, each in pairs],
        shop_ids=[each.shop_id for _, each in pairs],
        normals=[each.normal for _, each in pairs],
        member_ids=[member_id for member_id, _ in pairs],
        identifier_ids=[each.identifier_id for _, each in pairs],
        exclusive=[each.exclusive for _, each in pairs],
    )
    taken = {each.identifier_id for _, each in pairs}
    async for row in entered:
        taken.remove(row["identifier_id"])
    return taken


async def add_many(
    connection: Writing, intakes: Sequence[Intake], now: datetime, *, import_id: int, author: str
) -> None:
    """Write new, active members with their consents, and their identifiers, which the registry has already."""
    pairs = [(one.member_id, each) for one in intakes for each in one.identifiers]
    await _queries.add_members_many(
        connection,
        now=now,
        member_ids=[one.member_id for one in intakes],
        numbers=[one.number for one in intakes],
        names=[one.person.name for one in intakes],
        kanas=[one.person.kana for one in intakes],
        birth_dates=[one.person.birth_date for one in intakes],
        genders=[one.person.gender for one in intakes],
        postal_codes=[one.person.postal_code for one in intakes],
        addresses=[one.person.address for one in intakes],
        shop_ids=[one.shop_id for one in intakes],
        grams=["\x1f".join(grams(one.forms.texts)) for one in intakes],
        searchables=[lines(one.forms.texts) for one in intakes],
        kana_orders=[one.forms.kana_order for one in intakes],
        joined=[one.joined_at for one in intakes],
        languages=[one.person.language for one in intakes],
        tiers=[one.tier for one in intakes],
        import_id=import_id,
    )
    await _queries.add_identifiers_many(
        connection,
        now=now,
        member_ids=[member_id for member_id, _ in pairs],
        identifier_ids=[each.identifier_id for _, each in pairs],
        kinds=[each.kind for _, each in pairs],
        shop_ids=[each.shop_id for _, each in pairs],
        values=[each.value for _, each in pairs],
        normals=[each.normal for _, each in pairs],
    )
    said = [(one.member_id, kind, given) for one in intakes for kind, given in one.consents]
    if said:
        await _queries.add_consents_many(
            connection,
            now=now,
            author=author,
            member_ids=[member_id for member_id, _, _ in said],
            kinds=[kind for _, kind, _ in said],
            given=[each.given for _, _, each in said],
            wordings=[each.wording for _, _, each in said],
            sources=[each.source for _, _, each in said],
            given_at=[each.at for _, _, each in said],
        )


async def of_import(connection: Reading, import_id: int, after: int, count: int) -> list[Standing]:
    """Members that an import enrolled, by number, and what became of them since."""
    rows = _queries.of_import(connection, import_id=import_id, after=after, count=count)
    return [Standing(*row) async for row in rows]


async def names_of(connection: Reading, member_ids: Sequence[int]) -> list[tuple[int, str, int, str]]:
    """All identifiers of these members: member, kind, shop (0 for none), normal form."""
    rows = _queries.names_of(connection, member_ids=list(member_ids))
    return [(row["member_id"], row["kind"], row["shop_id"], row["normal"]) async for row in rows]


async def forget(connection: Writing, member_ids: Sequence[int], key_hashes: Sequence[int]) -> None:
    """Take newcomers of an import back altogether. The database refuses any who has books."""
    await _queries.free_names_many(connection, key_hashes=list(key_hashes), member_ids=list(member_ids))
    await _queries.forget_newcomers(connection, member_ids=list(member_ids))
