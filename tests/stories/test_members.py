"""Members over HTTP: enrolled at a till, found by any name, known to the web shop, and let go."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import jwt
import pytest


def code(answer: httpx.Response) -> str:
    return answer.json().get("code", "")


def phone(number: str) -> dict[str, str]:
    return {"kind": "phone", "value": number}


def card(number: str) -> dict[str, str]:
    return {"kind": "card", "value": number}


async def enrolled(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await client.post("/v1/members", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def found(client: httpx.AsyncClient, **named: str) -> list[str]:
    """Ids of the members that an identifier names."""
    answer = await client.post("/v1/members/lookup", json=named)
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["items"]]


async def test_a_member_is_found_by_whatever_they_show(retailer):
    member = await enrolled(
        retailer.shibuya,
        name="山田 花子",
        kana="ﾔﾏﾀﾞ ﾊﾅｺ",
        birth_date="1990-02-28",
        gender="女性",
        postal_code="150-0002",
        address="東京都渋谷区渋谷1-2-3",
        identifiers=[
            card("a00123b"),
            phone("０９０－１２３４－５６７８"),
            {"kind": "email", "value": "Hanako@Example.JP"},
        ],
        consents={"mail": True},
    )
    assert member["shop"] == "shibuya"
    assert member["tier"] is None
    assert member["gender"] == "female"
    assert [each["normal"] for each in member["identifiers"]] == [
        member["number"], "00123", "+819012345678", "hanako@example.jp",
    ]  # fmt: skip
    for named in (
        card(member["number"]),
        card("00123"),
        phone("+81 90 1234 5678"),
        {"kind": "email", "value": "ＨＡＮＡＫＯ＠example.jp"},
        {"kind": "member_id", "value": member["id"]},
    ):
        assert await found(retailer.web, **named) == [member["id"]]
    whole = (await retailer.readonly.get(f"/v1/members/{member['id']}")).json()
    assert whole == member


async def test_the_same_by_query_where_a_plus_became_a_blank(retailer):
    member = await enrolled(retailer.server, identifiers=[phone("09012345678")])
    answer = await retailer.server.get("/v1/members?kind=phone&value=+819012345678")
    assert [each["id"] for each in answer.json()["items"]] == [member["id"]]
    assert (await retailer.server.get("/v1/members?kind=phone&value=0312345678")).json()["items"] == []
    for wrong in ("", "?kind=phone", "?q=山", "?q=山田&kind=phone&value=0312345678", "?q=山田&limit=0", "?x=1",
                  "?kind=phone&value=none", "?q=山田&cursor=zz", "?q=山田&cursor=WyIAIiwxXQ"):  # fmt: skip
        assert (await retailer.server.get(f"/v1/members{wrong}")).status_code == 422, wrong


async def test_rule_44_a_family_shares_a_phone_until_one_of_them_shows_it_is_theirs(retailer):
    mother = await enrolled(retailer.server, name="佐藤 花子", identifiers=[phone("0312345678")])
    son = await enrolled(retailer.server, name="佐藤 一郎", identifiers=[phone("03-1234-5678")])
    answer = await retailer.shibuya.post("/v1/members/lookup", json=phone("0312345678"))
    assert (answer.status_code, code(answer)) == (409, "ambiguous_member")
    assert answer.json()["candidates"] == [
        {"member_id": mother["id"], "number": mother["number"], "name_masked": "佐＊ ＊子"},
        {"member_id": son["id"], "number": son["number"], "name_masked": "佐＊ ＊郎"},
    ]
    contact = son["identifiers"][1]["id"]
    path = f"/v1/members/{son['id']}/identifiers/{contact}/verify"
    assert code(await retailer.shibuya.post(path)) == "forbidden"
    shown = await retailer.server.post(path)
    assert shown.json()["identifiers"][1]["verified_at"] is not None
    assert await found(retailer.shibuya, **phone("0312345678")) == [son["id"]]
    taken = await retailer.server.post(
        f"/v1/members/{mother['id']}/identifiers/{mother['identifiers'][1]['id']}/verify"
    )
    assert (taken.status_code, code(taken)) == (409, "identifier_taken")


async def test_one_card_is_one_member_and_free_again_after_withdrawal(retailer):
    first = await enrolled(retailer.shibuya, identifiers=[card("5000")])
    asked = [retailer.yokohama.post("/v1/members", json={"identifiers": [card("50-00")]}) for _ in range(5)]
    refused = await asyncio.gather(*asked)
    assert {(each.status_code, code(each)) for each in refused} == {(409, "identifier_taken")}
    path = f"/v1/members/{first['id']}"
    assert code(await retailer.shibuya.delete(path)) == "forbidden"
    assert (await retailer.server.delete(path)).status_code == 204
    assert (await retailer.server.delete(path)).status_code == 204
    assert await found(retailer.shibuya, **card("5000")) == []
    again = await enrolled(retailer.yokohama, identifiers=[card("5000")])
    assert again["id"] != first["id"]
    gone = (await retailer.server.get(path)).json()
    assert gone["status"] == "withdrawn"
    assert gone["identifiers"] == []
    for refused in (
        await retailer.server.patch(path, json={"name": "誰か"}),
        await retailer.server.post(f"{path}/identifiers", json=card("6000")),
        await retailer.server.put(f"{path}/consents", json={"consents": {"mail": True}}),
        await retailer.server.put(f"{path}/pin", json={"pin": "1234"}),
    ):
        assert (refused.status_code, code(refused)) == (409, "member_withdrawn")


async def test_a_change_touches_only_what_it_names(retailer):
    member = await enrolled(retailer.server, name="高橋 誠", kana="タカハシ マコト", birth_date="1980-01-01")
    path = f"/v1/members/{member['id']}"
    changed = (await retailer.server.patch(path, json={"name": "髙橋 誠", "shop": "yokohama"})).json()
    assert (changed["name"], changed["kana"], changed["shop"]) == ("髙橋 誠", "タカハシ マコト", "yokohama")
    emptied = (await retailer.server.patch(path, json={"kana": None, "shop": None})).json()
    assert (emptied["kana"], emptied["shop"], emptied["birth_date"]) == (None, None, "1980-01-01")
    for body, status, word in (
        ({"birth_date": "2026-11-23"}, 422, "invalid_request"),
        ({"birth_date": "1850-01-01"}, 422, "invalid_request"),
        ({"birth_date": "2026-02-30"}, 422, "invalid_request"),
        ({"gender": "?"}, 422, "invalid_request"),
        ({"shop": "nowhere"}, 422, "unknown_shop"),
        ({"number": "1"}, 422, "invalid_request"),
    ):
        answer = await retailer.server.patch(path, json=body)
        assert (answer.status_code, code(answer)) == (status, word), body
    assert (await retailer.server.patch(path, json={"birth_date": "2026-11-22"})).status_code == 200
    for nobody in ("m_zzz", "nonsense", "m_0"):
        assert (await retailer.server.get(f"/v1/members/{nobody}")).status_code == 404
        assert (await retailer.server.patch(f"/v1/members/{nobody}", json={"name": "x"})).status_code == 404


async def test_search_folds_width_kana_and_kanji_and_pages_in_kana_order(retailer):
    names = [
        ("髙橋 花子", "タカハシ ハナコ"),
        ("高橋 愛", "たかはし あい"),
        ("山田 太郎", "ヤマダ タロウ"),
        ("高橋", None),
    ]
    made = [await enrolled(retailer.server, name=name, kana=kana) for name, kana in names]

    async def search(q: str, **more: Any) -> dict[str, Any]:
        answer = await retailer.readonly.get("/v1/members", params={"q": q, **more})
        assert answer.status_code == 200, answer.text
        return answer.json()

    # Those without kana stand after those with it.
    everyone = [made[1]["id"], made[0]["id"], made[3]["id"]]
    assert [each["id"] for each in (await search("高橋"))["items"]] == everyone
    assert [each["id"] for each in (await search("髙 橋"))["items"]] == everyone
    assert [each["id"] for each in (await search("ﾊﾅｺ"))["items"]] == [made[0]["id"]]
    assert [each["id"] for each in (await search(made[2]["number"][3:11]))["items"]] == [made[2]["id"]]
    assert (await search("山橋"))["items"] == []
    cursor, paged = None, []
    while True:
        page = await search("高橋", limit=1, **({"cursor": cursor} if cursor else {}))
        paged += [each["id"] for each in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert paged == everyone
    await retailer.server.delete(f"/v1/members/{made[1]['id']}")
    assert [each["id"] for each in (await search("高橋"))["items"]] == everyone[1:]


async def test_a_web_account_needs_the_shops_own_word(retailer):
    account = {"kind": "ec", "value": "u-1", "shop": "web"}
    refused = await retailer.shibuya.post("/v1/members", json={"identifiers": [account]})
    assert refused.json()["errors"][0]["field"] == "identifiers.0.token"
    member = await enrolled(retailer.web, identifiers=[{"kind": "ec", "value": "u-1"}])
    assert await found(retailer.web, kind="ec", value="u-1") == [member["id"]]
    assert await found(retailer.server, kind="ec", value="u-1", shop="web") == [member["id"]]
    secret = retailer.services.shops.by_code("web").linking_secret
    now = int(retailer.clock.now().timestamp())
    claims = {"iss": "web", "aud": "goen", "sub": "u-1", "exp": now + 300, "jti": "once"}
    token = jwt.encode(claims, secret, "HS256")
    assert await found(retailer.shibuya, kind="ec", shop="web", token=token) == [member["id"]]
    again = await retailer.shibuya.post("/v1/members/lookup", json={"kind": "ec", "shop": "web", "token": token})
    assert again.status_code == 422
    assert "used before" in again.json()["detail"]
    forged = jwt.encode({**claims, "jti": "two"}, "x" * 32, "HS256")
    for body, field in (
        ({"kind": "ec", "shop": "web", "token": forged}, "token"),
        ({"kind": "ec", "shop": "web", "value": "u-1"}, "token"),
        ({"kind": "ec", "value": "u-1"}, "shop"),
        ({"kind": "ec", "shop": "shibuya", "value": "u-1"}, "shop"),
    ):
        answer = await retailer.shibuya.post("/v1/members/lookup", json=body)
        assert answer.json()["errors"][0]["field"] == field, body
    unknown = await retailer.shibuya.post("/v1/members/lookup", json={"kind": "ec", "shop": "no", "value": "u"})
    assert (unknown.status_code, code(unknown)) == (422, "unknown_shop")


async def test_a_repeat_by_key_replays_even_with_a_token_that_serves_once(retailer):
    secret = retailer.services.shops.by_code("web").linking_secret
    now = int(retailer.clock.now().timestamp())
    token = jwt.encode({"iss": "web", "aud": "goen", "sub": "u-9", "exp": now + 300, "jti": "j"}, secret, "HS256")
    body = {"name": "鈴木 実", "identifiers": [{"kind": "ec", "shop": "web", "token": token}]}
    headers = {"Idempotency-Key": "enrol-1"}
    asked = [retailer.shibuya.post("/v1/members", json=body, headers=headers) for _ in range(4)]
    answers = await asyncio.gather(*asked)
    assert {each.status_code for each in answers} == {201}
    assert len({each.content for each in answers}) == 1
    assert sum("Idempotent-Replayed" not in each.headers for each in answers) == 1
    other = await retailer.shibuya.post("/v1/members", json={**body, "name": "鈴木 稔"}, headers=headers)
    assert (other.status_code, code(other), other.json()["fields"]) == (409, "conflict", ["name"])


async def test_identifiers_come_and_go(retailer):
    member = await enrolled(retailer.shibuya)
    path = f"/v1/members/{member['id']}/identifiers"
    added = await retailer.web.post(path, json={"kind": "ec", "value": "u-5"})
    assert added.status_code == 201
    assert (await retailer.web.post(path, json={"kind": "ec", "value": "u-5"})).json() == added.json()
    assert (await retailer.shibuya.post(path, json=card("777"))).status_code == 201
    whole = (await retailer.server.get(f"/v1/members/{member['id']}")).json()
    number, account, plastic = whole["identifiers"]
    assert code(await retailer.web.delete(f"{path}/{plastic['id']}")) == "forbidden"
    assert code(await retailer.server.delete(f"{path}/{number['id']}")) == "invalid_request"
    assert (await retailer.server.delete(f"{path}/zz")).status_code == 404
    assert (await retailer.web.delete(f"{path}/{account['id']}")).status_code == 204
    assert (await retailer.server.delete(f"{path}/{plastic['id']}")).status_code == 204
    assert (await retailer.server.delete(f"{path}/{plastic['id']}")).status_code == 404
    assert await found(retailer.server, **card("777")) == []
    other = await enrolled(retailer.server, identifiers=[card("777")])
    assert await found(retailer.server, **card("777")) == [other["id"]]


async def test_rule_57_consents_keep_their_history(retailer):
    member = await enrolled(
        retailer.server, consents={"mail": {"given": True, "wording": "2026-04", "source": "入会申込書"}}
    )
    path = f"/v1/members/{member['id']}/consents"
    first = (await retailer.readonly.get(path)).json()
    assert first["consents"]["mail"] | {"wording": "2026-04", "recorded_by": "server"} == first["consents"]["mail"]
    now = (await retailer.web.put(path, json={"consents": {"mail": False, "line": True}})).json()
    assert {kind: each["given"] for kind, each in now["consents"].items()} == {"mail": False, "line": True}
    assert [each["given"] for each in now["history"] if each["kind"] == "mail"] == [False, True]
    assert (await retailer.readonly.put(path, json={"consents": {}})).status_code == 403
    assert (await retailer.server.put(path, json={"consents": {"Mail!": True}})).status_code == 422


async def test_rule_56_a_member_may_see_everything_kept(retailer):
    member = await enrolled(retailer.server, name="田中 翔", identifiers=[phone("0312345678")])
    path = f"/v1/members/{member['id']}"
    contact = member["identifiers"][1]["id"]
    await retailer.server.delete(f"{path}/identifiers/{contact}")
    assert (await retailer.server.put(f"{path}/pin", json={"pin": "2468"})).status_code == 204
    export = (await retailer.server.get(f"{path}/export")).json()
    assert export["member"]["name"] == "田中 翔"
    assert export["has_pin"] is True
    assert [each["removed_at"] is None for each in export["identifiers"]] == [True, False]
    assert [each["action"] for each in export["notes"]] == [
        "member.enrolled", "member.identifier_removed", "member.pin_set",
    ]  # fmt: skip
    assert "2468" not in str(export)
    assert (await retailer.readonly.get(f"{path}/export")).status_code == 403


async def test_a_frozen_member_is_found_and_thawed(retailer):
    member = await enrolled(retailer.server, identifiers=[card("31")])
    path = f"/v1/members/{member['id']}"
    assert (await retailer.server.post(f"{path}/freeze", json={})).status_code == 422
    frozen = await retailer.server.post(f"{path}/freeze", json={"reason": "カード紛失の届け出"})
    assert frozen.json()["status"] == "frozen"
    assert await found(retailer.shibuya, **card("31")) == [member["id"]]
    thawed = await retailer.server.post(f"{path}/unfreeze", json={"reason": "本人確認済み"})
    assert thawed.json()["status"] == "active"


@pytest.mark.parametrize(
    "body",
    [
        {"identifiers": [phone("none")]},
        {"identifiers": [{"kind": "phone"}]},
        {"identifiers": [card("\ufdfa" * 500)]},
        {"identifiers": [card("1"), card("1")]},
        {"identifiers": [card("1")] * 21},
        {"identifiers": [{"kind": "code", "value": "1"}]},
        {"identifiers": [{"kind": "card", "value": "1", "more": 1}]},
        {"name": "x" * 501},
        {"name": "\u0000"},
        {"birth_date": "1999-13-01"},
        {"language": "Japanese"},
        {"consents": {"mail": "yes"}},
        {"surname": "x"},
        [],
    ],
)
async def test_a_malformed_enrolment_is_refused_and_writes_nothing(retailer, body):
    answer = await retailer.server.post("/v1/members", json=body)
    assert (answer.status_code, code(answer)) == (422, "invalid_request"), answer.text
    assert (await retailer.server.get("/v1/members?kind=card&value=1")).json()["items"] == []


async def test_a_key_enrols_for_its_own_shop_only(retailer):
    refused = await retailer.shibuya.post("/v1/members", json={"shop": "yokohama"})
    assert (refused.status_code, code(refused)) == (403, "forbidden")
    assert (await retailer.readonly.post("/v1/members", json={})).status_code == 403
    claimed = await retailer.shibuya.post(
        "/v1/members", json={"identifiers": [phone("0312345678") | {"verified": True}]}
    )
    assert claimed.status_code == 403
    assert (await enrolled(retailer.server, shop="yokohama"))["shop"] == "yokohama"
