"""The office's pages: how long each takes to answer, lists and searches included.

    python -m bench.pages [--rows 1000000] [--rounds 40]

With ``--rows 0`` on the demo retailer's data, else among that many members (those of bench.members) with some sales.
Milliseconds of HTTP requests one after the other, the client's own time included; the floor is 200 at p95.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from statistics import quantiles
from typing import Any

import asyncpg
import httpx

from bench.imports import _empty
from bench.lookups import _settle
from bench.machine import Machine, goen, machine, stock
from bench.members import write_members
from goen.actions.staff import add_staff
from goen.database.pool import open_database
from goen.members.ids import public_id
from goen.vocabulary.clock import SystemClock

PASSWORD = "correct horse battery"
#: What somebody looks for; ``{member}`` is a member's address.
PAGES = {
    "home": "/office",
    "members": "/office/members",
    "all members": "/office/members?which=all",
    "members by name": "/office/members?q=佐藤",
    "members by kana": "/office/members?q=サトウ ハナコ",
    "members by phone": "/office/members?q=090-0000-0003",
    "member": "/office/members/{member}",
    "duplicates": "/office/duplicates",
    "purchases": "/office/purchases",
    "products": "/office/products",
    "programme": "/office/programme",
    "campaigns": "/office/campaigns",
    "calendar": "/office/campaigns-calendar",
    "coupons": "/office/coupons",
    "rewards": "/office/rewards",
    "reward orders": "/office/reward-orders",
    "tiers": "/office/tiers",
    "approvals": "/office/approvals",
    "imports": "/office/imports",
    "audit": "/office/audit",
}


async def measure(rows: int, rounds: int) -> dict[str, Any]:
    """p50 and p95 in milliseconds by page."""
    async with machine(1, 0) as made, _filled(made, rows) as there, there.serving():
        if rows:
            await _settle(there.dsn)
            await _sell(there, rows)
        found: dict[str, Any] = {"members": rows or "demo"}
        async with httpx.AsyncClient(base_url=there.address, timeout=60) as office:
            answer = await office.post("/office/sign-in", data={"login": "bench", "password": PASSWORD})
            assert answer.status_code == 303, answer.text
            member = await _somebody(there.dsn)
            for name, path in PAGES.items():
                found[name] = await _latency(office, path.format(member=member), rounds)
        return found


@asynccontextmanager
async def _filled(made: Machine, rows: int) -> AsyncIterator[Machine]:
    dsn = await _empty(made, "pages")
    if rows:
        path = made.folder / "members.csv"
        write_members(path, rows)
        await goen(dsn, "import", "members", str(path))
    else:
        os.environ["GOEN_DATA_DIR"] = str(made.folder / "goen")
        await goen(dsn, "demo")
    async with open_database(dsn) as database:
        key = await stock(database)
        await add_staff(
            database, login="bench", name="Bench", role="auditor", password=PASSWORD, pin=None, shop_codes=[],
            author="bench", now=SystemClock().now(),
        )  # fmt: skip
    yield replace(made, dsn=dsn, key=key)


async def _sell(there: Machine, rows: int) -> None:
    """A thousand sales of a thousand members."""
    headers = {"Authorization": f"Bearer {there.key}"}
    async with httpx.AsyncClient(base_url=there.address, headers=headers, timeout=60) as api:
        for first in range(0, 1000, 100):
            items = [
                {
                    "shop": "shibuya", "external_id": f"p{n}", "occurred_at": SystemClock().now().isoformat(),
                    "member": {"kind": "card", "value": f"77{n * (rows // 1000):09}"},
                    "lines": [{"line": 1, "amount": 1100, "sku": f"S-{n % 50}", "name": "タオル"}],
                }
                for n in range(first, first + 100)
            ]  # fmt: skip
            answer = await api.post("/v1/purchases/batch", json={"items": items})
            assert all(each["status"] == 201 for each in answer.json()["items"]), answer.text[:500]


async def _somebody(dsn: str) -> str:
    connection = await asyncpg.connect(dsn)
    try:
        return public_id(await connection.fetchval("select member_id from purchase where member_id > 0 limit 1"))
    finally:
        await connection.close()


async def _latency(office: httpx.AsyncClient, path: str, rounds: int) -> dict[str, float]:
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        answer = await office.get(path)
        taken.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, (path, answer.status_code)
    cuts = quantiles(taken[1:], n=20)
    return {"p50": round(cuts[9], 1), "p95": round(cuts[18], 1), "first": round(taken[0], 1)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.pages")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=40)
    print(json.dumps(asyncio.run(measure(**vars(parser.parse_args()))), indent=2))
