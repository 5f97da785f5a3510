"""LINE on the members' pages: coming in, joining, linking and unlinking, against a provider of our own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from channels.line.provider import Provider, providing, there_and_back
from goen.channels.line.login import LineLogin
from web.browsers import chrome, sound
from web.conftest import browser
from web.members import PHONE, WHO, Shop, csrf, open_shop, sends, visiting
from web.test_front import served


@pytest.fixture
async def line(clock: Any) -> AsyncIterator[Provider]:
    async with providing(lambda: clock.now().timestamp()) as provider:
        yield provider


@pytest.fixture
async def shop(pool: Any, clock: Any, line: Provider) -> AsyncIterator[Shop]:
    async with open_shop(pool, clock, LineLogin(line.channel)) as at:
        yield at


async def identifiers(at: Shop, member: dict[str, Any], kind: str = "line") -> list[str]:
    found = (await at.server.get(f"/v1/members/{member['id']}")).json()["identifiers"]
    return [each["value"] for each in found if each["kind"] == kind]


async def linked(at: Shop, line: Provider, contact: str = PHONE, **changes: Any) -> dict[str, Any]:
    """A member who carries a verified phone and this provider's user."""
    names = [{"kind": "phone", "value": contact, "verified": True}, {"kind": "line", "value": line.user}]
    return await at.member(contact, identifiers=names, **changes)


async def test_a_member_with_line_comes_in_and_one_without_the_setting_sees_no_button(
    shop: Shop, line: Provider, pool: Any, clock: Any
) -> None:
    member = await linked(shop, line)
    async with browser(shop.application) as visitor:
        assert "LINEでログイン" in (await visitor.get("/me/sign-in")).text
        sent = await visitor.get("/me/sign-in/line")
        asked = dict(parse_qsl(urlsplit(sent.headers["location"]).query))
        trip = sent.headers["set-cookie"]
        assert asked["nonce"] != asked["state"]
        assert "HttpOnly" in trip
        assert "SameSite=lax" in trip
        back = await visitor.get(line.logs_in(sent.headers["location"]))
        assert back.headers["location"] == "/me"
        assert member["number"] in (await visitor.get("/me")).text
        # The code and the log-in are good once.
        assert "goen_member_line_trip" not in visitor.cookies
    async with open_shop(pool, clock) as plain, browser(plain.application) as visitor:
        assert "LINE" not in (await visitor.get("/me/sign-in")).text
        assert (await visitor.get("/me/sign-in/line")).headers["location"] == "/me/sign-in?line=away"


async def test_somebody_new_joins_with_line_once(shop: Shop, line: Provider) -> None:
    async with browser(shop.application) as visitor:
        assert (await there_and_back(line, visitor)).headers["location"] == "/me/join"
        assert "LINE（はなこ）" in (await visitor.get("/me/join")).text
        bad = await visitor.post("/me/join", data={**WHO, "birth_date": "tomorrow"})
        assert bad.status_code == 422
        kept = dict(visitor.cookies)
        joined = await visitor.post("/me/join", data={**WHO, "consent.line": "1"})
        assert joined.headers["location"] == "/me", joined.text
        [found] = (await shop.server.get(f"/v1/members?kind=line&value={line.user}")).json()["items"]
        assert (found["name"], found["kana"]) == (WHO["name"], WHO["kana"])
        assert found["number"] in (await visitor.get("/me")).text
    async with browser(shop.application) as again:  # The same form from a second tab makes no second member.
        again.cookies.set("goen_member_line", kept["goen_member_line"], domain="localhost.local", path="/me")
        twice = await again.post("/me/join", data=WHO)
        assert twice.headers["location"] == "/me/sign-in?line=late", twice.text
        again.cookies.clear()
        assert (await there_and_back(line, again)).headers["location"] == "/me"


async def test_a_member_proves_by_a_code_which_card_line_goes_with(shop: Shop, line: Provider) -> None:
    member = await shop.member()
    async with browser(shop.application) as visitor:
        await there_and_back(line, visitor)
        await visitor.post("/me/sign-in", data={"contact": PHONE})
        assert 'name="link_line"' in (await visitor.get("/me/sign-in/code")).text
        done = await visitor.post("/me/sign-in/code", data={"code": await shop.code(), "link_line": "1"})
        assert done.headers["location"] == "/me"
    assert await identifiers(shop, member) == [line.user]


async def test_line_of_whoever_was_here_before_is_not_linked_unasked(shop: Shop, line: Provider) -> None:
    member = await shop.member()
    async with browser(shop.application) as visitor:
        await there_and_back(line, visitor)
        await visitor.post("/me/sign-in", data={"contact": PHONE})
        done = await visitor.post("/me/sign-in/code", data={"code": await shop.code()})
        assert done.headers["location"] == "/me"
        assert "goen_member_line" not in visitor.cookies
    assert await identifiers(shop, member) == []


async def test_a_newcomer_joins_with_line_and_a_phone(shop: Shop, line: Provider) -> None:
    async with browser(shop.application) as visitor:
        await there_and_back(line, visitor)
        await visitor.post("/me/sign-in", data={"contact": PHONE})
        code = {"code": await shop.code(), "link_line": "1"}
        assert (await visitor.post("/me/sign-in/code", data=code)).headers["location"] == "/me/join"
        page = (await visitor.get("/me/join")).text
        assert "＊＊＊5678" in page
        assert 'name="link_line"' in page
        assert (await visitor.post("/me/join", data={**WHO, "link_line": "1"})).headers["location"] == "/me"
    [found] = (await shop.server.get(f"/v1/members?kind=phone&value={PHONE}")).json()["items"]
    assert await identifiers(shop, found) == [line.user]


async def test_rule_44_whoever_carries_the_phone_and_agrees_takes_line_along(shop: Shop, line: Provider) -> None:
    member = await shop.member(identifiers=[{"kind": "phone", "value": PHONE}])
    async with browser(shop.application) as visitor:
        await there_and_back(line, visitor)
        await visitor.post("/me/sign-in", data={"contact": PHONE})
        await visitor.post("/me/sign-in/code", data={"code": await shop.code(), "link_line": "1"})
        assert (await visitor.post("/me/join", data={**WHO, "link_line": "1"})).headers["location"] == "/me"
    assert await identifiers(shop, member) == [line.user]


async def test_a_member_links_line_and_unlinks_it_but_not_the_last_way_in(shop: Shop, line: Provider) -> None:
    member = await shop.member()
    async with visiting(shop) as visitor:
        assert "LINEと連携する" in (await visitor.get("/me/profile")).text
        done = await there_and_back(line, visitor, "/me/line")
        assert done.headers["location"] == "/me/profile?done=line"
        assert await identifiers(shop, member) == [line.user]
        assert "LINEと連携する" not in (await visitor.get("/me/profile")).text
        ids = {
            each["kind"]: each["id"]
            for each in (await shop.server.get(f"/v1/members/{member['id']}")).json()["identifiers"]
        }
        gone = await sends(visitor, f"/me/identifiers/{ids['phone']}/remove")
        assert gone.headers["location"] == "/me/profile?done=removed"
        last = await sends(visitor, f"/me/identifiers/{ids['line']}/remove")
        assert last.status_code == 422
        assert "ログインの手段" in last.text
        assert await identifiers(shop, member) == [line.user]


async def test_another_members_line_is_not_linked_and_no_other_site_begins_it(shop: Shop, line: Provider) -> None:
    other = await linked(shop, line, "090-8765-4321", name="別人 太郎", kana="ベツジン タロウ")
    member = await shop.member()
    async with visiting(shop) as visitor:
        refused = await there_and_back(line, visitor, "/me/line")
        assert refused.headers["location"] == "/me/profile?line=taken"
        assert "別の会員証" in (await visitor.get(refused.headers["location"])).text
        led = await visitor.get("/me/line", headers={"Sec-Fetch-Site": "cross-site"})
        assert led.status_code == 403
        # Signed out between the going and the coming back: nothing is linked, nobody comes in.
        line.user = "U-third"
        sent = await visitor.get("/me/line")
        await visitor.post("/me/sign-out", data={"csrf": csrf(visitor)})
        back = await visitor.get(line.logs_in(sent.headers["location"]))
        assert back.headers["location"] == "/me/profile?line=late"
        assert (await visitor.get("/me")).headers["location"] == "/me/sign-in"
    assert await identifiers(shop, member) == []
    assert await identifiers(shop, other) != []


async def test_a_log_in_that_comes_to_nothing_is_told_kindly(shop: Shop, line: Provider) -> None:
    await linked(shop, line)

    async def ends(reason: str, words: str, back: Any) -> None:
        async with browser(shop.application) as visitor:
            sent = (await visitor.get("/me/sign-in/line")).headers["location"]
            told = await visitor.get(back(sent, visitor))
            assert told.headers["location"] == f"/me/sign-in?line={reason}"
            page = await visitor.get(told.headers["location"])
            assert words in page.text
            assert (await visitor.get("/me")).status_code == 303

    await ends("cancelled", "キャンセル", lambda sent, _: line.cancels(sent))
    await ends("late", "有効時間", lambda sent, _: line.logs_in(sent).replace("state=", "state=x"))
    await ends("failed", "できませんでした", lambda sent, _: line.logs_in(sent).replace("code=", "code=x"))

    def waits(sent: str, _: Any) -> str:
        shop.clock.advance(minutes=11)
        return line.logs_in(sent)

    await ends("late", "有効時間", waits)

    def elsewhere(sent: str, visitor: Any) -> str:
        visitor.cookies.clear()  # Another browser than the one that began: a link that was passed on.
        return line.logs_in(sent)

    await ends("late", "有効時間", elsewhere)
    line.claims = {"nonce": "of another log-in"}
    await ends("failed", "できませんでした", lambda sent, _: line.logs_in(sent))
    line.claims = {"aud": "9999999999"}
    await ends("failed", "できませんでした", lambda sent, _: line.logs_in(sent))
    line.claims, line.status = {}, 500
    await ends("away", "接続できません", lambda sent, _: line.logs_in(sent))


async def test_attempts_are_counted(shop: Shop) -> None:
    async with browser(shop.application) as visitor:
        answers = [await visitor.get("/me/sign-in/line/back?state=x&code=y") for _ in range(31)]
        assert answers[29].headers["location"] == "/me/sign-in?line=late"
        assert answers[30].headers["location"] == "/me/sign-in?line=often"


async def test_a_merged_member_comes_in_as_the_survivor_and_a_withdrawn_one_not_at_all(
    shop: Shop, line: Provider
) -> None:
    survivor = await shop.member("090-8765-4321", name="試験 花子")
    source = await linked(shop, line)
    merged = await shop.server.post(
        f"/v1/members/{survivor['id']}/merges",
        json={"source": {"kind": "member_id", "value": source["id"]}, "reason": "same person"},
        headers={"Idempotency-Key": "m-1"},
    )
    assert merged.status_code == 201, merged.text
    async with browser(shop.application) as visitor:
        assert (await there_and_back(line, visitor)).headers["location"] == "/me"
        assert survivor["number"] in (await visitor.get("/me")).text
        assert (await shop.server.delete(f"/v1/members/{survivor['id']}")).status_code == 204
        assert (await visitor.get("/me")).headers["location"] == "/me/sign-in"
        # Who has left has no linked account any more: LINE leads to a new card, never to the old one.
        assert (await there_and_back(line, visitor)).headers["location"] == "/me/join"


@pytest.mark.browser
@pytest.mark.slow
async def test_a_newcomer_joins_by_line_on_a_phone(shop: Shop, line: Provider) -> None:
    async with served(shop.application) as address, chrome(390) as page:
        await page.goto(f"{address}/me")
        await page.click("text=LINEでログイン")
        await page.click("#no")
        await page.wait_for_selector("[role=alert]")
        await sound(page)
        await page.click("text=LINEでログイン")
        await page.click("#yes")
        await page.wait_for_selector("#kana")
        await sound(page)
        await page.fill("#name", WHO["name"])
        await page.fill("#kana", WHO["kana"])
        await page.fill("#birth_date", WHO["birth_date"])
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#pass")
        await page.goto(f"{address}/me/profile")
        assert line.user in await page.inner_text("main")
        await sound(page)
