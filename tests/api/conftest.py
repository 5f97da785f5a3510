"""The whole application in process, with one client per role."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from goen.actions.keys import create_key
from goen.actions.shops import PutShop, put_shop
from goen.database.pool import Database
from goen.main import Application, build
from goen.shops.directory import ShopDirectory

ROLES = ("pos", "ec", "server", "readonly")


@dataclass
class Edge:
    """The application and its keys by role; ``anyone`` sends none."""

    application: Application
    database: Database
    clock: Any
    keys: dict[str, str]
    clients: dict[str, httpx.AsyncClient]

    def __getattr__(self, role: str) -> httpx.AsyncClient:
        return self.clients[role]


async def furnish(pool: Database, clock: Any) -> dict[str, str]:
    """Two shops and a key of each role; gives the keys."""
    shops = ShopDirectory()
    for code, name, kind in (("shibuya", "渋谷店", "store"), ("web", "オンラインストア", "ec")):
        await put_shop(pool, shops, PutShop(code, name, kind), author="test", now=clock.now())
    bound = {"pos": "shibuya", "ec": "web"}
    return {
        role: await create_key(
            pool, integration=role, role=role, shop=bound.get(role), device=None, author="test", now=clock.now()
        )
        for role in ROLES
    }


def client(application: Application, key: str | None = None) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(application, raise_app_exceptions=True),
        base_url="http://goen",
        headers={"Authorization": f"Bearer {key}"} if key else {},
    )


@pytest.fixture
async def edge(pool: Database, clock: Any) -> AsyncIterator[Edge]:
    keys = await furnish(pool, clock)
    async with build(pool, clock) as application:
        clients = {role: client(application, key) for role, key in keys.items()}
        clients["anyone"] = client(application)
        yield Edge(application, pool, clock, keys, clients)
        for each in clients.values():
            await each.aclose()
