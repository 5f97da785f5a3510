"""The review queue over HTTP: pairs of members that may be one person."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from goen.actions.members.duplicates import DecideAsk, decide_review
from goen.api.call import Call, Role
from goen.api.operations import SERVER, Operation
from goen.identity.reviews.errors import ReviewDecided, UnknownReview
from goen.identity.reviews.model import ReviewState, pair_of
from goen.members.errors import MemberWithdrawn
from goen.readings.match_reviews import ReviewPage, ReviewView, match_review, match_reviews

READERS: frozenset[Role] = SERVER | {"readonly"}


class ReviewsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page of the queue: ``open`` pairs to decide, or those decided ``same`` or ``not_same``."""

    state: ReviewState = "open"
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, Meta(max_length=4000)] | None = None


async def get_reviews(call: Call) -> ReviewPage:
    """Pairs with both members and the evidence, the likeliest first; decided ones the latest first."""
    query = call.decode_query(ReviewsQuery)
    async with call.services.database.reading() as connection:
        return await match_reviews(connection, query.state, query.limit, query.cursor, call.language)


async def get_review(call: Call) -> ReviewView:
    """One pair, decided or not."""
    async with call.services.database.reading() as connection:
        return await match_review(connection, pair_of(call.path["id"]), call.language)


async def post_decide(call: Call) -> ReviewView:
    """Decide: one person, or two. Deciding the same again changes nothing, but tries a merge that was refused."""
    ask = call.decode(DecideAsk)
    services, pair = call.services, pair_of(call.path["id"])
    await decide_review(services.database, call.principal, pair, ask, call.now, services.merge_pair)
    async with services.database.reading() as connection:
        return await match_review(connection, pair, call.language)


_TAG = "Members"
_ABSENT = (UnknownReview,)

OPERATIONS = (
    Operation(
        method="GET", path="/v1/match_reviews", summary="Pairs of members that may be one person",
        handler=get_reviews, tag=_TAG, query=ReviewsQuery, answer=ReviewPage, roles=READERS,
    ),
    Operation(
        method="GET", path="/v1/match_reviews/{id}", summary="One such pair", handler=get_review, tag=_TAG,
        answer=ReviewView, roles=READERS, refusals=_ABSENT, absent=_ABSENT,
    ),
    Operation(
        method="POST", path="/v1/match_reviews/{id}/decide", summary="Decide whether both are one person",
        handler=post_decide, tag=_TAG, request=DecideAsk, answer=ReviewView, roles=SERVER,
        refusals=(*_ABSENT, ReviewDecided, MemberWithdrawn), absent=_ABSENT,
    ),
)  # fmt: skip
