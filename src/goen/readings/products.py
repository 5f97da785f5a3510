"""Which products are known, may they earn, and what do shops have of them?"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple, get_args

from goen.database.pool import Reading
from goen.database.queries import load
from goen.readings import pages

_queries = load(__package__, "products.sql")
Which = Literal["all", "no_points", "clearance"]
Order = Literal["sku", "name", "cheap", "dear", "changed"]
ORDERS: tuple[Order, ...] = get_args(Order)


class ProductRow(NamedTuple):
    """A product as known now. ``price`` (tax included) and ``cost`` are money; ``stock`` is pieces by shop number."""

    sku: str
    name: str
    price: int | None
    cost: int | None
    category: str | None
    tax_rate: int | None
    points: bool
    brand: str | None
    maker: str | None
    tags: Sequence[str]
    clearance: bool
    changed_at: datetime
    stock: Sequence[tuple[int, Decimal]]


async def products(
    connection: Reading,
    wanted: str,
    which: Which,
    shops: Iterable[int],
    limit: int,
    cursor: str | None,
    order: Order = "sku",
) -> tuple[list[ProductRow], str | None]:
    """Products that have ``wanted`` in their names or codes, and the cursor after them.

    Raises:
        InvalidRequest: a cursor that is none of ours.
    """
    key, after = pages.read(cursor, tuple[str, str]) if cursor else ("", "")
    plain = unicodedata.normalize("NFKC", wanted).strip()
    rows = await connection.fetch(_queries.products.sql, order, list(shops), key, after, plain, which, limit + 1)
    found = [ProductRow._make([*row[:12], list(zip(row[12], row[13], strict=True))]) for row in rows[:limit]]
    return found, pages.written((rows[limit - 1]["key"], found[-1].sku)) if len(rows) > limit else None


async def names(connection: Reading, skus: Iterable[str]) -> dict[str, str]:
    """What products are called, by SKU; those that are not known are left out."""
    wanted = sorted(set(skus))
    rows = await connection.fetch(_queries.names.sql, wanted) if wanted else []
    return {row["sku"]: row["name"] for row in rows}
