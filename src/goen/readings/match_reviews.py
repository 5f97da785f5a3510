"""The review queue: pairs of members that may be one person, both as they are known, and why."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from goen.database.pool import Reading
from goen.database.queries import load
from goen.identity.matching.evidence import FieldEvidence, Language, evidence
from goen.identity.reviews.errors import UnknownReview
from goen.identity.reviews.model import Review, ReviewState, public_id
from goen.identity.reviews.store import review_of, waiting
from goen.members.model import MemberView
from goen.readings import pages
from goen.readings.member_profile import member_profiles

_queries = load(__package__, "match_reviews.sql")
_LATEST = datetime(9999, 1, 1, tzinfo=UTC)


class ReviewView(msgspec.Struct, frozen=True):
    """A pair to review. ``members`` are both, the older first; after a merge the second is the survivor too.

    ``certain`` pairs passed every guard and only wait for somebody to merge them. ``evidence`` has the heaviest
    field first; ``weight`` in bits, above 0 for the same person. ``merged``: decided, and merged since.
    """

    id: str
    state: ReviewState
    certain: bool
    probability: float
    members: list[MemberView]
    evidence: list[FieldEvidence]
    found_at: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None
    reason: str | None = None
    merged: bool = False


class ReviewPage(msgspec.Struct, frozen=True):
    """Pairs, and the cursor after them."""

    items: list[ReviewView]
    next_cursor: str | None = None


async def match_reviews(
    connection: Reading, state: ReviewState, limit: int, cursor: str | None, language: Language
) -> ReviewPage:
    """A page of the pairs in a state: open ones likeliest first, decided ones latest first.

    Raises:
        InvalidRequest: a cursor that is none of this list's.
    """
    rows: Any
    if state == "open":
        probability, member_id, other_id = pages.read(cursor, tuple[float, int, int]) if cursor else (2.0, 0, 0)
        rows = _queries.open_reviews(
            connection, probability=probability, member_id=member_id, other_id=other_id, rows_max=limit + 1
        )
    else:
        decided_at, member_id, other_id = pages.read(cursor, tuple[datetime, int, int]) if cursor else (_LATEST, 0, 0)
        rows = _queries.decided_reviews(
            connection, state=state, decided_at=decided_at, member_id=member_id, other_id=other_id, rows_max=limit + 1
        )
    found = [review_of(row) async for row in rows]
    page = found[:limit]
    more = len(found) > limit
    return ReviewPage(await _views(connection, page, language), pages.written(_place(page[-1])) if more else None)


async def match_review(connection: Reading, pair: tuple[int, int] | None, language: Language) -> ReviewView:
    """One pair.

    Raises:
        UnknownReview: there is none.
    """
    row = await _queries.review(connection, member_id=pair[0], other_id=pair[1]) if pair else None
    if row is None:
        raise UnknownReview
    return (await _views(connection, [review_of(row)], language))[0]


async def reviews_waiting(connection: Reading, most: int = 100) -> int:
    """How many pairs wait for a decision; ``most`` stands for so many or more."""
    return await waiting(connection, most)


def _place(review: Review) -> tuple[object, int, int]:
    order = review.probability if review.state == "open" else review.decided_at
    return order, review.member_id, review.other_id


async def _views(connection: Reading, reviews: list[Review], language: Language) -> list[ReviewView]:
    numbers = sorted({number for review in reviews for number in (review.member_id, review.other_id)})
    profiles = dict(zip(numbers, await member_profiles(connection, numbers), strict=True)) if numbers else {}
    return [
        ReviewView(
            public_id(review.member_id, review.other_id),
            review.state,
            review.certain,
            round(review.probability, 6),
            [profiles[review.member_id], profiles[review.other_id]],
            evidence(
                {field: level for field, (level, _) in review.evidence.items()},
                {field: weight for field, (_, weight) in review.evidence.items()},
                language,
            ),
            review.found_at,
            review.decided_at,
            review.decided_by,
            review.reason,
            review.merged,
        )
        for review in reviews
    ]
