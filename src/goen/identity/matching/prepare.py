"""From the rows of a list to what the model compares: an Arrow table of texts, one row a record."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from goen.identity import normalise
from goen.identity.matching import forms
from goen.identity.matching.names import NameBook, Split
from goen.identity.matching.readings import folded, reading

if TYPE_CHECKING:
    import pyarrow as pa


class Raw(NamedTuple):
    """A record as it was read. Every text as given; None or empty where there is nothing."""

    record_id: str
    source: str | None = None
    name: str | None = None
    kana: str | None = None
    sex: str | None = None
    birthday: str | None = None
    phone: str | None = None
    email: str | None = None
    postcode: str | None = None
    address: str | None = None
    city: str | None = None
    region: str | None = None


class Prepared(NamedTuple):
    """A record as it is compared; None where nothing is known. Columns of the model's table."""

    unique_id: int
    """Of the row; a record with several contacts has several rows."""
    record: int
    source: str
    family: str | None
    given: str | None
    family_reading: str | None
    given_reading: str | None
    family_folded: str | None
    given_folded: str | None
    whole: str | None
    whole_reading: str | None
    maybe: str | None
    """How the given name may be read, each with a blank on both sides; None where it is known."""
    japanese: bool
    """Whether any of the name is written in kanji or kana."""
    sex: str | None
    birth: str | None
    phone: str | None
    email: str | None
    postcode: str | None
    town: str | None
    number: str | None
    city: str | None


def raw_of(cells: Sequence[str], columns: Mapping[str, int]) -> Raw:
    """A record from a row of a file whose columns :func:`columns.recognise` found."""

    def cell(field: str) -> str | None:
        position = columns.get(field)
        return (cells[position].strip() or None) if position is not None and position < len(cells) else None

    def address() -> str | None:
        whole = cell("postal_address")
        street = [part for part in (cell("street_number"), cell("street")) if part]
        if whole is not None or not street:
            return whole
        if all(part.isascii() for part in street):
            return " ".join(street)
        # Japanese lists cut one address into columns, largest place first.
        order = ("region", "city", "street", "street_number")
        return " ".join(part for part in map(cell, order) if part)

    family, given = cell("family_name"), cell("given_name")
    name = cell("name")
    if name is None and (family or given):
        # A part that is missing must not make the other one look like a whole name.
        name = f"{family or ''}\t{given or ''}"
    kana = cell("kana")
    if kana is None and (cell("family_kana") or cell("given_kana")):
        kana = " ".join(filter(None, (cell("family_kana"), cell("given_kana"))))
    return Raw(
        cell("record_id") or "",
        cell("source"),
        name,
        kana,
        cell("sex"),
        cell("birthday"),
        cell("phone"),
        cell("email"),
        cell("postcode"),
        address(),
        cell("city"),
        cell("region"),
    )


def prepare(row: Raw, number: int, record: int, book: NameBook) -> Prepared:
    """A row in the form in which it is compared: row ``number``, of ``record``."""
    split = _split(row, book)
    phone = _phone(row.phone) if row.phone else None
    email = normalise.email(row.email) if row.email else None
    place = forms.place(row.address) if row.address else forms.Place(None, None)
    return Prepared(
        number,
        record,
        row.source or "",
        split.family,
        split.given,
        split.family_reading,
        split.given_reading,
        folded(split.family_reading) if split.family_reading else None,
        folded(split.given_reading) if split.given_reading else None,
        split.whole,
        split.whole_reading,
        f" {' '.join(split.maybe)} " if split.maybe else None,
        not f"{row.name or ''}{row.kana or ''}".isascii(),
        forms.sex(row.sex) if row.sex else None,
        forms.birth_date(row.birthday) if row.birthday else None,
        phone,
        normalise.match_key(email) if email else None,
        forms.postcode(row.postcode) if row.postcode else None,
        place.town,
        place.number,
        " ".join(row.city.lower().split()) if row.city else None,
    )


#: Mobile numbers of Japan as most lists write them, and as the members' own normal form has them.
_MOBILE = re.compile(r"(?:0|\+81)([5-9]0)[- ]?(\d{4})[- ]?(\d{4})")
_WIDTH = str.maketrans("０１２３４５６７８９－−‐ー", "0123456789----")


def _phone(text: str) -> str | None:
    """E.164; the usual shapes without the whole of :func:`normalise.phone`, which a million rows would feel."""
    usual = _MOBILE.fullmatch(text.translate(_WIDTH))
    return f"+81{usual[1]}{usual[2]}{usual[3]}" if usual else normalise.phone(text)


def _split(row: Raw, book: NameBook) -> Split:
    if row.name is None or "\t" not in row.name:
        return book.split(row.name, row.kana)
    family, _, given = row.name.partition("\t")
    if row.kana or not (family + given).isascii():
        return book.split(f"{family} {given}".strip(), row.kana)
    heard = [reading(part) if part else None for part in (family, given)]
    both = heard[0] and heard[1]
    return Split(
        family_reading=heard[0], given_reading=heard[1], whole_reading=f"{heard[0]}{heard[1]}" if both else None
    )


def arrow_table(records: Sequence[Prepared]) -> pa.Table:
    """The records as an Arrow table."""
    import pyarrow as pa

    columns = zip(*records, strict=True) if records else [()] * len(Prepared._fields)
    kinds = {"unique_id": pa.int64(), "record": pa.int64(), "japanese": pa.bool_()}
    return pa.table(
        {
            name: pa.array(column, kinds.get(name, pa.string()))
            for name, column in zip(Prepared._fields, columns, strict=True)
        }
    )
