"""Shops and the values kept beside them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from goen.vocabulary.fields import Money, Text
from goen.vocabulary.refusal import Forbidden

ShopKind: TypeAlias = Literal["store", "ec"]
Role: TypeAlias = Literal["pos", "ec", "server", "readonly"]
ShopCode: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Sku: TypeAlias = Annotated[str, Meta(min_length=1, max_length=100)]


class Shop(msgspec.Struct, frozen=True):
    """A store or a web shop. ``linking_secret`` signs a web shop's member tokens (HS256); never shown."""

    shop_id: int
    code: str
    name: str
    kind: ShopKind
    linking_secret: str | None = None
    closed_at: datetime | None = None
    region: str | None = None


class Product(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is known of a product apart from any sale. ``price`` is the usual one, tax included.

    ``points: false`` says that it earns nothing (rule 3); a purchase line that says so itself wins. Campaigns
    may ask for ``brand``, ``maker``, ``tags`` and ``clearance`` (a bargain item).
    """

    name: Text
    price: Money | None = None
    cost: Money | None = None
    category: Text | None = None
    tax_rate: Annotated[int, Meta(ge=0, lt=100)] | None = None
    points: bool = True
    brand: Text | None = None
    maker: Text | None = None
    tags: Annotated[tuple[Text, ...], Meta(max_length=50)] = ()
    clearance: bool = False


class Happening(msgspec.Struct, frozen=True):
    """One event of behaviour: somebody did something that is no sale.

    ``anchor`` is the member, or a stand-in below zero made from the visitor's own mark.
    """

    anchor: int
    kind: str
    occurred_at: datetime
    recorded_at: datetime
    shop_id: int | None
    sku: str | None
    properties: dict[str, str | int | float | bool | None]


class Principal(msgspec.Struct, frozen=True):
    """Who asks: the API key, its integration's name, its role and the one shop it may be bound to.

    ``integration`` owns the idempotency keys and survives the rotation of the key itself.
    """

    key_id: int
    integration: str
    role: Role
    shop_id: int | None = None
    shop: str | None = None
    device: str | None = None

    def may_write(self, shop_id: int | None) -> bool:
        """Whether this key may write documents of that shop: ``server`` any, ``pos`` and ``ec`` their own."""
        return self.role == "server" or (
            self.role != "readonly" and self.shop_id is not None and self.shop_id == shop_id
        )

    def guard_shop(self, shop_id: int | None) -> None:
        """Refuse unless :meth:`may_write`.

        Raises:
            Forbidden: the shop is not this key's.
        """
        if not self.may_write(shop_id):
            raise Forbidden("This key may only write its own shop's documents.", role=self.role, shop=self.shop)


class KeyRecord(msgspec.Struct, frozen=True):
    """A key as ``goen keys list`` shows it."""

    key_id: int
    integration: str
    role: Role
    shop: str | None
    device: str | None
    created_at: datetime
    last_used_on: date | None
    revoked_at: datetime | None
