"""``goen keys``: make, list and revoke API keys."""

from __future__ import annotations

import asyncio
import getpass

import click
from rich.console import Console
from rich.table import Table

from goen.actions.keys import create_key, revoke_keys
from goen.cli.session import opened
from goen.readings import shops as readings
from goen.settings import Settings
from goen.shops.model import KeyRecord, Role
from goen.vocabulary.clock import SystemClock


@click.group()
def keys() -> None:
    """API keys of tills, web shops and other programs."""


@keys.command()
@click.option("--name", required=True, help="The integration. A second key of a name rotates the first.")
@click.option("--role", required=True, type=click.Choice(["pos", "ec", "server", "readonly"]))
@click.option("--shop", help="Code of the shop that a pos or ec key is bound to.")
@click.option("--device", help="The one device that uses it, for your own lists.")
def create(name: str, role: Role, shop: str | None, device: str | None) -> None:
    """Make a key and print it, alone. It is shown this once and kept nowhere."""
    click.echo(asyncio.run(_create(name, role, shop, device)))


@keys.command("list")
def list_() -> None:
    """All keys ever made, living ones first. The keys themselves cannot be shown."""
    table = Table("id", "name", "role", "shop", "device", "made", "last used", "revoked", box=None)
    for key in asyncio.run(_all()):
        table.add_row(
            str(key.key_id),
            key.integration,
            key.role,
            key.shop or "",
            key.device or "",
            f"{key.created_at:%Y-%m-%d}",
            str(key.last_used_on or ""),
            f"{key.revoked_at:%Y-%m-%d}" if key.revoked_at else "",
        )
    Console().print(table)


@keys.command()
@click.argument("name_or_id")
def revoke(name_or_id: str) -> None:
    """Revoke the key of this id, or every living key of this name. It ends within a second."""
    for key_id in asyncio.run(_revoke(name_or_id)):
        click.echo(f"revoked {key_id}")


def _author() -> str:
    return f"cli:{getpass.getuser()}"


async def _create(name: str, role: Role, shop: str | None, device: str | None) -> str:
    async with opened(Settings.from_environment()) as database:
        return await create_key(
            database,
            integration=name,
            role=role,
            shop=shop,
            device=device,
            author=_author(),
            now=SystemClock().now(),
        )


async def _all() -> list[KeyRecord]:
    async with opened(Settings.from_environment()) as database, database.reading() as connection:
        return await readings.keys(connection)


async def _revoke(name_or_id: str) -> list[int]:
    async with opened(Settings.from_environment()) as database:
        return await revoke_keys(database, name_or_id, author=_author(), now=SystemClock().now())
