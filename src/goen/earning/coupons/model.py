"""A kind of coupon as data (``POST /v1/coupon_kinds``): what it takes off or gives, when, for whom, how often.

A version is frozen. An issued code keeps the version it was issued under; the public code follows the version
that counted at the sale's moment.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta, field

from goen.earning.campaigns.model import CampaignCode, Conditions, Moment, Percent
from goen.earning.coupons.codes import normal, well_formed
from goen.earning.programme import Code, Count, Multiplier
from goen.vocabulary.fields import Text
from goen.vocabulary.points import PointValue

Days = Annotated[int, Meta(ge=0, le=3660)]
Name = Annotated[str, Meta(min_length=1, max_length=500)]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of the parts of a kind."""


class AmountOff(_Part, frozen=True, tag_field="kind", tag="amount"):
    """So many yen off the lines that count, tax included, as far as they reach."""

    yen: Count


class PercentOff(_Part, frozen=True, tag_field="kind", tag="percent"):
    """A part of the lines that count, floored, ``most`` yen at most."""

    percent: Percent
    most: Count | None = None


class FreePostage(_Part, frozen=True, tag_field="kind", tag="postage"):
    """No postage, or up to ``most`` yen less of it."""

    most: Count | None = None


class Gift(_Part, frozen=True, tag_field="kind", tag="gift"):
    """Something for nothing. With a ``sku``, one piece of it among the lines costs nothing."""

    name: Name
    sku: Code | None = None


class PointsTimes(_Part, frozen=True, tag_field="kind", tag="points"):
    """So many times the base points in all for the lines that count, ``max_points`` on top at most."""

    multiplier: Multiplier
    max_points: Count | None = None


CouponEffect: TypeAlias = AmountOff | PercentOff | FreePostage | Gift | PointsTimes


class Uses(_Part, frozen=True):
    """How often: ``each`` issued code, each member (``per_member``), and all together (``total``)."""

    each: Count = 1
    per_member: Count | None = None
    total: Count | None = None


class Combination(_Part, frozen=True):
    """What else may come with it on one sale. ``coupons``: none, those of ``other`` kinds, or ``any``; both coupons
    have to agree. Without ``campaigns`` these give nothing on a sale that uses it."""

    coupons: Literal["none", "other", "any"] = "none"
    campaigns: bool = True


class Period(_Part, frozen=True):
    """Counted from the day of issue: usable ``after`` so many days (0: at once), for ``days`` days from then on, the
    last one whole."""

    days: Annotated[int, Meta(ge=1, le=3660)]
    after: Days = 0


class CouponKind(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One version of a kind of coupon. ``version`` is given by the store that keeps it.

    ``public_code``: one code for everybody. ``starts_at`` and ``ends_at`` bound the sales it may be used for, and so
    does ``issued`` for a code of one's own. ``conditions`` are those of campaigns; ``amount_min`` and
    ``amount_max`` count yen of the lines that count, tax included, after discounts and before coupons.
    """

    code: CampaignCode
    name: Name
    effect: CouponEffect
    version: int = 1
    name_en: Text = ""
    public_code: Annotated[str, Meta(min_length=3, max_length=40)] | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    issued: Period | None = None
    conditions: Conditions = Conditions()
    uses: Uses = Uses()
    together: Combination = field(default=Combination())

    @property
    def rule(self) -> str:
        """What awards and limits call it."""
        return f"coupon:{self.code}"


_to_json = msgspec.json.Encoder(decimal_format="number")
_parse = msgspec.json.Decoder(CouponKind)


def from_json(body: bytes) -> CouponKind:
    """Decode a kind; raises msgspec.ValidationError or DecodeError naming the field that is wrong."""
    return _parse.decode(body)


def to_json(kind: CouponKind) -> bytes:
    """The kind as JSON, decimals as numbers, so that ``from_json`` gives an equal value."""
    return _to_json.encode(kind)


def faults(kind: CouponKind) -> list[tuple[str, str]]:
    """Fields at which a kind contradicts itself, and what is wrong with each."""
    found = []
    match kind.effect:
        case PercentOff(percent=percent) if not 0 < percent <= 100 or _places(percent) > 4:
            found.append(("effect.percent", "is above 0, at most 100, with at most 4 decimal places"))
        case PointsTimes(multiplier=multiplier) if not 1 < multiplier <= 100 or _places(multiplier) > 4:
            found.append(("effect.multiplier", "is above 1, at most 100, with at most 4 decimal places"))
    if kind.public_code is not None:
        code = normal(kind.public_code)
        if len(code) < 3:
            found.append(("public_code", "has at least 3 letters or digits"))
        elif well_formed(code):
            found.append(("public_code", "looks like an issued code; choose another"))
    if kind.starts_at is not None and kind.ends_at is not None and kind.ends_at <= kind.starts_at:
        found.append(("ends_at", "is not after starts_at"))
    if kind.conditions.coupons is not None:
        found.append(("conditions.coupons", "is for campaigns; say it by together.coupons"))
    if kind.conditions.days_of_month and 0 in kind.conditions.days_of_month:
        found.append(("conditions.days_of_month", "has no day 0"))
    return found


def worth_at_most(kind: CouponKind, value: PointValue) -> int | None:
    """Yen that one use of a coupon takes off at most, or what its points are worth; None where nothing bounds it."""
    match kind.effect:
        case AmountOff(yen=yen):
            return yen
        case PercentOff(percent=percent, most=most):
            largest = kind.conditions.amount_max
            of_sale = None if largest is None else int(largest * percent / 100)
            return min((each for each in (most, of_sale) if each is not None), default=None)
        case FreePostage(most=most):
            return most
        case PointsTimes(max_points=max_points):
            return None if max_points is None else value.worth(max_points)
        case Gift():  # What the goods cost is not known here.
            return None


def _places(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 99
