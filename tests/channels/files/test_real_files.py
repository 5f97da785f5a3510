"""Real files to the penny: what is accepted and what is refused is all there is."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from channels.files.builders import receipts_of
from goen.channels.files.mapping import read_mapping
from goen.purchases.brought import Receipt, Refused

MAPPINGS = Path(__file__).parents[2] / "data" / "mappings"


def read(shared_data: Path, name: str, mapping: str) -> tuple[list[Receipt], list[Refused]]:
    return receipts_of(shared_data / "transactions" / name, read_mapping(MAPPINGS / f"{mapping}.toml"))


def pennies(receipts: list[Receipt]) -> tuple[int, int]:
    sold = sum(x.amount for r in receipts if r.sale for x in r.sale.lines)
    returned = sum(x.amount for r in receipts if r.slip for x in r.slip.lines)
    return sold, returned


def test_online_retail(shared_data: Path) -> None:
    receipts, refused = read(shared_data, "online_retail_even.csv.gz", "online_retail")
    sold, returned = pennies(receipts)
    assert Counter((r.code, r.cells[4].startswith("-")) for r in refused) == {
        ("no_sale", False): 1074,
        ("negative_price", True): 1,
    }
    bad_debt = [r for r in refused if r.code == "negative_price"]
    assert [r.cells[2] for r in bad_debt] == ["Adjust bad debt"]
    assert sold - returned - 11_062_06 == 4_935_332_69
    rows = sum(len(r.rows) for r in receipts)
    assert rows + len(refused) == 263_367
    known = [r for r in receipts if (r.sale or r.slip).member]  # type: ignore[union-attr]
    sold, returned = pennies(known)
    assert (sold, returned) == (4_579_032_54, 423_428_49)
    buyers = {(r.sale or r.slip).member.value for r in known} | {r.cells[1] for r in refused if r.cells[1]}  # type: ignore[union-attr]
    assert len(buyers) == 2_187
    back = sum(len(r.slip.lines) for r in receipts if r.slip)
    assert back + sum(r.cells[3].startswith("-") for r in refused) == 4_907
    november = [r for r in receipts if (r.sale or r.slip).occurred_at.strftime("%Y%m") == "201111"]  # type: ignore[union-attr]
    sold, returned = pennies(november)
    assert sold - returned == 697_060_77


def test_cdnow(shared_data: Path) -> None:
    receipts, refused = read(shared_data, "CDNOW_sample.txt", "cdnow")
    assert pennies(receipts) == (244_091_94, 0)
    assert len(receipts) + len(refused) == 6_919
    assert {r.cells[4] for r in refused} == {"0.00"}
    pieces = sum((x.quantity for r in receipts if r.sale for x in r.sale.lines), Decimal(0))
    assert pieces + sum(int(r.cells[3]) for r in refused) == 16_479
    buyers = {r.sale.member.value for r in receipts if r.sale and r.sale.member} | {r.cells[1] for r in refused}
    assert len(buyers) == 2_357


def test_complete_journey(shared_data: Path) -> None:
    receipts, refused = read(shared_data, "completejourney_dev/transactions.csv.gz", "complete_journey")
    lines = [x for r in receipts if r.sale for x in r.sale.lines]
    assert sum(x.amount for x in lines) == 269_263_46
    assert sum(x.discount for x in lines) == 49_864_99
    assert len(lines) + len(refused) == 89_773
    # Coupon slips and carrier bags without a price: baskets in which nothing was charged.
    assert {(r.code, r.cells[5]) for r in refused} == {("no_sale", "0.0")}
    assert len({r.sale.external_id for r in receipts if r.sale} | {r.cells[2] for r in refused}) == 9_896
    assert sum(x.quantity > 1000 for x in lines) == 805


@pytest.mark.parametrize("name", ["online_retail", "cdnow", "complete_journey"])
def test_the_mappings_say_what_they_are(name: str) -> None:
    assert read_mapping(MAPPINGS / f"{name}.toml").title
