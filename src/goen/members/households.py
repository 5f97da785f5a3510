"""The only place that touches the tables of households: the pool's row, and who belongs to it (rule 40)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from goen.database.pool import Reading, Writing
from goen.database.queries import load

State: TypeAlias = Literal["invited", "joined", "leaving", "left"]

_queries = load(__package__, "households.sql")


class Place(NamedTuple):
    """One person's place in a household. ``joining`` counts how often the person came."""

    member_id: int
    number: str
    joining: int
    head: bool
    may_spend: bool
    state: State
    split: int
    invited_at: datetime
    joined_at: datetime | None


class Latest(NamedTuple):
    """A person's newest place, perhaps left."""

    joining: int
    state: State
    split: int


class Unpooled(NamedTuple):
    """A person whose own books have points that belong into the pool; ``seq`` is how far those books count, and
    ``pool_seq`` the pool's."""

    member_id: int
    pool_id: int
    seq: int
    pool_seq: int


class Unheaded(NamedTuple):
    """A dissolved household whose books have something, and its last head; ``seq`` is how far those books count, and
    ``head_seq`` those that the head's points are in now."""

    household_id: int
    head_id: int
    seq: int
    head_seq: int


async def add_pool(connection: Writing, member_id: int, number: str, now: datetime) -> None:
    """A new household's row."""
    await _queries.add_pool(connection, member_id=member_id, number=number, now=now)


async def close_pool(connection: Writing, household_id: int, now: datetime) -> None:
    """The household is dissolved."""
    await _queries.close_pool(connection, household_id=household_id, now=now)


async def people(connection: Reading, household_id: int) -> list[Place]:
    """Who belongs to it or was invited, in the order they came."""
    return [Place(*row) async for row in _queries.people(connection, household_id=household_id)]


async def latest(connection: Reading, member_id: int, household_id: int) -> Latest | None:
    """A person's newest place in this household; None where there never was one."""
    row = await _queries.latest(connection, member_id=member_id, household_id=household_id)
    return None if row is None else Latest(*row)


async def invite(
    connection: Writing,
    member_id: int,
    household_id: int,
    *,
    joining: int,
    head: bool,
    may_spend: bool,
    now: datetime,
) -> None:
    """Somebody may join."""
    await _queries.invite(
        connection,
        member_id=member_id,
        household_id=household_id,
        joining=joining,
        head=head,
        may_spend=may_spend,
        now=now,
    )


async def join(connection: Writing, member_id: int, household_id: int, now: datetime) -> None:
    """Who was invited joins."""
    await _queries.join_household(connection, member_id=member_id, household_id=household_id, now=now)


async def set_place(connection: Writing, member_id: int, household_id: int, *, head: bool, may_spend: bool) -> None:
    """What a person is and may do."""
    await _queries.set_place(connection, member_id=member_id, household_id=household_id, head=head, may_spend=may_spend)


async def set_leaving(connection: Writing, member_id: int, household_id: int, split: int | None) -> None:
    """A person is about to leave with ``split`` points; None: stays after all."""
    await _queries.set_leaving(
        connection,
        member_id=member_id,
        household_id=household_id,
        state="joined" if split is None else "leaving",
        split=split or 0,
    )


async def leave(connection: Writing, member_id: int, household_id: int, now: datetime) -> None:
    """A person is of the household no more; an invitation ends."""
    await _queries.leave_household(connection, member_id=member_id, household_id=household_id, now=now)


async def places(connection: Reading, member_id: int) -> list[tuple[int, State, bool]]:
    """The households a person is of, is leaving or was invited to: (household, state, head)."""
    return [tuple(row) async for row in _queries.places(connection, member_id=member_id)]


async def unpooled(connection: Reading, after: int, count: int) -> list[Unpooled]:
    """People of households whose own books have something, from the next number on."""
    return [Unpooled(*row) async for row in _queries.unpooled(connection, after=after, count=count)]


async def unheaded(connection: Reading, after: int, count: int) -> list[Unheaded]:
    """Dissolved households whose books have something, from the next number on; not where the head has left as well."""
    return [Unheaded(*row) async for row in _queries.unheaded(connection, after=after, count=count)]
