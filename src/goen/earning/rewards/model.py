"""A reward as data (``PUT /v1/rewards/{code}``): what is given for points, to whom, until when, how often.

What an order has cost is pinned with the order; a reward that changes changes for later orders only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from goen.earning.campaigns.model import CampaignCode, Moment
from goen.earning.programme import Code, Count
from goen.vocabulary.fields import Money, Text

Delivery = Literal["ship", "pickup", "coupon", "code"]
RewardCode = CampaignCode


class Reward(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Something for ``points``, and ``money`` beside them that the shop collects.

    ``delivery``: it is shipped to an address, handed out in a shop (``pickup``), is a coupon of kind ``coupon``, or one
    of the ``code``s that somebody else has sold to the retailer. ``stock``: how many there are in all, orders of the
    past included; None: as many as are asked for (of codes: as many as were put in). ``per_member``: how many one
    person gets. ``tiers``: who may have it; none named: everybody.
    """

    name: Annotated[str, Meta(min_length=1, max_length=500)]
    points: Count
    delivery: Delivery
    name_en: Text | None = None
    description: Text | None = None
    description_en: Text | None = None
    money: Money = 0
    stock: Annotated[int, Meta(ge=0, lt=10**9)] | None = None
    per_member: Count | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    tiers: Annotated[tuple[Code, ...], Meta(max_length=100)] = ()
    coupon: CampaignCode | None = None

    def named(self, language: str) -> str:
        """Its name in this language."""
        return self.name_en or self.name if language == "en" else self.name


def faults(reward: Reward) -> Iterator[tuple[str, str]]:
    """What contradicts itself: field and sentence."""
    if (reward.delivery == "coupon") != (reward.coupon is not None):
        yield "coupon", "belongs to delivery coupon, and only there"
    if reward.starts_at is not None and reward.ends_at is not None and reward.ends_at <= reward.starts_at:
        yield "ends_at", "is not after starts_at"
    if reward.delivery == "code" and reward.stock is not None:
        yield "stock", "follows from the codes that were put in"
