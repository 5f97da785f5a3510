"""Which members were merged, and which merges were taken back?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from goen.database.pool import Reading
from goen.database.queries import load
from goen.members.ids import public_id
from goen.purchases.ids import home_of

_queries = load(__package__, "merges.sql")


class MergeFacts(NamedTuple):
    """A merge of ``source`` into ``survivor``. ``inner``: the survivor was itself merged since; undo that first."""

    merge_id: str
    survivor: str
    source: str
    number: str
    name: str | None
    kana: str | None
    merged_at: datetime
    reason: str
    undone_at: datetime | None
    inner: bool


async def merges(connection: Reading, member_ids: Sequence[int]) -> list[MergeFacts]:
    """Merges in which one of these took part, the latest first."""
    return [_facts(row) async for row in _queries.merges(connection, member_ids=list(member_ids))]


async def merge(connection: Reading, merge_id: str) -> MergeFacts | None:
    """One merge; None where there is none."""
    row = await _queries.merge(connection, member_id=home_of("g", merge_id) or 0, merge_id=merge_id)
    return None if row is None else _facts(row)


def _facts(row: Any) -> MergeFacts:
    return MergeFacts(
        row["merge_id"],
        public_id(row["survivor_id"]),
        public_id(row["member_id"]),
        row["number"],
        row["name"],
        row["kana"],
        row["merged_at"],
        row["reason"],
        row["undone_at"],
        row["inner"],
    )
