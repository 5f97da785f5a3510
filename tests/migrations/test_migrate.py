# ruff: noqa: E501 - the catalogue query reads better on one line.
"""The one line of migrations: applied once, in order, by one at a time, and never edited."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any

import asyncpg
import pytest

from goen.database.errors import InstallationDiffers, SchemaRefused
from goen.database.migrate import Migration, current, installation, migrate, pending, shipped

TODAY = date(2026, 11, 22)
ONE = Migration(1, "one", "create table one (one_id bigint primary key);")
TWO = Migration(2, "two", "create table two (two_id bigint primary key); insert into one values (2);")

# All that pg_catalog knows about our schema, as comparable text.
CATALOGUE = """
select 'column' as what, c.relname || '.' || a.attname as name, concat_ws(' ', c.relkind, c.relispartition,
       format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attstorage, a.attnum, pg_get_expr(d.adbin, d.adrelid),
       c.reloptions, pg_get_expr(c.relpartbound, c.oid)) as definition
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
 where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'c', 'S')
union all select 'index', indexname, indexdef from pg_indexes where schemaname = 'public'
union all select 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
  from pg_constraint where connamespace = 'public'::regnamespace
union all select 'function', oid::regprocedure::text, pg_get_functiondef(oid) from pg_proc
 where pronamespace = 'public'::regnamespace and prokind in ('f', 'p')
union all select 'sequence', seqrelid::regclass::text, row(s.*)::text
  from (select seqrelid, seqtypid, seqstart, seqincrement, seqmax, seqmin, seqcache, seqcycle from pg_sequence) s
union all select 'comment', objoid::regclass || '.' || objsubid, description from pg_description where classoid = 'pg_class'::regclass
   and objoid in (select oid from pg_class where relnamespace = 'public'::regnamespace)
union all select 'rights', relname, coalesce(array_to_string(array(select unnest(relacl)::text order by 1), ' '), '')
  from pg_class where relnamespace = 'public'::regnamespace
"""


async def _catalogue(dsn: str) -> dict[tuple[str, str], str]:
    connection = await asyncpg.connect(dsn)
    try:
        return {(row["what"], row["name"]): _portable(row) for row in await connection.fetch(CATALOGUE)}
    finally:
        await connection.close()


def _portable(row: asyncpg.Record) -> str:
    """A sequence's row begins with its object number, which differs from database to database."""
    definition = str(row["definition"])
    return definition.partition(",")[2] if row["what"] == "sequence" else definition


async def _ask(dsn: str, sql: str, *arguments: Any) -> Any:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql, *arguments)
    finally:
        await connection.close()


def test_the_line_is_numbered_from_one_without_a_gap() -> None:
    assert [each.number for each in shipped()] == list(range(1, len(shipped()) + 1))


async def test_migrated_step_by_step_equals_built_at_once(database: Any, empty_database: Any) -> None:
    for count in range(1, len(shipped()) + 1):
        applied = await migrate(empty_database.dsn, today=TODAY, line=shipped()[:count])
        assert [each.number for each in applied] == [shipped()[count - 1].number]
    stepwise = await _catalogue(empty_database.dsn)

    connection = await asyncpg.connect(database.dsn)
    await connection.execute("drop schema public cascade; create schema public")
    await connection.execute("\n".join(each.sql for each in shipped()))
    await connection.close()
    # What the line itself keeps (schema_migration, rights, months ahead) is added; the files are not run again.
    await _mark_applied(database.dsn, shipped())
    await migrate(database.dsn, today=TODAY)
    at_once = await _catalogue(database.dsn)

    assert len(stepwise) > 100
    assert {key for key in stepwise.keys() | at_once.keys() if stepwise.get(key) != at_once.get(key)} == set()


async def _mark_applied(dsn: str, line: Sequence[Migration]) -> None:
    await migrate(dsn, today=TODAY, line=())
    connection = await asyncpg.connect(dsn)
    rows = [(each.number, each.name, each.digest) for each in line]
    await connection.executemany("insert into schema_migration (number, name, digest) values ($1, $2, $3)", rows)
    await connection.execute("revoke all on schema_migration from goen_app")  # So that rights are given anew.
    await connection.close()


async def test_only_what_is_missing_is_applied(empty_database: Any) -> None:
    assert await migrate(empty_database.dsn, today=TODAY, line=[ONE]) == [ONE]
    assert await migrate(empty_database.dsn, today=TODAY, line=[ONE, TWO]) == [TWO]
    assert await migrate(empty_database.dsn, today=TODAY, line=[ONE, TWO]) == []
    assert await _ask(empty_database.dsn, "select count(*) from one") == 1


async def test_several_at_once_apply_each_file_once(empty_database: Any) -> None:
    slow = Migration(2, "slow", "select pg_sleep(0.2); create table two (two_id bigint primary key)")
    results = await asyncio.gather(*(migrate(empty_database.dsn, today=TODAY, line=[ONE, slow]) for _ in range(5)))
    assert sorted(len(applied) for applied in results) == [0, 0, 0, 0, 2]


async def test_a_failing_file_leaves_nothing_behind(empty_database: Any) -> None:
    broken = Migration(2, "broken", "create table half (a bigint primary key); select 1 / 0")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty_database.dsn, today=TODAY, line=[ONE, broken])
    assert await _ask(empty_database.dsn, "select to_regclass('half')") is None
    assert await migrate(empty_database.dsn, today=TODAY, line=[ONE, TWO]) == [TWO]


async def test_a_database_ahead_of_us_is_refused(empty_database: Any) -> None:
    await migrate(empty_database.dsn, today=TODAY, line=[ONE, TWO])
    with pytest.raises(SchemaRefused, match="ahead of this Goen: it has 0002_two"):
        await migrate(empty_database.dsn, today=TODAY, line=[ONE])


async def test_an_edited_file_is_refused(empty_database: Any) -> None:
    await migrate(empty_database.dsn, today=TODAY, line=[ONE])
    edited = Migration(1, "one", ONE.sql + " -- improved")
    with pytest.raises(SchemaRefused, match="0001_one was applied with another text"):
        await migrate(empty_database.dsn, today=TODAY, line=[edited, TWO])


async def test_a_table_in_use_makes_it_give_up_without_a_trace(
    empty_database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await migrate(empty_database.dsn, today=TODAY, line=[ONE])
    monkeypatch.setattr("goen.database.migrate.LOCK_SECONDS", 1)
    user = await asyncpg.connect(empty_database.dsn)
    async with user.transaction():
        await user.execute("lock table one in share mode")
        with pytest.raises(SchemaRefused, match="0002_two waited 1 s"):
            await migrate(empty_database.dsn, today=TODAY, line=[ONE, TWO])
    await user.close()
    assert await migrate(empty_database.dsn, today=TODAY, line=[ONE, TWO]) == [TWO]


async def test_readiness_knows_whether_the_schema_is_current(empty_database: Any) -> None:
    connection = await asyncpg.connect(empty_database.dsn)
    assert not await current(connection)
    assert len(await pending(connection)) == len(shipped())
    await migrate(empty_database.dsn, today=TODAY)
    assert await current(connection)
    await connection.execute("insert into schema_migration (number, name, digest) values (9999, 'later', '')")
    assert await current(connection)  # The release before keeps serving while it is replaced.
    await connection.execute("update schema_migration set digest = 'other' where number = 1")
    assert not await current(connection)
    await connection.close()


async def test_currency_and_time_zone_are_chosen_once(empty_database: Any) -> None:
    connection = await asyncpg.connect(empty_database.dsn)
    with pytest.raises(SchemaRefused, match="goen migrate"):
        await installation(connection)
    await migrate(empty_database.dsn, today=TODAY, currency="USD", timezone="Europe/Paris")
    await migrate(empty_database.dsn, today=TODAY)  # Unset later: the database's own count.
    chosen = await installation(connection)
    assert (chosen.currency, chosen.timezone) == ("USD", "Europe/Paris")
    for other in ({"currency": "JPY"}, {"timezone": "Asia/Tokyo"}):
        with pytest.raises(InstallationDiffers, match="kept in"):
            await migrate(empty_database.dsn, today=TODAY, **other)
    await connection.close()


async def test_unset_means_yen_and_tokyo(connection: asyncpg.Connection) -> None:
    chosen = await installation(connection)
    assert (chosen.currency, chosen.timezone) == ("JPY", "Asia/Tokyo")
