"""``goen import``: members, purchases and balances from CSV or Excel, and back."""

from __future__ import annotations

import asyncio
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from goen.settings import Settings

if TYPE_CHECKING:
    from goen.actions.imports.job import Counts, Job, Kind
    from goen.cli.importing import Outcome, Wanted
    from goen.database.pool import Database
    from goen.vocabulary.clock import Clock


@click.group()
def import_() -> None:
    """Members, purchases and balances from CSV or Excel.

    Files in Goen's own form, EC-CUBE 4 orders and customers, and スマレジ transactions are known by their
    columns; for others write a mapping file (docs/howto/import.md). Refused rows go to a file of their own
    with the reason. The exit status is 0 only if nothing was refused.
    """


def _command(kind: Kind, words: str, *, enrols: bool, shop_words: str) -> click.Command:
    file = click.Path(exists=True, dir_okay=False, path_type=Path)
    options = [
        click.Argument(["path"], type=file, metavar="FILE"),
        click.Option(["--mapping"], type=file, help="What the columns mean (TOML)."),
        click.Option(["--encoding"], help="utf-8, cp932 … (found out where not said)."),
        click.Option(["--shop"], metavar="CODE", help=shop_words),
        click.Option(["--refused"], type=click.Path(dir_okay=False, path_type=Path),
                     help="Where refused rows go (FILE.refused.csv beside FILE)."),
        click.Option(["--dry-run"], is_flag=True, help="Check everything, write nothing."),
    ]  # fmt: skip
    if enrols:
        words_enrol = "Make provisional members of identifiers that nobody carries."
        options.append(click.Option(["--enrol"], is_flag=True, help=words_enrol))

    def run(path: Path, mapping: Path | None, **options: Any) -> None:
        from goen.channels.files.errors import BadFile
        from goen.channels.files.mapping import read_mapping
        from goen.cli.importing import Wanted

        try:
            wanted = Wanted(
                kind=kind, path=path, mapping=read_mapping(mapping) if mapping else None, author=_author(), **options
            )
            outcome = asyncio.run(_import(Settings.from_environment(), wanted))
        except BadFile as problem:
            raise click.ClickException(str(problem)) from None
        raise SystemExit(_told(outcome, wanted))

    return click.Command(kind, params=list(options), callback=run, help=words, short_help=words)


import_.add_command(
    _command(
        "members",
        "Enrol the people of FILE.",
        enrols=False,
        shop_words="The web shop of the accounts, where FILE does not say.",
    )
)
import_.add_command(
    _command(
        "purchases",
        "Record the sales, orders and returns of FILE, with the points they earn.",
        enrols=True,
        shop_words="The shop of all sales, where FILE does not say.",
    )
)
import_.add_command(
    _command(
        "balances",
        "Bring the points that members have in another system, with their expiry dates.",
        enrols=True,
        shop_words="The web shop of the accounts, where FILE does not say.",
    )
)


@import_.command("list")
def list_() -> None:
    """Imports so far, newest first."""
    asyncio.run(_list(Settings.from_environment()))


@import_.command()
@click.argument("import_id", type=int, metavar="ID")
def undo(import_id: int) -> None:
    """Take import ID back by further entries. Points already spent become debt, which is listed.

    Members are removed as if they had never been enrolled; those who have bought or changed something since stay,
    and are listed.
    """
    asyncio.run(_undo(Settings.from_environment(), import_id))


async def _import(settings: Settings, wanted: Wanted) -> Outcome:
    from goen.cli.importing import NAME, import_file, open_books, settle_process
    from goen.cli.session import opened
    from goen.vocabulary.clock import SystemClock

    settle_process(niceness=10)
    async with opened(settings, NAME) as database, open_books(database, SystemClock()) as books:
        with _progress() as progress:
            bar = progress.add_task(wanted.path.name, total=None, refused="")

            def report(row: int, counts: Counts) -> None:
                progress.update(bar, completed=row, refused=f"{counts.refused:,} refused")

            return await import_file(books, wanted, report=report, rows=lambda total: progress.update(bar, total=total))


def _progress() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[refused]}", style="yellow"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def _told(outcome: Outcome, wanted: Wanted) -> int:
    """Say what came of it; gives the exit status."""
    counts = outcome.counts
    head = "Dry run, nothing written" if outcome.import_id is None else f"Import {outcome.import_id}"
    again = f", gone on after row {outcome.resumed_after:,}" if outcome.resumed_after else ""
    click.echo(f"{head}{again}: {wanted.path.name} as {outcome.mapping.title or 'mapped'}")
    facts = {
        "rows": counts.rows,
        "sales": counts.sales,
        "of guests": counts.guests,
        "orders completed": counts.orders_completed,
        "returns": counts.returns,
        "without their sale": counts.returns_unlinked,
        "there already": counts.already,
        "members enrolled": counts.members,
        "balances": counts.balances,
        "points brought": counts.points,
        "sold": counts.sold,
        "returned": counts.returned,
    }
    for words, number in facts.items():
        if number:
            click.echo(f"  {number:>15,}  {words}")
    for code, number in sorted(counts.reasons.items(), key=lambda each: -each[1]):
        click.echo(f"  {number:>15,}  rows refused: {code}")
    if outcome.refused:
        click.echo(f"Refused rows: {outcome.refused}")
    if outcome.import_id is not None:
        click.echo(f"Take it back with: goen import undo {outcome.import_id}")
    return 1 if counts.refused else 0


async def _list(settings: Settings) -> None:
    from goen.actions.imports.job import all_jobs
    from goen.cli.session import opened

    async with opened(settings) as database:
        for job in await all_jobs(database):
            counts = job.counts
            done = counts.sales + counts.returns + counts.members + counts.balances
            click.echo(
                f"{job.import_id:>5}  {job.started_at:%Y-%m-%d %H:%M}  {job.kind:<9}  {job.state:<8}  "
                f"{done:>10,} done  {counts.refused:>8,} refused  {job.file_name}"
            )


async def _undo(settings: Settings, import_id: int) -> None:
    from goen.actions.imports.job import find_job
    from goen.actions.imports.undo import undo as take_back
    from goen.cli.importing import NAME, open_books
    from goen.cli.session import opened
    from goen.vocabulary.clock import SystemClock

    async with opened(settings, NAME) as database, open_books(database, SystemClock()) as books:
        job = await find_job(database, import_id)
        if job.kind == "members":
            await _undo_members(database, books.clock, job)
            return
        with _progress() as progress:
            bar = progress.add_task(f"undo {job.file_name}", total=None, refused="")
            done = await take_back(
                database, books.till, books.context, books.clock, job, lambda n: progress.update(bar, completed=n)
            )
    click.echo(f"Import {import_id} is undone: {done.acts:,} acts reversed by further entries.")
    if done.owing:
        click.echo(f"{len(done.owing):,} of its members owe points that were spent meanwhile:")
        for one in done.owing:
            click.echo(f"  {one.number}  {one.points:>10,}")


async def _undo_members(database: Database, clock: Clock, job: Job) -> None:
    from goen.actions.imports.undo_members import undo_members

    with _progress() as progress:
        bar = progress.add_task(f"undo {job.file_name}", total=job.counts.members, refused="")
        done = await undo_members(database, clock, job, lambda n: progress.update(bar, completed=n))
    click.echo(f"Import {job.import_id} is undone: {done.removed:,} members removed, {done.erased:,} erased.")
    if done.kept:
        click.echo(f"{len(done.kept):,} stay, because they have bought, changed or joined something since:")
        for one in done.kept:
            click.echo(f"  {one.number}  {one.why}")


def _author() -> str:
    try:
        return f"{getuser()} (goen import)"
    except (KeyError, OSError):
        return "goen import"
