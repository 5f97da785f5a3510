"""A campaign version as data (``POST /v1/campaigns``): when it holds, what it gives, and how far it goes.

All conditions that are given must hold; of a list one element does. A version is frozen: a change is a
new version, and a purchase names the version that it earned by.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta, field

from goen.earning.programme import Code, Count, Month, Multiplier
from goen.purchases.model import TenderKind
from goen.vocabulary.fields import Money, Text

Weekday: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Moment = Annotated[datetime, Meta(tz=True)]
ClockTime = Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
DayOfMonth = Annotated[int, Meta(ge=-1, le=31)]
CampaignCode = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
SignalValue: TypeAlias = str | int | float | bool
Name = Annotated[str, Meta(min_length=1, max_length=500)]
Percent = Annotated[Decimal, Meta(description="above 0, at most 1000, at most 4 decimal places")]
Measure: TypeAlias = Literal["uses", "points", "yen"]
Per: TypeAlias = Literal["member", "shop", "day", "month"]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of the parts of a campaign."""


class Dates(_Part, frozen=True):
    """Days from the first to the last, both included; one end may be open."""

    first: date | None = field(default=None, name="from")
    last: date | None = field(default=None, name="to")


class Hours(_Part, frozen=True):
    """Local time, from the first minute until just before the second; past midnight where it is the smaller."""

    start: ClockTime = field(name="from")
    end: ClockTime = field(name="to")


class NthWeekday(_Part, frozen=True):
    """The ``nth`` such weekday of a month: 2 and tue is the second Tuesday, -1 the last."""

    nth: Annotated[int, Meta(ge=-1, le=5)]
    weekday: Weekday


class Products(_Part, frozen=True):
    """Which lines. What is given must all hold of a line; brand, maker, tags and clearance are the product's
    (``PUT /v1/products``), category the line's own or else the product's. ``price_*``: yen per piece."""

    skus: tuple[Code, ...] = ()
    categories: tuple[Code, ...] = ()
    brands: tuple[Code, ...] = ()
    makers: tuple[Code, ...] = ()
    tags: tuple[Code, ...] = ()
    price_min: Money | None = None
    price_max: Money | None = None
    clearance: bool | None = None


class SignalIs(_Part, frozen=True):
    """An external signal at the sale's shop, else its region, else everywhere, as of the sale's moment.

    One of ``is``, or from ``at_least`` to ``at_most``. ``max_age_minutes``: older news count as none.
    """

    name: Code
    values: tuple[SignalValue, ...] = field(default=(), name="is")
    at_least: float | None = None
    at_most: float | None = None
    max_age_minutes: Count | None = None


class Conditions(_Part, frozen=True):
    """When a campaign holds. Days are the shop's business date, hours the clock of the sale.

    ``amount_min``, ``amount_max`` look at the earning base of the lines that count, ``quantity_min`` at their
    pieces. ``holidays``: Japanese public holidays; ``business_days``: Monday to Friday without them. Tenders
    and card brands: the whole sale is paid so. ``first_purchase``, ``nth_purchase`` and ``every_nth_purchase``
    count sales that were neither cancelled nor wholly returned. ``coupons``: whether the sale uses any.
    """

    channels: tuple[Literal["store", "ec"], ...] = ()
    shops: tuple[Code, ...] = ()
    not_shops: tuple[Code, ...] = ()
    regions: tuple[Code, ...] = ()
    dates: tuple[Dates, ...] = ()
    weekdays: tuple[Weekday, ...] = ()
    days_of_month: tuple[DayOfMonth, ...] = ()
    nth_weekdays: tuple[NthWeekday, ...] = ()
    holidays: Literal["only", "except"] | None = None
    business_days: bool | None = None
    hours: tuple[Hours, ...] = ()
    products: Products | None = None
    not_products: Products | None = None
    amount_min: Count | None = None
    amount_max: Count | None = None
    quantity_min: Count | None = None
    tenders: tuple[TenderKind, ...] = ()
    brands: tuple[Code, ...] = ()
    coupons: bool | None = None
    tiers: tuple[Code, ...] = ()
    segments: tuple[Code, ...] = ()
    not_segments: tuple[Code, ...] = ()
    birth_month: bool = False
    birth_months: tuple[Month, ...] = ()
    first_purchase: Literal["ever", "channel"] | None = None
    nth_purchase: tuple[Count, ...] = ()
    every_nth_purchase: Count | None = None
    days_since_last_min: Count | None = None
    days_since_last_max: Count | None = None
    signals: tuple[SignalIs, ...] = ()


class RateEffect(_Part, frozen=True, tag_field="kind", tag="rate"):
    """Another rate for the lines that count, as ``percent`` of their base or ``multiplier`` times the base rate.

    ``multiply``: so many times the base rate in all ("double points": 2), which is ``multiplier`` - 1 on top.
    ``add``: on top of what the programme gives. ``replace``: instead of all that its rates give these lines.
    """

    mode: Literal["multiply", "add", "replace"] = "multiply"
    multiplier: Multiplier | None = None
    percent: Percent | None = None


class PointsEffect(_Part, frozen=True, tag_field="kind", tag="points"):
    """Fixed points: once per sale, for each line that counts, or for each whole piece of them."""

    points: Count
    per: Literal["sale", "line", "unit"] = "sale"


class Step(_Part, frozen=True):
    """``points`` from so much on (yen of base, or pieces)."""

    at: Count = field(name="from")
    points: Count


class StepsEffect(_Part, frozen=True, tag_field="kind", tag="steps"):
    """The highest step that is reached gives its points; a threshold is one step (rule 30)."""

    steps: Annotated[tuple[Step, ...], Meta(min_length=1, max_length=50)]
    of: Literal["amount", "quantity"] = "amount"


class EveryEffect(_Part, frozen=True, tag_field="kind", tag="every"):
    """``points`` for every full ``amount`` (yen of base, or pieces), ``times_max`` times at most."""

    amount: Count
    points: Count
    of: Literal["amount", "quantity"] = "amount"
    times_max: Count | None = None


class IssueEffect(_Part, frozen=True, tag_field="kind", tag="coupon"):
    """A coupon of this kind (``/v1/coupon_kinds``), issued to the member once the sale is complete."""

    coupon: CampaignCode


class StampsEffect(_Part, frozen=True, tag_field="kind", tag="stamps"):
    """Stamps on the member's card: one per sale, or for ``every`` so many lines, pieces or yen of base that count,
    ``times_max`` at most. A card of ``full`` stamps gives one of ``points``, a ``coupon`` or a ``gift``, and the next
    begins; with ``cards`` it stops after so many. Stamps end ``days`` days after their sale, or with the campaign."""

    full: Annotated[int, Meta(ge=2, le=1000)]
    points: Count | None = None
    coupon: CampaignCode | None = None
    gift: Name | None = None
    every: Count = 1
    of: Literal["sale", "line", "quantity", "amount"] = "sale"
    times_max: Count | None = None
    cards: Count | None = None
    days: Annotated[int, Meta(ge=1, le=36_500)] | None = None


class DiscountEffect(_Part, frozen=True, tag_field="kind", tag="discount"):
    """So many ``yen`` off the lines that count, tax included, as far as they reach; or a ``percent`` of them, floored,
    ``most`` yen at most."""

    yen: Count | None = None
    percent: Percent | None = None
    most: Count | None = None


class FreePostageEffect(_Part, frozen=True, tag_field="kind", tag="free_postage"):
    """No postage, or up to ``most`` yen less of it."""

    most: Count | None = None


class GiftEffect(_Part, frozen=True, tag_field="kind", tag="gift"):
    """Something for nothing; with a ``sku``, one piece of it among the lines costs nothing. Its stock is a limit of
    uses. ``worth``: yen, for the premiums law."""

    name: Name
    sku: Code | None = None
    worth: Money | None = None


class MemberPriceEffect(_Part, frozen=True, tag_field="kind", tag="member_price"):
    """For members: a price per piece by sku, tax included; or a ``percent`` off each line that counts, floored."""

    prices: dict[Code, Money] = {}
    percent: Percent | None = None


class HiddenSaleEffect(_Part, frozen=True, tag_field="kind", tag="hidden_sale"):
    """Only members whom the conditions admit may buy the goods (``conditions.products``), while it is live."""


PriceEffect: TypeAlias = DiscountEffect | FreePostageEffect | GiftEffect | MemberPriceEffect

#: What a campaign gives.
Effect: TypeAlias = (
    RateEffect | PointsEffect | StepsEffect | EveryEffect | IssueEffect | StampsEffect | PriceEffect | HiddenSaleEffect
)


class Grant(_Part, frozen=True):
    """What the points are. ``limited`` ones have a lot of their own and end on ``expires_on``, or ``days`` days
    after the grant, or as the programme says; they are spent first (rule 13)."""

    kind: Literal["regular", "limited"] = "regular"
    expires_on: date | None = None
    days: Annotated[int, Meta(ge=0, le=36_500)] | None = None


class Stacking(_Part, frozen=True):
    """How it meets other campaigns. Higher ``priority`` comes first, then the code in order.

    Of a ``group`` one applies: the best for the member, or by priority where the programme says so. An
    ``exclusive`` one applies alone. What ``consumes_lines`` has used, later ones do not see.
    """

    priority: Annotated[int, Meta(ge=-1000, le=1000)] = 0
    group: Code | None = None
    exclusive: bool = False
    consumes_lines: bool = False


class Limit(_Part, frozen=True):
    """An account that awards draw on: ``most`` uses, points, or yen of liability ``per`` member, shop, day or
    month, combined as listed; of the whole campaign where nothing is listed."""

    measure: Measure
    most: Count
    per: tuple[Per, ...] = ()


class Campaign(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One version of a campaign. ``version`` is given by the store that keeps it.

    ``starts_at`` and ``ends_at`` bound the sales that count. ``max_points`` caps one sale's award. ``funder``
    (a maker or a shop) is carried on a lot of its own, for settlement.
    """

    code: CampaignCode
    name: Name
    effects: Annotated[tuple[Effect, ...], Meta(min_length=1, max_length=10)]
    version: int = 1
    name_en: Text = ""
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    conditions: Conditions = Conditions()
    grant: Grant = Grant()
    stacking: Stacking = Stacking()
    limits: Annotated[tuple[Limit, ...], Meta(max_length=20)] = ()
    max_points: Count | None = None
    funder: Code | None = None

    @property
    def rule(self) -> str:
        """What awards call it."""
        return f"campaign:{self.code}"

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of coupons that it gives, each once."""
        kinds = [each.coupon for each in self.effects if isinstance(each, IssueEffect | StampsEffect)]
        return tuple(dict.fromkeys(kind for kind in kinds if kind is not None))

    @property
    def price_effects(self) -> tuple[PriceEffect, ...]:
        """What it takes off the price, which no points go with."""
        return tuple(each for each in self.effects if isinstance(each, PriceEffect))

    @property
    def hidden_sale(self) -> bool:
        """Whether it keeps goods for those whom it admits, and gives nothing."""
        return any(isinstance(each, HiddenSaleEffect) for each in self.effects)

    @property
    def stamps(self) -> StampsEffect | None:
        """Its stamp card, where it has one."""
        return next((each for each in self.effects if isinstance(each, StampsEffect)), None)

    @property
    def replaces(self) -> bool:
        """Whether it gives a rate instead of the programme's."""
        return any(isinstance(each, RateEffect) and each.mode == "replace" for each in self.effects)

    @property
    def apart(self) -> bool:
        """Whether its points are a lot of their own."""
        return self.grant.kind == "limited" or self.funder is not None


_to_json = msgspec.json.Encoder(decimal_format="number")
_parse = msgspec.json.Decoder(Campaign)


def from_json(body: bytes) -> Campaign:
    """Decode a campaign; raises msgspec.ValidationError or DecodeError naming the field that is wrong."""
    return _parse.decode(body)


def to_json(campaign: Campaign) -> bytes:
    """The campaign as JSON, decimals as numbers, so that ``from_json`` gives an equal value."""
    return _to_json.encode(campaign)
