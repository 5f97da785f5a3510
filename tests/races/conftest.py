"""Two tills on one database: what two server processes are to each other."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from goen.database.pool import open_database
from goen.main import build
from stories.conftest import Retailer, stock


@dataclass
class Pair:
    """One retailer behind two applications; each has its own till, pools and memory."""

    one: Retailer
    two: Retailer

    def __iter__(self) -> Any:
        return iter((self.one, self.two))

    async def warm(self) -> None:
        """Both tills open all their connections: a race is lost that waits for one to be made."""
        people = [await self.one.member() for _ in range(16)]
        await asyncio.gather(*(at.buys(1100, person) for at in self for person in people))

    def either(self, n: int) -> Retailer:
        """Requests dealt out in turn."""
        return (self.one, self.two)[n % 2]


@asynccontextmanager
async def instance(dsn: str, clock: Any, keys: dict[str, str], numbers: Any) -> AsyncIterator[Retailer]:
    """One application over the database, with a client per key."""
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(open_database(dsn))
        application = await stack.enter_async_context(build(opened, clock))
        transport = httpx.ASGITransport(application, raise_app_exceptions=True)
        clients = {}
        for name, key in keys.items():
            client = httpx.AsyncClient(
                transport=transport, base_url="http://goen", headers={"Authorization": f"Bearer {key}"}
            )
            clients[name] = await stack.enter_async_context(client)
        yield Retailer(clock=clock, services=application.services, **clients, _numbers=numbers)


@pytest.fixture
async def pair(database: Any, clock: Any) -> AsyncIterator[Pair]:
    async with open_database(database.dsn) as opened:
        keys = await stock(opened, clock)
    numbers = itertools.count(1)
    async with (
        instance(database.dsn, clock, keys, numbers) as one,
        instance(database.dsn, clock, keys, numbers) as two,
    ):
        yield Pair(one, two)
