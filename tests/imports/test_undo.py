"""Imports taken back by entries; what was spent meanwhile is owed."""

from __future__ import annotations

from pathlib import Path

import pytest

from goen.actions.imports.job import UnknownImport, find_job
from goen.actions.imports.undo import Undone, undo
from goen.cli.importing import Books, Outcome
from imports.builders import balances, bring, open_shops, proven, rows, sales_file, value


async def taken_back(books: Books, outcome: Outcome) -> Undone:
    assert outcome.import_id is not None
    job = await find_job(books.database, outcome.import_id)
    return await undo(books.database, books.till, books.context, books.clock, job, lambda _: None)


async def test_an_undone_import_leaves_no_points(books: Books, tmp_path: Path) -> None:
    await open_shops(books, "shibuya")
    path = sales_file(
        tmp_path, "A1,001,2026/4/1,茶,3,1100", "A2,002,2026/4/2,茶,1,5500", "A3,001,2026/4/3,茶,-1,1100",
        "A4,,2026/4/3,茶,1,1100", "A5,002,2026/4/4,傘,-1,550",
    )  # fmt: skip
    outcome = await bring(books, path, enrol=True)
    assert await balances(books) == {"001": (20, 0), "002": (45, 0)}
    entries = await value(books, "select count(*) from entry")
    done = await taken_back(books, outcome)
    assert done.owing == []
    assert await balances(books) == {"001": (0, 0), "002": (0, 0)}
    assert await value(books, "select count(*) from entry") > entries  # Nothing was erased.
    assert await value(books, "select state from import_job") == "undone"
    assert await value(books, "select count(*) from purchase where status <> 'cancelled'") == 0
    await proven(books)
    # Once more changes nothing.
    assert (await taken_back(books, outcome)).acts >= 0
    assert await balances(books) == {"001": (0, 0), "002": (0, 0)}
    await proven(books)


async def test_points_spent_meanwhile_are_owed_and_listed(books: Books, tmp_path: Path) -> None:
    await open_shops(books, "shibuya")
    header = "伝票,会員,日時,品名,数量,単価,利用P"
    wrong = await bring(books, sales_file(tmp_path, "A1,001,2026/4/1,茶,1,11000,", header=header), enrol=True)
    spent = sales_file(tmp_path, "B1,001,2026/4/2,茶,1,1100,80", header=header, name="later.csv")
    await bring(books, spent)
    assert await balances(books) == {"001": (29, 0)}
    done = await taken_back(books, wrong)
    assert [one.points for one in done.owing] == [71]
    assert await balances(books) == {"001": (-71, 71)}
    await proven(books)


async def test_after_an_undo_the_receipts_can_come_again(books: Books, tmp_path: Path) -> None:
    await open_shops(books, "shibuya")
    path = sales_file(tmp_path, "A1,001,2026/4/1,茶,2,1100", "A2,001,2026/4/2,茶,-1,1100")
    for _ in range(2):
        outcome = await bring(books, path, enrol=True)
        assert (outcome.counts.sales, outcome.counts.returns) == (1, 1)
        assert await balances(books) == {"001": (10, 0)}
        await taken_back(books, outcome)
        assert await balances(books) == {"001": (0, 0)}
    corrected = await bring(books, sales_file(tmp_path, "A1,001,2026/4/1,茶,3,1100"))
    assert corrected.counts.sales == 1
    assert await balances(books) == {"001": (30, 0)}
    assert await rows(books, "select external_id, status from purchase order by 1") == [
        ("A1", "cancelled"),
        ("A1~2", "cancelled"),
        ("A1~3", "completed"),
    ]
    await proven(books)


async def test_a_return_of_an_older_sale_gives_its_points_back(books: Books, tmp_path: Path) -> None:
    await open_shops(books, "shibuya")
    await bring(books, sales_file(tmp_path, "A1,001,2026/4/1,茶,2,1100"), enrol=True)
    back = await bring(books, sales_file(tmp_path, "R1,001,2026/4/5,茶,-1,1100", name="returns.csv"))
    assert await balances(books) == {"001": (10, 0)}
    await taken_back(books, back)
    assert await balances(books) == {"001": (20, 0)}
    await proven(books)


async def test_an_unknown_import_is_refused(books: Books) -> None:
    with pytest.raises(UnknownImport):
        await find_job(books.database, 99)
