"""Shops, products, stock and behaviour over HTTP."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

from goen.actions import products as actions
from goen.actions.members.names import guard_vouching, web_shop
from goen.actions.shops import PutShop, put_shop
from goen.api.call import Call, Reply
from goen.api.operations import SERVER, WRITERS, Operation
from goen.api.queries import PageQuery, page_of
from goen.identity.keys import NO_SHOP
from goen.identity.presented import presented
from goen.members.errors import AmbiguousMember, UnknownMember
from goen.members.ids import member_id_of
from goen.purchases.model import MemberRef
from goen.readings import shops as readings
from goen.readings.member_lookup import member_by
from goen.shops.errors import UnknownProduct, UnknownShop
from goen.shops.model import Product, Shop, ShopCode, ShopKind, Sku
from goen.vocabulary import ids
from goen.vocabulary.fields import Text

Moment = Annotated[datetime, Meta(tz=True)]
Kind = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,49}$")]


class ShopRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a shop shall be. ``linking_secret`` replaces the one that signs a web shop's member tokens;
    ``region`` is what campaigns call its part of the country, kept where it is left out."""

    name: Annotated[str, Meta(min_length=1, max_length=500)]
    kind: ShopKind = "store"
    linking_secret: Annotated[str, Meta(min_length=32, max_length=500)] | None = None
    closed: bool = False
    region: Annotated[str, Meta(min_length=1, max_length=100)] | None = None


class ShopAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """A shop. ``linking_secret`` is told once, when it was made for a new web shop."""

    code: str
    name: str
    kind: ShopKind
    closed_at: datetime | None = None
    linking_secret: str | None = None
    region: str | None = None


class ShopsAnswer(msgspec.Struct, frozen=True):
    """Shops, by code."""

    items: list[ShopAnswer]
    next_cursor: str | None = None


class ProductAnswer(Product, frozen=True, kw_only=True):
    """A product as it is kept."""

    sku: str


class StockRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a shop has of a product now, or at ``counted_at``; at most 3 decimal places."""

    quantity: Decimal
    counted_at: Moment | None = None


class StockAnswer(msgspec.Struct, frozen=True):
    """What a shop has of a product, as last counted."""

    shop: str
    sku: str
    quantity: Decimal
    counted_at: datetime


class EventRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that was done and is no sale: ``viewed``, ``cart_updated``, ``visited`` …

    Either ``member`` or ``visitor`` (the web shop's own mark of a browser) says who. No personal data in
    ``properties``.
    """

    kind: Kind
    occurred_at: Moment | None = None
    member: MemberRef | None = None
    visitor: Text | None = None
    shop: Text | None = None
    sku: Sku | None = None
    properties: Annotated[dict[Text, Text | int | float | bool | None], Meta(max_length=50)] = {}


class EventAnswer(msgspec.Struct, frozen=True):
    """The event's id."""

    id: str


def _told(shop: Shop, secret: str | None = None) -> ShopAnswer:
    return ShopAnswer(shop.code, shop.name, shop.kind, shop.closed_at, secret, shop.region)


async def _put_shop(call: Call) -> Reply:
    code = call.variable("code", ShopCode)
    ask = call.decode(ShopRequest)
    result = await put_shop(
        call.services.database,
        call.services.shops,
        PutShop(code, ask.name, ask.kind, ask.linking_secret, ask.closed, ask.region),
        author=call.principal.integration,
        now=call.now,
    )
    return Reply.of(_told(result.shop, result.new_linking_secret), 201 if result.made else 200)


async def _get_shop(call: Call) -> ShopAnswer:
    return _told(call.services.shops.by_code(call.path["code"]))


async def _list_shops(call: Call) -> ShopsAnswer:
    query = call.decode_query(PageQuery)
    found, cursor = page_of(call.services.shops.all(), lambda shop: shop.code, query)
    return ShopsAnswer([_told(shop) for shop in found], cursor)


async def _put_product(call: Call) -> Reply:
    sku = call.variable("sku", Sku)
    product = call.decode(Product)
    made = await actions.put_product(call.services.database, call.services.context.exclusions, sku, product, call.now)
    return Reply.of(_product(sku, product), 201 if made else 200)


async def _get_product(call: Call) -> ProductAnswer:
    async with call.services.database.reading() as connection:
        return _product(call.path["sku"], await readings.product(connection, call.path["sku"]))


def _product(sku: str, product: Product) -> ProductAnswer:
    return ProductAnswer(sku=sku, **msgspec.structs.asdict(product))


async def _put_stock(call: Call) -> Reply:
    shop = call.services.shops.by_code(call.path["shop"])
    call.principal.guard_shop(shop.shop_id)
    sku = call.variable("sku", Sku)
    ask = call.decode(StockRequest)
    database = call.services.database
    made = await actions.put_stock(database, shop.shop_id, sku, ask.quantity, ask.counted_at, call.now)
    return Reply.of(await _stock(call, shop, sku), 201 if made else 200)


async def _get_stock(call: Call) -> StockAnswer:
    return await _stock(call, call.services.shops.by_code(call.path["shop"]), call.path["sku"])


async def _stock(call: Call, shop: Shop, sku: str) -> StockAnswer:
    async with call.services.database.reading() as connection:
        quantity, counted_at = await readings.stock(connection, shop.shop_id, sku)
    return StockAnswer(shop.code, sku, quantity, counted_at)


async def _member(call: Call, named: MemberRef) -> int:
    """The member so named.

    Raises:
        UnknownMember: nobody is.
        InvalidRequest, AmbiguousMember: see :func:`member_by` and :func:`presented`.
    """
    shop_id = NO_SHOP
    if named.kind == "ec":
        shop = web_shop(call.services.shops, named.shop, call.principal, "member.shop")
        guard_vouching(call.principal, shop, "member.token")
        shop_id = shop.shop_id
    name = presented(named.kind, named.value, shop_id, member_id_of=member_id_of)
    async with call.services.database.reading() as connection:
        member_id = await member_by(connection, name)
    if member_id is None:
        raise UnknownMember
    return member_id


async def _record_event(call: Call) -> EventAnswer:
    ask = call.decode(EventRequest)
    shop = call.services.shops.by_code(ask.shop) if ask.shop is not None else None
    shop_id = shop.shop_id if shop is not None else call.principal.shop_id
    call.principal.guard_shop(shop_id)
    event_id = await actions.record_behaviour(
        call.services.database,
        member_id=None if ask.member is None else await _member(call, ask.member),
        visitor=ask.visitor,
        kind=ask.kind,
        occurred_at=ask.occurred_at,
        shop_id=shop_id,
        sku=ask.sku,
        properties=ask.properties,
        now=call.now,
    )
    return EventAnswer(ids.encode(event_id))


OPERATIONS = (
    Operation(
        method="GET",
        path="/v1/shops",
        summary="All shops",
        handler=_list_shops,
        query=PageQuery,
        answer=ShopsAnswer,
        tag="Shops",
    ),
    Operation(
        method="PUT",
        path="/v1/shops/{code}",
        summary="Add or change a shop",
        handler=_put_shop,
        request=ShopRequest,
        answer=ShopAnswer,
        roles=SERVER,
        creates=True,
        tag="Shops",
    ),
    Operation(
        method="GET",
        path="/v1/shops/{code}",
        summary="One shop",
        handler=_get_shop,
        answer=ShopAnswer,
        refusals=(UnknownShop,),
        tag="Shops",
    ),
    Operation(
        method="PUT",
        path="/v1/products/{sku}",
        summary="Add or change a product",
        handler=_put_product,
        request=Product,
        answer=ProductAnswer,
        roles=WRITERS,
        creates=True,
        tag="Products",
    ),
    Operation(
        method="GET",
        path="/v1/products/{sku}",
        summary="One product",
        handler=_get_product,
        answer=ProductAnswer,
        refusals=(UnknownProduct,),
        tag="Products",
    ),
    Operation(
        method="PUT",
        path="/v1/inventory/{shop}/{sku}",
        summary="Tell what a shop has of a product",
        handler=_put_stock,
        request=StockRequest,
        answer=StockAnswer,
        roles=WRITERS,
        refusals=(UnknownShop,),
        absent=(UnknownShop,),
        creates=True,
        tag="Products",
    ),
    Operation(
        method="GET",
        path="/v1/inventory/{shop}/{sku}",
        summary="What a shop has of a product",
        handler=_get_stock,
        answer=StockAnswer,
        refusals=(UnknownShop, UnknownProduct),
        tag="Products",
    ),
    Operation(
        method="POST",
        path="/v1/events",
        summary="Record behaviour: viewed, cart_updated, visited …",
        handler=_record_event,
        request=EventRequest,
        answer=EventAnswer,
        status=201,
        roles=WRITERS,
        refusals=(UnknownShop, UnknownMember, AmbiguousMember),
        tag="Behaviour",
    ),
)
