# ruff: noqa: E501 - what is said and what is expected of it read better on one line.
"""Privacy over HTTP: what was agreed to and when, what is kept, who looked, and the way out."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, timedelta
from typing import Any

from goen.members.ids import member_id_of
from stories.words import tokyo


async def member(retailer: Any, **changes: Any) -> str:
    return str((await retailer.member(**changes))["id"])


async def test_rule_57_the_last_word_holds_and_has_its_proof(retailer):
    path = f"/v1/members/{await member(retailer)}/consents"
    wording = await retailer.server.put(
        "/v1/wordings/advertising.mail/2026-04",
        json={"words": {"ja": "お知らせをお送りします。", "en": "We send news."}},
    )
    assert wording.status_code == 200, wording.text
    assert {each["language"] for each in wording.json()["items"]} == {"ja", "en"}
    now = retailer.clock.now()
    said = {
        "given": True,
        "wording": "2026-04",
        "source": "渋谷店 申込用紙",
        "at": (now - timedelta(days=3)).isoformat(),
    }
    first = (
        await retailer.shibuya.put(path, json={"consents": {"advertising.mail": said, "third_party": False}})
    ).json()
    kept = first["consents"]["advertising.mail"]
    assert (kept["given"], kept["wording"], kept["source"], kept["recorded_by"]) == (
        True, "2026-04", "渋谷店 申込用紙", "shibuya",
    )  # fmt: skip
    assert (kept["purpose"], kept["channel"]) == ("advertising", "mail")
    assert kept["given_at"] < kept["recorded_at"]
    retailer.clock.advance(hours=1)
    await retailer.web.put(path, json={"consents": {"advertising.mail": False}})
    # A form that was signed before that reaches us afterwards: it changes nothing.
    late = {"given": True, "at": (now - timedelta(days=9)).isoformat()}
    after = (await retailer.shibuya.put(path, json={"consents": {"advertising.mail": late}})).json()
    assert after["consents"]["advertising.mail"]["given"] is False
    assert after["consents"]["third_party"]["given"] is False
    assert len(after["history"]) == 4


async def test_proof_that_cannot_be_is_refused(retailer):
    path = f"/v1/members/{await member(retailer)}/consents"
    await retailer.server.put("/v1/wordings/mail/1", json={"words": {"ja": "一"}})
    again = await retailer.server.put("/v1/wordings/mail/1", json={"words": {"ja": "一"}})
    assert again.status_code == 200
    other = await retailer.server.put("/v1/wordings/mail/1", json={"words": {"ja": "二"}})
    assert (other.status_code, other.json()["code"]) == (409, "wording_exists")
    unknown = await retailer.server.put(path, json={"consents": {"mail": {"given": True, "wording": "9"}}})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_wording")
    # Where no text is registered, any word for the version is taken.
    free = await retailer.server.put(path, json={"consents": {"line": {"given": True, "wording": "A"}}})
    assert free.status_code == 200
    future = (retailer.clock.now() + timedelta(days=1)).isoformat()
    early = await retailer.server.put(path, json={"consents": {"mail": {"given": True, "at": future}}})
    assert early.json()["errors"][0]["field"] == "consents.mail.at"
    for kind in ("Mail", "a.b.c", "advertising."):
        assert (await retailer.server.put(path, json={"consents": {kind: True}})).status_code == 422, kind
    assert (await retailer.shibuya.put("/v1/wordings/mail/2", json={"words": {"ja": "一"}})).status_code == 403
    assert len((await retailer.readonly.get("/v1/wordings?kind=mail")).json()["items"]) == 1


async def accesses(retailer: Any, member_id: str, lines: int) -> list[dict[str, Any]]:
    """The log once it has so many lines: it is written after the answers."""
    async with asyncio.timeout(10):
        while True:
            items = (await retailer.server.get(f"/v1/members/{member_id}/accesses?limit=100")).json()["items"]
            if len(items) >= lines:
                return list(items)
            await asyncio.sleep(0.05)


async def test_who_reads_personal_data_is_written_down_and_a_sale_is_no_reading(retailer):
    phone = {"kind": "phone", "value": "090-2222-3333"}
    found = await member(retailer, name="開示 花子", identifiers=[phone])
    await retailer.buys(1100, member={"id": found})
    await retailer.server.get(f"/v1/members/{found}/balance")
    await retailer.shibuya.get(f"/v1/members/{found}")
    await retailer.yokohama.post("/v1/members/lookup", json=phone)
    await retailer.web.get("/v1/members?q=開示")
    await retailer.readonly.get(f"/v1/members/{found}/consents")
    await retailer.server.get(f"/v1/members/{found}/export")
    items = await accesses(retailer, found, 5)
    assert [(each["reader"], each["what"]) for each in reversed(items)] == [
        ("shibuya", "read"), ("yokohama", "read"), ("web", "found"), ("readonly", "consents"), ("server", "exported"),
    ]  # fmt: skip
    assert all(each["request_id"] for each in items)
    page = (await retailer.server.get(f"/v1/members/{found}/accesses?limit=2")).json()
    rest = await retailer.server.get(f"/v1/members/{found}/accesses?limit=100&cursor={page['next_cursor']}")
    assert page["items"] + rest.json()["items"] == items
    assert (await retailer.readonly.get(f"/v1/members/{found}/accesses")).status_code == 403


async def test_rule_56_everything_about_a_member_as_data_and_as_a_page(retailer):
    found = await member(
        retailer, name="開示 <花子>", kana="カイジ ハナコ", birth_date="1990-03-14", address="東京都渋谷区１－２－３",
        identifiers=[{"kind": "phone", "value": "090-2222-3333"}],
        consents={"advertising.mail": {"given": True, "wording": "v1", "source": "店頭"}},
    )  # fmt: skip
    sale = await retailer.buys(22_000, member={"id": found}, lines=[{"line": 1, "amount": 22_000, "name": "ほうじ茶", "quantity": 3}])  # fmt: skip
    told = {"kind": "viewed", "member": {"kind": "member_id", "value": found}, "properties": {"page": "茶"}}
    assert (await retailer.server.post("/v1/events", json=told)).status_code == 201
    export = (await retailer.server.get(f"/v1/members/{found}/export")).json()
    assert export["member"]["name"] == "開示 <花子>"
    assert export["points"]["booked"] == 200
    assert [each["points"] for each in export["entries"]] == [200]
    assert [each["remaining"] for each in export["lots"]] == [200]
    assert [each["id"] for each in export["purchases"]] == [sale["id"]]
    assert export["purchases"][0]["document"]["lines"][0]["name"] == "ほうじ茶"
    assert export["consents"][0]["source"] == "店頭"
    assert export["events"][0]["properties"] == {"page": "茶"}
    page = await retailer.server.get(f"/v1/members/{found}/disclosure", headers={"Accept-Language": "ja"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for words in ("保有個人データの開示", "開示 &lt;花子&gt;", "カイジ ハナコ", "1990-03-14", "東京都渋谷区１－２－３", "090-2222-3333",
                  "ほうじ茶 × 3", "22,000", "+200", "店頭", "page: 茶", "ポイント付与"):  # fmt: skip
        assert words in page.text, words
    english = await retailer.server.get(f"/v1/members/{found}/disclosure?language=en")
    assert "What we keep about you" in english.text
    assert "Points earned" in english.text
    assert (await retailer.server.get("/v1/members/m_zzzz/disclosure")).status_code == 404
    assert (await retailer.shibuya.get(f"/v1/members/{found}/export")).status_code == 403


async def test_rule_56_erasing_at_once_frees_the_names_and_is_announced(retailer):
    card = {"kind": "card", "value": "K-1"}
    found = await member(retailer, name="退会 花子", identifiers=[card])
    await retailer.buys(1100, member={"id": found})
    erased = await retailer.server.post(f"/v1/members/{found}/erase", json={"reason": "書面によるご請求"})
    assert erased.status_code == 200, erased.text
    assert (erased.json()["status"], erased.json()["name"], erased.json()["identifiers"]) == ("withdrawn", None, [])
    sale = retailer.sale(1100, member={"id": found})
    assert (await retailer.server.post("/v1/purchases", json=sale)).json()["code"] == "member_withdrawn"
    assert await member(retailer, identifiers=[card]) != found
    assert (await retailer.server.get(f"/v1/members/{found}/balance")).json()["available"] == 10
    for client, status in ((retailer.shibuya, 403), (retailer.readonly, 403)):
        assert (await client.post(f"/v1/members/{found}/erase", json={"reason": "x"})).status_code == status
    assert (await retailer.server.post("/v1/members/m_zzzz/erase", json={"reason": "x"})).status_code == 404
    assert (await retailer.server.post(f"/v1/members/{found}/erase", json={})).status_code == 422
    async with retailer.services.database.reading() as connection:
        told = await connection.fetch(
            "select body from feed union all select body from outbox where topic = 'member.updated'"
        )
    assert any('"erased"' in row["body"] for row in told)


async def test_rule_56_the_days_to_erasure_count_from_the_day_in_the_shop(retailer, owner):
    for hour, day in ((23, "2026-12-23"), (1, "2026-12-24"), (8, "2026-12-24"), (9, "2026-12-24")):
        retailer.clock.set(tokyo(2026, 11, 23 if hour == 23 else 24, hour).astimezone(UTC))
        leaves = await member(retailer)
        assert (await retailer.server.delete(f"/v1/members/{leaves}")).status_code == 204
        due = await owner.fetchval("select erase_on from member where member_id = $1", member_id_of(leaves))
        assert due == date.fromisoformat(day), hour
