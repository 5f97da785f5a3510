"""``goen coupons``: make codes by the million, and write them to a file for whoever prints or sends them."""

from __future__ import annotations

import asyncio
import csv
import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

from goen.actions import coupons as actions
from goen.cli.session import opened
from goen.database.migrate import installation
from goen.earning.coupons.codes import shown
from goen.earning.coupons.errors import UnknownCouponKind
from goen.members.ids import public_id
from goen.settings import Settings
from goen.shops import coupons as store
from goen.vocabulary.clock import SystemClock

COUNT_MAX = 100_000_000
_COLUMNS = ("code", "batch", "member", "issued_at", "usable_from", "usable_until", "uses", "voided_at")


@click.group()
def coupons() -> None:
    """Codes of coupons, in bulk."""


@coupons.command()
@click.argument("kind")
@click.option("--count", required=True, type=click.IntRange(1, COUNT_MAX), help="How many codes.")
@click.option("--batch", required=True, help="A name for them. Asked again under it, nothing is made twice.")
def generate(kind: str, count: int, batch: str) -> None:
    """Make codes of KIND that nobody can guess. Interrupted, the same command goes on where it stopped."""
    made = asyncio.run(_generate(kind, count, batch))
    click.echo(f"{made.made} codes of {made.kind} (version {made.version}) in batch {made.batch}")


@coupons.command()
@click.argument("kind")
@click.option("--batch", help="Only those of this batch.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="The file; without it, the terminal.")
@click.option("--unused", is_flag=True, help="Only codes that are neither used nor void.")
def export(kind: str, batch: str | None, out: Path | None, unused: bool) -> None:
    """Write the codes of KIND as CSV (UTF-8), with who each is for and how often it was used."""
    count = asyncio.run(_export(kind, batch, out, unused))
    click.echo(f"{count} codes", err=True)


async def _generate(kind: str, count: int, batch: str) -> actions.Issued:
    async with opened(Settings.from_environment()) as database:
        async with database.reading() as connection:
            zone = ZoneInfo((await installation(connection)).timezone)
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, transient=True) as bar:
            task = bar.add_task("", total=count)
            return await actions.generate(
                database,
                zone,
                kind,
                batch,
                count,
                f"cli:{getpass.getuser()}",
                SystemClock().now(),
                lambda more: bar.advance(task, more),
            )


async def _export(kind: str, batch: str | None, out: Path | None, unused: bool) -> int:
    count = 0
    async with opened(Settings.from_environment()) as database, database.snapshot() as connection:
        if await store.kind(connection, kind) is None:
            raise UnknownCouponKind(kind)
        with _file(out) as file:
            rows = csv.writer(file)
            rows.writerow(_COLUMNS)
            async for row in store.exported(connection, kind, batch):
                if unused and (row.uses or row.void_at):
                    continue
                count += 1
                member = "" if row.member_id is None else public_id(row.member_id)
                times = [
                    "" if at is None else at.isoformat() for at in (row.issued_at, row.usable_from, row.usable_until)
                ]
                voided = "" if row.void_at is None else row.void_at.isoformat()
                rows.writerow((shown(row.code), row.batch or "", member, *times, row.uses, voided))
    return count


@contextmanager
def _file(out: Path | None) -> Iterator[TextIO]:
    if out is None:
        yield sys.stdout
        return
    # Codes are worth money: nobody else of this machine reads them.
    out.touch(mode=0o600)
    with out.open("w", encoding="utf-8", newline="") as file:
        yield file
