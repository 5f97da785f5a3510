"""``make bench``: posting 10-line sales over HTTP against pgbench's TPC-B, alternated in one run.

    python -m bench [--only posting,reads,hot,visible,campaigns] [--rounds 3] [--seconds 4]

Every figure is the median of the rounds; ratios are medians of the rounds' own ratios, because a shared
machine drifts. Both sides use one PostgreSQL with fsync and synchronous_commit on.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from bench.live_campaigns import all_campaigns, draft_campaigns, owner_api
from bench.machine import Machine, machine, tpcb, wrk
from bench.visible import visible

CLIENTS = (1, 8, 64, 128)
RESULTS = Path(__file__).with_name("results")


def ratio(ours: list[float], theirs: list[float]) -> float:
    return median(a / b for a, b in zip(ours, theirs, strict=True))


async def posting(machine: Machine, rounds: int, seconds: float) -> dict[str, Any]:
    """Goen and pgbench at each count of clients, one after the other, round by round."""
    goen: dict[int, list[float]] = {c: [] for c in CLIENTS}
    p99: dict[int, list[float]] = {c: [] for c in CLIENTS}
    theirs: dict[int, list[float]] = {c: [] for c in (*CLIENTS, 16)}
    single_p99: list[float] = []
    cpu: list[tuple[float, float]] = []
    for _ in range(rounds):
        async with machine.serving():
            await wrk(machine, "post", 64, 3)  # Warm: plans, caches, the first pages.
            for clients in CLIENTS:
                theirs[clients].append(await asyncio.to_thread(tpcb, machine, clients, seconds))
                before = machine.cpu()
                load = await wrk(machine, "post", clients, seconds)
                after = machine.cpu()
                assert load.wrong == 0, f"{load.wrong} answers were not 201"
                goen[clients].append(load.rate)
                p99[clients].append(load.p99)
                if clients == 64:
                    posts = load.rate * seconds
                    cpu.append(((after[0] - before[0]) / posts * 1e6, (after[1] - before[1]) / posts * 1e6))
            theirs[16].append(await asyncio.to_thread(tpcb, machine, 16, seconds))
        async with machine.serving("single"):
            await wrk(machine, "post", 64, 2)
            single_p99.append((await wrk(machine, "post", 64, seconds)).p99)
    best_ours = [max(goen[c][i] for c in CLIENTS) for i in range(rounds)]
    best_theirs = [max(theirs[c][i] for c in theirs) for i in range(rounds)]
    result: dict[str, Any] = {
        "goen": {c: round(median(goen[c])) for c in CLIENTS},
        "pgbench": {c: round(median(theirs[c])) for c in theirs},
        "p99_ms": {c: round(median(p99[c]), 1) for c in CLIENTS},
        "cpu_us_per_post_at_64": {
            "server": round(median(a for a, _ in cpu)), "database": round(median(b for _, b in cpu)),
        },
        "best / best pgbench (floor 1.5, goal 2)": round(ratio(best_ours, best_theirs), 2),
        "at 64 (floor 2.5, goal 3)": round(ratio(goen[64], theirs[64]), 2),
        "at 1 (floor 0.8)": round(ratio(goen[1], theirs[1]), 2),
        "p99 at 64 / one transaction per request (at most 1)": round(ratio(p99[64], single_p99), 2),
    }  # fmt: skip
    return result


async def reads(machine: Machine, rounds: int, seconds: float) -> dict[str, Any]:
    """Quotes and balance reads a second, at 64 connections (at least 4,000 each)."""
    rates: dict[str, list[float]] = {"quote": [], "balance": []}
    async with machine.serving():
        await wrk(machine, "post", 64, seconds)
        for _ in range(rounds):
            for script, found in rates.items():
                load = await wrk(machine, script, 64, seconds)
                assert load.wrong == 0, f"{load.wrong} {script} answers were not 200"
                found.append(load.rate)
    return {f"{script}s a second (floor 4,000)": round(median(found)) for script, found in rates.items()}


async def hot(machine: Machine, rounds: int, seconds: float) -> dict[str, Any]:
    """All sales by one member against sales by many (at least 1)."""
    one, many = [], []
    async with machine.serving():
        await wrk(machine, "post", 64, 2)
        for _ in range(rounds):
            many.append((await wrk(machine, "post", 64, seconds)).rate)
            one.append((await wrk(machine, "post", 64, seconds, hot=1)).rate)
    return {
        "spread": round(median(many)), "one member": round(median(one)),
        "one member / spread (floor 1)": round(ratio(one, many), 2),
    }  # fmt: skip


async def campaigns(machine: Machine, rounds: int, seconds: float) -> dict[str, Any]:
    """Posting with fifty live campaigns, of which some give something on every sale, against posting with none."""
    without, having, cpu = [], [], []
    async with machine.serving(), owner_api(machine) as api:
        codes = await draft_campaigns(api, machine)
        await wrk(machine, "post", 64, 3)
        for _ in range(rounds):
            without.append((await wrk(machine, "post", 64, seconds)).rate)
            await all_campaigns(api, codes, "activate")
            await wrk(machine, "post", 64, 2)
            before = machine.cpu()
            load = await wrk(machine, "post", 64, seconds)
            after = machine.cpu()
            assert load.wrong == 0, f"{load.wrong} answers were not 201"
            having.append(load.rate)
            cpu.append([(b - a) / (load.rate * seconds) * 1e6 for a, b in zip(before, after, strict=True)])
            await all_campaigns(api, codes, "stop")
            await wrk(machine, "post", 64, 2)
    return {
        "without": round(median(without)), "with 50 live": round(median(having)),
        "cpu_us_per_post_with_50": {
            "server": round(median(a for a, _ in cpu)), "database": round(median(b for _, b in cpu)),
        },
        "with / without (floor 0.6)": round(ratio(having, without), 2),
    }  # fmt: skip


PARTS: dict[str, Callable[[Machine, int, float], Awaitable[dict[str, Any]]]] = {
    "posting": posting,
    "reads": reads,
    "hot": hot,
    "visible": visible,
    "campaigns": campaigns,
}


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--members", type=int, default=100_000)
    parser.add_argument("--scale", type=int, default=50)
    parser.add_argument("--workers", type=int, default=1, help="processes of goen serve")
    chosen = parser.parse_args()
    wanted = chosen.only.split(",")
    report: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
        "members": chosen.members, "workers": chosen.workers, "rounds": chosen.rounds, "seconds": chosen.seconds,
    }  # fmt: skip
    async with machine(chosen.members, chosen.scale if "posting" in wanted else 0, chosen.workers) as made:
        report["postgresql"] = made.settings
        print(json.dumps(report, indent=2), flush=True)
        for name in wanted:
            report[name] = await PARTS[name](made, chosen.rounds, chosen.seconds)
            print(json.dumps({name: report[name]}, indent=2), flush=True)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{report['at'].replace(':', '')}.json").write_text(json.dumps(report, indent=2) + "\n")


asyncio.run(main())
