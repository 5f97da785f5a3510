"""Templates: a few parameters become a campaign that a marketer may go on editing like any other.

A template is a frozen value; its fields are the parameters, and :meth:`campaign` is a pure function of them. What comes
out is an ordinary draft: checks, dry runs, back-tests and approval are those of every campaign.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, TypeAlias, get_args

import msgspec
from msgspec import Meta

from goen.earning.campaigns.model import (
    Campaign,
    CampaignCode,
    Conditions,
    DayOfMonth,
    Grant,
    Limit,
    Moment,
    Percent,
    PointsEffect,
    RateEffect,
    Weekday,
)
from goen.earning.programme import Code, Count, Multiplier
from goen.vocabulary.fields import Text

replace = msgspec.structs.replace
Days = Annotated[int, Meta(ge=1, le=3650)]
Nth = Annotated[int, Meta(ge=2, le=1000)]
Shops = Annotated[tuple[Code, ...], Meta(max_length=100)]


class Words(NamedTuple):
    """A word or sentence in Japanese and English."""

    ja: str
    en: str

    def told(self, language: str) -> str:
        return self.en if language == "en" else self.ja


class Template(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, tag_field="kind"
):
    """Base of the templates; their tag names them."""

    name_words: ClassVar[Words]
    text_words: ClassVar[Words]

    @property
    def kind(self) -> str:
        """What addresses call it."""
        return str(self.__struct_config__.tag)

    def campaign(self) -> Campaign:
        """The campaign without code, dates and a name of its own."""
        raise NotImplementedError  # pragma: no cover - abstract

    def faults(self) -> Iterator[tuple[str, str]]:
        """What is missing or contradicts itself: field and sentence."""
        yield from ()

    def _filled(self, **fields: Any) -> Campaign:
        return Campaign(code=self.kind, name=self.name_words.ja, name_en=self.name_words.en, **fields)


class NthPurchase(Template, frozen=True, tag="nth_purchase"):
    """Points on certain purchases of a member, or on every so-manieth."""

    name_words: ClassVar = Words("お買い物回数ボーナス", "Bonus on the nth purchase")
    text_words: ClassVar = Words(
        "会員の3回目・5回目など、または5回ごとのお買い物にポイントを進呈します。取消・全返品は回数に数えません",
        "Points on a member's 3rd and 5th purchase, or on every 5th. Cancelled and wholly returned ones do not count",
    )
    points: Count
    nth: Annotated[tuple[Count, ...], Meta(max_length=50)] = ()
    every: Nth | None = None
    amount_min: Count | None = None

    def faults(self) -> Iterator[tuple[str, str]]:
        if not self.nth and self.every is None:
            yield "nth", "or every is required"

    def campaign(self) -> Campaign:
        when = Conditions(nth_purchase=self.nth, every_nth_purchase=self.every, amount_min=self.amount_min)
        return self._filled(effects=(PointsEffect(self.points),), conditions=when)


class FirstPurchase(Template, frozen=True, tag="first_purchase"):
    """Points on the first purchase, ever or in this kind of shop."""

    name_words: ClassVar = Words("初回お買い物特典", "First purchase")
    text_words: ClassVar = Words(
        "はじめてのお買い物（全店、または店舗・通販ごと）にポイントを進呈します",
        "Points on a member's first purchase, ever or by channel",
    )
    points: Count
    of: Literal["ever", "channel"] = "ever"
    amount_min: Count | None = None

    def campaign(self) -> Campaign:
        when = Conditions(first_purchase=self.of, amount_min=self.amount_min)
        once = () if self.of == "channel" else (Limit("uses", 1, ("member",)),)
        return self._filled(effects=(PointsEffect(self.points),), conditions=when, limits=once)


class DoubleDays(Template, frozen=True, tag="double_days"):
    """So many times the points on certain days."""

    name_words: ClassVar = Words("ポイント倍率アップデー", "Double points days")
    text_words: ClassVar = Words(
        "毎月5・15・25日や毎週火曜日などに、ポイントを2倍（任意の倍率）にします",
        "Twice the points (or more) on days of the month or of the week",
    )
    multiplier: Multiplier = Decimal(2)
    days_of_month: Annotated[tuple[DayOfMonth, ...], Meta(max_length=31)] = ()
    weekdays: Annotated[tuple[Weekday, ...], Meta(max_length=7)] = ()
    shops: Shops = ()
    tiers: Shops = ()
    max_points: Count | None = None

    def faults(self) -> Iterator[tuple[str, str]]:
        if not self.days_of_month and not self.weekdays:
            yield "days_of_month", "or weekdays are required"

    def campaign(self) -> Campaign:
        when = Conditions(
            days_of_month=self.days_of_month, weekdays=self.weekdays, shops=self.shops, tiers=self.tiers
        )  # fmt: skip
        effect = RateEffect("multiply", self.multiplier)
        return self._filled(effects=(effect,), conditions=when, max_points=self.max_points)


class LimitedPoints(Template, frozen=True, tag="limited_points"):
    """Extra points that end early (rule 13)."""

    name_words: ClassVar = Words("期間限定ポイント", "Time-limited points")
    text_words: ClassVar = Words(
        "お買い物に、有効期間の短いポイントを上乗せします。期間限定ポイントは先に使われます",
        "Extra points on purchases that end soon; they are spent first",
    )
    percent: Percent
    days: Days = 30
    expires_on: date | None = None
    amount_min: Count | None = None
    shops: Shops = ()

    def campaign(self) -> Campaign:
        grant = Grant("limited", self.expires_on, None if self.expires_on else self.days)
        when = Conditions(amount_min=self.amount_min, shops=self.shops)
        return self._filled(effects=(RateEffect("add", percent=self.percent),), conditions=when, grant=grant)


class BirthdayMonth(Template, frozen=True, tag="birthday_month"):
    """So many times the points on purchases in the month of birth (rule 36)."""

    name_words: ClassVar = Words("お誕生月ポイントアップ", "Birthday month")
    text_words: ClassVar = Words(
        "お誕生月のお買い物でポイントを2倍（任意の倍率）にします。回数の上限も設けられます",
        "Twice the points (or more) on purchases in the month of birth, as often as you say",
    )
    multiplier: Multiplier = Decimal(2)
    times_max: Count | None = None
    tiers: Shops = ()

    def campaign(self) -> Campaign:
        limits = () if self.times_max is None else (Limit("uses", self.times_max, ("member", "month")),)
        when = Conditions(birth_month=True, tiers=self.tiers)
        return self._filled(effects=(RateEffect("multiply", self.multiplier),), conditions=when, limits=limits)


class WinBackPurchase(Template, frozen=True, tag="win_back_purchase"):
    """Points on the purchase with which somebody comes back."""

    name_words: ClassVar = Words("おかえりなさい特典", "Welcome back")
    text_words: ClassVar = Words(
        "しばらくお買い物のなかった会員の、久しぶりのお買い物にポイントを進呈します",
        "Points on the purchase with which a member comes back after so many days",
    )
    points: Count
    days: Days = 180
    amount_min: Count | None = None

    def campaign(self) -> Campaign:
        when = Conditions(days_since_last_min=self.days, amount_min=self.amount_min)
        return self._filled(effects=(PointsEffect(self.points),), conditions=when)


class Staff(Template, frozen=True, tag="staff"):
    """Staff earn at a rate of their own, up to so many points a month (rule 41)."""

    name_words: ClassVar = Words("社員購入", "Staff purchases")
    text_words: ClassVar = Words(
        "社員のセグメントに属する会員のお買い物は専用の付与率とし、1か月の進呈ポイントに上限を設けます",
        "Members of the staff segment earn at a rate of their own, up to so many points a month",
    )
    percent: Percent
    points_per_month: Count
    segment: Code = "staff"

    def campaign(self) -> Campaign:
        return self._filled(
            effects=(RateEffect("replace", percent=self.percent),),
            conditions=Conditions(segments=(self.segment,)),
            limits=(Limit("points", self.points_per_month, ("member", "month")),),
        )


#: Every template, told apart by ``kind``.
AnyTemplate: TypeAlias = (
    NthPurchase | FirstPurchase | DoubleDays | LimitedPoints | BirthdayMonth | WinBackPurchase | Staff
)
TEMPLATES: tuple[type[Template], ...] = get_args(AnyTemplate)


class Filled(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A template with its parameters, and what every campaign has: code, name, time, a budget in points of all members
    together."""

    code: CampaignCode
    template: AnyTemplate
    name: Text | None = None
    name_en: Text | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    budget: Count | None = None


def fill(asked: Filled) -> Campaign:
    """The campaign of a template that is filled in."""
    made = asked.template.campaign()
    budget = () if asked.budget is None else (Limit("points", asked.budget),)
    name_en = asked.name_en if asked.name_en is not None else "" if asked.name else made.name_en
    return replace(
        made, code=asked.code, name=asked.name or made.name, name_en=name_en, starts_at=asked.starts_at,
        ends_at=asked.ends_at, limits=(*made.limits, *budget),
    )  # fmt: skip


class Parameter(msgspec.Struct, frozen=True):
    """A field to fill in: ``type`` as JSON Schema names it; ``default`` where it may be left out, which is null where
    nothing is."""

    name: str
    type: str
    required: bool
    default: Any
    text: str


_PARAMETERS: dict[str, Words] = {
    "points": Words("進呈するポイント", "points to give"),
    "nth": Words("対象となる回数（例: 3, 5）", "on which purchases, such as 3 and 5"),
    "every": Words("何回ごとに進呈するか", "on every so-manieth purchase"),
    "of": Words(
        "はじめてかどうかを全店で見るか（ever）、店舗・通販ごとに見るか（channel）", "first ever, or by channel"
    ),
    "amount_min": Words("対象金額の下限", "from this amount on"),
    "multiplier": Words("通常ポイントに対する倍率", "how many times the standard points"),
    "days_of_month": Words("毎月の対象日（-1は末日）", "days of the month, -1 the last"),
    "weekdays": Words("対象の曜日", "days of the week"),
    "shops": Words("対象店舗（指定がなければ全店）", "shops; none named: all"),
    "tiers": Words("対象の会員ランク（指定がなければ全員）", "tiers; none named: everybody"),
    "max_points": Words("1回のお買い物で進呈する上限", "at most so many points for one purchase"),
    "percent": Words("対象金額に対する付与率（%）", "percent of the amount"),
    "days": Words("日数", "number of days"),
    "expires_on": Words("ポイントの有効期限（日付で指定する場合）", "the points' last day, instead of days"),
    "times_max": Words("1か月に適用する回数の上限", "so many times a month at most"),
    "points_per_month": Words("1人あたり1か月の進呈上限", "so many points a month for one person at most"),
    "segment": Words("社員を入れておくセグメント", "the segment that staff are put into"),
}


def parameters(template: type[Template], language: str) -> list[Parameter]:
    """What a template asks for."""
    found = []
    for field in msgspec.structs.fields(template):
        [shape], kinds = msgspec.json.schema_components([field.type])
        assert not kinds, "parameters are plain values"
        named = [each for each in shape.get("anyOf", (shape,)) if each.get("type") != "null"]
        default = None if field.default is msgspec.NODEFAULT else field.default
        text = _PARAMETERS[field.name].told(language)
        found.append(Parameter(field.name, named[0].get("type", "string"), field.required, default, text))
    return found
