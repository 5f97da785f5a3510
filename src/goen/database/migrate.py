"""The schema moves forward along one numbered line of SQL files, ``migrations/NNNN_name.sql``.

Each file runs in a transaction of its own, under lock and statement time-outs, and is recorded with its
digest in ``schema_migration``. Several processes may migrate at once: an advisory lock lets one through.
Files run as the owner; everything else acts as ``goen_app``, whose rights follow from the words in the
tables' comments (``grants.sql``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import asyncpg

from goen.database.errors import InstallationDiffers, SchemaRefused
from goen.database.partitions import cover_months
from goen.database.pool import APPLICATION_ROLE, connect

FOLDER = Path(__file__).with_name("migrations")
CURRENCY, TIMEZONE = "JPY", "Asia/Tokyo"
LOCK_SECONDS = 10
STATEMENT_MINUTES = 30
MONTHS_AHEAD = 3

# Any fixed number of our own: PostgreSQL's advisory locks know numbers only.
_ADVISORY_LOCK = 4_736_111_201

_KNOWN = "select exists (select from pg_roles where rolname = $1)"
_GRANTED = """
select coalesce((select has_table_privilege(oid, 'schema_migration', 'select')
                   from pg_roles where rolname = $1), true)
"""

_TABLE = """
create table if not exists schema_migration (
  number bigint primary key,
  name text not null,
  digest text not null,
  applied_at timestamptz not null default now()
)
"""


@dataclass(frozen=True)
class Migration:
    """One file of the line. ``digest`` is the SHA-256 of its text, in hex."""

    number: int
    name: str
    sql: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


@dataclass(frozen=True)
class Installation:
    """What was chosen once, when the database was made: ISO 4217 currency and IANA time zone."""

    currency: str
    timezone: str


def shipped(folder: Path = FOLDER) -> tuple[Migration, ...]:
    """The line of migrations in this folder, by number."""
    line = []
    for file in sorted(folder.glob("*.sql")):
        match = re.fullmatch(r"(\d{4})_([a-z0-9_]+)", file.stem)
        assert match, f"{file.name}: migrations are named NNNN_name.sql"
        line.append(Migration(int(match[1]), match[2], file.read_text(encoding="utf-8")))
    assert len({each.number for each in line}) == len(line), "two migrations have the same number"
    return tuple(line)


async def pending(connection: asyncpg.Connection, line: Sequence[Migration] | None = None) -> list[Migration]:
    """The migrations this database still lacks, in order.

    Raises:
        SchemaRefused: the database is ahead of this Goen, or an applied file was changed since.
    """
    line = shipped() if line is None else line
    applied = await _applied(connection)
    if ahead := sorted(set(applied) - {each.number for each in line}):
        names = ", ".join(f"{number:04}_{applied[number]['name']}" for number in ahead)
        raise SchemaRefused(
            f"The database is ahead of this Goen: it has {names}. Run the Goen that made it, or a newer one."
        )
    return _lacking(applied, line)


async def serviceable(connection: asyncpg.Connection) -> None:
    """Refuse a database that lacks something of this Goen's schema. One that is ahead will do: every
    migration leaves the release before it working, so servers of both can run while one replaces the other.

    Raises:
        SchemaRefused: `goen migrate` is due, or an applied file was changed since.
    """
    if todo := _lacking(await _applied(connection), shipped()):
        raise SchemaRefused(f"The database lacks {len(todo)} migration(s) of this Goen. Run `goen migrate`.")


async def _applied(connection: asyncpg.Connection) -> dict[int, asyncpg.Record]:
    if await connection.fetchval("select to_regclass('schema_migration') is null"):
        return {}
    return {row["number"]: row for row in await connection.fetch("select * from schema_migration")}


def _lacking(applied: dict[int, asyncpg.Record], line: Sequence[Migration]) -> list[Migration]:
    for each in line:
        if each.number in applied and applied[each.number]["digest"] != each.digest:
            raise SchemaRefused(
                f"Migration {each.number:04}_{each.name} was applied with another text than Goen carries. "
                f"Applied migrations are never edited: restore the file, and put the change in a new one."
            )
    return [each for each in line if each.number not in applied]


async def current(connection: asyncpg.Connection) -> bool:
    """Whether this Goen can serve from the database (for ``readyz``)."""
    try:
        await serviceable(connection)
    except SchemaRefused:
        return False
    return True


async def migrate(
    dsn: str,
    *,
    today: date,
    currency: str | None = None,
    timezone: str | None = None,
    line: Sequence[Migration] | None = None,
) -> list[Migration]:
    """Bring the database to this Goen's schema and make the coming months' partitions.

    ``currency`` and ``timezone`` are written once, on the first day (default JPY, Asia/Tokyo); later,
    given ones must agree. Returns what was applied; running it again applies nothing.

    Raises:
        SchemaRefused: see :func:`pending`; or a lock was not free in time (nothing is half applied).
        InstallationDiffers: the settings name another currency or time zone than the database has.
    """
    connection = await connect(dsn)
    try:
        await connection.execute("select pg_advisory_lock($1)", _ADVISORY_LOCK)
        await _application_role(connection)
        await connection.execute(_TABLE)
        todo = await pending(connection, line)
        for each in todo:
            await _apply(connection, each)
        if todo or not await connection.fetchval(_GRANTED, APPLICATION_ROLE):
            await _grant(connection)
        if await connection.fetchval("select to_regclass('installation') is not null"):
            await _installed(connection, currency, timezone)
        if await connection.fetchval("select to_regclass('entry') is not null"):
            await cover_months(connection, today, months=MONTHS_AHEAD)
        return todo
    finally:
        await connection.close()  # Which gives the advisory lock back.


async def installation(connection: asyncpg.Connection) -> Installation:
    """Currency and time zone of this database.

    Raises:
        SchemaRefused: it has not been migrated yet.
    """
    try:
        row = await connection.fetchrow("select currency, timezone from installation")
    except asyncpg.UndefinedTableError:
        row = None
    if row is None:
        raise SchemaRefused("The database has no Goen schema yet. Run `goen migrate`.")
    return Installation(row["currency"], row["timezone"])


async def _apply(connection: asyncpg.Connection, migration: Migration) -> None:
    try:
        async with connection.transaction():
            await connection.execute(f"set local lock_timeout = '{LOCK_SECONDS}s'")
            await connection.execute(f"set local statement_timeout = '{STATEMENT_MINUTES}min'")
            await connection.execute(migration.sql)
            await connection.execute(
                "insert into schema_migration (number, name, digest) values ($1, $2, $3)",
                migration.number,
                migration.name,
                migration.digest,
            )
    except asyncpg.LockNotAvailableError:
        raise SchemaRefused(
            f"Migration {migration.number:04}_{migration.name} waited {LOCK_SECONDS} s for a table in use "
            f"and gave up; nothing was changed. Try again when fewer long transactions run."
        ) from None


async def _application_role(connection: asyncpg.Connection) -> None:
    """Make ``goen_app`` and join it, as far as this server lets us; without it grants are left out."""
    member = "select pg_has_role(current_user, $1::name, 'set')"
    try:
        if not await connection.fetchval(_KNOWN, APPLICATION_ROLE):
            await connection.execute(f"create role {APPLICATION_ROLE}")
        if not await connection.fetchval(member, APPLICATION_ROLE):
            await connection.execute(f"grant {APPLICATION_ROLE} to current_user")
    except (asyncpg.InsufficientPrivilegeError, asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
        return  # Not allowed here, or made this very moment for another database of the same server.


async def _grant(connection: asyncpg.Connection) -> None:
    if await connection.fetchval(_KNOWN, APPLICATION_ROLE):
        await connection.execute(Path(__file__).with_name("grants.sql").read_text(encoding="utf-8"))


async def _installed(connection: asyncpg.Connection, currency: str | None, timezone: str | None) -> None:
    await connection.execute(
        "insert into installation (currency, timezone) values ($1, $2) on conflict do nothing",
        currency or CURRENCY,
        timezone or TIMEZONE,
    )
    chosen = await installation(connection)
    for name, given, kept in (
        ("GOEN_CURRENCY", currency, chosen.currency),
        ("GOEN_TIMEZONE", timezone, chosen.timezone),
    ):
        if given is not None and given != kept:
            raise InstallationDiffers(
                f"{name} is {given!r}, but the books of this database are kept in {kept!r}. "
                f"Unset {name}, or use another database.",
                setting=name,
                given=given,
                kept=kept,
            )
