"""Matching the members, once a night, in a process of its own: it takes memory and processors for minutes."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from goen.actions.members.matching import last_run
from goen.actions.own_process import run_command
from goen.jobs.model import Means
from goen.vocabulary.clock import Instant

#: Local hours in which a run may begin: when tills rest.
HOURS = range(2, 5)
REST = timedelta(hours=20)


async def match_members(means: Means) -> int:
    """Start ``goen match`` when its night has come, and wait for it; 1 where it ran."""
    if not await _due(means):
        return 0
    running = asyncio.ensure_future(run_command(means.database.dsn, "match"))
    stopping = asyncio.ensure_future(means.stopping.wait())
    try:
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        running.cancel()  # Half a run has written nothing that the next one would not write again.
        await asyncio.wait({running})
    if running.cancelled():
        return 0
    running.result()
    return 1


async def _due(means: Means) -> bool:
    now: Instant = means.clock.now()
    if now.astimezone(means.context.zone).hour not in HOURS:
        return False
    last = await last_run(means.database)
    return last is None or now - last >= REST
