"""Charts in a real browser: drawn from their tables, live, with strict headers; and how light a first load is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from goen.main import build
from web.browsers import LiveClock, chrome, first_load, packed, sound
from web.conftest import PASSWORD
from web.test_front import buy, relayed, served

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CHARTS = "/vendor/echarts/echarts.mjs"
SCANNER = "/vendor/@zxing/library/umd/index.min.js"
HEAVY = {CHARTS, SCANNER}
#: Doors of the demo, and what is seen behind them.
DOORS = (('form:has(input[value="owner"]) button', ".live"), ('form[action="/terminal/demo"] button', "#staff"))


@pytest.fixture
def clock() -> LiveClock:
    """The browser's own."""
    return LiveClock()


async def at_home(page: Any, address: str) -> None:
    await page.goto(f"{address}/office/sign-in")
    await page.fill("#login", "manager")
    await page.fill("#password", PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("[data-chart=hours][data-drawn]")
    await page.wait_for_selector(".live.on")


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
async def test_charts_follow_the_sales_and_can_be_asked(staffed: Any, width: int, dark: bool) -> None:
    await buy(staffed, 1)
    await relayed(staffed, 2)
    async with served(staffed.application) as address, chrome(width, dark=dark) as page:
        await at_home(page, address)
        await sound(page)
        assert await page.locator("[data-chart][data-drawn] canvas").count() == 3
        await page.evaluate("document.querySelector('[data-chart=hours] .host').kept = true")
        await page.click("[data-chart=hours] summary")
        began = asyncio.get_running_loop().time()
        await buy(staffed, 2)
        await page.wait_for_function(
            "() => [...document.querySelectorAll('[data-chart=hours] td:nth-child(2)')]"
            ".some((each) => each.dataset.value === '2200')",
            timeout=10_000,
        )
        assert asyncio.get_running_loop().time() - began < 2, "without a reload"
        await page.wait_for_selector("[data-chart=hours][data-drawn]")
        assert await page.evaluate("document.querySelector('[data-chart=hours] .host').kept"), "drawn on, not anew"
        assert await page.evaluate("document.getElementById('behind-hours').open"), "what was opened stays open"
        await page.locator("[data-chart=days] .host").scroll_into_view_if_needed()
        box = await page.locator("[data-chart=days] .host").bounding_box()
        await page.mouse.move(box["x"] + box["width"] - 12, box["y"] + box["height"] / 2)
        await page.wait_for_selector(".plot-tip:visible")
        told = await page.inner_text("[data-chart=days] .plot-tip")
        assert "¥2,200" in told, told
        await page.click("[data-theme-switch]")
        await page.wait_for_timeout(500)  # Colours of buttons change by and by.
        await sound(page)


async def test_without_scripts_the_server_has_drawn_it(staffed: Any) -> None:
    await buy(staffed, 1)
    await relayed(staffed, 2)
    async with served(staffed.application) as address, chrome(1440) as page:
        await at_home(page, address)
        cookies = await page.context.cookies()
        plain = await page.context.browser.new_context(java_script_enabled=False)
        await plain.add_cookies(cookies)
        still = await plain.new_page()
        await still.goto(f"{address}/office")
        assert await still.locator("[data-chart=days] svg rect").count() == 56
        assert await still.locator("[data-chart] canvas").count() == 0
        await still.click("[data-chart=days] summary")
        assert await still.is_visible("[data-chart=days] table >> text=¥1,100")


async def test_who_wants_no_motion_sees_none(staffed: Any) -> None:
    await buy(staffed, 1)
    await relayed(staffed, 2)
    async with served(staffed.application) as address, chrome(1440) as page:
        await page.emulate_media(reduced_motion="reduce")
        await at_home(page, address)
        shots = [await page.locator("[data-chart=days] canvas").screenshot() for _ in range(2)]
        assert shots[0] == shots[1], "it stands at once"


async def test_the_first_load_of_office_and_terminal_is_light(staffed: Any) -> None:
    await buy(staffed, 1)
    async with build(staffed.database, staffed.clock, demo=True) as application, served(application) as address:
        for door, seen in DOORS:
            async with chrome(1440) as page:
                await page.goto(address)
                await page.click(door)
                await page.wait_for_selector(seen)
                if seen == ".live":
                    await page.wait_for_selector("[data-drawn]")
                sent = await first_load(page)
                assert (CHARTS in sent) == (seen == ".live"), "loaded where there is a chart"
                assert SCANNER not in sent, "loaded when the camera opens"
                assert len(sent) > 5
                assert sum(size for name, size in sent.items() if name not in HEAVY) < 300_000, sent
    for each in HEAVY:
        assert packed(each) < 250_000
