"""One attempt over HTTP. Everything that can go wrong there is an outcome, not an error."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpcore

from goen.delivery.webhooks.message import body_of, headers_for, message_id
from goen.delivery.webhooks.model import Outcome, Parcel
from goen.delivery.webhooks.target import GuardedNetwork, Reach
from goen.vocabulary.clock import Instant

TIMEOUT_SECONDS = 15.0
ANSWER_BYTES_MAX = 64 * 1024


class Sender:
    """Posts events to endpoints. Follows no redirects, keeps no cookies, obeys no proxy variables."""

    def __init__(self, pool: httpcore.AsyncConnectionPool, timeout_seconds: float) -> None:
        self._pool = pool
        self._timeout_seconds = timeout_seconds

    async def send(self, url: str, secret: str, endpoint_id: int, parcel: Parcel, now: Instant) -> Outcome:
        """Send one event once. 2xx is success, whatever the body; the whole attempt takes 15 s at most."""
        body = body_of(parcel.event)
        headers = headers_for(secret, message_id(endpoint_id, parcel.event.position), body, now)
        try:
            async with asyncio.timeout(self._timeout_seconds):
                async with self._pool.stream("POST", url, headers=headers, content=body) as answer:
                    size = 0
                    async for part in answer.aiter_stream():
                        # Read to its end, and the connection serves the next event too.
                        if (size := size + len(part)) > ANSWER_BYTES_MAX:
                            break
                    return Outcome(answer.status, None, _retry_after(answer.headers))
        except TimeoutError:
            return Outcome(None, f"no answer within {self._timeout_seconds:g} s")
        except Exception as error:
            # Names that do not resolve, refused connections, broken TLS, answers that are no HTTP.
            return Outcome(None, f"{type(error).__name__}: {error}"[:300])


@asynccontextmanager
async def sending(reach: Reach, timeout_seconds: float = TIMEOUT_SECONDS) -> AsyncIterator[Sender]:
    """A sender with connections that are kept open between events."""
    async with httpcore.AsyncConnectionPool(
        max_connections=None,  # The courier bounds them per endpoint: no endpoint waits for another's.
        max_keepalive_connections=20,
        keepalive_expiry=30,
        network_backend=GuardedNetwork(reach),
    ) as pool:
        yield Sender(pool, timeout_seconds)


def _retry_after(headers: list[tuple[bytes, bytes]]) -> float | None:
    """``Retry-After`` in seconds; the form with a date is left to our own schedule."""
    for name, value in headers:
        if name.lower() == b"retry-after" and value.isdigit():
            return float(value[:9])
    return None
