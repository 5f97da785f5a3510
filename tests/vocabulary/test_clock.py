"""Instants and business days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from goen.vocabulary.clock import SystemClock, business_day, start_of

TOKYO = ZoneInfo("Asia/Tokyo")
PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("moment", "zone", "day_starts", "day"),
    [
        ("2026-11-22T14:59:59+00:00", TOKYO, 0, date(2026, 11, 22)),
        ("2026-11-22T15:00:00+00:00", TOKYO, 0, date(2026, 11, 23)),
        ("2026-11-23T02:30:00+09:00", TOKYO, 5, date(2026, 11, 22)),
        ("2026-11-23T05:00:00+09:00", TOKYO, 5, date(2026, 11, 23)),
        # The night the clocks go forward: 05:30 in Paris is four and a half hours after midnight.
        ("2026-03-29T03:30:00+00:00", PARIS, 5, date(2026, 3, 29)),
        ("2026-03-29T02:59:00+00:00", PARIS, 5, date(2026, 3, 28)),
    ],
)
def test_the_business_day_turns_at_the_shops_own_hour(moment: str, zone: ZoneInfo, day_starts: int, day: date) -> None:
    assert business_day(datetime.fromisoformat(moment), zone, timedelta(hours=day_starts)) == day


def test_a_day_starts_at_local_midnight() -> None:
    assert start_of(date(2026, 11, 22), TOKYO) == datetime(2026, 11, 21, 15, tzinfo=UTC)


def test_the_system_clock_gives_instants() -> None:
    assert SystemClock().now().tzinfo is UTC
    with pytest.raises(AssertionError, match="offset"):
        business_day(datetime(2026, 11, 22), TOKYO)
