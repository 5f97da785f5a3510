"""Note what a member agreed to or took back. Nothing is overwritten: the last word holds."""

from __future__ import annotations

from collections.abc import Mapping

from goen.actions.members import record
from goen.database.pool import Database
from goen.members import store
from goen.members.model import Given
from goen.shops.model import Principal
from goen.vocabulary.clock import Instant


def as_given(asked: Mapping[str, bool | Given]) -> dict[str, Given]:
    """A plain true or false is a consent without proof."""
    return {kind: Given(each) if isinstance(each, bool) else each for kind, each in asked.items()}


async def put_consents(
    database: Database,
    principal: Principal,
    member_id: int | None,
    asked: Mapping[str, bool | Given],
    now: Instant,
) -> None:
    """Add to the member's consents (rules 55 to 57).

    Raises:
        UnknownMember, MemberWithdrawn.
    """
    async with database.transaction() as connection:
        row = await record.opened(connection, member_id)
        await store.add_consents(connection, row.member_id, as_given(asked), principal.integration, now)
        await record.announce(connection, row.member_id, "consents", now, fields=sorted(asked))
