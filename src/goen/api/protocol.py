"""HTTP as uvicorn speaks it, with a short way for the requests a till sends.

A request for ``/v1`` whose length is known and small is gathered, answered by the frame and written in one
piece. ASGI would carry it in messages, each checked and copied: a third of what a sale costs before anybody
looks at it. Everything else (pages, streams, chunked or large bodies, pipelined requests, ``Expect``,
upgrades, escaped addresses) goes the way of ASGI, in uvicorn's hands as before.
"""

from __future__ import annotations

from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from goen.api.call import Reply
from goen.api.frame import Asked, Frame, headers_of

#: Bodies above this are left to ASGI, which reads no more of them than the operation takes.
BODY_MAX = 1_048_576
_METHODS = frozenset({b"GET", b"POST", b"PUT", b"PATCH", b"DELETE"})


class Exchange:
    """One request on the short way. Has what uvicorn asks of its own kind when a connection ends."""

    __slots__ = ("body", "disconnected", "headers", "keep_alive", "message_event", "method", "response_complete", "url")

    def __init__(self, method: bytes, url: bytes, headers: dict[bytes, bytes], keep_alive: bool) -> None:
        self.method = method
        self.url = url
        self.headers = headers
        self.keep_alive = keep_alive
        self.body = b""
        self.disconnected = False
        self.response_complete = False
        self.message_event = _NOBODY_WAITS

    def asked(self) -> Asked:
        """The request as the frame takes it."""
        path, _, query = self.url.partition(b"?")
        return Asked(self.method.decode(), path.decode("latin-1"), path, query, self.headers, self.received)

    async def received(self) -> dict[str, Any]:
        """The body in one message."""
        return {"type": "http.request", "body": self.body, "more_body": False}


class _NobodyWaits:
    def set(self) -> None: ...


_NOBODY_WAITS = _NobodyWaits()


class Protocol(HttpToolsProtocol):
    """One connection."""

    _short: Exchange | None = None
    """The request being received, where it takes the short way."""

    def on_message_begin(self) -> None:
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_headers_complete(self) -> None:
        self._short = self._exchange()
        if self._short is not None:
            self.cycle = cast(RequestResponseCycle, self._short)
            return
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expect
        self.headers += headers
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self._short is not None:
            self._short.body += body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._short is not None:
            task = self.loop.create_task(self._answer(self._short))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        else:
            super().on_message_complete()

    def _exchange(self) -> Exchange | None:
        """This request on the short way, or None where it has to go the long one."""
        frame = self._frame
        if frame is None or self.url[:4] != b"/v1/" or self.expect_100_continue:
            return None
        if self.cycle is not None and not self.cycle.response_complete:
            return None  # Pipelined: it waits its turn with uvicorn.
        parser = self.parser
        method = parser.get_method()
        if method not in _METHODS or parser.should_upgrade() or parser.get_http_version() != "1.1":
            return None
        headers = dict(self.headers)
        if b"transfer-encoding" in headers or b"%" in self.url or frame.streams(self.url):
            return None
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > BODY_MAX:
            return None
        return Exchange(method, self.url, headers, parser.should_keep_alive())

    @property
    def _frame(self) -> Frame | None:
        frame: Frame | None = getattr(self.app, "frame", None)
        return frame

    async def _answer(self, exchange: Exchange) -> None:
        frame = self._frame
        assert frame is not None
        answered = await frame.answer(exchange.asked())
        assert answered is not None, "the request was whole"
        reply, request_id, extra = answered
        assert type(reply) is Reply, "streams go the way of ASGI"
        if self.transport.is_closing():
            return  # Nobody is there; what was done stays done, and its repeat gets the same answer.
        parts = [STATUS_LINE[reply.status]]
        for name, value in (*self.server_state.default_headers, *headers_of(reply, request_id, extra)):
            parts += (name, b": ", value, b"\r\n")
        parts += (b"\r\n" if exchange.keep_alive else b"connection: close\r\n\r\n", reply.body)
        exchange.response_complete = True
        self.transport.write(b"".join(parts))
        if not exchange.keep_alive:
            self.transport.close()
        self.on_response_complete()
