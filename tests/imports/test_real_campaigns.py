"""The campaigns and coupons of a real year, rebuilt as a Goen programme and replayed through the import.

The Complete Journey (a grocery chain, 2017): 27 campaigns mailed 410 times to 104 households, each with coupons for
lists of products, 103 of which 24 households redeemed. Every mailing becomes a segment, every campaign a campaign,
every coupon of it a kind with a public code. The year is moved by whole weeks into the test's own future.
"""

from __future__ import annotations

import csv
import gzip
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from conftest import SettableClock
from goen.actions.campaigns import activate, create, shared_accounts
from goen.actions.coupons import create as create_kind
from goen.actions.members.segments import put_segments
from goen.cli.importing import Books, open_books
from goen.database.pool import Database
from goen.earning.campaigns.model import Campaign, Conditions, Limit, PointsEffect, Products
from goen.earning.coupons.model import AmountOff, Combination, CouponKind, Uses
from goen.shops.campaigns import drawn_on
from goen.shops.model import Principal
from imports.builders import bring, open_shops, proven, rows, value

pytestmark = pytest.mark.slow

#: From the Monday on which the first campaign began to the first Monday of the test's future.
SHIFT = timedelta(weeks=523)
#: The data's clock is UTC of a chain on the American east coast; redemptions are dated there.
CLOCK = timedelta(hours=-5)
#: A redemption's worth is told by the line's ``coupon_disc``; where that is 0, by what most coupons were worth.
USUAL = 100
BONUS = 10

Coupon = tuple[str, str]


class Redeemed(NamedTuple):
    """One redemption: by whom, of which coupon, on which receipt, and whether that has goods of the coupon."""

    household: str
    coupon: Coupon
    basket: str
    fits: bool


class Journey:
    """The year as the files tell it. ``products`` are a coupon's, ``mailed`` the campaigns of a household."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.campaigns = {
            row["campaign_id"]: (date.fromisoformat(row["start_date"]), date.fromisoformat(row["end_date"]))
            for row in self._rows("campaign_descriptions")
        }
        self.mailed: dict[str, list[str]] = defaultdict(list)
        for row in self._rows("campaigns"):
            self.mailed[row["household_id"]].append(row["campaign_id"])
        self.products: dict[Coupon, set[str]] = defaultdict(set)
        for row in self._rows("coupons"):
            self.products[row["campaign_id"], row["coupon_upc"]].add(row["product_id"])
        self.baskets: dict[str, list[dict[str, str]]] = defaultdict(list)
        for row in self._rows("transactions"):
            self.baskets[row["basket_id"]].append(row)
        self.redeemed = list(self._redeemed())

    def _rows(self, name: str) -> Iterator[dict[str, str]]:
        with gzip.open(self._folder / f"{name}.csv.gz", "rt", newline="") as lines:
            yield from csv.DictReader(lines)

    def _redeemed(self) -> Iterator[Redeemed]:
        """Each redemption on the household's basket of that day that shows it best."""
        of_day: dict[tuple[str, str], list[str]] = defaultdict(list)
        for number, lines in self.baskets.items():
            of_day[lines[0]["household_id"], at(lines[0]).date().isoformat()].append(number)
        for row in self._rows("coupon_redemptions"):
            coupon = row["campaign_id"], row["coupon_upc"]

            def shows(number: str, coupon: Coupon = coupon) -> tuple[int, bool, int]:
                lines = self.baskets[number]
                return self.worth(number, coupon), self._fits(number, coupon), sum(yen(x["sales_value"]) for x in lines)

            best = max(of_day[row["household_id"], row["redemption_date"]], key=shows)
            yield Redeemed(row["household_id"], coupon, best, self._fits(best, coupon))

    def worth(self, number: str, coupon: Coupon) -> int:
        """What the receipt says of coupons on this one's goods."""
        return sum(yen(x["coupon_disc"]) for x in self.baskets[number] if x["product_id"] in self.products[coupon])

    def _fits(self, number: str, coupon: Coupon) -> bool:
        goods = self.products[coupon]
        return any(x["product_id"] in goods and float(x["sales_value"]) > 0 for x in self.baskets[number])

    def goods(self, campaign: str) -> set[str]:
        """Everything that a campaign's coupons are for."""
        return set().union(*(goods for (code, _), goods in self.products.items() if code == campaign))


def yen(amount: str) -> int:
    """Cents, shown as yen."""
    return round(float(amount) * 100)


def at(line: dict[str, str]) -> datetime:
    """When a basket was paid, by the chain's own clock."""
    return datetime.fromisoformat(line["transaction_timestamp"]) + CLOCK


def segment(campaign: str) -> str:
    return f"mailing-{campaign}"


def public_code(coupon: Coupon) -> str:
    return f"CJ{coupon[0]}-{coupon[1]}"


@pytest.fixture
async def books(pool: Database, clock: SettableClock) -> AsyncIterator[Books]:
    async with open_books(pool, clock) as opened:
        yield opened


@pytest.fixture(scope="module")
def journey(shared_data: Path) -> Journey:
    return Journey(shared_data / "transactions" / "completejourney_dev")


async def test_the_real_campaigns_replayed(
    books: Books, journey: Journey, clock: SettableClock, tmp_path: Path
) -> None:
    stores = sorted({lines[0]["store_id"] for lines in journey.baskets.values()})
    await open_shops(books, *(f"store-{store}" for store in stores))
    households = sorted({lines[0]["household_id"] for lines in journey.baskets.values()})
    await bring(books, _members(tmp_path, households), None, "members")
    await _mail(books, journey)
    campaigns = [await _campaign(books, journey, code) for code in journey.campaigns]
    kinds = {each.coupon for each in journey.redeemed}
    for coupon in kinds:
        await create_kind(books.database, _kind(books, journey, coupon), "buyer", clock.now())
    clock.advance(days=500)

    outcome = await bring(books, _purchases(tmp_path, journey), None, refused=tmp_path / "refused.csv")

    assert await value(books, "select sum(total + coalesce(taken, 0))::bigint from purchase p left join"
                       " (select purchase_id, sum(amount) as taken from coupon_use group by purchase_id) u"
                       " using (purchase_id)") == 269_263_46  # fmt: skip
    assert set(outcome.counts.reasons) == {"no_sale"}
    # The README's figures: 410 mailings to 104 households, 103 redemptions by 24.
    mailings = "select count(*), count(distinct member_id) from member_segment"
    assert await rows(books, mailings) == [(410, 104)]
    redemptions = "select count(*), count(distinct presented_id), count(distinct kind) from coupon_use"
    assert await rows(books, redemptions) == [(103, 24, len(kinds))]
    by_what = dict(await rows(books, "select what, count(*) from coupon_use group by what"))
    fitting = sum(each.fits for each in journey.redeemed)
    # What the data redeem without goods of the coupon on that day's receipts is counted as what it is.
    assert by_what == {"use": fitting, "over": 103 - fitting}
    assert fitting == 90
    assert dict(await rows(books, "select kind, count(*) from coupon_use group by kind")) == Counter(
        _kind_code(each.coupon) for each in journey.redeemed
    )
    # Each campaign has given what the calendar, the mailings and the goods say, and its counters equal the ledger.
    awarded = dict(
        await rows(
            books,
            """select a->>'rule', count(distinct purchase_id)
                 from purchase, json_array_elements(decision::json->'awards') a
                where a->>'rule' like 'campaign:%' group by 1""",
        )
    )
    expected = _touched(journey)
    assert awarded == {f"campaign:journey-{code}": n for code, n in expected.items() if n}
    assert sum(expected.values()) > 1_000
    async with books.database.reading() as connection:
        accounts = [account for each in campaigns for account in shared_accounts(each)]
        drawn = {code.split("/")[0]: n for code, _, n in await drawn_on(connection, accounts)}
    assert drawn == {rule: n * BONUS for rule, n in awarded.items()}
    await proven(books)


async def _mail(books: Books, journey: Journey) -> None:
    members = dict(await rows(books, "select value, member_id from member_identifier where kind = 'card'"))
    principal = Principal(0, "mailing", "server")
    for household, campaigns in journey.mailed.items():
        groups = [segment(code) for code in campaigns]
        await put_segments(books.database, principal, members[household], groups, books.clock.now())


async def _campaign(books: Books, journey: Journey, code: str) -> Campaign:
    """Points for whoever was mailed and buys what the campaign is about (one had no coupons: anything)."""
    goods = tuple(sorted(journey.goods(code)))
    campaign = Campaign(
        f"journey-{code}",
        f"キャンペーン{code}",
        (PointsEffect(BONUS),),
        starts_at=_midnight(books, journey.campaigns[code][0]),
        ends_at=_midnight(books, journey.campaigns[code][1] + timedelta(days=1)),
        conditions=Conditions(
            segments=(segment(code),), products=Products(skus=goods) if goods else None
        ),
        limits=(Limit("points", 1_000_000),),
    )  # fmt: skip
    now = books.clock.now()
    await create(books.database, books.context, campaign, "buyer", now)
    return await activate(books.database, books.context, campaign.code, None, None, "buyer", now)


def _kind_code(coupon: Coupon) -> str:
    return f"journey-{coupon[0]}-{coupon[1]}"


def _kind(books: Books, journey: Journey, coupon: Coupon) -> CouponKind:
    first, last = journey.campaigns[coupon[0]]
    seen = [journey.worth(each.basket, coupon) for each in journey.redeemed if each.coupon == coupon]
    return CouponKind(
        _kind_code(coupon),
        f"クーポン{coupon[1]}",
        AmountOff(max(seen) or USUAL),
        public_code=public_code(coupon),
        starts_at=_midnight(books, first),
        ends_at=_midnight(books, last + timedelta(days=1)),
        conditions=Conditions(
            segments=(segment(coupon[0]),), products=Products(skus=tuple(sorted(journey.products[coupon])))
        ),
        uses=Uses(per_member=2),
        together=Combination("any"),
    )  # fmt: skip


def _midnight(books: Books, day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), books.zone) + SHIFT


def _touched(journey: Journey) -> Counter[str]:
    """How many receipts each campaign should have given something for."""
    goods = {code: journey.goods(code) for code in journey.campaigns}
    found: Counter[str] = Counter()
    for lines in journey.baskets.values():
        if sum(yen(line["sales_value"]) for line in lines) <= 0:
            continue  # Nothing was charged: no sale.
        day = at(lines[0]).date()
        for code in journey.mailed.get(lines[0]["household_id"], ()):
            first, last = journey.campaigns[code]
            if first <= day <= last:
                of_it = [line for line in lines if not goods[code] or line["product_id"] in goods[code]]
                found[code] += any(map(_counts, of_it))
    return found


def _counts(line: dict[str, str]) -> bool:
    """Whether of a line anything is left that may earn: pieces or money."""
    return int(line["quantity"]) > 0 or float(line["sales_value"]) > 0


def _members(folder: Path, households: list[str]) -> Path:
    path = folder / "members.csv"
    lines = "".join(f"{each},世帯 {each},,\n" for each in households)
    path.write_text(f"card,name,kana,phone\n{lines}", encoding="utf-8")
    return path


def _purchases(folder: Path, journey: Journey) -> Path:
    """The baskets in Goen's own form, those that redeemed with the codes of their coupons."""
    coupons: dict[str, list[str]] = defaultdict(list)
    for each in journey.redeemed:
        coupons[each.basket].append(public_code(each.coupon))
    path = folder / "purchases.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("shop", "external_id", "occurred_at", "member", "sku", "quantity", "amount", "coupons"))
        for number, lines in sorted(journey.baskets.items(), key=lambda item: (at(item[1][0]), item[0])):
            for line in lines:
                writer.writerow((
                    f"store-{line['store_id']}", number, (at(line) + SHIFT).isoformat(), line["household_id"],
                    line["product_id"], line["quantity"], yen(line["sales_value"]), " ".join(coupons[number]),
                ))  # fmt: skip
    return path
