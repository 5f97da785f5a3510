"""The whole proof: the invariants of the ledger, and that every key stands where its owner would look for it.

The second part is computed here as acts compute it, from the documents themselves: a sale whose key was
moved could be recorded twice, and a document that was changed no longer is what its key says.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from goen.actions.tiers.counting import what_counts
from goen.actions.till.act import digest_of, key_of
from goen.database.pool import Database, Reading
from goen.database.queries import load
from goen.earning.tiers.measure import NOTHING, Measured
from goen.identity.keys import identifier_hash
from goen.ledger import invariants
from goen.ledger.invariants import PIECE, Finding, pieces
from goen.vocabulary.clock import Instant

_queries = load(__package__, "proof.sql")
_ROWS = 1_000

#: Every invariant and its sentence.
INVARIANTS: Mapping[str, str] = {
    **invariants.INVARIANTS,
    "document_key": "every sale and return stands under its own key, and a sale is as it was asked for",
    "identifier_key": "every member is found by each of their names",
    "tier_measure": "while a programme has tiers, every sale counts for them what is left of it",
    "household": "who has joined a household points to it, spends as its list says, and no living one lacks a head",
}


async def prove(database: Database, now: Instant, *, piece: int = PIECE) -> AsyncIterator[Finding]:
    """Every violation of every invariant, as it is found; nothing where the books are right.

    ``piece``: how many members one statement looks at. Memory here does not grow with the ledger.
    """
    async for finding in invariants.prove(database, now, piece=piece):
        yield finding
    async for low, high in pieces(database, piece):
        async with database.snapshot() as connection:
            async for rows in _chunks(connection, _queries.documents.sql, low, high):
                for finding in await _documents(connection, rows):
                    yield finding
            if await _queries.tiers_kept(connection, now=now):
                async for rows in _chunks(connection, _queries.counted_sales.sql, low, high):
                    for finding in _counted(rows):
                        yield finding
            async for rows in _chunks(connection, _queries.identifiers.sql, low, high):
                for finding in await _identifiers(connection, rows):
                    yield finding
            for row in await connection.fetch(_queries.households.sql, low, high):
                yield Finding("household", row["member_id"], "", row["detail"])


async def _chunks(connection: Reading, sql: str, low: int, high: int) -> AsyncIterator[Sequence[Any]]:
    cursor = await connection.cursor(sql, low, high)
    while rows := await cursor.fetch(_ROWS):
        yield rows


async def _documents(connection: Reading, rows: Sequence[Any]) -> list[Finding]:
    keys = [key_of(f"shop:{row['shop_id']}", row["kind"], row["external_id"]) for row in rows]
    wrong = await connection.fetch(
        _queries.misplaced_documents.sql,
        [key.key_hash for key in keys],
        [key.key_check for key in keys],
        [row["act_id"] for row in rows],
        [row["subject"] for row in rows],
        [None if row["document"] is None else digest_of(row["document"].encode()) for row in rows],
    )
    return [Finding("document_key", rows[n - 1]["member_id"], rows[n - 1]["subject"], detail) for n, detail in wrong]


def _counted(rows: Sequence[Any]) -> Iterator[Finding]:
    """Sales that count something else for tiers than what is left of them."""
    for row in rows:
        kept = Measured(*row[5:]) if row["gross"] is not None else NOTHING
        counts = what_counts(row["decision"], row["progress"], row["status"])
        if kept != counts:
            yield Finding("tier_measure", row["member_id"], row["purchase_id"], f"kept {kept}, counts {counts}")


async def _identifiers(connection: Reading, rows: Sequence[Any]) -> list[Finding]:
    wrong = await connection.fetch(
        _queries.misplaced_identifiers.sql,
        [identifier_hash(row["kind"], row["shop_id"], row["normal"]) for row in rows],
        [row["member_id"] for row in rows],
        [row["identifier_id"] for row in rows],
    )
    return [
        Finding(
            "identifier_key",
            rows[n - 1]["member_id"],
            f"identifier {rows[n - 1]['identifier_id']}",
            "not in the registry under its own hash",
        )
        for (n,) in wrong
    ]
