"""Codes of coupons: made so that nobody guesses one, written so that nobody misreads one.

An issued code has 14 random characters of 23, more than 63 bits, and a check character, in three groups
of five: ``K7MXA-43TWF-9RHCD``. Of characters that look alike (0 O Q D, 1 I L, 2 Z, 5 S, 8 B, 6 G, U V) there is
one at most, and the check character finds every single wrong character and every two neighbours swapped.
"""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Iterator
from hashlib import blake2b

ALPHABET = "34679ACDEFHJKLMNPRTVWXY"
RANDOM_CHARACTERS = 14
LENGTH = RANDOM_CHARACTERS + 1
_BASE = len(ALPHABET)
_ALL = _BASE**RANDOM_CHARACTERS
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_PAIR = _BASE * _BASE
#: Two characters at a time, with what they add to the check sum: the second weighs one more than the first.
_PAIRS = [(ALPHABET[i // _BASE] + ALPHABET[i % _BASE], i // _BASE + i % _BASE, i % _BASE) for i in range(_PAIR)]


def new_code() -> str:
    """A code that nobody can foresee, without its dashes."""
    number = secrets.randbelow(_ALL)
    parts = []
    check = 0
    for weight in range(1, RANDOM_CHARACTERS, 2):
        number, pair = divmod(number, _PAIR)
        text, values, second = _PAIRS[pair]
        parts.append(text)
        check += weight * values + second
    parts.append(ALPHABET[check % _BASE])
    return "".join(parts)


def new_codes(count: int) -> Iterator[str]:
    """So many codes, one by one; the same twice within one batch happens once in many millions of batches."""
    for _ in range(count):
        yield new_code()


def well_formed(code: str) -> bool:
    """Whether an issued code's check character fits: if not, it was mistyped. ``code`` as :func:`normal` gives it."""
    if len(code) != LENGTH or any(character not in _VALUES for character in code):
        return False
    values = [_VALUES[character] for character in code]
    return sum([n * value for n, value in enumerate(values[:-1], 1)]) % _BASE == values[-1]


def normal(text: str) -> str:
    """A code as it is kept and compared: full width, small letters, blanks and dashes do not matter."""
    folded = unicodedata.normalize("NFKC", text).upper()
    return "".join([character for character in folded if character.isalnum() or character in "_%+."])


def shown(code: str) -> str:
    """A code as people read it: an issued one in groups of five."""
    return "-".join([code[i : i + 5] for i in range(0, LENGTH, 5)]) if well_formed(code) else code


def code_hash(code: str) -> int:
    """64 bits of a code: its place in the registry."""
    return int.from_bytes(blake2b(code.encode(), digest_size=8, person=b"coupon").digest(), "big", signed=True)
