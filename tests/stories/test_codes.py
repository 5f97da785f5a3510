"""Joining and signing in with a one-time code, over HTTP."""

from __future__ import annotations

import asyncio

import pytest

PHONE, SAME_PHONE = "090-1234-5678", "＋81 90 1234 5678"


def code_of(answer):
    return answer.json()["code"]


async def confirm(retailer, code_id, code, kind="phone", value=PHONE):
    body = {"id": code_id, "kind": kind, "value": value, "code": code}
    return await retailer.web.post("/v1/contact_codes/confirm", json=body)


def another(code):
    return f"{(int(code) + 1) % 1_000_000:06}"


async def joined(retailer, kind="phone", value=PHONE, **more):
    proof = await retailer.proof(kind, value)
    body = {"name": "高橋 恵", "identifiers": [{"kind": kind, "value": value, "token": proof}], **more}
    answer = await retailer.web.post("/v1/members", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_three_calls_make_a_member_who_signs_in_with_the_phone_from_then_on(retailer):
    member = await joined(retailer)
    assert member["identifiers"][1]["verified_at"] is not None
    retailer.clock.advance(minutes=1)
    code_id, code = await retailer.code("phone", SAME_PHONE)
    answer = await confirm(retailer, code_id, code)
    assert answer.json()["member"] == {"id": member["id"]}
    # A code serves once, and so does what it proved.
    assert code_of(await confirm(retailer, code_id, code)) == "code_not_valid"
    body = {"identifiers": [{"kind": "phone", "value": PHONE, "token": code_id}]}
    assert code_of(await retailer.web.post("/v1/members", json=body)) == "invalid_request"


async def test_a_mail_address_does_as_well_and_the_message_names_the_programme(retailer):
    programme = (await retailer.server.get("/v1/programme")).json()
    starts_at = retailer.clock.advance(seconds=1)
    programme |= {"name": "ご縁ポイント", "starts_at": starts_at.isoformat()}
    retailer.clock.advance(seconds=-10)
    assert (await retailer.server.put("/v1/programme", json=programme)).status_code == 200
    retailer.clock.advance(seconds=60)
    await retailer.services.database.writers.fetchval("select 1")
    await asyncio.sleep(0.6)  # The new version is seen by every process within half a second.
    member = await joined(retailer, "email", "Megumi@Example.JP")
    message = retailer.console.shown[-1]
    assert (message.to, message.subject) == ("megumi@example.jp", "【ご縁ポイント】認証コードのお知らせ")
    assert "有効期限は10分" in message.text
    assert member["identifiers"][1]["normal"] == "megumi@example.jp"


async def test_asking_answers_the_same_whether_or_not_anybody_carries_the_contact(retailer):
    await joined(retailer)
    retailer.clock.advance(hours=2)
    known = await retailer.web.post("/v1/contact_codes", json={"kind": "phone", "value": PHONE})
    unknown = await retailer.web.post("/v1/contact_codes", json={"kind": "phone", "value": "090-8765-4321"})
    assert known.status_code == unknown.status_code == 201
    assert known.json().keys() == unknown.json().keys()
    assert known.json()["expires_at"] == unknown.json()["expires_at"]
    await retailer.services.postman.settle()
    assert {each.to for each in list(retailer.console.shown)[-2:]} == {"+819012345678", "+819087654321"}
    for answer in (known, unknown):
        value = PHONE if answer is known else "090-8765-4321"
        assert code_of(await confirm(retailer, answer.json()["id"], "000000", value=value)) == "code_not_valid"


async def test_five_wrong_codes_end_it_however_they_are_sent(retailer):
    code_id, code = await retailer.code("phone", PHONE)
    wrong = await asyncio.gather(*(confirm(retailer, code_id, another(code)) for _ in range(5)))
    assert {(each.status_code, code_of(each)) for each in wrong} == {(409, "code_not_valid")}
    assert code_of(await confirm(retailer, code_id, code)) == "code_not_valid"


async def test_four_wrong_codes_do_not_and_of_two_right_ones_at_once_one_confirms(retailer):
    code_id, code = await retailer.code("phone", PHONE)
    for _ in range(3):
        await confirm(retailer, code_id, another(code))
    both = await asyncio.gather(*(confirm(retailer, code_id, code) for _ in range(2)))
    assert sorted(each.status_code for each in both) == [200, 409]


async def test_a_code_lives_ten_minutes_and_belongs_to_its_id_and_contact(retailer):
    code_id, code = await retailer.code("phone", PHONE)
    assert code_of(await confirm(retailer, code_id, code, value="090-8765-4321")) == "code_not_valid"
    assert code_of(await confirm(retailer, "someone-elses", code)) == "code_not_valid"
    retailer.clock.advance(minutes=10)
    assert code_of(await confirm(retailer, code_id, code)) == "code_not_valid"


async def test_a_proof_lives_half_an_hour(retailer):
    proof = await retailer.proof("phone", PHONE)
    retailer.clock.advance(minutes=30)
    body = {"identifiers": [{"kind": "phone", "value": PHONE, "token": proof}]}
    assert code_of(await retailer.web.post("/v1/members", json=body)) == "invalid_request"


async def test_a_proof_serves_one_of_many_who_show_it_at_once(retailer):
    proof = await retailer.proof("phone", PHONE)
    body = {"identifiers": [{"kind": "phone", "value": PHONE, "token": proof}]}
    answers = await asyncio.gather(*(retailer.web.post("/v1/members", json=body) for _ in range(4)))
    assert sorted(each.status_code for each in answers) == [201, 422, 422, 422]


async def test_an_enrolment_asked_twice_with_its_proof_is_done_once(retailer):
    proof = await retailer.proof("phone", PHONE)
    body = {"identifiers": [{"kind": "phone", "value": PHONE, "token": proof}]}
    asked = [await retailer.web.post("/v1/members", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert asked[0].content == asked[1].content
    assert asked[1].headers["idempotent-replayed"] == "true"


async def test_a_contact_is_asked_for_five_times_an_hour_thirty_seconds_apart(retailer):
    ask = {"kind": "phone", "value": PHONE}
    for spelling in (PHONE, SAME_PHONE, PHONE, SAME_PHONE, PHONE):
        assert (await retailer.web.post("/v1/contact_codes", json=ask | {"value": spelling})).status_code == 201
        too_soon = await retailer.shibuya.post("/v1/contact_codes", json=ask)
        assert (too_soon.status_code, code_of(too_soon)) == (429, "rate_limited")
        assert too_soon.headers["retry-after"] == "30"
        retailer.clock.advance(seconds=30)
    refused = await retailer.web.post("/v1/contact_codes", json=ask)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, str(3600 - 150))
    assert (await retailer.web.post("/v1/contact_codes", json={"kind": "email", "value": "a@example.jp"})).is_success
    retailer.clock.advance(hours=1)
    assert (await retailer.web.post("/v1/contact_codes", json=ask)).status_code == 201


async def test_an_address_asks_twenty_times_an_hour_for_whomever(retailer):
    async def ask(n, address):
        body = {"kind": "email", "value": f"m{n}@example.jp", "client_address": address}
        return (await retailer.web.post("/v1/contact_codes", json=body)).status_code

    # One household's IPv6 network is one address.
    statuses = await asyncio.gather(*(ask(n, f"2001:db8:0:1::{n:x}") for n in range(25)))
    assert sorted(statuses) == [201] * 20 + [429] * 5
    assert await ask(100, "2001:db8:0:2::1") == 201
    assert await ask(101, "::ffff:198.51.100.7") == 201
    assert await ask(102, "not an address") == 422


async def test_no_code_goes_to_a_land_line_or_abroad(retailer):
    for value in ("03-1234-5678", "0120-123-456", "+1 415 555 2671", "12345"):
        answer = await retailer.web.post("/v1/contact_codes", json={"kind": "phone", "value": value})
        assert (answer.status_code, code_of(answer)) == (422, "invalid_request"), value
    assert not retailer.console.shown


async def test_a_proof_verifies_a_contact_that_a_member_has_and_one_that_is_new(retailer):
    member = await retailer.member(identifiers=[{"kind": "phone", "value": PHONE}])
    path = f"/v1/members/{member['id']}/identifiers"
    for kind, value in (("phone", PHONE), ("email", "m@example.jp")):
        proof = await retailer.proof(kind, value)
        answer = await retailer.web.post(path, json={"kind": kind, "value": value, "token": proof})
        assert answer.status_code == 201, answer.text
    contacts = answer.json()["identifiers"][1:]
    assert [each["kind"] for each in contacts if each["verified_at"]] == ["phone", "email"]


async def test_a_contact_that_another_holds_verified_is_taken_and_the_proof_kept(retailer):
    holder = await joined(retailer)
    other = await retailer.member()
    retailer.clock.advance(minutes=1)
    # Two codes asked for at the same time: the first signs its holder in, the other was confirmed for the form.
    code_id, code = await retailer.code("phone", PHONE)
    assert (await confirm(retailer, code_id, code)).json()["member"] == {"id": holder["id"]}
    body = {"kind": "phone", "value": PHONE, "token": code_id}
    assert code_of(await retailer.web.post(f"/v1/members/{other['id']}/identifiers", json=body)) == "invalid_request"
    verified = {"kind": "phone", "value": PHONE, "verified": True}
    taken = await retailer.server.post(f"/v1/members/{other['id']}/identifiers", json=verified)
    assert (taken.status_code, code_of(taken)) == (409, "identifier_taken")


@pytest.mark.parametrize(
    "second",
    [{"birth_date": "1980-04-01"}, {"kana": "たかはし めぐみ"}, {"card": "5000-0001"}],
    ids=lambda s: next(iter(s)),
)
async def test_rule_44_who_carries_a_contact_is_adopted_by_a_second_field_that_agrees(retailer, second):
    card = {"kind": "card", "value": "50000001"}
    mother = await retailer.member(
        kana="タカハシ メグミ", birth_date="1980-04-01", identifiers=[{"kind": "phone", "value": PHONE}, card]
    )
    await retailer.member(
        kana="タカハシ ケン", birth_date="2010-04-01", identifiers=[{"kind": "phone", "value": PHONE}]
    )
    proof = await retailer.proof("phone", PHONE)
    body = {"id": proof, "kind": "phone", "value": PHONE}
    assert code_of(await retailer.web.post("/v1/contact_codes/adopt", json=body)) == "invalid_request"
    wrong = await retailer.web.post("/v1/contact_codes/adopt", json=body | {"birth_date": "1999-01-01"})
    assert (wrong.status_code, code_of(wrong)) == (409, "no_agreement")
    answer = await retailer.web.post("/v1/contact_codes/adopt", json=body | second)
    assert answer.json() == {"id": mother["id"]}
    retailer.clock.advance(minutes=1)
    code_id, code = await retailer.code("phone", PHONE)
    assert (await confirm(retailer, code_id, code)).json()["member"] == {"id": mother["id"]}


async def test_birth_dates_cannot_be_tried_one_after_the_other(retailer):
    await retailer.member(birth_date="1980-04-01", identifiers=[{"kind": "phone", "value": PHONE}])
    body = {"id": await retailer.proof("phone", PHONE), "kind": "phone", "value": PHONE}
    for day in range(2, 7):
        tried = await retailer.web.post("/v1/contact_codes/adopt", json=body | {"birth_date": f"1980-04-{day:02}"})
        assert code_of(tried) == "no_agreement"
    late = await retailer.web.post("/v1/contact_codes/adopt", json=body | {"birth_date": "1980-04-01"})
    assert code_of(late) == "code_not_valid"


async def test_neither_code_nor_contact_nor_id_stands_in_the_database(retailer):
    code_id, code = await retailer.code("phone", PHONE)
    async with retailer.services.database.reading() as connection:
        kept = [
            str(dict(row))
            for table in ("contact_code", "code_quota")
            for row in await connection.fetch(f"select * from {table}")
        ]
    assert len(kept) == 4
    for secret in (code_id, code, "9012345678"):
        assert not any(secret in row for row in kept)
