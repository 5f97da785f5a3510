"""``goen normalise KIND``: a value per line in, its normal form (or an empty line) out."""

from __future__ import annotations

import re
from collections.abc import Callable

import click

from goen.identity import normalise as normal

#: Katakana with their marks, the long sound, the middle dot, and space within.
_KATAKANA = re.compile(r"[\u30a1-\u30fe\u31f0-\u31ff ]*[\u30a1-\u30fa\u31f0-\u31ff][\u30a1-\u30fe\u31f0-\u31ff ]*")


def _email(value: str) -> str | None:
    address = normal.email(value)
    return normal.match_key(address) if address else None


def _address(value: str) -> str | None:
    parts = normal.address(value)
    return parts.text if parts else None


def _birth_date(value: str) -> str | None:
    day = normal.birth_date(value)
    return day.isoformat() if day else None


def _kana(value: str) -> str | None:
    """Members may be called something no katakana is in; as a reading that is none."""
    form = normal.kana(value)
    return form if form and _KATAKANA.fullmatch(form) else None


FORMS: dict[str, Callable[[str], str | None]] = {
    "phone": normal.phone,
    "email": _email,
    "kana": _kana,
    "name": normal.name,
    "address": _address,
    "birth-date": _birth_date,
    "reading": normal.readings,
}


@click.command()
@click.argument("kind", type=click.Choice(list(FORMS)))
def normalise(kind: str) -> None:
    """Normalise values read from standard input, one per line, in UTF-8.

    phone: E.164. email: the match key (case, width, Gmail's dots and plus folded). kana: composed full-width
    katakana. name: variant kanji folded. address: prefecture filled in, numbers with hyphens. birth-date: as
    2025-04-01. reading: one key for わかこ, ワカコ and Wakako. What cannot be read gives an empty line.
    """
    form = FORMS[kind]
    # Only \n ends a line: a value may hold other characters that Python counts as line ends.
    source = click.open_file("-", encoding="utf-8", errors="replace")
    for line in source:
        click.echo(form(line.rstrip("\r\n")) or "")
