"""The embedded PostgreSQL: a server that starts from a data folder and ends with its last user.

A data folder holds::

    database/      PostgreSQL's files (mode 0700; owned by the system user when Goen runs as root)
    password       of the roles ``postgres`` and ``goen`` (mode 0600)
    port           of the server on 127.0.0.1, chosen once and kept while it is free
    postgresql.log
    run/           locks: ``start`` (one starter at a time), ``in-use`` (shared by all users), ``keeper``

Several processes may use one folder: the first starts the server, later ones join it, and it stops when
the last one is gone (see keeper.py). Folders are independent of one another.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Literal

import asyncpg
import msgspec

from goen.database.binaries import ENVIRONMENT, MAJOR, Account, account_for, runnable
from goen.database.errors import DatabaseUnavailable, DataFolderRefused

Profile = Literal["laptop", "server", "test"]

_ALWAYS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": ".",  # Below the data folder, never in a shared /tmp.
    "wal_compression": "off",  # The build's only codec costs more than the bytes it saves.
    "plan_cache_mode": "force_generic_plan",
    "synchronous_commit": "on",
    "fsync": "on",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # The details of an error quote whole rows: people's data has no place in a log.
    "log_error_verbosity": "terse",
    # The outbox fills and empties all day; a minute of its dead rows is too many to step over.
    "autovacuum_naptime": "10s",
}
PROFILES: Mapping[Profile, Mapping[str, str]] = {
    "laptop": {"shared_buffers": "256MB", "max_wal_size": "2GB", "checkpoint_timeout": "5min"},
    "server": {
        "shared_buffers": "2GB",
        "max_wal_size": "16GB",
        "checkpoint_timeout": "30min",
        "max_connections": "200",
    },
    # For tests alone: quick, and worth nothing after a power cut.
    "test": {
        "shared_buffers": "128MB",
        "max_wal_size": "256MB",
        "fsync": "off",
        "full_page_writes": "off",
        "max_connections": "300",
    },
}
START_SECONDS = 600  # Recovery after a crash reads back up to max_wal_size.
LOG_BYTES_MAX = 16 * 1024 * 1024


@dataclass(frozen=True)
class Server:
    """A running embedded server, and our right to use it.

    ``dsn`` logs in as the owner of the database ``goen``; ``superuser_dsn`` is for backups and tests.
    """

    data_dir: Path
    port: int
    password: str
    profile: Profile
    started_here: bool

    @property
    def dsn(self) -> str:
        return f"postgresql://goen:{self.password}@127.0.0.1:{self.port}/goen"

    @property
    def superuser_dsn(self) -> str:
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/postgres"

    @property
    def alive(self) -> bool:
        """Whether the keeper runs. It restarts PostgreSQL by itself; if *it* is gone, enter again."""
        return _locked(self.data_dir / "run" / "keeper")


@asynccontextmanager
async def embedded(data_dir: Path, profile: Profile = "laptop") -> AsyncIterator[Server]:
    """Use the server of this data folder, making and starting it if needed; the last user stops it.

    Raises:
        DataFolderRefused: made by another PostgreSQL version, or belongs to another user.
        DatabaseUnavailable: the server did not come up; the message ends with its last words.
    """
    folder = await asyncio.to_thread(_prepared, data_dir)
    run = folder / "run"
    with (run / "in-use").open("a") as in_use:
        keeper = None
        with (run / "start").open("a") as start:
            await asyncio.to_thread(fcntl.flock, start, fcntl.LOCK_EX)
            await asyncio.to_thread(fcntl.flock, in_use, fcntl.LOCK_SH)
            if not _locked(run / "keeper"):
                keeper = await asyncio.to_thread(_launch, folder, profile)
            password, port = (folder / "password").read_text(), int((folder / "port").read_text())
            server = Server(folder, port, password, profile, started_here=keeper is not None)
            await _ready(server, keeper)
        try:
            yield server
        finally:
            await asyncio.to_thread(_leave, run, in_use)
            if keeper is not None:
                keeper.poll()  # Collect its exit status, so that no zombie stays behind.


def _prepared(data_dir: Path) -> Path:
    """Make the folder and its run/, or say why it cannot be used; gives the folder's full path."""
    folder = data_dir.resolve()
    try:
        run = folder / "run"
        run.mkdir(parents=True, exist_ok=True)
        for lock in ("start", "in-use", "keeper"):
            (run / lock).open("a").close()
        made_by = folder / "database" / "PG_VERSION"
        made = made_by.read_text().strip() if made_by.exists() else str(MAJOR)
        if (folder / "password").exists():
            (folder / "password").read_text()
    except (PermissionError, NotADirectoryError, FileExistsError) as error:
        raise DataFolderRefused(
            f"The data folder {folder} cannot be used: {error}. Run Goen as the user that owns it, "
            f"or name another folder in GOEN_DATA_DIR."
        ) from None
    if made != str(MAJOR):
        raise DataFolderRefused(
            f"The data folder {folder} was made by PostgreSQL {made}; this Goen brings PostgreSQL {MAJOR}. "
            f"Nothing was changed. Take a copy with `goen backup` of the Goen that made it and bring it here "
            f"with `goen restore`, or name another folder in GOEN_DATA_DIR.",
            made_by=made,
            brings=str(MAJOR),
        )
    return folder


def _locked(path: Path) -> bool:
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _launch(folder: Path, profile: Profile) -> subprocess.Popen[bytes]:
    """Start a keeper, and by it PostgreSQL. Called by one starter at a time."""
    database = folder / "database"
    account = account_for(database)
    binaries = runnable(account)
    if not database.exists():
        create(folder, account, binaries, quick=profile == "test")
    log = folder / "postgresql.log"
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        log.replace(log.with_suffix(".log.1"))
    settings = {**_ALWAYS, **PROFILES[profile], "port": str(_port(folder))}
    spec = {
        "run": str(folder / "run"),
        "database": str(database),
        "command": [
            str(binaries / "postgres"),
            "-D",
            here(account, database),
            *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
        ],
        "environment": dict(ENVIRONMENT),
        "log": str(log),
        "drop": account.drop(),
    }
    with log.open("ab") as sink:
        return subprocess.Popen(
            [
                sys.executable,
                "-I",
                "-S",
                str(Path(__file__).with_name("keeper.py")),
                msgspec.json.encode(spec),
            ],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,  # Ctrl-C is for us; the keeper follows its users.
        )


def here(account: Account, folder: Path) -> str:
    """How PostgreSQL is told its folder when that is also its working directory.

    A system user may not walk down to a folder that lies below root's own (``/root/shop/goen-data``). It
    need not: a process is always allowed its working directory, which we set before giving up privileges.
    """
    return str(folder) if account.uid is None else "/proc/self/cwd"


def create(folder: Path, account: Account, binaries: Path, *, quick: bool = False) -> None:
    """Make a new database cluster in ``folder/database``, whole or not at all.

    ``quick`` leaves out the final sync to disk (tests).
    """
    staging = folder / "database.new"
    shutil.rmtree(staging, ignore_errors=True)  # Left by a start that was killed.
    staging.mkdir(mode=0o700)
    secret = folder / "password"
    if not secret.exists():
        with open(os.open(secret, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(24))
    command = [str(binaries / "initdb"), "-D", here(account, staging), "--pwfile=/dev/stdin"]
    command += ["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8"]
    # Sorting and case folding by PostgreSQL itself: an upgrade of the system cannot spoil an index.
    command += ["--locale-provider=builtin", "--locale=C.UTF-8", *(["--no-sync"] if quick else [])]
    with secret.open("rb") as original, TemporaryFile() as lent:
        lent.write(original.read())
        lent.seek(0)
        if account.uid is not None and account.gid is not None:
            os.chown(staging, account.uid, account.gid)
            os.fchown(lent.fileno(), account.uid, account.gid)
        done = subprocess.run(
            command,
            check=False,
            cwd=staging,
            env=ENVIRONMENT,
            stdin=lent,
            capture_output=True,
            text=True,
            **account.drop(),
        )
    if done.returncode != 0:
        raise DatabaseUnavailable(f"PostgreSQL could not make its files in {folder}: {done.stderr.strip()}")
    staging.rename(folder / "database")


def _port(folder: Path) -> int:
    """The remembered port while it is free, else a new one, remembered from now on."""
    note = folder / "port"
    with suppress(FileNotFoundError, ValueError, OSError), socket.socket() as probe:
        remembered = int(note.read_text())
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", remembered))
        return remembered
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    note.write_text(str(port))
    return port


async def _ready(server: Server, keeper: subprocess.Popen[bytes] | None) -> None:
    """Wait until the server answers; make role and database on its first day."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            connection = await asyncpg.connect(server.superuser_dsn, timeout=10)
            break
        except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError, TimeoutError):
            ended = keeper.poll() is not None if keeper else not server.alive
            if ended or time.monotonic() > deadline:
                log = server.data_dir / "postgresql.log"
                words = log.read_text(errors="replace").splitlines()[-8:] if log.exists() else []
                raise DatabaseUnavailable(
                    f"PostgreSQL did not start from {server.data_dir}. Its last words:\n" + "\n".join(words)
                ) from None
            await asyncio.sleep(0.015)
    try:
        if not await connection.fetchval("select exists (select from pg_database where datname = 'goen')"):
            await _first_day(connection, server.password)
    finally:
        await connection.close()


async def _first_day(superuser: asyncpg.Connection, password: str) -> None:
    """The owner ``goen``, the application's role ``goen_app`` (see migrate.py) and the database ``goen``."""
    for role in ("goen", "goen_app"):
        if not await superuser.fetchval("select exists (select from pg_roles where rolname = $1)", role):
            await superuser.execute(f"create role {role}")
    # token_urlsafe has neither quotes nor backslashes, so the literal needs no escaping.
    await superuser.execute(f"alter role goen login password '{password}'")
    await superuser.execute("grant goen_app to goen")
    await superuser.execute("create database goen owner goen")


def _leave(run: Path, in_use: IO[str]) -> None:
    """Give up our use. If we were the last, wait until PostgreSQL has stopped."""
    try:
        fcntl.flock(in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        # Others use it, or the keeper was quicker: only then is a shared lock refused as well.
        with suppress(BlockingIOError):
            fcntl.flock(in_use, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return
    in_use.close()
    while _locked(run / "keeper"):
        time.sleep(0.005)
