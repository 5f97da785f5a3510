"""``goen members``: disclose and erase by hand, for those who answer letters."""

from __future__ import annotations

import asyncio
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goen.settings import Settings

if TYPE_CHECKING:
    from goen.database.pool import Database


@click.group()
def members() -> None:
    """Disclosure and erasure. MEMBER is a member number or an id (m_…)."""


@members.command()
@click.argument("member", metavar="MEMBER")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE")
@click.option("--language", type=click.Choice(["ja", "en"]), default="ja", show_default=True, help="Of a page.")
def disclose(member: str, path: Path, language: str) -> None:
    """Write everything kept about MEMBER into FILE: a page (.html) or data (.json)."""
    if path.suffix.lower() not in (".html", ".json"):
        raise click.UsageError("FILE ends with .html or .json")
    asyncio.run(_disclose(Settings.from_environment(), member, path, language))
    click.echo(f"{path}: everything kept about {member}")


@members.command()
@click.argument("member", metavar="MEMBER")
@click.option("--reason", required=True, help="Why, for the audit; without the person's name.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(member: str, reason: str, yes: bool) -> None:
    """Erase everything personal of MEMBER at once. The books stay under the number; nothing brings it back."""
    if not yes:
        click.confirm(f"Erase {member} for ever?", abort=True)
    number, missed = asyncio.run(_erase(Settings.from_environment(), member, reason))
    click.echo(f"{number} is erased.")
    for folder in missed:
        click.echo(f"Not reached: {folder}. A copy of before stands there; take {_LIST} to it by hand.", err=True)


_LIST = "departures.jsonl from the data folder"


async def _disclose(settings: Settings, member: str, path: Path, language: str) -> None:
    from zoneinfo import ZoneInfo

    import msgspec

    from goen.actions.members.accesses import Access, add
    from goen.cli.session import opened
    from goen.database.migrate import installation
    from goen.readings.member_export import member_export
    from goen.vocabulary.clock import SystemClock
    from goen.web.front.disclosure import disclosure

    now = SystemClock().now()
    async with opened(settings) as database:
        member_id = await _member_id(database, member)
        async with database.snapshot() as connection:
            export = await member_export(connection, member_id, now)
            kept = await installation(connection)
        async with database.transaction() as writing:
            await add(writing, [Access(member_id, now, author(), "disclosed", None)])
    if path.suffix.lower() == ".json":
        content = msgspec.json.format(msgspec.json.encode(export))
    else:
        content = disclosure(export, "en" if language == "en" else "ja", ZoneInfo(kept.timezone), kept.currency)
    await asyncio.to_thread(_write, path, content)


def _write(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)  # It is one person's data.
    path.write_bytes(content)


async def _erase(settings: Settings, member: str, reason: str) -> tuple[str, list[Path]]:
    from goen.actions.members.departures import carry
    from goen.actions.members.erase import erase_now
    from goen.channels.files.forget import forget
    from goen.cli.session import opened
    from goen.members.number import number_of
    from goen.shops.model import Principal
    from goen.vocabulary.clock import SystemClock

    now = SystemClock().now()
    async with opened(settings) as database:
        member_id = await _member_id(database, member)
        erased = await erase_now(database, Principal(0, author(), "server"), member_id, reason, now, forget)
        return number_of(erased), await carry(database, settings.retention, now)


async def _member_id(database: Database, named: str) -> int:
    from goen.members.errors import UnknownMember
    from goen.members.ids import member_id_of
    from goen.members.number import serial_of
    from goen.members.store import survivor_of

    # Of somebody who has withdrawn the number is no identifier any more; it still says who it was.
    member_id = member_id_of(named) or serial_of(named)
    async with database.reading() as connection:
        found = None if member_id is None else await survivor_of(connection, member_id)
    if found is None:
        raise UnknownMember
    return found


def author(command: str = "goen members") -> str:
    """Who sits at the command line, as far as the system knows."""
    try:
        return f"{getuser()} ({command})"
    except (KeyError, OSError):
        return command
