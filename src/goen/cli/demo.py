"""The demo retailer: real baskets of invented people, brought in the way a customer would."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from goen.actions.demo import AUTHOR, is_demo
from goen.settings import Settings

if TYPE_CHECKING:
    from goen.actions.imports.job import Counts
    from goen.cli.importing import Books

#: Progress is told this often.
STEP = 0.1


async def load(settings: Settings) -> None:
    """Load the demo retailer into an empty database; done before, or where somebody's own data is, it does nothing.

    Interrupted, it goes on where it stopped. Keys are shown once and kept in ``demo/keys.env`` under the
    data folder. ``settings`` name the database.
    """
    from goen.cli.importing import NAME, open_books
    from goen.database.pool import open_database
    from goen.vocabulary.clock import SystemClock

    assert settings.database_url is not None
    async with (
        open_database(settings.database_url, readers_max=2, writers_max=3, name=NAME) as database,
        open_books(database, SystemClock()) as books,
    ):
        if not await is_demo(database):
            return
        await _employ(books)  # A demo of an earlier version has its shops already.
        done = await _done(books)
        if done is None:
            return
        folder = settings.data_dir / "demo"
        if not done:
            await _open_shops(books, folder)
            await _employ(books)
        await _import(books, folder, members="members" not in done)


async def _done(books: Books) -> set[str] | None:
    """What has been brought in already (``shops``, ``members``); None where there is nothing more to load."""
    from goen.actions.imports.job import all_jobs

    ours = {job.kind: job.state for job in await all_jobs(books.database) if job.author == AUTHOR}
    if not ours:
        return set()
    if ours.get("purchases", "running") != "running":
        return None
    return {"shops"} | {kind for kind, state in ours.items() if state == "done"}


async def _open_shops(books: Books, folder: Path) -> None:
    """Six stores and a web shop, programme and terms, a key for the server, one for a till and one for the web shop."""
    from goen.actions.keys import create_key
    from goen.actions.shops import PutShop, put_shop
    from goen.channels.demo.retailer import STORES, WEB_SHOP
    from goen.channels.ready import DEMO, read
    from goen.cli.ready import carry_out, plan

    now, shops = books.clock.now(), books.context.shops
    for code, name in STORES:
        await put_shop(books.database, shops, PutShop(code, name), author=AUTHOR, now=now)
    await put_shop(books.database, shops, PutShop(*WEB_SHOP, kind="ec"), author=AUTHOR, now=now)
    await carry_out(await plan(books, read(DEMO)))
    store, web = STORES[0][0], WEB_SHOP[0]
    keys = {
        "GOEN_SERVER_KEY": await create_key(
            books.database, integration="demo-server", role="server", shop=None, device=None, author=AUTHOR, now=now
        ),
        "GOEN_POS_KEY": await create_key(
            books.database, integration=f"demo-pos-{store}", role="pos", shop=store, device=None, author=AUTHOR, now=now
        ),
        "GOEN_EC_KEY": await create_key(
            books.database, integration=f"demo-ec-{web}", role="ec", shop=web, device=None, author=AUTHOR, now=now
        ),
    }
    _keep_keys(folder, keys)


async def _employ(books: Books) -> None:
    """Its staff. Without passwords: the demo's first page lets a newcomer in as each of them, and nothing else does."""
    from goen.actions.staff import add_staff
    from goen.channels.demo.retailer import STAFF, STAFF_PIN
    from goen.staff.errors import StaffExists

    async with books.database.reading() as connection:
        await books.context.shops.refresh(connection)
    if not books.context.shops.all():
        return
    for login, name, role, shop, at_till in STAFF:
        with suppress(StaffExists):
            await add_staff(
                books.database, login=login, name=name, role=role, password=None, pin=STAFF_PIN if at_till else None,
                shop_codes=[shop] if shop else [], author=AUTHOR, now=books.clock.now(),
            )  # fmt: skip


def _keep_keys(folder: Path, keys: Mapping[str, str]) -> None:
    """Show the keys, and write them where their owner alone reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "keys.env"
    path.touch(mode=0o600)
    path.write_text("".join(f"{name}={key}\n" for name, key in keys.items()), encoding="utf-8")
    click.echo(f"Demo keys (kept in {path}):")
    for name, key in keys.items():
        click.echo(f"  {name}={key}")


async def _import(books: Books, folder: Path, *, members: bool) -> None:
    from goen.channels.demo.retailer import DemoMissing, Files, write_files
    from goen.cli.importing import Wanted, import_file

    people, purchases = folder / "members.csv", folder / "purchases.csv.gz"
    ready = folder / "ready"
    if not ready.exists():
        # Tomorrow's files would differ: an interrupted import goes on with the ones it began with.
        click.echo("Demo retailer: preparing a year of real baskets …")
        yesterday = books.context.day_of(books.clock.now()) - timedelta(days=1)
        try:
            files: Files = await asyncio.to_thread(write_files, folder, yesterday, books.zone)
        except DemoMissing as missing:
            raise click.ClickException(str(missing)) from None
        ready.write_text(f"{files.households} {files.baskets}\n", encoding="utf-8")
    if members:
        enrolled = await import_file(books, Wanted(kind="members", path=people, author=AUTHOR))
        click.echo(f"Demo retailer: {enrolled.counts.members} invented members; their year of purchases follows …")
    told = _Steps()
    sold = await import_file(
        books, Wanted(kind="purchases", path=purchases, author=AUTHOR), report=told.report, rows=told.expect
    )
    counts = sold.counts
    click.echo(
        f"Demo retailer: ready. {counts.sales:,} sales and orders, {counts.returns} returns, "
        f"{counts.refused} rows refused. Names and contact details are invented, the baskets are real."
    )


class _Steps:
    """Progress as a line for every tenth."""

    def __init__(self) -> None:
        self._total = 0
        self._next = STEP

    def expect(self, total: int) -> None:
        """So many rows are to come."""
        self._total = total

    def report(self, row: int, counts: Counts) -> None:
        """This row is done."""
        if self._total and row / self._total >= self._next < 1:
            click.echo(f"Demo retailer: {row:,} of {self._total:,} rows, {counts.sales:,} sales")
            self._next = row / self._total // STEP * STEP + STEP
