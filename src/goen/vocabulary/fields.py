"""Kinds of fields that many requests share, with the bounds every one of them has (api.md, Conventions)."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from msgspec import Meta

Text = Annotated[str, Meta(max_length=500)]
Money = Annotated[int, Meta(ge=0, lt=10**12)]
Points = Annotated[int, Meta(ge=0, lt=10**9)]
#: Whole numbers stay integers: a basket has twenty of these, and a Decimal costs ten times as much.
Quantity = Annotated[int | Decimal, Meta(description="a decimal of at most 3 places, 0 or more")]
TaxRate = Annotated[int | Decimal, Meta(description="percent; 8 or 10 in Japan today, at most 2 places, below 100")]
