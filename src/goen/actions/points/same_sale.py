"""Whether a sale sent again is that of the first time, where one of the two writes out what the other leaves to us."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import msgspec
from msgspec import UNSET

from goen.actions.till.act import Stored, differing
from goen.purchases.model import Purchase


class _Warning(msgspec.Struct):
    code: str


class _Told(msgspec.Struct):
    """Of the first answer: what the sale came to."""

    total: int
    warnings: list[_Warning] = []


def differing_sale(earlier: Stored, asked: Purchase, day_of: Callable[[datetime], date]) -> list[str]:
    """Paths at which a stored sale differs from this one: the day of the sale, the total that was computed and no
    tenders are the same written out or not."""
    told = msgspec.json.decode(earlier.answer, type=_Told)
    # Of a sale whose till came to another total the answer tells the till's.
    computed = None if any(each.code == "total_differs" for each in told.warnings) else told.total

    def written_out(sale: Purchase) -> Purchase:
        return msgspec.structs.replace(
            sale,
            business_date=sale.business_date or day_of(sale.occurred_at),
            total=computed if sale.total is None else sale.total,
            tenders=() if sale.tenders is UNSET else sale.tenders,
        )

    return differing(earlier.request, asked, written_out)
