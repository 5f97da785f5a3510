"""What is known of a product, and how much of it a shop has?"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from goen.database.pool import Reading
from goen.shops import store
from goen.shops.errors import UnknownProduct
from goen.shops.model import KeyRecord, Product


async def product(connection: Reading, sku: str) -> Product:
    """One product.

    Raises:
        UnknownProduct: nobody has told us of it.
    """
    found = await store.product(connection, sku)
    if found is None:
        raise UnknownProduct(sku)
    return found


async def stock(connection: Reading, shop_id: int, sku: str) -> tuple[Decimal, datetime]:
    """How much a shop has of a product, and when that was counted.

    Raises:
        UnknownProduct: never counted there.
    """
    found = await store.stock(connection, shop_id, sku)
    if found is None:
        raise UnknownProduct(sku)
    return found


async def keys(connection: Reading) -> list[KeyRecord]:
    """Every API key ever made, living ones first, newest first."""
    return await store.all_keys(connection)
