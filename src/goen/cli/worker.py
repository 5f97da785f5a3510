"""``goen worker``: the background jobs."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress

import click

from goen.cli.logs import log_to_stderr
from goen.cli.session import follow_parent, prepared
from goen.settings import SettingRefused, Settings


@click.command()
def worker() -> None:
    """Release holds, confirm and expire points, send webhooks, check the books; until stopped."""
    follow_parent()
    settings = Settings.from_environment()
    log_to_stderr(settings.log_level)
    asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    from goen.channels.messages.chosen import AddressRefused, postman_of
    from goen.channels.messages.postman import Postman
    from goen.jobs.worker import run

    async with prepared(settings) as found:
        try:
            # Members of a demonstration are invented: nobody is written to.
            postman = Postman() if found.demo else postman_of(found)
        except AddressRefused as error:
            raise SettingRefused(str(error), setting=error.setting) from None
        work = asyncio.ensure_future(run(found, postman))
        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(each, work.cancel)
        with suppress(asyncio.CancelledError):
            await work
