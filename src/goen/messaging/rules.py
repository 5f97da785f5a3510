"""When is a notice due, and when may it be sent? Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from goen.messaging.model import Due, Hours


def due(days: Iterable[int], today: date, since: date | None) -> list[Due]:
    """Last days of points to tell of today, where the day ``since`` was the last on which that was asked.

    Each threshold reaches the days that came within it after ``since`` (None: yesterday, so that a new installation
    tells nobody of thresholds long past). After an outage the smallest threshold of a day stands for the larger
    ones: nobody is told twice at once.
    """
    since = today - timedelta(days=1) if since is None else min(since, today)
    found: dict[date, int] = {}
    for threshold in sorted(set(days)):
        for ahead in range(threshold, -1, -1):
            last_day = today + timedelta(days=ahead)
            if last_day <= since + timedelta(days=threshold):
                break
            found.setdefault(last_day, threshold)
    return [Due(day, found[day]) for day in sorted(found)]


def open_at(hours: Hours, local: datetime) -> bool:
    """Whether notices may be sent at this local time; with equal hours always."""
    start, end = hours
    return start <= local.hour < end if start < end else start == end or not end <= local.hour < start


def send_from(hours: Hours, now: datetime, zone: ZoneInfo) -> datetime:
    """From when a notice of this moment may be sent: now, or when the hours for it begin again."""
    local = now.astimezone(zone)
    if open_at(hours, local):
        return now
    begins = datetime.combine(local.date(), time(hours.first % 24), zone)
    return begins if begins > local else datetime.combine(local.date() + timedelta(days=1), begins.timetz())
