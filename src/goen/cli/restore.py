"""``goen restore``: bring a backup back, into an empty database."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import asyncpg
import click
import msgspec

from goen.cli.backup import FORMAT, JOBS, BackupRefused, Manifest, digests, row_counts, run
from goen.cli.session import migrated
from goen.database.embedded import Server, embedded
from goen.settings import Settings

_RESTORING = "goen_restoring"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR")
def restore(folder: Path) -> None:
    """Bring the backup in DIR back, into an empty data folder (or the empty server of GOEN_DATABASE_URL)."""
    manifest = asyncio.run(_restore(Settings.from_environment(), folder.absolute()))
    click.echo(f"{sum(manifest.rows.values()):,} rows are back, as of {manifest.taken_at:%Y-%m-%d %H:%M:%S %Z}")


async def _restore(settings: Settings, folder: Path) -> Manifest:
    manifest = await asyncio.to_thread(checked, folder)
    if settings.database_url is not None:
        await _refuse_filled(settings.database_url, "The database of GOEN_DATABASE_URL")
        await _load(settings.database_url, folder, manifest)
        await migrated(settings)
        return manifest
    async with embedded(settings.data_dir, settings.profile) as server:
        await _refuse_filled(server.dsn, f"The data folder {server.data_dir}")
        await _swap(server, folder, manifest)
        await migrated(replace(settings, database_url=server.dsn))
    return manifest


def checked(folder: Path) -> Manifest:
    """The manifest of the backup in ``folder``, after proving that every file is as it was written.

    Raises:
        BackupRefused: no backup, one of a later format, or files missing, changed or added.
    """
    try:
        manifest = msgspec.json.decode((folder / "manifest.json").read_bytes(), type=Manifest)
    except (FileNotFoundError, msgspec.DecodeError):
        raise BackupRefused(f"{folder} holds no backup of Goen: its manifest.json is missing or unreadable.") from None
    if manifest.format > FORMAT:
        raise BackupRefused(f"{folder} was written by Goen {manifest.goen}; restore it with that version or newer.")
    present = digests(folder)
    differing = {path for path, _ in present.items() ^ manifest.files.items()}
    if differing:
        raise BackupRefused(f"{folder} is not as it was written; look at: {', '.join(sorted(differing))}")
    return manifest


async def _refuse_filled(dsn: str, what: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        if rows := await row_counts(connection):
            raise BackupRefused(
                f"{what} is not empty: it has {', '.join(list(rows)[:3])} … Restore goes into an empty one, "
                f"for example another folder in GOEN_DATA_DIR."
            )
    finally:
        await connection.close()


async def _swap(server: Server, folder: Path, manifest: Manifest) -> None:
    """Restore under another name and put it in place at the end: a half-restored database is never served."""
    superuser = await asyncpg.connect(server.superuser_dsn)
    try:
        await superuser.execute(f"drop database if exists {_RESTORING} with (force)")
        await superuser.execute(f"create database {_RESTORING} owner goen")
        try:
            await _load(f"{server.dsn.rpartition('/')[0]}/{_RESTORING}", folder, manifest)
        except BaseException:
            with suppress(asyncpg.PostgresError):
                await superuser.execute(f"drop database {_RESTORING} with (force)")
            raise
        await superuser.execute("drop database goen")
        await superuser.execute(f"alter database {_RESTORING} rename to goen")
    finally:
        await superuser.close()


async def _load(dsn: str, folder: Path, manifest: Manifest) -> None:
    arguments = ["--no-owner", "--exit-on-error", str(folder / "dump")]
    connection = await asyncpg.connect(dsn)
    try:
        if not await connection.fetchval("select exists (select from pg_roles where rolname = 'goen_app')"):
            arguments.insert(0, "--no-privileges")  # A server with one role: nothing to grant to.
        # Parallel restoring cannot be one transaction; a server of one's own gets the atomic way.
        atomic = not dsn.endswith(_RESTORING)
        await run("pg_restore", dsn, "--single-transaction" if atomic else f"--jobs={JOBS}", *arguments)
        if (found := await row_counts(connection)) != manifest.rows:
            wrong = [name for name in {**found, **manifest.rows} if found.get(name) != manifest.rows.get(name)]
            raise BackupRefused(f"The restored tables do not have the rows the manifest names: {', '.join(wrong)}")
    finally:
        await connection.close()
