"""``goen restore``: bring a backup back, into an empty database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import asyncpg
import click
import msgspec

from goen.actions.members.departures import LIST, Line, note_copy, read_list, replay
from goen.cli.backup import FORMAT, JOBS, BackupRefused, Manifest, digests, row_counts, run
from goen.cli.session import migrated
from goen.database.embedded import Server, embedded
from goen.database.pool import open_database
from goen.settings import Settings
from goen.vocabulary.clock import SystemClock

_RESTORING = "goen_restoring"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR")
@click.option(
    "--departures",
    "lists",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="A list of who has left since (departures.jsonl of the lost data folder). May be repeated.",
)
def restore(folder: Path, lists: tuple[Path, ...]) -> None:
    """Bring the backup in DIR back, into an empty data folder (or the empty server of GOEN_DATABASE_URL).

    Members who withdrew or were erased since it was taken go again: they are listed beside the backup, and in the
    data folder.
    """
    manifest, gone = asyncio.run(_restore(Settings.from_environment(), folder.absolute(), lists))
    click.echo(f"{sum(manifest.rows.values()):,} rows are back, as of {manifest.taken_at:%Y-%m-%d %H:%M:%S %Z}")
    if gone.withdrawn:
        click.echo(
            f"{gone.withdrawn:,} members who have left since have left again, {gone.erased:,} of them are erased"
        )


async def _restore(settings: Settings, folder: Path, lists: Sequence[Path]) -> tuple[Manifest, Gone]:
    manifest = await asyncio.to_thread(checked, folder)
    lines = await asyncio.to_thread(_listed, [folder / LIST, settings.data_dir / LIST, *lists])

    async def settled(dsn: str) -> Gone:
        """This version's schema, and nobody back who has left: before anybody may look."""
        await migrated(replace(settings, database_url=dsn))
        async with open_database(dsn) as database:
            await note_copy(database, folder, manifest.taken_at, manifest.keep_until)
            return Gone(*await replay(database, lines, manifest.taken_at, SystemClock().now()))

    if settings.database_url is not None:
        await _refuse_filled(settings.database_url, "The database of GOEN_DATABASE_URL")
        await _load(settings.database_url, folder, manifest)
        return manifest, await settled(settings.database_url)
    async with embedded(settings.data_dir, settings.profile) as server:
        await _refuse_filled(server.dsn, f"The data folder {server.data_dir}")
        return manifest, await _swap(server, folder, manifest, settled)


class Gone(NamedTuple):
    """Members who left after the backup was taken: how many left again, and how many of them were erased again."""

    withdrawn: int
    erased: int


def _listed(files: Sequence[Path]) -> list[Line]:
    """The departures of those of these lists that are there.

    Raises:
        BackupRefused: one of them cannot be read.
    """
    found: list[Line] = []
    for path in files:
        if path.exists():
            try:
                found += read_list(path)
            except (OSError, ValueError) as problem:
                raise BackupRefused(f"{path} is no list of departures: {problem}") from None
    return found


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


async def _swap(server: Server, folder: Path, manifest: Manifest, settled: Callable[[str], Awaitable[Gone]]) -> Gone:
    """Restore under another name and put it in place at the end: a half-restored database is never served."""
    superuser = await asyncpg.connect(server.superuser_dsn)
    try:
        await superuser.execute(f"drop database if exists {_RESTORING} with (force)")
        await superuser.execute(f"create database {_RESTORING} owner goen")
        try:
            dsn = f"{server.dsn.rpartition('/')[0]}/{_RESTORING}"
            await _load(dsn, folder, manifest)
            gone = await settled(dsn)
        except BaseException:
            with suppress(asyncpg.PostgresError):
                await superuser.execute(f"drop database {_RESTORING} with (force)")
            raise
        await superuser.execute("drop database goen")
        await superuser.execute(f"alter database {_RESTORING} rename to goen")
    finally:
        await superuser.close()
    return gone


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
