"""LINE over HTTP: an id token links, enrols and signs in; a forged one does nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from goen.channels.line.login import ISSUER, LineChannel, LineLogin

from .conftest import opened_retailer

CHANNEL, SECRET = "1234567890", "0123456789abcdef0123456789abcdef"


@pytest.fixture
async def linked(database, clock):
    async with opened_retailer(database.dsn, clock, LineLogin(LineChannel(CHANNEL, SECRET))) as opened:
        yield opened


def token(retailer, user, secret=SECRET, **changes):
    now = retailer.clock.now()
    claims = {"iss": ISSUER, "sub": user, "aud": CHANNEL, "exp": int((now + timedelta(hours=1)).timestamp())}
    return jwt.encode({"alg": "HS256"}, claims | {"iat": int(now.timestamp())} | changes, OctKey.import_key(secret))


def code(answer):
    return answer.json()["code"]


async def test_a_member_links_line_accounts_signs_in_by_one_and_unlinks_it(linked):
    member, other = await linked.member(), await linked.member()
    path = f"/v1/members/{member['id']}/identifiers"
    for user in ("U-one", "U-two"):
        body = {"kind": "line", "token": token(linked, user, nonce="n"), "nonce": "n"}
        answer = await linked.web.post(path, json=body)
        assert answer.status_code == 201, answer.text
    names = [each for each in answer.json()["identifiers"] if each["kind"] == "line"]
    assert [each["value"] for each in names] == ["U-one", "U-two"]
    found = await linked.web.post("/v1/members/lookup", json={"kind": "line", "token": token(linked, "U-two")})
    assert [each["id"] for each in found.json()["items"]] == [member["id"]]
    taken = await linked.web.post(
        f"/v1/members/{other['id']}/identifiers", json={"kind": "line", "token": token(linked, "U-one")}
    )
    assert (taken.status_code, code(taken)) == (409, "identifier_taken")
    assert (await linked.server.delete(f"{path}/{names[0]['id']}")).status_code == 204
    again = await linked.web.post(
        f"/v1/members/{other['id']}/identifiers", json={"kind": "line", "token": token(linked, "U-one")}
    )
    assert again.status_code == 201


async def test_enrolling_with_line_takes_one_call(linked):
    body = {"name": "試験 一", "identifiers": [{"kind": "line", "token": token(linked, "U-new")}]}
    made = await linked.web.post("/v1/members", json=body)
    assert [each["value"] for each in made.json()["identifiers"] if each["kind"] == "line"] == ["U-new"]


async def test_a_forged_token_links_nobody(linked):
    member = await linked.member()
    for bad in (
        {"token": token(linked, "U-x", secret="f" * 32)},
        {"token": token(linked, "U-x", aud="999")},
        {"token": token(linked, "U-x"), "nonce": "expected"},
        {"token": token(linked, "U-x"), "value": "U-y"},
    ):
        refused = await linked.web.post(f"/v1/members/{member['id']}/identifiers", json={"kind": "line", **bad})
        assert (refused.status_code, code(refused)) == (422, "invalid_request"), bad
        assert bad["token"] not in refused.text
    refused = await linked.web.post("/v1/members/lookup", json={"kind": "line", "token": "x.y.z"})
    assert code(refused) == "invalid_request"


async def test_without_a_channel_no_token_is_read(retailer):
    refused = await retailer.web.post("/v1/members/lookup", json={"kind": "line", "token": "x.y.z"})
    assert (refused.status_code, code(refused)) == (409, "line_not_set_up")
