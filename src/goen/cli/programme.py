"""``goen programme``: the points programme as a file."""

from __future__ import annotations

from pathlib import Path

import click

from goen.earning.checks import validate
from goen.earning.programme import Programme
from goen.earning.rules_text import text
from goen.earning.words import Language, problem_text

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


def read_checked(file: Path, language: Language | None = None) -> Programme:
    """The programme in a file; its problems go to stderr, an error ends the command."""
    import tomllib

    import msgspec

    from goen.earning.programme import from_toml

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
