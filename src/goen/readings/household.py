"""A household as it is: its people, what each may do, and its points (rule 40)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from goen.database.pool import Reading
from goen.database.queries import load
from goen.members import households
from goen.members.errors import UnknownHousehold
from goen.members.ids import public_id

_queries = load(__package__, "household.sql")


class HouseholdPerson(msgspec.Struct, frozen=True):
    """One of its people. ``state``: ``invited``, ``joined``, or ``leaving`` while points are on their way."""

    member_id: str
    number: str
    head: bool
    may_spend: bool
    state: str
    invited_at: datetime
    joined_at: datetime | None


class HouseholdView(msgspec.Struct, frozen=True):
    """A household. Its ``id`` is that of its points: balance, entries and lots of ``/v1/members/{id}`` take it."""

    id: str
    status: str
    people: tuple[HouseholdPerson, ...]
    made_at: datetime


async def household(connection: Reading, household_id: int | None) -> HouseholdView:
    """Who belongs to it or was invited; a dissolved one has nobody.

    Raises:
        UnknownHousehold: there is none.
    """
    row = None if household_id is None else await _queries.household(connection, household_id=household_id)
    if row is None or household_id is None:
        raise UnknownHousehold
    return HouseholdView(
        public_id(household_id),
        "dissolved" if row["status"] == "withdrawn" else "active",
        tuple(
            HouseholdPerson(
                public_id(each.member_id),
                each.number,
                each.head,
                each.may_spend,
                each.state,
                each.invited_at,
                each.joined_at,
            )
            for each in await households.people(connection, household_id)
        ),
        row["joined_at"],
    )


async def places_of(connection: Reading, member_id: int) -> list[tuple[int, str, bool]]:
    """The households a person is of, is leaving or was invited to: (household, state, whether its head)."""
    return [(*each,) for each in await households.places(connection, member_id)]
