"""Products and stock: the catalogue as shops have told it, what may earn, and how much there is."""

from __future__ import annotations

from typing import Any

from litestar import Response

from goen.readings import products as readings
from goen.web.common.visits import Visit
from goen.web.office.frame import shown

PAGE = 50


async def products(visit: Visit) -> Response[Any]:
    """By SKU, or those whose name or code has what is asked for; stock is that of one's own shops."""
    wanted, asked = visit.query.get("q", "").strip()[:200], visit.query.get("which", "")
    which: readings.Which = "no_points" if asked == "no_points" else "clearance" if asked == "clearance" else "all"
    shops = [each.shop_id for each in visit.shops()]
    async with visit.known.database.reading() as connection:
        rows, cursor = await readings.products(connection, wanted, which, shops, PAGE, visit.query.get("cursor"))
    values: dict[str, Any] = {"rows": rows, "q": wanted, "which": which, "next_cursor": cursor}
    if visit.fragment:
        return visit.page("office/products_list.html", **values)
    return shown(visit, "products.html", "products", **values)
