"""Expiry dates, grant years, confirmation: calendars with their corners (rules 9, 12 to 14, 26, 50)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goen.earning import DEFAULT, Programme
from goen.earning.expiry import (
    add_months,
    claimable_until,
    confirms_on,
    dead_from,
    expires_on,
    grace_until,
    grant_year,
    limited_expires_on,
    slides_to,
    starts_at,
)
from goen.earning.programme import Expiry, Returns

TOKYO = ZoneInfo("Asia/Tokyo")
dates = st.dates(date(2000, 1, 1), date(2100, 12, 31))


def day(text: str) -> date:
    return date.fromisoformat(text)


def programme(**expiry) -> Programme:
    return Programme(expiry=Expiry(**expiry))


SUGI = {"mode": "fiscal_year", "years": 10, "year_start_month": 3}
RAKUTEN = {"mode": "sliding", "months": 12, "slide_to": "end_of_month_before"}


@pytest.mark.parametrize(
    ("expiry", "granted", "last_day"),
    [
        ({"mode": "days", "days": 365}, "2026-11-22", "2027-11-22"),
        ({"mode": "days", "days": 1}, "2028-02-28", "2028-02-29"),
        ({"mode": "months", "months": 6}, "2026-08-31", "2027-02-28"),
        ({"mode": "months", "months": 12}, "2028-02-29", "2029-02-28"),
        ({"mode": "months", "months": 48}, "2028-02-29", "2032-02-29"),
        ({"mode": "month_end", "months": 12}, "2026-11-22", "2027-11-30"),
        ({"mode": "month_end", "months": 12}, "2027-02-01", "2028-02-29"),
        ({"mode": "month_end", "months": 1}, "2026-01-31", "2026-02-28"),
        (SUGI, "2026-02-28", "2036-02-29"),
        (SUGI, "2026-03-01", "2037-02-28"),
        ({"mode": "fiscal_year", "years": 0}, "2026-04-01", "2027-03-31"),
        ({"mode": "fiscal_year", "years": 1}, "2027-03-31", "2028-03-31"),
        ({"mode": "sliding", "months": 12}, "2028-02-29", "2029-02-28"),
        (RAKUTEN, "2026-11-22", "2027-10-31"),
        (RAKUTEN, "2027-03-31", "2028-02-29"),
        (RAKUTEN, "2027-01-01", "2027-12-31"),
        ({"mode": "days", "days": 36_500}, "9999-01-01", "9999-12-31"),
        ({"mode": "fiscal_year", "years": 100}, "9950-01-01", "9999-12-31"),
        ({"mode": "month_end", "months": 1200}, "9950-01-01", "9999-12-31"),
    ],
)
def test_rule_12_each_mode_dates_a_lot(expiry, granted, last_day):
    assert expires_on(programme(**expiry), day(granted)) == day(last_day)


def test_rule_12_default_is_month_end_twelve_months_later_and_none_never_expires():
    assert expires_on(DEFAULT, day("2026-11-22")) == day("2027-11-30")
    assert expires_on(programme(mode="none"), day("2026-11-22")) is None


@pytest.mark.parametrize(
    ("activity", "current", "active_on", "after"),
    [
        ("earn", None, "2026-11-22", "2027-11-22"),
        ("earn", "2027-01-10", "2026-11-22", "2027-11-22"),
        ("use", "2027-01-10", "2026-11-22", "2027-01-10"),  # Not an activity of this programme.
        ("earn", "2027-12-31", "2026-11-22", "2027-12-31"),  # A late sale does not shorten.
        ("earn", "2026-11-21", "2026-11-22", "2027-11-22"),  # New points, new date; dead lots stay put.
        ("earn", "2026-11-22", "2026-11-22", "2027-11-22"),  # The last day still counts.
    ],
)
def test_rule_12_sliding_moves_one_common_date_on_activity(activity, current, active_on, after):
    made = programme(mode="sliding", months=12, activity=("earn", "purchase"))
    before = day(current) if current else None
    assert slides_to(made, before, day(active_on), activity) == day(after)


def test_rule_12_other_modes_never_slide():
    assert slides_to(DEFAULT, day("2027-01-31"), day("2026-11-22"), "earn") == day("2027-01-31")


def test_rule_13_limited_points_have_their_own_dates_in_every_mode():
    for mode in ("days", "months", "month_end", "fiscal_year", "sliding", "none"):
        made = programme(mode=mode, limited_days=14)
        assert limited_expires_on(made, day("2026-12-25")) == day("2027-01-08")


def test_rule_14_a_lot_is_valid_through_the_last_second_of_its_date():
    dead = dead_from(day("2027-11-30"), TOKYO)
    assert dead == datetime.fromisoformat("2027-12-01T00:00:00+09:00")
    assert dead - timedelta(seconds=1) == datetime.fromisoformat("2027-11-30T23:59:59+09:00")


@pytest.mark.parametrize(("wait", "confirmed"), [(0, "2026-12-28"), (7, "2027-01-04"), (14, "2027-01-11")])
def test_rule_9_provisional_points_are_confirmed_at_midnight_of_day_n(wait, confirmed):
    made = Programme(provisional_days=wait)
    assert confirms_on(made, day("2026-12-28")) == day(confirmed)
    assert starts_at(day(confirmed), TOKYO).isoformat() == f"{confirmed}T00:00:00+09:00"


@pytest.mark.parametrize(
    ("start", "granted", "year"),
    [(4, "2027-03-31", 2026), (4, "2027-04-01", 2027), (1, "2027-01-01", 2027), (3, "2028-02-29", 2027)],
)
def test_rule_50_every_grant_has_a_fiscal_year(start, granted, year):
    assert grant_year(Programme(fiscal_year_start_month=start), day(granted)) == year


def test_rule_26_expired_used_points_are_lost_or_get_days_of_grace():
    assert grace_until(DEFAULT, day("2026-11-22")) is None
    made = Programme(returns=Returns(expired_used="grace", grace_days=10))
    assert grace_until(made, day("2026-11-22")) == day("2026-12-02")


def test_rule_39_a_receipt_can_be_claimed_for_thirty_days():
    assert claimable_until(DEFAULT, day("2026-11-22")) == day("2026-12-22")


@given(dates, st.integers(0, 240))
def test_months_are_added_without_leaving_the_month_meant(start, months):
    later = add_months(start, months)
    assert (later.year * 12 + later.month) - (start.year * 12 + start.month) == months
    assert later.day == start.day or (later + timedelta(days=1)).day == 1


@given(dates, st.sampled_from(["days", "months", "month_end", "fiscal_year", "sliding"]))
def test_rule_12_a_later_grant_never_expires_earlier(granted, mode):
    made = programme(mode=mode)
    assert granted <= expires_on(made, granted) <= expires_on(made, granted + timedelta(days=1))
