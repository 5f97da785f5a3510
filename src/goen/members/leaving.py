"""What goes when a member has left, and what is known of them until then. Writes belong to the action's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from goen.database.pool import Reading, Writing
from goen.database.queries import load

_queries = load(__package__, "leaving.sql")


class Trace(NamedTuple):
    """What tells that a row of a file is about a person. ``names`` are ``kind:normal`` of all identifiers ever."""

    member_id: int
    name: str | None
    kana: str | None
    birth_date: date | None
    address: str | None
    names: Sequence[str]


class Name(NamedTuple):
    """An identifier of now or before, as the registry is keyed."""

    member_id: int
    kind: str
    shop_id: int
    normal: str


class Departure(NamedTuple):
    """A member who has left, and when personal data goes or went."""

    member_id: int
    withdrawn_at: datetime
    erase_on: date | None
    erased_at: datetime | None


async def due(connection: Reading, today: date, count: int) -> list[int]:
    """At most ``count`` withdrawn members whose day has come."""
    return [row["member_id"] async for row in _queries.due_for_erasure(connection, today=today, count=count)]


async def still_here(connection: Writing, member_ids: Sequence[int]) -> list[int]:
    """Those of these withdrawn members whom nobody has erased yet, locked."""
    return [row["member_id"] async for row in _queries.not_erased(connection, member_ids=list(member_ids))]


async def with_merged(connection: Reading, member_ids: Sequence[int]) -> list[int]:
    """These members and everybody merged into them."""
    return [row["member_id"] async for row in _queries.also_called(connection, member_ids=list(member_ids))]


async def traces(connection: Reading, member_ids: Sequence[int]) -> list[Trace]:
    """What is known of these members now."""
    return [Trace(*row) async for row in _queries.traces(connection, member_ids=list(member_ids))]


async def names_ever(connection: Reading, member_ids: Sequence[int]) -> list[Name]:
    """Every name they have or had and that is not erased."""
    return [Name(*row) async for row in _queries.names_ever(connection, member_ids=list(member_ids))]


async def erase(connection: Writing, member_ids: Sequence[int], key_hashes: Sequence[int], now: datetime) -> None:
    """Drop everything personal of members who have left; ``key_hashes`` are those of all their names."""
    ids = list(member_ids)
    await _queries.free_names(connection, key_hashes=list(key_hashes), member_ids=ids)
    await _queries.drop_answers_of(connection, member_ids=ids)
    await _queries.drop_devices_of(connection, member_ids=ids)
    await _queries.erase_segments(connection, member_ids=ids)
    await _queries.erase_terms(connection, member_ids=ids)
    await _queries.erase_words(connection, member_ids=ids)
    await _queries.erase_identifiers(connection, member_ids=ids, now=now)
    await _queries.erase_members(connection, member_ids=ids, now=now)


async def forget_old_names(connection: Writing, before: datetime, rows_max: int) -> int:
    """Blank at most ``rows_max`` names taken away before this moment; how many."""
    count: int = await _queries.forget_old_names(connection, before=before, rows_max=rows_max)
    return count


async def departures(connection: Reading, since: datetime | None) -> list[Departure]:
    """Who has left, or was erased, after a moment (None: ever)."""
    return [Departure(*row) async for row in _queries.departures(connection, since=since)]
