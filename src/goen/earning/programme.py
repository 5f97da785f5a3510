"""A programme version: every rule of the points programme as data (``GET /v1/programme``).

A version is frozen; a change is a new version. The defaults are the programme of an empty database:
1 point per 100 yen, tax excluded, per sale, floored; points pay 1 yen each and earn nothing; a lot
expires at the end of the month twelve months later; web earnings are confirmed on completion.
"""

from __future__ import annotations

import tomllib
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from goen.earning.tiers.model import Ladder
from goen.purchases.model import TenderKind
from goen.vocabulary.money import Rounding

Code = Annotated[str, Meta(min_length=1, max_length=100)]
Multiplier = Annotated[Decimal, Meta(description="0 or more, below 1000, at most 4 decimal places")]
Days = Annotated[int, Meta(ge=0, le=36_500)]
Month = Annotated[int, Meta(ge=1, le=12)]
Hour = Annotated[int, Meta(ge=0, le=24)]
NoticeDays = Annotated[int, Meta(ge=0, le=365)]
Count = Annotated[int, Meta(ge=1, lt=10**9)]

Base = Literal["tax_excluded", "tax_included"]
Place = Literal["sale", "rate", "line", "unit"]
Source = Literal["brand", "tender", "tier", "shop"]
ExpiryMode = Literal["days", "months", "month_end", "fiscal_year", "sliding", "none"]
Activity = Literal["earn", "purchase", "use"]


class Boost(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Another rate for some purchases, as a multiple of the base rate (rules 6 and 8).

    ``add`` gives ``multiplier`` times the base rate on top of it, ``replace`` gives it instead.
    """

    multiplier: Multiplier
    mode: Literal["add", "replace"] = "add"


class Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a tier earns. Where ``multiplier`` is absent the tier earns as everybody (rule 8).

    Who gets it says a ladder of ``tier_programmes``; one that stands on none is given by import or by hand.
    """

    name: str = ""
    multiplier: Multiplier | None = None
    mode: Literal["add", "replace"] = "add"


class Threshold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fixed ``points`` for a sale whose earning base reaches ``amount`` (rule 30)."""

    code: Code
    amount: Count
    points: Count


class Earning(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How points are earned (rules 1 to 6).

    With ``percent`` unset: round(base ÷ unit_amount) × unit_points; else round(base × percent ÷ 100).
    ``categories`` maps a line's category to a multiple of the rate; 0 earns nothing. ``brands``,
    ``tenders`` and ``shops`` give other rates, as tiers do; ``combine`` says whether one of them wins by
    ``precedence``, the largest wins (``max``) or all add up (``add``).
    """

    unit_amount: Count = 100
    unit_points: Count = 1
    percent: Annotated[Decimal, Meta(description="0 to 100, at most 4 decimal places")] | None = None
    base: Base = "tax_excluded"
    rounding: Rounding = "floor"
    place: Place = "sale"
    point_paid: Literal["excluded", "included"] = "excluded"
    discounts_lower_base: bool = True
    coupons_lower_base: bool = True
    categories: dict[Code, Multiplier] = msgspec.field(default_factory=dict)
    brands: dict[Code, Boost] = msgspec.field(default_factory=dict)
    tenders: dict[TenderKind, Boost] = msgspec.field(default_factory=dict)
    shops: dict[Code, Boost] = msgspec.field(default_factory=dict)
    combine: Literal["precedence", "max", "add"] = "precedence"
    precedence: tuple[Source, ...] = ("brand", "tender", "tier", "shop")
    thresholds: tuple[Threshold, ...] = ()


class Use(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How points are used (rule 19): from ``min``, in multiples of ``unit``, at most ``max`` points and
    ``max_percent`` of the sale; never on ``excluded_categories``, on postage only where ``postage``."""

    min: Count = 1
    unit: Count = 1
    max: Count | None = None
    max_percent: Annotated[int, Meta(ge=1, le=100)] | None = None
    excluded_categories: tuple[Code, ...] = ()
    postage: bool = True


class Expiry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When points expire (rules 12 and 13); which numbers count depends on ``mode``.

    ``days``: N days after the grant. ``months``: the same day N months later. ``month_end``: the last day
    of that month. ``fiscal_year``: all points of a year that starts in ``year_start_month`` die together,
    ``years`` years after it ends. ``sliding``: each of ``activity`` moves one date for all regular points,
    ``months`` ahead, to the same day or to the end of the month before (``slide_to``). ``none``: never.
    ``limited_days``: validity of limited-time points granted without a date of their own.
    """

    mode: ExpiryMode = "month_end"
    days: Annotated[int, Meta(ge=1, le=36_500)] = 365
    months: Annotated[int, Meta(ge=1, le=1_200)] = 12
    years: Annotated[int, Meta(ge=0, le=100)] = 1
    year_start_month: Month = 4
    slide_to: Literal["same_day", "end_of_month_before"] = "same_day"
    activity: tuple[Activity, ...] = ("earn",)
    limited_days: Annotated[int, Meta(ge=1, le=36_500)] = 30


class Returns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a return does (rules 26, 27, 28 and 30).

    ``expired_used``: used points whose lot has expired are ``lost`` or come back for ``grace_days``.
    ``partial``: a partial return gives back money first and points last, or both in proportion.
    ``shortage``: earned points already spent become ``debt``, lower the ``money`` refund, or ``refuse`` it.
    ``thresholds``: a threshold award that the remainder no longer reaches is taken back or kept.
    """

    expired_used: Literal["lost", "grace"] = "lost"
    grace_days: Days = 30
    partial: Literal["points_last", "pro_rata"] = "points_last"
    shortage: Literal["debt", "money", "refuse"] = "debt"
    thresholds: Literal["take_back", "keep"] = "take_back"


class CampaignTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds for all campaigns together (rules 6 and 53).

    ``choose``: among those that exclude one another the best for the member applies, or the first by
    priority. ``max_points`` and ``max_percent`` (of the earning base) cap what they give for one sale.
    ``approval_above``: yen of liability that a campaign may cost at worst before a second person has to approve
    it; absent, nobody has to. ``points_usable``: points that other companies take are premiums by law.
    """

    choose: Literal["best", "priority"] = "best"
    max_points: Count | None = None
    max_percent: Annotated[int, Meta(ge=1, le=1000)] | None = None
    approval_above: Annotated[int, Meta(ge=0, lt=10**12)] | None = None
    points_usable: Literal["own", "others"] = "own"


class Joining(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How people come in (rules 42 and 46).

    A provisional member registers within ``register_within_days``, or the points lapse; until then they can be
    spent only where ``provisional_spend``. A paper card brings at most ``card_claim_max`` printed points without
    an approval, and a member brings at most ``card_claims_per_member`` such cards.
    """

    register_within_days: Annotated[int, Meta(ge=1, le=36_500)] = 90
    provisional_spend: bool = False
    card_claim_max: Annotated[int, Meta(ge=0, lt=10**9)] = 10_000
    card_claims_per_member: Annotated[int, Meta(ge=0, lt=10**6)] = 5


class MemberTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds for the terms of membership (rule 55).

    ``notice_days``: how long before they hold members can read terms that take something from them; shorter is
    warned of. 0: no such promise.
    """

    notice_days: Days = 90


class Notices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How members are told that points end (rule 18).

    ``days``: so many days before the last one, each once; none: nobody is told. ``channels``: by what members have
    agreed to be told by. ``from_hour`` to ``until_hour``: nothing is sent at other hours of the shop's day, but what
    answers to something that the member does just then.
    """

    days: tuple[NoticeDays, ...] = (30, 7, 2)
    channels: tuple[Literal["mail", "sms", "push"], ...] = ("mail", "sms", "push")
    from_hour: Hour = 10
    until_hour: Hour = 20


class Programme(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One version of the programme. ``version`` and ``starts_at`` are given by the store that keeps it.

    ``point_value`` is yen per point, at most 6 decimal places (0.5: two points pay one yen).
    ``provisional_days``: web earnings become spendable at 00:00 of day N after completion (rule 9).
    ``claim_window_days``: a receipt may be claimed for so many days after the sale (rules 11 and 39).
    ``adjustment_approval_above``: points that staff give or take by hand at once; more waits for a second person.
    Absent, nothing does.
    ``tier_programmes`` say who gets which of the ``tiers`` (rules 32 to 34); the first one's tier is *the* tier of a
    member, whose rate counts; those of the others are conditions of campaigns.
    """

    version: int = 1
    starts_at: datetime | None = None
    name: str = ""
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] = "JPY"
    language: Literal["ja", "en"] = "ja"
    earning: Earning = Earning()
    point_value: Decimal = Decimal(1)
    use: Use = Use()
    expiry: Expiry = Expiry()
    returns: Returns = Returns()
    joining: Joining = Joining()
    tiers: dict[Code, Tier] = msgspec.field(default_factory=dict)
    tier_programmes: Annotated[dict[Code, Ladder], Meta(max_length=4)] = msgspec.field(default_factory=dict)
    campaigns: CampaignTerms = CampaignTerms()
    terms: MemberTerms = MemberTerms()
    notices: Notices = Notices()
    provisional_days: Days = 0
    claim_window_days: Days = 30
    adjustment_approval_above: Annotated[int, Meta(ge=0, lt=10**9)] | None = None
    unproven_spend_per_day: Annotated[int, Meta(ge=0, lt=10**9)] = 1000
    fiscal_year_start_month: Month = 4


#: The programme of an empty database (``api.md``).
DEFAULT = Programme()

_to_json = msgspec.json.Encoder(decimal_format="number")
_parse = msgspec.json.Decoder(float_hook=Decimal)
#: What an answer shows and a request may send back unread: the words are made from the rest.
_DERIVED = ("text",)


def from_json(body: bytes) -> Programme:
    """Decode a programme; raises msgspec.ValidationError or DecodeError naming the field that is wrong."""
    data = _parse.decode(body)
    if isinstance(data, dict):
        data = {key: value for key, value in data.items() if key not in _DERIVED}
    return msgspec.convert(data, Programme)


def to_json(programme: Programme) -> bytes:
    """The programme as JSON, decimals as numbers, so that ``from_json`` gives an equal value."""
    return _to_json.encode(programme)


def to_builtins(programme: Programme) -> dict[str, Any]:
    """The programme as plain values for an answer. Decimals become numbers: with 6 places at most, a
    float prints as the very same digits; nothing here computes with it."""
    plain = msgspec.to_builtins(programme, builtin_types=(Decimal,))
    return {key: _plain(value) for key, value in plain.items()}


def from_toml(text: str) -> Programme:
    """Decode a programme file. Raises tomllib.TOMLDecodeError or msgspec.ValidationError."""
    return msgspec.convert(tomllib.loads(text, parse_float=Decimal), Programme)


def to_toml(programme: Programme) -> str:
    """The settings as a TOML file, each written out; ``from_toml`` gives an equal programme.

    Without ``version`` and ``starts_at``: those belong to a version, and the file will make another one.
    """
    plain = msgspec.to_builtins(programme, builtin_types=(Decimal, datetime))
    del plain["version"], plain["starts_at"]
    return "\n".join(_toml_table(plain, ())).strip() + "\n"


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
    return value


def _toml_table(table: dict[str, Any], path: tuple[str, ...]) -> list[str]:
    lines = [
        f"{_toml_key(key)} = {_toml_value(value)}"
        for key, value in table.items()
        if value is not None and not isinstance(value, dict)
    ]
    if path and lines:
        lines.insert(0, f"[{'.'.join(path)}]")
    for key, value in table.items():
        if isinstance(value, dict) and value:
            lines += ["", *_toml_table(value, (*path, _toml_key(key)))]
        elif isinstance(value, dict) and path == ("tiers",):
            lines += ["", f"[tiers.{_toml_key(key)}]"]  # A tier of which nothing is said is there all the same.
    return lines


def _toml_key(key: str) -> str:
    return key if key.isascii() and key.replace("_", "").replace("-", "").isalnum() else _toml_value(key)


def _toml_value(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
        case int():
            return str(value)
        case list() | tuple():
            return "[" + ", ".join(_toml_value(item) for item in value) + "]"
        case dict():
            pairs = (f"{_toml_key(k)} = {_toml_value(v)}" for k, v in value.items() if v is not None)
            return "{ " + ", ".join(pairs) + " }"
    # A JSON string is a valid TOML basic string, except that TOML also wants DEL escaped.
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
