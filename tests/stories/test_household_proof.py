"""Rules 40 and 43: by a household nobody's points move without a proof, unless a key asks that may transfer them."""

from __future__ import annotations

from typing import Any

import pytest

from stories.test_households import YES, joins, make, sound
from stories.test_rotating import code, phone_of, sells
from stories.words import gives, named, ok, refused

PIN = {"kind": "pin", "value": "2468"}
STAFF = {"kind": "staff", "value": "07"}


async def person(retailer: Any, points: int = 0) -> dict[str, Any]:
    """A member with a PIN."""
    member = await retailer.member()
    assert (await retailer.server.put(f"/v1/members/{member['id']}/pin", json={"pin": "2468"})).status_code == 204
    if points:
        await gives(retailer, member, points)
    return member


def card(member: dict[str, Any]) -> dict[str, str]:
    return {"kind": "card", "value": member["number"]}


async def test_two_card_numbers_move_nobodys_points(retailer):
    """What a till may ask that knows nothing but what is printed on cards."""
    rich, thief = await person(retailer, 9000), await person(retailer)
    till, without = retailer.shibuya, {"code": "proof_required", "field": "proof"}
    refused(await till.post("/v1/households", json={"head": card(rich), "consent": YES}), **without)
    refused(
        await retailer.web.post("/v1/households", json={"head": named(rich), "consent": YES, "proof": STAFF}), **without
    )
    # Nor does the rich one join the other's household, whose points its head spends.
    theirs = ok(await till.post("/v1/households", json={"head": card(thief), "consent": YES, "proof": PIN}), 201)
    asked = {"member": card(rich), "head_consent": YES, "member_consent": YES}
    path = f"/v1/households/{theirs['id']}/members"
    refused(await till.post(path, json=asked | {"head_proof": PIN}), "proof_required", field="member_proof")
    ok(await till.post(path, json=asked | {"member_consent": None}), 201)
    refused(await till.post(f"{path}/{rich['id']}/accept", json={"consent": YES}), **without)
    # In a household of both nothing is handed out without the head.
    assert (await retailer.server.delete(f"/v1/households/{theirs['id']}")).status_code == 204
    home = await make(retailer, rich)
    await joins(retailer, home, thief)
    path = f"/v1/households/{home['id']}/members"
    one = f"{path}/{thief['id']}"
    needs = {"code": "proof_required", "field": "head_proof"}
    wrong = {"head_proof": {"kind": "pin", "value": "0000"}}
    for more in ({}, wrong):
        refused(await till.post(f"{one}/leave", json={"split": 9000} | more), **needs)
        refused(await till.patch(one, json={"may_spend": True} | more), **needs)
        refused(await till.patch(one, json={"head": True} | more), **needs)
        asked = {"member": named(await retailer.member()), "head_consent": YES, "may_spend": True}
        refused(await till.post(path, json=asked | more), **needs)
    assert [await retailer.points(each) for each in (rich, thief)] == [9000, 9000]
    assert len(ok(await retailer.server.get(f"/v1/households/{home['id']}"))["people"]) == 2
    # What takes nothing from anybody needs nothing.
    ok(await till.patch(one, json={"may_spend": False}))
    ok(await till.post(f"{one}/leave", json={}))
    assert [await retailer.points(each) for each in (rich, thief)] == [9000, 0]
    await sound(retailer)


@pytest.mark.parametrize("proof", [PIN, STAFF], ids=lambda each: each["kind"])
async def test_with_the_heads_proof_a_till_does_it_all(retailer, proof, owner):
    head, other = await person(retailer, 500), await person(retailer, 100)
    till = retailer.shibuya
    home = ok(await till.post("/v1/households", json={"head": card(head), "consent": YES, "proof": proof}), 201)
    path = f"/v1/households/{home['id']}/members"
    joining = {"member": card(other), "head_consent": YES, "member_consent": YES, "may_spend": True}
    ok(await till.post(path, json=joining | {"head_proof": proof, "member_proof": proof}), 201)
    one = f"{path}/{other['id']}"
    ok(await till.patch(one, json={"head": True, "head_proof": proof}))
    ok(await till.post(f"{path}/{head['id']}/leave", json={"split": 250, "head_proof": proof}))
    assert [await retailer.points(each) for each in (head, other)] == [250, 350]
    noted = await owner.fetch(
        "select details->>'by', details->>'staff' from audit where action = $1", "household.agreed"
    )  # fmt: skip
    assert {tuple(each) for each in noted} == {(proof["kind"], "07" if proof is STAFF else None)}
    assert len(noted) == 5
    await sound(retailer)


async def test_a_code_on_the_phone_proves_once_whatever_it_is_shown_for(retailer):
    head, other = await person(retailer, 2000), await person(retailer)
    home = await make(retailer, head)
    await joins(retailer, home, other)
    phone = await phone_of(retailer, head)
    one = f"/v1/households/{home['id']}/members/{other['id']}"
    shown = code(phone.shows())
    assert (await sells(retailer, shown, use_points=10)).status_code == 201
    used = await retailer.shibuya.patch(one, json={"may_spend": True, "head_proof": shown})
    refused(used, "proof_required", reason="code_used")
    retailer.clock.advance(seconds=60)
    shown = code(phone.shows())
    for _ in range(2):  # A till that lost the answer asks again.
        ok(await retailer.shibuya.patch(one, json={"may_spend": True, "head_proof": shown}))
    again = await retailer.shibuya.post(f"{one}/leave", json={"split": 500, "head_proof": shown})
    refused(again, "proof_required", reason="code_used")
    # Another's code proves nothing.
    theirs = code((await phone_of(retailer, other)).shows())
    refused(await retailer.shibuya.post(f"{one}/leave", json={"split": 500, "head_proof": theirs}), "proof_required")
    retailer.clock.advance(seconds=60)
    ok(await retailer.shibuya.post(f"{one}/leave", json={"split": 500, "head_proof": code(phone.shows())}))
    assert await retailer.points(other) == 500
    await sound(retailer)


async def test_a_head_named_by_the_code_on_the_phone_needs_no_other_proof(retailer):
    head = await person(retailer, 100)
    phone = await phone_of(retailer, head)
    body = {"head": code(phone.shows()), "consent": YES}
    ok(await retailer.shibuya.post("/v1/households", json=body), 201)


async def test_a_frozen_head_gives_nothing_away_at_a_till(retailer):
    head, other = await person(retailer, 100), await person(retailer)
    home = await make(retailer, head)
    await joins(retailer, home, other)
    ok(await retailer.server.post(f"/v1/members/{head['id']}/freeze", json={"reason": "紛失"}))
    path = f"/v1/households/{home['id']}/members/{other['id']}/leave"
    refused(await retailer.shibuya.post(path, json={"split": 50, "head_proof": PIN}), "spending_blocked")
