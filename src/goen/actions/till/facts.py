"""What campaigns ask of people, and how an act asks for what nobody knew that it would."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

#: Whose, of what, in which period.
LimitAccount = tuple[int, str, str]
#: A coupon's code as it is kept, and the sale's moment: which version counts depends on it.
CouponAsked = tuple[str, datetime]
#: On which ladder, with the sales since which day, and whether it is the first, whose tier is *the* tier.
Span = tuple[str, date, bool]
#: Who, and on what.
Climb = tuple[int, str, date, bool]


class History(NamedTuple):
    """A member's purchases that were neither cancelled nor wholly returned: in all, in web shops, the last day."""

    purchases: int = 0
    web: int = 0
    last_on: date | None = None

    def with_one(self, channel: str, day: date) -> History:
        """One more purchase, in a store or web shop (``ec``)."""
        return History(
            self.purchases + 1, self.web + (channel == "ec"), day if self.last_on is None else max(day, self.last_on)
        )


class Traits(NamedTuple):
    """What campaigns ask of a member beside the tier."""

    birth_month: int | None
    segments: tuple[str, ...]


class FactsNotLoaded(Exception):  # noqa: N818 - a signal to the till
    """An act asks for what its wants did not name, because only its purchase told; it is read and asked again."""

    def __init__(
        self,
        *,
        members: Iterable[int] = (),
        skus: Iterable[str] = (),
        limits: Iterable[LimitAccount] = (),
        coupons: Iterable[CouponAsked] = (),
        kinds: Iterable[str] = (),
        tiers: Iterable[Climb] = (),
        stamps: Iterable[int] = (),
    ) -> None:
        super().__init__("facts not loaded")
        self.members = list(members)
        self.skus = list(skus)
        self.limits = list(limits)
        self.coupons = list(coupons)
        self.kinds = list(kinds)
        self.tiers = list(tiers)
        self.stamps = list(stamps)
