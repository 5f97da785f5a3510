"""Shops, products, stock and behaviour, over HTTP and in the database."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from goen.actions.products import stand_in


async def test_a_shop_is_made_and_changed(edge: Any, owner: asyncpg.Connection) -> None:
    made = await edge.server.put("/v1/shops/ginza", json={"name": "銀座店"})
    assert (made.status_code, made.json()) == (201, {"code": "ginza", "name": "銀座店", "kind": "store"})
    changed = await edge.server.put("/v1/shops/ginza", json={"name": "銀座本店", "closed": True})
    assert changed.status_code == 200
    assert changed.json()["closed_at"].startswith(edge.clock.now().strftime("%Y-%m-%dT%H"))
    assert (await edge.readonly.get("/v1/shops/ginza")).json() == changed.json()
    opened = await edge.server.put("/v1/shops/ginza", json={"name": "銀座本店"})
    assert "closed_at" not in opened.json()
    codes = [each["code"] for each in (await edge.pos.get("/v1/shops")).json()["items"]]
    assert codes == ["ginza", "shibuya", "web"]
    actions = [row["action"] for row in await owner.fetch("select action from audit where details->>'shop' = 'ginza'")]
    assert actions == ["shop.added", "shop.changed", "shop.changed"]
    missing = await edge.pos.get("/v1/shops/nowhere")
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_shop")


async def test_a_linking_secret_is_told_once_and_may_be_replaced(edge: Any, owner: asyncpg.Connection) -> None:
    made = (await edge.server.put("/v1/shops/ec2", json={"name": "x", "kind": "ec"})).json()
    assert len(made["linking_secret"]) >= 43
    again = (await edge.server.put("/v1/shops/ec2", json={"name": "y", "kind": "ec"})).json()
    assert "linking_secret" not in again
    assert "linking_secret" not in (await edge.server.get("/v1/shops/ec2")).json()

    async def kept() -> str:
        return await owner.fetchval("select linking_secret from shop where code = 'ec2'")

    assert await kept() == made["linking_secret"]
    own = "s" * 40
    replaced = await edge.server.put("/v1/shops/ec2", json={"name": "y", "kind": "ec", "linking_secret": own})
    assert replaced.status_code == 200
    assert await kept() == own
    assert own not in str([dict(row) for row in await owner.fetch("select * from audit")])


async def test_another_process_knows_a_new_shop_within_a_second(edge: Any, owner: asyncpg.Connection) -> None:
    await owner.execute("insert into shop (code, name, kind) values ('ueno', '上野店', 'store')")
    await asyncio.sleep(0.95)
    assert (await edge.pos.get("/v1/shops/ueno")).json()["name"] == "上野店"


async def test_a_product_is_made_and_changed(edge: Any) -> None:
    body = {"name": "タオル", "price": 550, "cost": 310, "category": "日用品", "tax_rate": 10, "points": False}
    made = await edge.pos.put("/v1/products/A-100", json=body)
    assert (made.status_code, made.json()) == (201, {"sku": "A-100", **body})
    changed = await edge.ec.put("/v1/products/A-100", json={"name": "タオル 白"})
    assert (changed.status_code, changed.json()) == (200, {"sku": "A-100", "name": "タオル 白"})
    assert (await edge.readonly.get("/v1/products/A-100")).json() == changed.json()
    missing = await edge.pos.get("/v1/products/none")
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_product")


async def test_a_shop_counts_its_own_stock_and_the_latest_count_stays(edge: Any) -> None:
    path = "/v1/inventory/shibuya/A-100"
    made = await edge.pos.put(path, json={"quantity": 12.5})
    assert (made.status_code, made.json()["quantity"]) == (201, 12.5)
    late = {"quantity": 99, "counted_at": (edge.clock.now() - timedelta(hours=1)).isoformat()}
    answer = await edge.pos.put(path, json=late)
    assert (answer.status_code, answer.json()["quantity"]) == (200, 12.5)
    edge.clock.advance(minutes=1)
    assert (await edge.server.put(path, json={"quantity": -3})).json()["quantity"] == -3
    assert (await edge.readonly.get(path)).json()["quantity"] == -3
    stranger = await edge.ec.put(path, json={"quantity": 1})
    assert (stranger.status_code, stranger.json()["code"]) == (403, "forbidden")
    assert (await edge.pos.put("/v1/inventory/nowhere/A", json={"quantity": 1})).status_code == 404
    assert (await edge.pos.get("/v1/inventory/shibuya/none")).json()["code"] == "unknown_product"


@pytest.mark.parametrize("quantity", ["0.0005", "1000000000000", "1e300", "-1e12", "NaN"])
async def test_a_quantity_has_three_places_and_an_end(edge: Any, quantity: str) -> None:
    answer = await edge.pos.put(
        "/v1/inventory/shibuya/A", content=f'{{"quantity": {quantity}}}', headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_behaviour_is_kept_by_member_or_visitor(edge: Any, owner: asyncpg.Connection) -> None:
    member = (
        await edge.server.post("/v1/members", json={"identifiers": [{"kind": "ec", "shop": "web", "value": "u1"}]})
    ).json()
    seen = {"kind": "viewed", "sku": "A-100", "member": {"kind": "ec", "value": "u1"}, "properties": {"page": 2}}
    answer = await edge.ec.post("/v1/events", json=seen)
    assert answer.status_code == 201, answer.text
    await edge.ec.post("/v1/events", json={"kind": "visited", "visitor": "browser-1"})
    by_id = await edge.server.post(
        "/v1/events", json={"kind": "visited", "shop": "web", "member": {"kind": "member_id", "value": member["id"]}}
    )
    assert by_id.status_code == 201
    rows = await owner.fetch("select * from behaviour order by event_id")
    number = await owner.fetchval("select member_id from member")
    assert [(row["anchor"], row["kind"], row["sku"]) for row in rows] == [
        (number, "viewed", "A-100"), (stand_in("browser-1"), "visited", None), (number, "visited", None)
    ]  # fmt: skip
    assert rows[0]["properties"] == '{"page":2}'
    assert rows[1]["anchor"] < 0
    assert rows[0]["shop_id"] == rows[1]["shop_id"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"kind": "viewed"}, 422, "invalid_request"),
        ({"kind": "Viewed!", "visitor": "x"}, 422, "invalid_request"),
        ({"kind": "viewed", "visitor": "x", "shop": "shibuya"}, 403, "forbidden"),
        ({"kind": "viewed", "visitor": "x", "shop": "nowhere"}, 422, "unknown_shop"),
        ({"kind": "viewed", "member": {"kind": "ec", "value": "nobody"}}, 422, "unknown_member"),
        ({"kind": "viewed", "member": {"kind": "ec"}}, 422, "invalid_request"),
        ({"kind": "viewed", "visitor": "x", "occurred_at": "2027-01-01T00:00:00Z"}, 422, "invalid_request"),
        ({"kind": "viewed", "visitor": "x", "occurred_at": "0001-01-01T00:00:00+14:00"}, 422, "invalid_request"),
    ],
)
async def test_behaviour_that_cannot_be_is_refused(edge: Any, body: dict[str, Any], status: int, code: str) -> None:
    answer = await edge.ec.post("/v1/events", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
