"""Conditions compiled: what a shop and a day decide, what the basket, and what the member.

Each check gives the reason why a campaign does not hold, or None. They come cheapest first, so that of
many live campaigns few are looked at closely.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache

import jpholiday
from msgspec import UNSET

from goen.earning.campaigns.model import WEEKDAYS, Conditions, NthWeekday, Products, SignalIs
from goen.earning.campaigns.scene import UNKNOWN, Article, Place, Scene
from goen.earning.decision import Facts, Seen, Values
from goen.purchases.model import Line, Purchase

#: A reason and its numbers.
Reason = tuple[str, Values]
MemberCheck = Callable[[Facts, Scene], Reason | None]
_DAY = 24 * 60


@lru_cache(maxsize=4096)
def is_holiday(day: date) -> bool:
    """Whether a day is a Japanese public holiday, substitute holidays included."""
    return bool(jpholiday.is_holiday(day))


def place_and_day(when: Conditions, place: Place, day: date) -> str | None:
    """Why a campaign does not hold at this shop on this day at all."""
    if when.channels and place.kind not in when.channels:
        return "not_a_web_shop" if when.channels == ("ec",) else "not_a_store"
    if (when.shops and place.shop not in when.shops) or place.shop in when.not_shops:
        return "not_this_shop"
    if when.regions and place.region not in when.regions:
        return "not_this_region"
    return None if _on_day(when, day) else "not_this_day"


def _on_day(when: Conditions, day: date) -> bool:
    last = monthrange(day.year, day.month)[1]
    holiday = (when.holidays is not None or when.business_days is not None) and is_holiday(day)
    return (
        (not when.dates or any((d.first or day) <= day <= (d.last or day) for d in when.dates))
        and (not when.weekdays or WEEKDAYS[day.weekday()] in when.weekdays)
        and (not when.days_of_month or day.day in when.days_of_month or (-1 in when.days_of_month and day.day == last))
        and (not when.nth_weekdays or any(_is_nth(each, day, last) for each in when.nth_weekdays))
        and (when.holidays is None or holiday == (when.holidays == "only"))
        and (when.business_days is None or (day.weekday() < 5 and not holiday) == when.business_days)
    )


def _is_nth(wanted: NthWeekday, day: date, last: int) -> bool:
    if WEEKDAYS[day.weekday()] != wanted.weekday:
        return False
    return day.day + 7 > last if wanted.nth == -1 else (day.day - 1) // 7 + 1 == wanted.nth


def compiled_hours(when: Conditions) -> tuple[tuple[int, int], ...]:
    """Spans of minutes of the day; one past midnight becomes two."""
    spans: list[tuple[int, int]] = []
    for each in when.hours:
        start, end = (int(text[:2]) * 60 + int(text[3:]) for text in (each.start, each.end))
        spans += [(start, end)] if start < end else [(start, _DAY), (0, end)]
    return tuple(spans)


# Goods -------------------------------------------------------------------------------------------


class Goods:
    """Which lines a campaign counts."""

    __slots__ = ("asks_category", "excluded", "included", "index_key", "needs_articles", "only_indexed")

    def __init__(self, included: Products | None, excluded: Products | None) -> None:
        self.included = None if included is None else _Matcher(included)
        self.excluded = None if excluded is None else _Matcher(excluded)
        matchers = [m for m in (self.included, self.excluded) if m is not None]
        #: Whether the product has to be looked up, and whether it has where a line names no category.
        self.needs_articles = any(m.needs_articles for m in matchers)
        self.asks_category = any(m.wanted.categories for m in matchers)
        #: By what its lines are found quickly (None: each has to be looked at), and whether nothing else counts.
        self.index_key: tuple[str, tuple[str, ...]] | None = None
        if included is not None and (included.skus or included.categories):
            self.index_key = ("sku", included.skus) if included.skus else ("category", included.categories)
        self.only_indexed = excluded is None and included in (
            Products(skus=() if included is None else included.skus),
            Products(categories=() if included is None else included.categories),
        )

    def counts(self, line: Line, article: Article) -> bool:
        """Whether a line counts."""
        return (self.included is None or self.included.matches(line, article)) and not (
            self.excluded is not None and self.excluded.matches(line, article)
        )


class _Matcher:
    __slots__ = ("_categories", "_skus", "_tags", "needs_articles", "wanted")

    def __init__(self, wanted: Products) -> None:
        self.wanted = wanted
        self._skus, self._categories, self._tags = (
            frozenset(names) for names in (wanted.skus, wanted.categories, wanted.tags)
        )
        self.needs_articles = bool(wanted.brands or wanted.makers or wanted.tags or wanted.clearance is not None)

    def matches(self, line: Line, article: Article) -> bool:
        wanted = self.wanted
        if self._skus and line.sku not in self._skus:
            return False
        if self._categories and (line.category or article.category) not in self._categories:
            return False
        if (wanted.brands and article.brand not in wanted.brands) or (
            wanted.makers and article.maker not in wanted.makers
        ):
            return False
        if (self._tags and not self._tags & article.tags) or wanted.clearance not in (None, article.clearance):
            return False
        if wanted.price_min is None and wanted.price_max is None:
            return True
        price = _price(line)
        return (wanted.price_min is None or price >= wanted.price_min) and (
            wanted.price_max is None or price <= wanted.price_max
        )


def _price(line: Line) -> float:
    """Yen per piece: as told, or what was charged shared over the pieces."""
    if line.unit_price is not None:
        return line.unit_price
    quantity = Decimal(line.quantity)
    pieces = float(quantity) if quantity.is_finite() else 0.0
    # A quantity that cannot be is refused where the sale is priced; it may be looked at before.
    return line.amount / pieces if pieces > 0 else line.amount


def article_of(line: Line, articles: dict[str, Article]) -> Article:
    """The product of a line, as far as it is known."""
    return UNKNOWN if line.sku is None else articles.get(line.sku, UNKNOWN)


# Payment -----------------------------------------------------------------------------------------


def payment(when: Conditions, purchase: Purchase) -> str | None:
    """Why the means of payment or coupons do not fit."""
    if when.coupons is not None and bool(purchase.coupons) != when.coupons:
        return "without_coupon" if when.coupons else "with_coupon"
    if not when.tenders and not when.brands:
        return None
    if purchase.tenders is UNSET:
        return "other_tender"
    if not when.brands and len(purchase.tenders) == 1:
        return None if purchase.tenders[0].kind in when.tenders else "other_tender"
    fits = [
        (not when.tenders or t.kind in when.tenders) and (not when.brands or (t.brand or "") in when.brands)
        for t in purchase.tenders
        if t.amount
    ]
    if True not in fits:
        return "other_tender"
    return "mixed_tenders" if False in fits else None


# The member --------------------------------------------------------------------------------------


def member_checks(when: Conditions) -> tuple[MemberCheck, ...]:
    """The checks that need facts, in the order in which their reasons are told."""
    checks: list[MemberCheck] = []
    if when.tiers:
        tiers = frozenset(when.tiers)
        checks.append(lambda facts, _: None if _holds(facts, tiers) else ("not_this_tier", {}))
    if when.segments or when.not_segments:
        wanted, unwanted = frozenset(when.segments), frozenset(when.not_segments)
        checks.append(lambda facts, _: _segment(facts, wanted, unwanted))
    if when.birth_month or when.birth_months:
        checks.append(lambda facts, scene: _birth_month(when, facts, scene))
    if when.first_purchase or when.nth_purchase or when.every_nth_purchase:
        checks.append(lambda facts, _: _nth(when, facts))
    if when.days_since_last_min is not None or when.days_since_last_max is not None:
        checks.append(lambda facts, scene: _since_last(when, facts, scene))
    checks += [_signal_check(wanted_signal) for wanted_signal in when.signals]
    return tuple(checks)


def needs_history(when: Conditions) -> bool:
    """Whether the member's earlier purchases are asked for."""
    return bool(
        when.first_purchase
        or when.nth_purchase
        or when.every_nth_purchase
        or when.days_since_last_min is not None
        or when.days_since_last_max is not None
    )


def needs_traits(when: Conditions) -> bool:
    """Whether the member's birth month or segments are asked for."""
    return bool(when.birth_month or when.birth_months or when.segments or when.not_segments)


def _segment(facts: Facts, wanted: frozenset[str], unwanted: frozenset[str]) -> Reason | None:
    held = set(facts.segments)
    return None if (not wanted or held & wanted) and not held & unwanted else ("not_in_segment", {})


def _birth_month(when: Conditions, facts: Facts, scene: Scene) -> Reason | None:
    month = facts.birth_month
    if month is None:
        return "no_birth_date", {}
    fits = (not when.birth_month or month == scene.day.month) and (not when.birth_months or month in when.birth_months)
    return None if fits else ("not_birth_month", {})


def _nth(when: Conditions, facts: Facts) -> Reason | None:
    if when.first_purchase == "channel" and facts.channel_purchases:
        return "not_first_purchase", {}
    if when.first_purchase == "ever" and facts.purchases:
        return "not_first_purchase", {}
    nth = (facts.purchases or 0) + 1
    if (when.nth_purchase and nth not in when.nth_purchase) or (
        when.every_nth_purchase and nth % when.every_nth_purchase
    ):
        return "not_nth_purchase", {"nth": nth}
    return None


def _since_last(when: Conditions, facts: Facts, scene: Scene) -> Reason | None:
    if facts.last_on is None:
        return "no_earlier_purchase", {}
    days = max((scene.day - facts.last_on) // timedelta(days=1), 0)
    if when.days_since_last_min is not None and days < when.days_since_last_min:
        return "too_soon", {"days": days}
    if when.days_since_last_max is not None and days > when.days_since_last_max:
        return "too_late", {"days": days}
    return None


def _signal_check(wanted: SignalIs) -> MemberCheck:
    missing: Reason = ("signal", {"signal": wanted.name})
    return lambda facts, _: None if _shows(wanted, facts.signals.get(wanted.name)) else missing


def _shows(wanted: SignalIs, seen: Seen | None) -> bool:
    if seen is None or (wanted.max_age_minutes is not None and seen.age_minutes > wanted.max_age_minutes):
        return False
    if wanted.values:
        # In Python True equals 1; a signal that says one does not say the other.
        return any(
            seen.value == value and isinstance(seen.value, bool) == isinstance(value, bool) for value in wanted.values
        )
    if isinstance(seen.value, bool | str):
        return False
    return (wanted.at_least is None or seen.value >= wanted.at_least) and (
        wanted.at_most is None or seen.value <= wanted.at_most
    )


def _holds(facts: Facts, tiers: frozenset[str]) -> bool:
    """Whether the member has one of these tiers, in whichever programme of tiers."""
    return facts.tier in tiers or not tiers.isdisjoint(facts.tiers)
