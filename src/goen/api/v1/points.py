"""Points over HTTP beside sales: holds, adjustments by hand, transfers."""

from __future__ import annotations

from goen.actions.points.answers import HoldAnswer, MovementAnswer, TransferAnswer
from goen.actions.points.by_hand import Adjust, AdjustmentAsk, Transfer, TransferAsk
from goen.actions.points.context import idempotent
from goen.actions.points.errors import ProofRequired, UnknownHold
from goen.actions.points.holds import CaptureAsk, CaptureHold, HoldAsk, PlaceHold, ReleaseHold
from goen.actions.points.holiday import ExtensionAnswer, ExtensionAsk, extend_lots, undo_extension
from goen.actions.till.errors import Conflict
from goen.api.call import Call, Reply
from goen.api.operations import SERVER, WRITERS, Operation
from goen.api.v1.presenting import named, proven
from goen.api.v1.purchases import MEMBER_REFUSALS, posted, told
from goen.ledger.errors import HoldState, NotEnoughPoints, SpendingBlocked
from goen.shops.errors import UnknownShop
from goen.vocabulary.refusal import NotFound


async def _hold(call: Call) -> Reply:
    ask = call.decode(HoldAsk)
    assert call.idempotency_key is not None
    shop = call.services.shops.by_code(ask.shop)
    call.principal.guard_shop(shop.shop_id)
    who = await named(call, ask.member)
    act = PlaceHold(
        ask,
        shop,
        who.presented,
        call.idempotency_key,
        call.principal,
        call.services.context,
        call.now,
        proven=await proven(call, ask.proof, who),
    )
    act.only_repeats = who.spent or act.only_repeats
    return await posted(call, act)


async def _capture(call: Call) -> Reply:
    ask = call.decode(CaptureAsk)
    assert call.idempotency_key is not None
    return await posted(
        call,
        CaptureHold(call.path["id"], ask.points, call.idempotency_key, call.principal, call.services.context, call.now),
    )


async def _release(call: Call) -> Reply:
    assert call.idempotency_key is not None
    return await posted(
        call,
        ReleaseHold(call.path["id"], None, call.idempotency_key, call.principal, call.services.context, call.now),
    )


async def _adjust(call: Call) -> Reply:
    ask = call.decode(AdjustmentAsk)
    assert call.idempotency_key is not None
    who = await named(call, ask.member)
    key = idempotent(call.principal.integration, call.idempotency_key, call.services.context, call.now)
    return await posted(call, Adjust(ask, who.presented, key, call.principal, call.services.context, call.now))


async def _transfer(call: Call) -> Reply:
    ask = call.decode(TransferAsk)
    assert call.idempotency_key is not None
    sender = await named(call, ask.sender, "from")
    receiver = await named(call, ask.receiver, "to")
    return await posted(
        call,
        Transfer(
            ask,
            sender.presented,
            receiver.presented,
            call.idempotency_key,
            call.principal,
            call.services.context,
            call.now,
        ),
    )


async def _extend(call: Call) -> Reply:
    ask = call.decode(ExtensionAsk)
    assert call.idempotency_key is not None
    services = call.services
    return told(
        await extend_lots(
            services.database, services.till, services.context, ask, call.idempotency_key, call.principal, call.now
        )
    )


async def _undo_extension(call: Call) -> Reply:
    services = call.services
    return told(await undo_extension(services.database, services.till, services.context, call.path["id"], call.now))


_ENDS = (UnknownHold, HoldState, Conflict)

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="POST",
        path="/v1/holds",
        summary="Set points aside for a checkout",
        request=HoldAsk,
        answer=HoldAnswer,
        status=201,
        roles=WRITERS,
        key="idempotency",
        posting=True,
        handler=_hold,
        refusals=(UnknownShop, *MEMBER_REFUSALS, SpendingBlocked, NotEnoughPoints, ProofRequired, Conflict),
        tag="Points",
    ),
    Operation(
        method="POST",
        path="/v1/holds/{id}/capture",
        summary="Spend held points, or some of them; the rest is freed",
        request=CaptureAsk,
        answer=HoldAnswer,
        roles=WRITERS,
        key="idempotency",
        posting=True,
        handler=_capture,
        refusals=_ENDS,
        absent=(UnknownHold,),
        tag="Points",
    ),
    Operation(
        method="POST",
        path="/v1/holds/{id}/release",
        summary="Free held points",
        answer=HoldAnswer,
        roles=WRITERS,
        key="idempotency",
        posting=True,
        handler=_release,
        refusals=_ENDS,
        absent=(UnknownHold,),
        tag="Points",
    ),
    Operation(
        method="POST",
        path="/v1/adjustments",
        summary="Give or take points by hand, with a reason",
        request=AdjustmentAsk,
        answer=MovementAnswer,
        status=201,
        roles=SERVER,
        key="idempotency",
        posting=True,
        handler=_adjust,
        refusals=(*MEMBER_REFUSALS, SpendingBlocked, NotEnoughPoints, Conflict),
        tag="Points",
    ),
    Operation(
        method="POST",
        path="/v1/transfers",
        summary="Move points from one member to another, dates kept",
        request=TransferAsk,
        answer=TransferAnswer,
        status=201,
        roles=SERVER,
        key="idempotency",
        posting=True,
        handler=_transfer,
        refusals=(*MEMBER_REFUSALS, SpendingBlocked, NotEnoughPoints, Conflict),
        tag="Points",
    ),
    Operation(
        method="POST",
        path="/v1/lot_extensions",
        summary="Extend all lots whose last day lies in a range, or grant expired ones again (a programme holiday)",
        request=ExtensionAsk,
        answer=ExtensionAnswer,
        status=201,
        roles=SERVER,
        key="idempotency",
        handler=_extend,
        refusals=(Conflict,),
        tag="Points",
    ),
    Operation(
        method="POST",
        path="/v1/lot_extensions/{id}/undo",
        summary="Give the lots of an extension their former dates again",
        answer=ExtensionAnswer,
        roles=SERVER,
        key="idempotency",
        handler=_undo_extension,
        refusals=(NotFound,),
        absent=(NotFound,),
        tag="Points",
    ),
)
