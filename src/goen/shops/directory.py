"""The shops in memory, for the many questions a second that name one."""

from __future__ import annotations

from collections.abc import Iterable

from goen.database.pool import Reading
from goen.shops import store
from goen.shops.errors import UnknownShop
from goen.shops.model import Shop


class ShopDirectory:
    """All shops by code and by number. Read again on change and every second (see main)."""

    def __init__(self, shops: Iterable[Shop] = ()) -> None:
        self._by_code: dict[str, Shop] = {}
        self._by_id: dict[int, Shop] = {}
        self.replace(shops)

    def replace(self, shops: Iterable[Shop]) -> None:
        """Know these shops and no others."""
        self._by_code = {shop.code: shop for shop in shops}
        self._by_id = {shop.shop_id: shop for shop in self._by_code.values()}

    async def refresh(self, connection: Reading) -> None:
        """Read all shops again."""
        self.replace(await store.shops(connection))

    def by_code(self, code: str) -> Shop:
        """The shop of this code.

        Raises:
            UnknownShop: there is none.
        """
        shop = self._by_code.get(code)
        if shop is None:
            raise UnknownShop(code)
        return shop

    def find(self, code: str) -> Shop | None:
        """The shop of this code, or None."""
        return self._by_code.get(code)

    def by_id(self, shop_id: int) -> Shop:
        """The shop of this number, which came from our own tables; KeyError is our own mistake."""
        return self._by_id[shop_id]

    def code_of(self, shop_id: int | None) -> str | None:
        """The code for an answer; None for None."""
        return None if shop_id is None else self._by_id[shop_id].code

    def all(self) -> tuple[Shop, ...]:
        """Every shop, by code."""
        return tuple(shop for _, shop in sorted(self._by_code.items()))
