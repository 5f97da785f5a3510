"""What people are and may do while two are one member, and after they are parted again (rules 40, 44 to 46)."""

from __future__ import annotations

from typing import Any

from goen.actions.points.lapses import lapse_due
from stories.test_households import joins, make, sound
from stories.test_merges import card, merges, parts, shows
from stories.words import gives, named, ok, refused

PHONE = "090-1234-5678"
BORN = "1990-01-01"


async def adopts(retailer: Any, **second: str) -> dict[str, Any]:
    """The phone is proven by a code and taken over by a second field."""
    proof = await retailer.proof("phone", PHONE)
    body = {"id": proof, "kind": "phone", "value": PHONE, **second}
    answer = await retailer.web.post("/v1/contact_codes/adopt", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def signs_in(retailer: Any) -> dict[str, Any] | None:
    retailer.clock.advance(minutes=1)
    code_id, code = await retailer.code("phone", PHONE)
    body = {"id": code_id, "kind": "phone", "value": PHONE, "code": code}
    return (await retailer.web.post("/v1/contact_codes/confirm", json=body)).json()["member"]


async def whole(retailer: Any, member: dict[str, Any]) -> dict[str, Any]:
    return (await retailer.server.get(f"/v1/members/{member['id']}")).json()


async def test_rule_44_a_contact_of_a_merged_member_is_adopted_where_it_stands(retailer):
    survivor = await retailer.member(birth_date=BORN)
    source = await retailer.member(birth_date=BORN, identifiers=[{"kind": "phone", "value": PHONE}])
    merge = await merges(retailer, survivor, source)
    assert await adopts(retailer, birth_date=BORN) == {"id": survivor["id"]}
    [phone] = [each for each in (await whole(retailer, survivor))["identifiers"] if each["kind"] == "phone"]
    assert phone["verified_at"] is not None
    assert await signs_in(retailer) == {"id": survivor["id"]}
    await parts(retailer, merge)
    assert await signs_in(retailer) == {"id": source["id"]}


async def test_an_adopted_contact_that_is_taken_away_signs_nobody_in(retailer):
    survivor = await retailer.member(birth_date=BORN)
    source = await retailer.member(birth_date=BORN, identifiers=[{"kind": "phone", "value": PHONE}])
    await merges(retailer, survivor, source)
    await adopts(retailer, birth_date=BORN)
    [phone] = [each for each in (await whole(retailer, survivor))["identifiers"] if each["kind"] == "phone"]
    path = f"/v1/members/{survivor['id']}/identifiers/{phone['id']}"
    assert (await retailer.server.delete(path)).status_code == 204
    looked = await retailer.server.post("/v1/members/lookup", json={"kind": "phone", "value": PHONE})
    assert looked.json()["items"] == []
    assert await signs_in(retailer) is None


async def refused_to_spend(retailer: Any, who: dict[str, str]) -> str:
    body = retailer.sale(1100, use_points=1) | {"member": who}
    return refused(await retailer.server.post("/v1/purchases", json=body), "spending_blocked")["reason"]


async def test_rule_46_a_registered_member_is_not_merged_into_a_provisional_one(retailer):
    provisional, registered = await retailer.member(provisional=True), await retailer.member()
    await gives(retailer, registered, 1000)
    body = {"source": named(registered), "reason": "同じ人"}
    for more in ({}, {"preview": True}):
        answer = await retailer.act(f"/v1/members/{provisional['id']}/merges", body | more)
        refused(answer, "survivor_provisional", survivor=registered["id"], source=provisional["id"])
    # The other way round nothing is lost, and whoever shows the provisional card spends.
    await merges(retailer, registered, provisional)
    await shows(retailer, card(provisional), 1100, use_points=50)
    retailer.clock.advance(days=120)
    services = retailer.services
    assert await lapse_due(services.database, services.till, services.context, retailer.clock.now()) == 0
    assert await retailer.points(registered) == 959


async def test_rule_46_two_provisional_members_are_one_that_registers(retailer):
    one, other = await retailer.member(provisional=True), await retailer.member(provisional=True)
    await gives(retailer, other, 100)
    await merges(retailer, one, other)
    assert await refused_to_spend(retailer, named(other)) == "not_registered"
    phone = {"kind": "email", "value": "hanako@example.jp"}
    ok(await retailer.web.post(f"/v1/members/{other['id']}/register", json={"identifiers": [phone]}))
    await retailer.buys(1100, other, use_points=50)


async def test_rule_46_parted_again_a_provisional_member_still_has_to_register(retailer):
    provisional, registered = await retailer.member(provisional=True), await retailer.member()
    await gives(retailer, provisional, 100)
    await parts(retailer, await merges(retailer, registered, provisional))
    alone = await whole(retailer, provisional)
    assert (alone["status"], alone["register_by"]) == ("provisional", provisional["register_by"])
    assert await refused_to_spend(retailer, named(provisional)) == "not_registered"
    services = retailer.services
    retailer.clock.advance(days=120)
    assert await lapse_due(services.database, services.till, services.context, retailer.clock.now()) == 1
    assert await retailer.points(provisional) == 0
    # Parted from one who is frozen it is frozen, and provisional once it is let go.
    merge = await merges(retailer, registered, provisional)
    body = {"reason": "調査"}
    ok(await retailer.server.post(f"/v1/members/{registered['id']}/freeze", json=body))
    await parts(retailer, merge)
    assert (await whole(retailer, provisional))["status"] == "frozen"
    ok(await retailer.server.post(f"/v1/members/{provisional['id']}/unfreeze", json=body))
    assert (await whole(retailer, provisional))["status"] == "provisional"


async def test_rule_40_whoever_of_a_frozen_person_is_shown_spends_nothing_from_the_pool(retailer):
    mother, son, old = [await retailer.member() for _ in range(3)]
    await gives(retailer, mother, 1000)
    await merges(retailer, son, old)
    await joins(retailer, await make(retailer, mother), son, may_spend=True)
    for each in (named(son), card(old)):
        await shows(retailer, each, 1100, use_points=1)
    ok(await retailer.server.post(f"/v1/members/{son['id']}/freeze", json={"reason": "紛失"}))
    for each in (named(son), card(old), named(old)):
        assert await refused_to_spend(retailer, each) == "household"
    await retailer.buys(1100, mother, use_points=1)


async def test_rule_40_a_household_knows_a_person_by_a_merged_id(retailer):
    mother, son, old = [await retailer.member() for _ in range(3)]
    await gives(retailer, mother, 300)
    await merges(retailer, son, old)
    home = await make(retailer, mother)
    await joins(retailer, home, old)
    path = f"/v1/households/{home['id']}/members/{old['id']}"
    people = ok(await retailer.server.patch(path, json={"may_spend": True}))["people"]
    assert [(each["member_id"], each["may_spend"]) for each in people] == [(mother["id"], True), (son["id"], True)]
    for _ in range(2):  # Asked again it has been done.
        ok(await retailer.server.post(f"{path}/leave", json={"split": 120}))
    assert [await retailer.points(each) for each in (mother, son, old)] == [180, 120, 120]
    await sound(retailer)


async def invited(retailer: Any, home: dict[str, Any]) -> list[str]:
    people = ok(await retailer.server.get(f"/v1/households/{home['id']}"))["people"]
    return [each["member_id"] for each in people if each["state"] == "invited"]


async def test_rule_40_an_invitation_follows_a_merge_and_its_undo(retailer):
    mother, son, old = [await retailer.member() for _ in range(3)]
    home = await make(retailer, mother)
    path = f"/v1/households/{home['id']}/members"
    asked = {"member": named(old), "head_consent": {"given": True}, "may_spend": True}
    ok(await retailer.server.post(path, json=asked), 201)
    merge = await merges(retailer, son, old)
    assert await invited(retailer, home) == [son["id"]]
    await parts(retailer, merge)
    assert await invited(retailer, home) == [old["id"]]
    # Asked both, the person is asked once; and joins by whichever id.
    ok(await retailer.server.post(path, json=asked | {"member": named(son)}), 201)
    await merges(retailer, son, old)
    assert await invited(retailer, home) == [son["id"]]
    ok(await retailer.server.post(f"{path}/{old['id']}/accept", json={"consent": {"given": True}}))
    assert await invited(retailer, home) == []
    await gives(retailer, mother, 100)
    await shows(retailer, card(old), 1100, use_points=50)


async def test_an_invitation_is_declined_by_a_merged_id(retailer):
    mother, son, old = [await retailer.member() for _ in range(3)]
    home = await make(retailer, mother)
    path = f"/v1/households/{home['id']}/members"
    ok(await retailer.server.post(path, json={"member": named(old), "head_consent": {"given": True}}), 201)
    await merges(retailer, son, old)
    ok(await retailer.server.post(f"{path}/{old['id']}/leave", json={}))
    assert await invited(retailer, home) == []
