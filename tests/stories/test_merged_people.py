"""What people are and may do while two are one member, and after they are parted again (rules 40, 44 to 46)."""

from __future__ import annotations

from typing import Any

from stories.test_merges import merges, parts

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
