"""Everything the members room keeps about one member, for their right to know (rule 56)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from goen.database.pool import Reading
from goen.database.queries import load
from goen.members import store
from goen.members.model import ConsentView, MemberView
from goen.readings.family import family
from goen.readings.member_profile import member_profile
from goen.vocabulary import ids
from goen.vocabulary.clock import Instant

_queries = load(__package__, "member_export.sql")


class ExportedIdentifier(msgspec.Struct, frozen=True):
    """An identifier of now or of before."""

    id: str
    kind: str
    value: str
    normal: str
    shop: str | None
    verified_at: datetime | None
    added_at: datetime
    removed_at: datetime | None


class ExportedNote(msgspec.Struct, frozen=True):
    """Who did what about the member by hand or through which integration."""

    at: datetime
    author: str
    action: str
    reason: str | None
    note: str | None
    details: msgspec.Raw


class MemberExport(msgspec.Struct, frozen=True):
    """Everything about a member but points and sales, which have lists of their own."""

    exported_at: datetime
    member: MemberView
    has_pin: bool
    identifiers: tuple[ExportedIdentifier, ...]
    consents: tuple[ConsentView, ...]
    notes: tuple[ExportedNote, ...]


async def member_export(connection: Reading, member_id: int | None, now: Instant) -> MemberExport:
    """What is kept about this member, removed identifiers included, and about those merged into it.

    Raises:
        UnknownMember: there is none.
    """
    one = await family(connection, member_id)
    member = await member_profile(connection, one.root)
    said = [each for member_id in one.members for each in await store.consents(connection, member_id)]
    return MemberExport(
        exported_at=now,
        member=member,
        has_pin=await _queries.has_pin(connection, member_id=one.root),
        identifiers=tuple(
            [
                ExportedIdentifier(
                    id=ids.encode(row["identifier_id"]),
                    **{name: value for name, value in row.items() if name != "identifier_id"},
                )
                async for row in _queries.all_identifiers(connection, members=one.members)
            ]
        ),
        consents=tuple(sorted(said, key=lambda each: each.recorded_at, reverse=True)),
        notes=tuple(
            [
                ExportedNote(**{**row, "details": msgspec.Raw(row["details"].encode())})
                async for row in _queries.notes(connection, members=one.members)
            ]
        ),
    )
