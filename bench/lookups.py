"""Finding a member, and enrolling one who meets those with the same contact, among a million.

    python -m bench.lookups [--rows 1000000] [--rounds 2000]

The members are those of bench.members: every third phone is two people's. Milliseconds are of HTTP requests on one
connection, one after the other, the client's own time included; then of eight connections at once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from statistics import quantiles
from typing import Any

import asyncpg
import msgspec

from bench.imports import _empty
from bench.machine import Machine, goen, machine, stock
from bench.members import write_members
from bench.visible import Wire
from goen.database.pool import open_database
from goen.members.number import number_of

Ask = Callable[[Wire, int], Awaitable[tuple[int, bytes]]]


def _find(kind: str, value: Callable[[int], str]) -> Ask:
    async def ask(wire: Wire, n: int) -> tuple[int, bytes]:
        body = msgspec.json.encode({"kind": kind, "value": value(n)})
        status, answer = await wire.ask("POST", "/v1/members/lookup", body)
        found = b'"items":[{' in answer if status == 200 else status == 409 and kind == "phone"  # Two have it.
        assert found, (kind, n, answer)
        return status, answer

    return ask


def _phone(n: int) -> str:
    line = n - 1 if n % 3 == 2 else n
    return f"090-{line // 10000:04}-{line % 10000:04}"


async def _search(wire: Wire, n: int) -> tuple[int, bytes]:
    status, answer = await wire.ask("GET", f"/v1/members?q={number_of(n + 1)}")
    assert status == 200, answer
    return status, answer


async def _enrol(wire: Wire, n: int) -> tuple[int, bytes]:
    """Somebody with the phone of one or two others; meets them, and is asked about or not."""
    body = {
        "identifiers": [{"kind": "phone", "value": _phone(n)}, {"kind": "card", "value": f"88{time.time_ns()}"}],
        "name": "佐藤 花子", "kana": "サトウ ハナコ", "birth_date": f"{1940 + n % 70}-01-01",
    }  # fmt: skip
    status, answer = await wire.ask("POST", "/v1/members", msgspec.json.encode(body))
    assert status == 201, answer
    return status, answer


ASKS: dict[str, Ask] = {
    "by card": _find("card", lambda n: f"77{n:09}"),
    "by phone": _find("phone", _phone),
    "by mail": _find("email", lambda n: f"u{n | 1}@example.jp"),
    "by member number": _find("card", lambda n: number_of(n + 1)),
    "searched by number": _search,
    "enrolled and met": _enrol,
}


async def measure(rows: int, rounds: int) -> dict[str, Any]:
    """p50 and p99 in milliseconds by what is asked, for one connection and for eight."""
    async with machine(1, 0) as made:
        dsn = await _empty(made, "lookups")
        path = made.folder / "members.csv"
        write_members(path, rows)
        seconds, _ = await goen(dsn, "import", "members", str(path))
        async with open_database(dsn) as database:
            there = replace(made, dsn=dsn, key=await stock(database))
        found: dict[str, Any] = {"members": rows, "imported in s": round(seconds, 1)}
        async with there.serving():
            found["told in s"] = await _settle(dsn)
            for name, ask in ASKS.items():
                await _latencies(there, ask, rows, 200, 1)
                alone = await _latencies(there, ask, rows, rounds, 1)
                eight = await _latencies(there, ask, rows, rounds, 8)
                found[name] = {"p50": alone[0], "p99": alone[1], "p99 of eight at once": eight[1]}
        return found


async def _settle(dsn: str) -> float:
    """The minutes after a large import: its events are passed on, autovacuum comes round. Gives the seconds."""
    began = time.perf_counter()
    connection = await asyncpg.connect(dsn)
    try:
        while await connection.fetchval("select exists (select from outbox)"):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.5)
        await connection.execute("vacuum analyze")
        return round(time.perf_counter() - began, 1)
    finally:
        await connection.close()


async def _latencies(made: Machine, ask: Ask, rows: int, rounds: int, wires: int) -> tuple[float, float]:
    chance = random.Random(rounds * wires)
    taken: list[float] = []

    async def one() -> None:
        wire = Wire(made)
        for _ in range(rounds // wires):
            n = chance.randrange(rows - 1)
            began = time.perf_counter()
            await ask(wire, n)
            taken.append((time.perf_counter() - began) * 1000)

    await asyncio.gather(*(one() for _ in range(wires)))
    cuts = quantiles(taken, n=100)
    return round(cuts[49], 2), round(cuts[98], 2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.lookups")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2_000)
    print(json.dumps(asyncio.run(measure(**vars(parser.parse_args()))), indent=2))
