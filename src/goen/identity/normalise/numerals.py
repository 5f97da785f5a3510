"""Kanji numerals inside a text: 二十三, 二三 and 千二百三十四 as digits."""

from __future__ import annotations

import re

_DIGITS = {letter: value for value, letter in enumerate("〇一二三四五六七八九")} | {"零": 0}
_TENS = {"十": 10, "百": 100, "千": 1000}
#: A run that can be a number. A lone 百 or 千 is a name (千代田, 百人町).
RUN = re.compile(r"[〇零一二三四五六七八九十百千]+")


def number_of(run: str) -> int | None:
    """The value of a run of kanji numerals, by place (二三) or with 十, 百, 千; None where it is not written as one."""
    if run in ("百", "千"):
        return None
    if not any(letter in _TENS for letter in run):
        return int("".join(str(_DIGITS[letter]) for letter in run))
    total, digit, last = 0, None, 10_000
    for letter in run:
        if letter in _DIGITS:
            if digit is not None:
                return None
            digit = _DIGITS[letter]
        else:
            unit = _TENS[letter]
            if unit >= last or digit == 0:
                return None
            total, digit, last = total + (1 if digit is None else digit) * unit, None, unit
    return total + (digit or 0)


def kanji_of(number: int) -> str:
    """A number from 1 to 99 in kanji, as names of 丁目 are written: 12 -> 十二."""
    assert 0 < number < 100, "no town has a hundred 丁目"
    tens, ones = divmod(number, 10)
    letters = "〇一二三四五六七八九"
    return (letters[tens] if tens > 1 else "") + ("十" if tens else "") + (letters[ones] if ones else "")
