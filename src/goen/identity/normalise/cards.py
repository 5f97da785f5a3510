"""Card numbers as scanners and people give them, and accounts of web shops and LINE (rule 42)."""

from __future__ import annotations

import re

from goen.identity.normalise.plain import DASHES, plain

_SPACES_AND_HYPHENS = re.compile(rf"[\s{re.escape(DASHES)}]+")
# What frames a number in NW-7 and in CODE39; some scanners send it.
_FRAMED = re.compile(r"[A-Da-d](?P<nw7>[0-9$:/.+]+)[A-Da-d]|\*(?P<code39>[^*]+)\*")


def card(value: str) -> str | None:
    """A card or member number without blanks, hyphens and the start and stop letters of NW-7 and CODE39.

    A text and never a number: leading zeros stay. No check digit is asked for, as each retailer's old cards
    have a rule of their own or none; :mod:`goen.identity.codes` knows the one of JAN.
    """
    if value.isascii() and value.isdigit():
        return value
    text = _SPACES_AND_HYPHENS.sub("", plain(value))
    framed = _FRAMED.fullmatch(text)
    return (framed["nw7"] or framed["code39"] if framed else text) or None


def account(value: str) -> str | None:
    """An account of a web shop or LINE: as given, without surrounding blanks."""
    text = value.strip()
    return text if text and text.isprintable() else None
