"""Search without extensions: bigrams in an array under a GIN index, two characters at least.

The caller normalises (identity knows how); here texts are only cut.
"""

from __future__ import annotations

from collections.abc import Iterable

CHARACTERS_MIN = 2


def grams(texts: Iterable[str]) -> list[str]:
    """Every pair of neighbouring characters of these texts, once, in order."""
    return sorted({text[i : i + 2] for text in texts for i in range(len(text) - 1)})


def lines(texts: Iterable[str]) -> str:
    """The texts one per line: what a search compares after the bigrams have chosen."""
    return "\n".join(text for text in texts if text)
