"""Products and stock: the catalogue as shops have told it, what may earn, and how much there is."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from litestar import Response

from goen.readings import products as readings
from goen.web.common.visits import Visit
from goen.web.office import exports
from goen.web.office.frame import shown

PAGE = 50


async def products(visit: Visit) -> Response[Any]:
    """By SKU, or those whose name or code has what is asked for; stock is that of one's own shops."""
    wanted, asked = visit.query.get("q", "").strip()[:200], visit.query.get("which", "")
    which: readings.Which = "no_points" if asked == "no_points" else "clearance" if asked == "clearance" else "all"
    shops = [each.shop_id for each in visit.shops()]
    order: readings.Order = next((each for each in readings.ORDERS if each == visit.query.get("order")), "sku")

    async def page(cursor: str | None, limit: int = exports.PIECE) -> tuple[Any, str | None]:
        async with visit.known.database.reading() as connection:
            return await readings.products(connection, wanted, which, shops, limit, cursor, order)

    def cells(each: readings.ProductRow) -> Sequence[exports.Cell]:
        # What headquarters pays is for headquarters.
        cost = None if visit.staff.shops else each.cost
        stock = sum((quantity for _, quantity in each.stock), Decimal(0)) if each.stock else None
        return (
            each.sku, each.name, each.category, each.brand, each.maker, " ".join(each.tags), each.price, cost,
            each.tax_rate, each.points, each.clearance, stock, each.changed_at.astimezone(visit.known.context.zone),
        )  # fmt: skip

    if (file := await exports.taken(visit, "products", page, cells)) is not None:
        return file
    rows, cursor = await page(visit.query.get("cursor"), PAGE)
    values: dict[str, Any] = {"rows": rows, "q": wanted, "which": which, "order": order, "next_cursor": cursor}
    if visit.fragment:
        return visit.page("office/products_list.html", **values)
    return shown(visit, "products.html", "products", **values)
