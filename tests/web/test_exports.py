"""Lists taken away: the same rows as the page, in the language of the page, safe in a spreadsheet, and written down."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from goen.channels.files.exports import FORMATS, Cell, exported
from web.conftest import signed_in
from web.test_front import buy, relayed
from web.test_offers import couponed, drafted, stocked

LISTS = ("members?which=all", "purchases", "products", "campaigns", "coupons", "audit")


async def told(form: Any, rows: list[list[Cell]], titles: tuple[str, ...] = ("名前", "値")) -> bytes:
    async def each() -> AsyncIterator[list[Cell]]:
        for row in rows:
            yield row

    return b"".join([piece async for piece in exported(form, titles, each())])


def read(body: bytes, encoding: str = "utf-8-sig") -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode(encoding), newline="")))


HARD: list[list[Cell]] = [
    ["髙﨑①～－∥", -5], ["𠮷田", None], ['改\n行, "引用"', Decimal("1.50")], ["=1+1", date(2026, 11, 3)],
    ["+81-90", datetime(2026, 11, 3, 9, 5)], ["@x", True], ["-1", 0], ["\t=x", 1], ["＝SUM(A1)", 2], ["0901", 3],
]  # fmt: skip


async def test_utf8_has_every_character_and_no_formula() -> None:
    body = await told("csv-utf8", HARD)
    assert body.startswith(b"\xef\xbb\xbf")
    rows = read(body)
    assert rows[0] == ["名前", "値"]
    assert [row[0] for row in rows[1:]] == [
        "髙﨑①～－∥", "𠮷田", '改\n行, "引用"', "'=1+1", "'+81-90", "'@x", "'-1", "'\t=x", "'＝SUM(A1)", "0901",
    ]  # fmt: skip
    # Numbers and days are themselves, below zero too.
    assert [row[1] for row in rows[1:7]] == ["-5", "", "1.50", "2026-11-03", "2026-11-03 09:05:00", "1"]


async def test_cp932_shows_what_it_lacks_by_number() -> None:
    body = await told("csv-cp932", [*HARD, ["−2+3", -1], ["〜−‖é", 1]])
    rows = read(body, "cp932")
    assert rows[1][0] == "髙﨑①～－∥"
    assert rows[2][0] == "〔U+20BB7〕田"
    assert rows[-2] == ["'－2+3", "-1"]
    assert rows[-1][0] == "～－∥〔U+00E9〕"
    assert b"\r\n" in body


async def test_excel_has_texts_as_texts_and_numbers_as_numbers() -> None:
    book = CalamineWorkbook.from_filelike(io.BytesIO(await told("xlsx", HARD)))
    rows = book.get_sheet_by_index(0).to_python()
    assert rows[0] == ["名前", "値"]
    assert [row[0] for row in rows[1:]] == [row[0] for row in HARD]
    assert rows[1][1] == -5
    assert rows[4][1] == date(2026, 11, 3)


@pytest.mark.parametrize("form", FORMATS)
async def test_a_long_list_takes_no_more_memory_than_a_short_one(form: Any) -> None:
    async def rows(count: int) -> AsyncIterator[list[Cell]]:
        for number in range(count):
            yield ["会員" * 20, number]

    async def most(count: int) -> int:
        tracemalloc.start()
        async for _ in exported(form, ("a", "b"), rows(count)):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    await most(10)
    assert await most(10_000) < await most(1_000) + 400_000


async def test_every_list_is_taken_away_as_its_page_shows_it(staffed: Any) -> None:
    for number in range(3):
        await buy(staffed, number)
    await relayed(staffed, 6)
    await drafted(staffed, name="=cmd|' /C calc'!A0")
    await couponed(staffed)
    await stocked(staffed)
    async with signed_in(staffed.application, "owner", staffed.clock) as visitor:
        for name in LISTS:
            for form in FORMATS:
                sign = "&" if "?" in name else "?"
                answer = await visitor.get(f"/office/{name}{sign}export={form}")
                assert answer.status_code == 200, (name, form)
                assert "attachment" in answer.headers["content-disposition"]
                if form != "xlsx":
                    rows = read(answer.content, "cp932" if form == "csv-cp932" else "utf-8-sig")
                    assert len(rows) > 1, name
                    assert {len(row) for row in rows} == {len(rows[0])}, name
                else:
                    assert (
                        len(
                            CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
                        )
                        > 1
                    )
            assert (await visitor.get(f"/office/{name}{sign}export=pdf")).status_code == 422
            page = (await visitor.get(f"/office/{name}")).text
            assert "export=csv-cp932" in page, name
        rows = read((await visitor.get("/office/campaigns?export=csv-utf8&lang=ja")).content)
        assert rows[0][1] == "名称"
        assert rows[1][1].startswith("'=cmd")
        assert read((await visitor.get("/office/campaigns?export=csv-utf8&lang=en")).content)[0][1] == "Title"
        only = read((await visitor.get("/office/products?q=緑茶&export=csv-utf8")).content)
        assert [row[0] for row in only[1:]] == ["4901234567894"]
        trail = read((await visitor.get("/office/audit?room=list&order=oldest&export=csv-utf8")).content)
        assert len(trail) >= 1 + 18
        assert '"list":"members"' in trail[1][7]
        people = read((await visitor.get("/office/members?which=all&order=oldest&export=csv-utf8")).content)
        member = (await staffed.server.get("/v1/members?kind=card&value=CARD-0001")).json()["items"][0]
        assert member["number"] in [row[0] for row in people]
    await staffed.application.services.accesses.write()
    lines = (await staffed.server.get(f"/v1/members/{member['id']}/accesses")).json()["items"]
    assert "exported" in [each["what"] for each in lines]


async def test_a_list_is_taken_by_whom_the_page_is_for_and_has_what_is_theirs(staffed: Any) -> None:
    await buy(staffed, 1)
    await buy(staffed, 2, shop="yokohama", external_id="y1")
    await relayed(staffed, 4)
    await stocked(staffed)
    async with signed_in(staffed.application, "clerk", staffed.clock) as visitor:
        assert (await visitor.get("/office/members?which=all&export=xlsx")).status_code == 403
        assert (await visitor.get("/office/audit?export=csv-utf8")).status_code == 403
        sales = read((await visitor.get("/office/purchases?export=csv-utf8")).content)
        assert {row[1] for row in sales[1:]} == {"渋谷店"}
        assert "山田花子" not in {row[5] for row in sales[1:]}
    async with signed_in(staffed.application, "manager", staffed.clock) as visitor:
        goods = read((await visitor.get("/office/products?export=csv-utf8")).content)
        assert {row[7] for row in goods[1:]} == {""}  # What headquarters pays.


async def test_lists_are_filtered_and_sorted(staffed: Any) -> None:
    for number in range(3):
        await buy(staffed, number)
    await buy(staffed, 9, external_id="w9", shop="web", status="placed")
    await relayed(staffed, 8)
    await stocked(staffed)
    await drafted(staffed, "aaa", name="春の企画")
    await drafted(staffed, "bbb", name="夏の企画", ends_at="2027-01-01T00:00:00+09:00")
    async with signed_in(staffed.application, "owner", staffed.clock) as visitor:

        async def column(path: str, place: int) -> list[str]:
            return [row[place] for row in read((await visitor.get(f"{path}&export=csv-utf8")).content)[1:]]

        assert await column("/office/products?order=dear", 0) == ["Z-9", "T-001", "4901234567894"]
        assert await column("/office/products?order=cheap", 6) == ["150", "1000", "3900"]
        assert await column("/office/campaigns?order=end", 0) == ["bbb", "aaa"]
        assert await column("/office/campaigns?q=春", 0) == ["aaa"]
        assert await column("/office/purchases?state=placed", 2) == ["w9"]
        newest = await column("/office/members?which=all&order=newest", 0)
        oldest = await column("/office/members?which=all&order=oldest", 0)
        assert newest == oldest[::-1]
        assert len(newest) >= 4
        assert await column("/office/members?which=frozen", 0) == []
        day = staffed.clock.now().date()
        made = await column(f"/office/audit?room=campaign&since={day}&until={day}&order=oldest", 3)
        assert made == ["campaign.created", "campaign.created"]
        assert await column(f"/office/audit?room=campaign&until={day - timedelta(days=1)}", 3) == []
        assert await column("/office/audit?author=nobody", 3) == []
        assert (await visitor.get("/office/audit?since=soon")).status_code == 422
