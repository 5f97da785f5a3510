"""What the columns of a file mean: a TOML file, read once and checked by name.

A field takes its text from a column (``amount = "金額"``), or from a table with one of ``column``,
``template`` (``"{日付} {時刻}"``; ``{row}`` is the row number) or ``constant``, and optionally ``values``
that translate texts and a ``default`` for the ones not listed. ``docs/howto/import.md`` lists the fields.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from collections.abc import Mapping as Dictionary
from importlib import resources
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from goen.channels.files.cells import Memo
from goen.channels.files.errors import BadFile
from goen.channels.files.readers import Shape, Table

Kind = Literal["purchases", "balances", "members"]

V = TypeVar("V")

_CONSENT = re.compile(r"[a-z][a-z0-9_]{0,39}(\.[a-z][a-z0-9_]{0,19})?")
_HOLE = re.compile(r"\{([^{}]*)\}")


class From(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a field's text comes from; exactly one of column, template, constant."""

    column: str | None = None
    template: str | None = None
    constant: str | None = None
    values: dict[str, str] | None = None
    default: str | None = None

    def __post_init__(self) -> None:
        if [self.column, self.template, self.constant].count(None) != 2:
            raise ValueError("needs exactly one of column, template, constant")

    def translate(self, value: str) -> str:
        """The text that ``values`` gives for a cell's text; without ``values`` the text itself."""
        if self.values is None:
            return value or self.default or ""
        found = self.values.get(value, self.default)
        if found is None:
            if not value:
                return ""
            raise ValueError("is not among the mapping's values")
        return found


Source = str | From


class FileSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the file is written, where it cannot be found out. ``absent_columns`` allows mapped columns
    that the file does not have."""

    encoding: str | None = None
    delimiter: str | None = None
    header: tuple[str, ...] | None = None
    absent_columns: bool = False
    date_format: str | None = None
    #: Money × scale = minor units of the programme's currency: 100 where the file says 2.55 for 255 pence.
    scale: int = 1


class MemberSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One identifier: its kind, where its value stands, for ``ec`` the web shop's code."""

    kind: Source
    value: Source
    shop: Source | None = None


class ReceiptSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fields of a receipt, read from its first row. ``rows_by``: consecutive rows that agree in these
    columns are one receipt; empty: every row is one."""

    external_id: Source
    occurred_at: Source
    shop: Source | None = None
    rows_by: tuple[str, ...] = ()
    business_date: Source | None = None
    terminal: Source | None = None
    staff: Source | None = None
    status: Source | None = None
    completed_at: Source | None = None
    return_of: Source | None = None
    postage: Source | None = None
    discount: Source | None = None
    total: Source | None = None
    payable: Source | None = None
    use_points: Source | None = None
    #: Codes of the coupons that the sale used, several with blanks, commas or semicolons between them.
    coupons: Source | None = None
    #: "earn": the sales earn by the programme. "history": their points are in the opening balances
    #: already, so lines earn nothing and used points count as a discount.
    points: Literal["earn", "history"] = "earn"


class LineSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fields of a line. ``amount``, or ``quantity`` × ``unit_price`` where there is no amount."""

    amount: Source | None = None
    quantity: Source | None = None
    unit_price: Source | None = None
    kind: Source | None = None
    sku: Source | None = None
    name: Source | None = None
    category: Source | None = None
    discount: Source | None = None
    tax_rate: Source | None = None
    tax_included: Source | None = None
    cost: Source | None = None
    points: Source | None = None


class BalanceSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fields of an opening balance. ``expiry_means`` must be said where ``expires_on`` is: the last day
    of use, or the day at whose first instant the points are gone (rule 14)."""

    points: Source
    granted_on: Source | None = None
    expires_on: Source | None = None
    expiry_means: Literal["valid_through", "expires_at_start_of"] | None = None
    limited: Source | None = None

    def __post_init__(self) -> None:
        if self.expires_on is not None and self.expiry_means is None:
            raise ValueError('must say expiry_means = "valid_through" or "expires_at_start_of"')


class PersonSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fields of a member."""

    name: Source | None = None
    kana: Source | None = None
    birth_date: Source | None = None
    gender: Source | None = None
    postal_code: Source | None = None
    address: Source | None = None
    shop: Source | None = None
    joined_at: Source | None = None
    language: Source | None = None
    tier: Source | None = None
    #: The last day through which an imported tier does not fall.
    tier_until: Source | None = None
    #: Translated to "active" or anything else; only active people are imported.
    status: Source | None = None


class ConsentSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One consent: what for (``advertising.mail``), and where the answer stands: yes, no, or empty for nothing said."""

    kind: str
    given: Source
    wording: Source | None = None
    source: Source | None = None
    at: Source | None = None

    def __post_init__(self) -> None:
        if not _CONSENT.fullmatch(self.kind):
            raise ValueError("kind is a purpose, or a purpose and a channel: third_party, advertising.mail")


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole mapping file. Which section beside ``member`` is needed depends on ``kind``."""

    kind: Kind
    title: str = ""
    #: A file whose header has all of these is taken for this kind of file (built-in mappings).
    recognised_by: tuple[str, ...] = ()
    file: FileSection = FileSection()
    #: Identifiers in order of trust. A purchase or balance takes the first that is filled, a member all.
    member: tuple[MemberSource, ...] = ()
    receipt: ReceiptSection | None = None
    line: LineSection | None = None
    balance: BalanceSection | None = None
    person: PersonSection | None = None
    consent: tuple[ConsentSection, ...] = ()

    def __post_init__(self) -> None:
        missing = {
            "purchases": self.receipt is None or self.line is None,
            "balances": self.balance is None or not self.member,
            "members": self.person is None or not self.member,
        }
        if missing[self.kind]:
            sections = {"purchases": "[receipt] and [line]", "balances": "[balance] and [[member]]"}
            raise ValueError(f"needs {sections.get(self.kind, '[person] and [[member]]')}")

    @property
    def shape(self) -> Shape:
        """How the file is written, for the reader."""
        return Shape(self.file.encoding, self.file.delimiter, self.file.header)


def read_mapping(path: Path) -> Mapping:
    """A mapping file. Raises :class:`BadFile` naming the field that is wrong."""
    try:
        return parse_mapping(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as problem:
        raise BadFile(f"{path.name}: {problem}") from problem


def parse_mapping(words: str) -> Mapping:
    """A mapping from TOML text. Raises ValueError."""
    return msgspec.convert(tomllib.loads(words), Mapping)


def built_in() -> Dictionary[str, Mapping]:
    """The mappings that come with Goen, by name."""
    folder = resources.files("goen.channels.files") / "mappings"
    return {
        entry.name.removesuffix(".toml"): parse_mapping(entry.read_text(encoding="utf-8"))
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".toml")
    }


def recognise(header: Sequence[str], kind: Kind) -> Mapping | None:
    """The built-in mapping of this kind whose columns the header has, or None."""
    names = set(header)
    fitting = [m for m in built_in().values() if m.kind == kind and names.issuperset(m.recognised_by)]
    return max(fitting, key=lambda mapping: len(mapping.recognised_by), default=None)


class Columns:
    """Resolves a mapping's sources to positions in a table's rows.

    A row is read with one empty cell appended; a field that is not mapped, or is constant, points there.
    """

    def __init__(self, table: Table, *, absent_columns: bool) -> None:
        self._positions = {name: position for position, name in enumerate(table.header)}
        self._absent = absent_columns
        self.nothing = len(table.header)

    def position(self, name: str) -> int:
        """Where a column stands. Raises :class:`BadFile` for one the table does not have."""
        found = self._positions.get(name)
        if found is not None:
            return found
        if self._absent:
            return self.nothing
        known = "、".join(list(self._positions)[:30])
        raise BadFile(f"the mapping names a column “{name}” that the file does not have (it has: {known})")

    def has(self, source: Source) -> bool:
        """Whether the table can fill this field: a form that allows many columns costs only for those there are."""
        return not isinstance(source, str) or self.position(source) != self.nothing

    def column(self, source: Source | None, memo: Memo[V]) -> tuple[int, Memo[V]]:
        """Where a line's field stands and the memory that reads it: ``memo[cells[position]]``."""
        if source is None:
            return self.nothing, memo
        if isinstance(source, str):
            return self.position(source), memo
        memo.translate = source.translate
        if source.column is not None:
            return self.position(source.column), memo
        if source.constant is None:
            raise BadFile(f"{memo.name}: a template is for receipts, balances and members, not for lines")
        memo.translate = lambda _: source.constant or ""
        return self.nothing, memo

    def field(self, source: Source | None, memo: Memo[V]) -> Callable[[int, list[str]], V]:
        """A function from a row to a field's value; raises BadCell. Templates are understood."""
        if isinstance(source, From) and source.template is not None:
            memo.translate = source.translate
            form = _HOLE.sub("%s", source.template.replace("%", "%%"))
            holes = [-1 if hole == "row" else self.position(hole) for hole in _HOLE.findall(source.template)]

            def filled(row: int, cells: list[str]) -> V:
                return memo[form % tuple(row if hole < 0 else cells[hole].strip() for hole in holes)]

            return filled
        position, memory = self.column(source, memo)
        return lambda _, cells: memory[cells[position]]
