"""``goen programme ready``: a ready retailer's programme, coupons, campaigns, standing rules and terms, all at once."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal, NamedTuple

import click
import msgspec

from goen.actions import campaigns, coupons, standing
from goen.actions.members import terms
from goen.actions.programme import apply_programme
from goen.channels.ready import NAMES, BadFolder, Ready, folder_of, read
from goen.cli.importing import Books, open_books
from goen.cli.session import opened
from goen.earning.campaigns.checks import validate as campaign_problems
from goen.earning.campaigns.model import Campaign
from goen.earning.checks import validate
from goen.earning.coupons.model import CouponKind
from goen.earning.coupons.model import from_json as coupon_kind
from goen.earning.programme import DEFAULT, Programme
from goen.earning.rules_text import text
from goen.earning.standing.model import StandingRule
from goen.earning.standing.model import from_json as standing_rule
from goen.earning.words import problem_text
from goen.members.terms import Document, Draft, versions
from goen.readings.campaigns import kept
from goen.settings import Settings
from goen.shops import coupons as coupon_store
from goen.shops import standing as standing_store
from goen.vocabulary.clock import SystemClock

AUTHOR = "goen programme ready"
State = Literal["new", "there", "other"]
_WORDS: dict[State, str] = {"new": "is made", "there": "is there already", "other": "IS THERE WITH OTHER CONTENT"}

replace = msgspec.structs.replace


class Step(NamedTuple):
    """One document, what is there under its name, and what makes it."""

    kind: str
    name: str
    state: State
    make: Callable[[], Awaitable[object]]


@click.command()
@click.argument("name", required=False)
@click.option("--dry-run", is_flag=True, help="Say what would be made, and what members would read; write nothing.")
@click.option(
    "--copy-to", type=click.Path(path_type=Path), help="Copy the documents into this new folder, to be changed there."
)
def ready(name: str | None, dry_run: bool, copy_to: Path | None) -> None:
    """Load a ready retailer: apparel, grocery or cosmetics, or a folder of one's own made from them.

    Without NAME it lists them. Everything is made at once: the programme with its tiers, coupons, campaigns and
    standing rules (live) and terms of membership (holding from today). What is there with the same content stays;
    where anything is there with other content, nothing is written. Interrupted, the same command goes on.
    """
    if name is None:
        for each in NAMES:
            click.echo(f"{each}: {read(folder_of(each)).programme.name}")
        return
    folder = folder_of(name)
    try:
        documents = read(folder)
    except BadFolder as error:
        raise click.ClickException(str(error)) from None
    if copy_to is not None:
        if copy_to.exists():
            raise click.ClickException(f"{copy_to} is there already")
        shutil.copytree(folder, copy_to)
        click.echo(f"Copied to {copy_to}. Change it, then: goen programme ready {copy_to}")
        return
    _check(documents)
    asyncio.run(_ready(documents, dry_run))


def _check(documents: Ready) -> None:
    """Tell what is wrong or unwise; an error ends the command."""
    language = documents.programme.language
    found = [("programme", each) for each in validate(documents.programme)]
    for campaign in documents.campaigns:
        found += [(f"campaign {campaign.code}", each) for each in campaign_problems(campaign, documents.programme)]
    for code, rule in documents.standing.items():
        found += [(f"standing rule {code}", each) for each in standing.problems(code, rule, documents.programme)]
    for where, problem in found:
        click.echo(f"{problem.level}: {where}: {problem.field}: {problem_text(problem, language)}", err=True)
    if any(problem.level == "error" for _, problem in found):
        raise click.ClickException("these documents cannot be loaded")


async def _ready(documents: Ready, dry_run: bool) -> None:
    async with opened(Settings.from_environment()) as database, open_books(database, SystemClock()) as books:
        steps = await plan(books, documents)
        for step in steps:
            click.echo(f"{step.kind} {step.name}: {_WORDS[step.state]}")
        if dry_run:
            click.echo("\n" + text(documents.programme, documents.programme.language))
            for example in documents.examples:
                click.echo(f"\n{example.says}", nl=False)
            click.echo()
        if any(step.state == "other" for step in steps):
            raise click.ClickException(
                "nothing was written: change or remove what differs, or load a copy of the folder"
            )
        if not dry_run:
            await carry_out(steps)
            click.echo("Done. It counts in a few seconds.")


async def carry_out(steps: list[Step]) -> None:
    """Make what is not there, in order: a campaign comes after the coupon that it gives."""
    for step in steps:
        if step.state == "new":
            await step.make()


async def plan(books: Books, documents: Ready) -> list[Step]:
    """What loading these documents would do to these books, in the order in which it would."""
    programme = replace(documents.programme, currency=books.context.currency)
    return [
        *[await _coupon(books, kind) for kind in documents.coupons],
        _programme(books, programme),
        *await _terms(books, documents),
        *[await _campaign(books, campaign) for campaign in documents.campaigns],
        *[await _standing(books, code, rule) for code, rule in documents.standing.items()],
    ]


def _programme(books: Books, wanted: Programme) -> Step:
    """Only the programme of an empty database is replaced: any other was somebody's decision."""
    newest = max(books.context.programmes.all(), key=lambda version: version.number).engine.programme
    now = replace(newest, version=wanted.version, starts_at=None)
    empty = replace(DEFAULT, version=wanted.version, currency=wanted.currency)
    state: State = "there" if now == wanted else "new" if now == empty else "other"

    async def make() -> None:
        await apply_programme(
            books.database, books.context.programmes, wanted, author=AUTHOR, now=books.clock.now()
        )  # fmt: skip

    return Step("programme", wanted.name, state, make)


async def _coupon(books: Books, wanted: CouponKind) -> Step:
    async with books.database.reading() as connection:
        row = await coupon_store.kind(connection, wanted.code)
    state: State = "new"
    if row is not None:
        same = replace(coupon_kind(row.document.encode()), version=1) == wanted and row.stopped_at is None
        state = "there" if same else "other"
    return Step(
        "coupon", wanted.code, state, lambda: coupons.create(books.database, wanted, AUTHOR, books.clock.now())
    )  # fmt: skip


async def _terms(books: Books, documents: Ready) -> list[Step]:
    wanted = documents.terms
    if wanted is None:
        return []
    async with books.database.reading() as connection:
        found = next((each for each in await versions(connection) if each.version == wanted.version), None)
    state: State = "new"
    if found is not None:
        same = found.document == Document(wanted.text, wanted.title, wanted.changes) and found.withdrawn_at is None
        state = "there" if same else "other"

    async def make() -> None:
        now = books.clock.now()
        today = books.context.day_of(now)
        draft = Draft(today, wanted.text, title=wanted.title, changes=wanted.changes)
        await terms.publish(
            books.database, wanted.version, draft, by=AUTHOR, now=now, today=today,
            language=documents.programme.language,
        )  # fmt: skip

    return [Step("terms", wanted.version, state, make)]


async def _campaign(books: Books, wanted: Campaign) -> Step:
    context = books.context
    async with books.database.reading() as connection:
        found = await kept(connection, context.campaigns, wanted.code, books.clock.now())
    state: State = "new"
    if found is not None and replace(found.campaign, version=1) != wanted:
        state = "other"
    elif found is not None and found.state != "draft":
        state = "there"

    async def make() -> None:
        if found is None:
            await campaigns.create(books.database, context, wanted, AUTHOR, books.clock.now())
        await campaigns.activate(books.database, context, wanted.code, None, None, AUTHOR, books.clock.now())

    return Step("campaign", wanted.code, state, make)


async def _standing(books: Books, code: str, wanted: StandingRule) -> Step:
    async with books.database.reading() as connection:
        found = await standing_store.rule(connection, code)
    state: State = "new"
    if found is not None and standing_rule(found.document) != wanted:
        state = "other"
    elif found is not None and (found.state.live_version or found.state.waiting_version or found.state.stopped_at):
        state = "there"

    async def make() -> None:
        await standing.put(books.database, books.context, code, wanted, AUTHOR, books.clock.now())
        await standing.activate(books.database, books.context, code, None, AUTHOR, books.clock.now())

    return Step("standing rule", code, state, make)
