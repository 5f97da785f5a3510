"""Notifications by the push services of the browsers' makers: one request each, answered in a word."""

from __future__ import annotations

import asyncio

import httpcore

from goen.channels.push.contract import Browser, Outcome
from goen.channels.push.encrypt import encrypted
from goen.channels.push.vapid import Vapid
from goen.delivery.webhooks.target import GuardedNetwork, Reach
from goen.vocabulary.clock import Clock

TIMEOUT_SECONDS = 15.0


class WebPush:
    """Sends for one installation. A browser chose the address: our own network is not reachable by it."""

    def __init__(self, vapid: Vapid, reach: Reach, clock: Clock, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._vapid = vapid
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self._pool = httpcore.AsyncConnectionPool(
            max_connections=20, keepalive_expiry=30, network_backend=GuardedNetwork(reach)
        )

    async def send(self, browser: Browser, payload: bytes, seconds: int) -> Outcome:
        """Send once. 404 and 410 say that the subscription is over; 429 and 5xx that another time may do."""
        headers = [
            ("authorization", self._vapid.authorization(browser.endpoint, self._clock.now())),
            ("content-encoding", "aes128gcm"),
            ("content-type", "application/octet-stream"),
            ("ttl", str(max(seconds, 0))),
            ("urgency", "normal"),
        ]
        try:
            async with asyncio.timeout(self._timeout_seconds):
                answer = await self._pool.request(
                    "POST", browser.endpoint, headers=headers, content=encrypted(payload, browser)
                )
        except TimeoutError:
            return "again"
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError):
            return "again"
        except (httpcore.UnsupportedProtocol, ValueError):
            return "failed"
        if answer.status in (404, 410):
            return "gone"
        if 200 <= answer.status < 300:
            return "sent"
        return "again" if answer.status == 429 or answer.status >= 500 else "failed"

    async def close(self) -> None:
        """Let go of connections."""
        await self._pool.aclose()
