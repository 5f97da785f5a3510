# ruff: noqa: F811 - the fixture of the members' shop is imported by its name.
"""The members' pages while two are one member, and after they are parted: a phone shows its own member."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from goen.members import rotating
from web.conftest import browser
from web.members import PHONE, WHO, asks_for_code, csrf, shop, visiting  # noqa: F401 - a fixture

KEYED = {"Idempotency-Key": "merge"}


async def merged(at: Any, survivor: dict[str, Any], source: dict[str, Any]) -> str:
    body = {"source": {"kind": "member_id", "value": source["id"]}, "reason": "同一人物"}
    answer = await at.server.post(f"/v1/members/{survivor['id']}/merges", json=body, headers=KEYED)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def parted(at: Any, merge: str) -> None:
    answer = await at.server.post(f"/v1/merges/{merge}/undo", json={}, headers={"Idempotency-Key": "undo"})
    assert answer.status_code == 200, answer.text


async def code_on(at: Any, visitor: Any) -> dict[str, str]:
    """What the phone shows at this moment."""
    key = await visitor.post("/me/key", data={"csrf": csrf(visitor)}, headers={"x-goen-part": "1"})
    handle, secret = int(key.json()["handle"]), base64.b64decode(key.json()["secret"])
    step = rotating.step_at(at.clock.now())
    return {"kind": "code", "value": rotating.written(handle, rotating.digits_at(secret, step))}


async def named_by(at: Any, shown: dict[str, str]) -> str:
    [found] = (await at.pos.post("/v1/members/lookup", json=shown)).json()["items"]
    return str(found["id"])


@pytest.mark.parametrize("proven", [True, False])
async def test_a_phone_signed_in_during_a_merge_is_its_own_members_after_the_undo(shop: Any, proven: bool) -> None:
    survivor = await shop.member("090-8765-4321")
    carried = {"kind": "phone", "value": PHONE, "verified": proven}
    source = await shop.member(identifiers=[carried])
    merge = await merged(shop, survivor, source)
    async with browser(shop.application) as visitor:
        came = await asks_for_code(shop, visitor)
        if not proven:
            assert came.headers["location"] == "/me/join"
            came = await visitor.post("/me/join", data=WHO)
        assert came.headers["location"] == "/me"
        assert survivor["number"] in (await visitor.get("/me")).text
        assert await named_by(shop, await code_on(shop, visitor)) == survivor["id"]
        await parted(shop, merge)
        page = (await visitor.get("/me")).text
        assert source["number"] in page
        assert survivor["number"] not in page
        assert await named_by(shop, await code_on(shop, visitor)) == source["id"]
    # And so it is for whoever signs in by either contact from now on.
    shop.clock.advance(minutes=1)
    async with visiting(shop) as again:
        assert source["number"] in (await again.get("/me")).text
    async with visiting(shop, "090-8765-4321") as other:
        assert survivor["number"] in (await other.get("/me")).text
