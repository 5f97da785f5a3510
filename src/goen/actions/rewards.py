"""Rewards put up and changed, codes put in, orders sent and handed out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from goen.actions.members import record
from goen.actions.points.rewards import anchor_of
from goen.database.pool import Database
from goen.earning.coupons.errors import UnknownCouponKind
from goen.earning.rewards.errors import RewardOrderState, UnknownReward, UnknownRewardOrder
from goen.earning.rewards.model import Reward, faults
from goen.purchases.ids import home_of
from goen.shops import coupons
from goen.shops import rewards as store
from goen.shops.model import Principal
from goen.shops.store import audit
from goen.vocabulary.refusal import InvalidRequest

_encode = msgspec.json.encode
#: Which status an order may come from.
_FROM = {"shipped": ("ordered",), "done": ("ordered", "shipped")}


async def put(database: Database, code: str, reward: Reward, by: str, now: datetime) -> None:
    """Keep a reward as it is to be had from now on; orders keep what they have cost.

    :raises InvalidRequest: it contradicts itself; UnknownCouponKind: there is none of its coupon's kind.
    """
    for field, message in faults(reward):
        raise InvalidRequest(field, message)
    async with database.transaction() as connection:
        if reward.coupon is not None and await coupons.kind(connection, reward.coupon) is None:
            raise UnknownCouponKind(reward.coupon)
        await store.put(connection, code, anchor_of(code), _encode(reward).decode(), by, now)
        details = {"reward": code, "points": reward.points, "stock": reward.stock}
        await audit(connection, at=now, author=by, action="reward.put", details=details)


async def add_codes(database: Database, code: str, values: Sequence[str], by: str, now: datetime) -> int:
    """Put in codes of a gift of others, each of which is given away once; gives how many were new.

    :raises UnknownReward: and InvalidRequest, where it is no reward of codes.
    """
    async with database.transaction() as connection:
        document = await store.lock(connection, code)  # The codes are numbered on, one request after the other.
        if document is None:
            raise UnknownReward(code)
        if msgspec.json.decode(document, type=Reward).delivery != "code":
            raise InvalidRequest("codes", "belong to a reward of delivery code")
        added = await store.add_codes(connection, code, values)
        await audit(connection, at=now, author=by, action="reward.codes", details={"reward": code, "codes": added})
    return added


async def found(database: Database, order_id: str) -> store.OrderRow:
    """An order by its id.

    :raises UnknownRewardOrder: there is none.
    """
    home = home_of("o", order_id)
    async with database.reading() as connection:
        row = None if home is None else await store.order(connection, home, order_id)
    if row is None:
        raise UnknownRewardOrder
    return row


async def move(
    database: Database, order_id: str, status: str, principal: Principal, now: datetime, tracking: str | None = None
) -> store.OrderRow:
    """Send an order (``shipped``), or hand it out (``done``): what is picked up in no shop of its own, in any. Asked
    again, nothing happens.

    :raises UnknownRewardOrder: there is none; RewardOrderState: it is past that; Forbidden: another shop's.
    """
    row = await found(database, order_id)
    if row.anywhere and status == "done":
        principal.guard_shop(principal.shop_id)  # Any shop's own key, and no key that only looks.
    elif row.shop_id is not None or principal.role != "server":
        principal.guard_shop(row.shop_id or 0)
    if row.status == status:
        return row
    if row.status not in _FROM[status] or (status == "shipped" and row.delivery != "ship"):
        raise RewardOrderState(row.status)
    async with database.transaction() as connection:
        if not await store.move(connection, row, status, now, tracking):
            raise RewardOrderState(row.status)
        await record.audit(connection, row.member_id, principal.integration, f"reward.{status}", now, order_id=order_id)
    return await found(database, order_id)
