"""Rewards over HTTP: the catalogue, orders for points, cancels, what is to be sent."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from goen.actions import rewards as actions
from goen.actions.points.rewards import (
    Address,
    CancelRewardOrder,
    OrderReward,
    RewardCancelAsk,
    RewardOrderAnswer,
    RewardOrderAsk,
)
from goen.api.call import Call, Reply
from goen.api.operations import SERVER, WRITERS, Operation
from goen.api.queries import PageQuery
from goen.api.v1.presenting import Named, member_path, proven
from goen.api.v1.purchases import MEMBER_REFUSALS, SPENDING_REFUSALS, posted
from goen.earning.coupons.codes import shown
from goen.earning.coupons.errors import UnknownCouponKind
from goen.earning.rewards.errors import RewardNotAvailable, RewardOrderState, UnknownReward, UnknownRewardOrder
from goen.earning.rewards.model import Reward, RewardCode
from goen.members.errors import MemberWithdrawn, UnknownMember
from goen.members.ids import member_id_of, public_id
from goen.readings import pages
from goen.readings.family import family
from goen.shops import rewards as store
from goen.shops.errors import UnknownShop
from goen.vocabulary.fields import Text

_reward = msgspec.json.Decoder(Reward).decode
_address = msgspec.json.Decoder(Address).decode


class RewardAnswer(Reward, frozen=True, kw_only=True):
    """A reward. ``left``: how many are still to be had, null where there is no end to them."""

    code: str
    left: int | None
    ordered: int
    changed_at: datetime


class RewardsAnswer(msgspec.Struct, frozen=True):
    """Rewards by code."""

    items: list[RewardAnswer]
    next_cursor: str | None


class OrdersQuery(PageQuery, frozen=True, forbid_unknown_fields=True):
    """Orders of a status, oldest first."""

    status: Literal["ordered", "shipped"] = "ordered"


class CodesRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Codes to be given away, in this order; those that are known already count once."""

    codes: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=500)], ...], Meta(min_length=1, max_length=10_000)
    ]


class CodesAnswer(msgspec.Struct, frozen=True):
    """How many of the codes were new."""

    added: int


class ShipRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sent, with the carrier's number."""

    tracking: Text | None = None


class HandOverRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Handed out, or arrived."""


class RewardOrder(msgspec.Struct, frozen=True):
    """An order of a reward as it is now. ``address`` is shown to keys that send things (``server``)."""

    id: str
    member_id: str
    reward: str
    name: str
    status: str
    points: int
    money: int
    delivery: str
    coupon: str | None
    gift_code: str | None
    tracking: str | None
    shop: str | None
    ordered_at: datetime
    changed_at: datetime
    address: Address | None = None


class RewardOrdersAnswer(msgspec.Struct, frozen=True):
    """Orders of rewards."""

    items: list[RewardOrder]
    next_cursor: str | None


async def _list(call: Call) -> RewardsAnswer:
    asked = call.decode_query(PageQuery)
    async with call.services.database.reading() as connection:
        rows = await store.rewards(connection, asked.cursor or "", asked.limit + 1)
    return RewardsAnswer(
        [_told(row) for row in rows[: asked.limit]], rows[asked.limit - 1].code if len(rows) > asked.limit else None
    )


async def _get(call: Call) -> RewardAnswer:
    return await _one(call, call.path["code"])


async def _put(call: Call) -> RewardAnswer:
    code, reward = call.variable("code", RewardCode), call.decode(Reward)
    await actions.put(call.services.database, code, reward, call.principal.integration, call.now)
    return await _one(call, code)


async def _codes(call: Call) -> CodesAnswer:
    ask = call.decode(CodesRequest)
    by = call.principal.integration
    return CodesAnswer(await actions.add_codes(call.services.database, call.path["code"], ask.codes, by, call.now))


async def _order(call: Call) -> Reply:
    ask, services = call.decode(RewardOrderAsk), call.services
    assert call.idempotency_key is not None
    shop = services.shops.by_code(ask.shop or call.principal.shop or "") if ask.shop or call.principal.shop else None
    if shop is not None:
        call.principal.guard_shop(shop.shop_id)
    who = member_path(call)
    act = OrderReward(
        ask, shop, who, call.idempotency_key, call.principal, services.context, call.now,
        proven=await proven(call, ask.proof, Named(who)),
    )  # fmt: skip
    return await posted(call, act)


async def _cancel(call: Call) -> Reply:
    ask = call.decode(RewardCancelAsk)
    assert call.idempotency_key is not None
    row = await actions.found(call.services.database, call.path["id"])
    act = CancelRewardOrder(
        row.order_id, row.member_id, row.pool_id, ask, call.idempotency_key, call.principal, call.services.context,
        call.now,
    )  # fmt: skip
    return await posted(call, act)


async def _ship(call: Call) -> RewardOrder:
    ask = call.decode(ShipRequest)
    return _shown(call, await actions.move(
        call.services.database, call.path["id"], "shipped", call.principal, call.now, ask.tracking
    ))  # fmt: skip


async def _hand_over(call: Call) -> RewardOrder:
    call.decode(HandOverRequest)
    return _shown(call, await actions.move(call.services.database, call.path["id"], "done", call.principal, call.now))


async def _orders(call: Call) -> RewardOrdersAnswer:
    asked = call.decode_query(OrdersQuery)
    async with call.services.database.reading() as connection:
        after = _place(asked.cursor)
        rows = await store.waiting(connection, asked.status, asked.limit + 1, after)
    return _page(call, rows, asked.limit)


async def _orders_of(call: Call) -> RewardOrdersAnswer:
    asked, member_id = call.decode_query(PageQuery), member_id_of(call.path["id"])
    if member_id is None:
        raise UnknownMember
    async with call.services.database.reading() as connection:
        whole = await family(connection, member_id)
        before = _place(asked.cursor)
        rows = await store.orders_of(connection, whole.members, asked.limit + 1, before)
    return _page(call, rows, asked.limit)


def _page(call: Call, rows: list[store.OrderRow], limit: int) -> RewardOrdersAnswer:
    last = rows[limit - 1] if len(rows) > limit else None
    cursor = None if last is None else pages.written((last.ordered_at, last.order_id))
    return RewardOrdersAnswer([_shown(call, row) for row in rows[:limit]], cursor)


def _place(cursor: str | None) -> tuple[datetime, str] | None:
    return None if cursor is None else pages.read(cursor, tuple[datetime, str])


async def _one(call: Call, code: str) -> RewardAnswer:
    async with call.services.database.reading() as connection:
        row = await store.reward(connection, code)
    if row is None:
        raise UnknownReward(code)
    return _told(row)


def _told(row: store.RewardRow) -> RewardAnswer:
    reward = _reward(row.document)
    stock = row.codes if reward.delivery == "code" else reward.stock
    left = None if stock is None else max(0, stock - row.ordered)
    fields = {name: getattr(reward, name) for name in Reward.__struct_fields__}
    return RewardAnswer(**fields, code=row.code, left=left, ordered=row.ordered, changed_at=row.changed_at)


def _shown(call: Call, row: store.OrderRow) -> RewardOrder:
    sends = call.principal.role == "server"
    return RewardOrder(
        row.order_id,
        public_id(row.member_id),
        row.reward,
        _reward(row.document).named(call.language),
        row.status,
        row.points,
        row.money,
        row.delivery,
        row.coupon and shown(row.coupon),
        row.gift_code,
        row.tracking,
        None if row.shop_id is None else call.services.shops.by_id(row.shop_id).code,
        row.ordered_at,
        row.changed_at,
        _address(row.address) if sends and row.address else None,
    )


def _operation(method: Any, path: str, summary: str, handler: Any, **more: Any) -> Operation:
    return Operation(method=method, path=path, summary=summary, handler=handler, tag="Rewards", **more)


OPERATIONS: tuple[Operation, ...] = (
    _operation("GET", "/v1/rewards", "Rewards, by code", _list, query=PageQuery, answer=RewardsAnswer),
    _operation(
        "GET", "/v1/rewards/{code}", "A reward", _get, answer=RewardAnswer, refusals=(UnknownReward,),
        absent=(UnknownReward,),
    ),
    _operation(
        "PUT", "/v1/rewards/{code}", "Put up or change a reward", _put, request=Reward, answer=RewardAnswer,
        roles=SERVER, refusals=(UnknownCouponKind,),
    ),
    _operation(
        "POST", "/v1/rewards/{code}/codes", "Put in codes that are given away", _codes, request=CodesRequest,
        answer=CodesAnswer, roles=SERVER, refusals=(UnknownReward,), absent=(UnknownReward,),
    ),
    _operation(
        "POST", "/v1/members/{id}/reward_orders", "Take a reward for points", _order, request=RewardOrderAsk,
        answer=RewardOrderAnswer, status=201, roles=WRITERS, key="idempotency",
        refusals=(UnknownReward, UnknownShop, RewardNotAvailable, *MEMBER_REFUSALS, *SPENDING_REFUSALS),
        absent=(UnknownMember,),
    ),
    _operation(
        "GET", "/v1/members/{id}/reward_orders", "A member's rewards, newest first", _orders_of, query=PageQuery,
        answer=RewardOrdersAnswer, refusals=(UnknownMember,), absent=(UnknownMember,),
    ),
    _operation(
        "GET", "/v1/reward_orders", "What is to be sent or handed out, oldest first", _orders, query=OrdersQuery,
        answer=RewardOrdersAnswer, roles=frozenset({"server", "readonly"}),
    ),
    _operation(
        "POST", "/v1/reward_orders/{id}/cancel", "Take an order back", _cancel, request=RewardCancelAsk,
        answer=RewardOrderAnswer, roles=WRITERS, key="idempotency",
        refusals=(UnknownRewardOrder, RewardOrderState, MemberWithdrawn),
        absent=(UnknownRewardOrder,),
    ),
    _operation(
        "POST", "/v1/reward_orders/{id}/ship", "An order was sent", _ship, request=ShipRequest, answer=RewardOrder,
        roles=WRITERS, refusals=(UnknownRewardOrder, RewardOrderState), absent=(UnknownRewardOrder,),
    ),
    _operation(
        "POST", "/v1/reward_orders/{id}/hand_over", "An order was handed out or has arrived", _hand_over,
        request=HandOverRequest, answer=RewardOrder, roles=WRITERS, refusals=(UnknownRewardOrder, RewardOrderState),
        absent=(UnknownRewardOrder,),
    ),
)  # fmt: skip
