"""Rewards over HTTP: put up, taken for points, sent, taken back; none is given twice."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from goen.actions.proof import prove

from .acts import given, named
from .test_coupons import kind
from .words import at, dates, gives, refused

ADDRESS = {"name": "試験 太郎", "postal_code": "150-0002", "address": "東京都渋谷区渋谷1-1-1"}


async def put(retailer, code="towel", status=200, **fields):
    body = {"name": "今治タオル", "name_en": "Towel", "points": 500, "delivery": "pickup"} | fields
    answer = await retailer.server.put(f"/v1/rewards/{code}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def take(retailer, member, reward="towel", client=None, key=None, **fields):
    headers = {"Idempotency-Key": key or f"take-{retailer.number()}"}
    path = f"/v1/members/{member['id']}/reward_orders"
    return await (client or retailer.server).post(path, json={"reward": reward, **fields}, headers=headers)


async def taken(retailer, member, reward="towel", **fields) -> dict[str, Any]:
    answer = await take(retailer, member, reward, **fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_rule_43_a_reward_taken_back_was_not_spent_without_proof(retailer):
    member = await retailer.member()
    await gives(retailer, member, 5000)
    await put(retailer, points=800)
    order = (await take(retailer, member, client=retailer.shibuya, shop="shibuya")).json()
    refused(await take(retailer, member, client=retailer.shibuya, shop="shibuya"), "proof_required", spent_today=800)
    assert (await back(retailer, order, retailer.shibuya)).status_code == 200
    assert (await take(retailer, member, client=retailer.shibuya, shop="shibuya")).status_code == 201
    refused(await take(retailer, member, client=retailer.shibuya, shop="shibuya"), "proof_required", spent_today=800)
    assert [each async for each in prove(retailer.services.database, retailer.clock.now())] == []


async def back(retailer, order, client=None):
    headers = {"Idempotency-Key": f"back-{retailer.number()}"}
    return await (client or retailer.server).post(f"/v1/reward_orders/{order['id']}/cancel", json={}, headers=headers)


async def left(retailer, code="towel"):
    return (await retailer.readonly.get(f"/v1/rewards/{code}")).json()["left"]


async def proven(retailer):
    assert [each async for each in prove(retailer.services.database, retailer.clock.now())] == []


async def test_a_reward_is_taken_sent_and_arrives(retailer):
    member = await retailer.member()
    await given(retailer, member, 800)
    await put(retailer, delivery="ship", stock=3, money=330)
    refused(await take(retailer, member), "invalid_request", status=422)
    order = await taken(retailer, member, address=ADDRESS, key="once")
    assert (order["status"], order["points"], order["money"], order["balance"]["available"]) == (
        "ordered", 500, 330, 300,
    )  # fmt: skip
    again = await take(retailer, member, address=ADDRESS, key="once")
    assert (again.json(), again.headers["idempotent-replayed"]) == (order, "true")
    elsewhere = await take(retailer, member, address=ADDRESS | {"postal_code": "150-0001"}, key="once")
    assert refused(elsewhere, "conflict")["fields"] == ["address"]
    assert await left(retailer) == 2
    [waiting] = (await retailer.server.get("/v1/reward_orders")).json()["items"]
    assert (waiting["id"], waiting["address"], waiting["name"]) == (order["id"], ADDRESS, "今治タオル")
    [seen] = (await retailer.readonly.get("/v1/reward_orders")).json()["items"]
    assert seen["address"] is None
    path = f"/v1/reward_orders/{order['id']}"
    sent = await retailer.server.post(f"{path}/ship", json={"tracking": "1234-5678"})
    assert (sent.json()["status"], sent.json()["tracking"]) == ("shipped", "1234-5678")
    refused(await back(retailer, order), "reward_order_state", status=409)
    assert (await retailer.server.post(f"{path}/hand_over", json={})).json()["status"] == "done"
    [mine] = (await retailer.web.get(f"/v1/members/{member['id']}/reward_orders")).json()["items"]
    assert mine["status"] == "done"
    [told] = (await retailer.server.get(f"/v1/members/{member['id']}/export")).json()["rewards"]
    assert (told["id"], told["address"], told["tracking"]) == (order["id"], ADDRESS, "1234-5678")
    page = await retailer.server.get(f"/v1/members/{member['id']}/disclosure", headers={"Accept-Language": "ja"})
    assert "<h2>特典交換</h2>" in page.text
    assert "お渡し済み" in page.text
    assert f"{ADDRESS['name']} {ADDRESS['postal_code']} {ADDRESS['address']}" in page.text
    entries = (await retailer.server.get(f"/v1/members/{member['id']}/entries")).json()["items"]
    assert (entries[0]["kind"], entries[0]["points"]) == ("redeem", -500)
    await proven(retailer)


async def test_a_cancel_gives_the_points_back_with_their_dates_and_the_piece_to_others(retailer):
    first, second = await retailer.member(), await retailer.member()
    await gives(retailer, first, 300, expires_on="2026-12-31")
    await gives(retailer, first, 300, expires_on="2027-06-30")
    await given(retailer, second, 500)
    before = await dates(retailer, first)
    await put(retailer, stock=1, per_member=1, money=110)
    order = await taken(retailer, first)
    refused(await take(retailer, second), "reward_not_available", reason="sold_out")
    cancelled = await back(retailer, order)
    told = cancelled.json()
    assert (cancelled.status_code, told["name"], told["money"], told["lost"]) == (200, "今治タオル", 110, 0)
    assert await dates(retailer, first) == before
    refused(await back(retailer, order), "reward_order_state")
    await taken(retailer, second)
    late = await retailer.member()
    await gives(retailer, late, 500, expires_on="2026-12-31")
    await put(retailer, stock=2)
    order = await taken(retailer, late)
    at(retailer, "2027-01-05")
    assert (await back(retailer, order)).json()["lost"] == 500
    assert await retailer.points(late) == 0
    await proven(retailer)


async def test_who_may_have_it_and_how_often(retailer):
    member = await retailer.member()
    await given(retailer, member, 5000)
    refused(await take(retailer, member, "nothing"), "unknown_reward")
    await put(retailer, starts_at="2026-12-01T00:00:00+09:00", ends_at="2026-12-02T00:00:00+09:00")
    refused(await take(retailer, member), "reward_not_available", reason="not_yet")
    at(retailer, "2026-12-02")
    refused(await take(retailer, member), "reward_not_available", reason="over")
    await put(retailer, tiers=["gold"])
    refused(await take(retailer, member), "reward_not_available", reason="not_this_tier")
    await put(retailer, per_member=2)
    await taken(retailer, member)
    await taken(retailer, member)
    refused(await take(retailer, member), "reward_not_available", reason="member_limit", most=2)
    await put(retailer, "dear", points=5000)
    refused(await take(retailer, member, "dear"), "not_enough_points", asked=5000, available=4000)
    await put(retailer, "wrong", 422, delivery="coupon")
    assert (await put(retailer, "wrong", 422, delivery="coupon", coupon="none"))["code"] == "unknown_coupon_kind"


async def test_a_till_needs_a_proof_and_cancels_its_own_orders_only(retailer):
    member = await retailer.member()
    await given(retailer, member, 5000)
    await put(retailer, points=2000)
    assert (await take(retailer, member, client=retailer.shibuya)).json()["code"] == "proof_required"
    proof = {"kind": "staff", "value": "0042"}
    order = (await take(retailer, member, client=retailer.shibuya, proof=proof)).json()
    assert (await back(retailer, order, retailer.yokohama)).status_code == 403
    assert (await retailer.yokohama.post(f"/v1/reward_orders/{order['id']}/hand_over", json={})).status_code == 403
    handed = await retailer.shibuya.post(f"/v1/reward_orders/{order['id']}/hand_over", json={})
    assert (handed.json()["status"], handed.json()["shop"]) == ("done", "shibuya")


async def test_what_was_ordered_in_no_shop_is_picked_up_in_any(retailer):
    member = await retailer.member()
    await given(retailer, member, 5000)
    await put(retailer, "mug", name="マグカップ", points=10, delivery="pickup")
    await put(retailer, points=10, delivery="ship")
    mug, towel = await taken(retailer, member, "mug"), await taken(retailer, member, address=ADDRESS)
    assert (await retailer.readonly.post(f"/v1/reward_orders/{mug['id']}/hand_over", json={})).status_code == 403
    handed = await retailer.yokohama.post(f"/v1/reward_orders/{mug['id']}/hand_over", json={})
    assert (handed.status_code, handed.json()["status"]) == (200, "done")
    assert (await retailer.yokohama.post(f"/v1/reward_orders/{towel['id']}/hand_over", json={})).status_code == 403


async def test_points_become_a_coupon_which_falls_away_with_the_order_unless_used(retailer):
    member = await retailer.member()
    await given(retailer, member, 2000)
    await kind(retailer, public_code=None)
    await put(retailer, "ticket", delivery="coupon", coupon="haru")
    unused, used = await taken(retailer, member, "ticket"), await taken(retailer, member, "ticket")
    assert unused["status"] == "done"
    sale = await retailer.buys(2200, member, coupons=[used["coupon"]])
    assert sale["total"] == 1900
    refused(await back(retailer, used), "reward_order_state", status=409)
    assert (await back(retailer, unused)).status_code == 200
    late = await retailer.server.post("/v1/purchases", json=retailer.sale(2200, member, coupons=[unused["coupon"]]))
    assert late.json()["code"] == "coupon_not_usable"
    assert (await retailer.balance(member))["available"] == 2000 - 500 + sale["points"]["earned"]
    await proven(retailer)


async def test_a_coupon_is_not_used_while_its_order_falls_away(retailer):
    await kind(retailer, public_code=None)
    await put(retailer, "ticket", delivery="coupon", coupon="haru")
    for _ in range(6):
        member = await retailer.member()
        await given(retailer, member, 500)
        order = await taken(retailer, member, "ticket")
        body = retailer.sale(2200, member, coupons=[order["coupon"]])
        cancelled, sale = await asyncio.gather(back(retailer, order), retailer.shibuya.post("/v1/purchases", json=body))
        assert sorted((cancelled.status_code, sale.status_code)) in ([200, 409], [201, 409]), (
            cancelled.text,
            sale.text,
        )
    await proven(retailer)


async def test_codes_of_others_are_given_away_once_each_however_many_ask(retailer):
    members = [await retailer.member() for _ in range(8)]
    for member in members:
        await given(retailer, member, 500)
    await put(retailer, "gift", delivery="code")
    refused(await take(retailer, members[0], "gift"), "reward_not_available", reason="sold_out")
    codes = [f"GIFT-{n}" for n in range(5)]
    for added in (5, 0):
        answer = await retailer.server.post("/v1/rewards/gift/codes", json={"codes": codes})
        assert answer.json() == {"added": added}
    answers = await asyncio.gather(*(take(retailer, member, "gift") for member in members))
    won = [answer.json()["gift_code"] for answer in answers if answer.status_code == 201]
    assert sorted(won) == codes
    assert {a.json().get("reason") for a in answers if a.status_code != 201} == {"sold_out"}
    assert await left(retailer, "gift") == 0
    got = next(answer.json() for answer in answers if answer.status_code == 201)
    refused(await back(retailer, got), "reward_order_state", status=409)
    await proven(retailer)


async def test_codes_put_in_at_once_are_all_there(retailer):
    await put(retailer, "gift", delivery="code")
    parts = [[f"{part}-{n}" for n in range(20)] for part in range(4)]
    answers = await asyncio.gather(
        *(retailer.server.post("/v1/rewards/gift/codes", json={"codes": part}) for part in parts)
    )
    assert [answer.json()["added"] for answer in answers] == [20] * 4
    assert await left(retailer, "gift") == 80


async def test_an_order_is_handed_out_or_cancelled_never_both(retailer):
    await put(retailer)
    for _ in range(6):
        member = await retailer.member()
        await given(retailer, member, 500)
        order = await taken(retailer, member)
        handed = retailer.server.post(f"/v1/reward_orders/{order['id']}/hand_over", json={})
        answers = await asyncio.gather(back(retailer, order), handed)
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        assert await retailer.points(member) == (500 if answers[0].status_code == 200 else 0)
    await proven(retailer)


async def test_of_many_who_reach_for_the_last_pieces_as_many_get_one(retailer):
    members = [await retailer.member() for _ in range(12)]
    for member in members:
        await given(retailer, member, 500)
    await put(retailer, stock=4)
    answers = await asyncio.gather(*(take(retailer, member) for member in members))
    orders = [answer.json() for answer in answers if answer.status_code == 201]
    assert len(orders) == 4
    assert await left(retailer) == 0
    twice = await asyncio.gather(*(back(retailer, order) for order in orders * 2))
    assert sorted(answer.status_code for answer in twice) == [200] * 4 + [409] * 4
    assert sum([await retailer.points(member) for member in members]) == 6000
    assert await left(retailer) == 4
    await proven(retailer)


@pytest.mark.parametrize("way", ["merged", "parted"])
async def test_an_order_follows_its_member_through_a_merge(retailer, way):
    survivor, source = await retailer.member(), await retailer.member()
    await given(retailer, source, 500)
    await put(retailer, per_member=1)
    order = await taken(retailer, source)
    body = {"source": named(source), "reason": "同じ人"}
    merge = (await retailer.act(f"/v1/members/{survivor['id']}/merges", body)).json()
    await given(retailer, survivor, 700)
    refused(await take(retailer, survivor), "reward_not_available", reason="member_limit")
    if way == "parted":
        assert (await retailer.act(f"/v1/merges/{merge['id']}/undo", {"reason": "別人"})).status_code == 200
    assert (await back(retailer, order)).status_code == 200
    assert await retailer.points(source if way == "parted" else survivor) == (500 if way == "parted" else 1200)
    if way == "merged":
        assert (await retailer.act(f"/v1/merges/{merge['id']}/undo", {"reason": "別人"})).status_code == 200
        assert (await retailer.points(source), await retailer.points(survivor)) == (500, 700)
    await proven(retailer)
