"""What pages may know and use, and whom the first page may tell."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from litestar import Request

from goen.actions.members.accesses import Accesses
from goen.actions.members.devices import Devices
from goen.actions.members.duplicates import MergePair
from goen.actions.points.context import Context
from goen.actions.till.till import Till
from goen.channels.line.login import LineLogin
from goen.channels.messages.postman import Postman
from goen.database.pool import Database
from goen.delivery.head import FeedHead
from goen.delivery.streams import Streams
from goen.delivery.webhooks.target import Reach
from goen.earning.catalogue import Programmes
from goen.readings.balance import Balances
from goen.readings.overview import Overview, overview
from goen.shops.directory import ShopDirectory
from goen.shops.keys import Keyring
from goen.vocabulary.clock import Clock

OVERVIEW_SECONDS = 5.0
CALM_SECONDS = 0.25
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


@dataclass
class Surroundings:
    """Handed down by main. ``problems`` are (code, statuses, sentence) of everything the API may refuse."""

    database: Database
    clock: Clock
    programmes: Programmes
    shops: ShopDirectory
    head: FeedHead
    problems: Sequence[tuple[str, str, str]]
    version: str
    demo: bool
    till: Till
    context: Context
    balances: Balances
    keyring: Keyring
    merge_pair: MergePair
    accesses: Accesses
    streams: Streams
    devices: Devices
    postman: Postman
    #: Where browsers' notifications may go, and the public key they are given; None: none are offered.
    reach: Reach
    push_key: str | None
    line: LineLogin
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    _overview: tuple[float, Overview] | None = field(default=None)

    async def overview(self) -> Overview:
        """Totals and what runs, at most five seconds old: visitors do not add up the ledger each for themselves."""
        if self._overview is None or self._overview[0] < time.monotonic() - OVERVIEW_SECONDS:
            self._overview = (time.monotonic(), await overview(self.database))
        return self._overview[1]

    async def moved(self, position: int) -> None:
        """Wait until the feed is past this position, this process ends, or the totals are due again.

        Then a little longer: a page for people need not flicker a thousand times a second.
        """
        waits = [
            asyncio.ensure_future(self.head.beyond(position, OVERVIEW_SECONDS)),
            asyncio.ensure_future(self.closing.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if not self.closing.is_set():
                await asyncio.sleep(CALM_SECONDS)
        finally:
            for each in waits:
                each.cancel()

    def may_see(self, request: Request[Any, Any, Any]) -> bool:
        """Whether figures of the business may be shown: demo data to everybody, others on this machine alone.

        A proxy on the same machine also calls from 127.0.0.1. It names another host or says for whom it
        asks; and a page of a stranger that resolves to us (DNS rebinding) has a strange host too.
        """
        if self.demo:
            return True
        host = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
        return (
            request.client is not None
            and _is_loopback(request.client.host)
            and host.strip("[]") in _HERE
            and not any(name in request.headers for name in _FORWARDED)
        )


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
