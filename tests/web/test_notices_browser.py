"""Notifications in a real browser: the button asks, the service worker shows, and a tap opens the page."""
# ruff: noqa: F811 - the fixture of the members' shop is imported by its name.

from __future__ import annotations

import json
from typing import Any

import pytest

from goen.channels.push.encrypt import CURVE, point
from web.browsers import WIDTHS, chrome, sound
from web.members import shop  # noqa: F401 - a fixture
from web.test_front import served
from web.test_members_browser import signs_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ENDPOINT = "https://push.example.net/send/abc"


def service() -> str:
    """A push service for the page: a browser without a head reaches none of its maker's."""
    from cryptography.hazmat.primitives.asymmetric import ec

    key = list(point(ec.generate_private_key(CURVE).public_key()))
    return f"""
      const made = {{ endpoint: {json.dumps(ENDPOINT)}, unsubscribe: async () => true,
        getKey: (name) => new Uint8Array(name === "auth" ? {[7] * 16} : {key}).buffer }};
      PushManager.prototype.subscribe = async function (options) {{ window.asked = options; return made; }};
      PushManager.prototype.getSubscription = async () => made;
      window.Notification.requestPermission = async () => {{
        window.permissions = (window.permissions ?? 0) + 1;
        return window.leave ?? "granted";
      }};
    """


@pytest.mark.parametrize("width", WIDTHS)
async def test_a_member_asks_for_notifications_with_one_button(shop: Any, width: int) -> None:
    await shop.member()
    async with served(shop.application) as address, chrome(width, dark=width == 820) as page:
        await page.context.add_init_script(service())
        await signs_in(shop, page, address)
        await page.wait_for_selector("#pass")
        await page.goto(f"{address}/me/profile")
        await page.wait_for_selector("[data-push-start] button:visible")
        assert await page.evaluate("window.permissions") is None, "nobody is asked before the button is pressed"
        await sound(page)
        await page.evaluate("window.leave = 'denied'")
        await page.click("[data-push-start] button")
        await page.wait_for_selector("#push-denied:visible")
        await page.evaluate("window.leave = 'granted'")
        await page.click("[data-push-start] button")
        await page.wait_for_selector("#push[data-state=on]")
        await sound(page)
        async with shop.database.reading() as connection:
            kept = await connection.fetchrow("select endpoint, auth, language from push_subscription")
        assert (kept["endpoint"], bytes(kept["auth"]), kept["language"]) == (ENDPOINT, bytes([7] * 16), "ja")
        await page.uncheck("[name=earned]")
        await page.click("#push form[action$=kinds] button")
        await page.wait_for_selector("[name=earned]:not(:checked)")
        await page.click("[data-push-end] button")
        await page.wait_for_selector("#push[data-state=off]")
        async with shop.database.reading() as connection:
            assert await connection.fetchval("select count(*) from push_subscription") == 0


async def test_the_service_worker_shows_a_notice_unless_the_card_is_being_looked_at(shop: Any) -> None:
    await shop.member()
    async with served(shop.application) as address, chrome(390) as page:
        await page.context.grant_permissions(["notifications"], origin=address)
        await signs_in(shop, page, address)
        await page.wait_for_selector("html[data-kept]")
        [worker] = page.context.service_workers
        payload = {"title": "試験", "body": "120P", "url": "/me/points", "tag": "expiring-1"}
        push = """async (payload) => {
          const waits = [];
          const event = new PushEvent("push", { data: JSON.stringify(payload) });
          event.waitUntil = (one) => waits.push(one);
          self.dispatchEvent(event);
          await Promise.all(waits);
          const shown = await self.registration.getNotifications();
          return shown.map((each) => [each.title, each.body, each.tag, each.data.url]);
        }"""
        await page.bring_to_front()
        looked_at = await page.evaluate("document.hasFocus()")
        if looked_at:
            assert await worker.evaluate(push, payload) == []
        await page.goto("about:blank")
        assert await worker.evaluate(push, payload) == [["試験", "120P", "expiring-1", "/me/points"]]
