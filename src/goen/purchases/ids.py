"""Public ids of purchases, returns and holds: a prefix, whose they are, and their number there.

``p_16j_5`` is the fifth of member 1234's own numbers. A guest sale stands under a number below zero made
from its receipt. Opaque to callers; inside, an id says in whose home the row lives.
"""

from __future__ import annotations

from goen.vocabulary import ids


def made(prefix: str, member_id: int, number: int) -> str:
    """``made("p", 1234, 5)`` -> ``p_16j_5``."""
    return f"{prefix}_{ids.encode(member_id)}_{ids.encode(number)}"


def home_of(prefix: str, text: str) -> int | None:
    """The member (or stand-in) under whom the row lives; None where the text is no id of this kind."""
    parts = text.split("_")
    if len(parts) != 3 or parts[0] != prefix or ids.decode(parts[2]) is None:
        return None
    return ids.decode(parts[1])
