"""Normal forms: one spelling for each phone, mail, card, name, reading, address and birth date (rules 42, 44, 61).

A list from a till, a web shop and a messenger write one person in three ways. What is compared is the normal form; what
is shown, printed and sent is the text as it came, which is always kept beside it. Every function takes any text and
never raises; what cannot be of the kind gives None. Values in, values out: no table, no clock.
"""

from __future__ import annotations

from collections.abc import Callable

from goen.identity.normalise.addresses import Address, address
from goen.identity.normalise.cards import account, card
from goen.identity.normalise.dates import birth_date
from goen.identity.normalise.katakana import kana, large_kana
from goen.identity.normalise.mails import email, match_key
from goen.identity.normalise.names import name, searchable
from goen.identity.normalise.phones import phone
from goen.identity.normalise.plain import DASHES
from goen.identity.normalise.romaji import readings

__all__ = [
    "DASHES", "LENGTH_MAX", "Address", "account", "address", "birth_date", "card", "email", "kana", "large_kana",
    "match_key", "name", "normalise", "phone", "readings", "searchable",
]  # fmt: skip

#: NFKC may make a text eighteen times as long; the registry's index takes this much.
LENGTH_MAX = 500

_FORMS: dict[str, Callable[[str], str | None]] = {
    "card": card,
    "phone": phone,
    "email": email,
    "line": account,
    "ec": account,
}


def normalise(kind: str, value: str) -> str | None:
    """The normal form of an identifier's value; None where it cannot be one of this kind.

    ``kind`` is card, phone, email, line or ec. Never raises for a text.
    """
    normal = _FORMS[kind](value)
    return normal if normal is not None and len(normal) <= LENGTH_MAX else None
