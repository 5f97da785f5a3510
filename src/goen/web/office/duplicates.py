"""Duplicates: two members side by side, what agrees and what does not, and what becomes of them."""

from __future__ import annotations

import secrets
from typing import Any, NamedTuple

import msgspec
from litestar import Response

from goen.actions.members.duplicates import DecideAsk, decide_review, reopen_review
from goen.actions.merging.answers import MergePreview, UndoAnswer
from goen.actions.merging.errors import MergeUndone, UnknownMerge
from goen.actions.merging.merge import MergeAsk, MergeMembers
from goen.actions.merging.preview import preview
from goen.actions.merging.undo import UndoAsk, UndoMerge
from goen.actions.till.books import by_number
from goen.identity.reviews.errors import UnknownReview
from goen.identity.reviews.model import ReviewState, pair_of
from goen.members.ids import member_id_of
from goen.members.model import MemberView
from goen.purchases.model import MemberRef
from goen.readings import purchases
from goen.readings.balance import BalanceView
from goen.readings.family import holders
from goen.readings.match_reviews import ReviewView, match_review, match_reviews, reviews_waiting
from goen.readings.member_profile import member_profiles
from goen.readings.merges import merge as merge_facts
from goen.shops.model import Principal
from goen.vocabulary.refusal import InvalidRequest, Refusal
from goen.web.common.visits import Visit, moved
from goen.web.office.frame import shown

PAGE = 20
STATES: tuple[ReviewState, ...] = ("open", "same", "not_same")
#: The rows of the comparison, and the fields of the evidence that speak about each.
ROWS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("name", ("family", "given")),
    ("birth_date", ("birth",)),
    ("gender", ("sex",)),
    ("phone", ("phone",)),
    ("email", ("email",)),
    ("address", ("address", "city")),
)


class Side(NamedTuple):
    """One of the two: who, with which points, and what was bought last."""

    member: MemberView
    balance: BalanceView
    last: purchases.PurchaseRow | None


async def queue(visit: Visit) -> Response[Any]:
    """Pairs that wait, the likeliest first; or those decided, the latest first."""
    asked = visit.query.get("state")
    state: ReviewState = next((each for each in STATES if each == asked), "open")
    async with visit.known.database.reading() as connection:
        page = await match_reviews(connection, state, PAGE, visit.query.get("cursor"), visit.language)
        waiting = await reviews_waiting(connection)
        done = pair_of(visit.query.get("done", ""))
        try:
            decided = None if done is None else await match_review(connection, done, visit.language)
        except UnknownReview:
            decided = None
    visit.saw({each.id for item in page.items for each in item.members})
    return shown(
        visit, "duplicates.html", "duplicates", state=state, page=page, waiting=waiting, decided=decided,
        may_decide=visit.staff.may("duplicates.decide"),
    )  # fmt: skip


async def pair(visit: Visit) -> Response[Any]:
    """One pair: both side by side, with the evidence beside each field."""
    review, sides = await _pair(visit)
    weights = {each.field: each for each in review.evidence}
    rows = [(name, [weights[field] for field in fields if field in weights]) for name, fields in ROWS]
    return shown(
        visit, "duplicate.html", "duplicates", review=review, sides=sides, rows=rows,
        may_decide=visit.staff.may("duplicates.decide"),
        merge=None if len({each.member.id for each in sides}) == 2 else sides[0].member,
    )  # fmt: skip


async def sure(visit: Visit) -> Response[Any]:
    """What merging the two would do, in numbers, before it is done."""
    review, sides = await _pair(visit)
    told: MergePreview | None = None
    refusal: Refusal | None = None
    try:
        told = await _preview(visit, sides)
    except Refusal as error:
        refusal = error
    return shown(
        visit, "merge_sure.html", "duplicates", review=review, sides=sides, told=told, refusal=refusal,
        same=len({each.member.id for each in sides}) == 1,
    )  # fmt: skip


async def decide(visit: Visit) -> Response[Any]:
    """One person (they are merged), two persons, or a question once more."""
    known, which, wanted = visit.known, pair_of(visit.path["review_id"]), visit.form.get("same")
    if wanted == "ask":
        await reopen_review(known.database, visit.staff.author, which, visit.now)
        return moved(f"/office/duplicates/{visit.path['review_id']}")
    if wanted not in ("yes", "no"):
        raise InvalidRequest("same", "is yes, no or ask")
    reason = visit.form.get("reason", "").strip()[:500] or None
    principal = Principal(0, visit.staff.author, "server")
    ask = DecideAsk(wanted == "yes", reason)
    await decide_review(known.database, principal, which, ask, visit.now, known.merge_pair)
    return moved(f"/office/duplicates?done={visit.path['review_id']}")


async def undo(visit: Visit) -> Response[Any]:
    """What taking a merge back would do, in numbers; and the button."""
    async with visit.known.database.reading() as connection:
        facts = await merge_facts(connection, visit.path["merge_id"])
        if facts is None:
            raise UnknownMerge
        members = await member_profiles(connection, [member_id_of(facts.survivor) or 0])
    visit.saw([each.id for each in members])
    told: UndoAnswer | None = None
    refusal: Refusal | None = None
    try:
        told = msgspec.json.decode(
            await preview(visit.known.database, _undo(visit, "look", None), visit.now), type=UndoAnswer
        )
    except Refusal as error:
        refusal = error
    return shown(
        visit, "undo_sure.html", "members", facts=facts, survivor=members[0], told=told, refusal=refusal,
        key=secrets.token_urlsafe(16),
    )  # fmt: skip


async def undo_now(visit: Visit) -> Response[Any]:
    """Take the merge back, once."""
    async with visit.known.database.reading() as connection:
        facts = await merge_facts(connection, visit.path["merge_id"])
    if facts is None:
        raise UnknownMerge
    reason = visit.form.get("reason", "").strip()[:500] or None
    key = visit.form.get("key", "")[:64]
    if not key:
        raise InvalidRequest("key", "is missing")
    try:
        await visit.known.till.post(_undo(visit, key, reason))
    except MergeUndone:
        pass  # Somebody else was quicker: it is what was wanted.
    return moved(f"/office/members/{facts.source}")


def _undo(visit: Visit, key: str, reason: str | None) -> UndoMerge:
    principal = Principal(0, visit.staff.author, "server")
    ask = UndoAsk(reason, visit.staff.author)
    return UndoMerge(visit.path["merge_id"], ask, f"undo:{key}", principal, visit.known.context, visit.now)


async def _pair(visit: Visit) -> tuple[ReviewView, list[Side]]:
    known = visit.known
    async with known.database.reading() as connection:
        review = await match_review(connection, pair_of(visit.path["review_id"]), visit.language)
        last = []
        for member in review.members:
            one = await holders(connection, member_id_of(member.id))
            found, _ = await purchases.of_member(connection, one, purchases.Span(), 1, None)
            last.append(found[0].row if found else None)
    visit.saw({each.id for each in review.members}, "read")
    balances = [await known.balances.of(member_id_of(each.id)) for each in review.members]
    return review, [Side(*each) for each in zip(review.members, balances, last, strict=True)]


async def _preview(visit: Visit, sides: list[Side]) -> MergePreview | None:
    """What merging the younger into the older would do; None where they are one already."""
    into, gone = sides[0].member.id, sides[1].member.id
    if into == gone:
        return None
    ask = MergeAsk(MemberRef("member_id", gone), "preview", preview=True)
    principal = Principal(0, visit.staff.author, "server")
    act = MergeMembers(
        ask, by_number(member_id_of(into) or 0), by_number(member_id_of(gone) or 0), "", principal,
        visit.known.context, visit.now,
    )  # fmt: skip
    return msgspec.json.decode(await preview(visit.known.database, act, visit.now), type=MergePreview)
