"""A Japanese font of this machine."""

from __future__ import annotations

from functools import cache

import typst

from goen.channels.cards.errors import FontMissing

#: Families with the letters of Japanese names, best first. Upright gothics: small sizes stay legible on a card.
FAMILIES = (
    "Noto Sans CJK JP", "Noto Sans JP", "Source Han Sans JP", "BIZ UDPGothic", "BIZ UDGothic", "Hiragino Sans",
    "Yu Gothic", "Meiryo", "IPAexGothic", "IPAGothic", "IPAPGothic", "VL Gothic", "VL PGothic", "TakaoGothic",
    "M PLUS 1p", "MS Gothic", "Noto Serif CJK JP", "IPAexMincho",
)  # fmt: skip


@cache
def japanese_font() -> str:
    """The name of the family to set Japanese in. The search costs some 50 ms, once.

    Raises:
        FontMissing: none of those known is installed.
    """
    return chosen(typst.Fonts(include_embedded_fonts=False).families())


def chosen(installed: list[str]) -> str:
    """The best of the families installed."""
    there = {family.casefold(): family for family in installed}
    for family in FAMILIES:
        if family.casefold() in there:
            return there[family.casefold()]
    raise FontMissing
