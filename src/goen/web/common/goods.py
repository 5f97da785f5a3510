"""What products are called that documents name by their SKU."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from goen.database.pool import Reading
from goen.readings.products import names


async def goods_names(connection: Reading, *documents: msgspec.Struct) -> dict[str, str]:
    """By SKU: of conditions, prices and gifts, wherever they stand in these campaigns, coupons or rewards."""
    return await names(connection, _skus(msgspec.to_builtins(documents)))


def _skus(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            if key == "skus" or (key == "prices" and isinstance(each, dict)):
                yield from each
            elif key == "sku" and isinstance(each, str):
                yield each
            else:
                yield from _skus(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _skus(each)
