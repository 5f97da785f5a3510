"""``goen backtest``: what a campaign would have given over the sales that were made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date, datetime

import click
import msgspec
from rich.console import Console
from rich.table import Table

from goen.cli.importing import open_books
from goen.cli.session import opened
from goen.earning.campaigns.errors import UnknownCampaign
from goen.readings.backtest import BacktestAnswer, backtest
from goen.readings.campaigns import kept
from goen.settings import Settings
from goen.vocabulary.clock import SystemClock

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command("backtest")
@click.argument("campaign")
@click.option("--version", type=click.IntRange(1), help="Which version; the newest unless given, live or a draft.")
@click.option("--from", "first", type=_DAY, help="The first trading day; of all sales unless given.")
@click.option("--to", "last", type=_DAY, help="The last trading day.")
@click.option("--json", "as_json", is_flag=True, help="As the API answers it.")
@click.option("--progress", is_flag=True, help="Says how many sales were looked at, and of how many, on stderr.")
def backtest_(
    campaign: str, version: int | None, first: datetime | None, last: datetime | None, as_json: bool, progress: bool
) -> None:
    """Replay CAMPAIGN over history. Nothing is written.

    Every sale that was not cancelled is decided again as at the till, with what was live then beside it; limits
    begin empty on the first day.
    """
    heard = _heard if progress else None
    found = asyncio.run(_backtest(campaign, version, first and first.date(), last and last.date(), heard))
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
    else:
        _show(found)


def _heard(done: int, sales: int) -> None:
    click.echo(f"{done} {sales}", err=True)


async def _backtest(
    code: str, version: int | None, first: date | None, last: date | None, heard: Callable[[int, int], None] | None
) -> BacktestAnswer:
    clock = SystemClock()
    async with opened(Settings.from_environment()) as database, open_books(database, clock) as books:
        context = books.context
        async with database.reading() as connection:
            found = await kept(connection, context.campaigns, code, clock.now(), version)
        if found is None:
            raise UnknownCampaign(code)
        return await backtest(
            database, found.campaign, context.shops, context.programmes, context.campaigns, context.zone,
            context.day_of(clock.now()), first, last, heard,
        )  # fmt: skip


def _show(found: BacktestAnswer) -> None:
    click.echo(f"{found.code}, version {found.version}, {found.first} to {found.last}")
    click.echo(f"{found.purchases:,} sales of {found.members:,} members were looked at.")
    if found.discount or found.gifts:
        click.echo(
            f"{found.touched:,} sales, of {found.touched_members:,} members and of guests, over {found.amount:,} would "
            f"have had {found.discount:,} off and {found.gifts:,} gifts; {found.yen:,} of it stand after returns."
        )
    else:
        _show_points(found)
    if found.limited:
        when = f"; the budget of all was reached on {found.budget_out_on}" if found.budget_out_on else ""
        click.echo(f"A limit cut {found.limited:,} sales{when}.")
    if found.unreadable:
        click.echo(f"{found.unreadable:,} sales would be refused today and were left out.")
    console = Console()
    given = "off" if found.discount else "points"
    for title, rows in (
        ("By shop", {name: (part.purchases, part.discount or part.points) for name, part in found.by_shop.items()}),
        (
            "By channel",
            {name: (part.purchases, part.discount or part.points) for name, part in found.by_channel.items()},
        ),
        ("Beside other campaigns", {name: (count,) for name, count in found.overlaps.items()}),
        ("Nothing because", {reason: (count,) for reason, count in found.missed.items()}),
    ):
        if rows:
            columns = ("", "sales", given) if title.startswith("By") else ("", "sales")
            table = Table(*columns, title=title, title_justify="left")
            for name, figures in rows.items():
                table.add_row(name, *(f"{figure:,}" for figure in figures))
            console.print(table)
    for moved in found.tiers:
        was, becomes = moved.before or "no tier", moved.after or "no tier"
        click.echo(f"{moved.programme}: {moved.members:,} members would have come from {was} to {becomes}.")


def _show_points(found: BacktestAnswer) -> None:
    click.echo(
        f"{found.touched:,} sales of {found.touched_members:,} members over {found.amount:,} would have got "
        f"{found.points:,} points and {found.coupons:,} coupons; after the returns since, {found.points_kept:,} points "
        f"worth {found.yen:,}."
    )
