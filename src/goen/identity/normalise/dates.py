"""Dates of birth as people and systems write them (rule 61): 2025/4/1, 令和7年4月1日, R7.4.1."""

from __future__ import annotations

import re
from datetime import date

from goen.identity.normalise.numerals import RUN, number_of
from goen.identity.normalise.plain import HYPHENS, plain

#: 明治 to 令和: the western year before each era's first.
ERAS = {"M": 1867, "T": 1911, "S": 1925, "H": 1988, "R": 2018}
#: The names of the eras, whole before short.
ERA_NAMES = {"明治": "M", "大正": "T", "昭和": "S", "平成": "H", "令和": "R"} | dict(
    zip("明大昭平令", "MTSHR", strict=True)
)
_HYPHEN = re.compile(rf"[{re.escape(HYPHENS)}]")
_PACKED = re.compile(r"([12]\d{3})(\d{2})(\d{2})")
_WRITTEN = re.compile(
    r"(?:(?P<era>[MTSHR])[.\s]?)?(?P<year>\d{1,4})\s?[-/.年\s]\s?(?P<month>\d{1,2})\s?[-/.月\s]\s?(?P<day>\d{1,2})\s?日?"
    r"(?:\s?生(?:まれ)?|[\sT]+\d{1,2}[:時].*)?",
    re.IGNORECASE | re.ASCII,
)


def birth_date(value: str) -> date | None:
    """A day of the calendar; None where it is none, or where its year has neither four digits nor an era.

    A time behind it (``1985/4/1 0:00``) is dropped. A year of an era may run past the era's end, as on forms that were
    printed before.
    """
    text = _HYPHEN.sub("-", plain(value))
    for era, letter in ERA_NAMES.items():
        if text.startswith(era):
            text = letter + text.removeprefix(era).lstrip()
            break
    text = text.replace("元年", "1年")
    text = RUN.sub(lambda run: str(number_of(run[0]) or run[0]), text)
    if packed := _PACKED.fullmatch(text):
        text = "-".join(packed.groups())
    found = _WRITTEN.fullmatch(text)
    if not found or (found["era"] is None and len(found["year"]) != 4):
        return None
    before = ERAS[found["era"].upper()] if found["era"] else 0
    try:
        return date(before + int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return None
