"""Campaigns by the calendar, and a campaign over the past: what it would have given."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import Any, NamedTuple

import msgspec
from litestar import Response

from goen.actions import backtests as actions
from goen.actions import campaigns as campaign_actions
from goen.earning.campaigns.backtest import Part
from goen.earning.campaigns.errors import UnknownCampaign
from goen.readings import campaigns as readings
from goen.readings.backtest import BacktestAnswer
from goen.shops import campaigns as store
from goen.vocabulary.refusal import InvalidRequest
from goen.web.common.visits import Visit, moved
from goen.web.office.campaigns import READ, Used, budget_of, names_of
from goen.web.office.frame import shown

RUNS = 10
#: A chart by days shows so many at most.
DAYS = 92


class Bar(NamedTuple):
    """A campaign in a month: from day ``begin`` (0 is the first) for ``days`` days of it."""

    kept: readings.Kept
    begin: int
    days: int
    budget: Used | None


async def calendar(visit: Visit) -> Response[Any]:
    """A month with the campaigns that run in it or are planned for it."""
    zone, today = visit.known.context.zone, visit.known.context.day_of(visit.now)
    first = _month(visit.query.get("month", ""), today)
    length = monthrange(first.year, first.month)[1]
    last = first + timedelta(days=length - 1)
    found: list[readings.Kept] = []
    cursor: str | None = None
    async with visit.known.database.reading() as connection:
        while True:
            some, cursor = await readings.listed(connection, visit.known.context.campaigns, visit.now, READ, cursor)
            found += some
            if cursor is None:
                break
        accounts = [account for each in found for account in campaign_actions.shared_accounts(each.campaign)]
        drawn = await store.drawn_on(connection, accounts)
    bars = []
    for each in found:
        one = each.campaign
        start = max(first, one.starts_at.astimezone(zone).date() if one.starts_at else first)
        # What ends at midnight does not run on the day that begins then.
        end = min(last, (one.ends_at - timedelta(microseconds=1)).astimezone(zone).date() if one.ends_at else last)
        if start <= end and each.state != "stopped":
            bars.append(Bar(each, (start - first).days, (end - start).days + 1, budget_of(one, drawn)))
    bars.sort(key=lambda bar: (bar.begin, -bar.days, bar.kept.campaign.code))
    days = [first + timedelta(days=n) for n in range(length)]
    return shown(
        visit, "campaign_calendar.html", "campaigns", bars=bars, days=days, first=first, today=today,
        before=(first - timedelta(days=1)).replace(day=1), after=last + timedelta(days=1),
    )  # fmt: skip


async def backtest(visit: Visit) -> Response[Any]:
    """The form, the run that goes on, and what earlier ones found."""
    code, version = visit.path["code"], _number(visit.query.get("version", ""))
    async with visit.known.database.reading() as connection:
        kept = await readings.kept(connection, visit.known.context.campaigns, code, visit.now, version)
        runs = await actions.latest(connection, code, RUNS, visit.now)
    if kept is None:
        raise UnknownCampaign(code)
    asked = _number(visit.query.get("run", ""))
    chosen = next((each for each in runs if each.run_id == asked), None)
    going = next((each for each in runs if each.state == "running"), None)
    if chosen is None and going is None:
        chosen = next((each for each in runs if each.answer is not None), None)
    found = None if chosen is None else _found(chosen)
    values: dict[str, Any] = {
        "kept": kept, "campaign": kept.campaign, "going": going, "chosen": chosen,
        "runs": [(each, _found(each)) for each in runs], "found": found,
        "by_day": [] if found is None else _days(found),
        "names_by_code": names_of(visit), "today": visit.known.context.day_of(visit.now),
        "other_names": visit.known.context.campaigns.names(visit.language),
    }  # fmt: skip
    if visit.fragment:
        return visit.page("office/backtest_runs.html", **values)
    return shown(visit, "backtest.html", "campaigns", **values)


async def run_backtest(visit: Visit) -> Response[Any]:
    """Begin one."""
    code, form = visit.path["code"], visit.form
    first, last = _day(form.get("first", ""), "first"), _day(form.get("last", ""), "last")
    if first is not None and last is not None and last < first:
        raise InvalidRequest("last", "is before the first day")
    async with visit.known.database.reading() as connection:
        context = visit.known.context
        kept = await readings.kept(connection, context.campaigns, code, visit.now, _number(form.get("version", "")))
    if kept is None:
        raise UnknownCampaign(code)
    version = kept.campaign.version
    await actions.start(visit.known.database, visit.known.clock, code, version, first, last, visit.staff.author)
    return moved(f"/office/campaigns/{code}/backtest?version={version}")


def _found(run: actions.Run) -> BacktestAnswer | None:
    return None if run.answer is None else msgspec.json.decode(run.answer, type=BacktestAnswer)


def _days(found: BacktestAnswer) -> list[tuple[date, Part]]:
    """Every day from the first on which anything was given to the last; of more than a quarter, the last of them."""
    if not found.by_day:
        return []
    last = date.fromisoformat(max(found.by_day))
    first = max(date.fromisoformat(min(found.by_day)), last - timedelta(days=DAYS - 1))
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [(day, found.by_day.get(day.isoformat(), Part(0, 0))) for day in days]


def _month(asked: str, today: date) -> date:
    try:
        return date.fromisoformat(f"{asked}-01") if asked else today.replace(day=1)
    except ValueError:
        raise InvalidRequest("month", "is a month, as in 2026-11") from None


def _day(asked: str, name: str) -> date | None:
    try:
        return date.fromisoformat(asked) if asked else None
    except ValueError:
        raise InvalidRequest(name, "is a day") from None


def _number(asked: str) -> int | None:
    return int(asked) or None if asked.isascii() and asked.isdigit() and len(asked) < 10 else None
