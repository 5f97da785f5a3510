"""Connections: what a reading one may not do, which role acts, and what happens over a restart."""

from __future__ import annotations

import asyncpg
import pytest

from goen.database.errors import DatabaseUnavailable
from goen.database.pool import Database, open_database
from goen.database.transaction import again_on_conflict


async def test_a_reading_connection_is_refused_any_write(pool: Database) -> None:
    async with pool.reading() as connection:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.execute("create table anything (a bigint primary key)")


async def test_connections_act_as_the_application_role(pool: Database) -> None:
    for _ in range(2):  # The second time the connection comes back from the pool.
        async with pool.writing() as connection:
            assert await connection.fetchval("select current_user") == "goen_app"


async def test_the_application_cannot_change_history(pool: Database) -> None:
    for act in ("update entry set points = 0", "delete from entry", "truncate entry"):
        async with pool.writing() as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(act)


async def test_a_transaction_is_rolled_back_when_its_block_raises(pool: Database, owner: asyncpg.Connection) -> None:
    await owner.execute("create table scratch (a bigint primary key)")
    await owner.execute("grant select, insert on scratch to goen_app")

    async def fails_halfway() -> None:
        async with pool.transaction() as connection:
            await connection.execute("insert into scratch values (1)")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fails_halfway()
    assert await owner.fetchval("select count(*) from scratch") == 0


async def test_a_snapshot_sees_one_moment(pool: Database, owner: asyncpg.Connection) -> None:
    await owner.execute("create table scratch (a bigint primary key)")
    await owner.execute("grant select on scratch to goen_app")
    async with pool.snapshot() as connection:
        before = await connection.fetchval("select count(*) from scratch")
        await owner.execute("insert into scratch values (1)")
        assert await connection.fetchval("select count(*) from scratch") == before == 0


async def test_the_pool_survives_the_loss_of_its_connections(pool: Database, owner: asyncpg.Connection) -> None:
    async with pool.reading() as connection:
        lost = await connection.fetchval("select pg_backend_pid()")
    await owner.fetchval("select pg_terminate_backend($1, 2000)", lost)
    async with pool.reading() as connection:
        assert await connection.fetchval("select pg_backend_pid()") != lost


async def test_work_is_run_again_after_a_deadlock(pool: Database) -> None:
    attempts = 0

    async def work(connection: asyncpg.Connection) -> int:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            await connection.execute("do $$ begin raise exception using errcode = '40P01'; end $$")
        return attempts

    assert await again_on_conflict(pool, work) == 3
    attempts = -5
    with pytest.raises(asyncpg.DeadlockDetectedError):
        await again_on_conflict(pool, work)


async def test_a_wrong_address_is_refused_with_the_setting_named() -> None:
    with pytest.raises(DatabaseUnavailable, match="GOEN_DATABASE_URL"):
        async with open_database("postgresql://nobody:wrong@127.0.0.1:1/none", wait_seconds=0):
            pass


async def test_the_application_may_write_what_is_not_append_only(connection: asyncpg.Connection) -> None:
    kinds = await connection.fetch(
        "select relname, split_part(obj_description(oid), ':', 1) as kind,"
        " has_table_privilege(oid, 'insert') as insert, has_table_privilege(oid, 'update') as update"
        " from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
        " and not relispartition and obj_description(oid) is not null"
    )
    assert len(kinds) > 10
    assert {row["relname"] for row in kinds if not row["insert"]} == set()
    assert {row["relname"] for row in kinds if row["update"]} == {
        row["relname"] for row in kinds if "append-only" not in row["kind"]
    }
