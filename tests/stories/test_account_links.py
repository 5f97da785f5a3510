"""A web shop's account is linked by a code to the member's address on file."""

from __future__ import annotations

import re

from .acts import named

PHONE = "090-1234-5678"


def code(answer):
    return answer.json()["code"]


async def ask(retailer, member, value="u-1", **more):
    return await retailer.web.post("/v1/account_links", json={"member": named(member), "value": value, **more})


async def arrived(retailer):
    await retailer.services.postman.settle()
    message = retailer.console.shown[-1]
    return message.to, re.search(r"\d{6}", message.text)[0]


async def confirm(retailer, member, link, digits, value="u-1"):
    body = {"id": link.json()["id"], "code": digits, "member": named(member), "value": value}
    return await retailer.web.post("/v1/account_links/confirm", json=body)


async def test_the_code_goes_to_the_address_on_file_and_links_that_account_to_that_member(retailer):
    contacts = [{"kind": "email", "value": "megumi@example.jp"}, {"kind": "phone", "value": "03-1234-5678"}]
    member, other = await retailer.member(identifiers=contacts), await retailer.member()
    link = await ask(retailer, member)
    assert (link.status_code, link.json()["sent_to"]) == (201, "m＊＊＊@example.jp")
    to, digits = await arrived(retailer)
    assert to == "megumi@example.jp"
    for wrong in (
        await confirm(retailer, member, link, digits, value="u-2"),
        await confirm(retailer, other, link, digits),
        await confirm(retailer, member, link, f"{(int(digits) + 1) % 1_000_000:06}"),
    ):
        assert (wrong.status_code, code(wrong)) == (409, "code_not_valid")
    done = await confirm(retailer, member, link, digits)
    assert [
        (each["kind"], each["value"], each["shop"]) for each in done.json()["identifiers"] if each["kind"] == "ec"
    ] == [("ec", "u-1", "web")]
    assert code(await confirm(retailer, member, link, digits)) == "code_not_valid"


async def test_a_proven_contact_comes_first_and_a_taken_account_is_refused(retailer):
    contacts = [{"kind": "email", "value": "m@example.jp"}, {"kind": "phone", "value": PHONE, "verified": True}]
    member = await retailer.member(identifiers=contacts)
    await retailer.member(identifiers=[{"kind": "ec", "shop": "web", "value": "u-9"}])
    link = await ask(retailer, member, "u-9")
    assert link.json()["sent_to"] == "＊＊＊5678"
    _, digits = await arrived(retailer)
    taken = await confirm(retailer, member, link, digits, value="u-9")
    assert (taken.status_code, code(taken)) == (409, "identifier_taken")


async def test_a_member_has_accounts_of_several_and_of_the_same_shop(retailer):
    member = await retailer.member(identifiers=[{"kind": "email", "value": "m@example.jp"}])
    for value in ("u-1", "u-2"):
        link = await ask(retailer, member, value)
        _, digits = await arrived(retailer)
        done = await confirm(retailer, member, link, digits, value=value)
        assert done.status_code == 200, done.text
        retailer.clock.advance(minutes=1)
    accounts = [each for each in done.json()["identifiers"] if each["kind"] == "ec"]
    assert [each["value"] for each in accounts] == ["u-1", "u-2"]
    path = f"/v1/members/{member['id']}/identifiers/{accounts[0]['id']}"
    assert (await retailer.web.delete(path)).status_code == 204


async def test_who_cannot_be_reached_or_vouched_for_is_not_linked(retailer):
    silent = await retailer.member(identifiers=[{"kind": "phone", "value": "03-1234-5678"}])
    refused = await ask(retailer, silent)
    assert (refused.status_code, code(refused)) == (409, "no_contact")
    reached = await retailer.member(identifiers=[{"kind": "email", "value": "m@example.jp"}])
    assert code(await retailer.shibuya.post("/v1/account_links", json={})) == "forbidden"
    body = {"member": named(reached), "value": "u-1", "shop": "shibuya"}
    assert code(await retailer.server.post("/v1/account_links", json=body)) == "invalid_request"
    assert (await ask(retailer, reached)).status_code == 201
    assert (await ask(retailer, reached)).status_code == 429
