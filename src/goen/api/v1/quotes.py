"""What a sale would do, before it happens."""

from __future__ import annotations

from goen.actions.points.errors import CouponNotUsable
from goen.actions.points.quote import Quote, QuoteAnswer, QuotePurchase
from goen.api.call import Call, Reply
from goen.api.operations import WRITERS, Operation
from goen.api.v1.presenting import named_in, proven
from goen.api.v1.purchases import MEMBER_REFUSALS, SPENDING_REFUSALS
from goen.shops.errors import UnknownShop


async def post_quote(call: Call) -> Reply:
    """The answer that the sale would get, refusals included. A web shop's token is not used up."""
    services = call.services
    ask = call.decode(Quote)
    shop = services.shops.by_code(ask.shop)
    call.principal.guard_shop(shop.shop_id)
    who = await named_in(call, ask, use_token=False)
    act = QuotePurchase(
        ask,
        shop,
        None if who is None else who.presented,
        call.principal,
        services.context,
        proven=await proven(call, ask.proof, who),
        now=call.now,
        unfit=None if who is None else who.unfit,
    )
    return Reply(200, await services.quotes.quote(act))


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="POST",
        path="/v1/quotes",
        summary="What a sale would earn and may use; nothing is written",
        handler=post_quote,
        request=Quote,
        answer=QuoteAnswer,
        roles=WRITERS,
        refusals=(UnknownShop, *MEMBER_REFUSALS, *SPENDING_REFUSALS, CouponNotUsable),
    ),
)
