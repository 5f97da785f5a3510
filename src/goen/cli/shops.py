"""``goen shops``: add, change and list shops."""

from __future__ import annotations

import asyncio
import getpass

import click
import msgspec
from rich.console import Console
from rich.table import Table

from goen.actions.shops import PutShop, PutShopResult, put_shop
from goen.cli.session import opened
from goen.settings import Settings
from goen.shops.directory import ShopDirectory
from goen.shops.model import Shop, ShopCode, ShopKind
from goen.vocabulary.clock import SystemClock


def _code(context: click.Context, parameter: click.Parameter, value: str) -> str:
    try:
        return msgspec.convert(value, ShopCode)
    except msgspec.ValidationError:
        raise click.BadParameter("letters, digits, '.', '_' and '-', 64 at most") from None


@click.group()
def shops() -> None:
    """Stores and web shops."""


@shops.command()
@click.argument("code", callback=_code)
@click.option("--name", required=True, help="What customers call it: 渋谷店.")
@click.option("--kind", type=click.Choice(["store", "ec"]), default="store", help="A store, or a web shop.")
def add(code: str, name: str, kind: ShopKind) -> None:
    """Add a shop, or change the one of this CODE.

    A new web shop is given a secret to sign its members' tokens with; it is shown once.
    """
    result = asyncio.run(_put(PutShop(code, name, kind)))
    click.echo(f"{'added' if result.made else 'changed'} {result.shop.code} {result.shop.name} ({result.shop.kind})")
    if result.new_linking_secret is not None:
        click.echo(f"linking secret {result.new_linking_secret}")


@shops.command("list")
def list_() -> None:
    """All shops."""
    table = Table("code", "name", "kind", "closed", box=None)
    for shop in asyncio.run(_all()):
        table.add_row(shop.code, shop.name, shop.kind, f"{shop.closed_at:%Y-%m-%d}" if shop.closed_at else "")
    Console().print(table)


async def _put(ask: PutShop) -> PutShopResult:
    async with opened(Settings.from_environment()) as database:
        author = f"cli:{getpass.getuser()}"
        return await put_shop(database, ShopDirectory(), ask, author=author, now=SystemClock().now())


async def _all() -> tuple[Shop, ...]:
    directory = ShopDirectory()
    async with opened(Settings.from_environment()) as database, database.reading() as connection:
        await directory.refresh(connection)
    return directory.all()
