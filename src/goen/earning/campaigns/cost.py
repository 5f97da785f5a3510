"""The worst that a campaign may cost: points, yen off the price, and what the coupons that it issues take off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from math import prod

import msgspec

from goen.earning.campaigns.checks import Kinds, holds_at
from goen.earning.campaigns.model import (
    Campaign,
    DiscountEffect,
    EveryEffect,
    FreePostageEffect,
    GiftEffect,
    IssueEffect,
    Limit,
    PointsEffect,
    StampsEffect,
    StepsEffect,
)
from goen.earning.campaigns.scene import Place
from goen.earning.coupons.model import worth_at_most
from goen.earning.programme import Programme
from goen.vocabulary.points import PointValue


class WorstCase(msgspec.Struct, frozen=True):
    """What a campaign gives at most; null where nothing bounds it. ``bound`` names the limit that does. ``per_sale``:
    points, or yen where it changes the price."""

    points: int | None
    yen: int | None
    per_sale: int | None
    bound: str | None


def worst_case(
    campaign: Campaign,
    programme: Programme,
    *,
    members: int,
    places: Sequence[Place],
    zone: tzinfo,
    kinds: Kinds = {},  # noqa: B006 - never changed
) -> WorstCase:
    """The most points and yen of liability, over all members, shops and days of the campaign. ``kinds``: those of the
    coupons that it issues; what they take off counts in yen, and one that is not known is unbounded.

    ``members``: how many may earn today. Without an end people go on joining, and what counts by member bounds nothing.
    """
    if campaign.hidden_sale:  # It gives nothing.
        return WorstCase(0, 0, 0, None)
    value = PointValue.of(programme.point_value)
    per_sale = _per_sale(campaign, programme)
    shops = sum(holds_at(campaign.conditions, place) for place in places)
    bounds, uses = [], []
    for limit in campaign.limits:
        accounts = _accounts(campaign, limit, members, shops, zone)
        if accounts is None:
            continue
        most = limit.most * accounts
        if limit.measure == "uses":
            uses.append((most, limit_told(limit)))
            if per_sale is None:
                continue
            most *= per_sale
        if campaign.price_effects:
            bounds.append((most, limit_told(limit)))
            continue
        bounds.append((most if limit.measure != "yen" else value.points_for(most), limit_told(limit)))
    card = campaign.stamps
    cards = None
    if card is not None and card.cards is not None and campaign.ends_at is not None:
        cards = card.cards * members
        if len(campaign.effects) == 1:
            bounds.append(((card.points or 0) * cards, "cards/member"))
    points, bound = min(bounds, default=(0 if per_sale == 0 and campaign.kinds else None, None))
    if points is not None and campaign.price_effects:
        return WorstCase(0, points, per_sale, bound)
    yen = None if points is None else value.worth(points)
    for off, off_bound in _coupons(campaign, kinds, value, members, uses, cards):
        yen = None if yen is None or off is None else yen + off
        bound = (bound if points else None) or off_bound
    return WorstCase(points, yen, per_sale, bound)


def _coupons(
    campaign: Campaign,
    kinds: Kinds,
    value: PointValue,
    members: int,
    uses: Sequence[tuple[int, str]],
    cards: int | None,
) -> Iterator[tuple[int | None, str | None]]:
    """The most yen that the coupons of each kind take off, and what bounds it: how many are issued and how often each
    may be used, or how often the kind may be used at all. A limit of points or yen counts no coupons."""
    for code in campaign.kinds:
        known = kinds.get(code)
        worth = None if known is None else worth_at_most(known.kind, value)
        if known is None or worth is None:
            yield None, None
            continue
        often, per_sale, bounds = known.kind.uses, _coupons_per_sale(campaign, code), []
        if per_sale is not None:
            bounds += [(most * per_sale * often.each, told) for most, told in uses]
        if cards is not None and not any(isinstance(each, IssueEffect) for each in campaign.effects):
            bounds.append((cards * often.each, "cards/member"))
        if often.total is not None:
            bounds.append((often.total, f"coupon:{code}"))
        if often.per_member is not None and campaign.ends_at is not None:
            bounds.append((often.per_member * members, f"coupon:{code}/member"))
        most, bound = min(bounds, default=(None, None))
        yield None if most is None else most * worth, bound


def _coupons_per_sale(campaign: Campaign, code: str) -> int | None:
    """How many coupons of a kind one sale gets at most; None where it grows with the sale."""
    total = 0
    for effect in campaign.effects:
        if isinstance(effect, IssueEffect) and effect.coupon == code:
            total += 1
        elif isinstance(effect, StampsEffect) and effect.coupon == code:
            full = _cards_per_sale(effect)
            if full is None:
                return None
            total += full
    return total


def _cards_per_sale(card: StampsEffect) -> int | None:
    """How many cards one sale fills at most: before it a card may be one stamp short of full."""
    stamps = 1 if card.of == "sale" else card.times_max
    return None if stamps is None else -(-stamps // card.full)


def needs_approval(programme: Programme, worst: WorstCase) -> bool:
    """Whether a second person has to approve: the worst case is above the programme's limit, or unbounded."""
    above = programme.campaigns.approval_above
    return above is not None and (worst.yen is None or worst.yen > above)


def _accounts(campaign: Campaign, limit: Limit, members: int, shops: int, zone: tzinfo) -> int | None:
    days = months = None
    if campaign.starts_at is not None and campaign.ends_at is not None:
        first, last = (each.astimezone(zone) for each in (campaign.starts_at, campaign.ends_at))
        days = (last.date() - first.date()).days + 1
        months = (last.year - first.year) * 12 + last.month - first.month + 1
    counts = {"member": None if campaign.ends_at is None else members, "shop": shops, "day": days, "month": months}
    factors = [counts[each] for each in limit.per]
    return None if None in factors else prod(each for each in factors if each is not None)


def _per_sale(campaign: Campaign, programme: Programme) -> int | None:
    """The most that one sale gets; None where it grows with the sale."""
    total = 0
    if campaign.price_effects:
        return _yen_per_sale(campaign)
    for effect in campaign.effects:
        most: int | None = None
        match effect:
            case PointsEffect(per="sale"):
                most = effect.points
            case IssueEffect():  # Coupons are counted apart, in yen.
                most = 0
            case StampsEffect(points=None):
                most = 0
            case StampsEffect(points=int(points)) if (full := _cards_per_sale(effect)) is not None:
                most = points * full
            case StepsEffect():
                most = max(step.points for step in effect.steps)
            case EveryEffect() if effect.times_max is not None:
                most = effect.points * effect.times_max
        if most is None:
            return _least(campaign.max_points, programme.campaigns.max_points)
        total += most
    return _least(total, campaign.max_points, programme.campaigns.max_points)


def limit_told(limit: Limit) -> str:
    """A limit by measure and scope."""
    return f"{limit.measure}/{'+'.join(sorted(limit.per)) or 'all'}"


def _yen_per_sale(campaign: Campaign) -> int | None:
    """The most yen that one sale has off; None where it grows with the sale. What a gift costs is told by ``worth``."""
    total, largest = 0, campaign.conditions.amount_max
    for effect in campaign.price_effects:
        most: int | None = None
        match effect:
            case DiscountEffect(yen=int(yen)):
                most = yen
            case DiscountEffect(percent=percent, most=cap):
                most = _least(cap, None if largest is None else int(largest * (percent or 0) / 100))
            case FreePostageEffect(most=cap):
                most = cap
            case GiftEffect(worth=worth):
                most = worth
        if most is None:
            return None
        total += most
    return total


def _least(*caps: int | None) -> int | None:
    return min((cap for cap in caps if cap is not None), default=None)
