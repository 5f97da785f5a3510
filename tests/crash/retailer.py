"""A retailer under load, as processes: ``goen up`` on a folder of its own, and tills that write down every answer."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

TILLS = 16
PEOPLE = 24
#: A till waits this long for an answer before it asks again; where nobody is killed an answer always comes.
PATIENCE_SECONDS, CALM_SECONDS = 3, 100


class Up:
    """A running ``goen up`` with its database's durability on."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, _free_port()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GOEN_")},
            "GOEN_DATA_DIR": str(folder),
            "PYTHONUNBUFFERED": "1",
            # As at home, where Python keeps what it has compiled; a second start reads that.
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(folder.with_suffix(".bytecode")),
        }
        self.log = folder.with_suffix(".log")
        self.process: subprocess.Popen[bytes] | None = None

    async def start(self) -> float:
        """Start, and give the seconds until the server is ready."""
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "goen.cli", "up", "--port", str(self.port)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=self.environment)
        return await self.ready()

    async def ready(self) -> float:
        """The seconds until ``/readyz`` says yes; a minute at the most, but some tries always (a machine may doze)."""
        began, tries = time.monotonic(), 0
        async with httpx.AsyncClient() as client:
            while time.monotonic() < began + 60 or tries < 20:
                tries += 1
                with suppress(httpx.HTTPError):
                    if (await client.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5)).status_code == 200:
                        return time.monotonic() - began
                await asyncio.sleep(0.02)
        raise AssertionError(f"no answer within a minute:\n{self.words()}")

    def words(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]

    def goen(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another command on the same folder."""
        command = [sys.executable, "-m", "goen.cli", *arguments]
        return subprocess.run(command, check=False, capture_output=True, text=True, env=self.environment)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(30)
            if self.process.poll() is None:
                kill(self.everything())

    # Whom to kill ------------------------------------------------------------------------------

    def everything(self) -> list[int]:
        """The database's processes first, so that none of them ends in good order."""
        assert self.process is not None
        found = descendants(self.process.pid)
        return [*self.database(), *found, self.process.pid]

    def server(self) -> list[int]:
        return [pid for pid in self._children() if _words(pid)[-1:] == ["serve"]]

    def postmaster(self) -> list[int]:
        keepers = [pid for pid in self._children() if any(word.endswith("keeper.py") for word in _words(pid))]
        return [child for keeper in keepers for child in _children(keeper)]

    def database(self) -> list[int]:
        """PostgreSQL whole: the postmaster and all that it started."""
        return [pid for master in self.postmaster() for pid in (master, *descendants(master))]

    def backend(self) -> list[int]:
        """One connection's process, busy with a commit perhaps: PostgreSQL then restarts itself."""
        mine = [p for m in self.postmaster() for p in _children(m) if "goen writing" in " ".join(_words(p))]
        return mine[:1] or self.postmaster()

    def _children(self) -> list[int]:
        return [] if self.process is None else _children(self.process.pid)


def kill(pids: list[int]) -> None:
    """SIGKILL: no last words."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def descendants(pid: int) -> list[int]:
    return [each for child in _children(pid) for each in (child, *descendants(child))]


def _children(pid: int) -> list[int]:
    with suppress(FileNotFoundError, ProcessLookupError):
        lists = Path(f"/proc/{pid}/task").glob("*/children")
        return [int(child) for each in lists for child in each.read_text().split()]
    return []


def _words(pid: int) -> list[str]:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").split("\0")
    return []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Act:
    """A request with a key of its own, and the first answer that came back whole."""

    path: str
    body: dict[str, Any]
    key: str
    answer: bytes | None = None


@dataclass
class Tills:
    """Some tills that sell, hold, transfer, cancel and take back, each waiting for an answer before the next act."""

    client: httpx.AsyncClient
    chance: random.Random
    people: list[str] = field(default_factory=list)
    #: Answered with success: must be there for ever, once.
    done: list[Act] = field(default_factory=list)
    #: Sent, and no answer came back: nobody knows yet.
    open: dict[str, Act] = field(default_factory=dict)
    #: How often an answer did not come.
    cut: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    _number: int = 0

    async def furnish(self) -> None:
        """A store, a web shop, members with points."""
        for code, kind in (("shibuya", "store"), ("web", "ec")):
            answer = await self.client.put(f"/v1/shops/{code}", json={"name": code, "kind": kind})
            assert answer.status_code == 201, answer.text
        for _ in range(PEOPLE):
            self.people.append((await self.client.post("/v1/members", json={})).json()["id"])
        given = [self._adjustment(person, 2000) for person in self.people]
        for act in given:
            await self.send(act, CALM_SECONDS)
        assert len(self.done) == PEOPLE

    async def work(self, stopped: asyncio.Event) -> None:
        await asyncio.gather(*(self._till(stopped) for _ in range(TILLS)))

    async def _till(self, stopped: asyncio.Event) -> None:
        while not stopped.is_set():
            act = self._next()
            while await self.send(act) is None and not stopped.is_set():
                self.cut += 1
                await asyncio.sleep(0.1)

    async def send(self, act: Act, patience: float = PATIENCE_SECONDS) -> httpx.Response | None:
        """Send once; None where no answer came. An act without an answer stays open, a refused one is over."""
        head = {"Idempotency-Key": act.key}
        try:
            answer = await self.client.post(act.path, json=act.body, headers=head, timeout=patience)
        except httpx.HTTPError:
            answer = None
        if answer is None or answer.status_code == 503:
            self.open[act.key] = act
            return None
        self.open.pop(act.key, None)
        assert answer.status_code < 500, answer.text
        if answer.is_success:
            assert act.answer in (None, answer.content), "a second answer differs from the first"
            if act.answer is None:
                act.answer = answer.content
                self.done.append(act)
        else:
            self.refused[answer.json()["code"]] += 1
        return answer

    async def ask_again(self) -> None:
        """Replay what is open, each twice: one answer."""

        async def twice(act: Act) -> None:
            first, second = await self.send(act, CALM_SECONDS), await self.send(act, CALM_SECONDS)
            assert first is not None, "no answer although the server is ready"
            assert second is not None, "no answer although the server is ready"
            if first.is_success:
                assert second.headers["Idempotent-Replayed"] == "true"

        await asyncio.gather(*map(twice, list(self.open.values())))

    # What tills do -----------------------------------------------------------------------------

    def _next(self) -> Act:
        ways = (
            self._sale,
            self._sale,
            self._spend,
            self._order,
            self._hold,
            self._transfer,
            self._follow,
            self._follow,
        )
        return self.chance.choice(ways)()

    def _named(self) -> dict[str, Any]:
        return {"kind": "member_id", "value": self.chance.choice(self.people)}

    def _count(self) -> int:
        self._number += 1
        return self._number

    def _sale(self, **more: Any) -> Act:
        body = {
            "shop": "shibuya",
            "external_id": f"s-{self._count()}",
            "occurred_at": _now(),
            "member": self._named(),
            "lines": [{"line": 1, "amount": self.chance.randrange(1000, 20_000)}],
        }
        return Act("/v1/purchases", body | more, f"s-{self._number}")

    def _spend(self) -> Act:
        return self._sale(use_points=self.chance.randrange(1, 300))

    def _order(self) -> Act:
        return self._sale(shop="web", status="placed", use_points=self.chance.randrange(0, 300))

    def _hold(self) -> Act:
        body = {"member": self._named(), "points": self.chance.randrange(1, 300), "shop": "web", "expires_in": 3600}
        return Act("/v1/holds", body, f"h-{self._count()}")

    def _transfer(self) -> Act:
        giver, taker = ({"kind": "member_id", "value": each} for each in self.chance.sample(self.people, 2))
        return Act("/v1/transfers", {"from": giver, "to": taker, "points": 50}, f"t-{self._count()}")

    def _adjustment(self, person: str, points: int) -> Act:
        who = {"kind": "member_id", "value": person}
        body = {"member": who, "points": points, "reason": "migration"}
        return Act("/v1/adjustments", body, f"a-{self._count()}")

    def _follow(self) -> Act:
        """What comes after an earlier act: its return, cancel, completion, capture, release."""
        before = self.chance.choice(self.done)
        made = _id(before)
        if before.path == "/v1/holds":
            return Act(f"/v1/holds/{made}/{self.chance.choice(['capture', 'release'])}", {}, f"e-{self._count()}")
        if before.path != "/v1/purchases":
            return self._sale()
        way = self.chance.choice(["returns", "cancel", "complete"])
        body: dict[str, Any] = {"occurred_at": _now()}
        if way == "returns":
            body |= {"external_id": f"r-{self._count()}", "lines": [{"line": 1, "quantity": 1}]}
        return Act(f"/v1/purchases/{made}/{way}", body, f"f-{self._count()}")


def _id(act: Act) -> str:
    assert act.answer is not None
    return str(httpx.Response(200, content=act.answer).json()["id"])


def _now() -> str:
    return datetime.now(UTC).isoformat()
