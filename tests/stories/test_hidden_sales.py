"""Hidden sales over HTTP: asked, refused on the web, standing at the till, over when they are stopped."""

from __future__ import annotations

from typing import Any

from stories.test_campaigns import live
from stories.words import cancels, ok, orders, refused, revives

GOODS = [{"line": 1, "amount": 1100}, {"line": 2, "amount": 3300, "sku": "BAG"}]


async def quoted(retailer: Any, member: Any, **fields: Any) -> dict[str, Any]:
    body = retailer.sale(0, member, lines=GOODS, **fields)
    return ok(await retailer.server.post("/v1/quotes", json=body))


async def changes(retailer: Any, order: dict[str, Any], **fields: Any) -> Any:
    path, key = f"/v1/purchases/{order['id']}/lines", {"Idempotency-Key": f"c-{retailer.number()}"}
    return await retailer.server.put(path, json=fields, headers=key)


async def test_goods_of_a_hidden_sale_are_for_whom_it_admits(retailer, owner):
    ok(await retailer.server.put("/v1/products/BAG", json={"name": "限定バッグ", "tags": ["限定"]}), 201)
    vip, other = await retailer.member(), await retailer.member()
    ok(await retailer.server.put(f"/v1/members/{vip['id']}/segments", json={"segments": ["vip"]}))
    when = {"products": {"tags": ["限定"]}, "segments": ["vip"]}
    made = {"effects": [{"kind": "hidden_sale"}], "conditions": when, "name_en": "Preview for the few"}
    await live(retailer, "vip", **made)
    checks = ok(await retailer.readonly.get("/v1/campaigns/vip"))["checks"]
    assert (checks["findings"], checks["worst_case"]["yen"]) == ([], 0)
    web = {"shop": "web", "status": "placed"}
    told = await quoted(retailer, other, **web)
    assert [(x["rule"], x["reason"]) for x in told["not_available"]] == [("campaign:vip", "not_in_segment")]
    assert told["not_available"][0]["text"] == "キャンペーン（特典 vip）: 対象の会員ではありません"
    assert "not_available" not in await quoted(retailer, vip, **web)
    before = await owner.fetchval("select count(*) from purchase")
    for someone, reason in ((other, "not_in_segment"), (None, "needs_member")):
        answer = await retailer.server.post("/v1/purchases", json=retailer.sale(0, someone, lines=GOODS, **web))
        refused(answer, "hidden_sale_closed", campaign="vip", reason=reason, lines=[2])
        assert answer.status_code == 409
    assert await owner.fetchval("select count(*) from purchase") == before
    plain = await orders(retailer, 1100, other)
    assert plain["warnings"] == [], "other goods are for everybody"
    order = await orders(retailer, 0, vip, lines=GOODS)
    assert order["warnings"] == []
    # At the till it has happened: it stands, and is told.
    sale = await retailer.buys(0, other, lines=GOODS)
    assert [(x["code"], x["text"]) for x in sale["warnings"]] == [
        ("hidden_sale", "キャンペーン（特典 vip）: 対象の会員ではありません")
    ]
    assert sale["total"] == 4400
    assert (await retailer.buys(0, lines=GOODS))["warnings"][0]["code"] == "hidden_sale"
    # What was ordered while admitted stays ordered, cancelled and revived.
    ok(await retailer.server.put(f"/v1/members/{vip['id']}/segments", json={"segments": []}))
    await cancels(retailer, order)
    assert (await revives(retailer, order))["status"] == "placed"
    ok(await retailer.server.post("/v1/campaigns/vip/stop", json={}))
    retailer.clock.advance(seconds=3)
    assert (await orders(retailer, 0, other, lines=GOODS))["warnings"] == []


async def test_goods_added_to_an_order_are_asked_for_too(retailer):
    ok(await retailer.server.put("/v1/products/BAG", json={"name": "限定バッグ", "tags": ["限定"]}), 201)
    vip, other = await retailer.member(), await retailer.member()
    ok(await retailer.server.put(f"/v1/members/{vip['id']}/segments", json={"segments": ["vip"]}))
    order, mine = await orders(retailer, 1100, other), await orders(retailer, 1100, vip)
    guests = await orders(retailer, 1100, None)
    before = await orders(retailer, 0, other, lines=GOODS)
    when = {"products": {"tags": ["限定"]}, "segments": ["vip"]}
    await live(retailer, "vip", effects=[{"kind": "hidden_sale"}], conditions=when)
    for each, reason in ((order, "not_in_segment"), (guests, "needs_member")):
        answer = await changes(retailer, each, lines=GOODS)
        refused(answer, "hidden_sale_closed", campaign="vip", reason=reason, lines=[2])
        assert ok(await retailer.server.get(f"/v1/purchases/{each['id']}"))["total"] == 1100
    assert ok(await changes(retailer, mine, lines=GOODS))["total"] == 4400
    # An order from before the hidden sale keeps what it has.
    assert ok(await changes(retailer, before, lines=[*GOODS, {"line": 3, "amount": 500}]))["total"] == 4900
