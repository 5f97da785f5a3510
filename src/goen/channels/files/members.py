"""Who a row is about: identifiers of purchases and balances, people of a members file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, tzinfo
from typing import cast

from goen.channels.files.cells import Memo, day_reader, flag, text, time_reader
from goen.channels.files.errors import BadCell, BadFile
from goen.channels.files.mapping import Columns, ConsentSection, Mapping, MemberSource
from goen.channels.files.readers import Table
from goen.identity import normalise
from goen.purchases.brought import BroughtConsent, NewMember, Refuse, Refused
from goen.purchases.model import MemberKind, MemberRef

KINDS = ("member_id", "card", "phone", "email", "line", "ec")

RefReader = Callable[[int, list[str], str | None], MemberRef | None]


def _kind(word: str) -> MemberKind:
    if word not in KINDS:
        raise ValueError(f"is none of {', '.join(KINDS)}")
    return cast("MemberKind", word)


def identifier_readers(columns: Columns, sources: tuple[MemberSource, ...]) -> list[RefReader]:
    """One reader per mapped identifier: (row, cells, default shop) → reference, or None for an empty cell."""

    def reader(source: MemberSource) -> RefReader:
        kind_of = columns.field(source.kind, Memo("member_kind", _kind, BadCell))
        value_of = columns.field(source.value, Memo("member", text, cast("str | None", None)))
        shop_of = columns.field(source.shop, Memo("member_shop", text, cast("str | None", None)))

        def read(number: int, cells: list[str], shop: str | None) -> MemberRef | None:
            value = value_of(number, cells)
            if value is None:
                return None
            kind = kind_of(number, cells)
            if kind != "ec":
                return MemberRef(kind, value)
            home = shop_of(number, cells) or shop
            if home is None:
                raise BadCell("member_shop", "", "a web shop's account needs the shop")
            return MemberRef(kind, value, home)

        return read

    return [reader(source) for source in sources if columns.has(source.value)]


def member_reader(columns: Columns, sources: tuple[MemberSource, ...]) -> RefReader:
    """The first identifier that a row fills; None where it fills none: a guest."""
    readers = identifier_readers(columns, sources)

    def read(number: int, cells: list[str], shop: str | None) -> MemberRef | None:
        for one in readers:
            found = one(number, cells, shop)
            if found is not None:
                return found
        return None

    return read


def _birth_reader(written: str | None) -> Callable[[str], date]:
    """A birth date in every form that people write it in, eras of Japan included; or in the one the mapping names."""
    usual = day_reader(written)

    def born(value: str) -> date:
        return (None if written else normalise.birth_date(value)) or usual(value)

    return born


def _consent_reader(
    columns: Columns, section: ConsentSection, zone: tzinfo, written: str | None
) -> Callable[[int, list[str]], BroughtConsent | None]:
    nothing = cast("str | None", None)
    given = columns.field(section.given, Memo(section.kind, flag, cast("bool | None", None)))
    wording = columns.field(section.wording, Memo("consent_wording", text, nothing))
    source = columns.field(section.source, Memo("consent_source", text, nothing))
    at = columns.field(section.at, Memo("consent_at", time_reader(zone, written), cast("datetime | None", None)))

    def read(number: int, cells: list[str]) -> BroughtConsent | None:
        answer = given(number, cells)
        if answer is None:
            return None
        return BroughtConsent(section.kind, answer, wording(number, cells), source(number, cells), at(number, cells))

    return read


def read_members(
    table: Table,
    mapping: Mapping,
    refuse: Refuse,
    *,
    zone: tzinfo,
    shop: str | None = None,
    after_row: int = 0,
) -> Iterator[NewMember]:
    """The people of a members file. ``shop`` is where web accounts belong, and the home shop, unless the
    file says. Raises :class:`BadFile` where the mapping does not fit the file."""
    section = mapping.person
    if section is None:
        raise BadFile("the mapping has no [person]")
    columns = Columns(table, absent_columns=mapping.file.absent_columns)
    identifiers = identifier_readers(columns, mapping.member)
    written = mapping.file.date_format
    nothing = cast("str | None", None)
    no_day, no_time = cast("date | None", None), cast("datetime | None", None)
    texts = {
        name: columns.field(getattr(section, name), Memo(name, text, nothing))
        for name in ("name", "kana", "gender", "postal_code", "address", "shop", "language", "tier")
    }
    consents = [_consent_reader(columns, each, zone, written) for each in mapping.consent if columns.has(each.given)]
    birth_date = columns.field(section.birth_date, Memo("birth_date", _birth_reader(written), no_day))
    tier_until = columns.field(section.tier_until, Memo("tier_until", day_reader(written), no_day))
    joined_at = columns.field(section.joined_at, Memo("joined_at", time_reader(zone, written), no_time))
    status = columns.field(section.status, Memo("status", text, "active"))

    def person(number: int, cells: list[str]) -> NewMember | Refused:
        row = tuple(cells)
        cells.append("")
        try:
            if status(number, cells) != "active":
                return Refused(number, row, "not_active", "the person is not an active member")
            known = tuple(ref for one in identifiers if (ref := one(number, cells, shop)) is not None)
            if not known:
                return Refused(number, row, "no_identifier", "none of the identifiers is filled")
            words = {name: read(number, cells) for name, read in texts.items()}
            words["shop"] = words["shop"] or shop
            return NewMember(
                number,
                row,
                known,
                birth_date=birth_date(number, cells),
                joined_at=joined_at(number, cells),
                tier_until=tier_until(number, cells),
                consents=tuple(said for one in consents if (said := one(number, cells)) is not None),
                **words,
            )
        except BadCell as bad:
            return Refused(number, row, "bad_cell", str(bad))

    def people() -> Iterator[NewMember]:
        for number, cells in table.rows(refuse):
            if number <= after_row:
                continue
            found = person(number, cells)
            if isinstance(found, Refused):
                refuse(found)
            else:
                yield found

    return people()
