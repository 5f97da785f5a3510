"""When an issued coupon may be used: days counted from the day of issue."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from goen.earning.coupons.model import CouponKind, Period
from goen.vocabulary.clock import Instant, business_day


def usable(period: Period | None, zone: ZoneInfo, issued_at: Instant) -> tuple[datetime | None, datetime | None]:
    """From when on and until when (the first instant after) a code may be used that is issued at this instant."""
    if period is None:
        return None, None
    day = business_day(issued_at, zone)
    start = issued_at
    if period.after:
        start = datetime.combine(day + timedelta(days=period.after), datetime.min.time(), zone)
    end = datetime.combine(day + timedelta(days=period.after + period.days), datetime.min.time(), zone)
    return start, end


def over(kind: CouponKind, zone: ZoneInfo, issued_at: Instant) -> bool:
    """Whether a code issued at this instant could never be used, because the kind's own end comes first."""
    start, _ = usable(kind.issued, zone, issued_at)
    return kind.ends_at is not None and kind.ends_at <= (start or issued_at)
