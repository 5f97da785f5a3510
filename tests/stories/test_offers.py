"""Discounts of campaigns over HTTP: quoted, taken, checked, counted, given back; told of and never refused."""

from __future__ import annotations

from typing import Any

import pytest

from races.ledger import assert_books_agree
from stories.test_campaigns import drawn, live, points_of
from stories.test_coupons import kind
from stories.words import cancels, lines, ok, orders, refused, revives, takes_back

OFF = {"kind": "discount", "yen": 300}


async def counted(retailer: Any, code: str = "off") -> dict[str, int]:
    return ok(await retailer.readonly.get(f"/v1/campaigns/{code}"))["counted"]


async def quoted(retailer: Any, body: dict[str, Any]) -> dict[str, Any]:
    return ok(await retailer.server.post("/v1/quotes", json=body))


async def test_a_quote_tells_what_to_take_off_and_the_sale_states_it(retailer, owner):
    await live(retailer, "off", effects=[OFF], limits=[{"measure": "uses", "most": 2}, {"measure": "yen", "most": 500}])
    member = await retailer.member()
    two = [{"line": 1, "amount": 1080, "tax_rate": 8}, {"line": 2, "amount": 2160}]
    told = await quoted(retailer, retailer.sale(0, member, lines=two))
    (could,) = told["available"]
    assert (could["campaign"], could["version"], could["effect"], could["amount"]) == ("off", 1, "discount", 300)
    assert could["lines"] == [{"line": 1, "amount": 100, "tax_rate": "8"}, {"line": 2, "amount": 200, "tax_rate": "10"}]
    assert could["text"] == "特典 off: 300円引き"
    assert (told["total"], told.get("offers")) == (3240, None), "nothing comes off unless the sale takes it"
    body = retailer.sale(0, member, lines=two, offers=["off"], total=2940)
    quote = await quoted(retailer, body)
    sale = ok(await retailer.server.post("/v1/purchases", json=body), 201)
    for name in ("total", "payable", "points", "offers", "warnings", "receipt"):
        assert quote[name] == sale[name], name
    assert (sale["total"], sale["warnings"], sale["offers"][0]["amount"]) == (2940, [], 300)
    shown = ok(await retailer.server.get(f"/v1/purchases/{sale['id']}"))
    assert shown["total"] == 2940
    # What a limit of yen leaves is still given; then none is.
    second = await retailer.buys(0, member, lines=two, offers=["off"])
    assert (second["total"], second["offers"][0]["amount"]) == (3040, 200)
    assert (await counted(retailer))["discount"] == 500
    third = await quoted(retailer, retailer.sale(0, member, lines=two))
    assert third["not_available"][0]["reason"] == "limit_reached"
    assert await drawn(owner, "off") == 502
    assert (await takes_back(retailer, sale, (1, 1)))["refund"]["money"] == 980
    assert await drawn(owner, "off") == 502, "a part that stays was bought with its help"
    await takes_back(retailer, sale, (2, 1))
    assert await drawn(owner, "off") == 201
    await cancels(retailer, second)
    assert (await drawn(owner, "off"), (await counted(retailer)).get("uses", 0)) == (0, 0)
    assert (await revives(retailer, second))["total"] == 3040
    assert await drawn(owner, "off") == 201
    await assert_books_agree(owner, retailer.services.database)


async def test_a_sale_that_happened_is_never_refused_and_an_order_does_without(retailer, owner):
    await live(retailer, "off", effects=[OFF], conditions={"tiers": ["gold"]})
    member = await retailer.member()
    sale = await retailer.buys(1100, member, offers=["off"])
    assert (sale["total"], sale["offers"][0]["over"]) == (800, True)
    assert [each["code"] for each in sale["warnings"]] == ["offer_not_available"]
    assert sale["warnings"][0]["text"] == "キャンペーン（特典 off）: 現在の会員ランクは対象外です"
    order = await orders(retailer, 1100, member, offers=["off"])
    assert (order["total"], order.get("offers")) == (1100, None)
    assert order["warnings"][0]["code"] == "offer_not_available"
    unknown = await retailer.buys(1100, member, offers=["nothing"])
    assert (unknown["total"], unknown["warnings"][0]["code"]) == (1100, "offer_not_available")
    told = await counted(retailer)
    assert (told["over"], told["discount"]) == (1, 300)
    ok(await retailer.server.post("/v1/campaigns/off/stop", json={}))
    retailer.clock.advance(seconds=3)
    late = await retailer.buys(1100, offers=["off"])
    assert (late["total"], late["warnings"][0]["text"][-14:]) == (800, "このキャンペーンは終了しています"[-14:])
    await assert_books_agree(owner, retailer.services.database)


async def test_guests_members_gifts_and_postage(retailer, owner):
    await live(retailer, "towel", effects=[{"kind": "gift", "name": "タオル"}], limits=[{"measure": "uses", "most": 1}])
    await live(retailer, "post", effects=[{"kind": "free_postage", "most": 500}], conditions={"amount_min": 3300})
    await live(retailer, "price", effects=[{"kind": "member_price", "prices": {"A": 900}}])
    member = await retailer.member()
    goods = [{"line": 1, "amount": 3300, "quantity": 3, "sku": "A"}]
    guest = await quoted(retailer, retailer.sale(0, lines=goods, postage=550))
    assert [each["campaign"] for each in guest["available"]] == ["towel", "post"]
    assert [(x["rule"], x["reason"]) for x in guest["not_available"]] == [("campaign:price", "needs_member")]
    order = await orders(retailer, 0, member, lines=goods, postage=550, offers=["price", "post", "towel"])
    # The member's price comes first; what is left is judged as it was before, as coupons are.
    assert order["total"] == 2700 + 50
    assert {each["campaign"]: each["gifts"] for each in order["offers"]}["towel"] == ["タオル"]
    assert points_of(order) == {"base": 24}
    gone = await quoted(retailer, retailer.sale(0, lines=goods))
    assert ("campaign:towel", "limit_reached") in [(x["rule"], x["reason"]) for x in gone["not_available"]]
    changed = await retailer.server.put(
        f"/v1/purchases/{order['id']}/lines", json={"lines": [{**goods[0], "amount": 2200, "quantity": 2}]},
        headers={"Idempotency-Key": "c-1"},
    )  # fmt: skip
    assert ok(changed)["total"] == 1800 + 50
    await cancels(retailer, order)
    assert await drawn(owner, "towel") == 0
    await assert_books_agree(owner, retailer.services.database)


async def test_coupons_come_off_what_campaigns_leave(retailer):
    await kind(retailer, {"kind": "percent", "percent": 10})
    await live(retailer, "off", effects=[OFF])
    sale = await retailer.buys(0, await retailer.member(), lines=lines(1100, 2200), offers=["off"], coupons=["HARU300"])
    assert (sale["total"], sale["offers"][0]["amount"], sale["coupons"]["used"][0]["amount"]) == (2700, 300, 300)


async def changes(retailer: Any, order: dict[str, Any], goods: list[dict[str, Any]]) -> dict[str, Any]:
    path, key = f"/v1/purchases/{order['id']}/lines", {"Idempotency-Key": f"c-{retailer.number()}"}
    return ok(await retailer.server.put(path, json={"lines": goods}, headers=key))


async def test_a_changed_order_gives_back_what_its_offers_take_no_more(retailer, owner):
    limits = [{"measure": "uses", "most": 2}, {"measure": "yen", "most": 900}]
    books = {"products": {"categories": ["本"]}}
    await live(retailer, "off", effects=[OFF], limits=limits, conditions=books)
    book, tea = {"line": 1, "amount": 1100, "category": "本"}, {"line": 2, "amount": 1100, "category": "茶"}
    order = await orders(retailer, 0, await retailer.member(), lines=[book, tea], offers=["off"])
    assert (order["total"], await drawn(owner, "off")) == (1900, 301)
    # Less comes off: the limit of yen has the rest again, and no more comes off later than was left drawn.
    assert (await changes(retailer, order, [{**book, "amount": 100}, tea]))["total"] == 1100
    assert await drawn(owner, "off") == 101
    assert (await changes(retailer, order, [book, tea]))["total"] == 2100
    assert await drawn(owner, "off") == 101
    await cancels(retailer, order)
    assert await drawn(owner, "off") == 0
    await revives(retailer, order)
    # It has none of the goods any more: nothing stays drawn, by whatever it ends.
    assert (await changes(retailer, order, [tea]))["total"] == 1100
    assert (await drawn(owner, "off"), (await counted(retailer)).get("uses", 0)) == (0, 0)
    await cancels(retailer, order)
    await revives(retailer, order)
    assert await drawn(owner, "off") == 0
    guest = await orders(retailer, 0, None, lines=[book], offers=["off"])
    await changes(retailer, guest, [{**tea, "line": 1}])
    assert await drawn(owner, "off") == 0
    await assert_books_agree(owner, retailer.services.database)


@pytest.mark.parametrize("named_in", ["offers", "coupons"])
async def test_a_quantity_that_cannot_be_is_refused_by_itself(retailer, named_in):
    await kind(retailer)
    for code, effect in (("off", OFF), ("double", {"kind": "rate", "multiplier": 2})):
        await live(retailer, code, effects=[effect], conditions={"products": {"price_min": 100}})
    member = await retailer.member()
    taken = {"offers": ["off"]} if named_in == "offers" else {"coupons": ["HARU300"]}
    for quantity in ("1e-400", "sNaN", "NaN", "1e400", "-1"):
        bad = retailer.sale(0, member, lines=[{"line": 1, "amount": 1100, "quantity": quantity}], **taken)
        for path in ("/v1/purchases", "/v1/quotes"):
            problem = refused(await retailer.server.post(path, json=bad), "invalid_request")
            assert problem["errors"][0]["field"] == "lines.0.quantity"
    items = [bad, retailer.sale(1100, member)]
    answers = ok(await retailer.shibuya.post("/v1/purchases/batch", json={"items": items}))["items"]
    assert [each["status"] for each in answers] == [422, 201]


async def test_an_offer_that_was_not_to_be_had_stands_in_nobodys_way(retailer, owner):
    stacking, limits = {"group": "g"}, [{"measure": "uses", "most": 1}]
    await live(retailer, "off", effects=[OFF], stacking=stacking, limits=[{"measure": "uses", "most": 9}])
    await live(retailer, "more", effects=[{"kind": "discount", "yen": 500}], stacking=stacking, limits=limits)
    member = await retailer.member()
    assert (await retailer.buys(1100, member, offers=["more"]))["total"] == 600
    sale = await retailer.buys(1100, member, offers=["off", "more"])
    assert {each["campaign"]: each.get("over", False) for each in sale["offers"]} == {"off": False, "more": True}
    assert (sale["total"], len(sale["warnings"])) == (300, 1)
    assert (await drawn(owner, "off"), await drawn(owner, "more")) == (1, 1)
    await assert_books_agree(owner, retailer.services.database)


async def test_a_discount_of_rainy_days_is_there_for_guests_too(retailer):
    rain = {"signals": [{"name": "weather", "is": ["rain"]}]}
    await live(retailer, "off", effects=[OFF], conditions=rain)
    told = await quoted(retailer, retailer.sale(1100))
    assert told["not_available"][0]["reason"] == "signal"
    ok(await retailer.server.put("/v1/signals/weather", json={"value": "rain", "source": "test"}))
    told = await quoted(retailer, retailer.sale(1100))
    assert [each["amount"] for each in told["available"]] == [300]
    guest = await retailer.buys(1100, offers=["off"])
    assert (guest["total"], guest["warnings"]) == (800, [])
