"""Sales and holds as they stand now, with everything they did. Nothing here writes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta

from goen.actions.points import answers
from goen.actions.points.answers import HoldAnswer, MemberBrief, PurchaseAnswer, PurchasePoints, Refund
from goen.actions.points.errors import UnknownHold, UnknownPurchase
from goen.actions.points.progress import NONE, Progress
from goen.actions.points.record_purchase import receipt_key
from goen.actions.points.returns import AnyReturnAsk, ReturnedLine
from goen.api.call import Call
from goen.api.decoding import decoded_query
from goen.api.operations import Operation
from goen.earning import words
from goen.earning.decision import Decision
from goen.ledger.model import ENDING_DAYS
from goen.members.errors import UnknownMember
from goen.members.ids import member_id_of, public_id
from goen.purchases.model import Line, OrderDiscount, Purchase, Tender
from goen.readings import purchases
from goen.readings.balance import Standing
from goen.readings.family import holders
from goen.readings.purchases import PurchaseFacts, ReturnFacts, Span
from goen.shops.errors import UnknownShop
from goen.vocabulary.fields import Text
from goen.vocabulary.refusal import InvalidRequest

_decision = msgspec.json.Decoder(Decision).decode
_progress = msgspec.json.Decoder(Progress).decode
_document = msgspec.json.Decoder(Purchase).decode
_return = msgspec.json.Decoder(AnyReturnAsk).decode
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


class ReturnedPoints(msgspec.Struct, frozen=True):
    """What a return moved; all numbers positive."""

    earned_reversed: int
    pending_reversed: int
    used_restored: int
    expired_lost: int
    shortage: int


class ReturnView(msgspec.Struct, frozen=True):
    """A document of returned goods."""

    id: str
    shop: str
    external_id: str
    occurred_at: datetime
    recorded_at: datetime
    booked_on: date
    lines: Sequence[ReturnedLine]
    refund: Refund
    points: ReturnedPoints


class PurchaseView(PurchaseAnswer, frozen=True, kw_only=True):
    """A sale as it stands: the answer to it as of now, its document, and what was done to it since.

    ``points.earned``, ``points.pending`` and ``points.used`` are net of returns and cancels, which the last line
    of ``breakdown`` tells. ``claimed_at``: when a guest's receipt was attached to the member.
    """

    occurred_at: datetime
    business_date: date
    terminal: str | None
    staff: str | None
    lines: Sequence[Line]
    discounts: Sequence[OrderDiscount]
    postage: int
    tenders: Sequence[Tender]
    returns: Sequence[ReturnView]
    claimed_at: datetime | None


class PurchaseViews(msgspec.Struct, frozen=True):
    """Sales, newest first."""

    items: Sequence[PurchaseView]
    next_cursor: str | None


class PurchasesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"since": "from", "until": "to"}):
    """One sale by ``shop`` and ``external_id``, or those of a ``member``, from and to a day of business or an
    instant, both included."""

    shop: Text | None = None
    external_id: Text | None = None
    member: Text | None = None
    since: Text | None = None
    until: Text | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, Meta(max_length=4000)] | None = None


async def get_purchase(call: Call) -> PurchaseView:
    """One sale by its id."""
    async with call.services.database.reading() as connection:
        found = await purchases.purchase(connection, call.path["id"])
    return await _shown(call, found)


async def get_purchases(call: Call) -> PurchaseView | PurchaseViews:
    """By receipt that one sale, by member a list."""
    query = call.decode_query(PurchasesQuery)
    if query.member is not None and query.shop is None and query.external_id is None:
        return await _of_member(call, query.member, query)
    if query.shop is None or query.external_id is None or query.member is not None:
        raise InvalidRequest("member", "give either member, or shop and external_id")
    key = receipt_key(call.services.shops.by_code(query.shop).shop_id, query.external_id)
    async with call.services.database.reading() as connection:
        found = await purchases.by_receipt(connection, key.key_hash, key.key_check)
    return await _shown(call, found)


async def get_hold(call: Call) -> HoldAnswer:
    """A hold as it stands; past its time it is expired, and its points are free."""
    async with call.services.database.reading() as connection:
        hold = await purchases.hold(connection, call.path["id"], call.now)
    if hold is None:
        raise UnknownHold
    return HoldAnswer(
        hold.hold_id,
        hold.status,
        call.services.shops.by_id(hold.shop_id).code,
        hold.reference,
        hold.points,
        hold.captured,
        hold.expires_at,
        MemberBrief(public_id(hold.holder), hold.number, hold.tier),
        _balance(await call.services.balances.standing(hold.holder)),
    )


async def _of_member(call: Call, member: str, query: PurchasesQuery) -> PurchaseViews:
    first_day, first_at = _bound(query.since, "from")
    last_day, last_at = _bound(query.until, "to")
    async with call.services.database.reading() as connection:
        one = await holders(connection, member_id_of(member))
        span = Span(first_day, last_day, first_at, last_at)
        found, next_cursor = await purchases.of_member(connection, one, span, query.limit, query.cursor)
    standing = await call.services.balances.standing(one.root)
    return PurchaseViews([purchase_view(call, each, standing) for each in found], next_cursor)


def _bound(value: str | None, field: str) -> tuple[date | None, datetime | None]:
    """A day, or an instant. An unescaped + arrives as a blank."""
    if value is None:
        return None, None
    if _DATE.fullmatch(value):
        return decoded_query({field: value}, dict[str, date])[field], None
    moment: datetime = decoded_query({field: value.replace(" ", "+")}, dict[str, datetime])[field]
    return None, with_offset(moment, field)


def with_offset(moment: datetime, field: str) -> datetime:
    """The instant itself.

    Raises:
        InvalidRequest: it has no offset and so is none.
    """
    if moment.tzinfo is None:
        raise InvalidRequest(field, "needs an offset, such as +09:00")
    return moment


async def _shown(call: Call, found: PurchaseFacts | None) -> PurchaseView:
    if found is None:
        raise UnknownPurchase
    holder = found.row.holder
    return purchase_view(call, found, None if holder is None else await call.services.balances.standing(holder))


def purchase_view(call: Call, found: PurchaseFacts, standing: Standing | None) -> PurchaseView:
    """A sale as kept becomes a sale as shown, in the caller's language."""
    context, language, row = call.services.context, call.language, found.row
    decision, currency = _decision(row.decision), context.currency
    progress = NONE if row.progress is None else _progress(row.progress)
    document = progress.revision or _document(row.document)
    earned, pending = progress.confirmed, progress.pending
    used = 0 if row.status == "cancelled" else decision.used - progress.returned.used
    after = None if standing is None else _balance(standing)
    names = answers.names_of(context, decision, language)
    base = context.programmes.version(decision.version).programme.earning.base
    breakdown = answers.breakdown(decision.awards, language, currency, names)
    if taken := earned + pending - sum(line.points for line in breakdown):
        rule = "cancelled" if row.status == "cancelled" else "returned"
        breakdown.append(answers.BreakdownLine(rule, decision.version, taken, _TAKEN[rule][language == "en"]))
    return PurchaseView(
        id=row.purchase_id,
        shop=context.shops.by_id(row.shop_id).code,
        external_id=row.external_id,
        status=row.status,
        recorded_at=row.recorded_at,
        booked_on=row.booked_on,
        currency=currency,
        member=None
        if row.holder is None or row.number is None
        else MemberBrief(public_id(row.holder), row.number, row.tier),
        total=row.total,
        payable=row.payable,
        points=PurchasePoints(
            used=used,
            earned=earned,
            pending=pending,
            confirms_on=row.confirms_on,
            breakdown=breakdown,
            not_applied=answers.not_applied(decision.not_applied, language, currency, names, base),
        ),
        coupons=answers.coupons_answer(decision, [code for _, code in progress.issued], language),
        balance=after,
        receipt=words.receipt_lines(
            earned,
            pending,
            used,
            after.available if after else None,
            language,
            None if standing is None else standing.ending(_soon(call)),
        ),
        warnings=answers.notices(decision.warnings, language, currency),
        occurred_at=row.occurred_at,
        business_date=row.business_date,
        terminal=document.terminal,
        staff=document.staff,
        lines=document.lines,
        discounts=document.discounts,
        postage=document.postage,
        tenders=() if document.tenders is UNSET else document.tenders,
        returns=[_returned(call, each) for each in found.returns],
        claimed_at=row.claimed_at,
    )


def _soon(call: Call) -> date:
    return call.services.context.day_of(call.services.clock.now()) + timedelta(days=ENDING_DAYS)


_TAKEN = {
    "returned": ("返品による取り消し", "Taken back by returns"),
    "cancelled": ("キャンセルによる取り消し", "Taken back by the cancel"),
}


def _returned(call: Call, found: ReturnFacts) -> ReturnView:
    return ReturnView(
        found.return_id,
        call.services.shops.by_id(found.shop_id).code,
        found.external_id,
        found.occurred_at,
        found.recorded_at,
        found.booked_on,
        _return(found.document).lines,
        Refund(found.refund),
        ReturnedPoints(
            found.earned_reversed, found.pending_reversed, found.used_restored, found.expired_lost, found.shortage
        ),
    )


def _balance(standing: Standing) -> answers.Balance:
    return answers.Balance(standing.available, standing.pending, standing.held)


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="GET", path="/v1/purchases/{id}", summary="A sale and everything it did", handler=get_purchase,
        answer=PurchaseView, refusals=(UnknownPurchase,), absent=(UnknownPurchase,),
    ),
    Operation(
        method="GET", path="/v1/purchases", summary="A sale by its receipt, or a member's sales",
        handler=get_purchases, query=PurchasesQuery, answer=PurchaseView | PurchaseViews,
        refusals=(UnknownPurchase, UnknownShop, UnknownMember), absent=(UnknownPurchase, UnknownShop, UnknownMember),
    ),
    Operation(
        method="GET", path="/v1/holds/{id}", summary="A hold as it stands", handler=get_hold, answer=HoldAnswer,
        refusals=(UnknownHold,), absent=(UnknownHold,),
    ),
)  # fmt: skip
