"""Addresses under one spelling letter by letter, with the way back to the text as it was written."""

from __future__ import annotations

import re
from typing import NamedTuple

from goen.identity.normalise.names import COMMON_KANJI
from goen.identity.normalise.numerals import RUN, number_of

# Letters that signs and registers exchange: つつじヶ丘 and つつじが丘, 虎ノ門 and 虎の門, 三ッ沢 and 三ツ沢, 檜町 and ひのき町 not.
_EXCHANGED = {ord(letter): same for same, letters in {"ケ": "ガヶカヵ", "ノ": "之乃", "ツ": "ッ", "市": "巿", "船": "舟"}.items() for letter in letters}
_LETTERS: dict[int, str | int | None] = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_LETTERS |= {ord(small): "ケ" for small in "がかゕゖ"} | {ord("っ"): "ツ"}
_LETTERS |= COMMON_KANJI | _EXCHANGED
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
