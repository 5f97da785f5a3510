"""Sales over HTTP: record, quote, look up, and what happens to an order afterwards."""

from __future__ import annotations

from goen.actions.points.answers import PurchaseAnswer
from goen.actions.points.errors import CouponNotUsable, ProofRequired, UnknownHold
from goen.actions.points.record_purchase import RecordPurchase
from goen.actions.till.act import Act, Answer
from goen.actions.till.errors import Conflict
from goen.api.call import Call, Reply
from goen.api.operations import WRITERS, Operation
from goen.api.v1.presenting import named, proven
from goen.earning.errors import UseLimit
from goen.ledger.errors import HoldState, NotEnoughPoints, SpendingBlocked
from goen.members.errors import AmbiguousMember, MemberWithdrawn, UnknownMember
from goen.purchases.model import Purchase
from goen.shops.errors import UnknownShop

REPLAYED = ((b"idempotent-replayed", b"true"),)
MEMBER_REFUSALS = (UnknownMember, AmbiguousMember, MemberWithdrawn)
SPENDING_REFUSALS = (SpendingBlocked, NotEnoughPoints, UseLimit, ProofRequired, UnknownHold, HoldState)


async def posted(call: Call, act: Act) -> Reply:
    """Post an act and answer with its bytes, marked where they are those of the first time."""
    answer: Answer = await call.services.till.post(act)
    return Reply(answer.status, answer.body, REPLAYED if answer.replayed else ())


async def record_act(call: Call, ask: Purchase) -> RecordPurchase:
    """The act of recording this purchase, its shop and member read."""
    services = call.services
    shop = services.shops.by_code(ask.shop)
    call.principal.guard_shop(shop.shop_id)
    who = None if ask.member is None else await named(call, ask.member)
    act = RecordPurchase(
        ask,
        shop,
        None if who is None else who.presented,
        call.principal,
        services.context,
        proven=ask.proof is not None and await proven(call, ask.proof, None if who is None else who.presented),
        now=call.now,
    )
    act.only_repeats = None if who is None else who.spent
    return act


async def _record(call: Call) -> Reply:
    return await posted(call, await record_act(call, call.decode(Purchase)))


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
        refusals=(UnknownShop, *MEMBER_REFUSALS, *SPENDING_REFUSALS, CouponNotUsable, Conflict),
    ),
)
