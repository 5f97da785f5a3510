"""The code on the phone names its member, pays once, and is worth nothing a minute later (rule 43)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from goen.members import rotating
from goen.members.ids import member_id_of
from stories.acts import given, rich

DAY = 1000  # What may be spent a day without proof.


class Phone:
    """A member's phone: it has its secret and a clock."""

    def __init__(self, key: Any, clock: Any) -> None:
        self.handle, self.secret, self.clock = key.handle, key.secret, clock

    def shows(self, seconds: int = 0) -> str:
        step = rotating.step_at(self.clock.now() + timedelta(seconds=seconds))
        return rotating.written(self.handle, rotating.digits_at(self.secret, step))


async def phone_of(at: Any, member: dict[str, Any]) -> Phone:
    devices, now = at.services.devices, at.clock.now()
    token = await devices.sign_in(member_id_of(member["id"]), "iPhone", now)
    device = await devices.whoever(token, now)
    return Phone(await devices.new_key(device, now), at.clock)


def code(value: str) -> dict[str, str]:
    return {"kind": "code", "value": value}


async def sells(at: Any, member: dict[str, str] | None, amount: int = 11_000, **more: Any) -> Any:
    body = at.sale(amount, **more) | ({} if member is None else {"member": member})
    return await at.shibuya.post("/v1/purchases", json=body)


async def test_rule_43_a_code_names_its_member_and_is_its_proof(retailer: Any) -> None:
    member = await rich(retailer)
    await given(retailer, member, 4000)
    phone = await phone_of(retailer, member)
    looked = await retailer.shibuya.post("/v1/members/lookup", json=code(phone.shows()))
    assert [each["id"] for each in looked.json()["items"]] == [member["id"]]
    sold = await sells(retailer, code(phone.shows()), use_points=3000)
    assert sold.status_code == 201, sold.text
    assert sold.json()["member"]["id"] == member["id"]
    assert sold.json()["points"]["used"] == 3000
    # What is shown without it stays within the day's allowance, which the proven spend has not touched.
    plain = {"kind": "card", "value": member["number"]}
    assert (await sells(retailer, plain, use_points=DAY + 1)).json()["code"] == "proof_required"
    assert (await sells(retailer, plain, use_points=DAY)).status_code == 201


async def test_rule_43_a_code_pays_once(retailer: Any) -> None:
    member = await rich(retailer)
    await given(retailer, member, 9000)
    phone = await phone_of(retailer, member)
    shown = phone.shows()
    body = retailer.sale(11_000, use_points=2000) | {"member": code(shown)}
    first = await retailer.shibuya.post("/v1/purchases", json=body)
    assert first.status_code == 201, first.text
    # The same sale again is the same sale; another one with the same code is refused, however little it asks.
    assert (await retailer.shibuya.post("/v1/purchases", json=body)).content == first.content
    for ask in ({"member": code(shown)}, {"member": code(member["number"]) | {"kind": "card"}, "proof": code(shown)}):
        again = await retailer.yokohama.post(
            "/v1/purchases", json=retailer.sale(11_000, shop="yokohama", use_points=1) | ask
        )
        assert (again.status_code, again.json()["code"], again.json().get("reason")) == (
            403, "proof_required", "code_used",
        )  # fmt: skip
    held = await retailer.shibuya.post(
        "/v1/holds", json={"member": code(shown), "points": 5, "shop": "shibuya", "expires_in": 60},
        headers={"Idempotency-Key": "h1"},
    )  # fmt: skip
    assert held.json()["code"] == "proof_required"
    # It may still earn, and the next code pays again.
    assert (await sells(retailer, code(shown))).status_code == 201
    retailer.clock.advance(seconds=30)
    assert (await sells(retailer, code(phone.shows()), use_points=2000)).status_code == 201


async def test_rule_43_of_many_sales_with_one_code_at_once_one_pays(retailer: Any) -> None:
    member = await rich(retailer)
    await given(retailer, member, 9000)
    shown = (await phone_of(retailer, member)).shows()
    tills = [(retailer.shibuya, "shibuya"), (retailer.yokohama, "yokohama")] * 5
    answers = await asyncio.gather(
        *(
            till.post(
                "/v1/purchases", json=retailer.sale(2200, shop=shop, use_points=1) | {"member": code(shown)}
            )
            for till, shop in tills
        )
    )  # fmt: skip
    assert sorted(each.status_code for each in answers) == [201] + [403] * 9


@pytest.mark.parametrize(("seconds", "good"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
async def test_rule_43_one_step_of_drift_either_way(retailer: Any, seconds: int, good: bool) -> None:
    member = await rich(retailer)
    await given(retailer, member, 4000)
    phone = await phone_of(retailer, member)
    sold = await sells(retailer, code(phone.shows(seconds)), use_points=2000)
    assert sold.status_code == (201 if good else 422), sold.text
    proof = {"kind": "member_id", "value": member["id"]}
    later = await sells(retailer, proof, use_points=1500, proof=code(phone.shows(seconds)))
    # Used above where it was good; where it was not it proves nothing.
    assert later.json()["code"] == "proof_required"


async def test_a_sale_sent_again_later_finds_its_answer(retailer: Any) -> None:
    member = await rich(retailer)
    phone = await phone_of(retailer, member)
    body = retailer.sale() | {"member": code(phone.shows())}
    first = await retailer.shibuya.post("/v1/purchases", json=body)
    retailer.clock.advance(minutes=5)
    again = await retailer.shibuya.post("/v1/purchases", json=body)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    # Another sale with the code of then is nobody's.
    other = retailer.sale() | {"member": body["member"], "occurred_at": body["occurred_at"]}
    assert (await retailer.shibuya.post("/v1/purchases", json=other)).json()["code"] == "unknown_member"


async def test_rule_48_a_till_off_line_takes_a_code_to_earn(retailer: Any) -> None:
    member = await rich(retailer)
    phone = await phone_of(retailer, member)
    body = retailer.sale(11_000, offline=True) | {"member": code(phone.shows())}
    retailer.clock.advance(days=2)
    wrong = body | {"external_id": "wrong", "member": code(phone.shows())}
    sent = await retailer.shibuya.post("/v1/purchases/batch", json={"items": [body, wrong]})
    known, guest = sent.json()["items"]
    assert known["body"]["member"]["id"] == member["id"]
    assert known["body"]["points"]["earned"] == 100
    # A code of another time than the sale's is nobody's, and the sale a guest's, to be claimed.
    assert guest["body"]["member"] is None
    assert guest["body"]["warnings"][0]["code"] == "unknown_member"
    again = await retailer.shibuya.post("/v1/purchases/batch", json={"items": [body, wrong]})
    assert again.json() == sent.json()


async def test_a_code_of_another_member_proves_nothing(retailer: Any) -> None:
    rich_one, other = await rich(retailer), await retailer.member()
    await given(retailer, rich_one, 4000)
    phone = await phone_of(retailer, other)
    who = {"kind": "member_id", "value": rich_one["id"]}
    answer = await sells(retailer, who, use_points=2000, proof=code(phone.shows()))
    assert answer.json()["code"] == "proof_required"
    forged = phone.shows()[:-8] + "00000000"
    assert (await sells(retailer, code(forged))).json()["code"] == "unknown_member"
    assert (await sells(retailer, code("not a code"))).json()["code"] == "unknown_member"


async def test_a_device_signed_out_or_keyed_anew_shows_nothing_good(retailer: Any) -> None:
    member = await rich(retailer)
    first, second = await phone_of(retailer, member), await phone_of(retailer, member)
    await retailer.services.devices.sign_out(first.handle, [member_id_of(member["id"])], retailer.clock.now())
    assert (await sells(retailer, code(first.shows()))).json()["code"] == "unknown_member"
    assert (await sells(retailer, code(second.shows()))).status_code == 201


async def test_after_a_merge_both_phones_are_the_survivors(retailer: Any) -> None:
    one, two = await rich(retailer), await rich(retailer)
    phones = [await phone_of(retailer, each) for each in (one, two)]
    merged = await retailer.server.post(
        f"/v1/members/{one['id']}/merges",
        json={"source": {"kind": "member_id", "value": two["id"]}, "reason": "same person"},
        headers={"Idempotency-Key": "m1"},
    )
    assert merged.status_code == 201, merged.text
    for phone in phones:
        sold = await sells(retailer, code(phone.shows()), use_points=1)
        assert sold.json()["member"]["id"] == one["id"]
        again = await sells(retailer, code(phone.shows()), use_points=1)
        assert again.json()["code"] == "proof_required"


async def test_a_phone_goes_with_its_member(retailer: Any) -> None:
    member = await rich(retailer)
    phone = await phone_of(retailer, member)
    assert (await retailer.server.delete(f"/v1/members/{member['id']}")).status_code == 204
    assert (await sells(retailer, code(phone.shows()))).json()["code"] == "unknown_member"


async def test_quotes_take_codes_and_use_none_up(retailer: Any) -> None:
    member = await rich(retailer)
    await given(retailer, member, 4000)
    phone = await phone_of(retailer, member)
    body = retailer.sale(11_000, use_points=2000) | {"member": code(phone.shows())}
    for _ in range(2):
        quoted = await retailer.shibuya.post("/v1/quotes", json=body)
        assert quoted.status_code == 200, quoted.text
    assert (await retailer.shibuya.post("/v1/purchases", json=body)).status_code == 201
