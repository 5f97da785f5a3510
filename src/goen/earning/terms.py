"""What is to be looked at before terms of membership are published (rule 55)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from goen.earning.checks import Problem


def problems(holds_from: date, notice_on: date, today: date, notice_days: int, *, worsening: bool) -> list[Problem]:
    """What is wrong, or unwise, in the dates of new terms that members can read from ``notice_on`` on, today at the
    earliest. Errors forbid publishing, warnings do not."""
    return list(_problems(holds_from, notice_on, max(notice_on, today), notice_days, worsening))


def _problems(
    holds_from: date, notice_on: date, shown_on: date, notice_days: int, worsening: bool
) -> Iterator[Problem]:
    if notice_on > holds_from:
        yield Problem("error", "notice_on", "notice_after_start")
        return
    days = (holds_from - shown_on).days
    if worsening and days < notice_days:
        yield Problem("warning", "notice_on", "notice_short", {"days": max(0, days), "wanted": notice_days})
