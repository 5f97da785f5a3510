"""HTTP as uvicorn speaks it, with one thing more: an answer that is whole goes out in one piece.

ASGI sends an answer in two messages, whose headers the server checks, copies and writes before it sees the
body. Ours is finished when it is sent, so the application finds in the scope (:data:`WHOLE`) a function that
writes it at once. Streams, and whoever does not know of it, go the way of ASGI.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

Headers: TypeAlias = Iterable[tuple[bytes, bytes]]
#: Sends status, headers and body; False where the answer must go the way of ASGI after all.
Whole: TypeAlias = Callable[[int, Headers, bytes], bool]
WHOLE = "goen.whole"


class Protocol(HttpToolsProtocol):
    """One connection."""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        def whole(status: int, headers: Headers, body: bytes) -> bool:
            return self._whole(cycle, status, headers, body)

        cycle.scope[WHOLE] = whole  # type: ignore[literal-required]
        super()._start_asgi_task(cycle, app)

    def _whole(self, cycle: RequestResponseCycle, status: int, headers: Headers, body: bytes) -> bool:
        del cycle.scope[WHOLE]  # type: ignore[misc] # Else the two hold each other until the collector comes.
        if cycle.disconnected:
            return True  # Nobody is there; what was done stays done.
        if self.flow.write_paused or cycle.response_started or cycle.scope["method"] == "HEAD":
            return False
        parts = [STATUS_LINE[status]]
        for name, value in (*cycle.default_headers, *headers):
            parts += (name, b": ", value, b"\r\n")
        parts.append(b"content-length: %d\r\n" % len(body) if status != 204 else b"")
        parts.append(b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n")
        parts.append(body)
        cycle.response_started = cycle.response_complete = True
        self.transport.write(b"".join(parts))
        cycle.message_event.set()
        if not cycle.keep_alive:
            self.transport.close()
        cycle.on_response()
        return True
