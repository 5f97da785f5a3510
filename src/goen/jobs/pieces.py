"""Long work in short transactions: no piece may keep others waiting."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

PIECE_SECONDS_MAX = 0.2
ROWS_FIRST, ROWS_MAX = 200, 10_000


async def in_pieces(piece: Callable[[int], Awaitable[int]], stopping: asyncio.Event) -> int:
    """Do pieces until one finds less than it was allowed to; gives how many rows all of them did.

    ``piece(rows_max)`` commits for itself. Pieces grow while they stay under a quarter of 200 ms and shrink
    when they pass half of it; between two of them others get as long a turn as the last one took.
    """
    done, rows_max = 0, ROWS_FIRST
    while not stopping.is_set():
        began = time.perf_counter()
        did = await piece(rows_max)
        took = time.perf_counter() - began
        done += did
        if did < rows_max:
            break
        if took < PIECE_SECONDS_MAX / 4:
            rows_max = min(rows_max * 2, ROWS_MAX)
        elif took > PIECE_SECONDS_MAX / 2:
            rows_max = max(rows_max // 2, 1)
        await asyncio.sleep(took)
    return done


async def until_none(piece: Callable[[], Awaitable[int]], stopping: asyncio.Event) -> int:
    """Do pieces of a size of their own until one does nothing; gives how many acts all of them did."""
    done = 0
    while not stopping.is_set() and (did := await piece()):
        done += did
    return done
