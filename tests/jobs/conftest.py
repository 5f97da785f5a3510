"""Means of jobs on a test's database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from goen.actions.points.context import Context
from goen.actions.points.holds import tells_of
from goen.actions.programme import ensure_programme
from goen.actions.till.till import Till
from goen.database.pool import Database
from goen.earning.catalogue import Programmes
from goen.jobs.model import Means
from goen.readings import programme
from goen.shops.directory import ShopDirectory


@pytest.fixture
async def means(pool: Database, clock: Any) -> AsyncIterator[Means]:
    await ensure_programme(pool)
    context = Context(ShopDirectory(), Programmes(), ZoneInfo("Asia/Tokyo"))
    async with pool.reading() as connection:
        await programme.refresh(context.programmes, connection)
    till = Till(pool, clock, context.day_of, freed=tells_of(context))
    yield Means(pool, till, context, clock, asyncio.Event())
    await till.close()
