"""Two who were merged, and the people of a household, as the office shows them."""

from __future__ import annotations

import asyncio
from typing import Any

from goen.analytics.figures import catch_up, total
from web.conftest import signed_in
from web.test_front import buy


async def told(edge: Any) -> None:
    """Everything that happened stands in the figures."""
    async with asyncio.timeout(5):
        while True:
            async with edge.database.reading() as connection:
                if not await connection.fetchval("select count(*) from outbox"):
                    break
            await asyncio.sleep(0.02)
    await catch_up(edge.database, edge.application.services.zone)


async def person(edge: Any, number: int) -> dict[str, Any]:
    found = await edge.server.get(f"/v1/members?kind=card&value=CARD-{number:04d}")
    return dict(found.json()["items"][0])


async def act(edge: Any, path: str, body: dict[str, Any], key: str) -> dict[str, Any]:
    answer = await edge.server.post(path, json=body, headers={"Idempotency-Key": key})
    assert answer.status_code in (200, 201), answer.text
    return dict(answer.json())


async def merge(edge: Any, survivor: str, source: str) -> dict[str, Any]:
    body = {"source": {"kind": "member_id", "value": source}, "reason": "同じ人"}
    return await act(edge, f"/v1/members/{survivor}/merges", body, f"merge {survivor} {source}")


async def counted(edge: Any) -> tuple[int, int, int]:
    """Members, points and pending points, kept from the feed; and the same begun anew from what stands."""
    await told(edge)
    async with edge.database.reading() as connection:
        kept = await total(connection)
    async with edge.database.transaction() as connection:
        await connection.execute("delete from figure_total")
        await connection.execute("delete from figure_hour")
    await catch_up(edge.database, edge.application.services.zone)
    async with edge.database.reading() as connection:
        assert await total(connection) == kept
    return kept.members, kept.outstanding, kept.pending


async def test_two_who_are_one_count_once_and_are_shown_as_one(staffed: Any) -> None:
    for number in (1, 2, 3):
        await buy(staffed, number)
    one, other = (await person(staffed, 1))["id"], (await person(staffed, 2))["id"]
    assert await counted(staffed) == (3, 30, 0)
    done = await merge(staffed, one, other)
    await buy(staffed, 2, external_id="r20")
    assert await counted(staffed) == (2, 40, 0)
    async with signed_in(staffed.application, "marketing", staffed.clock) as visitor:
        moved = await visitor.get(f"/office/members/{other}")
        assert (moved.status_code, moved.headers["location"]) == (303, f"/office/members/{one}")
        page = (await visitor.get(f"/office/members/{one}")).text
        assert "30<small> P" in page
        assert page.count('href="/office/purchases/p_') >= 3
        lately = (await visitor.get("/office/members")).text
        assert one in lately
        assert other not in lately
        assert (await visitor.get(f"/office/members/{other}/timeline")).text.count("<li") >= 3
        await act(staffed, f"/v1/merges/{done['id']}/undo", {"reason": "別人だった"}, "undo")
        assert await counted(staffed) == (3, 40, 0)
        assert (await visitor.get(f"/office/members/{other}")).status_code == 200
        assert other in (await visitor.get("/office/members")).text


async def test_who_bought_for_a_household_is_named_and_its_pool_is_nobody(staffed: Any) -> None:
    await buy(staffed, 1)
    head = (await person(staffed, 1))["id"]
    consent = {"given": True, "wording": "ポイントを家族で共有します"}
    body = {"head": {"kind": "member_id", "value": head}, "consent": consent}
    pool = (await act(staffed, "/v1/households", body, "household"))["id"]
    await buy(staffed, 1, external_id="r10")
    assert await counted(staffed) == (1, 20, 0)
    async with signed_in(staffed.application, "manager", staffed.clock) as visitor:
        lately = (await visitor.get("/office/members")).text
        assert head in lately
        assert pool not in lately
        page = (await visitor.get(f"/office/members/{head}")).text
        assert "20<small> P" in page
        assert "ポイントは家族会員で共有しています" in page
        sale = (await staffed.server.get("/v1/purchases?shop=shibuya&external_id=r10")).json()["id"]
        assert head in (await visitor.get(f"/office/purchases/{sale}")).text
