"""Points become rewards, and a cancelled order gives them back as they were.

Stock, what one person gets, and codes of others are limit accounts, drawn in the commit of the order, so that none is
given twice. An order keeps the terms of the lots it drew; a cancel grants them again with their dates (rule 26).
"""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from goen.actions.points.answers import Balance, MemberBrief, balance, brief, encoded
from goen.actions.points.context import Context, grace_terms, slide
from goen.actions.points.issuing import hand_out
from goen.actions.points.keyed import KeyedAct, SpendingAct
from goen.actions.points.proof import Proven, give_back_noted, guard_spending, note_unproven
from goen.actions.points.record_purchase import tell_points
from goen.actions.points.tiers import Climbing
from goen.actions.till.act import Decided, Wants
from goen.actions.till.books import Books, Found, by_number
from goen.actions.till.desk import Desk, NextBatch
from goen.actions.till.posting import Stamp
from goen.database.pool import Reading
from goen.database.queries import load
from goen.earning.campaigns.limits import stand_in
from goen.earning.coupons.codes import code_hash, shown
from goen.earning.rewards.errors import RewardNotAvailable, RewardOrderState, UnknownReward, UnknownRewardOrder
from goen.earning.rewards.model import Reward
from goen.identity.presented import Presented
from goen.ledger.model import Terms
from goen.members.ids import public_id
from goen.purchases.ids import made
from goen.purchases.model import MemberRef, Proof
from goen.shops.model import Principal, Shop
from goen.vocabulary.fields import Text
from goen.vocabulary.refusal import InvalidRequest

EVER = "ever"
_NO_CEILING = 10**12
_SQL = load(__package__, "rewards.sql")
_COUPONS = load(__package__, "coupons.sql")
_reward = msgspec.json.Decoder(Reward).decode
_lots = msgspec.json.Decoder(list[tuple[int, Terms]]).decode


class Address(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where a reward is sent."""

    name: Text
    postal_code: Text
    address: Text
    phone: Text | None = None


class RewardOrderAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A reward for a member. ``address`` for what is shipped; ``shop``: where it was asked for, a shop's own key need
    not say; ``proof`` as for any spending through a till (rule 43)."""

    reward: Annotated[str, Meta(min_length=1, max_length=100)]
    address: Address | None = None
    shop: Text | None = None
    proof: Proof | None = None


class RewardOrderAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """Canonical request of an order. The address is personal and kept with the order alone; here stands a mark of
    it that only the same request has."""

    member: MemberRef
    reward: str
    shop: str | None = None
    address: str | None = None


class RewardCancelAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Everything back."""

    reason: Text | None = None


class RewardCancelAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """Canonical request of a cancel."""

    order: str
    reason: str | None = None


class RewardOrderAnswer(msgspec.Struct, frozen=True):
    """An order as posted. ``coupon`` and ``gift_code``: what was given at once. ``lost``: of a cancel, points whose day
    had come meanwhile."""

    id: str
    reward: str
    name: str
    status: str
    points: int
    money: int
    delivery: str
    coupon: str | None
    gift_code: str | None
    recorded_at: datetime
    member: MemberBrief
    balance: Balance
    lost: int = 0


class _Seen(NamedTuple):
    reward: Reward | None
    number: int | None = None
    value: str | None = None


def anchor_of(reward: str) -> int:
    """The stand-in under which a reward's stock and codes are counted."""
    return stand_in(f"reward:{reward}")


class OrderReward(SpendingAct):
    """``POST /v1/members/{id}/reward_orders``."""

    kind = "reward_order"
    looks = True

    def __init__(
        self,
        ask: RewardOrderAsk,
        shop: Shop | None,
        presented: Presented,
        idempotency_key: str,
        principal: Principal,
        context: Context,
        now: datetime,
        *,
        proven: Proven,
    ) -> None:
        super().__init__(presented, idempotency_key, principal, context, now, proven)
        self.ask = ask
        self.shop = shop
        self.anchor = anchor_of(ask.reward)
        self.stock, self.mine = f"reward_stock:{ask.reward}", f"reward:{ask.reward}"
        self.climbing = Climbing.at(context, now)
        self.wants = Wants(
            members=(presented,), limits=(*self.permit.limits(context.day_of(now)), (self.mine, EVER)), spends=True,
            shared=((self.anchor, self.stock, EVER),), tiers=self.climbing.wants if self.climbing else (),
        )  # fmt: skip
        self._mark = None
        if ask.address is not None:
            secret = blake2b(idempotency_key.encode(), digest_size=32).digest()
            self._mark = blake2b(msgspec.json.encode(ask.address), digest_size=8, key=secret).hexdigest()

    def asked(self, desk: Desk) -> RewardOrderAsked:
        shop = None if self.shop is None else self.shop.code
        return RewardOrderAsked(desk.named(self.presented), self.ask.reward, shop, self._mark)

    async def look(self, connection: Reading, books: Books) -> _Seen:
        document = await connection.fetchval(_SQL.reward.sql, self.ask.reward)
        if document is None:
            return _Seen(None)
        reward = _reward(document)
        if reward.delivery != "code":
            return _Seen(reward)
        row = await connection.fetchrow(_SQL.free_code.sql, self.ask.reward)
        return _Seen(reward) if row is None else _Seen(reward, *row)

    def decide(self, desk: Desk) -> Decided:
        seen: _Seen = desk.seen(self.key)
        if (reward := seen.reward) is None:
            raise UnknownReward(self.ask.reward)
        where, member = desk.find(self.presented)
        programme = self.context.engine_at(desk.now).programme
        guard_spending(programme, member, where)
        others = self.climbing.others(desk, where.who) if self.climbing else ()
        self._guard(desk, reward, {member.tier, *others})
        self._take(desk, reward, seen, where)
        if reward.delivery == "ship" and self.ask.address is None:
            raise InvalidRequest("address", "is required for what is shipped")
        journal = desk.journal(where.member_id)
        unproven = self.permit.draw(desk, programme, where, reward.points)
        slide(self.context, programme, journal, "use", desk.today)
        draws = journal.redeem(reward.points)
        lots = msgspec.json.encode([(points, journal.terms_of(lot_id)) for lot_id, points in draws]).decode()
        order_id = made("o", where.presented_id, desk.act_id)
        note_unproven(desk, where.presented_id, order_id, unproven)
        coupon = self._coupon(desk, reward, where, order_id)
        status = "ordered" if reward.delivery in ("ship", "pickup") else "done"
        address = None if self.ask.address is None or reward.delivery != "ship" else self.ask.address
        shop_id = None if self.shop is None else self.shop.shop_id
        desk.write_more(
            _SQL.add_order.sql, where.presented_id, order_id, self.ask.reward, status, reward.points, reward.money,
            lots, reward.delivery, coupon, seen.number, address and msgspec.json.encode(address).decode(), desk.now,
            desk.act_id, shop_id, None if where.person is None else where.member_id,
        )  # fmt: skip
        booked = self.context.booked_on(desk.today, desk.today)
        desk.stamp(
            where.member_id,
            Stamp(
                desk.now, desk.today, booked, shop_id, where.identifier_id, where.presented_id, None,
                f"reward:{self.ask.reward}",
            ),
        )  # fmt: skip
        about = {"order_id": order_id, "member_id": public_id(where.member_id), "reward": self.ask.reward}
        desk.tell("reward.ordered", where.member_id, shop_id, {**about, "points": reward.points})
        tell_points(desk, where.member_id, self.shop, None, None, -reward.points)
        answer = RewardOrderAnswer(
            order_id, self.ask.reward, reward.named(programme.language), status, reward.points, reward.money,
            reward.delivery, coupon and shown(coupon), seen.value, desk.now, brief(member), balance(journal),
        )  # fmt: skip
        return Decided(201, encoded(answer), order_id, member_id=where.member_id)

    def _guard(self, desk: Desk, reward: Reward, tiers: set[str | None]) -> None:
        if reward.starts_at is not None and desk.now < reward.starts_at:
            raise RewardNotAvailable("not_yet", "This reward is not to be had yet.", starts_at=reward.starts_at)
        if reward.ends_at is not None and desk.now >= reward.ends_at:
            raise RewardNotAvailable("over", "This reward is not to be had any more.", ends_at=reward.ends_at)
        if reward.tiers and not tiers & set(reward.tiers):
            raise RewardNotAvailable("not_this_tier", "This reward is for other tiers.", tiers=reward.tiers)

    def _take(self, desk: Desk, reward: Reward, seen: _Seen, where: Found) -> None:
        """One piece less, one more for this person, and the code itself."""
        if reward.per_member is not None:
            drawn = desk.drawn(where.who, self.mine, EVER)
            if drawn >= reward.per_member:
                most = reward.per_member
                raise RewardNotAvailable("member_limit", f"A member gets {most} of these at most.", most=most)
            others = drawn - desk.drawn_alone(where.presented_id, self.mine, EVER)
            desk.draw_limit(where.presented_id, self.mine, EVER, 1, reward.per_member - others)
        else:
            desk.draw_limit(where.presented_id, self.mine, EVER, 1, _NO_CEILING)
        stock = _NO_CEILING if reward.stock is None else reward.stock
        if desk.drawn_alone(self.anchor, self.stock, EVER) >= stock or (reward.delivery == "code" and not seen.number):
            raise RewardNotAvailable("sold_out", "Nothing of this reward is left.")
        desk.draw_limit(self.anchor, self.stock, EVER, 1, stock)
        if seen.number is not None:
            account = (self.anchor, f"reward_code:{self.ask.reward}", str(seen.number))
            desk.needs_limits([account])
            if desk.drawn_alone(*account):
                raise NextBatch  # Another order of this very batch has it.
            desk.draw_limit(*account, 1, 1)

    def _coupon(self, desk: Desk, reward: Reward, where: Found, order_id: str) -> str | None:
        if reward.coupon is None:
            return None
        [kind] = desk.circumstances.coupon_kinds([reward.coupon])
        if kind is None:
            raise RewardNotAvailable("over", "The coupon of this reward is given out no more.")
        return hand_out(
            self.context, desk, kind, where.presented_id, where.member_id, None, {"order_id": order_id}
        )  # fmt: skip


class _Held(NamedTuple):
    """An order as it is now, and whether its coupon was used."""

    status: str
    points: int
    money: int
    lots: str
    reward: str
    document: str
    delivery: str
    coupon: str | None
    shop_id: int | None
    pool_id: int | None
    ordered_at: datetime
    used: bool = False


class CancelRewardOrder(KeyedAct):
    """``POST /v1/reward_orders/{id}/cancel``: points come back with their dates, stock and limits as before."""

    kind = "reward_cancel"
    looks = True

    def __init__(
        self,
        order_id: str,
        member_id: int,
        pool_id: int | None,
        ask: RewardCancelAsk,
        idempotency_key: str,
        principal: Principal,
        context: Context,
        now: datetime,
    ) -> None:
        """``member_id``: whose card the order was made with; ``pool_id``: the household whose points they were."""
        super().__init__(idempotency_key, principal, context, now)
        self.order_id = order_id
        self.member_id = member_id
        self.ask = ask
        self.holder = by_number(pool_id or member_id)
        self.wants = Wants(members=(self.holder, by_number(member_id)), all_lots=True)

    def asked(self, desk: Desk) -> RewardCancelAsked:
        return RewardCancelAsked(self.order_id, self.ask.reason)

    async def look(self, connection: Reading, books: Books) -> _Held | None:
        row: Any = await connection.fetchrow(_SQL.order_held.sql, self.member_id, self.order_id)
        if row is None:
            return None
        held = _Held(*row)
        if held.coupon is None:
            return held
        return held._replace(used=await connection.fetchval(_SQL.coupon_used.sql, code_hash(held.coupon), held.coupon))

    def decide(self, desk: Desk) -> Decided:
        held: _Held | None = desk.seen(self.key)
        if held is None:
            raise UnknownRewardOrder
        if held.shop_id is not None or self.principal.role != "server":
            self.principal.guard_shop(held.shop_id or 0)
        if held.status in ("cancelled", "shipped") or (held.status == "done" and held.coupon is None):
            raise RewardOrderState(held.status)
        if held.used:
            raise RewardOrderState("used")
        where, member = desk.find(self.holder)
        journal, programme = desk.journal(where.member_id), self.context.engine_at(desk.now).programme
        lost = 0
        for points, kept in _lots(held.lots):
            alive = kept.expires_on is None or kept.expires_on >= desk.today
            terms = kept if alive else grace_terms(programme, desk.today)
            if terms is None:
                lost += points
            else:
                journal.earn(points, terms, kind="return_used", source="redeemed")
        anchor = anchor_of(held.reward)
        for account in ((anchor, f"reward_stock:{held.reward}"), (self.member_id, f"reward:{held.reward}")):
            desk.draw_limit(*account, EVER, -1, _NO_CEILING)
        day = self.context.day_of(held.ordered_at)
        give_back_noted(desk, held.pool_id or self.member_id, self.member_id, self.order_id, day, held.points)
        if held.coupon is not None:
            desk.write_more(_SQL.take_coupon.sql, code_hash(held.coupon), held.coupon, desk.now, desk.act_id)
        desk.write_more(_SQL.cancel_order.sql, self.member_id, self.order_id, held.status, desk.now)
        booked = self.context.booked_on(desk.today, desk.today)
        desk.stamp(
            where.member_id,
            Stamp(
                desk.now, desk.today, booked, held.shop_id, None, self.member_id, None, f"reward:{held.reward}",
            ),
        )  # fmt: skip
        name = _reward(held.document).named(programme.language)
        about = {"order_id": self.order_id, "member_id": public_id(where.member_id), "reward": held.reward}
        desk.tell("reward.cancelled", where.member_id, held.shop_id, {**about, "points": held.points - lost})
        shop = None if held.shop_id is None else self.context.shops.by_id(held.shop_id)
        if held.points > lost:
            tell_points(desk, where.member_id, shop, None, None, held.points - lost)
        answer = RewardOrderAnswer(
            self.order_id, held.reward, name, "cancelled", held.points, held.money, held.delivery,
            held.coupon and shown(held.coupon), None, desk.now, brief(member), balance(journal), lost,
        )  # fmt: skip
        return Decided(200, encoded(answer), self.order_id, member_id=where.member_id)
