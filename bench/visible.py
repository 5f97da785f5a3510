"""Commit → seen: how long until another channel's read and a stream event show a sale, at 500 posts a second."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from statistics import quantiles
from typing import Any

import httpx
import msgspec

from bench.machine import Machine, card

RATE = 500


async def visible(machine: Machine, rounds: int, seconds: float) -> dict[str, Any]:
    """p99 under 50 ms, p99.9 under 500 ms. Counted from the answer to the till (the commit is before it), on one
    clock; the client shares the two cores, so its own delays are in the figures."""
    event_delays: list[float] = []
    read_delays: list[float] = []
    async with machine.serving():
        async with httpx.AsyncClient(
            base_url=machine.address, headers={"Authorization": f"Bearer {machine.key}"}, timeout=30,
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=64),
        ) as client:  # fmt: skip
            answered: dict[str, float] = {}
            seen: dict[str, float] = {}
            listening = asyncio.create_task(_listen(machine, seen))
            await asyncio.sleep(1)
            stop = time.perf_counter() + max(seconds, 4) * rounds
            tasks: set[asyncio.Task[None]] = set()
            n, due = 0, time.perf_counter()
            while due < stop:
                n += 1
                task = asyncio.create_task(_sell(client, n, answered, read_delays if n % 25 == 0 else None))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
                due += 1 / RATE
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await asyncio.gather(*tasks)
            await asyncio.sleep(1)
            listening.cancel()
        lost = answered.keys() - seen.keys()
        event_delays = [max(0.0, seen[i] - answered[i]) * 1000 for i in answered if i in seen]
    cuts = quantiles(event_delays, n=1000)
    reads = quantiles(read_delays, n=100) if len(read_delays) > 100 else [max(read_delays)] * 99
    return {
        "posts": n, "a second": RATE, "events lost": len(lost),
        "event p50 ms": round(cuts[499], 1), "event p99 ms (at most 50)": round(cuts[989], 1),
        "event p99.9 ms (at most 500)": round(cuts[998], 1),
        "read after commit, p99 ms, the read itself included": round(reads[98] * 1000, 1),
    }  # fmt: skip


async def _sell(client: httpx.AsyncClient, n: int, answered: dict[str, float], read_delays: list[float] | None) -> None:
    external_id = f"visible-{time.time_ns()}-{n}"
    body = {
        "shop": "shibuya", "external_id": external_id, "occurred_at": datetime.now(UTC).isoformat(),
        "member": {"kind": "card", "value": card(n * 7919 % 100_000 + 1)},
        "lines": [{"line": i, "amount": 1100} for i in range(1, 11)],
    }  # fmt: skip
    answer = await client.post("/v1/purchases", json=body)
    at = time.perf_counter()
    assert answer.status_code == 201, answer.text
    answered[external_id] = at
    if read_delays is not None:
        sold = answer.json()
        balance = await client.get(f"/v1/members/{sold['member']['id']}/balance")
        assert balance.json()["available"] >= sold["balance"]["available"]
        read_delays.append(time.perf_counter() - at)


async def _listen(machine: Machine, seen: dict[str, float]) -> None:
    headers = {"Authorization": f"Bearer {machine.key}"}
    async with (
        httpx.AsyncClient(timeout=None, headers=headers) as client,
        client.stream("GET", f"{machine.address}/v1/stream") as stream,
    ):
        async for line in stream.aiter_lines():
            if line.startswith("data:"):
                body: dict[str, Any] = msgspec.json.decode(line[5:])
                external_id = (body.get("data") or body).get("external_id")
                if external_id:
                    seen.setdefault(external_id, time.perf_counter())
