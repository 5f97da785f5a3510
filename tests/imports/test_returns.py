"""Returned goods find the sales they came from."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from goen.actions.imports.returns import Sold, divided
from goen.cli.importing import Books
from goen.purchases.brought import ReturnLine, ReturnSlip
from goen.purchases.model import Line
from imports.builders import balances, bring, open_shops, proven, rows, sales_file, value

LINKED = """
select p.external_id, r.external_id, r.refund
  from purchase_return r left join purchase p on p.purchase_id = r.purchase_id
 order by r.external_id
"""


def slip(*lines: ReturnLine) -> ReturnSlip:
    return ReturnSlip("s", "R1", datetime(2026, 4, 9, tzinfo=UTC), None, None, None, None, lines)


def back(name: str, pieces: int, amount: int) -> ReturnLine:
    return ReturnLine(2, Decimal(pieces), amount, Decimal(10), True, name=name)


def sold(purchase: str, line: int, name: str, pieces: int, amount: int, out: int) -> Sold:
    return Sold(purchase, Line(line, amount, Decimal(pieces), name=name), out * 1000)


def test_the_latest_sale_first_and_only_what_is_still_out() -> None:
    plan = divided(
        slip(back("茶", 4, 400)),
        [sold("p_new", 1, "菓子", 9, 900, 9), sold("p_new", 2, "茶", 3, 300, 2), sold("p_old", 1, "茶", 5, 500, 5)],
    )
    assert [(p.purchase_id, p.external_id, [(x.line, x.quantity) for x in p.lines]) for p in plan] == [
        ("p_new", "R1", [(2, 2)]),
        ("p_old", "R1-2", [(1, 2)]),
    ]


def test_what_was_never_sold_comes_back_unlinked_with_its_money() -> None:
    plan = divided(slip(back("茶", 5, 500), back("傘", 1, 980)), [sold("p_1", 1, "茶", 2, 200, 2)])
    assert [(p.purchase_id, p.external_id, [(x.quantity, x.amount) for x in p.lines]) for p in plan] == [
        ("p_1", "R1", [(2, 200)]),
        (None, "R1-2", [(3, 300), (1, 980)]),
    ]


def test_another_price_is_another_sale() -> None:
    one_yen_more = [sold("p_1", 1, "茶", 1, 101, 1)]
    assert divided(slip(back("茶", 1, 100)), one_yen_more)[0].purchase_id is None
    # Halves of a minor unit are rounding: 3 for 100 are 33.3 apiece, 33 came back for one.
    assert divided(slip(back("茶", 1, 33)), [sold("p_1", 1, "茶", 3, 100, 3)])[0].purchase_id == "p_1"


async def test_rule_24_25_linked_and_unlinked_returns(books: Books, tmp_path: Path) -> None:
    await open_shops(books, "shibuya")
    path = sales_file(
        tmp_path,
        "A1,001,2026/4/1,茶,2,1100",
        "A2,001,2026/4/2,茶,1,1100",
        "A3,001,2026/4/3,茶,-2,1100",  # One of A2, one of A1.
        "A4,001,2026/4/4,傘,-1,550",  # Never sold here.
        "A5,,2026/4/5,茶,-1,1100",  # A guest's.
        "A6,001,2026/4/6,菓子,1,330",
        "A6,001,2026/4/6,茶,-1,1100",  # Mixed: the last of A1.
        "A7,001,2026/4/7,茶,-1,1100",  # None is left.
    )
    outcome = await bring(books, path, enrol=True)
    assert (outcome.counts.sales, outcome.counts.returns, outcome.counts.returns_unlinked) == (3, 5, 3)
    assert await rows(books, LINKED) == [
        ("A2", "A3", 1100),
        ("A1", "A3-2", 1100),
        (None, "A4", 550),
        (None, "A5", 1100),
        ("A1", "A6", 1100),
        (None, "A7", 1100),
    ]
    # 20 + 10 - 20 of A3, - 5 of the umbrella, + 3 - 10 of A6, - 10 unlinked.
    assert await balances(books) == {"001": (-12, 12)}
    await proven(books)


async def test_a_return_that_names_its_sale_goes_there(books: Books, tmp_path: Path) -> None:
    await open_shops(books, "shibuya")
    header = "伝票,会員,日時,品名,数量,単価,元伝票"
    path = sales_file(
        tmp_path,
        "A1,001,2026/4/1,茶,1,1100,",
        "A2,001,2026/4/2,茶,1,1100,",
        "A3,001,2026/4/3,茶,-1,1100,A1",
        header=header,
    )
    await bring(books, path, enrol=True)
    assert await rows(books, LINKED) == [("A1", "A3", 1100)]


async def test_a_restart_divides_a_return_as_it_did_before(books: Books, tmp_path: Path) -> None:
    await open_shops(books, "shibuya")
    path = sales_file(tmp_path, "A1,001,2026/4/1,茶,1,1100", "A2,001,2026/4/2,茶,1,1100", "A3,001,2026/4/3,茶,-2,1100")
    await bring(books, path, enrol=True)
    async with books.database.writing() as connection:
        await connection.execute("update import_job set state = 'running', checkpoint = 0, counts = '{}'")
    again = await bring(books, path, enrol=True)
    assert (again.counts.already, again.counts.sales, again.counts.returns) == (0, 2, 1)
    assert await value(books, "select count(*) from purchase_return") == 2
    await proven(books)
