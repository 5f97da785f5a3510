"""Servers of one's own: PostgreSQL 16, with many rights or few, and none that is older."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import asyncpg
import pytest

from goen.cli.session import located
from goen.database import pool
from goen.database.binaries import ENVIRONMENT, account_for, carried
from goen.database.errors import DatabaseUnavailable, ServerTooOld
from goen.database.migrate import current, migrate
from goen.database.pool import open_database
from goen.settings import Settings

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def sixteen() -> Iterator[str]:
    """The address of a PostgreSQL 16, the oldest we promise, which the same wheel carries."""
    binaries = carried().parents[1] / "pginstall" / "bin"
    if not binaries.exists():
        pytest.skip("this wheel carries no PostgreSQL 16")
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    account = account_for(folder)
    if account.uid is not None:
        os.chown(folder, account.uid, account.gid or -1)
        if subprocess.run(
            [binaries / "postgres", "--version"], check=False, cwd="/", capture_output=True, **account.drop()
        ).returncode:
            pytest.skip("the binaries lie where only root can reach them")
    common = {"cwd": folder, "env": dict(ENVIRONMENT), **account.drop()}
    initdb = [binaries / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "--no-sync"]
    subprocess.run(initdb, check=True, capture_output=True, **common)
    with (folder / "log").open("wb") as log:
        command = [binaries / "postgres", "-D", folder / "data", "-p", "54016", "-k", folder, "-F"]
        server = subprocess.Popen([*command, "-c", "listen_addresses="], stdout=log, stderr=log, **common)
    note = folder / "data" / "postmaster.pid"
    while not (note.exists() and note.read_text().rstrip().endswith("ready")):
        assert server.poll() is None, (folder / "log").read_text()
        time.sleep(0.02)
    yield f"postgresql://postgres@/postgres?host={folder}&port=54016"
    server.terminate()
    server.wait()
    shutil.rmtree(folder)


def _as(dsn: str, role: str) -> str:
    return dsn.replace("postgres@/postgres", f"{role}@/{role}")


async def _role(dsn: str, role: str, options: str) -> str:
    superuser = await asyncpg.connect(dsn)
    await superuser.execute(f"create role {role} login {options}")
    await superuser.execute(f"create database {role} owner {role}")
    await superuser.close()
    return _as(dsn, role)


async def test_sixteen_with_a_single_role_without_rights_works_without_the_application_role(sixteen: str) -> None:
    dsn = await _role(sixteen, "plain", "nosuperuser nocreaterole")
    assert await migrate(dsn, today=TODAY)
    async with open_database(dsn) as database, database.writing() as connection:
        assert await connection.fetchval("select current_user") == "plain"
        assert await current(connection)
        await connection.execute("insert into shop (code, name, kind) values ('a', 'a', 'store')")


async def test_sixteen_with_the_right_to_make_roles_acts_as_the_application_role(sixteen: str) -> None:
    dsn = await _role(sixteen, "maker", "nosuperuser createrole")
    await migrate(dsn, today=TODAY)
    async with open_database(dsn) as database, database.writing() as connection:
        assert await connection.fetchval("select current_user") == "goen_app"
        await connection.execute("insert into shop (code, name, kind) values ('a', 'a', 'store')")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("delete from entry")


async def test_an_older_server_is_refused(empty_database: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "OLDEST_SERVER", 19)
    settings = Settings.from_environment({"GOEN_DATABASE_URL": empty_database.dsn})  # type: ignore[attr-defined]
    with pytest.raises(ServerTooOld, match="is PostgreSQL 18; Goen needs 19 or newer"):
        async with located(settings):
            pass


async def test_a_wrong_password_is_refused_without_showing_it(empty_database: object) -> None:
    dsn: str = empty_database.dsn  # type: ignore[attr-defined]
    secret = dsn.partition("goen:")[2].partition("@")[0]
    with pytest.raises(DatabaseUnavailable, match="password authentication failed") as refused:
        async with located(Settings.from_environment({"GOEN_DATABASE_URL": dsn.replace(secret, "hunter2")})):
            pass
    assert "hunter2" not in refused.value.detail
