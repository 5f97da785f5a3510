"""``goen backup``: a consistent copy of the whole database into a folder."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from contextlib import suppress
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg
import click
import msgspec

from goen.actions.members import departures
from goen.cli.session import located
from goen.database.binaries import ENVIRONMENT, carried
from goen.database.migrate import installation, shipped
from goen.database.pool import Database, open_database
from goen.settings import Settings
from goen.vocabulary.clock import Instant, SystemClock
from goen.vocabulary.refusal import Refusal

FORMAT = 1
APART = ("manifest.json", departures.LIST)
JOBS = 2


class BackupRefused(Refusal):
    """The folder cannot take a backup, or does not hold a whole one."""

    code = "backup_refused"


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds, so that restoring can prove that nothing is missing.

    ``rows`` counts every table at the moment of the copy; ``files`` are SHA-256 digests by path.
    """

    format: int
    goen: str
    postgresql: str
    taken_at: Instant
    currency: str
    timezone: str
    migration: int
    rows: dict[str, int]
    files: dict[str, str]
    keep_until: date | None = None


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--keep", is_flag=True, help="For ever; and delete no older copies.")
def backup(folder: Path, keep: bool) -> None:
    """Copy the whole database into DIR, a new folder, as it is at this moment. Trading goes on.

    Copies hold personal data, so they age out: those that this command took more than GOEN_BACKUP_DAYS ago are
    deleted once the new one is whole.
    """
    manifest, deleted = asyncio.run(_backup(Settings.from_environment(), folder.absolute(), keep))
    until = f", kept until {manifest.keep_until}" if manifest.keep_until else ""
    click.echo(f"{folder}: {sum(manifest.rows.values()):,} rows as of {manifest.taken_at:%Y-%m-%d %H:%M:%S %Z}{until}")
    for each in deleted:
        click.echo(f"{each}: deleted, its time was over")


async def _backup(settings: Settings, folder: Path, keep: bool) -> tuple[Manifest, list[Path]]:
    now = SystemClock().now()
    days = None if keep else settings.backup_days or None
    async with located(settings) as found:
        assert found.database_url is not None
        manifest = await take(found.database_url, folder, now, days)
        # A database that this version has not migrated yet has no place to note its copies.
        with suppress(asyncpg.UndefinedTableError):
            async with open_database(found.database_url) as database:
                await departures.note_copy(database, folder, manifest.taken_at, manifest.keep_until)
                return manifest, [] if days is None else await age_out(database, now)
        return manifest, []


async def age_out(database: Database, now: Instant) -> list[Path]:
    """Delete the copies taken by this command whose last day is over; gives their folders.

    A folder that does not hold the copy it held then is somebody else's and stays.
    """
    async with database.reading() as connection:
        old = [each for each in await departures.copies(connection) if each.keep_until and each.keep_until < now.date()]
    deleted = []
    for each in old:
        was_here, gone = await asyncio.to_thread(_delete_copy, Path(each.folder), each.taken_at)
        if gone:
            await departures.copy_gone(database, each.copy_id, now)
            deleted += [Path(each.folder)] if was_here else []
    return deleted


def _delete_copy(folder: Path, taken_at: Instant) -> tuple[bool, bool]:
    """Whether the folder was here, and whether the copy is gone from it now."""
    if not folder.exists():
        # On a disk that is not mounted just now it may well be: forgotten only when its place is here.
        return False, folder.parent.exists()
    try:
        manifest = msgspec.json.decode((folder / "manifest.json").read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError):
        return True, False
    if manifest.taken_at != taken_at:
        return True, False
    shutil.rmtree(folder, ignore_errors=True)
    return True, not folder.exists()


async def take(dsn: str, folder: Path, now: Instant, keep_days: int | None = None) -> Manifest:
    """Write a backup of the database behind ``dsn`` into ``folder``, whole or not at all.

    Raises:
        BackupRefused: the folder exists and is not empty, or pg_dump could not copy.
    """
    staging = await asyncio.to_thread(_staging, folder)
    connection = await asyncpg.connect(dsn)
    try:
        chosen = await installation(connection)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            # The copy and the counts see the same moment.
            snapshot = await connection.fetchval("select pg_export_snapshot()")
            await run(
                "pg_dump",
                dsn,
                "--format=directory",
                f"--jobs={JOBS}",
                "--compress=gzip:1",
                f"--snapshot={snapshot}",
                f"--file={staging / 'dump'}",
            )
            manifest = Manifest(
                format=FORMAT,
                goen=version("goen"),
                postgresql=str(await connection.fetchval("show server_version")),
                taken_at=now,
                currency=chosen.currency,
                timezone=chosen.timezone,
                migration=shipped()[-1].number,
                rows=await row_counts(connection),
                files=await asyncio.to_thread(digests, staging),
                keep_until=None if keep_days is None else (now + timedelta(days=keep_days)).date(),
            )
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    finally:
        await connection.close()
    (staging / "manifest.json").write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    staging.rename(folder)
    return manifest


def _staging(folder: Path) -> Path:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BackupRefused(f"{folder} exists and is not empty. A backup goes into a folder of its own.")
    staging = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(mode=0o700, parents=True)  # It holds the members' personal data.
    return staging


async def row_counts(connection: asyncpg.Connection) -> dict[str, int]:
    """Rows of every table of the schema, partitioned ones as a whole, by name."""
    tables = await connection.fetch(
        "select relname from pg_class where relnamespace = 'public'::regnamespace"
        " and relkind in ('r', 'p') and not relispartition order by relname"
    )
    return {name: await connection.fetchval(f'select count(*) from "{name}"') for (name,) in tables}  # noqa: S608


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below ``folder`` by relative path, but for the manifest and the list of those who left
    since, which grows."""
    found = {}
    for path in sorted(each for each in folder.rglob("*") if each.is_file() and each.name not in APART):
        with path.open("rb") as file:
            found[str(path.relative_to(folder))] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


async def run(program: str, dsn: str, *arguments: str) -> None:
    """Run one of PostgreSQL's client programs on the database behind ``dsn``.

    The password goes by the environment, where the list of processes does not show it.

    Raises:
        BackupRefused: it failed; the message has its words.
    """
    parts = urlsplit(dsn)
    user, _, address = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    bare = urlunsplit(parts._replace(netloc=f"{name}@{address}" if name else address))
    process = await asyncio.create_subprocess_exec(
        str(carried() / program),
        f"--dbname={bare}",
        *arguments,
        env={**ENVIRONMENT, "PGPASSWORD": unquote(password) or os.environ.get("PGPASSWORD", "")},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, words = await process.communicate()
    except asyncio.CancelledError:
        process.terminate()
        raise
    if process.returncode:
        raise BackupRefused(f"{program} failed: {words.decode(errors='replace').strip()}")
