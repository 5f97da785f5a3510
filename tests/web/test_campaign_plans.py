"""Campaigns by the calendar, and back-tests that go on while nobody looks."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import msgspec

from goen.actions import backtests
from web.conftest import csrf_of, signed_in
from web.test_front import buy
from web.test_offers import HX, drafted


async def test_a_month_shows_what_runs_in_it(staffed: Any) -> None:
    await drafted(
        staffed, "dec", name="冬の企画", starts_at="2026-12-10T00:00:00+09:00", ends_at="2026-12-21T00:00:00+09:00"
    )
    await drafted(staffed, "long", name="通年企画")
    await drafted(staffed, "over", name="終了企画", ends_at="2026-12-01T00:00:00+09:00")
    async with signed_in(staffed.application, "manager", staffed.clock) as visitor:
        page = (await visitor.get("/office/campaigns-calendar?month=2026-12")).text
        assert '<rect class="run" x="9" y="0.15" width="11"' in page  # The 10th to the 20th.
        assert '<rect class="run" x="0" y="0.15" width="31"' in page
        assert "終了企画" not in page
        assert "0\u00a0P / 1,000\u00a0P" in page
        assert "終了企画" in (await visitor.get("/office/campaigns-calendar?month=2026-11")).text
        for wrong in ("2026-13", "x", "2026-1"):
            assert (await visitor.get(f"/office/campaigns-calendar?month={wrong}")).status_code == 422


async def test_a_backtest_runs_by_itself_and_its_result_stays(staffed: Any) -> None:
    await buy(staffed, 1, lines=[{"line": 1, "amount": 5500}])
    await buy(staffed, 2, external_id="y1", shop="yokohama")
    await drafted(staffed)
    address = "/office/campaigns/rain/backtest"
    async with signed_in(staffed.application, "marketing", staffed.clock) as visitor:
        assert "試算はまだありません" in (await visitor.get(address)).text
        form = {"csrf": csrf_of(visitor), "version": "1"}
        assert (await visitor.post(address, data=form)).status_code == 303
        going = (await visitor.get(address)).text
        assert 'hx-trigger="every 1s"' in going
        assert "<progress" in going
        assert 'type="submit" disabled' in going
        async with asyncio.timeout(60):
            while "every 1s" in (page := (await visitor.get(address, headers=HX)).text):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        assert "<html" not in page
        for said in ("試算結果", "50\u00a0P", "渋谷店", "店舗別", "staff:marketing"):
            assert said in page, said
        assert "試算結果" in (await visitor.get(address)).text
        told = (await staffed.server.post("/v1/campaigns/rain/backtest", json={})).json()
        async with staffed.database.reading() as connection:
            [run] = await backtests.latest(connection, "rain", 10, staffed.clock.now())
        assert run.answer is not None
        found = msgspec.json.decode(run.answer)
        assert (found["points"], found["touched"]) == (told["points"], told["touched"])
        for wrong in ({"first": "x"}, {"first": "2026-11-02", "last": "2026-11-01"}):
            assert (await visitor.post(address, data=form | wrong)).status_code == 422
        assert (await visitor.get("/office/campaigns/none/backtest")).status_code == 404


async def test_a_backtest_of_a_discount_tells_the_yen_that_it_takes_off(staffed: Any) -> None:
    await buy(staffed, 1, lines=[{"line": 1, "amount": 5500}])
    await drafted(staffed, effects=[{"kind": "discount", "percent": 10}, {"kind": "gift", "name": "タオル"}], limits=[])
    told = (await staffed.server.post("/v1/campaigns/rain/backtest", json={})).text
    async with staffed.database.transaction() as connection:
        asked = {"campaign": "rain", "version": 1, "first": None, "last": None, "made_by": "staff:marketing"}
        run_id = await backtests.SQL.add_run(connection, **asked, now=staffed.clock.now())
        await backtests.SQL.end_run(connection, run_id=run_id, answer=told, now=staffed.clock.now())
    async with signed_in(staffed.application, "marketing", staffed.clock) as visitor:
        page = (await visitor.get("/office/campaigns/rain/backtest")).text
    assert page.count("¥550") >= 4, "in all, after returns, by shop, by channel, among the earlier ones"
    assert "全品返品分を除いた値引き" in page
    assert "0\u00a0P" not in page


async def test_a_backtest_whose_process_has_ended_is_told_as_broken_off(staffed: Any) -> None:
    await drafted(staffed)
    now = staffed.clock.now()
    async with staffed.database.transaction() as connection:
        await backtests.SQL.add_run(
            connection, campaign="rain", version=1, first=None, last=None, made_by="x", now=now - timedelta(minutes=2)
        )
    async with signed_in(staffed.application, "marketing", staffed.clock) as visitor:
        page = (await visitor.get("/office/campaigns/rain/backtest")).text
        assert "中断" in page
        assert "every 1s" not in page
