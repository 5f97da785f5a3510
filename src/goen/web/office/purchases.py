"""Purchases of every channel: the latest, one by its receipt number, and one with all that it did."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Response

from goen.actions.points.errors import UnknownPurchase
from goen.actions.points.progress import NONE, Progress
from goen.actions.points.record_purchase import receipt_key
from goen.earning import words
from goen.earning.decision import Award
from goen.purchases.model import Purchase
from goen.readings import purchases as readings
from goen.readings import recent
from goen.web.common.visits import Visit, moved
from goen.web.office.frame import shown

PAGE = 30


class Effects(msgspec.Struct, frozen=True):
    """What of a decision the page tells."""

    awards: tuple[Award, ...] = ()
    used: int = 0
    earned: int = 0


async def purchases(visit: Visit) -> Response[Any]:
    """The latest, of all one's shops or of one; a receipt number leads to its sale."""
    wanted, code = visit.query.get("receipt", "").strip()[:500], visit.query.get("shop", "")
    chosen = visit.known.shops.find(code) if code else None
    if chosen is not None:
        visit.guard_shop(chosen.shop_id)
    theirs = [chosen] if chosen is not None else visit.shops()
    async with visit.known.database.reading() as connection:
        if wanted:
            for shop in theirs:
                key = receipt_key(shop.shop_id, wanted)
                if (found := await readings.by_receipt(connection, key.key_hash, key.key_check)) is not None:
                    return moved(f"/office/purchases/{found.row.purchase_id}")
        within = [chosen.shop_id] if chosen is not None else visit.staff.shops
        sales, cursor = await recent.recent_sales(connection, within, PAGE, visit.query.get("cursor"))
    visit.saw({each.member.id for each in sales if each.member is not None})
    values: dict[str, Any] = {
        "sales": sales, "next_cursor": cursor, "receipt": wanted, "shop": code, "shops": visit.shops(),
    }  # fmt: skip
    if visit.fragment:
        return visit.page("office/purchases_list.html", **values)
    return shown(visit, "purchases.html", "purchases", **values)


async def purchase(visit: Visit) -> Response[Any]:
    """One purchase: lines, what it earned and used and why, what came back."""
    async with visit.known.database.reading() as connection:
        found = await readings.purchase(connection, visit.path["purchase_id"])
        if found is None:
            raise UnknownPurchase
        visit.guard_shop(found.row.shop_id)
        people = await recent.who(connection, [] if found.row.owner is None else [found.row.owner])
    visit.saw([each.id for each in people.values()])
    row = found.row
    progress = msgspec.json.decode(row.progress, type=Progress) if row.progress else NONE
    effects = msgspec.json.decode(row.decision, type=Effects)
    return shown(
        visit,
        "purchase.html",
        "purchases",
        row=row,
        document=progress.revision or msgspec.json.decode(row.document, type=Purchase),
        effects=effects,
        awards=[(a, words.award_text(a, visit.language, visit.known.context.currency)) for a in effects.awards],
        returns=found.returns,
        member=people.get(row.owner or 0),
    )
