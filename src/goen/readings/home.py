"""How does today go? Against yesterday and the same weekday last week, by hour and by shop; and what stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from goen.analytics import figures
from goen.analytics.figures import Day, Total
from goen.database.pool import Database

DAYS = 28


class Sums(NamedTuple):
    """One day, or one day of a shop. ``net`` is what was charged less what went back, minor units."""

    sales: int = 0
    net: int = 0
    of_members: int = 0
    earned: int = 0
    used: int = 0
    joined: int = 0

    def and_(self, more: Sums) -> Sums:
        return Sums(*(a + b for a, b in zip(self, more, strict=True)))

    @property
    def share(self) -> int | None:
        """Per cent of the money that came from members; None without money."""
        return None if self.net <= 0 else round(100 * self.of_members / self.net)


class ShopDay(NamedTuple):
    """A shop today and on the days it is compared with, up to the same hour."""

    shop_id: int
    today: Sums
    before: Sums
    week: Sums


class HourOfDay(NamedTuple):
    """An hour of today, and the same one a week ago."""

    hour: int
    today: Sums
    week: Sums


class Home(NamedTuple):
    """``today`` is compared with the same hours of ``before`` (yesterday) and ``week`` (seven days ago). ``hours`` are
    those between the first and the last of these two days in which anything was, the rest of that day included."""

    day: date
    today: Sums
    before: Sums
    week: Sums
    shops: Sequence[ShopDay]
    hours: Sequence[HourOfDay]
    days: Sequence[Day]
    total: Total


async def home(database: Database, today: date, hour: int, shops: Iterable[int]) -> Home:
    """The figures as of this hour of today; ``shops`` empty: of every shop."""
    shops = list(shops)
    before, week = today - timedelta(days=1), today - timedelta(days=7)
    async with database.snapshot() as connection:
        rows = await figures.hours(connection, [today, before, week], shops)
        past = await figures.days(connection, today - timedelta(days=DAYS - 1), today, shops)
        total = await figures.total(connection)
    sums: dict[tuple[date, int], Sums] = {}
    none = Sums()
    by_hour: dict[tuple[date, int], Sums] = {}
    for row in rows:
        net = row.amount - row.refunded
        add = Sums(row.sales, net, net if row.is_member else 0, row.earned, row.used, row.joined)
        by_hour[row.day, row.hour] = by_hour.get((row.day, row.hour), none).and_(add)
        if row.day != today and row.hour > hour:
            continue
        for shop_id in (row.shop_id, -1):
            sums[row.day, shop_id] = sums.get((row.day, shop_id), none).and_(add)
    open_hours = [at for day, at in by_hour if day != before]
    found = sorted({shop_id for _, shop_id in sums if shop_id > 0})
    known = {each.day: each for each in past}
    whole = [
        known.get(day, Day(day, 0, 0, 0, 0, 0, 0))
        for day in (today - timedelta(days=DAYS - 1 - n) for n in range(DAYS))
    ]
    return Home(
        today,
        sums.get((today, -1), none),
        sums.get((before, -1), none),
        sums.get((week, -1), none),
        [
            ShopDay(each, sums.get((today, each), none), sums.get((before, each), none), sums.get((week, each), none))
            for each in found
        ],
        [
            HourOfDay(at, by_hour.get((today, at), none), by_hour.get((week, at), none))
            for at in range(min(open_hours, default=0), max(open_hours, default=-1) + 1)
        ],
        whole,
        total,
    )
