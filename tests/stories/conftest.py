"""A retailer to tell stories about: two stores, a web shop, keys, and the whole application over HTTP."""

from __future__ import annotations

import itertools
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from goen.actions.keys import create_key
from goen.actions.shops import PutShop, put_shop
from goen.api.services import Services
from goen.channels.line.login import LineLogin
from goen.channels.messages.console import ConsoleSender
from goen.channels.messages.postman import Postman
from goen.database.pool import Database, open_database
from goen.main import build
from goen.shops.directory import ShopDirectory


@dataclass
class Retailer:
    """One client per role, a clock to set, and short words for what stories do over and over."""

    clock: Any
    services: Services
    server: httpx.AsyncClient
    shibuya: httpx.AsyncClient
    yokohama: httpx.AsyncClient
    web: httpx.AsyncClient
    readonly: httpx.AsyncClient
    console: ConsoleSender = field(default_factory=ConsoleSender)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def number(self) -> int:
        return next(self._numbers)

    async def member(self, **changes: Any) -> dict[str, Any]:
        """A new member with a card."""
        n = self.number()
        body = {"name": f"試験 会員{n}", "identifiers": [{"kind": "card", "value": f"29{n:011d}"}], **changes}
        answer = await self.server.post("/v1/members", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def sale(self, amount: int = 1100, member: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        """The body of a sale of one line at 10 %, tax included."""
        body: dict[str, Any] = {
            "shop": "shibuya",
            "external_id": f"20261122-01-{self.number():06d}",
            "occurred_at": self.clock.now().isoformat(),
            "lines": [{"line": 1, "amount": amount}],
        }
        if member is not None:
            body["member"] = {"kind": "member_id", "value": member["id"]}
        return body | changes

    async def buys(self, amount: int = 1100, member: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        """Record a sale that must be accepted."""
        answer = await self.server.post("/v1/purchases", json=self.sale(amount, member, **changes))
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def act(self, path: str, body: dict[str, Any] | None = None, key: str | None = None) -> httpx.Response:
        """A write with an idempotency key of its own."""
        return await self.server.post(path, json=body or {}, headers={"Idempotency-Key": key or f"key-{self.number()}"})

    async def balance(self, member: dict[str, Any]) -> dict[str, Any]:
        answer = await self.server.get(f"/v1/members/{member['id']}/balance")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def code(self, kind: str, value: str, client: httpx.AsyncClient | None = None) -> tuple[str, str]:
        """Ask for a one-time code; gives its id and, from the message that went out, the code."""
        answer = await (client or self.web).post("/v1/contact_codes", json={"kind": kind, "value": value})
        assert answer.status_code == 201, answer.text
        await self.services.postman.settle()
        found = re.search(r"\d{6}", self.console.shown[-1].text)
        assert found
        return answer.json()["id"], found[0]

    async def proof(self, kind: str, value: str) -> str:
        """A contact proven by a code: what an identifier takes as its token."""
        code_id, code = await self.code(kind, value)
        body = {"id": code_id, "kind": kind, "value": value, "code": code}
        answer = await self.web.post("/v1/contact_codes/confirm", json=body)
        assert (answer.status_code, answer.json()["member"]) == (200, None), answer.text
        return code_id

    async def points(self, member: dict[str, Any]) -> int:
        return (await self.balance(member))["available"]


@pytest.fixture
async def retailer(database: Any, clock: Any) -> AsyncIterator[Retailer]:
    async with opened_retailer(database.dsn, clock) as opened:
        yield opened


@asynccontextmanager
async def opened_retailer(dsn: str, clock: Any, line: LineLogin | None = None) -> AsyncIterator[Retailer]:
    """The retailer over the database behind this address."""
    async with open_database(dsn) as opened:
        keys = await stock(opened, clock)
        console = ConsoleSender()
        async with build(opened, clock, postman=Postman(console, console), line=line) as application:
            transport = httpx.ASGITransport(application, raise_app_exceptions=True)
            clients = {
                name: httpx.AsyncClient(
                    transport=transport, base_url="http://goen", headers={"Authorization": f"Bearer {key}"}
                )
                for name, key in keys.items()
            }
            yield Retailer(clock=clock, services=application.services, console=console, **clients)
            for client in clients.values():
                await client.aclose()


async def stock(database: Database, clock: Any) -> dict[str, str]:
    """Shops and keys of the retailer; gives the keys by name."""
    directory = ShopDirectory()
    for code, name, kind in (
        ("shibuya", "渋谷店", "store"),
        ("yokohama", "横浜店", "store"),
        ("web", "オンラインストア", "ec"),
    ):
        await put_shop(database, directory, PutShop(code, name, kind, None, False), author="test", now=clock.now())
    roles = {
        "server": ("server", None),
        "shibuya": ("pos", "shibuya"),
        "yokohama": ("pos", "yokohama"),
        "web": ("ec", "web"),
        "readonly": ("readonly", None),
    }
    return {
        name: await create_key(
            database, integration=name, role=role, shop=shop, device=None, author="test", now=clock.now()
        )
        for name, (role, shop) in roles.items()
    }
