"""The purchase document: the wire type of ``POST /v1/purchases`` and the value the rules read.

Money is integer minor units (yen by default); quantities are decimals of at most three places.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from goen.vocabulary.fields import Money, Points, Quantity, TaxRate, Text

MemberKind = Literal["member_id", "card", "code", "phone", "email", "line", "ec"]
PurchaseStatus = Literal["completed", "placed"]
TenderKind = Literal["cash", "card", "emoney", "qr", "voucher", "other"]


class MemberRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A member as presented: ``kind`` and ``value``; ``shop`` and ``token`` for web accounts."""

    kind: MemberKind
    value: Text | None = None
    shop: Text | None = None
    token: Annotated[str, Meta(max_length=4000)] | None = None


class Proof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What shows that the person at the till may spend: the phone's code, a PIN, or staff's word."""

    kind: Literal["code", "pin", "staff"]
    value: Text


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """One line of a sale. ``amount`` is what is charged after the line's own ``discount``."""

    line: Annotated[int, Meta(ge=1, le=10**6)]
    amount: Money
    quantity: Quantity = Decimal(1)
    tax_rate: TaxRate = Decimal(10)
    tax_included: bool = True
    sku: Text | None = None
    name: Text | None = None
    category: Text | None = None
    unit_price: Money | None = None
    discount: Money = 0
    cost: Money | None = None
    points: bool = True


class OrderDiscount(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A reduction of the whole order, spread over its lines in proportion."""

    amount: Money
    text: Text = ""


class Tender(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A means of payment, change already off."""

    kind: TenderKind
    amount: Money
    brand: Text | None = None


class Purchase(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A sale or order as a till or web shop sends it (``POST /v1/purchases``). ``offers``: the codes of campaigns whose
    discount or gift it took, as a quote told them."""

    shop: Text
    external_id: Annotated[str, Meta(min_length=1, max_length=500)]
    occurred_at: datetime
    lines: Annotated[tuple[Line, ...], Meta(max_length=1000)]
    business_date: date | None = None
    terminal: Text | None = None
    staff: Text | None = None
    status: PurchaseStatus = "completed"
    member: MemberRef | None = None
    discounts: Annotated[tuple[OrderDiscount, ...], Meta(max_length=100)] = ()
    postage: Money = 0
    total: Money | None = None
    tenders: Annotated[tuple[Tender, ...], Meta(max_length=50)] | UnsetType = UNSET
    use_points: Points = 0
    hold: Text | None = None
    coupons: Annotated[tuple[Text, ...], Meta(max_length=50)] = ()
    offers: Annotated[tuple[Text, ...], Meta(max_length=50)] = ()
    offline: bool = False
    proof: Proof | None = None
