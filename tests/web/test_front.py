"""The first page and its live ledger: what they show, to whom, and nothing about any person."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn

from goen.main import build
from goen.readings.live import movements

LOCAL = {"Host": "localhost:8000"}


def site(application: Any, address: str = "127.0.0.1", host: str = "localhost:8000") -> httpx.AsyncClient:
    """A browser at this address that believes to visit that host."""
    transport = httpx.ASGITransport(application, client=(address, 5000))
    return httpx.AsyncClient(transport=transport, base_url=f"http://{host}")


async def buy(edge: Any, number: int, **changes: Any) -> None:
    member = {"identifiers": [{"kind": "card", "value": f"CARD-{number:04d}"}], "name": "山田花子"}
    await edge.server.post("/v1/members", json=member)
    body = {
        "shop": "shibuya", "external_id": f"r{number}", "occurred_at": edge.clock.now().isoformat(),
        "member": {"kind": "card", "value": f"CARD-{number:04d}"}, "lines": [{"line": 1, "amount": 1100}], **changes,
    }  # fmt: skip
    answer = await edge.server.post("/v1/purchases", json=body)
    assert answer.status_code == 201, answer.text


async def relayed(edge: Any, events: int) -> None:
    """Wait until the relay has numbered so many events."""
    async with asyncio.timeout(5):
        while True:
            async with edge.database.reading() as connection:
                if await connection.fetchval("select position from feed_head") >= events:
                    return
            await asyncio.sleep(0.02)


async def test_the_page_is_japanese_first_and_english_by_switch(edge: Any) -> None:
    browser = site(edge.application)
    japanese = (await browser.get("/", headers={"Accept-Language": "en"})).text
    assert '<html lang="ja">' in japanese
    assert "APIドキュメント" in japanese
    assert "100円ごとに1 P" in japanese
    english = await browser.get("/?lang=en")
    assert '<html lang="en">' in english.text
    assert "API documents" in english.text
    assert "goen_language=en" in english.headers["set-cookie"]
    assert '<html lang="en">' in (await browser.get("/", headers={"Cookie": "goen_language=en"})).text
    assert '<html lang="ja">' in (await site(edge.application).get("/?lang=xx")).text


async def test_pages_are_strict_with_the_browser(edge: Any) -> None:
    for path in ("/", "/docs/problems", "/nothing"):
        answer = await site(edge.application).get(path, headers={"Accept": "text/html"})
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
    lost = await site(edge.application).get("/nothing", headers={"Accept": "text/html"})
    assert lost.status_code == 404
    assert "ページが見つかりません" in lost.text


@pytest.mark.parametrize(
    ("address", "host", "headers", "seen"),
    [
        ("127.0.0.1", "localhost:8000", {}, True),
        ("127.0.0.1", "127.0.0.1:8000", {}, True),
        ("::1", "[::1]:8000", {}, True),
        ("192.0.2.7", "192.0.2.7:8000", {}, False),
        ("192.0.2.7", "localhost:8000", {}, False),
        ("127.0.0.1", "points.example.com", {}, False),  # A proxy of ours, or DNS rebinding.
        ("127.0.0.1", "localhost:8000", {"X-Forwarded-For": "192.0.2.7"}, False),
        ("127.0.0.1", "localhost:8000", {"Forwarded": "for=192.0.2.7"}, False),
    ],
)
async def test_figures_are_shown_on_the_machine_itself_alone(
    edge: Any, address: str, host: str, headers: dict[str, str], seen: bool
) -> None:
    browser = site(edge.application, address, host)
    page = await browser.get("/", headers=headers)
    assert page.status_code == 200
    assert ("data-total" in page.text) == seen
    if not seen:
        assert (await browser.get("/live", headers=headers)).status_code == 403


async def test_demo_figures_are_shown_to_everybody_with_a_notice(edge: Any) -> None:
    async with build(edge.database, edge.clock, demo=True) as application:
        page = (await site(application, "192.0.2.7", "demo.example.com").get("/")).text
        assert "data-total" in page
        assert "架空のものです" in page
    assert "架空のものです" not in (await site(edge.application).get("/")).text


async def test_the_totals_are_those_of_the_ledger(edge: Any) -> None:
    for number in range(3):
        await buy(edge, number)
    page = (await site(edge.application).get("/")).text
    assert '<output data-total="purchases">3</output>' in page
    assert '<output data-total="outstanding">30</output> P' in page


async def test_movements_tell_shop_and_points_and_nobody(edge: Any) -> None:
    await buy(edge, 1)
    await buy(edge, 2, shop="web", status="placed")
    await buy(edge, 1, external_id="r9", use_points=4)
    await relayed(edge, 8)  # Two enrolments, and two events of each of the three sales.
    position, found = await movements(edge.database, edge.application.services.shops, None)
    assert [(each.what, each.shop, each.kind, each.points, each.pending) for each in found] == [
        ("sale", "渋谷店", "store", 10, 0),
        ("order", "オンラインストア", "ec", 0, 10),
        ("sale", "渋谷店", "store", 5, 0),
    ]
    assert set(found[0].__struct_fields__) == {"at", "what", "shop", "kind", "points", "pending"}
    assert await movements(edge.database, edge.application.services.shops, position) == (position, [])


@asynccontextmanager
async def served(application: Any) -> AsyncIterator[str]:
    """The application behind a real server, because an endless answer needs one."""
    config = uvicorn.Config(application, port=0, lifespan="off", access_log=False, log_level="warning")
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it by nothing else.
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        application.stop()
        server.should_exit = True
        await asyncio.wait_for(task, 5)


async def test_the_live_ledger_moves_as_sales_are_posted(edge: Any) -> None:
    async with (
        served(edge.application) as address,
        httpx.AsyncClient(base_url=address) as browser,
        browser.stream("GET", "/live", timeout=10) as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.aiter_lines()
        assert await anext(lines) == "event: totals"
        await buy(edge, 5)
        seen = [line async for line in _until(lines, "event: movement")]
        movement = json.loads((await anext(lines)).removeprefix("data: "))
    assert movement["points"] == 10
    assert movement["shop"] == "渋谷店"
    assert "山田" not in str(seen) + str(movement)
    assert "m_" not in str(movement)


async def _until(lines: AsyncIterator[str], wanted: str) -> AsyncIterator[str]:
    async for line in lines:
        yield line
        if line == wanted:
            return
