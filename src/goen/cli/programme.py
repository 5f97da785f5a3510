"""``goen programme``: the points programme as a file."""

from __future__ import annotations

import asyncio
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from goen.actions.programme import apply_programme, ensure_programme
from goen.cli.ready import ready
from goen.cli.session import opened
from goen.database.pool import Database
from goen.earning.catalogue import Programmes
from goen.earning.checks import validate
from goen.earning.programme import Programme, from_toml, to_toml
from goen.earning.rules_text import text
from goen.earning.words import Language, problem_text
from goen.readings.programme import refresh
from goen.settings import Settings
from goen.vocabulary.clock import SystemClock

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_LANGUAGE = click.option(
    "--language", type=click.Choice(["ja", "en"]), help="Language of the words; the programme's own unless given."
)


@click.group()
def programme() -> None:
    """The points programme as a file (TOML)."""


@programme.command()
@click.argument("file", type=_FILE)
@_LANGUAGE
def check(file: Path, language: Language | None) -> None:
    """Say what is wrong in FILE and what members would read. Needs no database.

    Exit status 1 where the programme could not be applied; warnings alone do not change it.
    """
    made = read_checked(file, language)
    click.echo(text(made, language or made.language))


@programme.command()
@click.option("--version", type=click.IntRange(min=1), help="Another version than the one that counts now.")
def show(version: int | None) -> None:
    """Print the programme as a file that ``apply`` takes back."""
    asyncio.run(_show(version))


@programme.command()
@click.argument("file", type=_FILE)
@click.option(
    "--from", "starts_at", metavar="T", help="When it starts, as 2026-12-01T00:00:00+09:00; at once if absent."
)
@_LANGUAGE
def apply(file: Path, starts_at: str | None, language: Language | None) -> None:
    """Make FILE the next version of the programme. Warnings are told and do not stop it."""
    made = read_checked(file, language)
    try:
        start = datetime.fromisoformat(starts_at) if starts_at else None
    except ValueError:
        raise click.BadParameter(
            f"{starts_at} is no time such as 2026-12-01T00:00:00+09:00", param_hint="--from"
        ) from None
    asyncio.run(_apply(made, start))


programme.add_command(ready)


async def _show(number: int | None) -> None:
    async with opened(Settings.from_environment()) as database:
        versions = await _versions(database)
    if number is not None and versions.find(number) is None:
        raise click.ClickException(f"There is no version {number} of the programme.")
    found = (versions.find(number) if number else None) or versions.version_at(SystemClock().now())
    click.echo(f"# Version {found.number}, since {found.starts_at.isoformat()}")
    click.echo(to_toml(found.engine.programme), nl=False)


async def _apply(made: Programme, starts_at: datetime | None) -> None:
    async with opened(Settings.from_environment()) as database:
        asked = msgspec.structs.replace(made, starts_at=starts_at)
        now = SystemClock().now()
        version = await apply_programme(database, await _versions(database), asked, author="goen programme", now=now)
    click.echo(f"Version {version.number} counts from {version.starts_at.astimezone(UTC).isoformat()}.")


async def _versions(database: Database) -> Programmes:
    """Every version kept; a new database gets its first one."""
    await ensure_programme(database)
    versions = Programmes()
    async with database.reading() as connection:
        await refresh(versions, connection)
    return versions


def read_checked(file: Path, language: Language | None = None) -> Programme:
    """The programme in a file; its problems go to stderr, an error ends the command."""
    try:
        made = from_toml(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{file}: {error}") from None
    problems = validate(made)
    for problem in problems:
        words = problem_text(problem, language or made.language)
        click.echo(f"{problem.level}: {problem.field}: {words}", err=True)
    if any(problem.level == "error" for problem in problems):
        raise click.ClickException(f"{file} cannot be applied")
    return made
