# ruff: noqa: F811 - the fixture of the members' shop is imported by its name.
"""Coupons, stamp cards, tiers and rewards on the customer's phone, in a real browser."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from goen.actions.staff import add_staff
from goen.actions.terminals import make_terminal_code
from web.browsers import LiveClock, chrome, sound
from web.members import shop  # noqa: F401 - a fixture
from web.test_front import served
from web.test_members_benefits import OTHER, coupon, gold, ok, rewarded, ruled, stamped
from web.test_members_browser import signs_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def clock() -> LiveClock:
    """The browser's own."""
    return LiveClock()


async def furnished(at: Any) -> tuple[dict[str, Any], str]:
    """A member with points, a coupon, two stamp cards, a tier to reach, a friend to tell; and the coupon's code."""
    member = await at.member()
    await gold(at)
    await stamped(at)
    stamps = [{"kind": "stamps", "full": 100, "gift": "特製エコバッグ", "of": "amount", "every": 500}]
    await stamped(at, "big", name="お買い物スタンプ", effects=stamps)
    await at.buys(member, "r1", 14_300)
    await rewarded(at)
    await ruled(at, "visit", 5, kind="visit")
    await ruled(at, "friends", 500, kind="referral", friend_points=300, amount_min=3000)
    [code] = await coupon(
        at, [member], name="秋の300円引きクーポン", name_en="Autumn 300 off", conditions={"amount_min": 1000}
    )
    return member, code


@pytest.mark.parametrize("width", [390, 820])
async def test_a_member_shows_a_coupon_without_a_network_and_takes_a_reward(shop: Any, width: int) -> None:
    member, code = await furnished(shop)
    async with served(shop.application) as address, chrome(width, dark=width == 820) as page:
        await signs_in(shop, page, address)
        await page.wait_for_selector("#pass")
        await page.wait_for_selector(".climb-of >> text=あと¥7,000でゴールド")
        for language in ("en", "ja"):
            for path in ("/me", "/me/benefits", "/me/rewards", "/me/rewards/towel"):
                await page.goto(f"{address}{path}?lang={language}")
                for each in await page.locator(".coupon summary").all():
                    await each.click()
                await sound(page)
        await page.fill("#address", "東京都渋谷区神南1-1-1")
        await page.fill("#postal_code", "150-0041")
        await page.keyboard.press("Enter")
        await page.wait_for_selector(".note.good")
        await sound(page)
        assert "発送準備中" in await page.inner_text("#orders")
        await page.click("#orders summary")
        await sound(page)
        await page.click("#orders .btn-danger")
        await page.wait_for_selector("#orders >> text=取消")
        # The coupon without a network: in the worker's keeping since the card was first opened.
        await page.goto(f"{address}/me")
        await page.wait_for_selector("html[data-kept]", state="attached")
        await page.context.set_offline(True)
        await page.click(".tabs-me a[href='/me/benefits']")
        await page.wait_for_selector("#offline:visible")
        await page.click(".coupon summary")
        picture = Image.open(io.BytesIO(await page.locator(".coupon .qr").screenshot()))
        [found] = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
        assert found.text == code.replace("-", "")
        await page.context.set_offline(False)
        await page.goto(f"{address}/me/profile")
        await page.click("[data-forget] button")
        await page.wait_for_url("**/me/sign-in**")
        assert not await page.evaluate("caches.match('/me/benefits').then(Boolean)")
    orders = (await ok(shop.server.get(f"/v1/members/{member['id']}/reward_orders")))["items"]
    assert [each["status"] for each in orders] == ["cancelled"]
    sold = await shop.buys(member, "r9", coupons=[found.text])
    assert sold["coupons"]["used"][0]["amount"] == 300


async def at_the_till(at: Any, page: Any, address: str) -> None:
    """A terminal of Shibuya with a clerk at its keys."""
    now = at.clock.now()
    staff = {"login": "reji", "name": "試験 レジ", "role": "clerk", "password": None, "pin": "2468"}
    await add_staff(at.database, **staff, shop_codes=["shibuya"], author="test", now=now)
    code = await make_terminal_code(at.database, "shibuya", "01", author="test", now=now)
    await page.goto(f"{address}/terminal")
    await page.fill("#code", code)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#pin")
    await page.fill("#pin", "2468")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#scan:focus")


async def finds(page: Any, typed: str) -> None:
    """The clerk scans or types who it is."""
    await page.fill("#scan", typed)
    await page.focus("#scan")
    await page.keyboard.press("Enter")
    await page.wait_for_selector(".card-of")


@pytest.mark.parametrize(("width", "language"), [(820, "ja"), (390, "en")])
async def test_a_clerk_takes_coupons_and_discounts_and_sees_the_stamps(shop: Any, width: int, language: str) -> None:
    # What begins counts two seconds later; the terminal's clock is not put forward, so they are waited for.
    member = await shop.member()
    number = member["number"]
    await stamped(shop, ahead=0)
    await ruled(shop, "visit", 5, kind="visit")
    await coupon(
        shop, [member], name="秋の300円引きクーポン", name_en="Autumn 300 off", conditions={"amount_min": 1000}
    )
    await coupon(shop, [member], "dear", name="5千円以上", name_en="From 5,000", conditions={"amount_min": 5000})
    off = [{"kind": "discount", "percent": 10}]
    await ok(shop.server.post("/v1/campaigns", json={"code": "off", "name": "全品10%引き", "effects": off}), 201)
    await ok(shop.server.post("/v1/campaigns/off/activate", json={}))
    await asyncio.sleep(2.2)
    await shop.buys(member, "r1", 14_300)
    async with served(shop.application) as address, chrome(width, dark=width == 390) as page:
        await at_the_till(shop, page, address)
        await page.goto(f"{address}/terminal?lang={language}")
        await page.wait_for_selector("#scan:focus")
        await finds(page, number)
        await page.click(".card-of .stack button")
        await page.wait_for_selector(".card-of >> text=5 P")
        await page.fill("#a10", "2200")
        await page.wait_for_selector(".extra:has-text('10%')")
        assert await page.locator(".extra[aria-pressed=true]").count() == 1, (
            "what is to be had is taken unless left out"
        )
        await page.wait_for_function("() => document.getElementById('sum-pay').textContent === '¥1,980'")
        dear, cheap = (
            page.locator(f".extra:has-text('{name}')")
            for name in (
                {
                    "ja": ("5千円以上", "秋の300円引き"),
                    "en": ("From 5,000", "Autumn 300 off"),
                }[language]
            )
        )
        await dear.click()
        await page.wait_for_selector("#extras-note >> text=¥3,020")
        assert await dear.get_attribute("aria-pressed") == "false"
        await cheap.click()
        await page.wait_for_function("() => document.getElementById('sum-pay').textContent === '¥1,680'")
        assert await page.inner_text("#sum-off") == "−¥520"
        await sound(page)
        await page.fill("#use", "80")
        await page.wait_for_function("() => document.getElementById('sum-pay').textContent === '¥1,600'")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#result:focus")
        await page.wait_for_selector("#result-more >> text=秋のスタンプ")
        assert {"ja": "あと1個で300 P", "en": "1 more for 300 P"}[language] in await page.inner_text("#result-more")
        await sound(page)
        await page.click("#next")
        # Left out, the discount stays where it is; without a network nothing comes off, and the clerk is told.
        await finds(page, number)
        await page.fill("#a10", "5500")
        await page.wait_for_function("() => document.getElementById('sum-pay').textContent === '¥4,950'")
        await page.click(".extra:has-text('10%')")
        await page.wait_for_function("() => document.getElementById('sum-pay').textContent === '¥5,500'")
        await dear.click()
        await page.wait_for_function("() => document.getElementById('sum-pay').textContent === '¥5,200'")
        await page.context.set_offline(True)
        await page.wait_for_selector("#extras-note:visible")
        assert await page.inner_text("#sum-pay") == "¥5,500"
        await page.fill("#scan", "K7MXA-43TWF-9RHCD")  # No card, and no coupon either.
        await page.press("#scan", "Enter")
        await page.wait_for_selector("#wrong:visible")
        assert await page.is_visible(".card-of")
        await page.click("#confirm")
        await page.wait_for_selector("#result:focus")
        await page.context.set_offline(False)
        await page.wait_for_function("() => document.querySelector('#queue-count').textContent === '0'")
    sales = (await ok(shop.server.get(f"/v1/purchases?member={member['id']}")))["items"]
    assert [(each["total"], each["status"]) for each in sales][:2] == [(5500, "completed"), (1680, "completed")]
    states = (await ok(shop.server.get(f"/v1/members/{member['id']}/coupons")))["items"]
    assert {each["kind"]: each["state"] for each in states} == {"aki": "used", "dear": "usable"}


async def pays(page: Any, money: str) -> None:
    """What the screen says is to be paid."""
    await page.wait_for_function(f"() => document.getElementById('sum-pay').textContent === '{money}'")


async def test_a_card_that_finds_nobody_leaves_nobody_at_the_till(shop: Any) -> None:
    phone = [{"kind": "phone", "value": OTHER}]  # Not verified, two may say it is theirs.
    member, other, _ = [await shop.member(), *[await shop.member(identifiers=phone) for _ in range(2)]]
    await coupon(shop, [member], name="300円引き", conditions={})
    await shop.buys(member, "r1", 14_300)
    async with served(shop.application) as address, chrome(820) as page:
        await at_the_till(shop, page, address)
        for told, typed in (("p.note.bad", "9999999999999"), (".choices", OTHER), ("p.note.bad", "problem")):
            await finds(page, member["number"])
            await page.fill("#a10", "2200")
            await page.click(".extra:has-text('300円引き')")
            await pays(page, "¥1,900")
            await page.fill("#use", "10")
            if typed == "problem":
                await page.route("**/v1/members/lookup", lambda route: route.fulfill(status=429, json={"code": "x"}))
            await page.fill("#scan", typed)
            await page.press("#scan", "Enter")
            await page.wait_for_selector(f"#member > {told}")
            await pays(page, "¥2,200")
            assert not await page.locator(".extra:has-text('300円引き')").count(), "the coupons went with the member"
            assert not await page.is_visible("#use-field")
            if typed == "problem":
                await page.unroute("**/v1/members/lookup")
            await page.click("#confirm")
            await page.wait_for_selector("#result:focus")
            await page.click("#next")
    sales = (await ok(shop.server.get(f"/v1/purchases?member={member['id']}")))["items"]
    assert [each["external_id"] for each in sales] == ["r1"]
    assert not (await ok(shop.server.get(f"/v1/purchases?member={other['id']}")))["items"]


async def test_a_public_coupon_code_is_typed_at_the_till(shop: Any) -> None:
    member = await shop.member()
    kind = {"code": "fuyu", "name": "冬の500円引き", "effect": {"kind": "amount", "yen": 500}, "public_code": "FUYU500"}
    await ok(shop.server.post("/v1/coupon_kinds", json=kind), 201)
    async with served(shop.application) as address, chrome(820) as page:
        await at_the_till(shop, page, address)
        for n, typed in enumerate(("fuyu500", "ＦＵＹＵ５００")):
            await finds(page, member["number"])
            await page.fill("#a10", "2200")
            await page.fill("#scan", typed)
            await page.press("#scan", "Enter")
            await page.wait_for_selector(".extra[aria-pressed=true] >> text=冬の500円引き")
            await pays(page, "¥1,700")
            assert await page.is_visible(".card-of"), "a coupon does not send the member away"
            if n == 0:
                await page.click("#confirm")
                await page.wait_for_selector("#result:focus")
                await page.click("#next")
        for typed in ("2999999999999", "HARU500"):
            await page.fill("#scan", typed)
            await page.press("#scan", "Enter")
            await page.wait_for_selector("#member > p.note.bad")
    [sale] = (await ok(shop.server.get(f"/v1/purchases?member={member['id']}")))["items"]
    assert sale["total"] == 1700
