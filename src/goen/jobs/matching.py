"""Matching the members, once a night, in a process of its own: it takes memory and processors for minutes."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import timedelta

from goen.actions.members.matching import last_run
from goen.jobs.model import Means
from goen.vocabulary.clock import Instant

#: Local hours in which a run may begin: when tills rest.
HOURS = range(2, 5)
REST = timedelta(hours=20)
_ERROR_BYTES = 2_000


class MatchingFailed(Exception):  # noqa: N818
    """The process ended with an error; its last words say which."""


async def match_members(means: Means) -> int:
    """Start ``goen match`` when its night has come, and wait for it; 1 where it ran."""
    if not await _due(means):
        return 0
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "goen.cli",
        "match",
        env={**os.environ, "GOEN_DATABASE_URL": means.database.dsn},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    talking = asyncio.ensure_future(child.communicate())
    stopping = asyncio.ensure_future(means.stopping.wait())
    try:
        await asyncio.wait({talking, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        if not talking.done():
            # Half a run has written nothing that the next one would not write again.
            child.terminate()
            await talking
    if means.stopping.is_set():
        return 0
    if child.returncode:
        raise MatchingFailed(talking.result()[1][-_ERROR_BYTES:].decode(errors="replace"))
    return 1


async def _due(means: Means) -> bool:
    now: Instant = means.clock.now()
    if now.astimezone(means.context.zone).hour not in HOURS:
        return False
    last = await last_run(means.database)
    return last is None or now - last >= REST
