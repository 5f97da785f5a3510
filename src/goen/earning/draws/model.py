"""A draw as data (``PUT /v1/draws/{code}``): prizes, how one enters, when. Its terms are fixed once it is live."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from goen.earning.campaigns.model import CampaignCode, Grant, Moment
from goen.earning.programme import Count
from goen.earning.standing.model import Who
from goen.vocabulary.fields import Money, Text

DrawCode = CampaignCode
Odds = Annotated[Decimal, Meta(description="percent of one ticket, above 0, at most 100, at most 6 decimal places")]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of the parts of a draw."""


class PointsPrize(_Part, frozen=True, tag_field="kind", tag="points"):
    """Points, given at once."""

    points: Count
    grant: Grant = Grant()


class CouponPrize(_Part, frozen=True, tag_field="kind", tag="coupon"):
    """A coupon of this kind, issued at once."""

    coupon: CampaignCode


class GiftPrize(_Part, frozen=True, tag_field="kind", tag="gift"):
    """Goods, which the retailer hands out or sends."""


AnyPrize: TypeAlias = PointsPrize | CouponPrize | GiftPrize


class Prize(_Part, frozen=True):
    """``count`` pieces of a prize, each worth ``value`` yen (points: what they are worth at least). ``odds``: of one
    ticket in an ``instant`` draw, while there are pieces left."""

    code: CampaignCode
    name: Annotated[str, Meta(min_length=1, max_length=500)]
    count: Annotated[int, Meta(ge=1, le=1_000_000)]
    gives: AnyPrize
    value: Money = 0
    name_en: Text = ""
    odds: Odds | None = None

    def named(self, language: str) -> str:
        return self.name_en or self.name if language == "en" else self.name


class ByPurchase(_Part, frozen=True, tag_field="kind", tag="purchase"):
    """One ticket for every ``every`` yen of a sale during the draw, at most ``tickets_max``, reported with the sale's
    id; each sale once."""

    every: Annotated[int, Meta(ge=1, lt=10**9)]
    tickets_max: Annotated[int, Meta(ge=1, le=100)] = 100  # Each may win, and an act tells of 256 things at most.


class ByPoints(_Part, frozen=True, tag_field="kind", tag="points"):
    """A ticket costs so many points."""

    points: Count


class ByDay(_Part, frozen=True, tag_field="kind", tag="day"):
    """One ticket per member and day, without buying anything: an open draw."""


Entrance: TypeAlias = ByPurchase | ByPoints | ByDay


class PrizeDraw(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A draw. ``instant``: each ticket is decided at once, prizes by their ``odds``. ``end``: so many winners as there
    are prizes, when it is over. ``tickets_max``: of one person in all; ``wins_max``: prizes of one person.
    ``expected_sales``: yen of the goods that the draw is for, which the law's cap on all prizes is measured by."""

    name: Annotated[str, Meta(min_length=1, max_length=500)]
    method: Literal["instant", "end"]
    prizes: Annotated[tuple[Prize, ...], Meta(min_length=1, max_length=50)]
    entrance: Entrance
    starts_at: Moment
    ends_at: Moment
    name_en: Text = ""
    who: Who = Who()
    tickets_max: Count | None = None
    wins_max: Count | None = 1
    expected_sales: Annotated[int, Meta(ge=0, lt=10**13)] | None = None

    def named(self, language: str) -> str:
        return self.name_en or self.name if language == "en" else self.name

    def prize(self, code: str) -> Prize:
        """The prize of this code; there is one."""
        return next(each for each in self.prizes if each.code == code)


from_json = msgspec.json.Decoder(PrizeDraw).decode
to_json = msgspec.json.Encoder(decimal_format="number").encode
