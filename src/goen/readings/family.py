"""Who is one with whom? After a merge two ids are one member, and every reading resolves them (rule 45)."""

from __future__ import annotations

from typing import NamedTuple

from goen.database.pool import Reading
from goen.database.queries import load
from goen.members.errors import UnknownMember
from goen.vocabulary.clock import Instant

_queries = load(__package__, "family.sql")


class Family(NamedTuple):
    """``root`` holds the points; ``members``: it and everybody merged into it; ``homes``: under whom their rows stand,
    those included into whom they were merged before."""

    root: int
    members: list[int]
    homes: list[int]


async def family(connection: Reading, member_id: int | None) -> Family:
    """A member with everybody who is the same person by now.

    Raises:
        UnknownMember: there is nobody of this number.
    """
    rows = [] if member_id is None else await connection.fetch(_queries.family.sql, member_id)
    if not rows:
        raise UnknownMember
    members = [row["member_id"] for row in rows if row["rank"] is not None]
    return Family(members[0], members, [row["member_id"] for row in rows])


async def holders(connection: Reading, member_id: int | None) -> Family:
    """The family in whose books a member's points are: its own, or that of its household.

    Raises:
        UnknownMember: there is nobody of this number.
    """
    return await family(connection, await survivor(connection, member_id))


async def survivor(connection: Reading, member_id: int | None) -> int:
    """Who holds this member's points now: the member, after a merge the survivor, in a household its pool.

    Raises:
        UnknownMember: there is nobody of this number.
    """
    return _known(None if member_id is None else await _queries.survivor(connection, member_id=member_id))


async def survivor_then(connection: Reading, member_id: int | None, at: Instant) -> int:
    """Who held this member's points at a past instant; raises as :func:`survivor`."""
    return _known(None if member_id is None else await _queries.survivor_then(connection, member_id=member_id, at=at))


def _known(found: int | None) -> int:
    if found is None:
        raise UnknownMember
    return found
