"""Imports from CSV into full effect, and on-line posting beside one.

    python -m bench.imports [--receipts 40000] [--rounds 3] [--seconds 6]

Long receipts (10 lines) are counted in lines, short ones (1 line) in receipts, each on an empty ledger and
in a process of its own, whose memory is read at the end. Then the posting server's rate at 64 connections,
alone and while ``goen import`` runs on the same database, side by side.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import random
import time
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg

from bench.machine import Machine, card, goen, machine, stock, wrk
from goen.database.migrate import migrate
from goen.database.pool import open_database
from goen.vocabulary.clock import SystemClock

MEMBERS = 20_000
COLUMNS = ("shop", "external_id", "occurred_at", "member", "sku", "name", "quantity", "amount", "tax_rate")


def write_receipts(path: Path, receipts: int, lines: int, prefix: str) -> None:
    """A purchases file in Goen's own form: a year of receipts of random members."""
    chance = random.Random(7)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for n in range(receipts):
            at = f"2026-{1 + n * 10 // receipts:02}-{1 + n % 28:02}T{9 + n % 12:02}:{n % 60:02}:00+09:00"
            member = card(1 + chance.randrange(MEMBERS))
            for _ in range(lines):
                sku = chance.randrange(5_000)
                writer.writerow(
                    (
                        "shibuya",
                        f"{prefix}-{n}",
                        at,
                        member,
                        f"A-{sku}",
                        f"品目{sku}",
                        1 + sku % 3,
                        100 + sku,
                        8 + sku % 2 * 2,
                    )
                )


async def _import(dsn: str, path: Path) -> tuple[float, float]:
    """Run ``goen import`` to its end; gives seconds and megabytes at the most. It fails where a row is refused."""
    return await goen(dsn, "import", "purchases", str(path), "--enrol")


async def _empty(made: Machine, name: str) -> str:
    """A database of its own with a shop, and members enrolled by an import of their first receipts."""
    connection = await asyncpg.connect(made.superuser_dsn)
    try:
        await connection.execute(f"drop database if exists {name} with (force)")
        await connection.execute(f"create database {name} owner goen")
    finally:
        await connection.close()
    dsn = f"{made.dsn.rpartition('/')[0]}/{name}"
    await migrate(dsn, today=SystemClock().now().date())
    async with open_database(dsn) as database:
        await stock(database)
    return dsn


async def speed(made: Machine, receipts: int, rounds: int) -> dict[str, Any]:
    """Lines and receipts a second, start of the process and enrolment of all members included."""
    found: dict[str, list[float]] = {"lines": [], "receipts": [], "small_mb": [], "large_mb": []}
    small, long, short = (made.folder / f"{name}.csv" for name in ("small", "long", "short"))
    write_receipts(small, receipts // 8, 10, "s")
    write_receipts(long, receipts, 10, "l")
    write_receipts(short, receipts * 2, 1, "k")
    for _ in range(rounds):
        found["small_mb"].append((await _import(await _empty(made, "imports"), small))[1])
        seconds, megabytes = await _import(await _empty(made, "imports"), long)
        found["lines"].append(receipts * 10 / seconds)
        found["large_mb"].append(megabytes)
        seconds, _ = await _import(await _empty(made, "imports"), short)
        found["receipts"].append(receipts * 2 / seconds)
    return {
        "lines a second, receipts of 10 (floor 20,000)": round(median(found["lines"])),
        "receipts a second, 1 line (floor 3,000)": round(median(found["receipts"])),
        f"megabytes, {receipts // 8} receipts": round(median(found["small_mb"])),
        f"megabytes, {receipts} receipts": round(median(found["large_mb"])),
    }


async def beside(made: Machine, receipts: int, rounds: int, seconds: float) -> dict[str, Any]:
    """On-line posting at 64 connections, alone and beside an import that outlasts the measurement."""
    alone: list[float] = []
    together: list[float] = []
    p99: list[float] = []
    async with made.serving():
        await wrk(made, "post", 64, 3)
        for i in range(rounds):
            alone.append((await wrk(made, "post", 64, seconds)).rate)
            path = made.folder / f"beside{i}.csv"
            write_receipts(path, receipts, 10, f"b{time.time_ns()}")
            running = asyncio.ensure_future(_import(made.dsn, path))
            await asyncio.sleep(4)  # The import reads, looks up and then posts.
            load = await wrk(made, "post", 64, seconds)
            assert not running.done(), "the import ended too early; give more --receipts"
            together.append(load.rate)
            p99.append(load.p99)
            await running
    return {
        "posting alone": round(median(alone)),
        "posting beside an import": round(median(together)),
        "p99 ms beside an import": round(median(p99), 1),
        "ratio (floor 0.5)": round(median(b / a for a, b in zip(alone, together, strict=True)), 2),
    }


async def _run(arguments: argparse.Namespace) -> None:
    async with machine(MEMBERS, 0) as made:
        result = {
            "speed": await speed(made, arguments.receipts, arguments.rounds),
            "beside": await beside(made, arguments.receipts * 2, arguments.rounds, arguments.seconds),
        }
    print(json.dumps(result, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.imports")
    parser.add_argument("--receipts", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6)
    asyncio.run(_run(parser.parse_args()))
