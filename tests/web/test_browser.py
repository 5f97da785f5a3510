"""What people do, in a real browser, at the width of a desk, a tablet and a phone."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from goen.channels.messages.console import ConsoleSender
from goen.channels.messages.postman import Postman
from goen.main import build
from web.browsers import WIDTHS, LiveClock, chrome, sound
from web.conftest import PASSWORD, signed_in
from web.test_approvals import limited, requested
from web.test_benefits import ordered, rewarded
from web.test_duplicates import asked
from web.test_front import buy, relayed, served
from web.test_occasions import occasioned
from web.test_offers import offered
from web.test_one_person import merge, person
from web.test_terminal import code_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PAGES = (
    "/office", "/office/members", "/office/members?q=山田", "/office/purchases", "/office/programme", "/office/imports",
    "/office/campaigns", "/office/campaigns?state=ended", "/office/campaigns/full", "/office/coupons",
    "/office/coupons?coupon=haru300", "/office/coupons/haru", "/office/tiers", "/office/products",
    "/office/audit", "/office/shops", "/office/new/campaign", "/office/campaigns/full/edit",
    "/office/new/coupon", "/office/coupons/haru/edit", "/office/rewards", "/office/rewards/cards",
    "/office/rewards/cards/edit", "/office/reward-orders", "/office/new/reward",
    "/office/approvals", "/office/programme/edit", "/office/tiers/edit", "/office/standing", "/office/new/standing",
    "/office/standing/hi", "/office/standing/hi/edit", "/office/draws", "/office/new/draw", "/office/draws/fuyu",
    "/office/draws/fuyu/edit", "/office/campaign-templates", "/office/campaign-templates/double_days",
    "/office/members?which=all", "/office/campaigns-calendar", "/office/campaigns/full/backtest",
    "/office/keys", "/office/staff", "/office/design", "/office/nowhere",
)  # fmt: skip


@pytest.fixture
def clock() -> LiveClock:
    """The browser's own."""
    return LiveClock()


@pytest.mark.parametrize(("width", "language"), [(1440, "ja"), (820, "en"), (390, "ja"), (390, "en")])
async def test_every_page_of_the_office_is_for_everybody(staffed: Any, width: int, language: str) -> None:
    for number in range(5):
        await buy(staffed, number)
    await relayed(staffed, 10)
    review = await asked(staffed, 1, 2)
    merged = await merge(staffed, (await person(staffed, 3))["id"], (await person(staffed, 4))["id"])
    sale = (await staffed.server.get("/v1/purchases?shop=shibuya&external_id=r1")).json()
    await offered(staffed)
    await requested(staffed, sale["member"]["id"], 30_000)
    await rewarded(staffed)
    await occasioned(staffed)
    await ordered(staffed, sale["member"]["id"])
    async with (
        build(staffed.database, staffed.clock, demo=True) as application,
        served(application) as address,
        chrome(width, dark=width == 820) as page,
    ):
        for path in ("/", "/office/sign-in", "/terminal"):
            await page.goto(f"{address}{path}?lang={language}")
            await sound(page)
        await page.goto(f"{address}/")
        await page.click('form:has(input[value="owner"]) button')
        await page.wait_for_url("**/office")
        pages = (
            f"/office/members/{sale['member']['id']}", f"/office/purchases/{sale['id']}", "/office/duplicates",
            f"/office/duplicates/{review}", f"/office/duplicates/{review}/merge", f"/office/merges/{merged['id']}/undo",
            "/office/duplicates?state=same", f"/office/members/{merged['survivor']['id']}",
        )  # fmt: skip
        for path in (*PAGES, *pages):
            await page.goto(address + path)
            await sound(page)


@pytest.mark.parametrize("width", WIDTHS)
async def test_a_clerk_serves_a_member_by_keys_alone_and_home_hears_of_it(staffed: Any, width: int) -> None:
    await buy(staffed, 1)
    code = await code_for(staffed)
    async with (
        served(staffed.application) as address,
        chrome(width) as page,
        chrome(1440) as office,
    ):
        await office.goto(f"{address}/office/sign-in")
        await office.fill("#login", "manager")
        await office.fill("#password", PASSWORD)
        await office.keyboard.press("Enter")
        await office.wait_for_selector(".live.on")
        await office.wait_for_function("() => document.querySelector('.kpi.main .value').textContent.includes('1,100')")

        await page.goto(f"{address}/terminal")
        await page.wait_for_selector("#code:focus")
        await page.keyboard.type(code)
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#pin")
        await page.select_option("#staff", label="試験 clerk")
        await page.focus("#pin")
        await page.keyboard.type("2468")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#scan:focus")
        await sound(page)
        await page.keyboard.type("CARD-0001")
        await page.keyboard.press("Enter")
        await page.wait_for_selector(".card-of >> text=10")
        await page.keyboard.type("2200")
        await page.keyboard.press("Tab")
        await page.keyboard.type("540")
        await page.keyboard.press("Tab")
        await page.keyboard.type("4")
        await page.wait_for_selector("#sum-earn:visible")
        assert await page.inner_text("#sum-pay") == "¥2,736"
        await sound(page)
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#result:focus")
        assert "+24" in await page.inner_text("#result-points")
        assert "30 P" in await page.inner_text("#result-balance")
        await sound(page)
        # Home of the manager's office, open all the while.
        await office.wait_for_function(
            "() => document.querySelector('.kpi.main .value').textContent.includes('3,840')", timeout=10_000
        )
        receipt = (await page.inner_text("#receipt")).rpartition("No. ")[2].strip()

        await page.click("#next")
        await page.click("#return-box summary")
        await page.fill("#return-number", receipt)
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#back-2")
        await page.fill("#back-1", "0")
        await sound(page)
        await page.click("#return-lines button")
        await page.wait_for_selector("#return-told:visible")
        assert "¥540" in await page.inner_text("#return-told")

        await page.fill("#a10", "330")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#result:focus")
        await page.click("#undo")
        await page.click("#undo-yes")
        await page.wait_for_selector("#h-result >> text=取り消しました")
        await sound(page)
    member = (await staffed.server.get("/v1/members?kind=card&value=CARD-0001")).json()["items"][0]
    balance = (await staffed.server.get(f"/v1/members/{member['id']}/balance")).json()
    assert balance["available"] == 10 - 4 + 24 - 5


async def test_sales_without_a_network_are_kept_and_sent_once(staffed: Any) -> None:
    await buy(staffed, 1)
    code = await code_for(staffed)
    async with served(staffed.application) as address, chrome(820) as page:
        await page.goto(f"{address}/terminal")
        await page.fill("#code", code)
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#pin")
        await page.select_option("#staff", label="試験 clerk")
        await page.fill("#pin", "2468")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#scan:focus")
        await page.wait_for_selector("html[data-kept]")
        await page.context.set_offline(True)
        for amount in ("1100", "2200", "3300"):
            await page.fill("#scan", "CARD-0001")
            await page.keyboard.press("Enter")
            await page.wait_for_selector(".card-of")
            await page.fill("#a10", amount)
            await page.keyboard.press("Enter")
            await page.wait_for_selector("#result:focus")
            assert "端末に保存しました" in await page.inner_text("#h-result")
            # The tab dies, and comes back without a network.
            await page.reload()
            await page.wait_for_selector("#scan:visible")
        assert "3" in await page.inner_text("#net")
        await page.context.set_offline(False)
        await page.wait_for_function("() => !document.getElementById('net').textContent.includes('未送信')")
        await page.reload()
        await asyncio.sleep(4)  # Nothing more is sent.
        assert "3件・¥6,600" in await page.inner_text("#today")
    member = (await staffed.server.get("/v1/members?kind=card&value=CARD-0001")).json()["items"][0]
    listed = (await staffed.server.get(f"/v1/purchases?member={member['id']}")).json()["items"]
    kept = [each for each in listed if each["external_id"] != "r1"]
    assert sorted(each["total"] for each in kept) == [1100, 2200, 3300]
    assert len({each["external_id"] for each in kept}) == 3
    balance = (await staffed.server.get(f"/v1/members/{member['id']}/balance")).json()
    assert balance["available"] == 10 + 10 + 20 + 30


@pytest.mark.parametrize("width", WIDTHS)
async def test_two_duplicates_are_merged_and_parted_by_keys_alone(staffed: Any, width: int) -> None:
    await buy(staffed, 1)
    await buy(staffed, 2, lines=[{"line": 1, "amount": 3300}])
    await asked(staffed, 1, 2)
    async with served(staffed.application) as address, chrome(width) as page:
        await page.goto(f"{address}/office/sign-in?next=/office/duplicates")
        await page.fill("#login", "manager")
        await page.fill("#password", PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/office/duplicates")
        await page.focus(".pair-card a")
        await page.keyboard.press("Enter")
        await page.wait_for_selector(".decide a:focus")
        await page.keyboard.press("1")
        await page.wait_for_selector("#reason:focus")
        assert "40" in await page.inner_text(".flow .points-big")
        await page.keyboard.type("本人に確認")
        await page.keyboard.press("Enter")
        await page.wait_for_selector(".note.good a")
        await page.focus(".note.good a")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("a[href$='/undo']")
        await page.focus("a[href$='/undo']")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#reason:focus")
        assert await page.locator(".flow .points-big").all_inner_texts() == ["10 P", "30 P"]
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/office/members/**")
        assert "30" in await page.inner_text(".points-big")


async def at_the_till(staffed: Any, page: Any, address: str) -> None:
    """The device is enrolled, and the clerk has begun."""
    await page.goto(f"{address}/terminal")
    await page.fill("#code", await code_for(staffed))
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#pin")
    await page.select_option("#staff", label="試験 clerk")
    await page.fill("#pin", "2468")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#scan:focus")


@pytest.mark.parametrize("width", WIDTHS)
async def test_a_newcomer_joins_by_a_code_and_brings_a_paper_card(staffed: Any, width: int) -> None:
    console = ConsoleSender()
    async with (
        build(staffed.database, staffed.clock, postman=Postman(console, console)) as application,
        served(application) as address,
        chrome(width) as page,
    ):
        await at_the_till(staffed, page, address)
        await page.click("#paper-box summary")
        await page.fill("#paper-card", "7700-00123")
        await page.keyboard.press("Enter")
        assert "先に会員を選んで" in await page.inner_text("#paper-told")

        await page.click("#join-box summary")
        await page.fill("#join-contact", "090-1234-5678")
        await page.fill("#join-kana", "タカハシ メグミ")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#join-code:focus")
        await sound(page)
        await application.services.postman.settle()
        code = re.search(r"\d{6}", console.shown[-1].text)
        assert code is not None
        await page.click("#join-send")
        await page.wait_for_selector("#join-told.bad >> text=少し待って")
        await page.focus("#join-code")
        await page.keyboard.type(f"{(int(code[0]) + 1) % 10**6:06}")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#join-told.bad >> text=一致しない")
        await page.fill("#join-code", code[0])
        await page.keyboard.press("Enter")
        await page.wait_for_selector(".card-of >> text=タカハシ メグミ")

        # The scanner writes into the field it is meant for, and finds no member by the paper card.
        await page.focus("#paper-card")
        await page.fill("#paper-card", "")
        await page.keyboard.type("7700-00123")
        await page.fill("#paper-points", "1200")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#paper-yes:focus")
        assert "1,200 P" in await page.inner_text("#paper-sure")
        await sound(page)
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#paper-told >> text=1,200 P")
        assert "1,200" in await page.inner_text(".card-of .points-big")
        await sound(page)

        for card, printed, said in (("7700-00123", "1000", "切り替え済み"), ("7700-00124", "10001", "10,000 P")):
            await page.fill("#paper-card", card)
            await page.fill("#paper-points", printed)
            await page.keyboard.press("Enter")
            await page.wait_for_selector("#paper-yes:focus")
            await page.keyboard.press("Enter")
            await page.wait_for_selector(f"#paper-told.bad >> text={said}")
        await page.click("#join-box summary")
        # The same phone again, by a code: no second member, but the one who holds it.
        staffed.clock.advance(minutes=1)
        await page.fill("#join-contact", "09012345678")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#join-code:focus")
        await application.services.postman.settle()
        code = re.search(r"\d{6}", console.shown[-1].text)
        assert code is not None
        await page.keyboard.type(code[0])
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#join-box:not([open])")
    found = (await staffed.server.get("/v1/members?kind=phone&value=09012345678")).json()["items"]
    assert len(found) == 1
    assert any(each["verified_at"] for each in found[0]["identifiers"])
    balance = (await staffed.server.get(f"/v1/members/{found[0]['id']}/balance")).json()
    assert balance["available"] == 1200


async def test_whoever_was_entered_by_hand_is_found_by_a_code_and_the_same_kana(staffed: Any) -> None:
    console = ConsoleSender()
    async with (
        build(staffed.database, staffed.clock, postman=Postman(console, console)) as application,
        served(application) as address,
        chrome(820) as page,
    ):
        await at_the_till(staffed, page, address)
        for step in ("#join-plain", "#join-send"):
            await page.click("#join-box summary")
            await page.fill("#join-contact", "megumi@example.jp")
            await page.fill("#join-kana", "タカハシ メグミ")
            await page.click(step)
            if step == "#join-send":
                await page.wait_for_selector("#join-code:focus")
                await application.services.postman.settle()
                code = re.search(r"\d{6}", console.shown[-1].text)
                assert code is not None
                await page.fill("#join-code", code[0])
                await page.click("#join-confirm")
            await page.wait_for_selector("#join-box:not([open])")
            await page.wait_for_selector(".card-of >> text=タカハシ メグミ")
            await page.click(".card-of button")
        # Without a network nobody is enrolled, and the clerk is told so.
        await page.context.set_offline(True)
        await page.click("#join-box summary")
        await page.fill("#join-contact", "090-1234-5678")
        await page.click("#join-plain")
        await page.wait_for_selector("#join-told.bad >> text=通信が必要です")
    found = (await staffed.server.get("/v1/members?kind=email&value=megumi@example.jp")).json()["items"]
    assert len(found) == 1
    assert any(each["verified_at"] for each in found[0]["identifiers"])


async def test_a_marketer_makes_checks_and_starts_a_campaign(staffed: Any) -> None:
    async with served(staffed.application) as address, chrome(1440) as page:
        await page.goto(f"{address}/office/sign-in?next=/office/new/campaign")
        await page.fill("#login", "marketing")
        await page.fill("#password", PASSWORD)
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#told >> text=ポイント2倍")
        await page.fill("#code", "heijitsu")
        await page.fill("#name", "平日2倍")
        # What is typed is told in words, and rows come and go, without the page being loaded again.
        await page.click("text=期間・曜日・時間帯")
        await page.check('input[name="conditions.weekdays:mon"]')
        await page.wait_for_selector("#told >> text=毎週 月曜日")
        await page.click("button:has(span.unseen:text-is(': 上限'))")
        await page.fill('input[name="limits.0.most"]', "１０，０００")
        await page.press('input[name="limits.0.most"]', "Tab")
        await page.wait_for_selector("#told >> text=10,000")
        assert await page.input_value("#name") == "平日2倍"
        await sound(page)
        await page.fill('input[name="effects.0.multiplier"]', "many")
        await page.press('input[name="effects.0.multiplier"]', "Tab")
        await page.wait_for_selector("#told [role=alert] >> text=数字で入力してください")
        await sound(page)
        await page.fill('input[name="effects.0.multiplier"]', "3")
        await page.click("text=下書きとして保存")
        await page.wait_for_url("**/office/campaigns/heijitsu")
        await page.click("form[action$='/activate'] button")
        await page.wait_for_selector("form[action$='/stop']", state="attached")
    staffed.clock.advance(seconds=3)
    kept = (await staffed.server.get("/v1/campaigns/heijitsu")).json()
    assert kept["state"] in ("live", "scheduled")
    assert kept["effects"] == [{"kind": "rate", "multiplier": 3}]
    assert kept["conditions"] == {"weekdays": ["mon"]}
    assert kept["limits"] == [{"measure": "points", "most": 10_000}]


async def test_a_manager_adjusts_with_approval(staffed: Any) -> None:
    member = await limited(staffed)
    async with served(staffed.application) as address, chrome(820) as manager, chrome(1440) as accounting:
        await manager.goto(f"{address}/office/sign-in?next=/office/members/{member}")
        await manager.fill("#login", "manager")
        await manager.fill("#password", PASSWORD)
        await manager.keyboard.press("Enter")
        await manager.fill("#points", "5000")
        await manager.fill("#note", "お詫び")
        await manager.click("section[aria-labelledby=h-adjust] button")
        await manager.click("#adjusting button")
        await manager.click("#adjusting a")
        await manager.wait_for_selector("text=ほかの人の承認待ち")
        await sound(manager)
        async with signed_in(staffed.application, "accounting", staffed.clock) as visitor:
            for name, value in visitor.cookies.items():
                await accounting.context.add_cookies([{"name": name, "value": value, "url": address}])
        await accounting.goto(f"{address}/office")
        await accounting.click("text=承認待ちのポイント調整")
        await accounting.click("text=承認して反映する")
        await accounting.wait_for_selector("text=承認済み")
        await sound(accounting)
    assert (await staffed.server.get(f"/v1/members/{member}/balance")).json()["available"] == 5010
