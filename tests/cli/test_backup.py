"""Copies: consistent, whole or not at all, proven on the way back, and only into an empty place."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from goen.cli.backup import BackupRefused, digests, row_counts, take
from goen.cli.restore import checked
from goen.database.embedded import embedded
from goen.database.migrate import migrate

ENTRY = """
insert into entry (member_id, booked_on, seq, act_id, kind, source, target, points, balance_after,
                   occurred_at, recorded_at, business_date, member_as_presented)
select n, '2026-11-22', 1, n, 'earn', 'issued', 'points', n, n, now(), now(), '2026-11-22', n
  from generate_series(1, 500) n
"""


def goen(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``goen`` as a user would, on this data folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GOEN_")}
    return subprocess.run(
        [sys.executable, "-m", "goen.cli", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={**kept, "GOEN_DATA_DIR": str(folder), **environment},
    )


async def _ask(dsn: str, sql: str) -> Any:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


@pytest.fixture
async def filled(database: Any) -> Any:
    """A database with rows in a partitioned table and a registry."""
    await _ask(database.dsn, ENTRY)
    await _ask(database.dsn, "insert into shop (code, name, kind) values ('shibuya', '渋谷店', 'store')")
    return database


async def test_a_copy_comes_back_the_same_into_a_new_data_folder(filled: Any, clock: Any, tmp_path: Path) -> None:
    manifest = await take(filled.dsn, tmp_path / "copy", clock.now())
    assert manifest.rows["entry"] == 500
    assert (manifest.currency, manifest.timezone) == ("JPY", "Asia/Tokyo")
    assert (tmp_path / "copy").stat().st_mode & 0o077 == 0

    back = await asyncio.to_thread(goen, tmp_path / "data", "restore", str(tmp_path / "copy"))
    assert back.returncode == 0, back.stderr
    async with embedded(tmp_path / "data", "test") as server:
        source, target = await asyncpg.connect(filled.dsn), await asyncpg.connect(server.dsn)
        try:
            # The restored books remember the copy they came from, to tell it who leaves from now on.
            there = await row_counts(target)
            assert there.pop("copy_taken") == 1
            assert await row_counts(source) == manifest.rows == {**there, "copy_taken": 0}
            for question in (
                "select array_agg(e order by member_id)::text from entry e",
                "select name from shop",
                "select array_agg(relname || relacl::text order by relname)::text from pg_class"
                " where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')",
            ):
                assert await target.fetchval(question) == await source.fetchval(question)
            assert await migrate(server.dsn, today=clock.now().date()) == []
            await target.execute("set role goen_app")
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await target.execute("delete from entry")
        finally:
            await source.close()
            await target.close()


async def test_a_copy_is_of_one_moment_while_trading_goes_on(database: Any, clock: Any, tmp_path: Path) -> None:
    trading = asyncio.create_task(_trade(database.dsn))
    await asyncio.sleep(0.1)
    try:
        manifest = await take(database.dsn, tmp_path / "copy", clock.now())
    finally:
        trading.cancel()
    # Both tables are written in each transaction, so a copy of one moment has as many rows of each.
    assert manifest.rows["shop"] == manifest.rows["product"] > 0
    back = await asyncio.to_thread(goen, tmp_path / "data", "restore", str(tmp_path / "copy"))
    assert back.returncode == 0, back.stderr  # The restored rows are counted against the manifest.


async def _trade(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for number in range(100_000):
            async with connection.transaction():
                await connection.execute("insert into shop (code, name, kind) values ($1, 'x', 'store')", str(number))
                await connection.execute(
                    "insert into product (sku, name, changed_at) values ($1, 'x', now())", str(number)
                )
    finally:
        connection.terminate()


async def test_restore_refuses_a_folder_that_holds_data(filled: Any, clock: Any, tmp_path: Path) -> None:
    await take(filled.dsn, tmp_path / "copy", clock.now())
    first = await asyncio.to_thread(goen, tmp_path / "data", "restore", str(tmp_path / "copy"))
    again = await asyncio.to_thread(goen, tmp_path / "data", "restore", str(tmp_path / "copy"))
    assert first.returncode == 0, first.stderr
    assert again.returncode == 1
    assert "is not empty" in again.stderr
    assert "Traceback" not in again.stderr


async def test_restore_into_a_server_of_ones_own(filled: Any, empty_database: Any, clock: Any, tmp_path: Path) -> None:
    await take(filled.dsn, tmp_path / "copy", clock.now())
    arguments = (tmp_path / "unused", "restore", str(tmp_path / "copy"))
    back = await asyncio.to_thread(goen, *arguments, GOEN_DATABASE_URL=empty_database.dsn)
    assert back.returncode == 0, back.stderr
    assert await _ask(empty_database.dsn, "select count(*) from entry") == 500
    again = await asyncio.to_thread(goen, *arguments, GOEN_DATABASE_URL=empty_database.dsn)
    assert again.returncode == 1
    assert "is not empty" in again.stderr
    assert not (tmp_path / "unused").exists()


async def test_a_changed_missing_or_added_file_is_named(filled: Any, clock: Any, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    await take(filled.dsn, copy, clock.now())
    assert checked(copy).rows["entry"] == 500
    victim = next(copy.rglob("*.dat.gz"))
    original = victim.read_bytes()
    for damage in (original + b"x", None):
        victim.unlink()
        if damage is not None:
            victim.write_bytes(damage)
        with pytest.raises(BackupRefused, match=victim.name):
            checked(copy)
        victim.write_bytes(original)
    (copy / "added").write_text("")
    with pytest.raises(BackupRefused, match="added"):
        checked(copy)


async def test_a_folder_without_a_backup_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match=r"manifest\.json"):
        checked(tmp_path)


async def test_backup_refuses_a_folder_in_use_and_leaves_nothing_when_it_fails(
    filled: Any, empty_database: Any, clock: Any, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "photo").write_text("")
    with pytest.raises(BackupRefused, match="not empty"):
        await take(filled.dsn, tmp_path / "mine", clock.now())
    superuser = await asyncpg.connect(filled.superuser_dsn)
    await superuser.execute("create table secret (a bigint primary key)")  # pg_dump as the owner may not read it.
    await superuser.close()
    with pytest.raises(BackupRefused, match=r"pg_dump failed.*secret"):
        await take(filled.dsn, tmp_path / "copy", clock.now())
    assert [each.name for each in tmp_path.iterdir()] == ["mine"]


async def test_a_failed_restore_leaves_an_empty_database_to_try_again(filled: Any, clock: Any, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    await take(filled.dsn, copy, clock.now())
    manifest = (copy / "manifest.json").read_text()
    (copy / "manifest.json").write_text(manifest.replace('"entry": 500', '"entry": 501'))
    failed = await asyncio.to_thread(goen, tmp_path / "data", "restore", str(copy))
    assert failed.returncode == 1
    assert "do not have the rows the manifest names: entry" in failed.stderr
    (copy / "manifest.json").write_text(manifest)
    back = await asyncio.to_thread(goen, tmp_path / "data", "restore", str(copy))
    assert back.returncode == 0, back.stderr


async def test_backup_works_beside_a_running_server_on_the_same_folder(tmp_path: Path) -> None:
    async with embedded(tmp_path / "data", "test") as server:
        migrated = await asyncio.to_thread(goen, tmp_path / "data", "migrate")
        assert migrated.returncode == 0, migrated.stderr
        done = await asyncio.to_thread(goen, tmp_path / "data", "backup", str(tmp_path / "copy"))
        assert done.returncode == 0, done.stderr
        assert await _ask(server.dsn, "select 1") == 1
    assert digests(tmp_path / "copy") == checked(tmp_path / "copy").files
