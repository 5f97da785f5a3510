"""Sales from files in the books: what is recorded, what is refused, what a second run does."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from goen.channels.files.mapping import parse_mapping
from goen.cli.importing import Books, Wanted, import_file
from imports.builders import SALES, balances, bring, cells_of, open_shops, proven, rows, sales_file, value


async def test_sales_earn_and_guests_do_not(books: Books, tmp_path: Path) -> None:
    await open_shops(books, "shibuya")
    path = sales_file(
        tmp_path, "A1,001,2026/4/1 9:05,タオル,2,550", "A1,001,2026/4/1 9:05,茶,1,540", "A2,,2026/4/1,茶,1,900"
    )
    outcome = await bring(books, path, enrol=True)
    counts = outcome.counts
    assert (counts.rows, counts.sales, counts.guests, counts.members, counts.refused) == (3, 2, 1, 1, 0)
    assert outcome.refused is None
    # 1,640 yen with 10 % tax inside are 1,491 without: 14 points (default programme).
    assert await balances(books) == {"001": (14, 0)}
    assert await rows(books, "select external_id, total, status from purchase order by 1") == [
        ("A1", 1640, "completed"),
        ("A2", 900, "completed"),
    ]
    await proven(books)


async def test_rows_are_refused_with_a_reason_and_can_be_mended(books: Books, tmp_path: Path) -> None:
    await open_shops(books, "shibuya")
    path = sales_file(
        tmp_path, "A1,001,2026/4/1,茶,1,500", "A2,001,2030/1/1,茶,1,500", "A3,001,2026/4/1,茶,1,-5", "A4,001,x,茶,1,5"
    )
    outcome = await bring(books, path)
    assert outcome.counts.reasons == {"unknown_member": 2, "negative_price": 1, "bad_cell": 1}
    assert outcome.refused == tmp_path / "sales.refused.csv"
    assert cells_of(outcome.refused, ("row", "reason", "伝票")) == [
        {"row": "4", "reason": "negative_price", "伝票": "A3"},
        {"row": "5", "reason": "bad_cell", "伝票": "A4"},
        {"row": "2", "reason": "unknown_member", "伝票": "A1"},
        {"row": "3", "reason": "unknown_member", "伝票": "A2"},
    ]
    # Imported again as it is, with members enrolled this time: the sale from the future stays refused.
    again = await bring(books, outcome.refused, enrol=True, refused=tmp_path / "still.csv")
    assert again.counts.sales == 1
    assert again.counts.reasons == {"invalid_request": 1, "negative_price": 1, "bad_cell": 1}


async def test_unknown_shops_are_refused(books: Books, tmp_path: Path) -> None:
    outcome = await bring(books, sales_file(tmp_path, "A1,,2026/4/1,茶,1,500"))
    assert outcome.counts.reasons == {"unknown_shop": 1}


async def test_a_dry_run_writes_nothing(books: Books, tmp_path: Path) -> None:
    await open_shops(books, "shibuya")
    path = sales_file(tmp_path, "A1,001,2026/4/1,茶,1,500", "A2,001,2030/1/1,茶,1,500", "A3,,2026/4/1,茶,-1,500")
    outcome = await bring(books, path, enrol=True, dry_run=True)
    assert outcome.import_id is None
    assert (outcome.counts.sales, outcome.counts.returns, outcome.counts.reasons) == (1, 1, {"invalid_request": 1})
    for table in ("purchase", "member", "import_job", "act"):
        assert await value(books, f"select count(*) from {table}") == 0


async def test_the_same_file_twice_does_nothing_twice(books: Books, tmp_path: Path) -> None:
    await open_shops(books, "shibuya")
    path = sales_file(tmp_path, "A1,001,2026/4/1,茶,2,500", "A2,001,2026/4/2,茶,-1,500", "A3,,2026/4/2,菓子,-1,50")
    first = await bring(books, path, enrol=True)
    second = await bring(books, path, enrol=True)
    assert (first.counts.sales, first.counts.returns, first.counts.already) == (1, 2, 0)
    assert (second.counts.sales, second.counts.returns, second.counts.already) == (0, 0, 3)
    assert second.import_id != first.import_id
    assert await value(books, "select count(*) from purchase_return") == 2
    assert await balances(books) == {"001": (4, 0)}
    await proven(books)


async def test_the_same_number_with_other_content_is_refused(books: Books, tmp_path: Path) -> None:
    await open_shops(books, "shibuya")
    await bring(books, sales_file(tmp_path, "A1,,2026/4/1,茶,1,500"))
    other = await bring(books, sales_file(tmp_path, "A1,,2026/4/1,茶,1,600"))
    assert other.counts.reasons == {"conflict": 1}


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("after", [1, 3])
async def test_an_interrupted_import_goes_on_where_it_stopped(books: Books, tmp_path: Path, after: int) -> None:
    await open_shops(books, "shibuya")
    lines = [f"A{i},{i % 40:03},2026/4/{i % 28 + 1},茶,{-1 if i % 50 == 49 else 2},500" for i in range(1500)]
    lines[700] = "A700,001,2026/4/1,茶,x,500"
    path = sales_file(tmp_path, *lines)
    wanted = Wanted(kind="purchases", path=path, mapping=parse_mapping(SALES), enrol=True)
    rounds = 0

    def report(_row: int, _counts: object) -> None:
        nonlocal rounds
        rounds += 1
        if rounds == after:
            raise Interrupted

    with pytest.raises(Interrupted):
        await import_file(books, wanted, report=report)
    await asyncio.sleep(0.2)
    there = await value(books, "select count(*) from purchase")
    assert 0 < there < 1500
    outcome = await import_file(books, wanted)
    whole = (
        await value(books, "select count(*) from purchase"),
        await value(books, "select count(*) from purchase_return"),
    )
    assert whole == (1469, 30)
    assert outcome.counts.reasons == {"bad_cell": 1}
    assert await value(books, "select count(*) from import_job where state = 'done'") == 1
    assert outcome.counts.sales + outcome.counts.returns == 1499
    await proven(books)


async def test_points_used_long_ago_become_debt_where_they_are_missing(books: Books, tmp_path: Path) -> None:
    await open_shops(books, "shibuya")
    header = "伝票,会員,日時,品名,数量,単価,利用P"
    path = sales_file(tmp_path, "A1,001,2026/4/1,茶,1,11000,", "A2,001,2026/4/2,茶,1,1100,300", header=header)
    await bring(books, path, enrol=True)
    # 100 earned, 300 used, then 7 on the 800 yen paid in money.
    assert await balances(books) == {"001": (-193, 193)}
    await proven(books)


async def test_web_orders_are_placed_and_completed(books: Books, tmp_path: Path) -> None:
    await open_shops(books, "online", kind="ec")
    path = tmp_path / "orders.csv"
    path.write_text(
        "shop,external_id,occurred_at,completed_at,status,member_kind,member,amount\n"
        "online,W1,2026-04-01T10:00:00,2026-04-03T10:00:00,completed,ec,u1,1100\n"
        "online,W2,2026-04-02T10:00:00,,placed,ec,u1,2200\n",
        encoding="utf-8",
    )
    outcome = await bring(books, path, None, enrol=True)
    assert (outcome.counts.sales, outcome.counts.orders_completed) == (2, 1)
    assert await rows(books, "select external_id, status from purchase order by 1") == [
        ("W1", "completed"),
        ("W2", "placed"),
    ]
    assert await rows(books, "select booked, pending from member_account") == [(10, 20)]
    assert (await bring(books, path, None, enrol=True)).counts.already == 2


async def test_eccube_orders_come_into_the_books(books: Books, shared_data: Path, tmp_path: Path) -> None:
    await open_shops(books, "online", kind="ec")
    path = shared_data / "csv" / "eccube_orders_sample.cp932.csv"
    outcome = await bring(books, path, None, shop="online", enrol=True, refused=tmp_path / "refused.csv")
    assert (outcome.counts.sales, outcome.counts.guests, outcome.counts.reasons) == (2, 1, {"no_sale": 2})
    assert await rows(books, "select external_id, total, payable, status from purchase order by 1") == [
        ("41", 4360, 4060, "placed"),
        ("42", 2550, 2550, "completed"),
    ]
    assert outcome.refused is not None
    assert outcome.refused.read_bytes().decode("cp932").count("麦茶") == 1
