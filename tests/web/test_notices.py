# ruff: noqa: F811 - the fixture of the members' shop is imported by its name.
"""Notifications in a browser: asked for by the member, sent by the worker, and ended from either side."""

from __future__ import annotations

import json
from typing import Any

import pytest

from goen.channels.push.console import ConsolePush
from goen.channels.push.encrypt import CURVE, point
from goen.channels.push.vapid import written
from goen.jobs.model import Means
from goen.jobs.notices import notice_expiring, notice_news, purge_notices, send_notices
from goen.main import build
from web.conftest import browser
from web.members import csrf, shop, visiting  # noqa: F401 - a fixture

ENDPOINT = "https://push.example.net/send/abc"


def keys() -> dict[str, str]:
    from cryptography.hazmat.primitives.asymmetric import ec

    return {"p256dh": written(point(ec.generate_private_key(CURVE).public_key())), "auth": written(b"a" * 16)}


def asked(visitor: Any, **changes: str) -> dict[str, str]:
    return {"csrf": csrf(visitor), "version": "goen-1", "endpoint": ENDPOINT, **keys(), **changes}


class Work:
    """The jobs that send notifications, with a console in place of the push services."""

    def __init__(self, at: Any) -> None:
        services = at.application.services
        self.push = ConsolePush()
        self.means = Means(services.database, services.till, services.context, at.clock, push=self.push)

    async def run(self) -> list[dict[str, Any]]:
        """What came to browsers by this run."""
        before = len(self.push.shown)
        await notice_expiring(self.means)
        await notice_news(self.means)
        await send_notices(self.means)
        return [json.loads(payload) for _, payload in list(self.push.shown)[before:]]


async def drained(at: Any) -> None:
    """Wait until the relay has numbered everything."""
    import asyncio

    async with at.database.reading() as connection:
        for _ in range(200):
            if not await connection.fetchval("select exists (select from outbox)"):
                return
            await asyncio.sleep(0.02)
    raise AssertionError("the relay does not drain")


async def consent(at: Any, member: dict[str, Any]) -> Any:
    said = (await at.server.get(f"/v1/members/{member['id']}/consents")).json()["consents"].get("notices.push")
    return said and (said["given"], said["wording"], said["source"])


async def test_a_browser_subscribes_is_told_and_stops(shop: Any) -> None:
    member, work = await shop.member(), Work(shop)
    await work.run()  # The feed is followed from here.
    async with visiting(shop) as visitor:
        assert 'data-state="off"' in (await visitor.get("/me/profile")).text
        done = await visitor.post("/me/notices", data=asked(visitor))
        assert done.headers["location"] == "/me/profile?done=notices#notices", done.text
        assert 'data-state="on"' in (await visitor.get("/me/profile")).text
        assert await consent(shop, member) == (True, "goen-1", "members page")
        await shop.buys(member, "s1", 11_000)
        await shop.buys(member, "s2", 50)  # Earns nothing.
        await drained(shop)
        [told] = await work.run()
        assert told["body"] == "渋谷店で100Pを獲得しました。"
        assert told["url"] == "/me"
        assert await work.run() == []
        await visitor.post("/me/notices/kinds", data={"csrf": csrf(visitor), "expiring": "1"})
        await shop.buys(member, "s3", 11_000)
        await drained(shop)
        assert await work.run() == []
        body = {
            "member": {"kind": "member_id", "value": member["id"]}, "points": 70, "reason": "promotion",
            "kind": "limited", "expires_on": "2026-11-30",
        }  # fmt: skip
        given = await shop.server.post("/v1/adjustments", json=body, headers={"Idempotency-Key": "k1"})
        assert given.status_code == 201, given.text
        shop.clock.advance(days=1)
        [told] = await work.run()
        assert told["body"].startswith("70P")
        await visitor.post("/me/notices/end", data={"csrf": csrf(visitor)})
        assert (await consent(shop, member))[0] is False
        async with shop.database.reading() as connection:
            assert await connection.fetchval("select count(*) from push_subscription") == 0


async def test_a_push_service_that_knows_it_no_more_ends_a_subscription(shop: Any) -> None:
    member, work = await shop.member(), Work(shop)
    await work.run()
    work.push.gone.add(ENDPOINT)
    async with visiting(shop) as visitor:
        await visitor.post("/me/notices", data=asked(visitor))
        await shop.buys(member, "s1", 11_000)
        await drained(shop)
        assert await work.run() == []
        assert 'data-state="off"' in (await visitor.get("/me/profile")).text
    async with shop.database.reading() as connection:
        assert await connection.fetchval("select count(*) from push_subscription") == 0
        assert await connection.fetchval("select state from notice") == "dropped"


async def test_signing_out_consent_taken_back_and_leaving_end_it_too(shop: Any) -> None:
    member, work = await shop.member(), Work(shop)
    await work.run()
    async with visiting(shop) as visitor:
        await visitor.post("/me/notices", data=asked(visitor))
        shop.clock.advance(minutes=1)
        no = {"consents": {"notices.push": False}}
        await shop.server.put(f"/v1/members/{member['id']}/consents", json=no)
        assert 'data-state="off"' in (await visitor.get("/me/profile")).text
        await shop.buys(member, "s1", 11_000)
        await drained(shop)
        assert await work.run() == []
        shop.clock.advance(minutes=1)
        await visitor.post("/me/notices", data=asked(visitor))
        assert await consent(shop, member) == (True, "goen-1", "members page")
        await visitor.post("/me/sign-out", data={"csrf": csrf(visitor)})
        await shop.buys(member, "s2", 11_000)
        await drained(shop)
        assert await work.run() == []
        assert await purge_notices(work.means) == 1
    shop.clock.advance(minutes=2)
    async with visiting(shop) as visitor:
        await visitor.post("/me/notices", data=asked(visitor))
        erased = await shop.server.post(f"/v1/members/{member['id']}/erase", json={"reason": "本人の希望"})
        assert erased.status_code == 200, erased.text
        async with shop.database.reading() as connection:
            assert await connection.fetchval("select count(*) from push_subscription where endpoint <> ''") == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("p256dh", ""), ("p256dh", "x" * 87), ("p256dh", "あ"), ("auth", "YQ"), ("auth", "%%"),
        ("endpoint", ""), ("endpoint", "javascript:x"), ("endpoint", "http://10.0.0.1/x"), ("version", "none-such"),
    ],
)  # fmt: skip
async def test_nonsense_is_refused(shop: Any, field: str, value: str) -> None:
    await shop.member()
    if field == "version":
        text = {"words": {"ja": "お知らせを受け取ります。"}}
        assert (await shop.server.put("/v1/wordings/notices.push/2026-11", json=text)).status_code in (200, 201)
    async with visiting(shop) as visitor:
        answer = await visitor.post("/me/notices", data=asked(visitor, **{field: value}))
        assert answer.status_code in (409, 422), answer.text
        assert (await visitor.post("/me/notices", data=asked(visitor, csrf="x"))).status_code == 403
        assert 'data-state="off"' in (await visitor.get("/me/profile")).text


async def test_without_a_sender_nothing_is_offered_and_the_key_stays(shop: Any) -> None:
    await shop.member()
    async with visiting(shop) as visitor:
        key = (await visitor.get("/me/profile")).text.partition('data-key="')[2][:87]
        assert key.startswith("B")
        async with build(shop.database, shop.clock, push=True) as again, browser(again) as other:
            other.cookies = visitor.cookies
            assert key in (await other.get("/me/profile")).text
        async with build(shop.database, shop.clock) as bare, browser(bare) as other:
            other.cookies = visitor.cookies
            assert "data-key" not in (await other.get("/me/profile")).text
            assert (await other.post("/me/notices", data=asked(visitor))).status_code == 404
