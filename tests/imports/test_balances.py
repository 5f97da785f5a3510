"""Opening balances as lots with the dates of the former system."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from goen.actions.imports.job import find_job
from goen.actions.imports.undo import undo
from goen.cli.importing import Books
from imports.builders import balances, bring, proven, rows, value

MAPPING = """
kind = "balances"
[[member]]
kind = { constant = "card" }
value = "会員番号"
[balance]
points = "残高"
expires_on = "失効日"
expiry_means = "%s"
limited = "限定"
"""
LOTS = """
select i.value, l.remaining, l.expires_on, l.kind, l.rule
  from lot l join member_identifier i on i.member_id = l.member_id and i.value like '00%' order by l.member_id, l.lot_id
"""


def written(folder: Path, *lines: str) -> Path:
    path = folder / "balances.csv"
    path.write_bytes("\r\n".join(("会員番号,残高,失効日,限定", *lines, "")).encode("cp932"))
    return path


@pytest.mark.parametrize(
    ("means", "last_day"), [("valid_through", date(2027, 3, 31)), ("expires_at_start_of", date(2027, 3, 30))]
)
async def test_rule_14_balances_keep_their_dates(books: Books, tmp_path: Path, means: str, last_day: date) -> None:
    path = written(
        tmp_path, '="0012",1200,R9.3.31,', "0012,50,2027/3/31,1", "0013,▲30,,", "0014,9,2026/1/1,", "0015,0,,"
    )
    outcome = await bring(books, path, MAPPING % means, "balances", enrol=True)
    assert await rows(books, LOTS) == [
        ("0012", 1200, last_day, "regular", "adjustment:migration"),
        ("0012", 50, last_day, "limited", "adjustment:migration"),
        ("0013", -30, None, "debt", "adjustment:migration"),
    ]
    assert (outcome.counts.balances, outcome.counts.points) == (3, 1220)
    # Points that have expired already are not brought, and the row says so.
    assert outcome.counts.reasons == {"invalid_request": 1, "no_points": 1}
    assert outcome.refused is not None
    assert "0014" in outcome.refused.read_bytes().decode("cp932")
    await proven(books)


async def test_a_balance_is_not_brought_twice_unless_undone(books: Books, tmp_path: Path) -> None:
    path = written(tmp_path, "0012,1200,,")
    first = await bring(books, path, MAPPING % "valid_through", "balances", enrol=True)
    second = await bring(books, path, MAPPING % "valid_through", "balances")
    assert second.counts.reasons == {"balance_exists": 1}
    assert await balances(books) == {"0012": (1200, 0)}
    assert first.import_id is not None
    job = await find_job(books.database, first.import_id)
    await undo(books.database, books.till, books.context, books.clock, job, lambda _: None)
    assert await balances(books) == {"0012": (0, 0)}
    third = await bring(books, written(tmp_path, "0012,1300,,"), MAPPING % "valid_through", "balances")
    assert third.counts.reasons == {}
    assert await balances(books) == {"0012": (1300, 0)}
    await proven(books)


async def test_a_restart_brings_no_row_twice(books: Books, tmp_path: Path) -> None:
    path = written(tmp_path, "0012,5,,", "0012,5,,", "0013,7,,")
    await bring(books, path, MAPPING % "valid_through", "balances", enrol=True)
    async with books.database.writing() as connection:
        await connection.execute("update import_job set state = 'running', checkpoint = 0, counts = '{}'")
    await bring(books, path, MAPPING % "valid_through", "balances", enrol=True)
    assert await balances(books) == {"0012": (10, 0), "0013": (7, 0)}
    assert await value(books, "select count(*) from import_job") == 1


async def test_a_dry_run_brings_nothing(books: Books, tmp_path: Path) -> None:
    path = written(tmp_path, "0012,5,,", "0013,7,2020/1/1,")
    outcome = await bring(books, path, MAPPING % "valid_through", "balances", enrol=True, dry_run=True)
    assert (outcome.counts.balances, outcome.counts.reasons) == (1, {"invalid_request": 1})
    assert await value(books, "select count(*) from member") == 0
