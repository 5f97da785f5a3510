"""Who may take points, by which key and proof (rules 40 and 43), where it is easiest to slip past."""

from __future__ import annotations

from typing import Any

import pytest

from goen.actions.points.sweeps import release_due_holds

from .acts import given, named
from .test_households import joins, leaves, make
from .words import lines, told


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def held(retailer: Any, member: dict[str, Any], points: int, shop: str = "web", at: Any = None) -> dict[str, Any]:
    body = {"member": named(member), "points": points, "shop": shop, "expires_in": 600}
    headers = {"Idempotency-Key": f"hold-{retailer.number()}"}
    answer = await (at or retailer.server).post("/v1/holds", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


def card(member: dict[str, Any]) -> dict[str, Any]:
    return {"member": {"kind": "card", "value": member["number"]}}


async def test_a_till_does_not_pay_with_what_was_held_elsewhere(retailer):
    member = await retailer.member()
    await given(retailer, member, 9000)
    hold = await held(retailer, member, 8000)
    bare = retailer.sale(11_000, use_points=8000) | card(member)
    assert code(await retailer.shibuya.post("/v1/purchases", json=bare)) == (403, "proof_required")
    answer = await retailer.shibuya.post("/v1/purchases", json=bare | {"hold": hold["id"]})
    assert answer.json()["code"] == "unknown_hold"
    offline = bare | {"hold": hold["id"], "offline": True, "use_points": 0}
    assert (await retailer.shibuya.post("/v1/purchases", json=offline)).status_code == 201
    assert (await retailer.balance(member))["held"] == 8000
    assert (await retailer.buys(11_000, member, shop="web", use_points=8000, hold=hold["id"]))["points"]["used"] == 8000


async def test_a_member_frozen_since_does_not_pay_with_a_hold(retailer):
    member = await retailer.member()
    await given(retailer, member, 1000)
    hold = await held(retailer, member, 200, "shibuya")
    assert (await retailer.server.post(f"/v1/members/{member['id']}/freeze", json={"reason": "紛失"})).is_success
    sale = retailer.sale(1100, member, use_points=200, hold=hold["id"])
    assert (await retailer.server.post("/v1/purchases", json=sale)).json()["reason"] == "frozen"
    assert (await retailer.server.post("/v1/purchases", json=sale | {"offline": True})).status_code == 201


@pytest.mark.parametrize("way", ["never allowed", "gone"])
async def test_rule_40_a_changed_order_takes_no_points_that_its_buyer_may_not_spend(retailer, way):
    mother, son = await retailer.member(), await retailer.member()
    await given(retailer, mother, 1000)
    home = await make(retailer, mother)
    await joins(retailer, home, son, may_spend=way == "gone")
    order = await retailer.buys(1100, son, shop="web", status="placed")
    if way == "gone":
        assert (await leaves(retailer, home, son)).status_code < 300
    path, body = f"/v1/purchases/{order['id']}/lines", {"lines": lines(1100), "use_points": 500}
    answer = await retailer.web.put(path, json=body, headers={"Idempotency-Key": "more"})
    assert (answer.json()["code"], answer.json()["reason"]) == ("spending_blocked", "household")
    hold = await held(retailer, mother, 200, "web")
    sale = retailer.sale(1100, son, shop="web", use_points=200, hold=hold["id"])
    assert (await retailer.web.post("/v1/purchases", json=sale)).is_success is False
    assert await retailer.points(mother) == 800


async def test_rule_40_who_may_spend_may_change_an_order(retailer):
    mother, son = await retailer.member(), await retailer.member()
    await given(retailer, mother, 1000)
    await joins(retailer, await make(retailer, mother), son, may_spend=True)
    order = await retailer.buys(1100, son, shop="web", status="placed")
    path, body = f"/v1/purchases/{order['id']}/lines", {"lines": lines(1100), "use_points": 500}
    assert (await retailer.web.put(path, json=body, headers={"Idempotency-Key": "more"})).status_code == 200
    assert (await retailer.balance(mother))["held"] == 500


async def test_a_locked_pin_hides_no_answer_and_stops_no_till_that_was_off_line(retailer):
    member = await retailer.member()
    await given(retailer, member, 5000)
    await retailer.server.put(f"/v1/members/{member['id']}/pin", json={"pin": "1234"})
    right, wrong = ({"proof": {"kind": "pin", "value": pin}} for pin in ("1234", "9999"))
    sale = retailer.sale(11_000, member, use_points=2000) | right
    first = await retailer.shibuya.post("/v1/purchases", json=sale)
    for _ in range(6):
        locked = await retailer.shibuya.post("/v1/purchases", json=retailer.sale(1100, member, use_points=1) | wrong)
    again = await retailer.shibuya.post("/v1/purchases", json=sale)
    assert (again.status_code, again.content) == (201, first.content)
    assert locked.status_code == 403
    offline = retailer.sale(1100, member, use_points=1, offline=True) | right
    assert (await retailer.shibuya.post("/v1/purchases", json=offline)).status_code == 201


async def test_an_offline_sale_with_a_proof_for_a_shared_phone_is_a_guest_s(retailer):
    phone = {"kind": "phone", "value": "090-1234-5678"}
    for _ in range(2):
        await retailer.member(identifiers=[phone])
    sale = retailer.sale(1100) | {"member": phone, "proof": {"kind": "pin", "value": "1234"}}
    assert code(await retailer.shibuya.post("/v1/purchases", json=sale)) == (409, "ambiguous_member")
    answer = await retailer.shibuya.post("/v1/purchases", json=sale | {"offline": True})
    assert (answer.status_code, answer.json()["member"]) == (201, None)


async def test_what_was_not_spent_after_all_is_not_counted_as_spent_without_proof(retailer):
    member = await retailer.member()
    await given(retailer, member, 5000)
    for _ in range(3):
        hold = await held(retailer, member, 600, "shibuya", retailer.shibuya)
        path, key = f"/v1/holds/{hold['id']}/release", {"Idempotency-Key": f"release-{hold['id']}"}
        assert (await retailer.shibuya.post(path, json={}, headers=key)).status_code == 200
    order = retailer.sale(1100, use_points=600, status="placed") | card(member)
    placed = (await retailer.shibuya.post("/v1/purchases", json=order)).json()
    for n, points in enumerate((0, 600, 100, 900)):
        body = {"lines": lines(1100), "use_points": points}
        path, key = f"/v1/purchases/{placed['id']}/lines", {"Idempotency-Key": f"lines-{n}"}
        assert (await retailer.shibuya.put(path, json=body, headers=key)).status_code == 200
    hold = {"member": card(member)["member"], "points": 200, "shop": "shibuya", "expires_in": 60}
    more = await retailer.shibuya.post("/v1/holds", json=hold, headers={"Idempotency-Key": "more"})
    assert (code(more), more.json()["spent_today"]) == ((403, "proof_required"), 900)


async def test_a_hold_that_ran_out_is_told_whichever_act_came_upon_it(retailer, owner):
    member = await retailer.member()
    await given(retailer, member, 500)
    hold = await held(retailer, member, 100)
    retailer.clock.advance(seconds=601)
    await retailer.buys(1100, member)
    services = retailer.services
    await release_due_holds(services.database, services.till, services.context, retailer.clock.now())
    assert [each["hold_id"] for each in await told(owner, "hold.expired")] == [hold["id"]]
