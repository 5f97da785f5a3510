"""``goen worker``: the background jobs."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress

import click

from goen.cli.logs import log_to_stderr
from goen.cli.session import follow_parent, prepared
from goen.settings import Settings


@click.command()
def worker() -> None:
    """Release holds, confirm and expire points, send webhooks, check the books; until stopped."""
    follow_parent()
    settings = Settings.from_environment()
    log_to_stderr(settings.log_level)
    asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    from goen.jobs.worker import run

    async with prepared(settings) as found:
        work = asyncio.ensure_future(run(found))
        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(each, work.cancel)
        with suppress(asyncio.CancelledError):
            await work
