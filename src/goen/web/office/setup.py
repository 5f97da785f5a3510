"""Set-up: shops and their terminals, keys, staff; and the design's own page."""

from __future__ import annotations

from typing import Any

from litestar import Response

from goen.actions.terminals import make_terminal_code
from goen.readings import shops as readings
from goen.readings.staff import everybody
from goen.shops.errors import UnknownShop
from goen.web.common.visits import Visit
from goen.web.office.frame import shown


async def shops(visit: Visit) -> Response[Any]:
    """Shops of one's own, the terminals that stand in them, and a code for one more."""
    theirs = visit.shops()
    async with visit.known.database.reading() as connection:
        keys = await readings.keys(connection)
    terminals: dict[str, list[Any]] = {}
    for key in keys:
        if key.integration.startswith("terminal:") and key.revoked_at is None and key.shop is not None:
            terminals.setdefault(key.shop, []).append(key)
    return shown(
        visit, "shops.html", "shops", shops=theirs, terminals=terminals, may_enrol=visit.staff.may("terminals")
    )


async def make_code(visit: Visit) -> Response[Any]:
    """A code that turns a device into a terminal."""
    shop = visit.known.shops.find(visit.form.get("shop", ""))
    if shop is None:
        raise UnknownShop(visit.form.get("shop", ""))
    visit.guard_shop(shop.shop_id)
    device = visit.form.get("device", "")
    code = await make_terminal_code(visit.known.database, shop.code, device, author=visit.staff.author, now=visit.now)
    return visit.page("office/terminal_code.html", code=code, shop=shop, device=device)


async def keys(visit: Visit) -> Response[Any]:
    """Every key ever made; none of them can be shown again."""
    async with visit.known.database.reading() as connection:
        return shown(visit, "keys.html", "keys", keys=await readings.keys(connection))


async def staff(visit: Visit) -> Response[Any]:
    """Who works here."""
    async with visit.known.database.reading() as connection:
        return shown(visit, "staff.html", "staff", people=await everybody(connection))


async def design(visit: Visit) -> Response[Any]:
    """The design's tokens and pieces, in both lights."""
    return shown(visit, "design.html", "")
