"""Lists of the office: sorted, searched; and the refused rows of imports, handed out where their file is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from goen.actions.imports.job import Counts, Reader, note_job, note_refused_file, open_job
from goen.members.ids import member_id_of
from web.conftest import signed_in
from web.test_benefits import ordered, rewarded
from web.test_front import buy, relayed

ROWS = "会員番号,氏名,row,reason,words\r\nA-1,髙橋,2,invalid_request,電話番号\r\n".encode("cp932")


async def refused_rows(staffed: Any, folder: Path, name: str = "members.refused.csv") -> int:
    """An import that refused a row, whose file is here; its number."""
    path = folder / name
    path.write_bytes(ROWS)
    reader = Reader("members", "members.csv", name, "{}", "test")
    job = await open_job(staffed.database, reader, staffed.clock)
    counts = Counts(rows=2, refused=1)
    await note_refused_file(staffed.database, str(path), job.import_id, staffed.clock)
    await note_job(staffed.database, job, staffed.clock, checkpoint=2, counts=counts, state="done")
    return job.import_id


async def test_refused_rows_are_handed_out_byte_for_byte_and_written_down(staffed: Any, tmp_path: Path) -> None:
    number = await refused_rows(staffed, tmp_path)
    async with signed_in(staffed.application, "accounting", staffed.clock) as visitor:
        assert f"/office/imports/{number}/refused" in (await visitor.get("/office/imports")).text
        taken = await visitor.get(f"/office/imports/{number}/refused")
        assert (taken.status_code, taken.content) == (200, ROWS)
        assert taken.headers["content-disposition"] == f'attachment; filename="goen-refused-{number}.csv"'
        for none in ("0", "99", "x", "²", "..%2F..%2Fetc%2Fpasswd", "-1"):
            assert (await visitor.get(f"/office/imports/{none}/refused")).status_code == 404, none
        # Something else stands there by now, or nothing: neither shown nor given.
        for content in (b"root:x:0:0\n", None):
            path = tmp_path / "members.refused.csv"
            path.unlink() if content is None else path.write_bytes(content)
            assert "/refused" not in (await visitor.get("/office/imports")).text
            assert (await visitor.get(f"/office/imports/{number}/refused")).status_code == 404
        trail = (await visitor.get("/office/audit?room=list")).text
        assert re.search(r"import_id=\d", trail)
    async with signed_in(staffed.application, "manager", staffed.clock) as visitor:
        assert (await visitor.get(f"/office/imports/{number}/refused")).status_code == 403


async def test_purchases_are_sorted_and_found_by_their_member(staffed: Any) -> None:
    for number in (1, 2, 3):
        await buy(staffed, number)
        staffed.clock.advance(seconds=1)
    await buy(staffed, 1, external_id="y1", shop="yokohama")
    await relayed(staffed, 8)

    def receipts(page: str) -> list[str]:
        return re.findall(r'<td class="mono small wide">(\w+)</td>', page)

    async with signed_in(staffed.application, "owner", staffed.clock) as visitor:
        newest = receipts((await visitor.get("/office/purchases")).text)
        assert newest == ["y1", "r3", "r2", "r1"]
        assert receipts((await visitor.get("/office/purchases?order=oldest")).text) == newest[::-1]
        assert receipts((await visitor.get("/office/purchases?member=CARD-0001")).text) == ["y1", "r1"]
        assert receipts((await visitor.get("/office/purchases?member=CARD-0009")).text) == []
        rows = (await visitor.get("/office/purchases?member=CARD-0001&export=csv-utf8")).content.decode("utf-8-sig")
        assert len(rows.splitlines()) == 3
        whole = (await visitor.get("/office/purchases?order=oldest&export=csv-utf8")).content.decode("utf-8-sig")
        assert [line.split(",")[2] for line in whole.splitlines()[1:]] == newest[::-1]
    async with signed_in(staffed.application, "manager", staffed.clock) as visitor:
        assert receipts((await visitor.get("/office/purchases?member=CARD-0001")).text) == ["r1"]  # Their shop's.
    async with signed_in(staffed.application, "clerk", staffed.clock) as visitor:
        page = (await visitor.get("/office/purchases?member=CARD-0002")).text
        assert receipts(page) == ["r3", "r2", "r1"], "who knows no members searches none"
        assert 'name="member"' not in page


async def test_rewards_and_their_orders_are_searched_and_sorted(staffed: Any) -> None:
    await buy(staffed, 1, lines=[{"line": 1, "amount": 5500}])
    await buy(staffed, 2)
    await rewarded(staffed)
    await staffed.server.put("/v1/rewards/dear", json={"name": "旅行券", "points": 9000, "delivery": "pickup"})
    members = [
        (await staffed.server.get(f"/v1/members?kind=card&value=CARD-000{n}")).json()["items"][0]["id"] for n in (1, 2)
    ]
    first, second = await ordered(staffed, members[0]), await ordered(staffed, members[0])
    other = await ordered(staffed, members[1])
    assert member_id_of(members[0]) is not None

    async with signed_in(staffed.application, "marketing", staffed.clock) as visitor:

        async def listed(query: str) -> list[str]:
            return re.findall(r'/office/rewards/(\w+)"', (await visitor.get(f"/office/rewards?{query}")).text)

        assert await listed("") == ["cards", "dear", "gift"]
        assert await listed("order=ordered") == ["gift", "cards", "dear"]
        assert (await listed("order=cheap"))[-1] == "dear"
        assert await listed("q=旅行") == ["dear"]
        assert await listed("q=none") == []

        async def orders(query: str) -> list[str]:
            return re.findall(
                r'<span class="mono">(o_\w+)</span>', (await visitor.get(f"/office/reward-orders?{query}")).text
            )

        assert await orders("") == [first, second, other]
        assert await orders("order=newest") == [other, second, first]
        assert await orders(f"q={second}") == [second]
        assert await orders("q=CARD-0002") == [other]
        assert await orders("q=タオ") == [first, second, other]
        assert await orders("q=%25") == []
        rows = (await visitor.get("/office/reward-orders?q=CARD-0002&export=csv-utf8")).content.decode("utf-8-sig")
        assert len(rows.splitlines()) == 2
