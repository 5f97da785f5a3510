"""History is append-only by grants: the application's role cannot change it, whatever its code says."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from goen.database.pool import open_database

APPEND_ONLY = """
select c.relname, split_part(obj_description(c.oid, 'pg_class'), ':', 1) as kind from pg_class c
 where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
   and split_part(obj_description(c.oid, 'pg_class'), ':', 1) like '%append-only' order by 1"""
COLUMN = "select attname from pg_attribute where attrelid = $1::regclass and attnum = 1"
PARTITIONS = "select c.relname from pg_class c where c.relispartition and c.relkind = 'r' order by 1"

#: What the books rest on: if one of these lost the word in its comment, it would lose its protection.
HISTORY = {
    "act", "act_key", "audit", "entry", "limit_draw", "lot_extension", "lot_move", "purchase_claim", "purchase_return",
}  # fmt: skip


async def test_what_the_books_rest_on_is_append_only(connection: Any) -> None:
    assert {row["relname"] for row in await connection.fetch(APPEND_ONLY)} >= HISTORY


async def test_the_application_cannot_update_delete_or_empty_history(connection: Any) -> None:
    for table, kind in await connection.fetch(APPEND_ONLY):
        column = await connection.fetchval(COLUMN, table)
        changes = [f"update {table} set {column} = {column}", f"truncate {table}"]
        # Keys of a registry age out (400 days, 30 days); of the books nothing is ever taken away.
        changes += [] if kind == "registry append-only" else [f"delete from {table}"]
        for change in changes:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(change)


async def test_no_partition_is_a_way_around(connection: Any) -> None:
    partitions = [row["relname"] for row in await connection.fetch(PARTITIONS)]
    assert "entry_default" in partitions
    for table in partitions:
        for change in (f"update {table} set points = 1", f"delete from {table}", f"truncate {table}"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(change)


async def test_the_application_cannot_lift_the_protection(connection: Any) -> None:
    for change in (
        "alter table entry drop constraint entry_points_check",
        "create rule quiet as on insert to entry do instead nothing",
        "create or replace function claim_keys(keys posted_key[]) returns void language sql as $$ select $$",
        "drop table entry",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(change)


async def test_every_connection_of_the_pools_is_the_applications_and_readers_write_nothing(database: Any) -> None:
    async with open_database(database.dsn) as opened:
        async with opened.writing() as writer:
            assert await writer.fetchval("select current_user") == "goen_app"
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await writer.execute("delete from entry")
        async with opened.reading() as reader:
            assert await reader.fetchval("select current_user") == "goen_app"
            with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
                await reader.execute("update member_account set booked = 0")
