"""May these coupons be used for this sale, and what do they take off? In the order in which it is asked:

1. *time*: stopped, void, not yet, over;
2. *place and day*: channel, shop, region, day, hour, means of payment;
3. *person*: a coupon of somebody's own, tier, segment, birthday, history;
4. *goods*: the lines that count, floors of amount and pieces;
5. *together*: what the coupons of one sale say about each other;
6. *uses*: what is left by code, member and in all (asked by the act, which draws them).

Then each in turn takes its part off what is left: gifts, percents, amounts, postage, points; of one sort in
order of kind and code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

import msgspec

from goen.earning.campaigns.conditions import (
    Goods,
    article_of,
    compiled_hours,
    member_checks,
    needs_history,
    needs_traits,
    payment,
    place_and_day,
)
from goen.earning.campaigns.scene import Article, Scene
from goen.earning.campaigns.shortlist import numbered
from goen.earning.coupons.model import (
    AmountOff,
    CouponKind,
    FreePostage,
    Gift,
    PercentOff,
    PointsTimes,
    from_json,
)
from goen.earning.decision import Facts, Reduction, UsedCoupon, Values
from goen.purchases.model import Purchase
from goen.vocabulary.money import spread

#: Why a coupon cannot be used, and its numbers.
Reason = tuple[str, Values]
Positions = tuple[int, ...] | None
NO_LINES: tuple[int, ...] = ()
replace = msgspec.structs.replace
_ORDER = (Gift, PercentOff, AmountOff, FreePostage, PointsTimes)


class Compiled:
    """A kind of coupon made ready for many sales."""

    def __init__(self, kind: CouponKind) -> None:
        when = kind.conditions
        self.kind = kind
        self.goods = (
            None if when.products is None and when.not_products is None else Goods(when.products, when.not_products)
        )
        self.looks_up = self.goods is not None and (self.goods.needs_articles or self.goods.asks_category)
        self.hours = compiled_hours(when)
        self.checks = member_checks(when)
        self.history = needs_history(when)
        self.traits = needs_traits(when)
        self.signals = frozenset(signal.name for signal in when.signals)
        #: A guest may use what asks nothing of a person.
        self.personal = bool(
            when.tiers or self.history or self.traits or kind.uses.per_member or isinstance(kind.effect, PointsTimes)
        )


@lru_cache(maxsize=1024)
def compiled(document: str) -> Compiled:
    """The kind of this document, compiled once."""
    return Compiled(from_json(document.encode()))


class Coupon(NamedTuple):
    """A code with its kind. ``own``: issued, not public; ``holder``: who alone may use it, by now (merges);
    ``until``: the first instant at which it is over; ``stopped_at``: from when on its kind is."""

    code: str
    compiled: Compiled
    own: bool = False
    holder: int | None = None
    usable_from: datetime | None = None
    until: datetime | None = None
    void: bool = False
    stopped_at: datetime | None = None

    @property
    def kind(self) -> CouponKind:
        return self.compiled.kind


class Goes(NamedTuple):
    """A coupon that goes with the sale: the positions of the lines that it counts (None: all)."""

    coupon: Coupon
    lines: Positions


def out_of_time(coupon: Coupon, moment: datetime) -> str | None:
    """Why it cannot be used at this moment at all."""
    kind = coupon.kind
    if coupon.stopped_at is not None and moment >= coupon.stopped_at:
        return "stopped"
    if coupon.void:
        return "void"
    for start in (kind.starts_at, coupon.usable_from):
        if start is not None and moment < start:
            return "not_yet"
    for end in (kind.ends_at, coupon.until):
        if end is not None and moment >= end:
            return "expired"
    return None


def out_of_place(coupon: Coupon, scene: Scene, purchase: Purchase) -> str | None:
    """Why it cannot be used here, on this day, or paid so."""
    when = coupon.kind.conditions
    reason = place_and_day(when, scene.place, scene.day)
    if reason is not None:
        return reason
    hours = coupon.compiled.hours
    if hours and not any(start <= scene.minute < end for start, end in hours):
        return "not_this_hour"
    return payment(when, purchase) if when.tenders or when.brands else None


def of_another(coupon: Coupon, person: int | None, facts: Facts, scene: Scene) -> Reason | None:
    """Why this person cannot use it; None: a guest."""
    if person is None:
        return ("needs_member", {}) if coupon.holder is not None or coupon.compiled.personal else None
    if coupon.holder not in (None, person):
        return "not_this_member", {}
    for check in coupon.compiled.checks:
        if (reason := check(facts, scene)) is not None:
            return reason
    return None


def lines_that_count(coupon: Coupon, purchase: Purchase, articles: Mapping[str, Article]) -> Positions:
    """Positions of the lines in order of number; None: all of them."""
    goods = coupon.compiled.goods
    if goods is None:
        return None
    known = dict(articles)
    return tuple([i for i, line in enumerate(numbered(purchase)) if goods.counts(line, article_of(line, known))])


def too_little(coupon: Coupon, lines: Positions, amounts: Sequence[int], quantities: Sequence[int]) -> Reason | None:
    """Why these lines are not enough, or too much; amounts after discounts, quantities in thousandths."""
    every = range(len(amounts)) if lines is None else lines
    if not every:
        return "no_matching_goods", {}
    when = coupon.kind.conditions
    amount = sum([amounts[i] for i in every])
    if when.amount_min is not None and amount < when.amount_min:
        return "below_amount", {"missing": when.amount_min - amount}
    if when.amount_max is not None and amount > when.amount_max:
        return "above_amount", {"up_to": when.amount_max}
    if when.quantity_min is not None:
        pieces = sum([max(1, quantities[i] // 1000) for i in every])
        if pieces < when.quantity_min:
            return "below_quantity", {"pieces": when.quantity_min - pieces}
    return None


def not_together(coupon: Coupon, others: Sequence[Coupon]) -> str | None:
    """Why it does not go with the coupons that the sale uses already."""
    for other in others:
        both = {coupon.kind.together.coupons, other.kind.together.coupons}
        if "none" in both or ("other" in both and coupon.kind.code == other.kind.code):
            return "not_with_coupons"
    return None


def taken_off(
    going: Sequence[Goes], purchase: Purchase, amounts: Sequence[int], quantities: Sequence[int], postage: int
) -> tuple[list[UsedCoupon], list[Reduction], tuple[str, str] | None]:
    """What each takes off, in the order of effects; and the code of one that would take off nothing, if any, and why.

    ``amounts``: the lines after discounts, in order of number.
    """
    left = list(amounts)
    lines = numbered(purchase)
    used: list[UsedCoupon] = []
    reductions: list[Reduction] = []
    ordered = sorted(going, key=lambda g: (_ORDER.index(type(g.coupon.kind.effect)), g.coupon.kind.code, g.coupon.code))
    for coupon, counted in ordered:
        effect, amount, only = coupon.kind.effect, 0, counted
        every: Sequence[int] = range(len(left)) if counted is None else counted
        match effect:
            case AmountOff(yen=yen):
                amount = min(yen, sum([left[i] for i in every]))
            case PercentOff(percent=percent, most=most):
                amount = int(sum([left[i] for i in every]) * percent / 100)
                amount = amount if most is None else min(amount, most)
            case FreePostage(most=most):
                amount = postage if most is None else min(postage, most)
            case Gift(sku=sku) if sku is not None:
                every = [i for i, line in enumerate(lines) if line.sku == sku and left[i]][:1]
                only = tuple(every)
                amount = sum([left[i] * 1000 // max(1000, quantities[i]) for i in every])
        if not amount and isinstance(effect, AmountOff | PercentOff | FreePostage):
            return used, reductions, (coupon.code, "nothing_to_reduce")
        if not amount and isinstance(effect, Gift) and effect.sku is not None:
            return used, reductions, (coupon.code, "no_matching_goods")
        numbers = None if only is None else tuple([lines[i].line for i in only])
        used.append(_used(coupon, amount, numbers))
        if amount and isinstance(effect, FreePostage):
            postage -= amount
            reductions.append(Reduction(amount, None, True))
        elif amount:
            for i, part in zip(every, spread(amount, [left[i] for i in every]), strict=True):
                left[i] -= part
            reductions.append(Reduction(amount, numbers))
    return used, reductions, None


def taken_for_nothing(coupon: Coupon) -> UsedCoupon:
    """A coupon that a till took although nothing was there to take off: none of the lines is its, and it stands in no
    campaign's way."""
    return replace(_used(coupon, 0, NO_LINES), gift=None, over=True, alone=False)


def _used(coupon: Coupon, amount: int, lines: tuple[int, ...] | None) -> UsedCoupon:
    kind, effect = coupon.kind, coupon.kind.effect
    tag = str(effect.__struct_config__.tag)
    multiplier, max_points, gift = None, None, None
    if isinstance(effect, PointsTimes):
        multiplier, max_points = str(effect.multiplier), effect.max_points
    elif isinstance(effect, Gift):
        gift = effect.name
    return UsedCoupon(
        coupon.code, kind.code, kind.version, tag, amount, lines, kind.name, kind.name_en, gift, multiplier,
        max_points, not kind.together.campaigns,
    )  # fmt: skip
