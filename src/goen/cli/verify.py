"""``goen verify``: the proof of the books."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter

import click

from goen.actions.proof import INVARIANTS, prove
from goen.cli.session import opened
from goen.settings import Settings
from goen.vocabulary.clock import SystemClock

#: Of one invariant so many violations are shown; all are counted.
SHOWN_MAX = 20


@click.command()
def verify() -> None:
    """Prove every invariant of the books, also while they are in use.

    Exit status 1, and a list, where one fails.
    """
    sys.exit(1 if asyncio.run(_verify()) else 0)


async def _verify() -> int:
    """Print each violation as it is found and each invariant's outcome; how many violations there are."""
    found: Counter[str] = Counter()
    async with opened(Settings.from_environment()) as database:
        async for finding in prove(database, SystemClock().now()):
            found[finding.invariant] += 1
            if found[finding.invariant] <= SHOWN_MAX:
                click.echo(f"{finding.invariant}: {finding.subject}: {finding.detail}")
    for invariant, sentence in INVARIANTS.items():
        count = found[invariant]
        word = click.style("ok".ljust(6), fg="green") if not count else click.style(f"FAILED {count}", fg="red")
        click.echo(f"{word}  {invariant}: {sentence}")
    total = found.total()
    click.echo(f"{total} violation{'' if total == 1 else 's'}." if total else "The books are right.")
    return total
