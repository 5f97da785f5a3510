"""May this coupon be used, here and now, by this member, for these goods? Asked before the sale; nothing is written."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from goen.actions.points.answers import encoded
from goen.actions.points.errors import CouponNotUsable
from goen.actions.points.quote import Quote, QuotePurchase
from goen.actions.till.act import Decided
from goen.actions.till.desk import Desk
from goen.earning.coupons.codes import shown
from goen.earning.coupons.model import CouponEffect
from goen.earning.coupons.rules import Coupon
from goen.earning.coupons.words import reason_text
from goen.purchases.model import Line, MemberRef, OrderDiscount
from goen.vocabulary.fields import Money, Text


class ValidateAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A coupon as it is scanned or typed in. The more is told, the more is looked at: without ``lines`` what the goods
    decide is left out. ``coupons``: those that the sale uses already. ``at``: as if it were then."""

    code: Annotated[str, Meta(min_length=1, max_length=500)]
    shop: Text
    member: MemberRef | None = None
    lines: Annotated[tuple[Line, ...], Meta(max_length=1000)] = ()
    discounts: Annotated[tuple[OrderDiscount, ...], Meta(max_length=100)] = ()
    postage: Money = 0
    coupons: Annotated[tuple[Text, ...], Meta(max_length=49)] = ()
    at: datetime | None = None

    def quote(self, now: datetime) -> Quote:
        """The sale that is asked about; the coupon in question comes last."""
        return Quote(
            shop=self.shop, occurred_at=self.at or now, lines=self.lines, member=self.member, discounts=self.discounts,
            postage=self.postage, coupons=(*self.coupons, self.code), at=self.at,
        )  # fmt: skip


class CouponShown(msgspec.Struct, frozen=True):
    """A coupon that exists. ``usable_until`` is the first instant at which it is over; null: it has no end."""

    code: str
    kind: str
    version: int
    name: str
    effect: CouponEffect
    usable_from: datetime | None
    usable_until: datetime | None
    public: bool


class ValidateAnswer(msgspec.Struct, frozen=True):
    """``usable``, or the ``reason`` why not, in words too. ``amount``: the yen that it would take off these lines, null
    where none were told. ``missing``: yen, or pieces, that the goods lack."""

    usable: bool
    reason: str | None
    text: str | None
    missing: int | None
    amount: int | None
    coupon: CouponShown | None


class ValidateCoupon(QuotePurchase):
    """``POST /v1/coupons/validate``: the very questions that the sale would be asked."""

    kind = "validate"

    def decide(self, desk: Desk) -> Decided:
        redeeming = self.redeeming
        assert redeeming is not None, "a question about a coupon names one"
        found, _ = self._member(desk)
        where, tier = (None, None) if found is None else (found[0], found[1].tier)
        others = () if where is None else self._others(desk, where)
        coupon = desk.circumstances.coupons(redeeming.wanted)[-1]
        try:
            if coupon is None:
                raise CouponNotUsable(self.ask.coupons[-1], "unknown_coupon")
            if self.ask.lines:
                chosen = redeeming.choose(desk, where, tier, others, [])
                amount = sum([each.amount for each in chosen.used if each.code == coupon.code])
                return self._told(coupon, None, amount)
            reason = redeeming.reason(desk, coupon, where, tier, others)
            if reason is None and (short := redeeming.left(desk, coupon, where)) is not None:
                reason = (short, {})
            if reason is not None:
                raise CouponNotUsable(coupon.code, reason[0], **reason[1])
        except CouponNotUsable as refusal:
            return self._told(coupon, refusal, None)
        return self._told(coupon, None, None)

    def _told(self, coupon: Coupon | None, refusal: CouponNotUsable | None, amount: int | None) -> Decided:
        language = self.programme_engine.programme.language
        fields = {} if refusal is None else refusal.fields
        text = None if refusal is None else reason_text(shown(fields["coupon"]), fields["reason"], fields, language)
        missing = fields.get("missing", fields.get("pieces"))
        answer = ValidateAnswer(
            refusal is None,
            fields.get("reason"),
            text,
            missing,
            amount,
            None if coupon is None else _shown(coupon, language),
        )
        return Decided(200, encoded(answer))


def _shown(coupon: Coupon, language: str) -> CouponShown:
    kind = coupon.kind
    starts = [at for at in (kind.starts_at, coupon.usable_from) if at is not None]
    ends = [at for at in (kind.ends_at, coupon.until) if at is not None]
    name = kind.name_en or kind.name if language == "en" else kind.name
    return CouponShown(
        shown(coupon.code), kind.code, kind.version, name, kind.effect, max(starts, default=None),
        min(ends, default=None), not coupon.own,
    )  # fmt: skip
