"""A sheet of member cards as PDF, set by Typst."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import NamedTuple

import typst

from goen.channels.cards.fonts import japanese_font
from goen.identity.codes import CodeKind, svg, symbol
from goen.vocabulary.jan import is_valid
from goen.vocabulary.refusal import InvalidRequest

#: One file; some 100 pages.
CARDS_MAX = 1_000
#: What fits beside nothing else on the card, quiet zones included.
BARS_MM_MAX = 79.0
TITLE_LENGTH_MAX = 40


class Card(NamedTuple):
    """What one card shows: the number that scanners read, and the member's name where it is known."""

    number: str
    name: str | None = None


def sheet(cards: Sequence[Card], *, title: str, code: CodeKind = "jan", qr: bool = True) -> bytes:
    """Cards of 85.6 × 54 mm, ten to a page of A4, with cut marks, as a PDF.

    Each has the ``title``, the name, the number in words and as bars of kind ``code``, and, with ``qr``, a QR code of
    the same number. The same cards give the same bytes.

    Raises:
        InvalidRequest: no cards or too many, a number that cannot be drawn so, or is too long for a card.
        FontMissing: there is no Japanese font on this machine.
    """
    if not 0 < len(cards) <= CARDS_MAX:
        raise InvalidRequest("cards", f"1 to {CARDS_MAX} cards to a file")
    if code == "qr":
        raise InvalidRequest("code", "is one of jan, code128, nw7; the QR code comes beside it")
    if len(title) > TITLE_LENGTH_MAX:
        raise InvalidRequest("title", f"{TITLE_LENGTH_MAX} characters at most")
    drawn = [_drawn(card, code, qr) for card in cards]
    inputs = {"font": japanese_font(), "title": title, "cards": json.dumps(drawn, ensure_ascii=False)}
    template = files(__package__).joinpath("sheet.typ").read_bytes()
    pdf = typst.compile(template, format="pdf", sys_inputs=inputs)
    assert isinstance(pdf, bytes), "one document"
    return pdf


def _drawn(card: Card, code: CodeKind, qr: bool) -> dict[str, object]:
    bars = symbol(code, card.number)
    if bars.width_mm > BARS_MM_MAX:
        raise InvalidRequest("number", f"{card.number} is too long for the bars of a card as {code}")
    return {
        "name": card.name,
        "number": grouped(card.number),
        "bars": svg(bars, height_mm=13, text=False),
        "bars_mm": bars.width_mm,
        "code": svg(symbol("qr", card.number)) if qr else None,
    }


def grouped(number: str) -> str:
    """A member number as people read it aloud: 2 9000 0001 2349; others as they are."""
    if not is_valid(number):
        return number
    return " ".join((number[0], number[1:5], number[5:9], number[9:]))
