"""A stand-in of somebody else's HTTP service: answers what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn


class StandIn:
    """One service. ``answers`` are given in turn, the last one again and again: (status, JSON bytes)."""

    def __init__(self, *answers: tuple[int, bytes]) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []
        self.address = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.asked.append({"method": scope["method"], "path": scope["path"], "headers": headers, "body": body})
        status, answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        head = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": answer})


@asynccontextmanager
async def standing_in(*answers: tuple[int, bytes]) -> AsyncIterator[StandIn]:
    """The service on a free port of this machine while the block runs."""
    service = StandIn(*answers)
    server = uvicorn.Server(uvicorn.Config(service, port=0, lifespan="off", access_log=False, log_level="warning"))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it by nothing else.
        await asyncio.sleep(0.01)
    service.address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield service
    server.should_exit = True
    await task
