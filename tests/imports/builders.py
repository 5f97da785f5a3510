"""Files, shops and members for the tests of imports."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from goen.actions.imports.job import Kind
from goen.actions.proof import prove
from goen.actions.shops import PutShop, put_shop
from goen.channels.files.mapping import Mapping, parse_mapping
from goen.cli.importing import Books, Outcome, Wanted, import_file
from goen.vocabulary.clock import SystemClock

SALES = """
kind = "purchases"
[[member]]
kind = { constant = "card" }
value = "会員"
[receipt]
rows_by = ["伝票"]
shop = { constant = "shibuya" }
external_id = "伝票"
occurred_at = "日時"
use_points = "利用P"
return_of = "元伝票"
[line]
name = "品名"
quantity = "数量"
unit_price = "単価"
[file]
absent_columns = true
"""


async def open_shops(books: Books, *codes: str, kind: str = "store") -> None:
    """Shops of these codes."""
    for code in codes:
        await put_shop(
            books.database, books.context.shops, PutShop(code, code, kind), author="test", now=books.clock.now()
        )  # type: ignore[arg-type]


async def bring(
    books: Books, path: Path, mapping: Mapping | str | None = SALES, kind: Kind = "purchases", **options: Any
) -> Outcome:
    """Import a file."""
    chosen = parse_mapping(mapping) if isinstance(mapping, str) else mapping
    return await import_file(books, Wanted(kind=kind, path=path, mapping=chosen, **options))


def sales_file(
    folder: Path, *rows: str, header: str = "伝票,会員,日時,品名,数量,単価", name: str = "sales.csv"
) -> Path:
    """A CSV of sales for :data:`SALES`."""
    path = folder / name
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return path


async def balances(books: Books) -> dict[str, tuple[int, int]]:
    """Every member's card as given → (booked, debt)."""
    rows = """
    select i.value, a.booked, a.debt
      from member_account a
      join member_identifier i on i.member_id = a.member_id and i.kind = 'card'
      join member m on m.member_id = i.member_id and m.number <> i.normal
    """
    async with books.database.reading() as connection:
        return {row["value"]: (row["booked"], row["debt"]) for row in await connection.fetch(rows)}


async def value(books: Books, sql: str, *arguments: object) -> Any:
    """One value of the database."""
    async with books.database.reading() as connection:
        return await connection.fetchval(sql, *arguments)


async def rows(books: Books, sql: str) -> list[tuple[Any, ...]]:
    """Rows of the database as tuples."""
    async with books.database.reading() as connection:
        return [tuple(row) for row in await connection.fetch(sql)]


async def proven(books: Books) -> None:
    """Every invariant of ``goen verify`` holds."""
    found = [finding async for finding in prove(books.database, SystemClock().now())]
    assert found == []


def cells_of(path: Path, names: Iterable[str], encoding: str = "utf-8") -> list[dict[str, str]]:
    """Chosen columns of a CSV."""
    import csv

    with path.open(encoding=encoding, newline="") as file:
        return [{name: row[name] for name in names} for row in csv.DictReader(file)]
