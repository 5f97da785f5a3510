"""A real browser for the pages: the system's Chromium, axe-core, and a measure of what overflows."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from conftest import SettableClock
from goen.vocabulary.clock import Instant
from goen.web.common.assets import asset


class LiveClock(SettableClock):
    """A browser's clock is the real one, so the server's is as well; it can be put forward."""

    def __init__(self) -> None:
        super().__init__(datetime.now(UTC))
        self._ahead = timedelta(0)

    def now(self) -> Instant:
        return datetime.now(UTC) + self._ahead

    def advance(self, **by: float) -> Instant:
        self._ahead += timedelta(**by)
        return self.now()


AXE = (Path(__file__).parents[1] / "vendor/axe-core/axe.min.js").read_text(encoding="utf-8")
WIDTHS = (1440, 820, 390)
_RULES = '["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]'
_ASK = f"""axe.run({{runOnly: {_RULES}}}).then((found) => found.violations.map((each) =>
  [each.id, each.nodes.slice(0, 3).map((node) => node.html.slice(0, 200))]))"""


def chromium() -> str:
    """Where Chromium is; without it the test is skipped (in CI it fails)."""
    found = shutil.which("chromium")
    if found is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("no Chromium; run tools/test-tools")
    return str(found)


def film(path: Path, picture: Image.Image) -> tuple[str, str]:
    """What a camera sees that is held before this picture, as flags of the browser."""
    width, height = 1280, 720
    frame = Image.new("L", (width, height), 200)
    scale = min(width * 0.7 / picture.width, height * 0.7 / picture.height)
    shown = picture.convert("L").resize((round(picture.width * scale), round(picture.height * scale)))
    frame.paste(shown, ((width - shown.width) // 2, (height - shown.height) // 2))
    colours = bytes([128]) * (width * height // 2)
    head = f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420jpeg\n".encode()
    path.write_bytes(head + (b"FRAME\n" + frame.tobytes() + colours) * 2)
    return "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={path}"


@asynccontextmanager
async def chrome(width: int, *flags: str, dark: bool = False) -> AsyncIterator[Any]:
    """A page of this width, of a browser started with these flags. What it complains of is in ``page.complaints``."""
    from playwright.async_api import async_playwright

    path = chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox", *flags])
        context = await browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
        )
        context.set_default_timeout(60_000)
        page = await context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda told: complaints.append(told.text) if "Content Security Policy" in told.text else None,
        )
        page.complaints = complaints
        yield page
        await browser.close()


async def sound(page: Any) -> None:
    """The page has no violation of WCAG 2.2 A and AA, nothing wider than the window, and no complaint."""
    wide = await page.evaluate(
        """[...document.querySelectorAll("main *")].filter((each) => each.checkVisibility()
           && !each.closest(".unseen, thead, svg, pre") && each.getBoundingClientRect().right > innerWidth + 1)
           .map((each) => each.outerHTML.slice(0, 160))"""
    )
    assert wide == [], (page.url, wide)
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, page.url
    found = await page.evaluate(f"{AXE};{_ASK}")
    assert found == [], (page.url, found)
    assert page.complaints == [], page.url


def packed(path: str) -> int:
    """How many bytes of a file of ours go over the wire."""
    _, folder, name = path.split("/", 2)
    found = asset(folder, name)
    assert found is not None, path
    return min(len(found.packed), len(found.raw))


async def first_load(page: Any) -> dict[str, int]:
    """What the page has loaded by now: bytes over the wire by path, the page itself with them."""
    await page.wait_for_timeout(1000)
    names, document = await page.evaluate(
        """[performance.getEntriesByType("resource").map((each) => new URL(each.name).pathname),
            performance.getEntriesByType("navigation")[0].encodedBodySize]"""
    )
    return {each: packed(each) for each in names if each.startswith(("/static/", "/vendor/"))} | {"": document}
