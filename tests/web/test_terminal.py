"""A device becomes a terminal by a code, once; its key stays where no script reads it and serves that shop alone."""

from __future__ import annotations

import re
from typing import Any

import httpx

from web.conftest import PIN, browser, csrf_of, signed_in

TERMINAL = {"X-Goen-Terminal": "1"}


async def code_for(staffed: Any, device: str = "01") -> str:
    async with signed_in(staffed.application, "manager", staffed.clock) as visitor:
        form = {"csrf": csrf_of(visitor), "shop": "shibuya", "device": device}
        answer = await visitor.post("/office/terminals", data=form, headers={"HX-Request": "true"})
        found = re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}", answer.text)
        assert found is not None, answer.text
        return found[0]


async def enrolled(staffed: Any, visitor: httpx.AsyncClient) -> httpx.Response:
    return await visitor.post("/terminal/enrol", data={"code": (await code_for(staffed)).lower().replace("-", " ")})


async def clerk_of(visitor: httpx.AsyncClient) -> int:
    found = re.search(r'<option value="(\d+)">試験 clerk<', (await visitor.get("/terminal")).text)
    assert found is not None
    return int(found[1])


async def test_a_code_enrols_one_device_once(staffed: Any) -> None:
    code = await code_for(staffed)
    async with browser(staffed.application) as visitor:
        assert "この端末を登録" in (await visitor.get("/terminal")).text
        answer = await visitor.post("/terminal/enrol", data={"code": code})
        assert answer.headers["location"] == "/terminal"
        kept = answer.headers["set-cookie"].lower()
        assert "httponly" in kept
        assert "samesite=strict" in kept
        assert "渋谷店" in (await visitor.get("/terminal")).text
    async with browser(staffed.application) as other:
        assert (await other.post("/terminal/enrol", data={"code": code})).status_code == 422
    late = await code_for(staffed, "02")
    staffed.clock.advance(minutes=16)
    async with browser(staffed.application) as other:
        assert (await other.post("/terminal/enrol", data={"code": late})).status_code == 422


async def test_the_device_posts_its_own_shops_sales_and_no_others(staffed: Any) -> None:
    async with browser(staffed.application) as visitor:
        await enrolled(staffed, visitor)
        sale = {
            "shop": "shibuya", "external_id": "t1", "occurred_at": staffed.clock.now().isoformat(),
            "lines": [{"line": 1, "amount": 1100}],
        }  # fmt: skip
        assert (await visitor.post("/v1/purchases", json=sale)).status_code == 401  # A cookie alone is not enough.
        assert (await visitor.post("/v1/purchases", json=sale, headers=TERMINAL)).status_code == 201
        other = sale | {"shop": "yokohama", "external_id": "t2"}
        assert (await visitor.post("/v1/purchases", json=other, headers=TERMINAL)).status_code == 403
        assert (await visitor.post("/v1/adjustments", json={}, headers=TERMINAL)).status_code == 403


async def test_a_clerk_begins_by_pin_at_a_shop_of_theirs(staffed: Any) -> None:
    async with browser(staffed.application) as visitor:
        nobody = {"staff_id": 1, "pin": PIN}
        assert (await visitor.post("/terminal/clerk", json=nobody, headers=TERMINAL)).status_code == 403
        await enrolled(staffed, visitor)
        clerk = await clerk_of(visitor)
        asked = {"staff_id": clerk, "pin": PIN}
        assert (await visitor.post("/terminal/clerk", json=asked)).status_code == 403
        right = await visitor.post("/terminal/clerk", json=asked, headers=TERMINAL)
        assert right.json() == {"login": "clerk", "name": "試験 clerk"}
        for _ in range(5):
            wrong = await visitor.post("/terminal/clerk", json=asked | {"pin": "0000"}, headers=TERMINAL)
            assert wrong.status_code == 401
        assert (await visitor.post("/terminal/clerk", json=asked, headers=TERMINAL)).status_code == 429
        for bad in (b"", b"[]", b'{"staff_id": "x", "pin": 1}', b'{"staff_id": 99999999999999999999, "pin": "1"}'):
            answer = await visitor.post("/terminal/clerk", content=bad, headers=TERMINAL)
            assert answer.status_code in (401, 422), bad


async def test_a_terminal_can_be_installed(staffed: Any) -> None:
    async with browser(staffed.application) as visitor:
        manifest = await visitor.get("/terminal/manifest.webmanifest")
        assert manifest.json()["start_url"] == "/terminal"
        worker = await visitor.get("/terminal/worker.js")
        assert worker.headers["service-worker-allowed"] == "/terminal"
        assert "javascript" in worker.headers["content-type"]
