"""The nightly run: in its hours, once a night, in a process of its own."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from goen.actions.own_process import CommandFailed
from goen.jobs.matching import match_members
from goen.jobs.model import Means

NIGHT = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)  # Half past three in Tokyo.


async def _runs(means: Means) -> list[str]:
    async with means.database.reading() as connection:
        return [row["state"] for row in await connection.fetch("select state from match_run order by run_id")]


@pytest.mark.slow
async def test_it_runs_at_night_and_once(means: Means, clock: Any) -> None:
    assert await match_members(means) == 0
    assert await _runs(means) == []
    clock.set(NIGHT)
    assert await match_members(means) == 1
    assert await _runs(means) == ["done"]


async def test_a_run_that_is_over_rests(means: Means, clock: Any) -> None:
    clock.set(NIGHT)
    async with means.database.writing() as connection:
        await connection.execute("insert into match_run (state, author, started_at) values ('done', 'test', $1)", NIGHT)
    clock.advance(hours=1)
    assert await match_members(means) == 0


async def test_stopping_ends_the_process(means: Means, clock: Any) -> None:
    clock.set(NIGHT)
    running = asyncio.create_task(match_members(means))
    await asyncio.sleep(0.1)
    means.stopping.set()
    assert await asyncio.wait_for(running, 20) == 0


async def test_a_failure_is_told(means: Means, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clock.set(NIGHT)
    monkeypatch.setenv("GOEN_PROFILE", "no such profile")
    with pytest.raises(CommandFailed):
        await match_members(means)
