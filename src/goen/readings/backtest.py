"""The past, sale by sale, for a back-test: read in one snapshot, a piece at a time, whatever its length."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import date, datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from goen.database.pool import Database, Reading
from goen.database.queries import load
from goen.earning.basket import without_points
from goen.earning.campaigns.backtest import Backtest, Figures, Known, Past, Traits
from goen.earning.campaigns.catalogue import Campaigns
from goen.earning.campaigns.conditions import needs_history, needs_traits
from goen.earning.campaigns.model import Campaign
from goen.earning.campaigns.scene import Article, Place
from goen.earning.campaigns.signals import Signal, Signals
from goen.earning.catalogue import Programmes
from goen.earning.coupons.model import from_json as coupon_kind
from goen.earning.decision import Decision
from goen.earning.remainder import Returned
from goen.earning.tiers.calendar import window_start
from goen.earning.tiers.model import Ladder
from goen.purchases.model import Purchase
from goen.readings.campaigns import SIGNALS_KEPT
from goen.shops import campaigns as store
from goen.shops.directory import ShopDirectory

PIECE = 2_000
_queries = load(__package__, "backtest.sql")


class _Since(msgspec.Struct, frozen=True):
    """Of what became of a sale, what a back-test looks at."""

    returned: Returned = Returned()
    revision: Purchase | None = None


_NOTHING_SINCE = _Since()
_document = msgspec.json.Decoder(Purchase).decode
_decision = msgspec.json.Decoder(Decision).decode
_since = msgspec.json.Decoder(_Since).decode


class Span(NamedTuple):
    """Trading days, both included."""

    first: date
    last: date


class TierMoved(msgspec.Struct, frozen=True, rename={"before": "from", "after": "to"}):
    """So many members of a programme of tiers would have reached another tier by what they earned in its window."""

    programme: str
    before: str | None
    after: str | None
    members: int


class BacktestAnswer(Figures, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """A back-test of a version over the trading days ``from`` and ``to``, both included.

    ``tiers``: who would have reached another tier by the last day, in programmes of tiers that go by points; what
    keeps a tier (keep levels, cycles, tiers by hand) is left aside.
    """

    code: str
    version: int
    first: date
    last: date
    tiers: tuple[TierMoved, ...] = ()


async def backtest(
    database: Database,
    campaign: Campaign,
    shops: ShopDirectory,
    programmes: Programmes,
    campaigns: Campaigns,
    zone: ZoneInfo,
    today: date,
    first: date | None = None,
    last: date | None = None,
    heard: Callable[[int, int], None] | None = None,
) -> BacktestAnswer:
    """What the campaign would have given from ``first`` to ``last``; without days over all that was sold. ``heard`` is
    told after each piece how many sales were looked at, and of how many."""
    async with database.snapshot() as connection:
        row = await connection.fetchrow(_queries.span.sql)
        assert row is not None
        span = Span(first or row["first"] or today, last or row["last"] or today)
        asked = [each.conditions for each in (campaign, *campaigns.versions)]
        ladders = programmes.at(datetime.combine(today, time.max, zone)).programme.tier_programmes
        windows = {
            code: window_start(ladder.window, span.last)
            for code, ladder in ladders.items()
            if ladder.measure == "points"
        }
        signals = Signals()
        since = datetime.combine(span.first, time(), zone) - SIGNALS_KEPT
        signals.add(Signal(*each) for each in await store.signals_after(connection, 0, since))
        test = Backtest(
            campaign, programmes, campaigns, signals, zone,
            articles=await _articles(connection),
            traits=await _traits(connection) if any(map(needs_traits, asked)) else {},
            known=await _known(connection, span.first) if any(map(needs_history, asked)) else {},
            kinds=await _kinds_over(connection),
            windows=windows,
        )  # fmt: skip
        # Prices are changed for guests too.
        asking = (span.first, span.last, bool(campaign.price_effects))
        sales = 0 if heard is None else await connection.fetchval(_queries.count.sql, *asking)
        done = 0
        async for past in _sales(connection, shops, asking):
            test.take(past)
            done += 1
            if heard is not None and done % PIECE == 0:
                heard(done, sales)
        moved = [
            each for code, gained in test.gained.items()
            async for each in _moved(connection, code, ladders[code], windows[code], span.last, gained)
        ]  # fmt: skip
        found = msgspec.structs.asdict(test.figures())
        return BacktestAnswer(
            **found, code=campaign.code, version=campaign.version, first=span.first, last=span.last, tiers=tuple(moved)
        )


async def _moved(
    connection: Reading, code: str, ladder: Ladder, since: date, last: date, gained: Mapping[int, int]
) -> AsyncIterator[TierMoved]:
    """Who of these people stands on another level with what they would have earned more."""
    counted: Counter[tuple[int, int]] = Counter()
    people = list(gained)
    for start in range(0, len(people), PIECE):
        piece = people[start : start + PIECE]
        for person, points in await connection.fetch(_queries.points_counted.sql, piece, since, last):
            before, after = ladder.reached(points), ladder.reached(points + gained[person])
            if before != after:
                counted[before, after] += 1
    for (before, after), members in sorted(counted.items()):
        yield TierMoved(code, ladder.tier(before), ladder.tier(after), members)


async def _sales(connection: Reading, shops: ShopDirectory, asking: tuple[date, date, bool]) -> AsyncIterator[Past]:
    places: dict[int, Place] = {}
    keys = await connection.cursor(_queries.keys.sql, *asking)
    while piece := await keys.fetch(PIECE):
        members, ids = [row["member_id"] for row in piece], [row["purchase_id"] for row in piece]
        for person, shop_id, moment, day, document, decision, progress, completed in await connection.fetch(
            _queries.sales.sql, members, ids
        ):
            place = places.get(shop_id)
            if place is None:
                shop = shops.by_id(shop_id)
                place = places[shop_id] = Place(shop.code, shop.kind, shop.region)
            since = _NOTHING_SINCE if progress is None else _since(progress)
            sold = since.revision or _document(document)
            decided = _decision(decision)
            sold = without_points(sold, decided.facts.excluded)
            yield Past(person, place, moment, day, sold, decided, since.returned, completed)


async def _kinds_over(connection: Reading) -> dict[str, datetime]:
    """From when on kinds of coupons were not issued any more: stopped, or at their own end."""
    found = {}
    for code, stopped_at, document in await connection.fetch(_queries.kinds_over.sql):
        ends = [at for at in (stopped_at, coupon_kind(document.encode()).ends_at) if at is not None]
        if ends:
            found[code] = min(ends)
    return found


async def _articles(connection: Reading) -> dict[str, Article]:
    rows = await connection.fetch(_queries.all_articles.sql)
    return {row[0]: Article(row[1], row[2], row[3], frozenset(row[4]), row[5]) for row in rows}


async def _traits(connection: Reading) -> dict[int, Traits]:
    rows = await connection.fetch(_queries.everybodys_traits.sql)
    return {row[0]: Traits(row[1], tuple(row[2])) for row in rows if row[1] is not None or row[2]}


async def _known(connection: Reading, first: date) -> dict[int, Known]:
    return {row[0]: Known(*row[1:]) for row in await connection.fetch(_queries.earlier.sql, first)}
