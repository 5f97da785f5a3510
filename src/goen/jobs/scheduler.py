"""Running jobs when they are due: here or in another process, never in two at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import structlog

from goen.jobs import runs
from goen.jobs.model import Job, Means
from goen.jobs.runs import Turns

TICK_SECONDS = 0.5

_log = structlog.get_logger(__name__)


class Scheduler:
    """The jobs of one process."""

    def __init__(self, means: Means, turns: Turns, schedule: Sequence[Job]) -> None:
        self._means = means
        self._turns = turns
        self._schedule = schedule
        self._running: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Start what is due, until told to stop or turns are lost; then let every job finish its piece."""
        stopping = asyncio.ensure_future(self._means.stopping.wait())
        lost = asyncio.ensure_future(self._turns.lost.wait())
        try:
            while not (stopping.done() or lost.done()):
                try:
                    await self.start_due()
                except runs.AWAY as error:
                    _log.warning("jobs_interrupted", error=repr(error))
                await asyncio.wait({stopping, lost}, timeout=TICK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            lost.cancel()
            if self._running:
                await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def start_due(self) -> list[asyncio.Task[None]]:
        """Start every job that is due and does not run here; gives the runs."""
        last = await runs.last_starts(self._means.database)
        now = self._means.clock.now()
        started = []
        for job in self._schedule:
            if job.name not in self._running and (job.name not in last or last[job.name] + job.every <= now):
                task = asyncio.create_task(self._turn(job), name=f"job-{job.name}")
                self._running[job.name] = task
                task.add_done_callback(lambda _, name=job.name: self._running.pop(name))  # type: ignore[misc]
                started.append(task)
        return started

    async def _turn(self, job: Job) -> None:
        """One run, if it is our turn and nobody ran it just now."""
        try:
            if not await self._turns.take(job.name):
                return
            try:
                last = await runs.last_start(self._means.database, job.name)
                if last is None or last + job.every <= self._means.clock.now():
                    await self._run(job)
            finally:
                await self._turns.give_back(job.name)
        except runs.AWAY as error:
            _log.warning("job_interrupted", job=job.name, error=repr(error))

    async def _run(self, job: Job) -> None:
        means, began = self._means, time.perf_counter()
        await runs.start(means.database, job.name, means.clock.now())
        outcome: runs.Outcome = "failed"
        done: int | None = None
        error: str | None = None
        try:
            done = await job.work(means)
            outcome = "stopped" if means.stopping.is_set() else "done"
        except Exception as trouble:
            error = repr(trouble)
            _log.error("job_failed", job=job.name, exc_info=trouble)
        seconds = time.perf_counter() - began
        await runs.finish(means.database, job.name, means.clock.now(), outcome, seconds, done, error)
        if done:
            _log.info("job_done", job=job.name, done=done, seconds=round(seconds, 3))
