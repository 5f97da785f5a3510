"""Points: the whole history, what expires when, and a receipt claimed afterwards."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Response

from goen.actions.members.codes import count_guess
from goen.actions.points.claims import ClaimPurchase
from goen.actions.points.errors import ClaimNotPossible, UnknownPurchase
from goen.actions.points.record_purchase import receipt_key
from goen.identity.presented import presented
from goen.members.errors import TooManyCodes
from goen.members.ids import member_id_of
from goen.readings import lots, purchases
from goen.readings.family import survivor
from goen.shops.model import Shop
from goen.vocabulary.refusal import InvalidRequest, Refusal
from goen.web.common.visits import moved, status_of
from goen.web.member.card import PAGE, history
from goen.web.member.visit import SELF, MemberVisit

LOTS = 100


class _Points(msgspec.Struct):
    earned: int
    pending: int


class _Claimed(msgspec.Struct):
    """Of the answer to a claim: what it gave."""

    points: _Points


async def points(visit: MemberVisit, error: Refusal | None = None) -> Response[Any]:
    """Everything about the points."""
    known = visit.known
    balance = await known.balances.of(visit.member_id)
    async with known.database.reading() as connection:
        opened = await lots.lots(connection, await survivor(connection, visit.member_id), LOTS, None)
    status = 200
    if error is not None:
        status = 429 if isinstance(error, TooManyCodes) else status_of(error)
    form = {name: visit.form.get(name, "")[:100] for name in ("shop", "receipt", "total")}
    return visit.page(
        "points.html", status=status, here="points", balance=balance, lots=_by_day(opened.items), error=error,
        shops=_stores(visit), form=form, done=visit.query.get("done", ""), at=visit.now,
        **await history(visit, PAGE, None),
    )  # fmt: skip


def _by_day(opened: Any) -> list[tuple[Any, int, bool]]:
    """What may be used through each day, soonest first: (last day or None, points, whether only for a while)."""
    days: dict[Any, tuple[int, bool]] = {}
    for each in opened:
        if each.kind != "debt":
            before, limited = days.get(each.expires_on, (0, False))
            days[each.expires_on] = (before + each.points, limited or each.kind == "limited")
    known = sorted(day for day in days if day is not None)
    return [(day, *days[day]) for day in (*known, *([None] if None in days else []))]


def _stores(visit: MemberVisit) -> list[Shop]:
    return [each for each in visit.known.shops.all() if each.kind == "store"]


async def older(visit: MemberVisit) -> Response[Any]:
    """More of the history, after a cursor."""
    told = await history(visit, PAGE, visit.query.get("cursor"))
    if visit.fragment:
        return visit.page("history.html", **told)
    return visit.page("older.html", here="points", **told)


async def claim(visit: MemberVisit) -> Response[Any]:
    """Attach a receipt that was not given a card: its number and total are the proof (rule 39)."""
    try:
        earned = await _claimed(visit)
    except (ClaimNotPossible, UnknownPurchase, InvalidRequest, TooManyCodes) as refusal:
        return await points(visit, refusal)
    return moved(f"/me/points?done={'claimed' if earned else 'claimed_none'}")


async def _claimed(visit: MemberVisit) -> int:
    known, form, now = visit.known, visit.form, visit.now
    shop = next((each for each in _stores(visit) if each.code == form.get("shop")), None)
    receipt = form.get("receipt", "").strip()[:500]
    digits = "".join(str(int(each)) for each in form.get("total", "") if each.isdecimal())[:12]
    if shop is None:
        raise InvalidRequest("shop", "is one of the list")
    if not receipt or not digits:
        raise InvalidRequest("receipt" if digits else "total", "is needed")
    await count_guess(known.database, visit.member_id, now)
    key = receipt_key(shop.shop_id, receipt)
    async with known.database.reading() as connection:
        found = await purchases.by_receipt(connection, key.key_hash, key.key_check)
    if found is None or found.row.total != int(digits):  # Which of the two is not told.
        raise UnknownPurchase
    who = presented("member_id", visit.public_id, member_id_of=member_id_of)
    purchase_id = found.row.purchase_id
    act = ClaimPurchase(purchase_id, who, f"claim:{visit.public_id}:{purchase_id}", SELF, known.context, now)
    answer = await known.till.post(act)
    told = msgspec.json.decode(answer.body, type=_Claimed).points
    return told.earned + told.pending
