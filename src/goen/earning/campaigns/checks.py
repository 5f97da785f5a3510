"""What is said before a campaign goes live: contradictions, coupons that it cannot issue, overlaps, and the worst it
may cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

import msgspec

from goen.earning.campaigns.conditions import place_and_day
from goen.earning.campaigns.model import (
    Campaign,
    Conditions,
    DiscountEffect,
    Grant,
    IssueEffect,
    MemberPriceEffect,
    Products,
    RateEffect,
    StampsEffect,
    StepsEffect,
)
from goen.earning.campaigns.scene import Place
from goen.earning.checks import Problem
from goen.earning.coupons.model import CouponKind
from goen.earning.programme import Programme
from goen.vocabulary.clock import Instant
from goen.vocabulary.money import scaled

#: Conditions on places alone hold on this day as on any other.
_ANY_DAY = date(2026, 1, 5)


def validate(campaign: Campaign, programme: Programme) -> list[Problem]:
    """All problems of a campaign, errors first; only errors forbid keeping it."""
    return sorted(_problems(campaign, programme), key=lambda problem: problem.level != "error")


def _problems(campaign: Campaign, programme: Programme) -> Iterator[Problem]:
    yield from _effects(campaign)
    yield from _price(campaign)
    yield from _hidden(campaign)
    yield from _conditions(campaign.conditions, programme)
    if campaign.starts_at and campaign.ends_at and campaign.ends_at <= campaign.starts_at:
        yield Problem("error", "ends_at", "ends_before_start")
    grant = campaign.grant
    if grant.expires_on is not None and grant.days is not None:
        yield Problem("error", "grant.days", "one_of_two")
    if grant.kind == "regular" and (grant.expires_on is not None or grant.days is not None):
        yield Problem("error", "grant.kind", "only_limited_ends")
    if grant.expires_on is not None and campaign.ends_at is not None and grant.expires_on < campaign.ends_at.date():
        yield Problem("warning", "grant.expires_on", "expires_during")
    seen = set()
    for i, limit in enumerate(campaign.limits):
        key = (limit.measure, frozenset(limit.per))
        if key in seen:
            yield Problem("error", f"limits.{i}", "same_limit_twice")
        if len(set(limit.per)) < len(limit.per) or {"day", "month"} <= set(limit.per):
            yield Problem("error", f"limits.{i}.per", "scopes_contradict")
        seen.add(key)


def _effects(campaign: Campaign) -> Iterator[Problem]:
    for i, effect in enumerate(campaign.effects):
        field = f"effects.{i}"
        if isinstance(effect, RateEffect):
            if (effect.multiplier is None) == (effect.percent is None):
                yield Problem("error", field, "multiplier_or_percent")
            elif effect.percent is not None:
                if effect.mode == "multiply":
                    yield Problem("error", f"{field}.mode", "multiply_needs_multiplier")
                if not _within(effect.percent, 1000) or not effect.percent:
                    yield Problem("error", f"{field}.percent", "not_a_percentage")
            elif not _within(effect.multiplier or Decimal(0), 999):
                yield Problem("error", f"{field}.multiplier", "not_a_multiplier")
            elif effect.mode == "multiply" and (effect.multiplier or 0) <= 1:
                yield Problem("error", f"{field}.multiplier", "gives_nothing")
        elif isinstance(effect, DiscountEffect | MemberPriceEffect):
            amounts = effect.yen if isinstance(effect, DiscountEffect) else effect.prices or None
            if (amounts is None) == (effect.percent is None):
                yield Problem("error", field, "one_of_yen_percent")
            if effect.percent is not None and (not _within(effect.percent, 100) or not effect.percent):
                yield Problem("error", f"{field}.percent", "not_a_percentage")
        elif isinstance(effect, StampsEffect):
            if [effect.points, effect.coupon, effect.gift].count(None) != 2:
                yield Problem("error", field, "one_reward")
            if any(isinstance(other, StampsEffect) for other in campaign.effects[:i]) or (
                effect.coupon is not None and any(isinstance(other, IssueEffect) for other in campaign.effects)
            ):
                yield Problem("error", field, "one_stamp_card")
            if effect.days is None and campaign.ends_at is None:
                yield Problem("warning", field, "stamps_never_end")
        elif isinstance(effect, StepsEffect) and len({step.at for step in effect.steps}) < len(effect.steps):
            yield Problem("error", f"{field}.steps", "same_code_twice")


def _price(campaign: Campaign) -> Iterator[Problem]:
    """What changes the price stands apart from points, which are computed on it, and has none of what is of points."""
    if not campaign.price_effects:
        return
    of_points = {
        "grant": campaign.grant != Grant(),
        "max_points": campaign.max_points is not None,
        "funder": campaign.funder is not None,
        "stacking.consumes_lines": campaign.stacking.consumes_lines,
    }
    for field, given in of_points.items():
        if given:
            yield Problem("error", field, "price_gives_no_points")
    if len(campaign.price_effects) < len(campaign.effects):
        yield Problem("error", "effects", "price_apart")
    for i, limit in enumerate(campaign.limits):
        if limit.measure == "points":
            yield Problem("error", f"limits.{i}.measure", "price_has_no_points")


#: What is asked of a basket, not of whom a hidden sale admits.
_OF_THE_BASKET = ("amount_min", "amount_max", "quantity_min", "tenders", "brands", "coupons")


def _hidden(campaign: Campaign) -> Iterator[Problem]:
    """A hidden sale says which goods are whose, and nothing else."""
    if not campaign.hidden_sale:
        return
    if len(campaign.effects) > 1 or campaign.limits or campaign.max_points is not None:
        yield Problem("error", "effects", "hidden_sale_apart")
    if campaign.conditions.products is None:
        yield Problem("error", "conditions.products", "hidden_sale_of_what")
    for name in _OF_THE_BASKET:
        if getattr(campaign.conditions, name) not in (None, ()):
            yield Problem("error", f"conditions.{name}", "hidden_sale_asks_who")


def _conditions(when: Conditions, programme: Programme) -> Iterator[Problem]:
    if when.amount_min and when.amount_max and when.amount_min > when.amount_max:
        yield Problem("error", "conditions.amount_max", "below_minimum", {"min": when.amount_min})
    if 0 in when.days_of_month or any(each.nth == 0 for each in when.nth_weekdays):
        yield Problem("error", "conditions", "no_day_zero")
    for i, dates in enumerate(when.dates):
        if dates.first and dates.last and dates.last < dates.first:
            yield Problem("error", f"conditions.dates.{i}.to", "ends_before_start")
    for i, hours in enumerate(when.hours):
        if hours.start == hours.end:
            yield Problem("error", f"conditions.hours.{i}.to", "ends_before_start")
    for name in ("products", "not_products"):
        goods = getattr(when, name)
        if goods == Products():
            yield Problem("error", f"conditions.{name}", "says_nothing")
        elif (
            goods is not None and goods.price_min and goods.price_max is not None and goods.price_min > goods.price_max
        ):
            yield Problem("error", f"conditions.{name}.price_max", "max_below_min")
    since, until = when.days_since_last_min, when.days_since_last_max
    if since is not None and until is not None and since > until:
        yield Problem("error", "conditions.days_since_last_max", "max_below_min")
    if both := sorted(set(when.segments) & set(when.not_segments)):
        yield Problem("error", "conditions.not_segments", "wanted_and_left_out", {"names": ", ".join(both)})
    # The first of a channel may be any of a member's.
    if when.first_purchase == "ever" and not _may_be_first(when):
        yield Problem("error", "conditions.first_purchase", "first_and_later")
    if when.business_days and when.weekdays and set(when.weekdays) <= {"sat", "sun"}:
        yield Problem("error", "conditions.weekdays", "no_business_day")
    for i, signal in enumerate(when.signals):
        if bool(signal.values) == (signal.at_least is not None or signal.at_most is not None):
            yield Problem("error", f"conditions.signals.{i}", "values_or_bounds")
    if unknown := sorted(set(when.tiers) - programme.tiers.keys()):
        yield Problem("warning", "conditions.tiers", "unknown_tier", {"tier": ", ".join(unknown)})


def _may_be_first(when: Conditions) -> bool:
    """Whether a member's very first purchase may be meant."""
    return (
        (not when.nth_purchase or 1 in when.nth_purchase)
        and when.every_nth_purchase in (None, 1)
        and when.days_since_last_min is None
        and when.days_since_last_max is None
    )


def of_places(campaign: Campaign, places: Sequence[Place]) -> list[Problem]:
    """Shops and regions that there are not, and shops of other channels than are asked for: warnings, as a shop may be
    opened after its campaign was made. ``places``: the shops that are open."""
    when = campaign.conditions
    kinds, regions = {each.shop: each.kind for each in places}, {each.region for each in places}
    others = [shop for shop in when.shops if shop in kinds and when.channels and kinds[shop] not in when.channels]
    told = (
        ("shops", "unknown_shop", set(when.shops) - kinds.keys()),
        ("not_shops", "unknown_shop", set(when.not_shops) - kinds.keys()),
        ("regions", "unknown_region", set(when.regions) - regions),
        ("shops", "shop_of_other_channel", set(others)),
    )
    return [
        Problem("warning", f"conditions.{field}", code, {"names": ", ".join(sorted(names))})
        for field, code, names in told
        if names
    ]


def _within(value: Decimal, most: int) -> bool:
    try:
        return 0 <= scaled(value, 4) <= most * 10_000
    except ValueError:
        return False


class Issued(NamedTuple):
    """A kind of coupon as it is now, and whether it was stopped."""

    kind: CouponKind
    stopped: bool


#: Kinds of coupons by code; those that there are.
Kinds = Mapping[str, Issued]


def unissuable(campaign: Campaign, kinds: Kinds, now: Instant) -> list[Problem]:
    """Errors where the campaign would tell members of a coupon that it cannot issue, by now or from its start on. They
    forbid going live, and not keeping a draft: its coupons may be made after it. A kind that ends before the campaign
    is a warning: from then on the campaign gives none."""
    found = []
    for i, effect in enumerate(campaign.effects):
        if isinstance(effect, IssueEffect | StampsEffect) and effect.coupon is not None:
            known = kinds.get(effect.coupon)
            if (fault := _fault(campaign, known, now)) is not None:
                found.append(Problem(fault[0], f"effects.{i}.coupon", fault[1], {"kind": effect.coupon}))
    return found


def _fault(campaign: Campaign, known: Issued | None, now: Instant) -> tuple[Literal["error", "warning"], str] | None:
    if known is None:
        return "error", "no_such_coupon_kind"
    if known.stopped:
        return "error", "coupon_kind_stopped"
    ends = known.kind.ends_at
    if ends is None:
        return None
    if ends <= max(now, campaign.starts_at or now):
        return "error", "coupon_kind_over"
    return ("warning", "coupon_kind_ends_during") if campaign.ends_at is None or ends < campaign.ends_at else None


# Overlaps ----------------------------------------------------------------------------------------


class Overlap(msgspec.Struct, frozen=True):
    """Another campaign that may meet this one in a sale, and what then happens: both ``add`` up, one of a
    ``group`` applies, or an ``exclusive`` one applies alone."""

    code: str
    version: int
    how: Literal["add", "group", "exclusive"]


def overlaps(campaign: Campaign, others: Iterable[Campaign], places: Sequence[Place]) -> list[Overlap]:
    """The campaigns that one sale at one of these places may meet together with this one."""
    found = []
    for other in others:
        if other.code == campaign.code or not _may_meet(campaign, other, places):
            continue
        mine, theirs = campaign.stacking, other.stacking
        how: Literal["add", "group", "exclusive"] = "add"
        if mine.exclusive or theirs.exclusive:
            how = "exclusive"
        elif mine.group is not None and mine.group == theirs.group:
            how = "group"
        found.append(Overlap(other.code, other.version, how))
    return found


def _may_meet(one: Campaign, other: Campaign, places: Sequence[Place]) -> bool:
    a, b = one.conditions, other.conditions
    starts = [c.starts_at for c in (one, other) if c.starts_at is not None]
    ends = [c.ends_at for c in (one, other) if c.ends_at is not None]
    if starts and ends and max(starts) >= min(ends):
        return False
    for name in ("weekdays", "tiers", "days_of_month", "birth_months"):
        mine, theirs = set(getattr(a, name)), set(getattr(b, name))
        if mine and theirs and not mine & theirs:
            return False
    if {a.holidays, b.holidays} == {"only", "except"}:
        return False
    # Goods that differ still meet in one basket; they add up there unless grouped.
    return any(holds_at(a, place) and holds_at(b, place) for place in places)


def holds_at(when: Conditions, place: Place) -> bool:
    """Whether it may hold at this place, on whatever day."""
    only = Conditions(channels=when.channels, shops=when.shops, not_shops=when.not_shops, regions=when.regions)
    return place_and_day(only, place, _ANY_DAY) is None
