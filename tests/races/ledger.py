"""What must be true of the books after any race: asked of the database itself, by sums."""

from __future__ import annotations

from typing import Any

from goen.actions.proof import prove
from goen.database.pool import Database
from goen.vocabulary.clock import SystemClock

#: Each finds what breaks one promise; an empty answer is the proof.
PROMISES = {
    "booked = sum of entries = sum of lots": """
        select a.member_id, a.booked, e.points as entries, l.points as lots from member_account a
          left join lateral (select coalesce(sum(case 'points' when target then points when source then -points
                                                 else 0 end), 0)::bigint as points
                               from entry where member_id = a.member_id) e on true
          left join lateral (select coalesce(sum(remaining), 0)::bigint as points
                               from lot where member_id = a.member_id) l on true
         where a.booked <> e.points or a.booked <> l.points""",
    "pending = sum of entries": """
        select a.member_id, a.pending, e.points from member_account a
          left join lateral (select coalesce(sum(case 'pending' when target then points when source then -points
                                                 else 0 end), 0)::bigint as points
                               from entry where member_id = a.member_id) e on true
         where a.pending <> e.points""",
    "held = held in lots = open holds": """
        select a.member_id, a.held, l.points as lots, h.points as holds from member_account a
          left join lateral (select coalesce(sum(held), 0)::bigint as points
                               from lot where member_id = a.member_id) l on true
          left join lateral (select coalesce(sum(points), 0)::bigint as points
                               from hold where member_id = a.member_id and status = 'open') h on true
         where a.held <> l.points or a.held <> h.points""",
    "debt = what debt lots owe": """
        select a.member_id, a.debt from member_account a
         where a.debt <> (select coalesce(-sum(remaining), 0) from lot l
                           where l.member_id = a.member_id and l.kind = 'debt')""",
    "what is left of a lot = granted + moves": """
        select l.member_id, l.lot_id, l.points, l.remaining from lot l
         where l.remaining <> l.points + (select coalesce(sum(m.points), 0) from lot_move m
                                           where m.member_id = l.member_id and m.lot_id = l.lot_id)""",
    "one act per key, one key per act": """
        select coalesce(a.act_id, k.act_id) as act_id from act a
          full join act_key k on k.member_id = a.member_id and k.act_id = a.act_id
         where a.act_id is null or k.act_id is null""",
    "entries, moves and draws belong to an act": """
        select x.act_id from (select act_id from entry union select act_id from lot_move
                              union select act_id from limit_draw) x
         where not exists (select from act a where a.act_id = x.act_id)""",
    "what left one member's books in transit arrived in another's": """
        select act_id from entry where 'transit' in (source, target)
         group by act_id having sum(case target when 'transit' then points else -points end) <> 0""",
    "the last entry's balance is the balance": """
        select a.member_id, a.booked, e.balance_after from member_account a
          join lateral (select balance_after from entry
                         where member_id = a.member_id and 'points' in (source, target)
                         order by seq desc limit 1) e on true
         where e.balance_after <> a.booked""",
    "one sale per receipt": """
        select shop_id, external_id from purchase group by 1, 2 having count(*) > 1""",
    "one return per receipt": """
        select shop_id, external_id from purchase_return group by 1, 2 having count(*) > 1""",
    "a limit's account = its draws": """
        select l.anchor, l.code, l.period, l.drawn from limit_account l
         where l.drawn <> (select coalesce(sum(d.amount), 0) from limit_draw d
                            where (d.anchor, d.code, d.period) = (l.anchor, l.code, l.period))""",
}

#: What an act leaves. A repeat leaves none of it.
TRACES = (
    "act", "act_key", "entry", "lot", "lot_move", "lot_extension", "hold", "purchase", "purchase_claim",
    "purchase_return", "limit_draw", "audit",
)  # fmt: skip


async def assert_books_agree(connection: Any, database: Database) -> None:
    """Every promise holds for every member, and every invariant that ``goen verify`` proves."""
    broken = {}
    for promise, sql in PROMISES.items():
        if found := [dict(row) for row in await connection.fetch(sql)]:
            broken[promise] = found[:5]
    assert not broken, broken
    findings = [finding async for finding in prove(database, SystemClock().now())]
    assert not findings, findings[:5]


async def traces(connection: Any) -> dict[str, int]:
    """How many rows acts have left in each table; equal before and after means that nothing was done."""
    return {name: await connection.fetchval(f"select count(*) from {name}") for name in TRACES}
