"""How the law sees a campaign: its class and the caps of rules 53 and 54. None of this is legal advice."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from goen.earning.campaigns.checks import Kinds
from goen.earning.campaigns.model import Campaign, Effect, EveryEffect, IssueEffect, RateEffect, StepsEffect
from goen.earning.coupons.model import AmountOff, CouponKind, FreePostage, Gift, PercentOff, PointsTimes
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
    judged = [each for each in campaign.effects if others or _goods(each, kinds)]
    if not others and not judged:
        return Law("discount", "outside", ())
    value = PointValue.of(programme.point_value)
    warnings = [code for each in judged if (code := _warning(each, campaign, programme, value, kinds)) is not None]
    return Law("premium", "outside", tuple(dict.fromkeys(warnings)))


def _goods(effect: Effect, kinds: Kinds) -> bool:
    return (
        isinstance(effect, IssueEffect)
        and (known := kinds.get(effect.coupon)) is not None
        and isinstance(known.kind.effect, Gift)
    )


def _warning(effect: Effect, campaign: Campaign, programme: Programme, value: PointValue, kinds: Kinds) -> str | None:
    at = campaign.conditions.amount_min or 0
    if isinstance(effect, RateEffect):
        percent = effect.percent or (effect.multiplier or 0) * _base_percent(programme, value)
        return "premium_above_cap" if percent > PREMIUM_PERCENT else None
    if isinstance(effect, IssueEffect):
        known = kinds.get(effect.coupon)
        worth = None if known is None else worth_at_most(known.kind, value)
        if worth is None:
            return "premium_unknown"
    else:
        worth = value.worth(effect.steps[0].points if isinstance(effect, StepsEffect) else effect.points)
        if isinstance(effect, StepsEffect) and effect.of == "amount":
            at = max(at, effect.steps[0].at)
        if isinstance(effect, EveryEffect) and effect.of == "amount":
            at = max(at, effect.amount)
    cap = PREMIUM_SMALL if at < PREMIUM_SMALL_SALE else at * PREMIUM_PERCENT // 100
    return "premium_above_cap" if worth > cap else None


def worth_at_most(kind: CouponKind, value: PointValue) -> int | None:
    """Yen that one use of a coupon takes off at most, or what its points are worth; None where nothing bounds it."""
    match kind.effect:
        case AmountOff(yen=yen):
            return yen
        case PercentOff(percent=percent, most=most):
            largest = kind.conditions.amount_max
            of_sale = None if largest is None else int(largest * percent / 100)
            return min((each for each in (most, of_sale) if each is not None), default=None)
        case FreePostage(most=most):
            return most
        case PointsTimes(max_points=max_points):
            return None if max_points is None else value.worth(max_points)
        case Gift():  # What the goods cost is not known here.
            return None


def _base_percent(programme: Programme, value: PointValue) -> Decimal:
    earning = programme.earning
    if earning.percent is not None:
        return earning.percent
    return Decimal(earning.unit_points * value.money * 100) / (earning.unit_amount * value.points)
