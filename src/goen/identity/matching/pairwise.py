"""Two records compared without an engine: the levels that the model's SQL says, for a pair or a few at a till.

The batch compares millions of pairs in SQL; here one newcomer meets the handful who carry the same contact.
tests/identity/matching holds both to the same levels.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from goen.identity.matching.guards import Verdict, edits, verdict
from goen.identity.matching.model import Model, Script
from goen.identity.matching.prepare import Prepared
from goen.identity.matching.readings import collapsed


class Compared(NamedTuple):
    """What a pair comes to. ``evidence``: level and weight in bits by comparison; ``probability`` by the model."""

    verdict: Verdict
    levels: Mapping[str, str | None]
    evidence: Mapping[str, tuple[str, float]]
    probability: float


def compare(one: Prepared, other: Prepared, model: Model, *, prior: float | None = None) -> Compared:
    """Compare two records of members. ``prior``: the chance before any field is looked at (None: the model's); rarity
    of values is left out, since it takes the whole list to know it."""
    levels = levels_of(one, other, model.script)
    evidence = {
        name: (level, math.log2(model.levels[name][level][0] / model.levels[name][level][1]))
        for name, level in levels.items()
        if level is not None
    }
    chance = model.prior if prior is None else prior
    weight = math.log2(chance / (1 - chance)) + sum(bits for _, bits in evidence.values())
    return Compared(verdict(levels, model.script), levels, evidence, 1 / (1 + 2**-weight))


def levels_of(one: Prepared, other: Prepared, script: Script) -> dict[str, str | None]:
    """The level of each comparison of :data:`model.COMPARISONS`; None where one of both is not known."""
    japanese = script == "japanese"
    return {
        "given": _given(one, other) if japanese else _latin(one, other, "given"),
        "family": _family(one, other) if japanese else _latin(one, other, "family"),
        "birth": _birth(one.birth, other.birth),
        "sex": _level(one.sex, other.sex),
        "phone": _level(one.phone, other.phone, near=_close(one.phone, other.phone, 10)),
        "email": _email(one.email, other.email),
        "address": _address(one, other),
        "city": _level(one.city, other.city, near=_close(one.city, other.city, 4, 2)),
    }


def _both(left: str | None, right: str | None) -> bool:
    return left is not None and right is not None


def _same(left: str | None, right: str | None) -> bool:
    return left is not None and left == right


def _close(left: str | None, right: str | None, length: int, most: int = 1) -> bool:
    return (
        left is not None
        and right is not None
        and min(len(left), len(right)) >= length
        and abs(len(left) - len(right)) <= most
        and edits(left, right) <= most
    )


def _level(left: str | None, right: str | None, *, near: bool = False) -> str | None:
    if not _both(left, right):
        return None
    return "same" if left == right else "near" if near else "different"


def _given(one: Prepared, other: Prepared) -> str | None:
    maybe = any(
        reader.given_reading is not None and written.maybe is not None and f" {reader.given_reading} " in written.maybe
        for reader, written in ((one, other), (other, one))
    )
    known = (
        _both(one.given, other.given)
        or _both(one.given_reading, other.given_reading)
        or _both(one.whole, other.whole)
        or maybe
    )
    if not known:
        return None
    other_kanji = _both(one.given, other.given) and one.given != other.given
    same_sound = _same(one.given_folded, other.given_folded)
    if _same(one.given, other.given) or _same(one.whole, other.whole):
        return "written"
    if same_sound and other_kanji:
        return "homophone"
    if _same(one.given_reading, other.given_reading) or _same(one.whole_reading, other.whole_reading):
        return "reading"
    if same_sound or (maybe and not other_kanji):
        return "alike"
    if _starts(one.given_reading, other.given_reading):
        return "short"
    left, right = one.given_folded, other.given_folded
    if left is not None and right is not None and (_close(left, right, 4) or collapsed(left) == collapsed(right)):
        return "near"
    return "different"


def _starts(left: str | None, right: str | None) -> bool:
    if left is None or right is None:
        return False
    shorter, longer = sorted((left, right), key=len)
    return len(shorter) >= 3 and longer.startswith(shorter)


def _family(one: Prepared, other: Prepared) -> str | None:
    if not _both(one.family, other.family) and not _both(one.family_reading, other.family_reading):
        return None
    if _same(one.family, other.family):
        return "written"
    if _same(one.family_reading, other.family_reading):
        return "reading"
    left, right = one.family_folded, other.family_folded
    return "near" if _same(left, right) or _close(left, right, 5) else "different"


def _latin(one: Prepared, other: Prepared, part: str) -> str | None:
    left, right = (getattr(each, f"{part}_reading") for each in (one, other))
    if not _both(left, right):
        return None
    if left == right:
        return "reading"
    if _same(one.given_reading, other.family_reading) and _same(one.family_reading, other.given_reading):
        return "swapped"
    if _close(left, right, 4) or _close(left, right, 7, 2):
        return "near"
    return "short" if part == "given" and _starts(left, right) else "different"


def _birth(left: str | None, right: str | None) -> str | None:
    if left is None or right is None:
        return None
    if left == right:
        return "same"
    apart = edits(left, right)
    if apart <= 1 or left == f"{right[:5]}{right[8:10]}-{right[5:7]}":  # Month and day swapped.
        return "near"
    return "partly" if apart <= 2 else "different"


def _email(left: str | None, right: str | None) -> str | None:
    local = left is not None and right is not None and len(left) >= 10 and _local(left) == _local(right)
    return _level(left, right, near=local or _close(left, right, 10, 2))


def _local(address: str) -> str:
    return address.partition("@")[0]


def _address(one: Prepared, other: Prepared) -> str | None:
    if not _both(one.town, other.town) and not _both(one.postcode, other.postcode):
        return None
    if _same(one.town, other.town) or _same(one.postcode, other.postcode):
        return "house" if _same(one.number, other.number) else "town"
    return "different"
