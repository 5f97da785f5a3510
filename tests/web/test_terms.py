# ruff: noqa: F811 - the fixture of the members' shop is imported by its name.
"""Rules and terms on pages: read by everybody, agreed to on joining, asked about once when they have changed."""

from __future__ import annotations

from typing import Any

from web.conftest import browser
from web.members import PHONE, WHO, asks_for_code, sends, shop, visiting  # noqa: F401 - a fixture

TEXT = "第1条（目的）\n本規約は会員制度について定めます。\n\n第2条（会員証）\n会員証は本人に限り利用できます。"
DATES = {"holds_from": "2026-04-01", "notice_on": "2026-03-01"}


async def publish(shop: Any, version: str, **changes: Any) -> None:
    body = {**DATES, "text": {"ja": TEXT, "en": "1. The card is for its member alone."}, **changes}
    made = await shop.server.put(f"/v1/terms/{version}", json=body)
    assert made.status_code == 200, made.text


async def accepted(shop: Any, member: dict[str, Any]) -> list[tuple[str, str]]:
    items = (await shop.server.get(f"/v1/members/{member['id']}/terms")).json()["items"]
    return [(each["version"], each["channel"]) for each in items]


async def test_everybody_reads_rules_and_terms_without_signing_in(shop: Any) -> None:
    async with browser(shop.application) as visitor:
        assert "公開中の会員規約はありません" in (await visitor.get("/terms")).text
        await publish(shop, "2026-04", title={"ja": "うさぎ堂 会員規約"}, changes={"ja": "有効期限を見直しました。"})
        page = await visitor.get("/terms")
        assert page.status_code == 200
        heading, line = "<h2>第2条（会員証）</h2>", "<p>会員証は本人に限り利用できます。</p>"
        for words in ("うさぎ堂 会員規約", heading, line, "適用中", "有効期限を見直しました。"):
            assert words in page.text, words
        assert "<p>1. The card is for its member alone.</p>" not in page.text
        assert "The card is for its member alone." in (await visitor.get("/terms/2026-04?lang=en")).text
        for missing in ("/terms/2099", "/terms/%00", "/terms/<script>"):
            assert (await visitor.get(missing)).status_code == 404, missing
        rules = await visitor.get("/rules?lang=ja")
        assert "100円につき1ポイントを進呈します。" in rules.text
        assert 'href="/terms"' in rules.text
        assert "実施中のキャンペーン" not in rules.text
        for code, more in (("rain", {}), ("few", {"conditions": {"segments": ["vip"]}})):
            campaign = {"code": code, "name": f"{code}の特典", "effects": [{"kind": "points", "points": 5}], **more}
            assert (await shop.server.post("/v1/campaigns", json=campaign)).status_code == 201
            assert (await shop.server.post(f"/v1/campaigns/{code}/activate", json={})).status_code == 200
        shop.clock.advance(seconds=5)
        rules = await visitor.get("/rules")
        assert "実施中のキャンペーン" in rules.text
        assert "rainの特典" in rules.text
        assert "fewの特典" not in rules.text


async def test_terms_to_come_are_shown_from_their_notice_day_on(shop: Any) -> None:
    today = shop.clock.now().date()
    await publish(shop, "2027", holds_from="2027-04-01", notice_on="2027-01-01")
    async with browser(shop.application) as visitor:
        assert today.year == 2026
        assert (await visitor.get("/terms/2027")).status_code == 404
        shop.clock.advance(days=60)
        assert "2027/04/01" in (await visitor.get("/terms")).text


async def test_who_joins_agrees_to_the_terms_of_today(shop: Any) -> None:
    await publish(shop, "2026-04")
    async with browser(shop.application) as visitor:
        await asks_for_code(shop, visitor)
        assert 'name="terms" value="2026-04" required' in (await visitor.get("/me/join")).text
        for wrong in ({}, {"terms": "2025"}):
            refused = await visitor.post("/me/join", data={**WHO, **wrong})
            assert refused.status_code == 422
            assert "会員規約をお読みのうえ、同意してください。" in refused.text
        joined = await visitor.post("/me/join", data={**WHO, "terms": "2026-04"})
        assert joined.headers["location"] == "/me", joined.text
        assert 'id="terms"' not in (await visitor.get("/me")).text
    found = (await shop.server.get(f"/v1/members?kind=phone&value={PHONE}")).json()["items"][0]
    assert await accepted(shop, found) == [("2026-04", "me")]


async def test_new_terms_are_asked_about_once_and_nothing_waits_for_the_answer(shop: Any) -> None:
    someone = await shop.member()
    await shop.buys(someone, "r-1")
    async with visiting(shop) as visitor:
        assert 'id="terms"' not in (await visitor.get("/me")).text
        await publish(shop, "2026-04")
        card = await visitor.get("/me")
        assert 'id="terms"' in card.text
        assert "10<small> P" in card.text  # The points are there all the same.
        assert (await sends(visitor, "/me/terms", version="2026-04", said="yes")).headers["location"] == "/me"
        assert 'id="terms"' not in (await visitor.get("/me")).text
        assert await accepted(shop, someone) == [("2026-04", "me")]
        await publish(shop, "2026-11", holds_from="2026-11-01", notice_on="2026-10-01", worsening=True)
        changed = await visitor.get("/me")
        assert "会員規約が変わりました" in changed.text
        assert (await sends(visitor, "/me/terms", version="2026-11", said="later")).headers["location"] == "/me"
        assert 'id="terms"' not in (await visitor.get("/me")).text
        profile = (await visitor.get("/me/profile")).text
        assert 'name="version" value="2026-11"' in profile
        assert (
            await sends(visitor, "/me/terms", version="2026-11", said="yes", **{"from": "profile"})
        ).status_code == 303
        assert [version for version, _ in await accepted(shop, someone)] == ["2026-11", "2026-04"]
        for wrong in ({"version": "2099", "said": "yes"}, {"version": "2026-11", "said": "no"}, {}):
            assert (await sends(visitor, "/me/terms", **wrong)).status_code in (404, 422)
        await publish(shop, "2027", holds_from="2027-04-01", notice_on="2026-11-01")
        assert "から新しい会員規約が適用されます" in (await visitor.get("/me")).text


async def test_a_form_of_another_site_accepts_nothing(shop: Any) -> None:
    someone = await shop.member()
    await publish(shop, "2026-04")
    async with visiting(shop) as visitor:
        assert (await visitor.post("/me/terms", data={"version": "2026-04", "said": "yes"})).status_code == 403
    assert await accepted(shop, someone) == []
