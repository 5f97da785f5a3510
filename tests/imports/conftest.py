"""Books with a till on this test's own database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from goen.cli.importing import Books, open_books
from goen.database.pool import Database
from goen.vocabulary.clock import Clock


@pytest.fixture
async def books(pool: Database, clock: Clock) -> AsyncIterator[Books]:
    """Ready to import."""
    async with open_books(pool, clock) as opened:
        yield opened
