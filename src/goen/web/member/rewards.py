"""Rewards: what there is for points, what the member may have of it, orders and what became of them."""

from __future__ import annotations

import secrets
from typing import Any, NamedTuple

import msgspec
from litestar import Response

from goen.actions.points.errors import SpendingNotAllowed
from goen.actions.points.proof import UNSHOWN
from goen.actions.points.rewards import Address, CancelRewardOrder, OrderReward, RewardCancelAsk, RewardOrderAsk
from goen.earning.coupons.codes import shown
from goen.earning.programme import Programme
from goen.earning.rewards.errors import RewardNotAvailable, RewardOrderState, UnknownReward, UnknownRewardOrder
from goen.earning.rewards.model import Reward
from goen.earning.tiers.progress import name_of
from goen.identity.presented import presented
from goen.ledger.errors import NotEnoughPoints
from goen.members.ids import member_id_of
from goen.readings import coupons
from goen.readings.balance import BalanceView
from goen.readings.family import family
from goen.readings.member_profile import member_profile
from goen.shops import rewards as store
from goen.shops.model import Shop
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import InvalidRequest, Refusal
from goen.web.common.visits import moved, status_of
from goen.web.member.visit import SELF, MemberVisit

CATALOGUE = 500
ORDERS = 100
COUPONS = 200
_REFUSALS = (RewardNotAvailable, UnknownReward, NotEnoughPoints, SpendingNotAllowed, InvalidRequest)


class Offer(NamedTuple):
    """A reward as the member sees it. ``why``: what stands in the way (``sold_out``, ``not_yet``, ``not_this_tier``,
    ``member_limit``, ``points``), None: it may be had; ``missing`` points, ``tiers`` by name that it is for."""

    code: str
    reward: Reward
    left: int | None
    why: str | None
    missing: int
    tiers: tuple[str, ...]


class Order(NamedTuple):
    """An order of the member's; ``can_cancel`` while it may be taken back. ``coupon`` is written in groups."""

    row: store.OrderRow
    reward: Reward
    coupon: str | None
    address: Address | None
    can_cancel: bool


async def rewards(visit: MemberVisit, error: Refusal | None = None) -> Response[Any]:
    """The catalogue, and what was taken of it."""
    known = visit.known
    balance = await known.balances.of(visit.member_id)
    offers = await _offers(visit, balance)
    return visit.page(
        "rewards.html", status=200 if error is None else status_of(error), here="rewards", error=error, at=visit.now,
        balance=balance, offers=[each for each in offers if each.why != "over"], orders=await _orders(visit),
        done=visit.query.get("done", ""), shop_names={each.shop_id: each.name for each in visit.known.shops.all()},
    )  # fmt: skip


async def reward(visit: MemberVisit, error: Refusal | None = None) -> Response[Any]:
    """One reward, and the form that takes it, with what it costs before it is done."""
    balance = await visit.known.balances.of(visit.member_id)
    code = visit.path["code"]
    offer = next((each for each in await _offers(visit, balance) if each.code == code and each.why != "over"), None)
    if offer is None:
        raise UnknownReward(code)
    async with visit.known.database.reading() as connection:
        member = await member_profile(connection, visit.member_id)
    known = {"name": member.name, "postal_code": member.postal_code, "address": member.address}
    fields = {
        name: (visit.form.get(name) if error is not None else known.get(name)) or ""
        for name in ("name", "postal_code", "address", "phone", "shop")
    }
    return visit.page(
        "reward.html", status=200 if error is None else status_of(error), here="rewards", error=error, offer=offer,
        balance=balance, member=member, fields=fields, stores=_stores(visit),
        nonce=visit.form.get("nonce") or secrets.token_urlsafe(12),
    )  # fmt: skip


async def order(visit: MemberVisit) -> Response[Any]:
    """Take it: once, however often the form is sent."""
    known, code = visit.known, visit.path["code"]
    try:
        reward_asked = await _wanted(visit)
        shop, address = _shop(visit, reward_asked), _address(visit, reward_asked)
        ask = RewardOrderAsk(code, address, None if shop is None else shop.code)
        who = presented("member_id", visit.public_id, member_id_of=member_id_of)
        key = f"reward:{visit.public_id}:{visit.form.get('nonce', '')[:40]}"
        await known.till.post(OrderReward(ask, shop, who, key, SELF, known.context, visit.now, proven=UNSHOWN))
    except UnknownReward:
        raise
    except _REFUSALS as refusal:
        return await reward(visit, refusal)
    return moved("/me/rewards?done=ordered#orders")


async def _wanted(visit: MemberVisit) -> Reward:
    async with visit.known.database.reading() as connection:
        row = await store.reward(connection, visit.path["code"])
    if row is None:
        raise UnknownReward(visit.path["code"])
    return _reward(row.document)


def _stores(visit: MemberVisit) -> list[Shop]:
    """Where a reward may be picked up."""
    return [each for each in visit.known.shops.all() if each.kind == "store" and each.closed_at is None]


def _shop(visit: MemberVisit, wanted: Reward) -> Shop | None:
    """Where it is picked up, for what is; None where there is no store."""
    stores = _stores(visit) if wanted.delivery == "pickup" else []
    chosen = next((each for each in stores if each.code == visit.form.get("shop")), None)
    if stores and chosen is None:
        raise InvalidRequest("pickup", "is needed")
    return chosen


def _address(visit: MemberVisit, wanted: Reward) -> Address | None:
    """Where to send it, for what is sent."""
    if wanted.delivery != "ship":
        return None
    name, postal_code, address, phone = (
        visit.form.get(each, "").strip()[:500] for each in ("name", "postal_code", "address", "phone")
    )
    if not name or not postal_code or not address:
        raise InvalidRequest("address", "is needed")
    return Address(name, postal_code, address, phone or None)


async def cancel(visit: MemberVisit) -> Response[Any]:
    """Take an order back; the points come again with their dates."""
    wanted = visit.path["order_id"]
    row = next((each for each in await _rows(visit) if each.order_id == wanted), None)
    if row is None:
        raise UnknownRewardOrder
    act = CancelRewardOrder(
        row.order_id, row.member_id, row.pool_id, RewardCancelAsk(), f"reward-cancel:{row.order_id}", SELF,
        visit.known.context, visit.now,
    )  # fmt: skip
    try:
        await visit.known.till.post(act)
    except RewardOrderState as refusal:
        return await rewards(visit, refusal)
    return moved("/me/rewards?done=cancelled#orders")


async def _offers(visit: MemberVisit, balance: BalanceView) -> list[Offer]:
    known, now = visit.known, visit.now
    programme = known.programmes.at(now).programme
    async with known.database.reading() as connection:
        rows = await store.rewards(connection, "", CATALOGUE)
        taken = await store.taken(connection, (await family(connection, visit.member_id)).members)
    tiers = {balance.tier.code, *(each.code for each in balance.tier.programmes or ())}
    found = [_offer(row, taken.get(row.code, 0), tiers, balance.available, programme, now) for row in rows]
    return sorted(found, key=lambda each: (each.why not in (None, "points"), each.reward.points, each.code))


def _offer(
    row: store.RewardRow, taken: int, tiers: set[str | None], available: int, programme: Programme, now: Instant
) -> Offer:
    """What stands in the way, in the order in which the act itself looks; that one decides."""
    reward = _reward(row.document)
    stock = row.codes if reward.delivery == "code" else reward.stock
    left = None if stock is None else max(0, stock - row.ordered)
    why, missing = None, max(0, reward.points - available)
    if reward.ends_at is not None and now >= reward.ends_at:
        why = "over"
    elif reward.starts_at is not None and now < reward.starts_at:
        why = "not_yet"
    elif reward.tiers and not tiers & set(reward.tiers):
        why = "not_this_tier"
    elif reward.per_member is not None and taken >= reward.per_member:
        why = "member_limit"
    elif left == 0:
        why = "sold_out"
    elif missing:
        why = "points"
    return Offer(row.code, reward, left, why, missing, tuple(name_of(programme, each) or each for each in reward.tiers))


async def _rows(visit: MemberVisit) -> list[store.OrderRow]:
    async with visit.known.database.reading() as connection:
        return await store.orders_of(connection, (await family(connection, visit.member_id)).members, ORDERS, None)


async def _orders(visit: MemberVisit) -> list[Order]:
    rows = await _rows(visit)
    used: set[str] = set()
    if any(each.coupon for each in rows):
        async with visit.known.database.reading() as connection:
            one = await family(connection, visit.member_id)
            mine, _ = await coupons.of_member(connection, one, visit.now, COUPONS, None)
        used = {each.code for each in mine if each.state == "used"}
    return [
        Order(
            row, _reward(row.document), row.coupon and shown(row.coupon),
            None if row.address is None else msgspec.json.decode(row.address, type=Address),
            row.status == "ordered" or (row.status == "done" and row.coupon is not None and row.coupon not in used),
        )
        for row in rows
    ]  # fmt: skip


def _reward(document: str) -> Reward:
    return msgspec.json.decode(document, type=Reward)
