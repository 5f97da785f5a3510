"""Returns over HTTP: of a known sale, by its receipt, or of goods whose sale nobody knows (rule 24)."""

from __future__ import annotations

from goen.actions.points.answers import ReturnAnswer
from goen.actions.points.errors import PurchaseStatus, UnknownPurchase
from goen.actions.points.returns import AnyReturnAsk, PurchaseRef, ReturnAsk, ReturnGoods
from goen.actions.till.errors import Conflict
from goen.api.call import Call, Reply
from goen.api.operations import WRITERS, Operation
from goen.api.v1.presenting import named
from goen.api.v1.purchases import MEMBER_REFUSALS, posted
from goen.earning.errors import ReturnExceedsPurchase
from goen.ledger.errors import ShortageRefused
from goen.readings.receipts import shop_of_purchase
from goen.shops.errors import UnknownShop
from goen.shops.model import Shop
from goen.vocabulary.refusal import InvalidRequest


async def _return_of(call: Call) -> Reply:
    ask = call.decode(ReturnAsk)
    whole = AnyReturnAsk(
        **{name: getattr(ask, name) for name in ask.__struct_fields__}, purchase=PurchaseRef(id=call.path["id"])
    )
    return await _posted(call, whole)


async def _return(call: Call) -> Reply:
    return await _posted(call, call.decode(AnyReturnAsk))


async def _posted(call: Call, ask: AnyReturnAsk) -> Reply:
    sold_at = await _sold_at(call, ask)
    shop = call.services.shops.by_code(ask.shop) if ask.shop else sold_at or _own_shop(call)
    call.principal.guard_shop(shop.shop_id)
    if ask.purchase is not None and ask.member is not None:
        raise InvalidRequest("member", "belongs to a return without its sale; the sale says whose it is")
    who = None if ask.member is None else await named(call, ask.member)
    act = ReturnGoods(
        ask,
        shop,
        call.principal,
        call.services.context,
        call.now,
        sold_at=sold_at,
        presented=None if who is None else who.presented,
    )
    act.only_repeats = None if who is None else who.spent
    return await posted(call, act)


async def _sold_at(call: Call, ask: AnyReturnAsk) -> Shop | None:
    """The shop of the sale, which is part of the return's key where the caller names none."""
    ref = ask.purchase
    if ref is None:
        return None
    if ref.id is not None:
        if ref.shop is not None or ref.external_id is not None:
            raise InvalidRequest("purchase", "is named by id, or by shop and external_id, not by both")
        async with call.services.database.reading() as connection:
            shop_id = await shop_of_purchase(connection, ref.id)
        if shop_id is None:
            raise UnknownPurchase
        return call.services.shops.by_id(shop_id)
    if ref.external_id is None:
        raise InvalidRequest("purchase.external_id", "is required where the sale has no id")
    return call.services.shops.by_code(ref.shop) if ref.shop else _own_shop(call)


def _own_shop(call: Call) -> Shop:
    if call.principal.shop is None:
        raise InvalidRequest("shop", "is required")
    return call.services.shops.by_code(call.principal.shop)


_REFUSALS = (UnknownShop, UnknownPurchase, PurchaseStatus, ReturnExceedsPurchase, ShortageRefused, Conflict)

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="POST",
        path="/v1/purchases/{id}/returns",
        summary="Take goods of a sale back",
        request=ReturnAsk,
        answer=ReturnAnswer,
        status=201,
        roles=WRITERS,
        key="document",
        posting=True,
        handler=_return_of,
        refusals=_REFUSALS,
        absent=(UnknownPurchase,),
    ),
    Operation(
        method="POST",
        path="/v1/returns",
        summary="Take goods back by receipt, or without their sale",
        request=AnyReturnAsk,
        answer=ReturnAnswer,
        status=201,
        roles=WRITERS,
        key="document",
        posting=True,
        handler=_return,
        refusals=(*_REFUSALS, *MEMBER_REFUSALS),
    ),
)
