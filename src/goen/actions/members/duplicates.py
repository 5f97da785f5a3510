"""Deciding whether two members are one person."""

from __future__ import annotations

from typing import Annotated, Protocol

import msgspec
from msgspec import Meta

from goen.actions.members import record
from goen.database.pool import Database, Writing
from goen.identity.reviews import store as reviews
from goen.identity.reviews.errors import ReviewDecided, UnknownReview
from goen.identity.reviews.model import Review, ReviewState
from goen.members.ids import public_id
from goen.shops.model import Principal
from goen.vocabulary.clock import Instant


class DecideAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether both are one person, and why one thinks so."""

    same: bool
    reason: Annotated[str, Meta(min_length=1, max_length=500)] | None = None


class MergePair(Protocol):
    """Merges ``source`` into ``survivor``; main hands it down. A refusal says why it cannot be done now."""

    async def __call__(
        self, survivor: int, source: int, *, principal: Principal, reason: str, now: Instant
    ) -> None: ...


async def decide_review(
    database: Database,
    principal: Principal,
    pair: tuple[int, int] | None,
    ask: DecideAsk,
    now: Instant,
    merge: MergePair | None,
) -> None:
    """Write down the decision and, where both are one person, merge the younger member into the older.

    The decision stands even if the merge is refused: deciding the same once more tries the merge again. Two who are
    not the same are never asked about again, nor merged by a later run.

    Raises:
        UnknownReview: there is no such pair. ReviewDecided: it was decided the other way.
        MemberWithdrawn: one of them is no member any more. Whatever the merge refuses.
    """
    if pair is None:
        raise UnknownReview
    wanted: ReviewState = "same" if ask.same else "not_same"
    async with database.transaction() as connection:
        review = await reviews.locked(connection, *pair)
        if review is None:
            raise UnknownReview
        if review.state not in ("open", wanted):
            raise ReviewDecided(review.state)
        if review.state == "open":
            for member_id in pair:
                await record.opened(connection, member_id)
            await reviews.decide(connection, review, wanted, principal.integration, ask.reason, now)
            await _audit(connection, review, principal.integration, ask, now)
    if ask.same and not review.merged and merge is not None:
        # The one place where a person's decision becomes a merge.
        await merge(pair[0], pair[1], principal=principal, reason=ask.reason or "match review", now=now)
        async with database.transaction() as connection:
            await reviews.note_merged(connection, *pair)


async def reopen_review(database: Database, author: str, pair: tuple[int, int] | None, now: Instant) -> None:
    """Ask again about two who were said to be two persons; of a pair that is open nothing changes.

    Raises:
        UnknownReview: there is no such pair. ReviewDecided: they were said to be one person.
        MemberWithdrawn: one of them is no member any more.
    """
    if pair is None:
        raise UnknownReview
    async with database.transaction() as connection:
        review = await reviews.locked(connection, *pair)
        if review is None:
            raise UnknownReview
        if review.state == "same":
            raise ReviewDecided(review.state)
        if review.state == "open":
            return
        for member_id in pair:
            await record.opened(connection, member_id)
        await reviews.reopen(connection, review)
        for member_id, other_id in (pair, pair[::-1]):
            await record.audit(connection, member_id, author, "match.reopened", now, other=public_id(other_id))


async def _audit(connection: Writing, review: Review, author: str, ask: DecideAsk, now: Instant) -> None:
    """One row for each of them, with the evidence that was shown: levels and weights, no values."""
    both = (review.member_id, review.other_id)
    for member_id, other_id in (both, both[::-1]):
        await record.audit(
            connection,
            member_id,
            author,
            "match.decided",
            now,
            reason=ask.reason,
            same=ask.same,
            other=public_id(other_id),
            probability=round(review.probability, 6),
            evidence=review.evidence,
        )
