"""What the layer around every operation promises, whatever the operation is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import msgspec
import pytest
import structlog
from structlog.testing import capture_logs

from goen.actions.keys import create_key, revoke_keys
from goen.api.call import Answer, Call, Events
from goen.api.frame import Frame
from goen.api.limits import Limits
from goen.api.metrics import Metrics
from goen.api.operations import Operation
from goen.main import build
from goen.shops.keys import Keyring

from .conftest import Edge, client

JSON = {"Content-Type": "application/json"}


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The answer is this problem, whole and named."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert body["type"] == f"/docs/problems#{code}"
    assert body["request_id"] == answer.headers["x-request-id"]
    return body


async def test_without_a_key_nobody_is_answered(edge: Edge) -> None:
    for headers in (
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic Z29lbg=="},
        {"Authorization": "Bearer x"},
    ):
        answer = await edge.anyone.get("/v1/shops", headers=headers)
        problem(answer, 401, "unauthorized")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    lower = await edge.anyone.get("/v1/shops", headers={"Authorization": f"bearer {edge.keys['pos']}"})
    assert lower.status_code == 200


async def test_a_new_key_works_at_once_and_a_revoked_one_ends_within_a_second(edge: Edge) -> None:
    # Made and revoked as another process would: this one's memory is not told.
    key = await create_key(
        edge.database, integration="till-2", role="pos", shop="shibuya", device=None, author="t", now=edge.clock.now()
    )
    fresh = client(edge.application, key)
    assert (await fresh.get("/v1/shops")).status_code == 200
    await revoke_keys(edge.database, "till-2", author="t", now=edge.clock.now())
    await asyncio.sleep(0.95)
    problem(await fresh.get("/v1/shops"), 401, "unauthorized")
    assert (await edge.pos.get("/v1/shops")).status_code == 200


async def test_the_day_of_last_use_is_kept(edge: Edge, owner: asyncpg.Connection) -> None:
    await edge.pos.get("/v1/shops")
    await asyncio.sleep(0.8)
    rows = await owner.fetch("select role, last_used_on from api_key")
    assert {row["role"]: row["last_used_on"] for row in rows} == {
        "pos": edge.clock.now().date(), "ec": None, "server": None, "readonly": None
    }  # fmt: skip


async def test_unknown_addresses_and_methods(edge: Edge) -> None:
    problem(await edge.server.get("/v1/nothing"), 404, "not_found")
    problem(await edge.server.get("/v1"), 404, "not_found")
    problem(await edge.server.get("/v1/shops/"), 404, "not_found")
    answer = await edge.server.delete("/v1/shops/shibuya")
    assert problem(answer, 405, "method_not_allowed")["allowed"] == ["PUT", "GET"]
    assert answer.headers["allow"] == "PUT, GET"
    problem(await edge.anyone.get("/nothing"), 404, "not_found")


async def test_a_variable_may_hold_an_encoded_slash_but_no_nonsense(edge: Edge) -> None:
    made = await edge.server.put("/v1/products/A%2F1%20%E8%8C%B6", json={"name": "茶"})
    assert made.status_code == 201
    assert made.json()["sku"] == "A/1 茶"
    assert (await edge.server.get("/v1/products/A%2F1%20%E8%8C%B6")).json() == made.json()
    for word in ("%ff", "a%00b", "%ed%a0%80"):
        problem(await edge.server.get(f"/v1/products/{word}"), 404, "not_found")
    problem(await edge.server.put(f"/v1/products/{'x' * 101}", json={"name": "x"}), 422, "invalid_request")


async def test_every_answer_has_a_request_id_of_its_own(edge: Edge) -> None:
    answers = [
        await edge.anyone.get(path)
        for path in ("/v1/shops", "/healthz", "/", "/nothing", "/openapi.json", "/static/front.css")
    ]
    answers.append(await edge.pos.get("/v1/shops"))
    assert len({answer.headers["x-request-id"] for answer in answers}) == len(answers)


async def test_only_json_in_utf_8_is_read(edge: Edge) -> None:
    body = b'{"name": "x"}'
    for kind in (
        "text/plain", "application/x-www-form-urlencoded", "application/json; charset=cp932", "application/xml", "json"
    ):  # fmt: skip
        answer = await edge.server.put("/v1/products/a", content=body, headers={"Content-Type": kind})
        problem(answer, 415, "unsupported_media_type")
    packed = await edge.server.put("/v1/products/a", content=body, headers={**JSON, "Content-Encoding": "gzip"})
    problem(packed, 415, "unsupported_media_type")
    for kind in ("application/json", "application/json;charset=UTF-8", "Application/JSON; charset=utf-8"):
        answer = await edge.server.put("/v1/products/a", content=body, headers={"Content-Type": kind})
        assert answer.status_code in (200, 201), kind


def scope(edge: Edge, path: str, *, method: str = "PUT", role: str = "server", **headers: str) -> dict[str, Any]:
    """A request as uvicorn hands it over."""
    given = {"authorization": f"Bearer {edge.keys[role]}", "content-type": "application/json", **headers}
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()],
    }


async def test_a_body_announced_too_large_is_not_read(edge: Edge) -> None:
    sent: list[Any] = []

    async def never() -> Any:
        raise AssertionError("the body was read")

    async def send(message: Any) -> None:
        sent.append(message)

    request = scope(edge, "/v1/products/a", content_length=str(1024 * 1024 + 1))
    await edge.application(request, never, send)
    assert sent[0]["status"] == 413
    assert (b"connection", b"close") in sent[0]["headers"]


async def test_a_body_that_grows_too_large_is_read_no_further(edge: Edge) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b" " * 65_536

    answer = await edge.server.put("/v1/products/a", content=endless(), headers=JSON)
    assert problem(answer, 413, "payload_too_large")["bytes_max"] == 1024 * 1024
    assert read <= 18


async def test_idempotency_keys_are_needed_and_printable(edge: Edge) -> None:
    path, body = "/v1/adjustments", {}
    problem(await edge.server.post(path, json=body), 422, "missing_idempotency_key")
    problem(await edge.server.post(path, json=body, headers={"Idempotency-Key": ""}), 422, "missing_idempotency_key")
    for key in ("x" * 201, "日本", "a\tb"):
        answer = await edge.server.post(path, json=body, headers={"Idempotency-Key": key.encode()})
        assert problem(answer, 422, "invalid_request")["errors"][0]["field"] == "Idempotency-Key"
    answer = await edge.server.post(path, json=body, headers={"Idempotency-Key": "x" * 200})
    problem(answer, 422, "invalid_request")


async def test_queries_are_read_strictly(edge: Edge) -> None:
    for query, field in (
        ("version=x", "version"), ("version=1&version=2", "version"), ("other=1", "other"), ("version=0", "version"),
        ("version=%ff", ""), ("version=1%00", "version"), ("&".join(f"a{n}=1" for n in range(60)), ""),
    ):  # fmt: skip
        body = problem(await edge.server.get(f"/v1/programme?{query}"), 422, "invalid_request")
        assert body["errors"][0]["field"] == field, query


async def test_reads_follow_the_callers_language_and_writes_the_programmes(edge: Edge) -> None:
    async def text(wish: str) -> str:
        return (await edge.pos.get("/v1/programme", headers={"Accept-Language": wish})).json()["text"]

    japanese, english = await text("ja"), await text("en-GB,en;q=0.9")
    assert "ポイント" in japanese
    assert "points" in english
    assert await text("en;q=0.2, ja-JP;q=0.8") == japanese
    assert await text("fr, de;q=0.5") == japanese
    assert await text("en;q=nonsense") == japanese
    programme = (await edge.server.get("/v1/programme")).json()
    changed = {**programme, "starts_at": None}
    answer = await edge.server.put("/v1/programme", json=changed, headers={"Accept-Language": "en"})
    assert answer.status_code == 200, answer.text
    assert "ポイント" in answer.json()["text"]


async def test_limits_are_told_and_kept(edge: Edge) -> None:
    async with build(edge.database, edge.clock, limits=Limits(others_per_minute=3)) as application:
        key = client(application, edge.keys["pos"])
        told = [await key.get("/v1/shops") for _ in range(3)]
        assert [answer.headers["ratelimit-remaining"] for answer in told] == ["2", "1", "0"]
        assert {answer.headers["ratelimit-limit"] for answer in told} == {"3"}
        refused = await key.get("/v1/shops")
        assert problem(refused, 429, "rate_limited")["retry_after"] == int(refused.headers["retry-after"])
        assert 1 <= int(refused.headers["retry-after"]) <= 20
        # Another key has a bucket of its own, and sales are not counted unless that is set.
        assert (await client(application, edge.keys["ec"]).get("/v1/shops")).status_code == 200
        for _ in range(5):
            answer = await key.post("/v1/purchases", json={})
            problem(answer, 422, "invalid_request")
            assert "ratelimit-limit" not in answer.headers


# Frames over operations of a test's own ------------------------------------------------------------


class AnyQuery(msgspec.Struct):
    """What the tests below ask with."""

    name: str | None = None
    secret: str | None = None


def frame(edge: Edge, handler: Any, **changes: Any) -> Frame:
    """A frame with one operation."""
    operation = Operation(method="GET", path="/v1/x", summary="x", handler=handler, query=AnyQuery, **changes)
    return Frame([operation], edge.application.services, Keyring(edge.database), Metrics("0"), Limits())


async def ask(made: Frame, edge: Edge) -> Any:
    return await client(made, edge.keys["server"]).get("/v1/x?secret=hunter2")  # type: ignore[arg-type]


async def test_our_own_failure_is_told_logged_and_counted(edge: Edge) -> None:
    async def fails(call: Call) -> Answer:
        raise RuntimeError("our mistake")

    made = frame(edge, fails)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    with capture_logs() as logged:
        body = problem(await ask(made, edge), 500, "internal_error")
    (line,) = [each for each in logged if each["event"] == "request_failed"]
    assert line["request_id"] == body["request_id"]
    assert isinstance(line["exc_info"], RuntimeError)
    assert "hunter2" not in str(logged)
    assert "our mistake" not in str(body)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ConnectionRefusedError(), 503, "database_unavailable"),
        (asyncpg.CannotConnectNowError("starting up"), 503, "database_unavailable"),
        (asyncpg.AdminShutdownError("stopping"), 503, "database_unavailable"),
        (asyncpg.TooManyConnectionsError("full"), 503, "database_unavailable"),
        (asyncpg.InterfaceError("connection is closed"), 503, "database_unavailable"),
        (asyncpg.DataError("value out of range"), 422, "invalid_request"),
    ],
)
async def test_trouble_with_the_database_is_told_as_such(edge: Edge, error: Exception, status: int, code: str) -> None:
    async def fails(call: Call) -> Answer:
        raise error

    answer = await ask(frame(edge, fails), edge)
    problem(answer, status, code)
    assert ("retry-after" in answer.headers) == (status == 503)


async def test_a_client_that_leaves_is_no_error(edge: Edge) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def gone() -> Any:
        return {"type": "http.disconnect"}

    async def refused(message: Any) -> None:
        raise OSError("the connection is closed")

    await edge.application(scope(edge, "/v1/products/a", content_length="9"), gone, send)
    assert sent == []
    await edge.application(scope(edge, "/v1/shops", method="GET"), gone, refused)


async def test_a_stream_ends_when_the_listener_leaves_or_the_server_stops(edge: Edge) -> None:
    closed: list[str] = []

    async def ticks(name: str) -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"data: tick\n\n"
                await asyncio.sleep(0.01)
        finally:
            closed.append(name)

    async def listen(call: Call) -> Answer:
        return Events(ticks(call.query["name"]))

    made = frame(edge, listen)
    sent: dict[str, list[Any]] = {"leaves": [], "stays": []}

    async def run(name: str, patience: float) -> None:
        async def receive() -> Any:
            await asyncio.sleep(patience)
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent[name].append(message)

        request = scope(edge, "/v1/x", method="GET")
        await made({**request, "query_string": f"name={name}".encode()}, receive, send)

    staying = asyncio.create_task(run("stays", 60))
    await asyncio.wait_for(run("leaves", 0.1), 2)
    assert closed == ["leaves"]
    made.stopping.set()
    await asyncio.wait_for(staying, 2)
    assert closed == ["leaves", "stays"]
    assert sent["stays"][0]["status"] == 200
    assert (b"content-type", b"text/event-stream") in sent["stays"][0]["headers"]
    # An orderly end, so that a proxy does not take the answer for a broken one.
    assert sent["stays"][-1] == {"type": "http.response.body", "body": b""}


async def test_probes_need_no_key(edge: Edge, owner: asyncpg.Connection) -> None:
    assert (await edge.anyone.get("/healthz")).json() == {"status": "ok"}
    assert (await edge.anyone.get("/readyz")).json() == {"status": "ok"}
    assert (await edge.anyone.head("/healthz")).content == b""
    problem(await edge.anyone.post("/healthz"), 405, "method_not_allowed")
    await edge.pos.get("/v1/shops")
    figures = (await edge.anyone.get("/metrics")).text
    assert 'goen_http_requests_total{operation="GET /v1/shops",status="200"} 1.0' in figures
    assert "goen_streams_open 0.0" in figures
    assert "goen_feed_position " in figures
    await owner.execute("delete from schema_migration where number = (select max(number) from schema_migration)")
    late = await edge.anyone.get("/readyz")
    assert late.status_code == 503
    assert "migrate" in late.json()["reason"]
    assert (await edge.anyone.get("/healthz")).status_code == 200
