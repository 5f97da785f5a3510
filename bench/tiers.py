"""A run of tiers over many members: an evaluation day on which a few, and one on which many of them change.

    python -m bench.tiers [--members 1000000] [--sales 5]

Members and what their sales count are written straight into the tables; the runs are the worker's own, with their
pieces, locks, history and events. ``idle`` is a run in which nobody changes, ``preview`` the look of it alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from datetime import date
from typing import Any

import asyncpg

from bench.imports import _empty
from bench.machine import machine
from goen.actions.tiers.looking import changing, stretch
from goen.actions.tiers.runs import Run, carry, evaluation
from goen.database.pool import Database, open_database
from goen.earning.tiers.model import Ladder, Level, Window
from goen.vocabulary.clock import SystemClock

FILL = (
    "insert into member (member_id, number, joined_at, changed_at)"
    " select n, 'b' || n, now(), now() from generate_series(1, $1::bigint) n",
    "insert into member_account (member_id) select n from generate_series(1, $1::bigint) n",
    # What a member buys lies between nothing and 60,000 yen a year; each sale is on a day of its own.
    "insert into tier_measure (member_id, day, purchase_id, version, gross, net, points, purchases)"
    " select n, date '2025-06-01' + (s * 360 / $2::int), 'p_' || n || '_' || s, 1, x.gross, x.gross * 10 / 11, 0, 1"
    " from generate_series(1, $1::bigint) n, generate_series(0, $2::int - 1) s,"
    " lateral (select (n * 7919 % 60000 / $2::int)::bigint as gross) x",
)
LEVELS = (Level("silver", 20_000), Level("gold", 40_000), Level("platinum", 52_000))


async def measure(members: int, sales: int) -> dict[str, Any]:
    found: dict[str, Any] = {"members": members, "sales": members * sales}
    async with machine(1, 0) as made:
        dsn = await _empty(made, "tiers")
        connection = await asyncpg.connect(dsn)
        began = time.perf_counter()
        await connection.execute("truncate member, member_account cascade")
        await connection.execute(FILL[0].replace("$1", str(members)))
        await connection.execute(FILL[1].replace("$1", str(members)))
        await connection.execute(FILL[2].replace("$1", str(members)).replace("$2", str(sales)))
        await connection.execute("vacuum analyze")
        found["filled in"] = round(time.perf_counter() - began, 1)
        await connection.close()
        async with open_database(dsn) as database:
            few = (Level("silver", 20_000), Level("gold", 42_000), Level("platinum", 52_000))
            for name, day, levels in (
                ("first run", date(2026, 6, 1), LEVELS),
                ("idle", date(2026, 6, 2), LEVELS),
                ("few", date(2026, 7, 1), few),
            ):
                found[name] = await run(database, day, levels)
    return found


async def run(database: Database, day: date, levels: tuple[Level, ...]) -> dict[str, Any]:
    """One evaluation: the preview of it, and the run itself."""
    ladder = Ladder(levels, window=Window(), evaluation_days=("01",), tax="included")
    look, stop = evaluation("rank", ladder, True, day), asyncio.Event()
    began, after, would = time.perf_counter(), 0, 0
    async with database.reading() as connection:
        while (upto := await stretch(connection, after)) is not None:
            would += len(await changing(connection, look, after, upto))
            after = upto
    preview = time.perf_counter() - began
    began = time.perf_counter()
    changed = await carry(database, Run("evaluation", day, look), SystemClock().now, stop)
    assert changed == would, (changed, would)
    return {"changed": changed, "preview s": round(preview, 1), "run s": round(time.perf_counter() - began, 1)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.tiers")
    parser.add_argument("--members", type=int, default=1_000_000)
    parser.add_argument("--sales", type=int, default=5)
    asked = parser.parse_args()
    print(json.dumps(asyncio.run(measure(asked.members, asked.sales)), indent=2))
