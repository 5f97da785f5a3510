"""Birth dates, sexes, addresses and postal codes of lists in one form, for comparing only."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import NamedTuple
from unicodedata import normalize

from goen.identity.normalise import DASHES, name

_ERAS = {
    "令和": 2018, "平成": 1988, "昭和": 1925, "大正": 1911, "明治": 1867,
    "R": 2018, "H": 1988, "S": 1925, "T": 1911, "M": 1867,
}  # fmt: skip
_ERA_DATE = re.compile(r"(令和|平成|昭和|大正|明治|[RHSTM])\.?\s*(元|\d{1,2})\D+(\d{1,2})\D+(\d{1,2})日?", re.I)
_DATE = re.compile(r"(\d{4})\D{1,3}(\d{1,2})\D{1,3}(\d{1,2})(?:日|\D.*)?")
_DIGITS = re.compile(r"\d{8}")
_DAY_FIRST = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})")
#: Nobody was born then: what forms put where no date was given.
_FILLERS = frozenset({"1900-01-01", "1970-01-01", "1111-11-11", "2000-01-01"})
_YEAR_MIN = 1890

_SEXES = {
    **dict.fromkeys(("f", "female", "w", "woman", "女", "女性", "2"), "f"),
    **dict.fromkeys(("m", "male", "man", "男", "男性", "1"), "m"),
}

_PREFECTURE = re.compile(r"(?:北海道|東京都|(?:京都|大阪)府|[^\d\s市区町村]{2,3}県)")
_KANJI_DIGITS = {digit: value for value, digit in enumerate("〇一二三四五六七八九")}
_BEFORE_COUNTER = re.compile(r"([〇一二三四五六七八九十百]{1,5})(?=(?:丁目|番地|番|号|条|線))")
_COUNTERS = re.compile(r"(?<=\d)\s*(?:丁目|番地|番|号室|号|の|-)\s*(?=\d)|(?<=\d)(?:丁目|番地|番|号室|号)")
_BLANKS = re.compile(r"\s+")
_FOLDS = str.maketrans({"ヶ": "ケ", "ヵ": "カ", "が": "ケ", "ガ": "ケ", "之": "の", "ノ": "の", "ﾉ": "の"})
_AZA = re.compile(r"大字|字(?=[^\d])")


@lru_cache(maxsize=65_536)
def birth_date(text: str) -> str | None:
    """ISO date of ``1998-02-06``, ``1998/2/6``, ``19980206``, ``平成10年2月6日``, ``H10.2.6``; None where it is none.

    What forms put where no date was given (1900-01-01 and the like) is none either.
    """
    plain = normalize("NFKC", text).strip()
    if _DIGITS.fullmatch(plain):
        found = (plain[:4], plain[4:6], plain[6:])
    elif era := _ERA_DATE.fullmatch(plain):
        years = 1 if era[2] == "元" else int(era[2])
        found = (str(_ERAS[era[1].upper()] + years), era[3], era[4])
    elif match := _DATE.fullmatch(plain):
        found = (match[1], match[2], match[3])
    elif match := _DAY_FIRST.fullmatch(plain):
        found = (match[3], match[1], match[2]) if int(match[1]) <= 12 else (match[3], match[2], match[1])
    else:
        return None
    try:
        day = date(*map(int, found)).isoformat()
    except ValueError:
        # A keying error: no such day, yet the same error may stand in the person's other record.
        day = f"{found[0]}-{found[1]:0>2}-{found[2]:0>2}"
    return None if day in _FILLERS or int(day[:4]) < _YEAR_MIN else day


def sex(text: str) -> str | None:
    """``f``, ``m`` or None."""
    return _SEXES.get(normalize("NFKC", text).strip().lower())


def postcode(text: str) -> str | None:
    """The digits of a postal code (Latin letters are kept for other countries)."""
    code = re.sub(r"[^0-9A-Z]", "", normalize("NFKC", text).upper())
    return code if 3 <= len(code) <= 10 and any(map(str.isdigit, code)) and set(code) != {"0"} else None


class Place(NamedTuple):
    """An address: the town without its prefecture, and the numbers of block and house (``6-29``)."""

    town: str | None
    number: str | None


_NOWHERE = Place(None, None)


@lru_cache(maxsize=65_536)
def place(text: str) -> Place:
    """Town and number of an address. 丁目, 番, 号, every dash and kanji numerals before them are one."""
    plain = normalize("NFKC", name(text)).lower()
    plain = re.sub(rf"[{re.escape(DASHES)}](?=\s*\d)", "-", plain)
    plain = _BEFORE_COUNTER.sub(lambda match: str(_number(match[1])), plain)
    plain = _COUNTERS.sub("-", plain)
    plain = plain if plain.isascii() else _BLANKS.sub("", plain)
    found = re.search(r"\d[\d-]*", plain)
    number = found[0].strip("-") if found else None
    # Letters mean another country: the number comes first and the rest is the street.
    town = plain[: found.start()] if found and found.start() else (plain[found.end() :] if found else plain)
    town = _AZA.sub("", _PREFECTURE.sub("", town, count=1) if _PREFECTURE.match(town) else town).translate(_FOLDS)
    town = _BLANKS.sub(" ", town).strip(" ,-")
    return Place(town or None, number) if town or number else _NOWHERE


def _number(kanji: str) -> int:
    total, digit = 0, 0
    for letter in kanji:
        if letter in "十百":
            total += (digit or 1) * (10 if letter == "十" else 100)
            digit = 0
        else:
            digit = digit * 10 + _KANJI_DIGITS[letter]
    return total + digit
