"""Who is this member: the whole of it, one or many at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from goen.database.pool import Reading
from goen.database.queries import load
from goen.members.errors import UnknownMember
from goen.members.ids import public_id
from goen.members.model import IdentifierView, MemberView
from goen.vocabulary import ids

_queries = load(__package__, "member_profile.sql")


async def member_profile(connection: Reading, member_id: int | None) -> MemberView:
    """A whole member, withdrawn ones too; of a merged one the survivor.

    Raises:
        UnknownMember: there is none.
    """
    found = await member_profiles(connection, [] if member_id is None else [member_id])
    if not found:
        raise UnknownMember
    return found[0]


async def member_profiles(connection: Reading, member_ids: Sequence[int]) -> list[MemberView]:
    """Whole members in the order of the numbers given; those that do not exist are left out."""
    names: defaultdict[int, list[IdentifierView]] = defaultdict(list)
    async for row in _queries.identifiers_of(connection, member_ids=member_ids):
        values = dict(row)
        member_id = values.pop("member_id")
        names[member_id].append(IdentifierView(id=ids.encode(values.pop("identifier_id")), **values))
    return [
        MemberView(
            id=public_id(row["member_id"]),
            identifiers=tuple(names[row["member_id"]]),
            household=None if row["pool_id"] is None else public_id(row["pool_id"]),
            **{name: value for name, value in row.items() if name not in ("member_id", "pool_id")},
        )
        async for row in _queries.profiles(connection, member_ids=member_ids)
    ]
