"""``make bench-scale``: posting after five million entries against posting after fifty thousand.

The rows between are written by SQL in the shape that posting leaves (accounts, lots, keys and acts agree, so
``goen verify`` passes); only documents are short, because nothing reads them here.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from statistics import median
from typing import Any

import asyncpg

from bench.machine import Machine, machine, wrk

#: One piece: so many further sales for each of these members.
_FILL = """
with base as materialized (
  select a.member_id, a.seq, a.booked from member_account a where a.member_id between $1 and $2 order by a.member_id),
sale as materialized (
  select b.member_id, b.seq + 3 * k as seq, b.booked + 10 * (k + 1) as after, nextval('act_id_seq') as act_id,
         hashint8extended(b.member_id * 1000003 + b.seq + k, 1) as key_hash,
         hashint8extended(b.member_id * 1000003 + b.seq + k, 2) as key_check,
         current_date - (k % 300)::int as day
    from base b cross join generate_series(0, $3::bigint - 1) k),
keys as (insert into act_key (key_hash, key_check, digest, member_id, act_id, subject)
  select key_hash, key_check, 0, member_id, act_id, 'p_' || member_id || '_' || seq + 1 from sale),
acts as (insert into act (member_id, act_id, kind, recorded_at, integration, status, answer)
  select member_id, act_id, 'purchase', day, 'bench', 201, '{}' from sale),
purchases as (insert into purchase (member_id, purchase_id, shop_id, external_id, status, occurred_at, business_date,
    recorded_at, booked_on, act_id, programme_version, total, payable, document, decision, progress,
    member_as_presented)
  select member_id, 'p_' || member_id || '_' || seq + 1, 1, act_id::text, 'completed', day, day, day, day, act_id, 1,
         1100, 1100, '{}', '{}', json_build_object('lots', json_build_array(seq + 3), 'confirmed', 10), member_id
    from sale),
entries as (insert into entry (member_id, booked_on, seq, act_id, kind, source, target, points, balance_after,
    occurred_at, recorded_at, business_date, shop_id, member_as_presented)
  select member_id, day, seq + 2, act_id, 'earn', 'issued', 'points', 10, after, day, day, day, 1, member_id from sale),
lots as (insert into lot (member_id, lot_id, kind, granted_on, grant_year, expires_on, points, remaining, open, act_id,
    programme_version)
  select member_id, seq + 3, 'regular', day, 2026, day + 365, 10, 10, true, act_id, 1 from sale)
update member_account a set seq = a.seq + 3 * $3, booked = a.booked + 10 * $3, version = a.version + 1
  from base b where a.member_id = b.member_id
"""


async def fill(machine: Machine, entries: int) -> float:
    """Bring the books to about so many entries; gives the seconds it took."""
    began = time.perf_counter()
    connection = await asyncpg.connect(machine.dsn)
    try:
        there = await connection.fetchval("select count(*) from entry")
        each = max(0, (entries - there) // machine.members)
        piece = 2_000
        for first in range(1, machine.members + 1, piece):
            if each:
                await connection.execute(_FILL, first, first + piece - 1, each)
        await connection.execute("vacuum analyze")
        await connection.execute("checkpoint")
    finally:
        await connection.close()
    return time.perf_counter() - began


async def rate(machine: Machine, rounds: int, seconds: float) -> float:
    """Posts a second in steady state: after a warm-up in which the pages of this checkpoint were logged once."""
    async with machine.serving():
        await wrk(machine, "post", 64, 20)
        return median([(await wrk(machine, "post", 64, seconds)).rate for _ in range(rounds)])


async def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--members", type=int, default=100_000)
    parser.add_argument("--entries", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6)
    chosen = parser.parse_args()
    async with machine(chosen.members, 0) as made:
        report: dict[str, Any] = {"postgresql": made.settings, "members": chosen.members}
        small = await rate(made, chosen.rounds, chosen.seconds)
        report["fill seconds"] = round(await fill(made, chosen.entries))
        large = await rate(made, chosen.rounds, chosen.seconds)
        report |= {
            "posts a second, small books": round(small),
            f"posts a second, {chosen.entries:,} entries": round(large),
            "large / small (floor 0.7)": round(large / small, 2),
        }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    asyncio.run(main())
