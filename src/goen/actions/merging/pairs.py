"""Merging a pair that matching found certain or a person decided: the same act at the till as any other merge."""

from __future__ import annotations

from dataclasses import dataclass

from goen.actions.merging.merge import SQL, MergeAsk, MergeMembers
from goen.actions.points.context import Context
from goen.actions.till.act import key_of
from goen.actions.till.books import by_number
from goen.actions.till.till import Till
from goen.database.pool import Database
from goen.members import store
from goen.members.ids import public_id
from goen.purchases.model import MemberRef
from goen.shops.model import Principal
from goen.vocabulary.clock import Instant


@dataclass(frozen=True)
class PairMerger:
    """What matching is handed as its ``MergePair``."""

    database: Database
    till: Till
    context: Context

    async def __call__(self, survivor: int, source: int, *, principal: Principal, reason: str, now: Instant) -> None:
        """Merge both, or whoever holds their points by now. Once: the same pair asked again is merged already.

        Raises:
            Refusal: the merge cannot be done now; see :class:`MergeMembers`.
        """
        async with self.database.reading() as connection:
            into, gone = [await store.survivor_of(connection, each) or each for each in (survivor, source)]
            parted: int = await connection.fetchval(SQL.times_parted.sql, gone)
        if into == gone:
            return
        ask = MergeAsk(MemberRef("member_id", public_id(gone)), reason)
        # Parted and found to be one person after all, they are merged anew: that is another act.
        key = key_of("merge", "pair", f"{into}:{gone}:{parted}" if parted else f"{into}:{gone}")
        await self.till.post(
            MergeMembers(ask, by_number(into), by_number(gone), "", principal, self.context, now, key=key)
        )
