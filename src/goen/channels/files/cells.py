"""From the text of a cell to a value, each distinct text read once.

A :class:`Memo` remembers what a column's texts mean, so a file of millions of lines pays the careful
reading (full-width digits, thousands separators, ▲ for minus, 和暦) once per distinct text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Generic, TypeVar

from goen.channels.files.errors import BadCell
from goen.identity.normalise.dates import ERA_NAMES, ERAS
from goen.vocabulary.money import MONEY_LIMIT

V = TypeVar("V")

#: Distinct texts remembered per column; beyond it the memory starts afresh, so it stays bounded.
REMEMBERED = 20_000

#: Prices are read as millionths of the minor unit, quantities as thousandths of a piece.
PRICE_PLACES = 6
QUANTITY_PLACES = 3


class Memo(dict[str, V], Generic[V]):
    """``memo[text]`` is the value of a cell of the column ``name``. Raises :class:`BadCell`."""

    def __init__(self, name: str, read: Callable[[str], V], empty: V | type[BadCell]) -> None:
        super().__init__()
        self.name = name
        self.read = read
        self.empty = empty
        #: What a mapping's ``values`` make of a text before it is read.
        self.translate: Callable[[str], str] = str

    def __missing__(self, raw: str) -> V:
        text = plain(raw)
        try:
            text = self.translate(text)
            if text:
                value = self.read(text)
            elif self.empty is BadCell:
                raise ValueError("must not be empty")
            else:
                value = self.empty  # type: ignore[assignment]
        except ValueError as bad:
            raise BadCell(self.name, text, str(bad)) from None
        if len(self) >= REMEMBERED:
            self.clear()
        self[raw] = value
        return value


def plain(raw: str) -> str:
    """A cell's text without surrounding blanks and without Excel's ``="0901…"`` armour (rule 61)."""
    text = raw.strip()
    if text.startswith('="') and text.endswith('"') and len(text) > 2:
        return text[2:-1].strip()
    return text


def text(value: str) -> str:
    """A text of at most 500 characters without U+0000."""
    if len(value) > 500:
        raise ValueError("is longer than 500 characters")
    if "\0" in value:
        raise ValueError("contains U+0000")
    return value


_NUMBER = re.compile(
    r"(?P<sign>[-+]?)(?P<whole>\d+|\d{1,3}(?:,\d{3})+)?(?:\.(?P<part>\d*))?(?:[eE](?P<power>[-+]?\d{1,2}))?"
)


def number_of(value: str) -> tuple[int, int]:
    """A number as people and programs write it: (integer, decimal places).

    Understands full-width digits, thousands separators, ¥ and 円, powers of ten, and a minus written -,
    ▲, △ or as brackets. Raises ValueError for anything else and for 10**15 or more.
    """
    digits = unicodedata.normalize("NFKC", value).strip("¥円 ")
    negative = False
    if digits.startswith(("▲", "△", "−")):
        negative, digits = True, digits[1:]
    elif digits.startswith("(") and digits.endswith(")"):
        negative, digits = True, digits[1:-1]
    match = _NUMBER.fullmatch(digits.strip("¥ "))
    if match is None or not (match["whole"] or match["part"]):
        raise ValueError("is not a number")
    part = match["part"] or ""
    number = int((match["whole"] or "0").replace(",", "") + part)
    places = len(part) - int(match["power"] or 0)
    if places < 0:
        number, places = number * 10**-places, 0
    if number >= 10 ** (15 + places):
        raise ValueError("is too large")
    return -number if negative or match["sign"] == "-" else number, places


def scaled_number(value: str, places: int) -> int:
    """``value`` × 10**``places`` as an exact integer. Raises ValueError where it has more decimal places."""
    number, decimals = number_of(value)
    if decimals <= places:
        return number * int(10 ** (places - decimals))
    whole, rest = divmod(abs(number), int(10 ** (decimals - places)))
    if rest:
        raise ValueError(f"has more than {places} decimal places")
    return whole if number >= 0 else -whole


def rounded_number(value: str, factor: int) -> int:
    """``value`` × ``factor`` as an integer, halves rounded away from zero."""
    number, decimals = number_of(value)
    rounded = half_up(abs(number) * factor, 10**decimals)
    return rounded if number >= 0 else -rounded


def money_reader(scale: int) -> Callable[[str], int]:
    """Reads an amount × ``scale`` as integer minor units, halves rounded away from zero."""

    def money(value: str) -> int:
        amount = rounded_number(value, scale)
        if abs(amount) >= MONEY_LIMIT:
            raise ValueError("is too large")
        return amount

    return money


def price_reader(scale: int) -> Callable[[str], int]:
    """Reads a unit price × ``scale`` in millionths of the minor unit."""
    return lambda value: rounded_number(value, scale * 10**PRICE_PLACES)


def quantity(value: str) -> tuple[int, Decimal]:
    """A quantity as thousandths, with its sign, and as the positive decimal a document carries."""
    thousandths = scaled_number(value, QUANTITY_PLACES)
    if abs(thousandths) >= 10**12:
        raise ValueError("is too large")
    return thousandths, decimal_of(abs(thousandths), QUANTITY_PLACES)


def percent(value: str) -> Decimal:
    """A tax rate in percent, with or without the sign: ``8``, ``10%``, ``8.0``."""
    hundredths = scaled_number(unicodedata.normalize("NFKC", value).rstrip("% "), 2)
    if not 0 <= hundredths < 10_000:
        raise ValueError("is not a tax rate in percent")
    return decimal_of(hundredths, 2)


def points(value: str) -> int:
    """Points, signed, of a magnitude under 10**9; a trailing P or pt is allowed."""
    number = scaled_number(re.sub(r"(?i)(p|pt|pts|ポイント)$", "", unicodedata.normalize("NFKC", value)), 0)
    if abs(number) >= 10**9:
        raise ValueError("is too large")
    return number


_YES = frozenset({"1", "true", "yes", "y", "t", "はい", "有", "あり", "対象", "○", "税込", "内税"})
_NO = frozenset({"0", "false", "no", "n", "f", "いいえ", "無", "なし", "対象外", "×", "税抜", "外税"})


def flag(value: str) -> bool:
    """Yes or no in the usual spellings, Japanese ones included."""
    word = unicodedata.normalize("NFKC", value).lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueError("is neither yes nor no")


def decimal_of(number: int, places: int) -> Decimal:
    """``number`` ÷ 10**``places`` without trailing zeros: 2000, 3 → 2."""
    while places and number % 10 == 0:
        number //= 10
        places -= 1
    return Decimal(number).scaleb(-places)


def half_up(numerator: int, denominator: int) -> int:
    """A division of non-negative integers, halves up."""
    return (2 * numerator + denominator) // (2 * denominator)


_DATE = re.compile(
    r"(?P<era>[MTSHR])?\s?(?P<year>\d{1,4}|元)\s?(?:[-/.]|年)\s?(?P<month>\d{1,2})\s?(?:[-/.]|月)\s?(?P<day>\d{1,2})日?"
    r"(?:(?:\s+|T)(?P<hour>\d{1,2})(?:[:時](?P<minute>\d{1,2}))(?:[:分](?P<second>\d{1,2}))?(?:\.\d+)?[分秒]?)?",
    re.IGNORECASE,
)


def moment(value: str) -> datetime:
    """A date, with or without a time, as people write it (rule 61); naive unless it names an offset.

    ISO 8601, ``2025/4/1 9:05``, ``20250401``, ``2025年4月1日``, ``R7.4.1``, ``令和7年4月1日``.
    """
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        pass
    written = unicodedata.normalize("NFKC", value)
    for name, letter in ERA_NAMES.items():
        written = written.replace(name, letter)
    match = _DATE.fullmatch(written)
    if match is None:
        raise ValueError("is not a date")
    year = 1 if match["year"] == "元" else int(match["year"])
    if match["era"]:
        year += ERAS[match["era"].upper()]
    elif len(match["year"]) != 4:
        raise ValueError("is not a date with a four-digit year or an era")
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    try:
        return datetime(year, int(match["month"]), int(match["day"]), hour, minute, second)  # noqa: DTZ001
    except ValueError:
        raise ValueError("is not a day of the calendar") from None


def time_reader(zone: tzinfo, written: str | None = None) -> Callable[[str], datetime]:
    """Reads an instant; times without an offset are local to ``zone``. ``written`` is a strptime format."""

    def instant(value: str) -> datetime:
        found = datetime.strptime(value, written) if written else moment(value)  # noqa: DTZ007 - zoned below.
        return found if found.tzinfo else found.replace(tzinfo=zone)

    return instant


def day_reader(written: str | None = None) -> Callable[[str], date]:
    """Reads a day, ignoring a time of day beside it."""

    def day(value: str) -> date:
        return (datetime.strptime(value, written) if written else moment(value)).date()  # noqa: DTZ007 - a day has no zone.

    return day
