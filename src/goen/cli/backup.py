"""``goen backup``: a consistent copy of the whole database into a folder."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from importlib.metadata import version
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg
import click
import msgspec

from goen.cli.session import located
from goen.database.binaries import ENVIRONMENT, carried
from goen.database.migrate import installation, shipped
from goen.settings import Settings
from goen.vocabulary.clock import Instant, SystemClock
from goen.vocabulary.refusal import Refusal

FORMAT = 1
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


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
def backup(folder: Path) -> None:
    """Copy the whole database into DIR, a new folder, as it is at this moment. Trading goes on."""
    manifest = asyncio.run(_backup(Settings.from_environment(), folder.absolute()))
    click.echo(f"{folder}: {sum(manifest.rows.values()):,} rows as of {manifest.taken_at:%Y-%m-%d %H:%M:%S %Z}")


async def _backup(settings: Settings, folder: Path) -> Manifest:
    async with located(settings) as found:
        assert found.database_url is not None
        return await take(found.database_url, folder, SystemClock().now())


async def take(dsn: str, folder: Path, now: Instant) -> Manifest:
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
    """SHA-256 of every file below ``folder`` but the manifest, by relative path."""
    found = {}
    for path in sorted(each for each in folder.rglob("*") if each.is_file() and each.name != "manifest.json"):
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
