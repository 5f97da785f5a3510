"""``goen migrate``: bring the database to this version's schema."""

from __future__ import annotations

import asyncio

import click

from goen.cli.session import located, migrated
from goen.settings import Settings


@click.command()
def migrate() -> None:
    """Apply the migrations this database lacks. Safe to run again, and by several at once."""
    for name in asyncio.run(_migrate(Settings.from_environment())):
        click.echo(f"applied {name}")
    click.echo("The schema is current.")


async def _migrate(settings: Settings) -> list[str]:
    async with located(settings) as found:
        return await migrated(found)
