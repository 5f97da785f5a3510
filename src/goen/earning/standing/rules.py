"""When a standing rule gives: pure decisions over days (rules 36, 37, 38)."""

from __future__ import annotations

from calendar import isleap
from datetime import date, datetime, timedelta

from goen.earning.expiry import month_end
from goen.earning.standing.model import Birthday, StandingRule, Visit, Who, WinBack

#: How far into the next month a birthday that is kept on the first is made up for.
MAKE_UP_DAYS = 7


def birthday_in(birth: date, year: int, on: str) -> date:
    """The day in this year on which a birthday is kept: the first of its month, or the day itself; 29 February is the
    28th in a common year (rule 36)."""
    if on == "first":
        return date(year, birth.month, 1)
    if (birth.month, birth.day) == (2, 29) and not isleap(year):
        return date(year, 2, 28)
    return birth.replace(year=year)


def birthday_due(rule: Birthday, birth: date, joined: date, today: date, begun: date = date.min) -> date | None:
    """The birthday that is due today, or may still be made up for; None: none is, or it was over when the rule had not
    ``begun`` to give.

    Whoever joins in the month of birth has it still where it is kept on the first; a week of the next month is left for
    who joins, or tells the date, on its last days.
    """
    for year in (today.year, today.year - 1):
        day = birthday_in(birth, year, rule.on)
        kept = month_end(day) if rule.on == "first" else day
        last = kept + timedelta(days=MAKE_UP_DAYS if rule.on == "first" else rule.days - 1)
        member = joined + timedelta(days=rule.member_days) <= min(kept, today)
        if day <= today <= last and begun <= kept and member and birth <= day:
            return day
    return None


def lapse_due(rule: WinBack, last_on: date | None, today: date) -> date | None:
    """The last purchase since which a member is away long enough, and not too long; it names the lapse."""
    if last_on is None:
        return None
    away = (today - last_on).days
    return last_on if rule.days <= away <= (rule.days_max or away) else None


def visit_occasion(rule: Visit, shop: str, day: date) -> str:
    """What one check-in counts for: a day, in a shop or anywhere (rule 37)."""
    return f"{day}/{shop}" if rule.per == "shop" else f"{day}"


def open_at(rule: StandingRule, now: datetime) -> bool:
    """Whether the rule's own time has come and is not over."""
    begun = rule.starts_at is None or rule.starts_at <= now
    return begun and (rule.ends_at is None or now < rule.ends_at)


def concerns(rule: StandingRule, tiers: set[str | None], segments: tuple[str, ...], shop: str | None) -> str | None:
    """Why the rule is not for this member here, or None."""
    return in_circle(rule.who, tiers, segments, shop)


def in_circle(who: Who, tiers: set[str | None], segments: tuple[str, ...], shop: str | None) -> str | None:
    """Why somebody is not one of those whom something is for, or None."""
    if who.shops and shop not in who.shops:
        return "not_this_shop"
    if who.tiers and not tiers & set(who.tiers):
        return "not_this_tier"
    if (who.segments and not set(who.segments) & set(segments)) or set(who.not_segments) & set(segments):
        return "not_this_segment"
    return None
