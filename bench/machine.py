"""The two sides of a run: an embedded PostgreSQL (profile ``server``), Goen on it, and pgbench's own database."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import psutil

from goen.actions.keys import create_key
from goen.actions.shops import PutShop, put_shop
from goen.database.binaries import carried
from goen.database.embedded import embedded
from goen.database.migrate import migrate
from goen.database.pool import Database, open_database
from goen.identity.keys import identifier_hash
from goen.shops.directory import ShopDirectory
from goen.vocabulary.clock import SystemClock

LUA = Path(__file__).with_name("lua")
SETTINGS = (
    "server_version", "shared_buffers", "max_wal_size", "checkpoint_timeout", "synchronous_commit", "fsync",
    "wal_compression", "wal_level", "plan_cache_mode",
)  # fmt: skip


@dataclass
class Machine:
    """One server with two databases: Goen's and pgbench's."""

    folder: Path
    dsn: str
    superuser_dsn: str
    bin: Path
    key: str
    members: int
    workers: int = 1
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def serving(self, factory: str | None = None) -> AsyncIterator[None]:
        """Goen's server as production runs it, or a variant of the bench's own (``module:factory``)."""
        self.port = _free_port()
        environment = os.environ | {"GOEN_DATABASE_URL": self.dsn, "GOEN_RATE_LIMIT": "0"}
        command = [str(Path(sys.executable).with_name("goen")), "serve", "--port", str(self.port)]
        command += ["--workers", str(self.workers)]
        if factory is not None:
            command = [sys.executable, "-m", "bench.variant", factory, str(self.port)]
        self.process = subprocess.Popen(command, env=environment, stdout=sys.stderr)
        try:
            await _ready(self.address)
            yield
        finally:
            self.process.terminate()
            self.process.wait(30)
            self.process = None

    def cpu(self) -> tuple[float, float]:
        """CPU seconds so far: the server's processes, and all of PostgreSQL."""
        assert self.process is not None
        server = psutil.Process(self.process.pid)
        mine = [each.cpu_times() for each in (server, *server.children(recursive=True))]
        database = 0.0
        for process in psutil.process_iter(["name"]):
            if process.info["name"] == "postgres":
                try:
                    times = process.cpu_times()
                except psutil.NoSuchProcess:
                    continue
                database += times.user + times.system
        return sum(times.user + times.system for times in mine), database


@asynccontextmanager
async def machine(members: int, scale: int, workers: int = 1) -> AsyncIterator[Machine]:
    """A fresh server with ``members`` enrolled and a pgbench database of this scale."""
    folder = Path(tempfile.mkdtemp(prefix="goen-bench-"))
    folder.chmod(0o755)
    try:
        async with embedded(folder / "data", "server") as server:
            await migrate(server.dsn, today=SystemClock().now().date())
            async with open_database(server.dsn) as database:
                key = await stock(database)
            await enrol(server.dsn, members)
            made = Machine(folder, server.dsn, server.superuser_dsn, carried(), key, members, workers)
            async with _connected(server.superuser_dsn) as connection:
                await connection.execute("create database pgbench")
                made.settings = {name: await connection.fetchval(f"show {name}") for name in SETTINGS}
            if scale:
                pgbench(made, "-i", "-q", "-s", str(scale))
            yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def stock(database: Database) -> str:
    """A store, a web shop, and a key that may do everything."""
    clock, directory = SystemClock(), ShopDirectory()
    for code, kind in (("shibuya", "store"), ("web", "ec")):
        await put_shop(database, directory, PutShop(code, code, kind, None, False), author="bench", now=clock.now())
    return await create_key(
        database, integration="bench", role="server", shop=None, device=None, author="bench", now=clock.now()
    )


async def goen(dsn: str, *words: str, stop_after: float | None = None) -> tuple[float, float]:
    """Run a command to its end, or kill it; gives seconds and megabytes at the most."""
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "goen.cli", *words, env=os.environ | {"GOEN_DATABASE_URL": dsn},
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    ended = asyncio.ensure_future(process.wait())
    top = 0.0
    while not ended.done():
        try:
            top = max(top, psutil.Process(process.pid).memory_info().rss / 2**20)
        except psutil.NoSuchProcess:
            break
        if stop_after is not None and time.perf_counter() - began > stop_after:
            process.kill()
        await asyncio.wait([ended], timeout=0.1)
    status = await ended
    assert status == (0 if stop_after is None else -9), f"{words}: {status}"
    return time.perf_counter() - began, top


def card(n: int) -> str:
    """The card of the n-th member."""
    return f"29{n:010d}0"


async def enrol(dsn: str, members: int) -> None:
    """Members with a card each, written at once: enrolling is not what is measured."""
    async with _connected(dsn) as connection:
        for first in range(1, members + 1, 100_000):
            numbers = list(range(first, min(first + 100_000, members + 1)))
            cards = [card(n) for n in numbers]
            hashes = [identifier_hash("card", 0, each) for each in cards]
            await connection.execute(
                "insert into member (member_id, number, joined_at, changed_at)"
                " select n, c, now(), now() from unnest($1::bigint[], $2::text[]) u (n, c)",
                numbers,
                cards,
            )
            await connection.execute("insert into member_account (member_id) select unnest($1::bigint[])", numbers)
            await connection.execute(
                "insert into member_identifier (member_id, identifier_id, kind, value, normal, added_at)"
                " select n, n, 'card', c, c, now() from unnest($1::bigint[], $2::text[]) u (n, c)",
                numbers,
                cards,
            )
            await connection.execute(
                "insert into identifier_key (key_hash, kind, normal, member_id, identifier_id, exclusive)"
                " select h, 'card', c, n, n, true from unnest($1::bigint[], $2::text[], $3::bigint[]) u (n, c, h)",
                numbers,
                cards,
                hashes,
            )
        await connection.execute("select setval('member_id_seq', $1)", members)
        await connection.execute("select setval('identifier_id_seq', $1)", members)
        await connection.execute("vacuum analyze")


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


def pgbench(machine: Machine, *arguments: str) -> float:
    """Run pgbench on its database; gives transactions a second (0 for ``-i``)."""
    where = urlsplit(machine.superuser_dsn)
    done = subprocess.run(
        [str(machine.bin / "pgbench"), "-h", "127.0.0.1", "-p", str(where.port), "-U", where.username or "postgres",
         *arguments, "pgbench"],
        env=os.environ | {"PGPASSWORD": where.password or ""},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    return float(found[1]) if found else 0.0


def tpcb(machine: Machine, clients: int, seconds: float, mode: str = "simple") -> float:
    """pgbench's TPC-B-like transaction."""
    return pgbench(
        machine, "-n", "-b", "tpcb-like", "-M", mode, "-c", str(clients), "-j", str(min(clients, 2)),
        "-T", str(max(1, round(seconds))),
    )  # fmt: skip


@dataclass
class Load:
    """What wrk saw: requests a second, latencies in ms, answers that were not as wished."""

    rate: float
    p50: float
    p99: float
    p999: float
    wrong: int


async def wrk(machine: Machine, script: str, connections: int, seconds: float, **variables: Any) -> Load:
    """Load from a process of its own; the script takes its variables from the environment."""
    environment = os.environ | {"GOEN_KEY": machine.key, "GOEN_MEMBERS": str(machine.members)}
    environment |= {f"GOEN_{name.upper()}": str(value) for name, value in variables.items()}
    process = await asyncio.create_subprocess_exec(
        "wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "20s",
        "-s", str(LUA / f"{script}.lua"), machine.address,
        env=environment, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out = (await process.communicate())[0].decode()
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)", out)
    assert found, out
    requests, micros, p50, p99, p999, wrong = map(int, found.groups())
    return Load(requests / (micros / 1e6), p50 / 1000, p99 / 1000, p999 / 1000, wrong)


async def _ready(address: str, patience: float = 30) -> None:
    deadline = time.monotonic() + patience
    async with httpx.AsyncClient() as client:
        while True:
            try:
                if (await client.get(f"{address}/readyz")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            if time.monotonic() > deadline:
                raise TimeoutError(address)
            await asyncio.sleep(0.05)


def _free_port() -> int:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
