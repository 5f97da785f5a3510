"""Members whose name, kana or number contains a text, sorted by kana."""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple

import msgspec

from goen.database.pool import Reading
from goen.database.queries import load
from goen.identity.normalise import searchable
from goen.members.model import MemberView
from goen.members.search import CHARACTERS_MIN, grams
from goen.readings.member_profile import member_profiles
from goen.vocabulary.refusal import InvalidRequest

_queries = load(__package__, "member_search.sql")


class Page(NamedTuple):
    """Some members, and the cursor after them; None at the end."""

    members: list[MemberView]
    next_cursor: str | None


async def member_search(connection: Reading, q: str, limit: int, cursor: str | None) -> Page:
    """One page of the members that ``q`` fits, width, kana and variant kanji aside; withdrawn ones are not found.

    Raises:
        InvalidRequest: fewer than two characters, or a cursor that is none of ours.
    """
    wanted = searchable(q)
    if len(wanted) < CHARACTERS_MIN:
        raise InvalidRequest("q", f"takes {CHARACTERS_MIN} characters at least")
    after = _read(cursor) if cursor else ("", 0)
    found = [
        (row["kana_order"], row["member_id"])
        async for row in _queries.search(
            connection,
            grams=grams([wanted]),
            wanted=wanted,
            after_order=after[0],
            after_id=after[1],
            limit=limit + 1,
        )
    ]
    page = found[:limit]
    members = await member_profiles(connection, [member_id for _, member_id in page])
    members = list({each.id: each for each in members}.values())  # Two who are one by now are one.
    return Page(members, _written(page[-1]) if len(found) > limit else None)


def _written(place: tuple[str, int]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _read(cursor: str) -> tuple[str, int]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        order, member_id = msgspec.json.decode(text, type=tuple[str, int])
    except (binascii.Error, msgspec.MsgspecError, ValueError):
        raise InvalidRequest("cursor", "is not a cursor of this list") from None
    if "\0" in order or not 0 <= member_id < 2**63:
        raise InvalidRequest("cursor", "is not a cursor of this list")
    return order, member_id
