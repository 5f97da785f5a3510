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


class Wire:
    """One keep-alive connection. A library that costs a millisecond a request would measure itself."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._turn = asyncio.Lock()

    async def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Send one request and read its whole answer, one after the other."""
        async with self._turn:
            return await self._ask(method, path, body)

    async def _ask(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._machine.port)
        reader, writer = self._streams
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: goen\r\nAuthorization: Bearer {self._machine.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(answer.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return int(answer.split()[1]), await reader.readexactly(length)


async def visible(machine: Machine, rounds: int, seconds: float) -> dict[str, Any]:
    """p99 under 50 ms, p99.9 under 500 ms. Counted from the answer to the till (the commit is before it), on one
    clock; the client shares the two cores, so its own delays are in the figures."""
    read_delays: list[float] = []
    async with machine.serving():
        answered: dict[str, float] = {}
        seen: dict[str, float] = {}
        listening = asyncio.create_task(_listen(machine, seen))
        tills: asyncio.Queue[Wire] = asyncio.Queue()
        for _ in range(32):
            tills.put_nowait(Wire(machine))
        other = Wire(machine)
        await asyncio.sleep(1)
        stop = time.perf_counter() + max(seconds, 4) * rounds
        tasks: set[asyncio.Task[None]] = set()
        n, due = 0, time.perf_counter()
        while due < stop:
            n += 1
            task = asyncio.create_task(_sell(tills, n, answered, (other, read_delays) if n % 25 == 0 else None))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            due += 1 / RATE
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
        took = time.perf_counter() - (stop - max(seconds, 4) * rounds)
        await asyncio.gather(*tasks)
        await asyncio.sleep(1)
        listening.cancel()
    event_delays = [max(0.0, seen[i] - answered[i]) * 1000 for i in answered if i in seen]
    cuts, reads = quantiles(event_delays, n=1000), quantiles(read_delays, n=100)
    return {
        "posts": n, "a second": round(n / took), "events lost": len(answered.keys() - seen.keys()),
        "event p50 ms": round(cuts[499], 1), "event p99 ms (at most 50)": round(cuts[989], 1),
        "event p99.9 ms (at most 500)": round(cuts[998], 1),
        "read after commit, p99 ms, the read itself included": round(reads[98] * 1000, 1),
    }  # fmt: skip


async def _sell(
    tills: asyncio.Queue[Wire], n: int, answered: dict[str, float], reading: tuple[Wire, list[float]] | None
) -> None:
    external_id = f"visible-{time.time_ns()}-{n}"
    body = {
        "shop": "shibuya", "external_id": external_id, "occurred_at": datetime.now(UTC),
        "member": {"kind": "card", "value": card(n * 7919 % 100_000 + 1)},
        "lines": [{"line": i, "amount": 1100} for i in range(1, 11)],
    }  # fmt: skip
    till = await tills.get()
    status, answer = await till.ask("POST", "/v1/purchases", msgspec.json.encode(body))
    at = time.perf_counter()
    tills.put_nowait(till)
    assert status == 201, answer
    answered[external_id] = at
    if reading is not None:
        sold = msgspec.json.decode(answer)
        other, delays = reading
        _, balance = await other.ask("GET", f"/v1/members/{sold['member']['id']}/balance")
        assert msgspec.json.decode(balance)["available"] >= sold["balance"]["available"]
        delays.append(time.perf_counter() - at)


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
