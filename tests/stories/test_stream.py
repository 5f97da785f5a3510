"""Everything that happens is seen on the stream and arrives by webhook, over HTTP as partners use it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pytest
import uvicorn
from standardwebhooks import Webhook

from goen.actions.keys import revoke_keys
from goen.database.pool import open_database
from goen.delivery import feed, streams
from goen.jobs.worker import work
from goen.main import build
from goen.vocabulary.clock import SystemClock

from .conftest import stock


@dataclass
class Service:
    """The application behind a real server, a worker beside it, and the keys of the retailer."""

    url: str
    keys: dict[str, str]
    database: Any

    def client(self, name: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, headers={"Authorization": f"Bearer {self.keys[name]}"}, timeout=10)


@asynccontextmanager
async def listening(application: Any) -> AsyncIterator[str]:
    server = uvicorn.Server(
        uvicorn.Config(application, port=0, lifespan="off", log_level="error", timeout_graceful_shutdown=1)
    )
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it.
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


@pytest.fixture
async def service(database: Any) -> AsyncIterator[Service]:
    async with open_database(database.dsn) as opened:
        keys = await stock(opened, SystemClock())
        async with build(opened, SystemClock()) as application, listening(application) as url:
            yield Service(url, keys, opened)
            application.frame.stopping.set()


@dataclass
class Heard:
    """What a listener has heard: events with their ids, and the last id."""

    events: list[dict[str, Any]] = field(default_factory=list)
    last_id: str | None = None


async def listen(client: httpx.AsyncClient, count: int, heard: Heard, **query: str) -> None:
    """Listen until so many events were heard; resumes where ``heard`` ended."""
    headers = {"Last-Event-ID": heard.last_id} if heard.last_id is not None else {}
    async with asyncio.timeout(10), client.stream("GET", "/v1/stream", params=query, headers=headers) as stream:
        assert stream.status_code == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        async for line in stream.aiter_lines():
            name, _, value = line.partition(": ")
            if name == "id":
                heard.last_id = value
            elif name == "data":
                heard.events.append({**json.loads(value), "id": heard.last_id})
                if len(heard.events) >= count:
                    return


def sale(number: int, member: dict[str, Any], amount: int = 1_100) -> dict[str, Any]:
    return {
        "shop": "shibuya",
        "external_id": f"stream-{number}",
        "occurred_at": SystemClock().now().isoformat(),
        "member": {"kind": "member_id", "value": member["id"]},
        "lines": [{"line": 1, "amount": amount}],
    }


async def enrolled(client: httpx.AsyncClient, number: int) -> dict[str, Any]:
    identifiers = [{"kind": "card", "value": f"29{number:011d}"}]
    answer = await client.post("/v1/members", json={"name": "試験 会員", "identifiers": identifiers})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def sold(client: httpx.AsyncClient, number: int, member: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post("/v1/purchases", json=sale(number, member))
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.parametrize("role", ["server", "shibuya", "web", "readonly"])
async def test_every_key_sees_a_stores_sale_at_once(service: Service, role: str) -> None:
    async with service.client("shibuya") as till, service.client("server") as office, service.client(role) as other:
        member = await enrolled(office, 1)
        heard = Heard(last_id="0")
        await listen(other, 1, heard)
        assert heard.events.pop()["type"] == "member.updated"
        listening_now = asyncio.create_task(listen(other, 2, heard, member=member["id"]))
        await asyncio.sleep(0.2)
        bought = await sold(till, 1, member)
        await listening_now
    by_topic = {event["type"]: event for event in heard.events}
    assert set(by_topic) == {"purchase.recorded", "points.posted"}
    for event in by_topic.values():
        assert event["purchase_id"] == bought["id"]
        assert event["external_id"] == "stream-1"
        assert event["member_id"] == member["id"]
        assert "試験" not in json.dumps(event, ensure_ascii=False)


async def test_a_listener_that_breaks_off_after_every_event_misses_none(service: Service) -> None:
    heard = Heard(last_id="0")
    async with service.client("shibuya") as till, service.client("server") as office:
        members = [await enrolled(office, number) for number in range(1, 4)]
        selling = asyncio.gather(*(sold(till, number, members[number % 3]) for number in range(40)))
        while sum(event["type"] == "purchase.recorded" for event in heard.events) < 40:
            await listen(till, len(heard.events) + 1, heard)
        await selling
    ids = [int(event["id"]) for event in heard.events]
    assert ids == list(range(1, len(ids) + 1))
    sales = [event["external_id"] for event in heard.events if event["type"] == "purchase.recorded"]
    assert sorted(sales) == sorted(f"stream-{number}" for number in range(40))


async def test_what_cannot_be_listened_to_is_told(service: Service) -> None:
    async with service.client("server") as office:
        member = await enrolled(office, 1)
        for number in range(3):
            await sold(office, number, member)
        heard = Heard(last_id="0")
        await listen(office, 6, heard)
        async with service.database.writing() as connection:
            later = SystemClock().now() + timedelta(minutes=1)
            assert await feed.purge_piece(connection, later, 4) == 4
        for query, status, code in (
            ({"last_event_id": "3"}, 410, "cursor_expired"),
            ({"last_event_id": "999999"}, 410, "cursor_expired"),
            ({"last_event_id": "x"}, 422, "invalid_request"),
            ({"last_event_id": "9" * 30}, 422, "invalid_request"),
            ({"member": "m_zzzzz"}, 404, "unknown_member"),
            ({"member": "nobody"}, 404, "unknown_member"),
            ({"topic": "x"}, 422, "invalid_request"),
        ):
            answer = await office.get("/v1/stream", params=query)
            assert (answer.status_code, answer.json()["code"]) == (status, code), query
        heard = Heard()
        await listen(office, 2, heard, last_event_id="4")
        assert [int(event["id"]) for event in heard.events] == [5, 6]


async def test_the_stream_of_a_revoked_key_ends(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.2)
    async with service.client("web") as shop, asyncio.timeout(10), shop.stream("GET", "/v1/stream") as stream:
        lines = stream.aiter_lines()
        assert await anext(lines) == "id: 0"
        await revoke_keys(service.database, "web", author="test", now=SystemClock().now())
        async for _ in lines:
            pass
    assert (await shop_answer(service)).status_code == 401


async def shop_answer(service: Service) -> httpx.Response:
    async with service.client("web") as shop:
        return await shop.get("/v1/stream")


async def test_a_second_process_hears_what_the_first_one_commits(service: Service) -> None:
    async with (
        open_database(service.database.dsn) as database,
        build(database, SystemClock()) as second,
        listening(second) as url,
    ):
        elsewhere = Service(url, service.keys, database)
        async with service.client("server") as here, elsewhere.client("web") as there:
            member = await enrolled(here, 1)
            heard = Heard()
            listening_now = asyncio.create_task(listen(there, 3, heard))
            await asyncio.sleep(0.3)
            await sold(here, 1, member)
            await listening_now
        second.frame.stopping.set()
    assert {event["type"] for event in heard.events} >= {"purchase.recorded"}


async def test_a_sale_arrives_by_webhook_signed_and_shows_as_delivered(service: Service) -> None:
    got: list[tuple[dict[str, str], bytes]] = []
    arrived = asyncio.Event()

    async def receiver(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        got.append(({name.decode(): value.decode() for name, value in scope["headers"]}, body))
        status = 503 if len(got) == 1 else 204
        if status == 204:
            arrived.set()
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    working = asyncio.create_task(work(service.database, SystemClock(), "loopback"))
    async with service.client("server") as office, service.client("shibuya") as till, listening(receiver) as url:
        assert (await till.post("/v1/webhook_endpoints", json={"url": url})).status_code == 403
        wrong = await office.post("/v1/webhook_endpoints", json={"url": "http://10.0.0.1/"})
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "url")
        answer = await office.post(
            "/v1/webhook_endpoints", json={"url": f"{url}/hook", "topics": ["purchase.recorded"]}
        )
        assert answer.status_code == 201, answer.text
        endpoint = answer.json()
        assert endpoint["secret"].startswith("whsec_")
        listed = (await office.get("/v1/webhook_endpoints")).json()["items"]
        assert listed == [{name: value for name, value in endpoint.items() if name != "secret"}]
        member = await enrolled(office, 1)
        bought = await sold(till, 1, member)
        async with asyncio.timeout(15):
            await arrived.wait()  # At the second attempt: the first was answered by 503.
        verified = [Webhook(endpoint["secret"]).verify(body, headers) for headers, body in got]
        assert verified[0] == verified[1]
        assert verified[0]["data"]["purchase_id"] == bought["id"]
        assert got[0][0]["webhook-id"] == got[1][0]["webhook-id"]
        path = f"/v1/webhook_endpoints/{endpoint['id']}"
        async with asyncio.timeout(5):
            while not (items := (await office.get(f"{path}/deliveries?state=delivered")).json()["items"]):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert [(each["state"], each["attempts"], each["status"]) for each in items] == [("delivered", 2, 204)]
        assert items[0]["webhook_id"] == got[0][0]["webhook-id"]
        replayed = await office.post(f"{path}/replay", json={"from_position": 1})
        assert replayed.status_code == 200, replayed.text
        async with asyncio.timeout(5):
            while len(got) < 3:  # noqa: ASYNC110 - the receiver tells by its list.
                await asyncio.sleep(0.05)
        assert got[2][0]["webhook-id"] == got[0][0]["webhook-id"]
        assert (await office.delete(path)).status_code == 204
        assert (await office.get(path)).status_code == 404
        assert (await office.delete(path)).status_code == 404
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working


async def test_a_hold_that_runs_out_is_released_by_the_worker_and_told(service: Service) -> None:
    working = asyncio.create_task(work(service.database, SystemClock(), "loopback"))
    async with service.client("server") as office:
        member = await enrolled(office, 1)
        for number in range(5):
            await sold(office, number, member)
        heard = Heard(last_id="0")
        await listen(office, 11, heard)  # The enrolment and two events of each sale; from here on.
        heard.events.clear()
        listening_now = asyncio.create_task(listen(office, 2, heard, member=member["id"]))
        await asyncio.sleep(0.5)
        body = {
            "member": {"kind": "member_id", "value": member["id"]},
            "points": 10,
            "shop": "web",
            "expires_in": 1,
        }
        held = await office.post("/v1/holds", json=body, headers={"Idempotency-Key": "hold-1"})
        assert held.status_code == 201, held.text
        await listening_now
    assert [event["type"] for event in heard.events] == ["hold.created", "hold.expired"]
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    async with service.database.reading() as connection:
        row = await connection.fetchrow("select outcome, failures from job_run where job = 'release_holds'")
    assert tuple(row) in (("done", 0), ("stopped", 0))


async def test_a_stream_of_one_member_follows_a_merge_and_its_undo(service: Service) -> None:
    async with service.client("server") as office:
        survivor, source = await enrolled(office, 1), await enrolled(office, 2)
        heard = Heard(last_id="0")
        await listen(office, 2, heard)  # Both enrolments; from here on.
        heard.events.clear()
        body = {"source": {"kind": "member_id", "value": source["id"]}, "reason": "同一人物"}
        following = asyncio.create_task(listen(office, 99, heard, member=source["id"]))
        await asyncio.sleep(0.2)
        merged = await office.post(
            f"/v1/members/{survivor['id']}/merges", json=body, headers={"Idempotency-Key": "merge"}
        )
        assert merged.status_code == 201, merged.text
        await following  # The stream ends by itself: it concerns somebody else by now.
        assert [event["type"] for event in heard.events] == ["member.merged"]
        await sold(office, 1, survivor)
        await listen(office, 4, heard, member=source["id"])
        assert [event["type"] for event in heard.events[-2:]] == ["purchase.recorded", "points.posted"]
        following = asyncio.create_task(listen(office, 99, heard, member=source["id"]))
        await asyncio.sleep(0.2)
        undone = await office.post(
            f"/v1/merges/{merged.json()['id']}/undo", json={}, headers={"Idempotency-Key": "undo"}
        )
        assert undone.status_code == 200, undone.text
        await following  # It ends again: the two are two once more.
        await sold(office, 2, survivor)
        await sold(office, 3, source)
        count = len(heard.events)
        await listen(office, count + 2, heard, member=source["id"])
        everything = Heard(last_id="0")
        await listen(office, 9, everything)
        told = [
            event["type"] for event in everything.events if event["type"].startswith("member.") and "merge_id" in event
        ]
    assert told == ["member.merged", "member.unmerged"], "who listens to all hears each once"
    assert [(event["type"], event.get("external_id")) for event in heard.events[count:]] == [
        ("purchase.recorded", "stream-3"),
        ("points.posted", "stream-3"),
    ]
