"""When points expire, which year they belong to, and when provisional points are confirmed.

All dates are dates of the programme's time zone. A lot is valid through 23:59:59 of its expiry date
(rule 14): it is dead from 00:00 of the next day. Regular and limited-time points never mix (rule 13).
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, time, timedelta, tzinfo

from goen.earning.programme import Activity, Expiry, Programme

#: Beyond any lot's life; later dates than a calendar can hold are kept at its last day.
LAST_DATE = date.max


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or that month's last day where it is shorter (29 Feb, 31st)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > LAST_DATE.year:
        return LAST_DATE
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def month_end(day: date) -> date:
    """The last day of the month of ``day``."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def grant_year(programme: Programme, granted_on: date) -> int:
    """The fiscal year of a grant, named after the calendar year it starts in (rules 50 and 62)."""
    return _year_of(granted_on, programme.fiscal_year_start_month)


def expires_on(programme: Programme, granted_on: date) -> date | None:
    """The last day of a regular lot granted on that day (rule 12); None: it never expires.

    In mode ``sliding`` this is the common date that an activity on ``granted_on`` sets.
    """
    expiry = programme.expiry
    match expiry.mode:
        case "days":
            return _add_days(granted_on, expiry.days)
        case "months":
            return add_months(granted_on, expiry.months)
        case "month_end":
            return month_end(add_months(granted_on.replace(day=1), expiry.months))
        case "fiscal_year":
            return _fiscal_year_end(expiry, granted_on)
        case "sliding":
            return _slide(expiry, granted_on)
        case "none":
            return None


def limited_expires_on(programme: Programme, granted_on: date) -> date:
    """The last day of limited-time points granted without a date of their own (rule 13)."""
    return _add_days(granted_on, programme.expiry.limited_days)


def slides_to(programme: Programme, current: date | None, active_on: date, activity: Activity) -> date | None:
    """The common date of all regular lots after ``activity`` on ``active_on`` (rule 12 d).

    ``current`` is the common date so far, None where there is none; it comes back unchanged where the mode
    does not slide or the activity does not count. A late or older activity never shortens it. Move only
    lots that are alive on ``active_on``: an activity after their date revives nothing.
    """
    expiry = programme.expiry
    if expiry.mode != "sliding" or activity not in expiry.activity:
        return current
    moved = _slide(expiry, active_on)
    return moved if current is None else max(current, moved)


def grace_until(programme: Programme, returned_on: date) -> date | None:
    """The last day of used points restored after their lot expired (rule 26); None: they are lost."""
    returns = programme.returns
    return _add_days(returned_on, returns.grace_days) if returns.expired_used == "grace" else None


def confirms_on(programme: Programme, completed_on: date) -> date:
    """The day at whose 00:00 web earnings become spendable (rule 9); the same day: at once."""
    return _add_days(completed_on, programme.provisional_days)


def dead_from(last_day: date, zone: tzinfo) -> datetime:
    """The instant at which a lot with this expiry date is dead: 00:00 of the next day (rule 14)."""
    return datetime.combine(_add_days(last_day, 1), time(), zone)


def starts_at(day: date, zone: tzinfo) -> datetime:
    """00:00 of a day: when points confirmed ``confirms_on`` that day become spendable."""
    return datetime.combine(day, time(), zone)


def claimable_until(programme: Programme, sold_on: date) -> date:
    """The last day on which a receipt of that business date may be claimed (rules 11 and 39)."""
    return _add_days(sold_on, programme.claim_window_days)


def _year_of(day: date, start_month: int) -> int:
    return day.year - (day.month < start_month)


def _fiscal_year_end(expiry: Expiry, day: date) -> date:
    """``years`` after the end of the programme year that ``day`` lies in."""
    next_start = _year_of(day, expiry.year_start_month) + 1 + expiry.years
    if next_start > LAST_DATE.year:
        return LAST_DATE
    return date(next_start, expiry.year_start_month, 1) - timedelta(days=1)


def _slide(expiry: Expiry, day: date) -> date:
    if expiry.slide_to == "same_day":
        return add_months(day, expiry.months)
    # "A year, to the end of the month before": from 22 November to 31 October of next year.
    return month_end(add_months(day.replace(day=1), expiry.months - 1))


def _add_days(day: date, days: int) -> date:
    if (LAST_DATE - day).days < days:
        return LAST_DATE
    return day + timedelta(days=days)
