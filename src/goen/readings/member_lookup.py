"""Whom does this identifier name? Phone and mail may fit several; then the clerk asks (rule 44)."""

from __future__ import annotations

from goen.database.pool import Reading
from goen.identity.presented import Presented
from goen.members import store
from goen.members.errors import AmbiguousMember


async def member_by(connection: Reading, named: Presented) -> int | None:
    """The number of the member so named; None where nobody is.

    Withdrawn members have no identifiers any more, and are found by their id alone.

    Raises:
        AmbiguousMember: several carry it and none holds it verified; with candidates to choose from.
    """
    if named.member_id is not None:
        return named.member_id or None
    if named.hash is None:
        return None
    found = await store.holders(connection, named.hash, named.kind, named.shop_id, named.normal)
    if not found:
        return None
    if len(found) == 1 or found[0].verified:
        return found[0].member_id
    raise AmbiguousMember(await store.candidates(connection, [each.member_id for each in found]))
