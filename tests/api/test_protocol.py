"""HTTP over a real socket: what takes the short way and what the long one are answered alike."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

import pytest
import uvicorn

from goen.api.protocol import Exchange, Protocol
from goen.main import Application

from .conftest import Edge

LINE = '{"line":1,"amount":1100,"tax_rate":10}'
SEEN: list[bytes] = []


class Watched(Protocol):
    """Notes which requests took the short way."""

    def _exchange(self) -> Exchange | None:
        exchange = super()._exchange()
        if exchange is not None:
            SEEN.append(exchange.url)
        return exchange


@dataclass
class Served:
    edge: Edge
    port: int

    def head(self, method: str, path: str, *more: str, version: str = "1.1") -> bytes:
        lines = [f"{method} {path} HTTP/{version}", "Host: goen", f"Authorization: Bearer {self.edge.keys['server']}"]
        return "\r\n".join([*lines, *more, "", ""]).encode()

    def sale(self, receipt: str, *more: str) -> bytes:
        body = (
            f'{{"shop":"shibuya","external_id":"{receipt}","occurred_at":"{self.edge.clock.now().isoformat()}",'
            f'"lines":[{LINE}]}}'
        ).encode()
        kind = "Content-Type: application/json"
        return self.head("POST", "/v1/purchases", kind, f"Content-Length: {len(body)}", *more) + body


@pytest.fixture
async def served(edge: Edge) -> AsyncIterator[Served]:
    SEEN.clear()
    application: Application = edge.application
    server = uvicorn.Server(
        uvicorn.Config(
            application, port=0, http=Watched, lifespan="off", access_log=False, log_level="error", proxy_headers=False
        )
    )
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    yield Served(edge, server.servers[0].sockets[0].getsockname()[1])
    application.stop()
    server.should_exit = True
    await task


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """One answer off the wire."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:-2])}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return int(head[0].split()[1]), headers, body


async def test_one_connection_carries_many_requests(served: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    for receipt in ("a", "b", "a"):
        writer.write(served.sale(receipt))
        status, headers, body = await answer(reader)
        assert (status, json.loads(body)["external_id"]) == (201, receipt)
        assert headers["content-type"] == "application/json"
        assert headers["x-request-id"]
        assert headers["date"]
    assert headers["idempotent-replayed"] == "true"
    assert SEEN == [b"/v1/purchases"] * 3
    writer.close()


async def test_a_request_in_pieces_is_whole_in_the_end(served: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    whole = served.sale("pieces")
    for piece in (whole[:10], whole[10:200], whole[200:-5], whole[-5:]):
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.02)
    assert (await answer(reader))[0] == 201
    writer.close()


async def test_pipelined_requests_are_answered_in_their_order(served: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(b"".join(served.sale(f"p{n}") for n in range(5)))
    found = [json.loads((await answer(reader))[2])["external_id"] for _ in range(5)]
    assert found == [f"p{n}" for n in range(5)]
    assert len(SEEN) < 5
    writer.close()


async def test_what_takes_the_long_way_is_answered_alike(served: Served) -> None:
    body = served.sale("chunked").partition(b"\r\n\r\n")[2]
    chunked = served.head("POST", "/v1/purchases", "Content-Type: application/json", "Transfer-Encoding: chunked")
    for request, status in (
        (chunked + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body), 201),
        (served.head("GET", "/v1/shops", version="1.0"), 200),
        (served.head("GET", "/v1/sh%6Fps"), 200),
        (served.head("HEAD", "/v1/shops"), 405),
        (served.head("GET", "/healthz"), 200),
    ):
        SEEN.clear()
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.split()[1] == str(status).encode(), head
        assert SEEN == []
        writer.close()


async def test_refusals_and_closing_take_the_short_way_too(served: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(served.head("GET", "/v1/nothing"))
    status, headers, body = await answer(reader)
    assert (status, json.loads(body)["code"]) == (404, "not_found")
    assert headers["content-type"] == "application/problem+json"
    writer.write(served.sale("last", "Connection: close"))
    status, headers, _ = await answer(reader)
    assert (status, headers["connection"]) == (201, "close")
    assert await reader.read() == b""
    assert len(SEEN) == 2
    writer.close()


async def test_a_body_too_large_is_refused_before_it_is_read(served: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    length = 64 * 1024 * 1024
    writer.write(
        served.head("POST", "/v1/purchases", "Content-Type: application/json", f"Content-Length: {length}") + b"{"
    )
    status, _, body = await answer(reader)
    assert (status, json.loads(body)["code"]) == (413, "payload_too_large")
    writer.close()


async def test_a_client_that_leaves_loses_nothing(served: Served) -> None:
    for _ in range(5):
        _, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(served.sale("left"))
        await writer.drain()
        writer.transport.abort()
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(served.sale("left"))
    status, _, body = await answer(reader)
    assert status == 201
    assert json.loads(body)["external_id"] == "left"
    async with served.edge.database.reading() as connection:
        assert await connection.fetchval("select count(*) from purchase where external_id = 'left'") == 1
    writer.close()


async def test_a_stream_is_streamed(served: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(served.head("GET", "/v1/stream"))
    head = await reader.readuntil(b"\r\n\r\n")
    assert b"text/event-stream" in head
    other, sender = await asyncio.open_connection("127.0.0.1", served.port)
    sender.write(served.sale("streamed"))
    assert (await answer(other))[0] == 201
    with suppress(asyncio.IncompleteReadError):
        async with asyncio.timeout(5):
            await reader.readuntil(b'"external_id":"streamed"')
    assert SEEN == [b"/v1/purchases"]
    for each in (writer, sender):
        each.close()
