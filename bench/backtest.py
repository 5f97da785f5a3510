"""A back-test over a long history: ten-line sales, every one of which the campaign touches.

    python -m bench.backtest [--sales 1000000]

Some of the sales are imported; the others are the same rows again under other numbers, written straight into the
table. Seconds and megabytes are those of ``goen backtest`` in a process of its own, start included.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from typing import Any

import asyncpg
import msgspec

from bench.imports import _empty, _import, write_receipts
from bench.machine import goen, machine
from goen.actions import campaigns
from goen.cli.importing import open_books
from goen.database.pool import open_database
from goen.earning.campaigns.model import Campaign
from goen.vocabulary.clock import SystemClock

IMPORTED, LINES = 20_000, 10
AGAIN = """
insert into purchase
select p.member_id, p.purchase_id || '_' || k, p.shop_id, p.external_id || '_' || k, p.status, p.occurred_at,
       p.business_date, p.recorded_at + k * interval '1 second', p.booked_on, p.act_id, p.programme_version, p.total,
       p.payable, p.document, p.decision, p.progress, p.claimed_by, null, p.identifier_id,
       p.member_as_presented, p.version
  from purchase p, generate_series(1, {times}) k
"""
CAMPAIGN = {
    "code": "tried", "name": "試算", "effects": [{"kind": "rate", "multiplier": 2}],
    "limits": [{"measure": "points", "most": 500, "per": ["member", "month"]}],
}  # fmt: skip


async def measure(sales: int) -> dict[str, Any]:
    """Seconds and megabytes of one back-test over so many sales."""
    async with machine(1, 0) as made:
        dsn = await _empty(made, "backtest")
        clock = SystemClock()
        async with open_database(dsn) as database, open_books(database, clock) as books:
            draft = msgspec.convert(CAMPAIGN, Campaign)
            await campaigns.create(database, books.context, draft, "bench", clock.now())
        path = made.folder / "receipts.csv"
        write_receipts(path, min(sales, IMPORTED), LINES, "b")
        await _import(dsn, path)
        connection = await asyncpg.connect(dsn)
        began = time.perf_counter()
        await connection.execute(AGAIN.format(times=sales // IMPORTED - 1), timeout=3600)
        await connection.execute("vacuum analyze purchase", timeout=3600)
        count = await connection.fetchval("select count(*) from purchase")
        await connection.close()
        filled = time.perf_counter() - began
        seconds, megabytes = await goen(dsn, "backtest", "tried", "--json")
        return {
            "sales": count, "lines": count * LINES, "written in s": round(filled, 1), "back-test s": round(seconds, 1),
            "MiB": round(megabytes),
        }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.backtest")
    parser.add_argument("--sales", type=int, default=1_000_000)
    print(json.dumps(asyncio.run(measure(**vars(parser.parse_args()))), indent=2))
