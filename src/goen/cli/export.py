"""``goen export``: lists for other programs, in the form that ``goen import`` takes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goen.settings import Settings

if TYPE_CHECKING:
    from goen.channels.files.lists import ListFile


@click.group()
def export() -> None:
    """Lists for other programs, in the form that goen import takes."""


@export.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@click.option("--encoding", type=click.Choice(["cp932", "utf-8", "utf-8-sig"]), default="cp932", show_default=True)
@click.option("--armour", is_flag=True, help='Numbers with a leading zero as ="090…", for Excel.')
def members(path: Path, encoding: str, armour: bool) -> None:
    """Every active member into FILE (.csv or .xlsx), with identifiers, consents and points.

    Rows with characters that CP932 lacks go to FILE.utf8.csv beside it and are told; the exit status is then 1.
    """
    if path.suffix.lower() not in (".csv", ".xlsx"):
        raise click.UsageError("FILE ends with .csv or .xlsx")
    written = asyncio.run(_members(Settings.from_environment(), path, encoding, armour))
    click.echo(f"{path}: {written.count - len(written.apart):,} members")
    for number, letters in written.apart:
        click.echo(f"not in CP932: {letters}  member {number}", err=True)
    if written.apart:
        click.echo(f"{written.beside}: {len(written.apart):,} members, in UTF-8", err=True)
        raise SystemExit(1)


async def _members(settings: Settings, path: Path, encoding: str, armour: bool) -> ListFile:
    from zoneinfo import ZoneInfo

    from goen.actions.members.accesses import Access, add
    from goen.channels.files.lists import ListFile
    from goen.cli.members import author
    from goen.cli.session import opened
    from goen.database.migrate import installation
    from goen.readings.member_list import PIECE, layout, member_list
    from goen.vocabulary.clock import SystemClock

    now = SystemClock().now()
    lines: list[Access] = []
    async with opened(settings) as database, database.snapshot() as connection:
        form = await layout(connection)
        zone = ZoneInfo((await installation(connection)).timezone)
        with ListFile(path, form.columns, encoding=encoding, armour=armour) as file:
            async for member_id, cells in member_list(connection, form, zone):
                file.write(cells)
                lines.append(Access(member_id, now, author("goen export"), "exported", None))
                if len(lines) == PIECE:
                    async with database.transaction() as writing:
                        await add(writing, lines)
                    lines.clear()
            async with database.transaction() as writing:
                await add(writing, lines)
    return file
