"""What the shops room can refuse."""

from __future__ import annotations

from goen.vocabulary.refusal import Refusal


class UnknownShop(Refusal):
    """There is no shop of this code."""

    code = "unknown_shop"

    def __init__(self, shop: str) -> None:
        super().__init__(f"There is no shop {shop!r}.", shop=shop)


class UnknownProduct(Refusal):
    """There is no product of this SKU."""

    code = "unknown_product"

    def __init__(self, sku: str) -> None:
        super().__init__(f"There is no product {sku!r}.", sku=sku)


class UnknownKey(Refusal):
    """There is no living API key of this name or number."""

    code = "unknown_key"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no key {name!r} that could be revoked. `goen keys list` shows them.")
