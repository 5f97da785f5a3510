"""The proof of the books: what must hold at every moment, and what of it does not.

Runs beside a lively ledger: each question is one statement and so sees one moment. Members are proved in
pieces by number, guest sales by their stand-ins before them, then what belongs to nobody alone. Nothing
here trusts a cache: balances are compared with entries, entries with lots, lots with moves and holds.

A knowing exception to "only a room's own tables", as the till is: a proof has to see all of them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from goen.database.pool import Database
from goen.database.queries import load
from goen.vocabulary import ids
from goen.vocabulary.clock import Instant

_queries = load(__package__, "invariants.sql")
#: Members (or guest sales) proved by one statement.
PIECE = 25_000
_FIRST, _LAST = -(2**63), 2**63 - 1
#: Keys of acts without a document are kept for 400 days; a day less is asked for here.
_KEYS_KEPT = timedelta(days=399)

#: A proof reads all there is of a piece and leaves the other processor to the tills.
_PATIENT = (
    "cursor_tuple_fraction = 1",
    "plan_cache_mode = force_custom_plan",
    "max_parallel_workers_per_gather = 0",
    "work_mem = '64MB'",
)

#: Every invariant and its sentence.
INVARIANTS: Mapping[str, str] = {
    "account_missing": "every member has an account, and no account or movement is nobody's",
    "booked_entries": "the booked balance is the sum of the member's entries",
    "booked_lots": "the booked balance is the sum of the member's open lots, debts included",
    "pending_entries": "the pending balance is the sum of the entries on it",
    "held_lots": "the held balance is what lots hold",
    "held_holds": "the held balance is what open holds have drawn",
    "debt_lots": "the debt is the sum of the debt lots",
    "numbers": "a member's numbers are given once, and the account has counted them all",
    "lot_missing": "what moves or is held belongs to a lot",
    "lot_moves": "a lot's remainder is its grant and its moves",
    "lot_holds": "what a lot holds is what open holds drew from it",
    "lot_expired": "a lot's expired points are those of its expiry entries",
    "lot_state": "a lot holds no more than it has, a debt is below zero, and open says whether anything is left",
    "entry_balance": "each entry's balance is the sum of the entries up to it",
    "entry_act": "every entry comes from an act",
    "act_lots": "what an act's entries moved, its lots moved too",
    "hold_state": "an open hold is drawn in full, an ended one has its time, and none is captured beyond its points",
    "sale_missing": "entries, returns and holds of a sale belong to one that is there",
    "sale_act": "every sale comes from an act",
    "sale_earned": "a sale's confirmed points are those of its entries",
    "sale_pending": "a sale's pending points are those of its entries",
    "sale_used": "a sale's used points are those of its entries",
    "sale_draws": "a sale knows the lots that its used points came from",
    "sale_hold": "a placed order's points are held, and nobody else's",
    "return_exceeds": "no more comes back of a sale than it took and gave, and its documents say so",
    "claim": "a claimed sale and its claim know each other",
    "merged_empty": "who was merged into another keeps no points, lots or holds",
    "merged_into": "who was merged leads to its survivor, and the survivor to nobody",
    "merge_open": "members and the merges in force say the same",
    "merge_pair": "what a merge books out of one account it books into the other",
    "limit_draws": "what is drawn on a limit is the sum of its draws",
    "coupon_uses": "an issued coupon's uses that stand are those drawn on its limit",
    "coupon_void": "a coupon that is void is used no more than when it was voided",
    "stamps_drawn": "stamps and full cards that stand are those drawn on the member's accounts",
    "offer_limits": "no more stands of a campaign's discounts and gifts than is drawn on its limits",
    "reward_stock": "the pieces that are taken of a reward are its orders that stand",
    "standing_grant": "what standing rules and draws gave, the entries of the same acts gave",
    "draw_stock": "the prizes that are taken from a draw's stock are those that tickets won",
    "transit": "what one member sends another receives in the same act",
    "act_key": "every act has its key, so that it is done once",
    "key_act": "every key has its act",
    "key_sale": "every sale's key leads to the sale",
    "identifier": "the registry of identifiers and the members' own names agree",
    "feed": "the feed has no gap",
    "append_only": "the application cannot change history",
}


class Finding(NamedTuple):
    """One violation: which invariant, under which member (below zero a guest sale's stand-in, 0 nobody), what of
    theirs, and how it differs."""

    invariant: str
    anchor: int
    what: str
    detail: str

    @property
    def subject(self) -> str:
        """Whom and what it concerns, with the member's public id: ``m_16j lot 5``."""
        who = f"m_{ids.encode(self.anchor)}" if self.anchor else ""
        return f"{who} {self.what}".strip()


async def prove(database: Database, now: Instant, *, piece: int = PIECE) -> AsyncIterator[Finding]:
    """Every violation of these invariants, as it is found; nothing where the books are right.

    ``piece``: how many members one statement looks at. Memory here does not grow with the ledger.
    """
    async for low, high in pieces(database, piece):
        for query in _named("piece_"):
            async for finding in _found(database, query, low=low, high=high):
                yield finding
    for query in _named("whole_"):
        arguments = {"since": now - _KEYS_KEPT} if query == "whole_keys" else {}
        async for finding in _found(database, query, **arguments):
            yield finding


async def pieces(database: Database, members: int) -> AsyncIterator[tuple[int, int]]:
    """Stretches that cover every number there can be, whether or not a member has it."""
    low = _FIRST
    while low <= _LAST:
        async with database.reading() as connection:
            if low < 0:
                high = await _queries.guests_through(connection, low=low, members=members)
                high = -1 if high is None else high
            else:
                high = await _queries.members_through(connection, low=low, members=members)
                high = _LAST if high is None else high
        yield low, high
        low = high + 1


async def _found(database: Database, query: str, **arguments: Any) -> AsyncIterator[Finding]:
    async with database.snapshot() as connection:
        for setting in _PATIENT:
            await connection.execute(f"set local {setting}")
        async for row in connection.cursor(getattr(_queries, query).sql, *arguments.values()):
            yield Finding(*row)


def _named(prefix: str) -> list[str]:
    """The queries of this kind; aiosql has a twin of each, made for its own cursors."""
    return [name for name in _queries.available_queries if name.startswith(prefix) and not name.endswith("_cursor")]
