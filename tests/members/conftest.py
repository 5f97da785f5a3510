"""Shops and callers for tests of members."""

from __future__ import annotations

import pytest

from goen.database.pool import Database
from goen.shops import store
from goen.shops.directory import ShopDirectory
from goen.vocabulary.clock import Clock


@pytest.fixture
async def shops(pool: Database, clock: Clock) -> ShopDirectory:
    """A store and a web shop with a linking secret."""
    directory = ShopDirectory()
    async with pool.writing() as connection:
        for code, name, kind in (("shibuya", "渋谷店", "store"), ("web", "オンラインストア", "ec")):
            await store.put_shop(
                connection,
                code=code,
                name=name,
                kind=kind,
                new_secret="w" * 32,
                replacing_secret=None,
                closed=False,
                now=clock.now(),
            )
        await directory.refresh(connection)
    return directory
