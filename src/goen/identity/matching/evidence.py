"""Why two records may be one person, in words a clerk understands.

Codes and weights go to programs, words to people; the catalogue has both languages. A weight is in bits: each is a
doubling of the odds, so 10 is a thousand to one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

Language = Literal["ja", "en"]

_FIELDS: Mapping[str, tuple[str, str]] = {
    "given": ("名", "given name"),
    "family": ("姓", "family name"),
    "birth": ("生年月日", "birth date"),
    "sex": ("性別", "sex"),
    "phone": ("電話番号", "phone number"),
    "email": ("メールアドレス", "mail address"),
    "address": ("住所", "address"),
    "city": ("市区町村", "city"),
}
_LEVELS: Mapping[str, tuple[str, str]] = {
    "written": ("同じ表記です", "written the same"),
    "reading": ("読みが同じです", "reads the same"),
    "alike": ("読みが同じとみられます", "may well read the same"),
    "homophone": ("読みは同じですが漢字が違います", "reads the same, written with other kanji"),
    "short": ("一方が他方の略称とみられます", "one may be short for the other"),
    "near": ("一文字違いなど、よく似ています", "differs by a letter or so"),
    "swapped": ("姓と名が入れ替わっています", "family and given name are swapped"),
    "same": ("一致しています", "the same"),
    "partly": ("一部だけ一致しています", "agrees in part"),
    "house": ("番地まで一致しています", "the same down to the house number"),
    "town": ("町域まで一致しています", "the same town"),
    "different": ("一致しません", "different"),
}


class FieldEvidence(msgspec.Struct, frozen=True):
    """What one field says. ``weight`` in bits: above 0 for the same person, below 0 against."""

    field: str
    level: str
    weight: float
    text: str


def evidence(levels: Mapping[str, str | None], weights: Mapping[str, float], language: Language) -> list[FieldEvidence]:
    """What each field that could be compared says, the heaviest first."""
    at = 0 if language == "ja" else 1
    found = [
        FieldEvidence(field, level, round(weights.get(field, 0.0), 1), _sentence(field, level, at))
        for field, level in levels.items()
        if level is not None
    ]
    return sorted(found, key=lambda each: -abs(each.weight))


def _sentence(field: str, level: str, at: int) -> str:
    name, words = _FIELDS[field][at], _LEVELS[level][at]
    return f"{name}：{words}" if at == 0 else f"{name}: {words}"
