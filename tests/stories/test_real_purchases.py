"""Real purchases through the command's own path into the books, to the penny.

UCI Online Retail (a UK web shop), CDNOW, and The Complete Journey (a grocery chain). What is accepted and
what is refused is all there is, and the books agree with themselves afterwards.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from goen.channels.files.mapping import read_mapping
from goen.cli.importing import Books, Outcome, open_books
from goen.database.pool import Database
from goen.vocabulary.clock import Clock
from imports.builders import balances, bring, cells_of, open_shops, proven, rows, value

MAPPINGS = Path(__file__).parents[1] / "data" / "mappings"

pytestmark = pytest.mark.slow


@pytest.fixture
async def books(pool: Database, clock: Clock) -> AsyncIterator[Books]:
    async with open_books(pool, clock) as opened:
        yield opened


async def brought(books: Books, source: Path, mapping: str, folder: Path) -> Outcome:
    chosen = read_mapping(MAPPINGS / f"{mapping}.toml")
    return await bring(books, source, chosen, enrol=True, refused=folder / "refused.csv")


async def test_online_retail(books: Books, shared_data: Path, tmp_path: Path) -> None:
    await open_shops(books, "uk-web", kind="ec")
    source = shared_data / "transactions" / "online_retail_even.csv.gz"
    outcome = await brought(books, source, "online_retail", tmp_path)
    counts = outcome.counts
    assert counts.rows == 263_367
    assert counts.reasons == {"no_sale": 1_074, "negative_price": 1}
    sold = await value(books, "select sum(total)::bigint from purchase")
    refunded = await value(books, "select sum(refund)::bigint from purchase_return")
    assert outcome.refused is not None
    refused = cells_of(outcome.refused, ("Description", "Quantity", "UnitPrice"))
    bad_debt = [row for row in refused if row["UnitPrice"].startswith("-")]
    assert bad_debt == [{"Description": "Adjust bad debt", "Quantity": "1", "UnitPrice": "-11062.06"}]
    assert sold - refunded - 11_062_06 == 4_935_332_69
    known = await rows(
        books,
        """select (select sum(total)::bigint from purchase where member_id > 0),
                  (select sum(refund)::bigint from purchase_return where member_id > 0)""",
    )
    assert known == [(4_579_032_54, 423_428_49)]
    assert await value(books, "select count(*) from purchase where member_id < 0") == counts.guests == 659
    # The member of 74,215 pieces gives them all back 16 minutes later: linked, and nothing is left.
    whole = """
    select p.total, r.refund, a.booked
      from member_identifier i
      join purchase p on p.member_id = i.member_id
      join purchase_return r on r.member_id = p.member_id and r.purchase_id = p.purchase_id
      join member_account a on a.member_id = p.member_id
     where i.normal = '12346'
    """
    assert await rows(books, whole) == [(7_718_360, 7_718_360, 0)]
    linked = await value(books, "select count(*) from purchase_return where purchase_id is not null")
    assert linked > 1_500
    over = """
    select count(*) from (
      select p.total, sum(r.refund) as refunded from purchase p
        join purchase_return r on r.member_id = p.member_id and r.purchase_id = p.purchase_id
       group by p.purchase_id, p.total
    ) x where refunded > total
    """
    assert await value(books, over) == 0
    await proven(books)


async def test_cdnow(books: Books, shared_data: Path, tmp_path: Path) -> None:
    await open_shops(books, "cdnow", kind="ec")
    outcome = await brought(books, shared_data / "transactions" / "CDNOW_sample.txt", "cdnow", tmp_path)
    assert outcome.counts.rows == 6_919
    assert await value(books, "select sum(total)::bigint from purchase") == 244_091_94
    assert outcome.refused is not None
    refused = cells_of(outcome.refused, ("id", "cds", "dollars"))
    pieces = """
    select sum(coalesce(l->>'quantity', '1')::numeric)::bigint
      from purchase p, json_array_elements(p.document::json->'lines') l
    """
    assert await value(books, pieces) + sum(int(row["cds"]) for row in refused) == 16_479
    buyers = await value(books, "select count(*) from member")
    strangers = {row["id"] for row in refused} - set(await balances(books))
    assert buyers + len(strangers) == 2_357
    await proven(books)


async def test_complete_journey(books: Books, shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / "transactions" / "completejourney_dev" / "transactions.csv.gz"
    with gzip.open(source, "rt", newline="") as lines:
        stores = sorted({row["store_id"] for row in csv.DictReader(lines)})
    await open_shops(books, *(f"store-{store}" for store in stores))
    outcome = await brought(books, source, "complete_journey", tmp_path)
    assert (outcome.counts.rows, outcome.counts.members) == (89_773, 155)
    assert await value(books, "select sum(total)::bigint from purchase") == 269_263_46
    assert outcome.refused is not None
    refused = cells_of(outcome.refused, ("basket_id", "sales_value", "retail_disc"))
    assert {float(row["sales_value"]) for row in refused} == {0.0}
    baskets = await value(books, "select count(*) from purchase")
    there = await value(books, "select array_agg(external_id) from purchase")
    assert baskets + len({row["basket_id"] for row in refused} - set(there)) == 9_896
    await proven(books)


async def test_smaregi_closes_with_the_balance_that_its_file_shows(
    books: Books, shared_data: Path, tmp_path: Path
) -> None:
    """The file's points follow a programme on tax-included prices: 500 before, 521 after."""
    from datetime import timedelta

    import msgspec

    from goen.actions.programme import apply_programme

    folder = shared_data / "csv"
    expected = json.loads((folder / "expected.json").read_text())["smaregi_transactions_sample.utf8bom.csv"]
    await open_shops(books, "1")
    programmes = books.context.programmes
    included = msgspec.structs.replace(
        programmes.at(books.clock.now()).programme,
        earning=msgspec.structs.replace(programmes.at(books.clock.now()).programme.earning, base="tax_included"),
        starts_at=books.clock.now() + timedelta(seconds=3),
    )
    await apply_programme(books.database, programmes, included, author="test", now=books.clock.now())
    # The sample is of October 2025 and the new version counts from now on: its two days become the next two.
    moved = tmp_path / "transactions.csv"
    text = (folder / "smaregi_transactions_sample.utf8bom.csv").read_text(encoding="utf-8-sig")
    moved.write_text(text.replace("2025-10-0", "2026-12-0"), encoding="utf-8-sig")
    opening = tmp_path / "balances.csv"
    opening.write_text("member,balance\n0000000012,500\n", encoding="utf-8")
    books.clock.advance(days=12)  # type: ignore[attr-defined]
    await bring(books, opening, None, "balances", enrol=True)
    outcome = await bring(books, moved, None)
    assert outcome.counts.refused == 0
    assert await balances(books) == {"0000000012": (expected["closing_balance_member_12"], 0)}
    net = "select (select sum(payable) from purchase) - (select sum(refund) from purchase_return)"
    assert await value(books, net) == expected["net_sales"]
    await proven(books)
