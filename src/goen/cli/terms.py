"""``goen terms``: terms of membership as files, published and shown."""

from __future__ import annotations

import asyncio
import tomllib
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import msgspec

from goen.actions.members.terms import findings, publish
from goen.actions.programme import ensure_programme
from goen.cli.members import author
from goen.cli.session import opened
from goen.database.migrate import installation
from goen.database.pool import Database
from goen.earning.catalogue import Programmes
from goen.earning.words import problem_text
from goen.members.errors import UnknownTerms
from goen.members.terms import Draft, TermsVersion, held, state_of, versions
from goen.readings.programme import refresh
from goen.settings import Settings
from goen.vocabulary.clock import SystemClock, business_day


class File(Draft, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Terms with the name of their version."""

    version: TermsVersion


@click.group()
def terms() -> None:
    """Terms of membership: versions with dates (TOML)."""


@terms.command()
@click.argument("version", required=False)
@click.option("--language", type=click.Choice(["ja", "en"]), default="ja", show_default=True)
def show(version: str | None, language: str) -> None:
    """List the versions and, below, print the one that holds, or VERSION."""
    asyncio.run(_show(version, language))


@terms.command("publish")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def publish_(file: Path) -> None:
    """Publish the terms in FILE: version, holds_from, notice_on, worsening, and title, text and changes by language.

    The same file again changes nothing; other words need another version. Short notice is warned of.
    """
    try:
        asked = msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), File)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file}: {error}") from None
    asyncio.run(_publish(asked))


async def _show(version: str | None, language: str) -> None:
    async with opened(Settings.from_environment()) as database:
        today = await _today(database)
        async with database.reading() as connection:
            every = await versions(connection)
    for each in every:
        state = state_of(each, every, today).replace("_", " ")
        click.echo(f"{each.version}: {state}, from {each.holds_from}, published {each.notice_on}")
    chosen = next((each for each in every if each.version == version), None) if version else held(every, today)
    if version and chosen is None:
        raise UnknownTerms(version)
    if chosen is not None:
        click.echo("\n" + (chosen.words("text", "ja" if language == "ja" else "en") or "").strip())


async def _publish(asked: File) -> None:
    async with opened(Settings.from_environment()) as database:
        now, today, programmes = SystemClock().now(), await _today(database), Programmes()
        await ensure_programme(database)
        async with database.reading() as connection:
            await refresh(programmes, connection)
        programme = programmes.at(now).programme
        made = await publish(
            database, asked.version, asked, by=author("goen terms"), now=now, today=today, language=programme.language
        )
    for problem in findings(made, today, programme.terms.notice_days):
        click.echo(f"{problem.level}: {problem.field}: {problem_text(problem, programme.language)}", err=True)
    click.echo(f"Version {made.version} holds from {made.holds_from}; members can read it from {made.notice_on}.")


async def _today(database: Database) -> date:
    async with database.reading() as connection:
        zone = ZoneInfo((await installation(connection)).timezone)
    return business_day(SystemClock().now(), zone)
