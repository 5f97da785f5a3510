"""Rule 40: households earn together, spend by permission, and part with what they agreed."""

from __future__ import annotations

import asyncio
import random

from goen.actions.points.pools import pool_due
from goen.actions.proof import prove

from .acts import given, named

YES = {"given": True, "wording": "家族会員規約 2026-10", "source": "渋谷店 申込書"}


def code(answer):
    return answer.json()["code"]


async def sound(retailer):
    assert [problem async for problem in prove(retailer.services.database, retailer.clock.now())] == []


async def make(retailer, head):
    answer = await retailer.server.post("/v1/households", json={"head": named(head), "consent": YES})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def joins(retailer, home, member, **more):
    body = {"member": named(member), "head_consent": YES, "member_consent": YES, **more}
    answer = await retailer.server.post(f"/v1/households/{home['id']}/members", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def leaves(retailer, home, member, **body):
    return await retailer.server.post(f"/v1/households/{home['id']}/members/{member['id']}/leave", json=body)


async def family(retailer, **more):
    """A mother with 300 points, a son with 200, and their household."""
    mother, son = await retailer.member(name="佐藤 恵子"), await retailer.member(name="佐藤 健")
    await given(retailer, mother, 300)
    await given(retailer, son, 200)
    home = await make(retailer, mother)
    await joins(retailer, home, son, **more)
    return mother, son, home


async def sweep(retailer):
    services = retailer.services
    return (await pool_due(services.database, services.till, services.context, 0))[1]


async def whole(retailer, member):
    return (await retailer.server.get(f"/v1/members/{member['id']}")).json()


async def test_rule_40_a_household_earns_into_one_pool_that_everybody_sees(retailer):
    mother, son, home = await family(retailer)
    for member in (mother, son):
        assert await retailer.points(member) == 500
        assert (await whole(retailer, member))["household"] == home["id"]
    sale = await retailer.buys(11_000, son)
    assert (sale["points"]["earned"], sale["balance"]["available"], sale["member"]["id"]) == (100, 600, home["id"])
    assert [await retailer.points(each) for each in (mother, son)] == [600, 600]
    lots = (await retailer.server.get(f"/v1/members/{son['id']}/lots")).json()["items"]
    assert sorted(lot["points"] for lot in lots) == [100, 200, 300]
    await sound(retailer)


async def test_spending_is_by_permission_of_the_head(retailer):
    mother, son, home = await family(retailer)
    refused = await retailer.server.post("/v1/purchases", json=retailer.sale(1100, son, use_points=100))
    assert (refused.status_code, code(refused), refused.json()["reason"]) == (409, "spending_blocked", "household")
    hold = {"member": named(son), "points": 10, "shop": "web", "expires_in": 60}
    assert code(await retailer.act("/v1/holds", hold)) == "spending_blocked"
    give = {"from": named(son), "to": named(await retailer.member()), "points": 10}
    assert code(await retailer.act("/v1/transfers", give)) == "spending_blocked"
    assert (await retailer.server.post("/v1/quotes", json=retailer.sale(1100, son))).json()["usable"]["max"] == 0
    await retailer.buys(1100, mother, use_points=100)
    path = f"/v1/households/{home['id']}/members/{son['id']}"
    assert (await retailer.server.patch(path, json={"may_spend": True})).json()["people"][1]["may_spend"] is True
    await retailer.buys(1100, son, use_points=100)
    await retailer.server.patch(path, json={"may_spend": False})
    refused = await retailer.server.post("/v1/purchases", json=retailer.sale(1100, son, use_points=1))
    assert code(refused) == "spending_blocked"
    # The pool itself is nobody who could spend, and has no name of its own.
    pool = {"id": home["id"]}
    assert (
        code(await retailer.server.post("/v1/purchases", json=retailer.sale(1100, pool, use_points=1)))
        == "spending_blocked"
    )
    assert (await retailer.server.put(f"/v1/members/{home['id']}/pin", json={"pin": "1234"})).status_code == 404
    await sound(retailer)


async def test_a_frozen_person_earns_and_does_not_spend_from_the_pool(retailer):
    _, son, _ = await family(retailer, may_spend=True)
    await retailer.server.post(f"/v1/members/{son['id']}/freeze", json={"reason": "紛失"})
    await retailer.buys(11_000, son)
    assert await retailer.points(son) == 600
    refused = await retailer.server.post("/v1/purchases", json=retailer.sale(1100, son, use_points=1))
    assert code(refused) == "spending_blocked"


async def test_nobody_joins_without_the_consent_of_both(retailer):
    mother, son = await retailer.member(), await retailer.member()
    no = {"given": False}
    assert (
        code(await retailer.server.post("/v1/households", json={"head": named(mother), "consent": no}))
        == "invalid_request"
    )
    home = await make(retailer, mother)
    path = f"/v1/households/{home['id']}/members"
    body = {"member": named(son), "head_consent": no, "member_consent": YES}
    assert code(await retailer.server.post(path, json=body)) == "invalid_request"
    await given(retailer, son, 50)
    assert (await retailer.server.post(f"{path}/{son['id']}/accept", json={"consent": YES})).json()[
        "code"
    ] == "household_state"
    invited = await retailer.server.post(path, json={"member": named(son), "head_consent": YES})
    assert [each["state"] for each in invited.json()["people"]] == ["joined", "invited"]
    assert await retailer.points(mother) == 0, "an invitation moves nothing"
    assert code(await retailer.server.post(f"{path}/{son['id']}/accept", json={"consent": no})) == "invalid_request"
    assert (await retailer.server.post(f"{path}/{son['id']}/accept", json={"consent": YES})).status_code == 200
    assert await retailer.points(mother) == 50
    kept = (await retailer.server.get(f"/v1/members/{son['id']}/consents")).json()["consents"]["household"]
    assert (kept["given"], kept["wording"], kept["source"]) == (True, YES["wording"], YES["source"])


async def test_a_member_belongs_to_one_household_and_joins_registered_and_without_debts(retailer):
    mother, son, _ = await family(retailer)
    other = await retailer.member()
    away = await make(retailer, other)
    for member, reason in (
        (son, "in_household"),
        (await retailer.member(provisional=True), "not_active"),
    ):
        body = {"member": named(member), "head_consent": YES}
        refused = await retailer.server.post(f"/v1/households/{away['id']}/members", json=body)
        assert (refused.status_code, code(refused), refused.json()["reason"]) == (409, "household_state", reason)
    assert (await retailer.server.get(f"/v1/households/{mother['id']}")).status_code == 404
    assert (await retailer.server.get("/v1/households/nonsense")).status_code == 404


async def test_leaving_keeps_the_points_with_the_pool_unless_split(retailer):
    mother, son, home = await family(retailer)
    assert (await leaves(retailer, home, mother)).json()["reason"] == "head_stays"
    too_much = await leaves(retailer, home, son, split=501)
    assert (too_much.status_code, code(too_much)) == (409, "not_enough_points")
    assert (await whole(retailer, son))["household"] == home["id"], "refused, and so stayed"
    for _ in range(2):  # Asked twice, done once.
        answer = await leaves(retailer, home, son, split=120)
        assert (answer.status_code, len(answer.json()["people"])) == (200, 1)
    assert [await retailer.points(each) for each in (mother, son)] == [380, 120]
    assert (await whole(retailer, son))["household"] is None
    await retailer.buys(11_000, son)
    assert [await retailer.points(each) for each in (mother, son)] == [380, 220]
    # Back again, and away with nothing.
    await joins(retailer, home, son)
    assert [await retailer.points(each) for each in (mother, son)] == [600, 600]
    await leaves(retailer, home, son)
    assert [await retailer.points(each) for each in (mother, son)] == [600, 0]
    await sound(retailer)


async def test_a_split_happens_once_however_often_it_is_asked_for_at_once(retailer):
    mother, son, home = await family(retailer)
    answers = await asyncio.gather(*(leaves(retailer, home, son, split=100) for _ in range(5)))
    assert {each.status_code for each in answers} == {200}, [each.text for each in answers]
    assert [await retailer.points(each) for each in (mother, son)] == [400, 100]
    await sound(retailer)


async def test_what_was_bought_together_is_returned_to_the_pool_even_after_leaving(retailer):
    mother, son, home = await family(retailer, may_spend=True)
    bought = await retailer.buys(11_000, son, use_points=100)
    await leaves(retailer, home, son)
    body = {
        "external_id": "r-1",
        "occurred_at": retailer.clock.now().isoformat(),
        "lines": [{"line": 1, "quantity": 1}],
    }
    back = await retailer.server.post(f"/v1/purchases/{bought['id']}/returns", json=body)
    assert back.status_code == 201, back.text
    assert [await retailer.points(each) for each in (mother, son)] == [500, 0]
    await sound(retailer)


async def test_what_orders_and_returns_of_before_bring_or_take_goes_through_the_pool(retailer):
    son = await retailer.member()
    order = await retailer.buys(11_000, son, shop="web", status="placed")
    bought = await retailer.buys(5500, son)
    mother = await retailer.member()
    home = await make(retailer, mother)
    await joins(retailer, home, son)
    assert await retailer.points(mother) == 50
    at = {"occurred_at": retailer.clock.now().isoformat()}
    done = await retailer.act(f"/v1/purchases/{order['id']}/complete", at)
    assert done.status_code == 200, done.text
    assert await sweep(retailer) == 1
    assert await retailer.points(mother) == 150
    body = at | {"external_id": "r-2", "lines": [{"line": 1, "quantity": 1}]}
    back = await retailer.server.post(f"/v1/purchases/{bought['id']}/returns", json=body)
    assert back.json()["points"]["shortage"] == 50, "the son's own books are empty: they are in the pool"
    assert await sweep(retailer) == 1
    assert await sweep(retailer) == 0
    assert await retailer.points(mother) == 100
    await sound(retailer)


async def test_a_family_with_one_phone_is_asked_for_by_name(retailer):
    phone = {"kind": "phone", "value": "03-1234-5678"}
    mother = await retailer.member(name="佐藤 恵子", identifiers=[phone])
    son = await retailer.member(name="佐藤 健太", identifiers=[phone])
    home = await make(retailer, mother)
    await joins(retailer, home, son)
    refused = await retailer.server.post("/v1/purchases", json=retailer.sale() | {"member": phone})
    assert code(refused) == "ambiguous_member"
    assert [(each["member_id"], each["name_masked"]) for each in refused.json()["candidates"]] == [
        (mother["id"], "佐＊ ＊子"),
        (son["id"], "佐＊ ＊太"),
    ]


async def test_handing_over_and_dissolving(retailer):
    mother, son, home = await family(retailer)
    path = f"/v1/households/{home['id']}"
    people = (await retailer.server.patch(f"{path}/members/{son['id']}", json={"head": True})).json()["people"]
    assert {each["member_id"]: (each["head"], each["may_spend"]) for each in people} == {
        mother["id"]: (False, True),
        son["id"]: (True, True),
    }
    order = await retailer.buys(5500, mother, shop="web", status="placed")
    assert (await retailer.server.delete(path)).json()["reason"] == "open_orders"
    await retailer.act(f"/v1/purchases/{order['id']}/cancel", {"occurred_at": retailer.clock.now().isoformat()})
    assert (await retailer.server.delete(path)).status_code == 204
    assert [await retailer.points(each) for each in (mother, son)] == [0, 500]
    gone = (await retailer.server.get(path)).json()
    assert (gone["status"], gone["people"]) == ("dissolved", [])
    assert (await retailer.server.delete(path)).status_code == 409
    assert (await retailer.server.get(f"/v1/members/{home['id']}/balance")).json()["available"] == 0
    await sound(retailer)


async def test_a_head_who_withdraws_is_followed_by_who_may_spend_and_the_last_one_closes_it(retailer):
    mother, son, home = await family(retailer)
    daughter = await retailer.member()
    await joins(retailer, home, daughter, may_spend=True)
    assert (await retailer.server.delete(f"/v1/members/{mother['id']}")).status_code == 204
    people = (await retailer.server.get(f"/v1/households/{home['id']}")).json()["people"]
    assert [(each["member_id"], each["head"]) for each in people] == [(son["id"], False), (daughter["id"], True)]
    assert await retailer.points(daughter) == 500
    sale = retailer.sale(1100, use_points=1) | {"member": {"kind": "member_id", "value": mother["id"]}}
    assert code(await retailer.server.post("/v1/purchases", json=sale)) == "member_withdrawn"
    for each in (daughter, son):
        assert (await retailer.server.delete(f"/v1/members/{each['id']}")).status_code == 204
    assert (await retailer.server.get(f"/v1/households/{home['id']}")).json()["status"] == "dissolved"
    await sound(retailer)


async def test_tills_go_on_selling_while_people_join_leave_split_and_dissolve(retailer):
    """Whoever's books a sale meets, no point is lost or made: the sum over all is what was given and earned."""
    chance = random.Random(40)
    people = [await retailer.member() for _ in range(4)]
    for member in people:
        await given(retailer, member, 1000)
    home = await make(retailer, people[0])
    ids, earned = [], 0

    async def sells():
        nonlocal earned
        for _ in range(25):
            sale = await retailer.buys(1100, chance.choice(people))
            earned += sale["points"]["earned"]

    async def moves():
        for _ in range(6):
            member = chance.choice(people[1:])
            body = {"member": named(member), "head_consent": YES, "member_consent": YES, "may_spend": True}
            await retailer.server.post(f"/v1/households/{home['id']}/members", json=body)
            ids.append(member["id"])
            await leaves(retailer, home, chance.choice(people[1:]), split=chance.choice((0, 5, 50)))

    await asyncio.gather(sells(), moves(), sells())
    assert (await retailer.server.delete(f"/v1/households/{home['id']}")).status_code == 204
    await sweep(retailer)
    total = sum([await retailer.points(each) for each in people])
    rest = (await retailer.server.get(f"/v1/members/{home['id']}/balance")).json()["available"]
    assert total + rest == 4000 + earned
    assert rest == 0
    await sound(retailer)
