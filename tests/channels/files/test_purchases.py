"""Rows → receipts: grouping, returns, what is no sale, known exports."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from channels.files.builders import GOODS, TOKYO, receipts_of, written
from goen.channels.files.errors import BadFile
from goen.channels.files.mapping import parse_mapping, recognise
from goen.channels.files.readers import open_table
from goen.purchases.model import MemberRef, OrderDiscount

HEAD = "伝票,会員,日時,品名,数量,単価\n"


def test_consecutive_rows_of_a_receipt_become_one_sale(tmp_path: Path) -> None:
    path = written(
        tmp_path, HEAD + "A1,001,2025/4/1 9:05,タオル,2,550\nA1,001,2025/4/1 9:05,石けん,1,98.5\nA2,,R7.4.1,茶,1,100\n"
    )
    (first, second), refused = receipts_of(path, GOODS)
    assert refused == []
    assert first.sale is not None
    assert (first.sale.shop, first.sale.external_id) == ("shibuya", "A1")
    assert first.sale.occurred_at == datetime(2025, 4, 1, 9, 5, tzinfo=TOKYO)
    assert first.sale.member == MemberRef("card", "001")
    assert [(x.line, x.amount, x.quantity, x.unit_price) for x in first.sale.lines] == [
        (1, 1100, 2, 550),
        (2, 99, 1, None),  # 98.5 yen is no whole unit price; the line is rounded half up.
    ]
    assert [number for number, _ in first.rows] == [2, 3]
    assert second.sale is not None
    assert second.sale.member is None
    assert second.sale.lines[0].tax_rate == 10


def test_one_bad_cell_refuses_the_whole_receipt_and_only_that(tmp_path: Path) -> None:
    path = written(
        tmp_path, HEAD + "A1,1,2025/4/1,a,1,5\nA1,1,2025/4/1,b,x,5\nA2,1,2025/4/1,c,1,5\nA3,1,2025/13/1,c,1,5\n"
    )
    found, refused = receipts_of(path, GOODS)
    assert [r.sale and r.sale.external_id for r in found] == ["A2"]
    assert [(r.row, r.code) for r in refused] == [(2, "receipt_refused"), (3, "bad_cell"), (5, "bad_cell")]
    assert refused[1].words == "quantity “x”: is not a number"
    assert refused[1].cells == ("A1", "1", "2025/4/1", "b", "x", "5")


def test_a_mixed_receipt_is_a_sale_and_a_return(tmp_path: Path) -> None:
    (both,), refused = receipts_of(written(tmp_path, HEAD + "A1,1,2025/4/1,a,2,50\nA1,1,2025/4/1,b,-3,20\n"), GOODS)
    assert refused == []
    assert both.sale is not None
    assert both.slip is not None
    assert [x.amount for x in both.sale.lines] == [100]
    assert [(x.name, x.quantity, x.amount, x.row) for x in both.slip.lines] == [("b", 3, 60, 3)]


def test_rows_that_are_no_sale_are_refused_alone(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        HEAD + "A1,1,2025/4/1,a,1,50\nA1,1,2025/4/1,bad debt,1,-900\nA1,1,2025/4/1,gift,1,0\n"
        "A2,,2025/4/1,smashed,-7,0\nA3,,2025/4/1,found,9,0\n",
    )
    (sold,), refused = receipts_of(path, GOODS)
    assert sold.sale is not None
    assert [(x.name, x.amount) for x in sold.sale.lines] == [("a", 50), ("gift", 0)]
    assert [(r.row, r.code) for r in refused] == [(3, "negative_price"), (5, "no_sale"), (6, "no_sale")]


def test_more_than_a_thousand_rows_are_no_receipt(tmp_path: Path) -> None:
    lines = "".join(f"A1,1,2025/4/1,a,1,{i + 1}\n" for i in range(1003))
    found, refused = receipts_of(written(tmp_path, HEAD + lines + "A2,1,2025/4/1,b,1,5\n"), GOODS)
    assert [r.sale and r.sale.external_id for r in found] == ["A2"]
    assert len(refused) == 1003
    assert {r.code for r in refused} == {"too_many_lines"}


def test_a_restart_passes_over_what_was_done(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + "A1,1,2025/4/1,a,1,5\nA1,1,2025/4/1,b,1,5\nA2,1,2025/4/1,c,1,5\n")
    found, _ = receipts_of(path, GOODS, after_row=3)
    assert [r.sale and r.sale.external_id for r in found] == ["A2"]


def test_history_earns_nothing_and_spends_nothing(tmp_path: Path) -> None:
    mapping = parse_mapping(GOODS.replace('rows_by = ["伝票"]', 'points = "history"\nuse_points = "利用P"'))
    (sold,), _ = receipts_of(written(tmp_path, HEAD.strip() + ",利用P\nA1,1,2025/4/1,a,1,500,120\n"), mapping)
    assert sold.sale is not None
    assert (sold.sale.use_points, sold.sale.lines[0].points) == (0, False)
    assert sold.sale.discounts == (OrderDiscount(120, "ポイント利用"),)


def test_a_native_file_needs_no_mapping(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "shop,external_id,occurred_at,completed_at,member_kind,member,sku,amount,tax_rate,use_points,postage\n"
        "online,W1,2025-04-01T10:00:00+09:00,2025-04-03 18:00,phone,090-0000-0001,X-1,1080,8,50,500\n",
    )
    (order,), refused = receipts_of(path)
    assert refused == []
    sale = order.sale
    assert sale is not None
    assert (sale.status, sale.use_points, sale.offline, sale.postage) == ("placed", 50, True, 500)
    assert sale.member == MemberRef("phone", "090-0000-0001")
    assert order.completed_at == datetime(2025, 4, 3, 18, 0, tzinfo=TOKYO)
    assert sale.lines[0].tax_rate == Decimal(8)


def test_what_a_mapping_misses_is_said_before_the_first_row(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD + "A1,1,2025/4/1,a,1,5\n")
    with pytest.raises(BadFile, match="“店舗”"):
        receipts_of(path, GOODS.replace('{ constant = "shibuya" }', '"店舗"'))
    with pytest.raises(BadFile, match="--shop"):
        receipts_of(path, GOODS.replace('shop = { constant = "shibuya" }', ""))
    with pytest.raises(ValueError, match="valid_through"):
        parse_mapping('kind = "balances"\n[[member]]\nkind="card"\nvalue="a"\n[balance]\npoints="p"\nexpires_on="e"')
    with pytest.raises(ValueError, match="unknown field"):
        parse_mapping(GOODS.replace("quantity", "quantities"))


def test_values_of_a_mapping_translate_and_refuse(tmp_path: Path) -> None:
    mapping = GOODS.replace(
        '"伝票"\noccurred',
        '"伝票"\nstatus = { column = "状態", values = { "済" = "completed", "取消" = "no_sale" } }\noccurred',
    )
    rows = "A1,1,2025/4/1,a,1,5,済\nA2,1,2025/4/1,a,1,5,取消\nA3,1,2025/4/1,a,1,5,？\n"
    found, refused = receipts_of(written(tmp_path, HEAD.strip() + ",状態\n" + rows), mapping)
    assert [r.sale and r.sale.external_id for r in found] == ["A1"]
    assert [(r.row, r.code) for r in refused] == [(3, "no_sale"), (4, "bad_cell")]


def test_eccube_orders_come_to_their_totals(shared_data: Path) -> None:
    folder = shared_data / "csv"
    expected = json.loads((folder / "expected.json").read_text())["eccube_orders_sample.cp932.csv"]["orders"]
    found, refused = receipts_of(folder / "eccube_orders_sample.cp932.csv", shop="online")
    sales = {r.sale.external_id: r.sale for r in found if r.sale}
    paid, shipped = sales["41"], sales["42"]
    assert sales.keys() == {"41", "42"}
    # Order 43 was cancelled; its rows say so.
    assert {r.code for r in refused} == {"no_sale"}
    assert {r.cells[1] for r in refused} == {"43"}
    assert (paid.status, shipped.status) == ("placed", "completed")
    assert paid.member == MemberRef("ec", "7", "online")
    assert shipped.member is None
    assert (paid.use_points, paid.postage) == (300, expected[0]["shipping"])
    assert paid.total == expected[0]["total"] + 300  # 合計 is what is payable after points.
    assert [(x.sku, x.amount, x.quantity, x.tax_rate, x.tax_included) for x in paid.lines] == [
        ("TEA-100", 2000, 2, 8, False),
        ("MUG-W", 1500, 1, 10, False),
    ]
    assert shipped.total == expected[1]["total"]
    assert [d.amount for d in shipped.discounts] == [expected[1]["discount"]]


def test_smaregi_transactions_come_to_their_totals(shared_data: Path) -> None:
    folder = shared_data / "csv"
    expected = json.loads((folder / "expected.json").read_text())["smaregi_transactions_sample.utf8bom.csv"]
    found, refused = receipts_of(folder / "smaregi_transactions_sample.utf8bom.csv")
    assert refused == []
    sold = sum(r.sale.total or 0 for r in found if r.sale) - 300  # 300 yen of it was paid with points.
    returned = sum(x.amount for r in found if r.slip for x in r.slip.lines) - 300
    assert sold - returned == expected["net_sales"]
    assert {(r.sale or r.slip).member for r in found if r.sale or r.slip} == {MemberRef("card", "0000000012")}  # type: ignore[union-attr]
    assert [r.sale.use_points for r in found if r.sale] == [0, 300]
    assert [r.slip.lines[0].sku for r in found if r.slip] == ["4900000000024"]


def test_a_file_is_recognised_by_its_header_and_kind(shared_data: Path) -> None:
    table = open_table(shared_data / "csv" / "eccube_customers_sample.cp932.csv")
    assert recognise(table.header, "purchases") is None
    members = recognise(table.header, "members")
    assert members is not None
    assert "EC-CUBE" in members.title


def test_gifts_beside_returns_are_no_sale(tmp_path: Path) -> None:
    (back,), refused = receipts_of(written(tmp_path, HEAD + "A1,1,2025/4/1,a,1,0\nA1,1,2025/4/1,b,-3,20\n"), GOODS)
    assert back.sale is None
    assert [number for number, _ in back.rows] == [3]
    assert [(r.row, r.code) for r in refused] == [(2, "no_sale")]
