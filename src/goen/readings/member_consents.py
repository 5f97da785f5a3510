"""What did a person agree to, and in which words is it asked today?"""

from __future__ import annotations

from collections.abc import Sequence

from goen.database.pool import Reading
from goen.members import store
from goen.members.model import ConsentView, Wording


async def consents_of_family(connection: Reading, members: Sequence[int]) -> dict[str, ConsentView]:
    """The last word on each purpose, of all numbers that are one person."""
    said = [each for member_id in members for each in await store.consents(connection, member_id)]
    return {each.kind: each for each in sorted(said, key=lambda each: each.recorded_at)}


async def wordings(connection: Reading) -> list[Wording]:
    """The registered texts, newest first within each purpose."""
    return await store.wordings(connection)
