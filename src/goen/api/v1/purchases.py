"""Sales over HTTP: recorded one by one or by the thousand, and what happens to an order afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from goen.actions.points.answers import PurchaseAnswer
from goen.actions.points.cancel import CancelPurchase, RevivePurchase
from goen.actions.points.claims import ClaimAsk, ClaimPurchase
from goen.actions.points.errors import (
    ClaimNotPossible,
    CouponNotUsable,
    HiddenSaleClosed,
    ProofRequired,
    PurchaseStatus,
    UnknownHold,
    UnknownPurchase,
)
from goen.actions.points.orders import (
    CancelAsk,
    ChangeLines,
    CompleteAsk,
    CompletePurchase,
    LinesAsk,
    OrderAct,
    ReviveAsk,
)
from goen.actions.points.record_purchase import NO_SKEW, RecordPurchase
from goen.actions.till.act import Act, Answer
from goen.actions.till.errors import Conflict
from goen.api.call import Call, Handler, Reply
from goen.api.decoding import decoded
from goen.api.errors import problem, status_of
from goen.api.operations import BATCH_MAX, WRITERS, Operation
from goen.api.v1.presenting import Then, named, named_in, proven
from goen.earning.errors import ReturnExceedsPurchase, UseLimit
from goen.ledger.errors import HoldState, NotEnoughPoints, SpendingBlocked
from goen.members.errors import AmbiguousMember, MemberWithdrawn, UnknownMember
from goen.purchases.model import Purchase
from goen.shops.errors import UnknownShop
from goen.vocabulary.refusal import InvalidRequest, Refusal

REPLAYED = ((b"idempotent-replayed", b"true"),)
MEMBER_REFUSALS = (UnknownMember, AmbiguousMember, MemberWithdrawn, UnknownShop)
SPENDING_REFUSALS = (SpendingBlocked, NotEnoughPoints, UseLimit, ProofRequired, UnknownHold, HoldState)

#: A device clock is corrected from this on; below it is the way of the request.
SKEW_MIN = timedelta(seconds=60)


async def posted(call: Call, act: Act) -> Reply:
    """Post an act and answer with its bytes, marked where they are those of the first time."""
    return told(await call.services.till.post(act))


def told(answer: Answer) -> Reply:
    """A till's answer, marked where it is that of the first time."""
    return Reply(answer.status, answer.body, REPLAYED if answer.replayed else ())


async def record_act(call: Call, ask: Purchase, skew: timedelta = NO_SKEW) -> RecordPurchase:
    """The act of recording this purchase, its shop and member read."""
    services = call.services
    shop = services.shops.by_code(ask.shop)
    call.principal.guard_shop(shop.shop_id)
    who = await named_in(call, ask, then=_then(call, ask, skew))
    presented = None if who is None else who.presented
    act = RecordPurchase(
        ask,
        shop,
        presented,
        call.principal,
        services.context,
        proven=await proven(call, ask.proof, who),
        now=call.now,
        skew=skew,
        unfit=None if who is None else who.unfit,
    )
    if who is not None and who.spent is not None:
        act.only_repeats = who.spent
    return act


def _then(call: Call, ask: Purchase, skew: timedelta) -> Then | None:
    """When the till was shown its member, for rotating codes; None where its clock cannot be right."""
    try:
        return Then(call.services.context.moment(ask.occurred_at, call.now, skew) + skew, ask.offline)
    except InvalidRequest:
        return None


class BatchAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sales of an offline till or an import, in order. ``sent_at`` is the device's clock when it sent them."""

    items: Annotated[tuple[msgspec.Raw, ...], Meta(max_length=1000)]
    sent_at: datetime | None = None


class BatchBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``items`` holds, for the documents: purchases as ``POST /v1/purchases`` takes them."""

    items: Annotated[tuple[Purchase, ...], Meta(max_length=1000)]
    sent_at: datetime | None = None


class BatchItem(msgspec.Struct, frozen=True):
    """One item's outcome: the status and body that it would have got by itself."""

    status: int
    body: msgspec.Raw


class BatchAnswer(msgspec.Struct, frozen=True):
    """Outcomes in the order of the items."""

    items: tuple[BatchItem, ...]


async def _record(call: Call) -> Reply:
    return await posted(call, await record_act(call, call.decode(Purchase)))


async def _record_batch(call: Call) -> BatchAnswer:
    ask = call.decode(BatchAsk)
    skew = NO_SKEW
    if ask.sent_at is not None:
        skew = call.now - call.services.context.moment(
            ask.sent_at, datetime.max.replace(tzinfo=call.now.tzinfo, year=9000)
        )
        skew = skew if abs(skew) >= SKEW_MIN else NO_SKEW
    # Acts are made one after the other and queue in that order; the till keeps it.
    outcomes: list[asyncio.Task[Answer] | Refusal] = []
    for item in ask.items:
        try:
            sale = decoded(bytes(item), Purchase)
            act = await record_act(call, sale, _skew_of(sale, ask.sent_at, skew, call.now))
        except Refusal as refusal:
            outcomes.append(refusal)
        else:
            outcomes.append(asyncio.create_task(call.services.till.post(act)))
    return BatchAnswer(tuple([await _outcome(call, outcome) for outcome in outcomes]))


def _skew_of(sale: Purchase, sent_at: datetime | None, skew: timedelta, now: datetime) -> timedelta:
    """How far the device's clock was behind when it made this sale. None is made after it was sent: its clock was put
    back in between, and the sale is dated now."""
    made_at = sale.occurred_at
    if sent_at is None or made_at.tzinfo is None or sent_at.tzinfo is None or made_at <= sent_at:
        return skew
    return now - made_at


async def _outcome(call: Call, outcome: asyncio.Task[Answer] | Refusal) -> BatchItem:
    if not isinstance(outcome, Refusal):
        try:
            answer = await outcome
            return BatchItem(answer.status, msgspec.Raw(answer.body))
        except Refusal as refusal:
            outcome = refusal
    reply = problem(outcome, status_of(outcome, "POST"), call.request_id, call.problems_in)
    return BatchItem(reply.status, msgspec.Raw(reply.body))


def _order(act: type[OrderAct], body: Any) -> Handler:
    async def handle(call: Call) -> Reply:
        assert call.idempotency_key is not None
        return await posted(
            call,
            act(
                call.path["id"], call.decode(body), call.idempotency_key, call.principal, call.services.context,
                call.now,
            ),
        )  # fmt: skip

    return handle


async def _claim(call: Call) -> Reply:
    assert call.idempotency_key is not None
    who = await named(call, call.decode(ClaimAsk).member)
    act = ClaimPurchase(
        call.path["id"], who.presented, call.idempotency_key, call.principal, call.services.context, call.now
    )
    act.only_repeats = who.spent
    return await posted(call, act)


def _on_order(
    path: str, summary: str, handler: Callable[..., Any], request: Any, *refusals: type[Refusal]
) -> Operation:
    return Operation(
        method="PUT" if path == "lines" else "POST",
        path=f"/v1/purchases/{{id}}/{path}",
        summary=summary,
        request=request,
        answer=PurchaseAnswer,
        roles=WRITERS,
        key="idempotency",
        posting=True,
        handler=handler,
        refusals=(UnknownPurchase, PurchaseStatus, Conflict, *refusals),
        absent=(UnknownPurchase,),
    )


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="POST",
        path="/v1/purchases",
        summary="Record a sale or a web order, once",
        request=Purchase,
        answer=PurchaseAnswer,
        status=201,
        roles=WRITERS,
        key="document",
        posting=True,
        handler=_record,
        refusals=(UnknownShop, *MEMBER_REFUSALS, *SPENDING_REFUSALS, CouponNotUsable, HiddenSaleClosed, Conflict),
    ),
    Operation(
        method="POST",
        path="/v1/purchases/batch",
        summary="Record up to 1,000 sales in order, each for itself",
        request=BatchBody,
        answer=BatchAnswer,
        roles=WRITERS,
        posting=True,
        body_max=BATCH_MAX,
        handler=_record_batch,
    ),
    _on_order(
        "complete",
        "An order was paid and shipped, whole or some lines",
        _order(CompletePurchase, CompleteAsk),
        CompleteAsk,
        ReturnExceedsPurchase,
    ),
    _on_order(
        "lines",
        "Change an order before completion, under the rules of its time",
        _order(ChangeLines, LinesAsk),
        LinesAsk,
        HiddenSaleClosed,
        NotEnoughPoints,
        SpendingBlocked,
        UseLimit,
        ProofRequired,
    ),
    _on_order("cancel", "Cancel a sale: everything goes back", _order(CancelPurchase, CancelAsk), CancelAsk),
    _on_order(
        "revive",
        "Revive a cancelled sale: points are taken again first",
        _order(RevivePurchase, ReviveAsk),
        ReviveAsk,
        NotEnoughPoints,
        SpendingBlocked,
        ProofRequired,
    ),
    _on_order(
        "claim",
        "Attach a receipt to a member afterwards, once",
        _claim,
        ClaimAsk,
        ClaimNotPossible,
        *MEMBER_REFUSALS,
    ),
)
