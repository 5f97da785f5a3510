"""The members' pages in a real browser, at the width of a desk, a tablet and a phone."""
# ruff: noqa: F811 - the fixture of the members' shop is imported by its name.

from __future__ import annotations

import io
import time
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from goen.vocabulary.clock import SystemClock
from web.browsers import WIDTHS, chrome, first_load, sound
from web.members import PHONE, shop  # noqa: F401 - a fixture
from web.test_front import served

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def clock() -> Any:
    """The phone's clock is the real one, so the shop's is as well."""

    class Now(SystemClock):
        def advance(self, **_: float) -> None:
            """It goes by itself."""

    return Now()


async def signs_in(at: Any, page: Any, address: str, contact: str = PHONE) -> None:
    await page.goto(f"{address}/me")
    await page.fill("#contact", contact)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#code")
    await page.fill("#code", await at.code())
    await page.keyboard.press("Enter")


async def code_shown(page: Any) -> str:
    """What a scanner reads from the card as it is on the screen."""
    await page.wait_for_selector("#turning:visible")
    picture = Image.open(io.BytesIO(await page.locator("#qr").screenshot()))
    [found] = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
    return str(found.text)


@pytest.mark.parametrize("width", WIDTHS)
async def test_a_member_joins_and_shows_a_code_that_the_till_takes(shop: Any, width: int) -> None:
    async with served(shop.application) as address, chrome(width, dark=width == 820) as page:
        await page.goto(f"{address}/me")
        await sound(page)
        await page.fill("#contact", PHONE)
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#code")
        await sound(page)
        await page.fill("#code", await shop.code())
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#kana")
        await sound(page)
        await page.fill("#name", "試験 花子")
        await page.fill("#kana", "シケン ハナコ")
        await page.fill("#birth_date", "1990-04-01")
        await page.check("#c-1")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#pass")
        shown = await code_shown(page)
        assert len(shown) == 20
        bars = Image.open(io.BytesIO(await page.locator(".bars").screenshot()))
        number = (await page.inner_text(".number")).strip()
        assert [each.text for each in zxingcpp.read_barcodes(bars)] == [number]
        await sound(page)
        body = {
            "shop": "shibuya", "external_id": "s1", "occurred_at": shop.clock.now().isoformat(),
            "lines": [{"line": 1, "amount": 11_000}], "member": {"kind": "code", "value": shown},
        }  # fmt: skip
        sold = await shop.pos.post("/v1/purchases", json=body)
        assert sold.status_code == 201, sold.text
        assert sold.json()["member"]["number"] == number
        await page.wait_for_function("() => document.querySelector('#available').textContent.includes('100')")
        for path in ("/me", "/me/points", "/me/profile", "/me/points/older"):
            for language in ("ja", "en"):
                await page.goto(f"{address}{path}?lang={language}")
                await sound(page)


async def test_a_sale_at_the_till_is_on_the_open_page_within_half_a_second(shop: Any) -> None:
    member = await shop.member()
    async with served(shop.application) as address, chrome(390) as page:
        await signs_in(shop, page, address)
        await page.wait_for_selector("html[data-live]", state="attached")
        taken = []
        for number in range(5):
            await page.evaluate(
                """() => { window.seen = null; const at = document.querySelector('#now');
                  new MutationObserver((_, self) => { window.seen = Date.now(); self.disconnect(); })
                    .observe(at, { childList: true }); }"""
            )
            await shop.buys(member, f"r{number}", 11_000)
            answered = time.time()
            await page.wait_for_function("() => window.seen", timeout=5000)
            taken.append(await page.evaluate("window.seen") / 1000 - answered)
            await page.wait_for_function(
                f"() => document.querySelector('#available').textContent.includes('{(number + 1) * 100}')"
            )
        assert max(taken) < 0.5, taken


async def test_the_card_opens_without_a_network_and_goes_with_the_sign_out(shop: Any) -> None:
    member = await shop.member()
    async with served(shop.application) as address, chrome(390) as page:
        await signs_in(shop, page, address)
        await page.wait_for_selector("html[data-kept]", state="attached")
        await page.wait_for_selector("#turning:visible")
        await page.context.set_offline(True)
        await page.reload()
        assert await page.inner_text(".number") == member["number"]
        shown = await code_shown(page)
        assert await page.is_visible("#offline")
        await sound(page)
        body = {"kind": "code", "value": shown}
        found = (await shop.pos.post("/v1/members/lookup", json=body)).json()["items"]
        assert [each["id"] for each in found] == [member["id"]]
        await page.context.set_offline(False)
        await page.goto(f"{address}/me/profile")
        await page.click("[data-forget] button")
        await page.wait_for_url("**/me/sign-in**")
        # The card is gone; files that are everybody's may stay.
        assert not await page.evaluate("caches.match('/me').then(Boolean)")
        assert "goen-me" not in [each["name"] for each in await page.evaluate("indexedDB.databases()")]
        await page.context.set_offline(True)
        with pytest.raises(Exception, match="ERR_"):
            await page.goto(f"{address}/me")


async def test_signed_out_elsewhere_the_open_page_closes(shop: Any) -> None:
    await shop.member()
    async with served(shop.application) as address, chrome(390) as page:
        await signs_in(shop, page, address)
        await page.wait_for_selector("html[data-live]", state="attached")
        async with shop.database.transaction() as connection:
            await connection.execute("update member_device set ended_at = now()")
        found = (await shop.server.get(f"/v1/members?kind=phone&value={PHONE}")).json()["items"][0]
        await shop.buys(found, "r1")
        await page.wait_for_url("**/me/sign-in**", timeout=5000)


async def test_the_first_load_is_light(shop: Any) -> None:
    await shop.member()
    async with served(shop.application) as address, chrome(390) as page:
        await signs_in(shop, page, address)
        await page.wait_for_selector("#pass")
        sent = await first_load(page)
        assert len(sent) > 8
        assert sum(sent.values()) < 150_000, sent
