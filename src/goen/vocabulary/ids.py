"""Ids on the wire: a bigint as a short word of digits and small letters.

Crockford's base 32 without padding (no i, l, o, u, so that a person may read one aloud). A number below
zero, as the stand-ins of guest sales are, starts with ``u``, a letter that is no digit. One number has
exactly one word: anything that is not what :func:`encode` gives is refused, so ids compare as text.
"""

from __future__ import annotations

from functools import lru_cache

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_BELOW_ZERO = "u"
_LENGTH_MAX = 14
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1


@lru_cache(maxsize=4096)
def encode(number: int) -> str:
    """The word for a number of 64 bits: 0 -> ``0``, 1234 -> ``16j``, -1234 -> ``u16j``."""
    assert _SMALLEST <= number <= _LARGEST, "an id fits a bigint"
    rest = abs(number)
    word = _DIGITS[rest & 31]
    while rest := rest >> 5:
        word = _DIGITS[rest & 31] + word
    return _BELOW_ZERO + word if number < 0 else word


def decode(word: str) -> int | None:
    """The number behind a word; None where it is not one that :func:`encode` gives."""
    if not 0 < len(word) <= _LENGTH_MAX:
        return None
    below_zero = word[0] == _BELOW_ZERO
    number = 0
    for letter in word[below_zero:]:
        value = _VALUES.get(letter)
        if value is None:
            return None
        number = number << 5 | value
    if below_zero:
        number = -number
    return number if _SMALLEST <= number <= _LARGEST and encode(number) == word else None
