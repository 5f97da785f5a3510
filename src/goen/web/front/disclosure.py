"""The disclosure: everything kept about a member, as one page to hand over, print or mail (rule 56).

It stands alone: no script, no style or picture from anywhere, so that it reads the same in ten years.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from goen.readings.entries import kind_text
from goen.readings.member_export import MemberExport
from goen.web.common.pages import Language, rendered

#: As many goods of one sale are named; how many more there were is said.
GOODS_MAX = 20


class _Line(msgspec.Struct):
    name: str | None = None
    sku: str | None = None
    quantity: float = 1


class _Document(msgspec.Struct):
    lines: list[_Line] = []


class Goods(NamedTuple):
    """What one sale was of: names with quantities, and how many lines more."""

    names: list[str]
    more: int


def disclosure(export: MemberExport, language: Language, zone: ZoneInfo, currency: str) -> bytes:
    """The page, in UTF-8. Times are those of the books' time zone."""

    def local(moment: datetime | None) -> str:
        return "" if moment is None else moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")

    def facts(raw: msgspec.Raw) -> list[tuple[str, str]]:
        values: Any = msgspec.json.decode(raw)
        return [(str(name), str(value)) for name, value in values.items()] if isinstance(values, dict) else []

    page = rendered(
        language,
        "disclosure.html",
        export=export,
        local=local,
        facts=facts,
        goods={each.id: _goods(each.document) for each in export.purchases},
        movement=lambda kind: kind_text(kind, language),
        currency=currency,
        zone=zone.key,
    )
    return page.encode()


def _goods(document: msgspec.Raw) -> Goods:
    lines = msgspec.json.decode(document, type=_Document).lines
    names = [
        f"{line.name or line.sku or '—'}" + (f" × {line.quantity:g}" if line.quantity != 1 else "")
        for line in lines[:GOODS_MAX]
    ]
    return Goods(names, max(len(lines) - GOODS_MAX, 0))
