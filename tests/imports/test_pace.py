"""An import gives way to tills, and only to them."""

from __future__ import annotations

import asyncio
import time

from goen.actions.imports.pace import watching
from goen.database.pool import Database


async def test_an_import_pauses_while_a_till_is_at_work_and_goes_on_after(pool: Database) -> None:
    async with watching(pool.dsn) as pace:
        async with pool.reading() as reader, pool.writing() as writer:
            await reader.fetchval("select 1")  # Connected, and idle: nobody to give way to.
            for _ in range(5):
                await pace.give_way(0.01)
            assert pace.pressure == 0
            busy = asyncio.ensure_future(writer.fetchval("select pg_sleep(1)"))
            await asyncio.sleep(0.1)
            for _ in range(6):
                await pace.give_way(0.01)
            assert pace.pressure > 0.8
            began = time.monotonic()
            await pace.give_way(0.2)
            assert time.monotonic() - began > 0.15
            await busy
        for _ in range(12):
            await pace.give_way(0.001)
        assert pace.pressure < 0.05


async def test_a_round_that_waited_long_makes_no_long_pause(pool: Database) -> None:
    async with watching(pool.dsn) as pace:
        pace.pressure = 1.0
        began = time.monotonic()
        await pace.give_way(60)
        assert time.monotonic() - began < 30
