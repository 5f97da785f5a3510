"""Members in browsers of their own: joining and signing in as people do, with the code from the message."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from api.conftest import client, furnish
from goen.channels.line.login import LineLogin
from goen.channels.messages.console import ConsoleSender
from goen.channels.messages.postman import Postman
from goen.main import Application, build
from goen.staff import secrets
from web.conftest import browser

PHONE = "090-1234-5678"
WHO = {"name": "試験 花子", "kana": "シケン ハナコ", "birth_date": "1990-04-01"}


@dataclass
class Shop:
    """The application with a console in place of mail and text messages, and a key of each role."""

    application: Application
    database: Any
    clock: Any
    console: ConsoleSender
    clients: dict[str, httpx.AsyncClient]

    def __getattr__(self, role: str) -> httpx.AsyncClient:
        return self.clients[role]

    async def code(self) -> str:
        """The code of the last message that went out."""
        await self.application.services.postman.settle()
        found = re.search(r"\d{6}", self.console.shown[-1].text)
        assert found is not None
        return found[0]

    async def member(self, contact: str = PHONE, **changes: Any) -> dict[str, Any]:
        """A member who carries a verified phone."""
        body = {**WHO, "identifiers": [{"kind": "phone", "value": contact, "verified": True}], **changes}
        answer = await self.server.post("/v1/members", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def buys(
        self, member: dict[str, Any] | None, receipt: str, amount: int = 1100, **more: Any
    ) -> dict[str, Any]:
        body = {
            "shop": "shibuya", "external_id": receipt, "occurred_at": self.clock.now().isoformat(),
            "lines": [{"line": 1, "amount": amount}], **more,
        }  # fmt: skip
        if member is not None:
            body["member"] = {"kind": "member_id", "value": member["id"]}
        answer = await self.server.post("/v1/purchases", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()


@pytest.fixture
async def shop(pool: Any, clock: Any) -> AsyncIterator[Shop]:
    async with open_shop(pool, clock) as at:
        yield at


@asynccontextmanager
async def open_shop(pool: Any, clock: Any, line: LineLogin | None = None) -> AsyncIterator[Shop]:
    """The shop over an empty database."""
    keys = await furnish(pool, clock)
    console = ConsoleSender()
    async with build(pool, clock, postman=Postman(console, console), line=line, push=True) as application:
        clients = {role: client(application, key) for role, key in keys.items()}
        yield Shop(application, pool, clock, console, clients)
        for each in clients.values():
            await each.aclose()


async def asks_for_code(at: Shop, visitor: httpx.AsyncClient, contact: str = PHONE) -> httpx.Response:
    """Contact, then the code that arrived."""
    sent = await visitor.post("/me/sign-in", data={"contact": contact})
    assert sent.headers.get("location") == "/me/sign-in/code", sent.text
    return await visitor.post("/me/sign-in/code", data={"code": await at.code()})


@asynccontextmanager
async def visiting(at: Shop, contact: str = PHONE) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which the member of this contact is signed in; codes may be asked for again after a while."""
    async with browser(at.application) as visitor:
        answer = await asks_for_code(at, visitor, contact)
        assert answer.headers.get("location") == "/me", answer.text
        at.clock.advance(seconds=31)
        yield visitor


def csrf(visitor: httpx.AsyncClient) -> str:
    return secrets.csrf_of(visitor.cookies["goen_member"])


async def sends(visitor: httpx.AsyncClient, path: str, **form: str) -> httpx.Response:
    """A form of the member's pages."""
    return await visitor.post(path, data={"csrf": csrf(visitor), **form})
