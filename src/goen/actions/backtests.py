"""Back-tests asked for in the office: worked out beside the serving process, followed by whoever looks at the page.

How far one is stands in the database, so that a page that is loaded again, or by another process, goes on with it.
"""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple

import structlog

from goen.actions.own_process import CommandFailed, run_command
from goen.database.pool import Database, Reading
from goen.database.queries import load
from goen.vocabulary.clock import Clock

SQL = load(__package__, "backtests.sql")
#: One at a time in a serving process: each takes a processor.
TURN = asyncio.Lock()
EVERY_SECONDS = 1.0
#: Nobody has heard of it for so long: the process that ran it has ended.
SILENT = timedelta(seconds=60)
_log = structlog.get_logger(__name__)
_running: set[asyncio.Task[None]] = set()


class Run(NamedTuple):
    """One back-test; ``answer`` is JSON as ``goen backtest --json`` prints it. ``done`` of ``sales`` were looked at
    (None: not counted yet); without days, all there are."""

    run_id: int
    campaign: str
    version: int
    first: date | None
    last: date | None
    made_by: str
    made_at: datetime
    state: Literal["running", "done", "failed"]
    done: int
    sales: int | None
    told_at: datetime
    answer: str | None


async def start(
    database: Database, clock: Clock, campaign: str, version: int, first: date | None, last: date | None, by: str
) -> int:
    """Begin a back-test, or wait for its turn; gives its number at once."""
    async with database.transaction() as connection:
        run_id: int = await SQL.add_run(
            connection, campaign=campaign, version=version, first=first, last=last, made_by=by, now=clock.now()
        )
    words = ["backtest", "--json", "--progress", "--version", str(version)]
    words += ["--from", first.isoformat()] if first else []
    words += ["--to", last.isoformat()] if last else []
    task = asyncio.create_task(_run(database, clock, run_id, (*words, "--", campaign)), name=f"backtest-{run_id}")
    _running.add(task)
    task.add_done_callback(_running.discard)
    return run_id


async def latest(connection: Reading, campaign: str, limit: int, now: datetime) -> list[Run]:
    """The latest of a campaign, newest first. One whose process has ended with nothing said counts as failed."""
    found = []
    async for row in SQL.runs(connection, campaign=campaign, limit=limit):
        one = Run(*row)
        if one.state == "running" and one.told_at < now - SILENT:
            one = one._replace(state="failed")
        found.append(one)
    return found


async def settle() -> None:
    """Wait for those that this process runs."""
    await asyncio.gather(*_running, return_exceptions=True)


async def _run(database: Database, clock: Clock, run_id: int, words: tuple[str, ...]) -> None:
    far: list[int | None] = [0, None]

    def heard(line: str) -> None:
        numbers = line.split()
        if len(numbers) == 2 and all(each.isdecimal() for each in numbers):
            far[:] = map(int, numbers)

    async def tell() -> None:
        while True:
            async with database.transaction() as connection:
                await SQL.tell_run(connection, run_id=run_id, done=far[0], sales=far[1], now=clock.now())
            await asyncio.sleep(EVERY_SECONDS)

    telling = asyncio.create_task(tell())
    answer: str | None = None
    try:
        async with TURN:
            answer = (await run_command(database.dsn, *words, heard=heard)).decode()
    except CommandFailed as error:
        _log.warning("backtest_failed", run_id=run_id, error=str(error))
    finally:
        telling.cancel()
    async with database.transaction() as connection:
        await SQL.end_run(connection, run_id=run_id, answer=answer, now=clock.now())
