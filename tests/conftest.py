"""What every test may ask for: a fresh database, a connection, a clock to set, the shared data.

One embedded server serves a whole test run: the workers of pytest-xdist join it by its data folder, as
any second Goen process would. The migrated template is made once; each test gets a clone and drops it.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from hypothesis import settings

from goen.database.embedded import Server, embedded
from goen.database.migrate import migrate
from goen.database.pool import Database, Writing, open_database, take_role
from goen.vocabulary.clock import Instant

# How long an example takes says more of the machine than of the code.
settings.register_profile("goen", deadline=None)
settings.load_profile("goen")

REPOSITORY = Path(__file__).parents[1]
TEMPLATE = "goen_template"
IN_MEMORY, MEMORY_MIN = "GOEN_TESTS_IN_MEMORY", 2 << 30
START = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)  # A Sunday noon in Tokyo.


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, or at the end one worker would wait for the other."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@dataclass(frozen=True)
class Clone:
    """A database of one test's own. ``dsn`` logs in as its owner, ``superuser_dsn`` as anyone's master."""

    name: str
    dsn: str
    superuser_dsn: str


class SettableClock:
    """A clock that stands still until told otherwise."""

    def __init__(self, at: Instant = START) -> None:
        self._at = at

    def now(self) -> Instant:
        return self._at

    def set(self, at: Instant) -> None:
        self._at = at

    def advance(self, **by: float) -> Instant:
        """``clock.advance(days=30)``: any keyword of ``timedelta``; gives the new time."""
        self._at += timedelta(**by)
        return self._at


def pytest_configure(config: pytest.Config) -> None:
    """Keep the databases of a run in memory where there is room: a clone on disk takes ten times as long."""
    memory = Path("/dev/shm")
    if "PYTEST_XDIST_WORKER" in os.environ or not memory.is_dir() or shutil.disk_usage(memory).free < MEMORY_MIN:
        return
    folder = os.environ[IN_MEMORY] = tempfile.mkdtemp(prefix="goen-tests-", dir=memory)
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder shared by all workers of this test run."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def server(run_folder: Path) -> Iterator[Server]:
    """The embedded server of this test run, with fsync off."""
    context = embedded(Path(os.environ.get(IN_MEMORY, run_folder)) / "goen-data", "test")
    with asyncio.Runner() as runner:
        yield runner.run(context.__aenter__())
        runner.run(context.__aexit__(None, None, None))


@pytest.fixture(scope="session")
def template(server: Server) -> str:
    """The name of a database with today's schema, made by the first worker that asks."""
    with (server.data_dir / "template.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        asyncio.run(_make_template(server))
    return TEMPLATE


async def _make_template(server: Server) -> None:
    superuser = await asyncpg.connect(server.superuser_dsn)
    try:
        exists = "select exists (select from pg_database where datname = $1 and datistemplate)"
        if await superuser.fetchval(exists, TEMPLATE):
            return
        await superuser.execute(f"drop database if exists {TEMPLATE}")
        await superuser.execute(f"create database {TEMPLATE} owner goen")
        await migrate(_dsn(server.dsn, TEMPLATE), today=START.date())
        await superuser.execute(f"alter database {TEMPLATE} is_template true")
    finally:
        await superuser.close()


@pytest.fixture
async def database(server: Server, template: str) -> AsyncIterator[Clone]:
    """A fresh clone of the template, dropped after the test."""
    async for clone in _cloned(server, template):
        yield clone


@pytest.fixture
async def empty_database(server: Server) -> AsyncIterator[Clone]:
    """A database without any schema, for tests of migrations."""
    async for clone in _cloned(server, "template1"):
        yield clone


async def _cloned(server: Server, template: str) -> AsyncIterator[Clone]:
    name = f"test_{uuid.uuid4().hex[:16]}"
    superuser = await asyncpg.connect(server.superuser_dsn)
    try:
        await superuser.execute(f"create database {name} template {template} owner goen")
        yield Clone(name, _dsn(server.dsn, name), _dsn(server.superuser_dsn, name))
    finally:
        await superuser.execute(f"drop database if exists {name} with (force)")
        await superuser.close()


def _dsn(dsn: str, name: str) -> str:
    return f"{dsn.rpartition('/')[0]}/{name}"


@pytest.fixture
async def pool(database: Clone) -> AsyncIterator[Database]:
    """The pools an application has, on this test's database."""
    async with open_database(database.dsn) as opened:
        yield opened


@pytest.fixture
async def connection(database: Clone) -> AsyncIterator[Writing]:
    """One connection, acting as the application does."""
    connected = await asyncpg.connect(database.dsn, connection_class=Writing)
    await take_role(connected)
    yield connected
    await connected.close()


@pytest.fixture
async def owner(database: Clone) -> AsyncIterator[Writing]:
    """One connection with the owner's rights, for planting what the application could not."""
    connected = await asyncpg.connect(database.dsn, connection_class=Writing)
    yield connected
    await connected.close()


@pytest.fixture
def clock() -> SettableClock:
    """A clock to set; it starts on Sunday, 22 November 2026, 12:00 in Tokyo."""
    return SettableClock()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of shared data sets beside the repository; absent, the test is skipped (in CI it fails)."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.exists():
        say = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        say(f"the shared data sets are not at {folder.parent.name}/{folder.name} beside the repository")
    return folder
