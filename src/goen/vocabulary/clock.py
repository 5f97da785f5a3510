"""Time: instants, and the business day of a shop.

Code receives ``now`` as an argument or a :class:`Clock` as a value. Only edges hold a
:class:`SystemClock`; tests hold one they can set.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Protocol, TypeAlias
from zoneinfo import ZoneInfo

Instant: TypeAlias = datetime
"""A moment, always with an offset. Naive datetimes are our own mistake."""


class Clock(Protocol):
    """Something that knows what time it is."""

    def now(self) -> Instant:
        """The present moment, in UTC, with microseconds."""


class SystemClock:
    """The wall clock. For edges alone."""

    def now(self) -> Instant:
        return datetime.now(UTC)


def business_day(moment: Instant, zone: ZoneInfo, day_starts: timedelta = timedelta(0)) -> date:
    """The shop's day that ``moment`` falls on.

    ``day_starts`` is how long after local midnight the trading day turns: with five hours, 02:30 still
    belongs to the evening before. The shift is taken on the local clock, so it is not an hour off on
    days when the clocks change.
    """
    assert moment.tzinfo is not None, "an instant has an offset"
    return (moment.astimezone(zone).replace(tzinfo=None) - day_starts).date()


def start_of(day: date, zone: ZoneInfo) -> Instant:
    """The first moment of a calendar day in this time zone, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
