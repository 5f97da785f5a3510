"""Purchases of every channel: the latest, one by its receipt number, and one with all that it did."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import msgspec
from litestar import Response

from goen.actions.points.errors import UnknownPurchase
from goen.actions.points.progress import NONE, Progress
from goen.actions.points.record_purchase import receipt_key
from goen.database.pool import Reading
from goen.earning import words
from goen.earning.decision import Award
from goen.members.ids import member_id_of
from goen.purchases.model import Purchase
from goen.readings import purchases as readings
from goen.readings import recent
from goen.readings.family import family
from goen.web.common.pages import words_of
from goen.web.common.visits import Visit, moved
from goen.web.office import exports
from goen.web.office.frame import shown
from goen.web.office.members import named

PAGE = 30
STATES = ("completed", "placed")


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
    state, whose = visit.query.get("state", ""), visit.query.get("whose", "")
    oldest = visit.query.get("order") == "oldest"
    asked = visit.query.get("member", "").strip()[:200] if visit.staff.may("members") else ""
    member = await _member(visit, asked) if asked else None

    async def page(cursor: str | None, limit: int = exports.PIECE) -> tuple[Sequence[recent.RecentSale], str | None]:
        async with visit.known.database.reading() as connection:
            if asked:
                found, following = await _of_member(connection, member, within, limit, cursor)
            else:
                found, following = await recent.recent_sales(connection, within, limit, cursor, oldest=oldest)
        return [each for each in found if _wanted(each, state, whose)], following

    if (file := await exports.taken(visit, "purchases", page, _cells(visit), whose=_id)) is not None:
        return file
    sales, cursor = await page(visit.query.get("cursor"), PAGE)
    visit.saw({each.member.id for each in sales if each.member is not None})
    values: dict[str, Any] = {
        "sales": sales, "next_cursor": cursor, "receipt": wanted, "shop": code, "shops": visit.shops(),
        "state": state, "whose": whose, "order": "oldest" if oldest else "newest", "member": asked,
    }  # fmt: skip
    if visit.fragment:
        return visit.page("office/purchases_list.html", **values)
    return shown(visit, "purchases.html", "purchases", **values)


async def _member(visit: Visit, asked: str) -> int | None:
    """The one member whom a number, phone or mail names."""
    async with visit.known.database.reading() as connection:
        found = await named(connection, asked)
    visit.saw([each.id for each in found])
    return member_id_of(found[0].id) if len(found) == 1 else None


async def _of_member(
    connection: Reading, member: int | None, shops: Collection[int], limit: int, cursor: str | None
) -> tuple[Sequence[recent.RecentSale], str | None]:
    """Sales of one member however old, newest first, of one's shops."""
    if member is None:
        return (), None
    found, following = await readings.of_member(
        connection, await family(connection, member), readings.Span(), limit, cursor
    )
    people = await recent.who(connection, [each.row.owner for each in found if each.row.owner is not None])
    return [_sale(each.row, people) for each in found if not shops or each.row.shop_id in shops], following


def _sale(row: readings.PurchaseRow, people: Mapping[int, recent.Who]) -> recent.RecentSale:
    effects = msgspec.json.decode(row.decision, type=Effects)
    pending = effects.earned if row.status == "placed" or row.confirms_on is not None else 0
    return recent.RecentSale(
        row.purchase_id, row.external_id, row.shop_id, row.occurred_at, row.status, row.total, effects.earned - pending,
        pending, effects.used, people.get(row.owner or 0),
    )  # fmt: skip


def _wanted(sale: recent.RecentSale, state: str, whose: str) -> bool:
    return (state not in STATES or sale.status == state) and (
        whose not in ("member", "guest") or (sale.member is None) == (whose == "guest")
    )


def _id(sale: recent.RecentSale) -> str | None:
    return None if sale.member is None else sale.member.id


def _cells(visit: Visit) -> Callable[[recent.RecentSale], Sequence[exports.Cell]]:
    say = words_of(visit.language, "office/export_words.html")
    zone, names = visit.known.context.zone, {each.shop_id: each.name for each in visit.known.shops.all()}

    def cells(sale: recent.RecentSale) -> Sequence[exports.Cell]:
        member, may = sale.member, visit.staff.may("members")
        return (
            sale.occurred_at.astimezone(zone), names.get(sale.shop_id), sale.external_id, say.states[sale.status],
            None if member is None else member.number, member.name if member is not None and may else None,
            sale.total, sale.used, sale.earned, sale.pending,
        )  # fmt: skip

    return cells


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
