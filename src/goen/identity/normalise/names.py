"""Names of people: variant kanji folded, and what search compares."""

from __future__ import annotations

import re
from importlib.resources import files
from unicodedata import normalize

from goen.identity.normalise.katakana import kana
from goen.identity.normalise.plain import plain

_BLANKS = re.compile(r"[\s\-・]+")  # The long-vowel mark is a letter of a name.


def _variants() -> dict[int, str | None]:
    """From each variant, and each variation selector, to what stands in its place."""
    lines = files(__package__).joinpath("variants.txt").read_text(encoding="utf-8").splitlines()
    words = [word for line in lines if not line.startswith("#") for word in line.split()]
    folded: dict[int, str | None] = {ord(variant): word[0] for word in words for variant in word[1:]}
    return folded | dict.fromkeys((*range(0x180B, 0x180E), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))


COMMON_KANJI = _variants()
"""For ``str.translate``: the common form of each variant kanji; variation selectors are dropped."""


def name(value: str) -> str:
    """A name with variant kanji folded (髙橋, 高橋) and variation selectors dropped; for comparing only."""
    return " ".join(normalize("NFC", plain(value).translate(COMMON_KANJI)).split())


def searchable(value: str) -> str:
    """What search compares: :func:`name` in katakana and small letters, without blanks and hyphens."""
    # Letters compose anew where a blank stood between them.
    return kana(_BLANKS.sub("", kana(name(value)).lower()))
