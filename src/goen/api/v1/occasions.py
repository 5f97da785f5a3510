"""What members do beside buying, over HTTP: check-ins, referrals, reviews, surveys."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from goen.actions import standing as actions
from goen.actions.points.referrals import Refer, ReferralAnswer, ReferralAsk
from goen.actions.points.reports import Report, ReportAnswer, ReportAsk
from goen.actions.points.visits import CheckIn, VisitAnswer, VisitAsk
from goen.api.call import Call, Reply
from goen.api.operations import WRITERS, Operation
from goen.api.queries import PageQuery
from goen.api.v1.presenting import named
from goen.api.v1.purchases import MEMBER_REFUSALS, posted
from goen.earning.coupons.codes import code_hash, normal, shown
from goen.earning.standing.errors import NotRewarded, ReferralNotPossible, VisitNotPossible
from goen.members.errors import UnknownMember
from goen.members.ids import member_id_of, public_id
from goen.readings import pages
from goen.readings.family import family
from goen.readings.referrals import code_of, referrals_by, referrer_of
from goen.shops.errors import UnknownShop
from goen.shops.model import Shop
from goen.vocabulary.fields import Text
from goen.vocabulary.refusal import InvalidRequest


class VisitCodeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code for check-ins in ``shop`` (a shop's own key need not say), good for so many seconds: a minute or so on a
    screen that asks for the next one, up to 31 days in print."""

    shop: Text | None = None
    expires_in: Annotated[int, Meta(ge=10, le=31 * 86_400)] = 120


class VisitCodeAnswer(msgspec.Struct, frozen=True):
    """A code that a shop shows, as text or as a QR code."""

    code: str
    shop: str
    expires_at: datetime


class ReferralCodeAnswer(msgspec.Struct, frozen=True):
    """The code by which a member refers friends; it stays the same."""

    member_id: str
    code: str


class ReferralView(msgspec.Struct, frozen=True):
    """A friend whom the member has referred, and what became of it: ``pending``, ``paid``, ``void`` (``reason``) or
    ``lapsed``."""

    id: str
    rule: str
    state: Literal["pending", "paid", "void", "lapsed"]
    reason: str | None
    entered_at: datetime
    until: date
    changed_at: datetime


class ReferralsAnswer(msgspec.Struct, frozen=True):
    """Friends whom a member has referred, newest first."""

    items: list[ReferralView]
    next_cursor: str | None


def shop_of(call: Call, asked: str | None) -> Shop | None:
    """The shop that is named, or the key's own; a shop's key names no other."""
    code = asked or call.principal.shop
    if code is None:
        return None
    shop = call.services.shops.by_code(code)
    call.principal.guard_shop(shop.shop_id)
    return shop


def _some_shop(call: Call, asked: str | None) -> Shop:
    shop = shop_of(call, asked)
    if shop is None:
        raise InvalidRequest("shop", "is required")
    return shop


async def _visit(call: Call) -> Reply:
    ask = call.decode(VisitAsk)
    assert call.idempotency_key is not None
    shop, who = _some_shop(call, ask.shop), await named(call, ask.member)
    act = CheckIn(
        ask, shop, who.presented, call.idempotency_key, call.principal, call.services.context, call.now
    )  # fmt: skip
    act.only_repeats = who.spent
    return await posted(call, act)


async def _visit_code(call: Call) -> Reply:
    ask = call.decode(VisitCodeRequest)
    shop = _some_shop(call, ask.shop)
    made = await actions.make_visit_code(
        call.services.database, shop, timedelta(seconds=ask.expires_in), call.principal.integration, call.now
    )
    return Reply.of(VisitCodeAnswer(made.code, shop.code, made.expires_at), 201)


async def _refer(call: Call) -> Reply:
    ask = call.decode(ReferralAsk)
    assert call.idempotency_key is not None
    who, code = await named(call, ask.member), normal(ask.code)
    async with call.services.database.reading() as connection:
        referrer_id = await referrer_of(connection, code_hash(code), code)
    if referrer_id is None:
        raise ReferralNotPossible("code_unknown", "Nobody has this code.")
    act = Refer(
        ask, who.presented, referrer_id, call.idempotency_key, call.principal, call.services.context, call.now
    )  # fmt: skip
    act.only_repeats = who.spent
    return await posted(call, act)


async def _report(call: Call, what: Literal["review", "survey"]) -> Reply:
    ask = call.decode(ReportAsk)
    assert call.idempotency_key is not None
    shop, who = shop_of(call, ask.shop), await named(call, ask.member)
    act = Report(
        what, ask, shop, who.presented, call.idempotency_key, call.principal, call.services.context, call.now
    )  # fmt: skip
    act.only_repeats = who.spent
    return await posted(call, act)


async def _review(call: Call) -> Reply:
    return await _report(call, "review")


async def _survey(call: Call) -> Reply:
    return await _report(call, "survey")


async def _referral_code(call: Call) -> ReferralCodeAnswer:
    async with call.services.database.reading() as connection:
        one = await family(connection, member_id_of(call.path["id"]))
        code = await code_of(connection, one.root)
    if code is None:
        code = await actions.make_referral_code(call.services.database, one.root, call.now)
    return ReferralCodeAnswer(public_id(one.root), shown(code))


async def _referrals(call: Call) -> ReferralsAnswer:
    asked = call.decode_query(PageQuery)
    before = None if asked.cursor is None else pages.read(asked.cursor, tuple[datetime, str])
    async with call.services.database.reading() as connection:
        one = await family(connection, member_id_of(call.path["id"]))
        rows = await referrals_by(connection, one.members, asked.limit + 1, before)
    last = rows[asked.limit - 1] if len(rows) > asked.limit else None
    cursor = None if last is None else pages.written((last["entered_at"], last["id"]))
    return ReferralsAnswer([ReferralView(**row) for row in rows[: asked.limit]], cursor)


def _operation(method: Any, path: str, summary: str, handler: Any, **more: Any) -> Operation:
    return Operation(method=method, path=path, summary=summary, handler=handler, tag="Standing rules", **more)


def _posting(path: str, summary: str, handler: Any, *refusals: Any, **more: Any) -> Operation:
    return _operation(
        "POST", path, summary, handler, status=201, roles=WRITERS, key="idempotency", posting=True,
        refusals=(UnknownShop, *MEMBER_REFUSALS, *refusals), **more,
    )  # fmt: skip


OPERATIONS: tuple[Operation, ...] = (
    _posting(
        "/v1/visits", "A member has come to the shop", _visit, VisitNotPossible, request=VisitAsk, answer=VisitAnswer
    ),
    _operation(
        "POST", "/v1/visit_codes", "A code that a shop shows for check-ins", _visit_code, request=VisitCodeRequest,
        answer=VisitCodeAnswer, status=201, roles=WRITERS, refusals=(UnknownShop,),
    ),
    _posting(
        "/v1/referrals", "A new member was referred by another", _refer, ReferralNotPossible, request=ReferralAsk,
        answer=ReferralAnswer,
    ),
    _posting(
        "/v1/reviews", "A member has written a review", _review, NotRewarded, request=ReportAsk, answer=ReportAnswer
    ),
    _posting(
        "/v1/survey_answers", "A member has answered a survey", _survey, NotRewarded, request=ReportAsk,
        answer=ReportAnswer,
    ),
    _operation(
        "GET", "/v1/members/{id}/referral_code", "The code by which a member refers friends", _referral_code,
        answer=ReferralCodeAnswer, roles=WRITERS, refusals=(UnknownMember,), absent=(UnknownMember,),
    ),
    _operation(
        "GET", "/v1/members/{id}/referrals", "Friends whom a member has referred, newest first", _referrals,
        query=PageQuery, answer=ReferralsAnswer, refusals=(UnknownMember,), absent=(UnknownMember,),
    ),
)  # fmt: skip
