"""The office over HTTP: staff of every role, each in a browser of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from api.conftest import edge  # noqa: F401 - a fixture
from goen.actions.shops import PutShop, put_shop
from goen.actions.staff import add_staff
from goen.database.pool import Database
from goen.shops.directory import ShopDirectory
from goen.staff import secrets, store
from goen.staff.model import ROLES
from goen.staff.rules import OF_A_SHOP

PASSWORD = "correct horse battery"
SECOND = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PIN = "2468"
HOST = "http://localhost:8000"


def browser(application: Any, address: str = "127.0.0.1", **headers: str) -> httpx.AsyncClient:
    """A browser, at the machine itself unless told otherwise; it keeps cookies and follows nothing by itself."""
    transport = httpx.ASGITransport(application, client=(address, 5000), raise_app_exceptions=True)
    return httpx.AsyncClient(transport=transport, base_url=HOST, headers={"Accept": "text/html", **headers})


async def employ(database: Database, clock: Any) -> None:
    """One of each role; manager and clerk at Shibuya. Where a role needs a second factor it is set up."""
    await put_shop(database, ShopDirectory(), PutShop("yokohama", "横浜店", "store"), author="test", now=clock.now())
    for role in ROLES:
        staff_id = await add_staff(
            database, login=role, name=f"試験 {role}", role=role, password=PASSWORD, pin=PIN,
            shop_codes=["shibuya"] if role in OF_A_SHOP else [], author="test", now=clock.now(),
        )  # fmt: skip
        if role in ("owner", "accounting"):
            async with database.transaction() as connection:
                await store.set_second(connection, staff_id, SECOND)


async def sign_in(visitor: httpx.AsyncClient, role: str, clock: Any) -> httpx.Response:
    """Password, and the second factor where it is asked for."""
    answer = await visitor.post("/office/sign-in", data={"login": role, "password": PASSWORD})
    if answer.headers.get("location", "").endswith("/second"):
        clock.advance(seconds=60)  # A code serves once.
        code = _code(clock)
        answer = await visitor.post("/office/sign-in/second", data={"code": code})
    return answer


def _code(clock: Any) -> str:
    import pyotp

    return pyotp.TOTP(SECOND).at(int(clock.now().timestamp()))


@asynccontextmanager
async def signed_in(application: Any, role: str, clock: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in which somebody of this role is signed in."""
    async with browser(application) as visitor:
        answer = await sign_in(visitor, role, clock)
        assert answer.status_code == 303, answer.text
        yield visitor


def csrf_of(visitor: httpx.AsyncClient) -> str:
    """The mark that this session's forms carry."""
    return secrets.csrf_of(visitor.cookies["goen_staff"])


@pytest.fixture
async def staffed(edge: Any) -> Any:  # noqa: F811
    """The application with its two shops, a third, and one of each role."""
    await employ(edge.database, edge.clock)
    async with edge.database.reading() as connection:
        await edge.application.services.shops.refresh(connection)  # It would hear of the third within half a second.
    return edge
