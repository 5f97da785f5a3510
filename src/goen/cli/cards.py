"""``goen cards``: member cards to print."""

from __future__ import annotations

import asyncio
import getpass
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from goen.actions.members.cards import NUMBERS_MAX, reserve_numbers
from goen.channels.cards.fonts import japanese_font
from goen.channels.cards.sheet import CARDS_MAX, Card, sheet
from goen.cli.session import opened
from goen.database.pool import Reading
from goen.identity.codes import CodeKind
from goen.identity.presented import presented
from goen.members.errors import UnknownMember
from goen.members.ids import member_id_of
from goen.readings.member_lookup import member_by
from goen.readings.member_profile import member_profiles
from goen.settings import Settings
from goen.vocabulary.clock import SystemClock


@click.group()
def cards() -> None:
    """Member cards on plastic or paper."""


@cards.command("print")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@click.option("--numbers", type=click.IntRange(1, NUMBERS_MAX), metavar="N", help="N new cards, to hand out later.")
@click.option(
    "--members", multiple=True, metavar="WHO", help="Member numbers or ids, with commas; - reads them from stdin."
)
@click.option(
    "--code", type=click.Choice(["jan", "code128", "nw7"]), default="jan", help="The bars beside the QR code."
)
@click.option("--title", default="会員カード", help="The line at the top, such as the shop's name.")
@click.option("--no-qr", is_flag=True, help="Bars alone, without the QR code of the same number.")
def print_(file: Path, numbers: int | None, members: tuple[str, ...], code: CodeKind, title: str, no_qr: bool) -> None:
    """Write a PDF of member cards: 85.6 x 54 mm, ten to a page of A4, with cut marks.

    --numbers takes numbers that nobody has. A card handed out becomes a member's by adding it as an identifier of
    kind card. --members prints the cards of members, with their names; the file then holds personal data.
    """
    if (numbers is None) == (not members):
        raise click.UsageError("Give either --numbers or --members.")
    japanese_font()  # Better refused before numbers are taken.
    if numbers is not None:
        found = [Card(number) for number in asyncio.run(_reserved(numbers))]
    else:
        found = asyncio.run(_cards_of(_listed(members)))
    _write(file, sheet(found, title=title, code=code, qr=not no_qr))
    click.echo(f"{len(found)} cards in {file}")


def _write(file: Path, pdf: bytes) -> None:
    """A file that its owner alone reads: it may hold names."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(pdf)


def _listed(members: Sequence[str]) -> list[str]:
    texts = [text for each in members for text in (sys.stdin.read().split() if each == "-" else each.split(","))]
    listed = list(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if not 0 < len(listed) <= CARDS_MAX:
        raise click.UsageError(f"1 to {CARDS_MAX} members to a file.")
    return listed


async def _reserved(count: int) -> list[str]:
    async with opened(Settings.from_environment()) as database:
        author = f"cli:{getpass.getuser()}"
        return await reserve_numbers(database, count, author, SystemClock().now())


async def _cards_of(members: Sequence[str]) -> list[Card]:
    async with opened(Settings.from_environment()) as database, database.reading() as connection:
        ids = [await _member(connection, each) for each in members]
        profiles = await member_profiles(connection, list(dict.fromkeys(ids)))
    if gone := [each.number for each in profiles if each.status not in ("active", "frozen")]:
        raise click.ClickException(f"No longer members: {', '.join(gone)}")
    return [Card(each.number, each.name) for each in profiles]


async def _member(connection: Reading, text: str) -> int:
    member_id = member_id_of(text)
    if member_id is None:
        named = presented("card", text, member_id_of=member_id_of, field="members")
        member_id = await member_by(connection, named)
    if member_id is None:
        raise click.ClickException(f"{text}: {UnknownMember().detail}")
    return member_id
