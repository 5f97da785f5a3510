"""What a pair of records may become, whatever its weight: rule 44 and the guards for families.

A phone, a mail address, a house and a family name are shared by people who live together, so none of them, nor
all together, makes two records one person. What tells people apart is the given name, the birth date and the
sex; where one of them says "different", no machine merges. Pure: levels in, a verdict out.

Lists of members are guarded so (``members``). A ``register`` is a list in Latin letters without phones and sexes,
such as public person registers: it shows no households, its names and dates are often mistyped, swapped or
replaced, and two fields that agree with a high probability are enough there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from goen.identity.matching.model import Script
from goen.identity.matching.prepare import Prepared
from goen.identity.matching.readings import collapsed

Verdict = Literal["auto", "review", "never"]
Policy = Literal["members", "register"]
Levels = Mapping[str, str | None]
"""Level of each comparison by name; None where it is unknown or not compared."""

_SAME_NAME: Mapping[Script, frozenset[str]] = {
    "japanese": frozenset({"written", "homophone", "reading", "alike"}),
    # Latin letters are typed by ear: one wrong letter is the rule, in kana a different name.
    "latin": frozenset({"reading", "swapped", "near"}),
}
_HALF_NAME: Mapping[Script, frozenset[str]] = {
    "japanese": frozenset({"short", "near"}),
    "latin": frozenset({"short"}),
}
_SAME_FAMILY = frozenset({"written", "reading", "swapped"})
#: In a register a field agrees at these levels.
_REGISTER = {
    "given": frozenset({"reading", "near", "swapped", "short"}),
    "family": frozenset({"reading", "near", "swapped"}),
    "birth": frozenset({"same", "near"}),
    "email": frozenset({"same", "near"}),
    "address": frozenset({"house", "town"}),
    "city": frozenset({"same", "near"}),
}


def verdict(levels: Levels, script: Script, policy: Policy = "members") -> Verdict:
    """The most that may be made of a pair with these levels; its probability decides whether it is.

    ``auto`` needs two independent fields that agree (name, birth date, phone, mail, house) with the given name or
    the birth date among them, and no conflict. ``never``: not even worth a person's time.
    """
    if policy == "register":
        agree = {field for field, good in _REGISTER.items() if levels.get(field) in good}
        return "auto" if len(agree) > 1 and agree != {"given", "family"} else "review" if agree else "never"
    given, family, birth = levels.get("given"), levels.get("family"), levels.get("birth")
    same_name = given in _SAME_NAME[script]
    if given == "different":
        return _other_given_name(levels)
    if levels.get("sex") == "different" or birth == "different":
        # A whole name and a contact that agree, against one field that does not: somebody may know better.
        return "review" if same_name and _contacts(levels) else "never"
    agreeing = agreements(levels, script)
    if given in _HALF_NAME[script]:
        # まな and かな of one house and day are twins as easily as one person with a slip of the pen.
        return "review" if agreeing else "never"
    # Each of these wants one more field that agrees: a changed family name, other kanji, a mistyped date.
    doubts = family == "different", given == "homophone", birth == "partly"
    if len(agreeing) >= 2 + sum(doubts) and agreeing & {"name", "birth"}:
        return "auto"
    return "review" if agreeing else "never"


def agreements(levels: Levels, script: Script) -> frozenset[str]:
    """The independent fields that agree: of name, birth, phone, email and address."""
    found = {field for field in ("phone", "email", "birth") if levels.get(field) == "same"}
    if levels.get("given") in _SAME_NAME[script]:
        found.add("name")
        if levels.get("family") in _SAME_FAMILY:
            # With a whole name that agrees, one wrong letter in a contact or date still is that contact or date.
            found |= {field for field in ("phone", "email", "birth") if levels.get(field) == "near"}
    if levels.get("address") == "house":
        found.add("address")
    return frozenset(found)


def _contacts(levels: Levels) -> bool:
    return "same" in (levels.get("phone"), levels.get("email"))


def _other_given_name(levels: Levels) -> Verdict:
    """Another given name: a relative, unless birth date or both contacts say otherwise and the family name does not.

    The same family name with the same birth date are twins; nobody is asked about them.
    """
    if levels.get("family") is not None and levels.get("family") != "different":
        return "never"
    personal = levels.get("birth") == "same" or levels.get("phone") == levels.get("email") == "same"
    return "review" if personal and _contacts(levels) else "never"


def apart(one: Prepared, other: Prepared, policy: Policy = "members") -> bool:
    """Whether two records cannot be one person, so that no chain over others may put them together."""
    if one.sex and other.sex and one.sex != other.sex:
        return True
    if policy == "register":
        return _nothing_alike(one, other)
    if one.birth and other.birth and _edits(one.birth, other.birth) > 2:
        return True
    return _other_name(one, other)


def _other_name(one: Prepared, other: Prepared) -> bool:
    """Given names that cannot be two ways of writing one."""
    if (one.given and one.given == other.given) or (one.whole and one.whole == other.whole):
        return False
    if one.given_folded and other.given_folded:
        shorter, longer = sorted((one.given_folded, other.given_folded), key=len)
        alike = longer.startswith(shorter) or collapsed(shorter) == collapsed(longer)
        return not alike and _edits(shorter, longer) > 1
    for reader, written in ((one, other), (other, one)):
        if reader.given_reading and written.maybe and f" {reader.given_reading} " in written.maybe:
            return False
    return bool(one.given and other.given)


def _nothing_alike(one: Prepared, other: Prepared) -> bool:
    fields = ("given_reading", "family_reading", "birth", "email")
    known = [(getattr(one, field), getattr(other, field)) for field in fields]
    known = [(left, right) for left, right in known if left and right]
    swapped = one.given_reading is not None and one.given_reading == other.family_reading
    return len(known) > 2 and not swapped and all(_edits(left, right) > 2 for left, right in known)


def _edits(one: str, other: str) -> int:
    """Letters to change, add or drop to make one text of the other."""
    if one == other:
        return 0
    before = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        now = [row]
        for column, mark in enumerate(other, 1):
            now.append(min(before[column] + 1, now[-1] + 1, before[column - 1] + (letter != mark)))
        before = now
    return before[-1]
