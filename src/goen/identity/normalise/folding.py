"""Addresses under one spelling letter by letter, with the way back to the text as it was written."""

from __future__ import annotations

import re
from typing import NamedTuple

from goen.identity.normalise.names import COMMON_KANJI
from goen.identity.normalise.numerals import RUN, number_of

# What people exchange, under its first letter: つつじケ丘 or が丘, 虎ノ門 or の門, 三ツ沢 or 三ッ沢.
_EXCHANGED = ("ケガヶカヵがかゕゖ", "ノ之乃の", "ツッつっ", "市巿", "船舟")
_HIRAGANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_LETTERS: dict[int, int | str | None] = {
    **_HIRAGANA,
    **COMMON_KANJI,
    **{ord(letter): same[0] for same in _EXCHANGED for letter in same[1:]},
}
_TOKEN = re.compile(rf"\s+|\d+|{RUN.pattern}|.", re.DOTALL)


class Folded(NamedTuple):
    """The folded ``letters``, and from each place in them that ends a letter or number to the place in the text."""

    letters: str
    ends: dict[int, int]


def folded(text: str) -> Folded:
    """Variant kanji, scripts and small kana folded, kanji numerals as digits, blanks dropped."""
    letters = ""
    ends = {0: 0}
    for token in _TOKEN.finditer(text):
        part = token[0]
        if part.isspace():
            part = ""
        elif RUN.fullmatch(part):
            number = number_of(part)
            part = part if number is None else str(number)
        else:
            part = part.translate(_LETTERS)
        letters += part
        ends[len(letters)] = token.end()
    return Folded(letters, ends)
