# ruff: noqa: F811 - the fixture of the members' shop is imported by its name.
"""Codes read with the camera, at the till and on the customer's phone: the browser's camera sees a film."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from goen.identity.codes import CodeKind, png, symbol
from goen.web.common.assets import asset
from web.browsers import LiveClock, chrome, film, sound
from web.members import shop  # noqa: F401 - a fixture
from web.test_benefits_browser import at_the_till
from web.test_front import served
from web.test_members_benefits import ok, ruled
from web.test_members_browser import signs_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ALLOWED = "--use-fake-ui-for-media-stream"
LIBRARY = "/vendor/@zxing/library/umd/index.min.js"


@pytest.fixture
def clock() -> LiveClock:
    """The browser's own."""
    return LiveClock()


def drawn(kind: CodeKind, value: str) -> Image.Image:
    return Image.open(io.BytesIO(png(symbol(kind, value), module_px=6, height_px=200)))


async def loaded(page: Any) -> bool:
    """Whether the library that reads codes was fetched."""
    return bool(await page.evaluate(
        f"performance.getEntriesByType('resource').some((each) => each.name.includes({LIBRARY!r}))"
    ))  # fmt: skip


def test_the_library_is_light() -> None:
    found = asset("vendor", LIBRARY.removeprefix("/vendor/"))
    assert found is not None
    assert len(found.packed) < 250_000


@pytest.mark.parametrize("kind", ["jan", "qr"])
async def test_a_clerk_reads_a_card_with_the_camera(shop: Any, tmp_path: Path, kind: CodeKind) -> None:
    member = await shop.member()
    flags = film(tmp_path / "card.y4m", drawn(kind, member["number"]))
    async with served(shop.application) as address, chrome(820, ALLOWED, *flags) as page:
        await at_the_till(shop, page, address)
        assert not await loaded(page), "only whoever opens the camera fetches what reads codes"
        await page.click("#camera-open")
        await page.wait_for_selector(".card-of >> text=シケン ハナコ")
        assert await loaded(page)
        assert not await page.is_visible("#camera")
        assert not await page.evaluate("document.querySelector('#camera video').srcObject"), "the camera is off again"
        await sound(page)


async def test_a_member_checks_in_with_the_camera(shop: Any, tmp_path: Path) -> None:
    member = await shop.member()
    await ruled(shop, "visit", 5, kind="visit")
    code = (await ok(shop.pos.post("/v1/visit_codes", json={"expires_in": 120}), 201))["code"]
    flags = film(tmp_path / "door.y4m", drawn("qr", code))
    async with served(shop.application) as address, chrome(390, ALLOWED, *flags) as page:
        await signs_in(shop, page, address)
        await page.wait_for_selector("#pass")
        await page.goto(f"{address}/me/benefits")
        await page.click("[data-scan=visit-code]")
        await page.wait_for_selector(".note.good >> text=来店ポイント5 P")
    assert (await ok(shop.server.get(f"/v1/members/{member['id']}/balance")))["available"] == 5


#: Keys as a scanner sends them: in a moment, however busy the machine is.
_SCANNED = """(text) => { for (const key of [...text, "Enter"])
  document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true })); }"""


@pytest.mark.parametrize(
    ("camera", "language", "said"),
    [
        (False, "ja", "カメラが見つかりません"),
        (False, "en", "No camera was found"),
        (True, "ja", "カメラの使用が許可されていません"),
        (True, "en", "was not allowed to use the camera"),
    ],
)
async def test_no_picture_is_told_and_the_keyboard_goes_on(
    shop: Any, tmp_path: Path, camera: bool, language: str, said: str
) -> None:
    member = await shop.member()
    flags = film(tmp_path / "card.y4m", drawn("qr", "x")) if camera else ()
    async with served(shop.application) as address, chrome(390, *flags, dark=language == "en") as page:
        await at_the_till(shop, page, address)
        await page.goto(f"{address}/terminal?lang={language}")
        await page.wait_for_selector("#scan:focus")
        await page.click("#camera-open")
        await page.wait_for_selector(f"#camera >> text={said}")
        await sound(page)
        assert not await loaded(page)
        # A scanner that types is quicker than whoever closes the dialog.
        await page.evaluate(_SCANNED, member["number"])
        await page.wait_for_selector(".card-of >> text=シケン ハナコ")
        assert not await page.is_visible("#camera")
