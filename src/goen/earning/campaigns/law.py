"""How the law sees a campaign: its class and the caps of rules 53 and 54. None of this is legal advice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Literal

import msgspec

from goen.earning.campaigns.checks import Kinds
from goen.earning.campaigns.model import (
    Campaign,
    DiscountEffect,
    Effect,
    EveryEffect,
    FreePostageEffect,
    GiftEffect,
    HiddenSaleEffect,
    IssueEffect,
    MemberPriceEffect,
    PointsEffect,
    RateEffect,
    StampsEffect,
    StepsEffect,
)
from goen.earning.coupons.model import Gift, worth_at_most
from goen.earning.programme import Programme
from goen.vocabulary.points import PointValue

#: Rule 53: a gift to all buyers is worth at most 200 yen below 1,000 yen, else a fifth of the sale.
PREMIUM_SMALL_SALE, PREMIUM_SMALL, PREMIUM_PERCENT = 1000, 200, 20


class Law(msgspec.Struct, frozen=True):
    """How the premiums law sees it (rule 53): a ``discount`` on one's next sale, or a ``premium`` with caps.

    ``warnings`` are codes: ``premium_above_cap``, and ``premium_unknown`` where nothing says what a coupon is worth
    at most. Free points are outside the payment services law (rule 54).
    """

    premiums: Literal["discount", "premium"]
    payment_services: Literal["outside"]
    warnings: tuple[str, ...]


def law(campaign: Campaign, programme: Programme, kinds: Kinds) -> Law:
    """The class and what to be careful about. ``kinds``: those of the coupons that the campaign issues.

    Own points and coupons that only lower the price of a next purchase here are a discount; goods for nothing are not.
    """
    others = programme.campaigns.points_usable == "others"
    # What lowers the price, or lets somebody buy at all, is no premium.
    lowers = DiscountEffect | FreePostageEffect | MemberPriceEffect | HiddenSaleEffect
    judged = [each for each in campaign.effects if _goods(each, kinds) or (others and not isinstance(each, lowers))]
    if not judged:
        return Law("discount", "outside", ())
    value = PointValue.of(programme.point_value)
    return Law("premium", "outside", tuple(_warnings(judged, campaign, programme, value, kinds)))


def _goods(effect: Effect, kinds: Kinds) -> bool:
    if isinstance(effect, GiftEffect) or (isinstance(effect, StampsEffect) and effect.gift is not None):
        return True
    if not isinstance(effect, IssueEffect | StampsEffect) or effect.coupon is None:
        return False
    return (known := kinds.get(effect.coupon)) is not None and isinstance(known.kind.effect, Gift)


def _warnings(
    judged: Sequence[Effect], campaign: Campaign, programme: Programme, value: PointValue, kinds: Kinds
) -> Iterator[str]:
    """All that one sale gets is one premium: judged is the sum, at each size of sale at which more of it is given. A
    stamp card's reward is one for all the sales that fill the card."""
    whens = campaign.conditions
    floor, most = whens.amount_min or 0, whens.amount_max
    at_once = [each for each in judged if not isinstance(each, StampsEffect)]
    worths = [_Worth(each, programme, value, kinds) for each in at_once]
    sizes = {floor, PREMIUM_SMALL_SALE, *[size for each in worths for size in each.sizes]}
    sizes = {max(size, floor) for size in sizes if most is None or size <= max(most, floor)}
    cap = None if campaign.max_points is None else value.worth(campaign.max_points)
    above = any(_all_at(worths, size, cap) > _cap(size) for size in sizes)
    unknown = any(each.unknown for each in worths)
    for stamps in judged:
        if isinstance(stamps, StampsEffect):
            one = _Worth(stamps, programme, value, kinds)
            for_all = stamps.full * (max(floor, stamps.every) if stamps.of == "amount" else floor)
            above, unknown = above or one.fixed > _cap(for_all), unknown or one.unknown
    if above:
        yield "premium_above_cap"
    if unknown:
        yield "premium_unknown"


def _cap(size: int) -> int:
    return PREMIUM_SMALL if size < PREMIUM_SMALL_SALE else size * PREMIUM_PERCENT // 100


def _all_at(worths: Sequence[_Worth], size: int, cap: int | None) -> int:
    points = sum([each.points_at(size) for each in worths])
    return (points if cap is None else min(points, cap)) + sum([each.fixed for each in worths])


class _Worth:
    """What one effect gives, in yen: ``fixed`` beside points, points by the size of the sale."""

    def __init__(self, effect: Effect, programme: Programme, value: PointValue, kinds: Kinds) -> None:
        self.fixed, self.unknown = 0, False
        self.sizes: tuple[int, ...] = ()
        self._steps: tuple[tuple[int, int], ...] = ()
        self._percent = Decimal(0)
        self._every: EveryEffect | None = None
        self._value = value
        match effect:
            case RateEffect():
                self._percent = effect.percent or (effect.multiplier or 0) * _base_percent(programme, value)
            case PointsEffect():
                self._steps = ((0, effect.points),)
            case StepsEffect():
                by_amount = effect.of == "amount"
                self._steps = tuple((step.at if by_amount else 0, step.points) for step in effect.steps)
            case EveryEffect(of="amount"):
                self._every, self.sizes = effect, (effect.amount,)
            case EveryEffect():
                self._steps = ((0, effect.points),)
            case GiftEffect():
                self._beside(effect.worth)
            case IssueEffect():
                self._beside(None if (known := kinds.get(effect.coupon)) is None else worth_at_most(known.kind, value))
            case StampsEffect():
                known = None if effect.coupon is None else kinds.get(effect.coupon)
                worth = None if known is None else worth_at_most(known.kind, value)
                self._beside(value.worth(effect.points) if effect.points is not None else worth)
        self.sizes += tuple(at for at, _ in self._steps)

    def _beside(self, worth: int | None) -> None:
        self.fixed, self.unknown = worth or 0, worth is None

    def points_at(self, size: int) -> int:
        """What a sale of this size gets in points."""
        points = max((points for at, points in self._steps if at <= size), default=0)
        if (every := self._every) is not None:
            times = size // every.amount
            points += every.points * (times if every.times_max is None else min(times, every.times_max))
        return self._value.worth(points) + int(self._percent * size / 100)


def _base_percent(programme: Programme, value: PointValue) -> Decimal:
    earning = programme.earning
    if earning.percent is not None:
        return earning.percent
    return Decimal(earning.unit_points * value.money * 100) / (earning.unit_amount * value.points)
