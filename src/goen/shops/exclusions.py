"""The products that earn nothing, in memory: no sale reads a product to learn that it earns as usual."""

from __future__ import annotations

import time

from goen.database.pool import Reading
from goen.shops import store

#: A catalogue may be long, and what of it earns nothing changes seldom: it is read less often than shops are.
REFRESH_SECONDS = 2.0


class Exclusions:
    """Skus of products with ``points: false`` (rule 3). Read again on change, and every two seconds (see main)."""

    def __init__(self) -> None:
        self.skus: frozenset[str] = frozenset()
        self._read_at = float("-inf")

    async def refresh(self, connection: Reading, *, now: bool = False) -> None:
        """Read them again where that is due, or ``now``."""
        if now or time.monotonic() >= self._read_at + REFRESH_SECONDS:
            self._read_at = time.monotonic()
            self.skus = await store.excluded_products(connection)
