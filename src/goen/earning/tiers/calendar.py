"""Windows and evaluation days of a ladder, by the programme's calendar."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache

from goen.earning.expiry import add_months
from goen.earning.tiers.model import Ladder, Window

DAY = timedelta(days=1)
BEGINNING = date(1970, 1, 1)


def window_start(window: Window, last: date) -> date:
    """The first day of the window whose last day is ``last``.

    A rolling window of twelve months that ends on 31 March begins on 1 April of the year before.
    """
    if window.kind == "lifetime":
        return BEGINNING
    if window.kind == "year":
        year = last.year if last.month >= window.first_month else last.year - 1
        return date(year, window.first_month, 1)
    if window.days is not None:
        return max(BEGINNING, last - timedelta(days=window.days - 1))
    return max(BEGINNING, add_months(last + DAY, -window.months))


def is_evaluation_day(ladder: Ladder, day: date) -> bool:
    """Whether tiers may fall on this day."""
    return any(day == _of(pattern, day.year, day.month) for pattern in ladder.evaluation_days)


def evaluation_days(ladder: Ladder, after: date) -> Iterator[date]:
    """The evaluation days after a day, in order, without an end."""
    year, month = after.year, after.month
    while ladder.evaluation_days and year < 9_000:
        found = {_of(p, year, month) for p in ladder.evaluation_days}
        yield from sorted(day for day in found if day is not None and day > after)
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def last_evaluation_day(ladder: Ladder, today: date) -> date | None:
    """The latest evaluation day until today, today included; None where there is none."""
    if not ladder.evaluation_days:
        return None
    year, month = today.year, today.month
    for _ in range(13):
        found = {_of(p, year, month) for p in ladder.evaluation_days}
        if past := [day for day in found if day is not None and day <= today]:
            return max(past)
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    return None  # pragma: no cover - every pattern has a day in twelve months


@lru_cache(maxsize=256)  # A run asks it of every member who changes, always with the same day.
def kept_until(ladder: Ladder, won_on: date) -> date | None:
    """The first day on which a tier won that day may fall (rule 33); None where it never may."""
    days = evaluation_days(ladder, won_on)
    for _ in range(ladder.hold_cycles):
        next(days, None)
    return next(days, None)


def paused(ladder: Ladder, day: date) -> bool:
    """Whether nobody falls on this day."""
    return any(pause.first <= day <= pause.last for pause in ladder.pauses)


def _of(pattern: str, year: int, month: int) -> date | None:
    """The day that a pattern means in this month; None where it means another month."""
    *named, day = (int(part) for part in pattern.split("-"))
    if named and named[0] != month:
        return None
    return date(year, month, min(day, monthrange(year, month)[1]))
