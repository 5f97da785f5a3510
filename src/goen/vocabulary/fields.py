"""Kinds of fields that many requests share, with the bounds every one of them has (api.md, Conventions)."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from msgspec import Meta

Text = Annotated[str, Meta(max_length=500)]
Money = Annotated[int, Meta(ge=0, lt=10**12)]
Points = Annotated[int, Meta(ge=0, lt=10**9)]
Quantity = Annotated[Decimal, Meta(description="a decimal of at most 3 places, 0 or more")]
TaxRate = Annotated[Decimal, Meta(description="percent; 8 or 10 in Japan today, at most 2 places, below 100")]
