"""A standing rule as data (``PUT /v1/standing/{code}``): what is given, on which occasion, to whom, how far it goes.

A version is frozen: a change is a new version, and each grant names the one that gave it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar, Literal, TypeAlias

import msgspec
from msgspec import Meta

from goen.earning.campaigns.model import Campaign, CampaignCode, Conditions, Grant, Limit, Moment, PointsEffect
from goen.earning.programme import Code, Count
from goen.vocabulary.fields import Money, Text

Kind = Literal["birthday", "welcome", "visit", "referral", "review", "survey", "win_back"]
Days = Annotated[int, Meta(ge=1, le=3650)]
Some = Annotated[tuple[Code, ...], Meta(max_length=100)]


class _Occasion(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind"):
    """Base of the occasions; their tag is the rule's kind."""

    #: How often one member may have it: in all, or each year, day and so on; for the worst case.
    often: ClassVar[tuple[Literal["member", "day", "shop", "month"], ...]] = ("member",)

    @property
    def kind(self) -> Kind:
        return self.__struct_config__.tag  # type: ignore[return-value] # by construction


class Birthday(_Occasion, frozen=True, tag="birthday"):
    """Once a calendar year (rule 36), whatever the number of rules, on the ``first`` of the month of birth (for who
    joins in it too, made up for in the first 7 days of the next month) or on the ``day``; 29 February is the 28th in
    other years. ``days``: so many, the first included, in which the ``day`` is made up for where nothing could be given
    on it. ``member_days``: only who has been a member for so many days by then. A birth date that is entered later is
    looked at on the next day."""

    on: Literal["first", "day"] = "first"
    days: Annotated[int, Meta(ge=1, le=60)] = 7
    member_days: Annotated[int, Meta(ge=0, le=3650)] = 0


class Welcome(_Occasion, frozen=True, tag="welcome"):
    """Once, on registration. Members who were imported have registered elsewhere, long ago."""


class Visit(_Occasion, frozen=True, tag="visit"):
    """Once per business day and ``shop``, or in the whole ``programme`` (rule 37); ``lock_hours`` have to lie between
    two that count. ``by_code``: members may check in by a code that the shop shows; else staff scan alone."""

    often: ClassVar = ("member", "day")
    per: Literal["shop", "programme"] = "shop"
    lock_hours: Annotated[int, Meta(ge=1, le=720)] | None = None
    by_code: bool = True


class Referral(_Occasion, frozen=True, tag="referral"):
    """The referrer is paid at the friend's first shipped, unreturned order (rule 38), ``hold_days`` after it; the
    friend gets ``friend_points`` with it, or at once (``entered``). The code has to be named within ``enter_days`` of
    joining and before the first purchase, the order to come within ``buy_days`` and to reach ``amount_min``.
    ``referrer_max``: so many friends are paid for."""

    friend_points: Annotated[int, Meta(ge=0, lt=10**9)] = 0
    friend_at: Literal["entered", "bought"] = "bought"
    enter_days: Annotated[int, Meta(ge=0, le=365)] = 7
    buy_days: Days = 90
    hold_days: Annotated[int, Meta(ge=0, le=365)] = 0
    amount_min: Money = 0
    referrer_max: Count | None = 5


class Review(_Occasion, frozen=True, tag="review"):
    """Once per member and subject (a product), when a review is reported. ``subjects``: these alone. ``bought``: only
    who has bought the product (its sku), and not returned the whole sale."""

    subjects: Some = ()
    bought: bool = False


class Survey(_Occasion, frozen=True, tag="survey"):
    """Once per member and survey, when an answer is reported. ``subjects``: these surveys alone."""

    subjects: Some = ()


class WinBack(_Occasion, frozen=True, tag="win_back"):
    """To members whose last purchase is ``days`` ago, once per lapse; not to those who have been away for more than
    ``days_max``."""

    days: Days = 180
    days_max: Days | None = None


#: When a rule gives; told apart by ``kind``.
Occasion: TypeAlias = Birthday | Welcome | Visit | Referral | Review | Survey | WinBack


class Who(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Whom it is for; what is given must all hold, of a list one element does. ``shops``: where it happens (visits,
    reviews, surveys), or where the member joined (the others)."""

    tiers: Some = ()
    segments: Some = ()
    not_segments: Some = ()
    shops: Some = ()


class StandingRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One version of a standing rule. ``points``: for each occasion. ``limits`` are accounts of uses, points or yen per
    member, shop, day or month, or of the rule as a whole. ``grant``: regular or limited points. ``funder`` pays."""

    name: Annotated[str, Meta(min_length=1, max_length=500)]
    points: Count
    when: Occasion
    name_en: Text = ""
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    who: Who = Who()
    grant: Grant = Grant()
    limits: Annotated[tuple[Limit, ...], Meta(max_length=20)] = ()
    funder: Code | None = None

    @property
    def kind(self) -> Kind:
        return self.when.kind

    def named(self, language: str) -> str:
        """Its name in this language."""
        return self.name_en or self.name if language == "en" else self.name

    def rule(self, code: str) -> str:
        """What lots, entries and limits call it: words are found by the kind."""
        return f"{self.kind}:{code}"

    def _times(self) -> int:
        """How often one member may have it, of what comes again with the years, while the rule gives."""
        if self.starts_at is None or self.ends_at is None or self.ends_at <= self.starts_at:
            return 1
        match self.when:
            case Birthday():
                return self.ends_at.year - self.starts_at.year + 1
            case WinBack(days=days):
                return -((self.starts_at - self.ends_at) // timedelta(days=days))
        return 1

    def as_campaign(self, code: str) -> Campaign:
        """The campaign that is like it in cost, funding and law: fixed points for each occasion."""
        often = () if self.kind in ("review", "survey") else (Limit("uses", self._times(), self.when.often),)
        mine = {(each.measure, frozenset(each.per)) for each in self.limits}
        natural = [each for each in often if (each.measure, frozenset(each.per)) not in mine]
        friend = self.when.friend_points if isinstance(self.when, Referral) else 0
        where = Conditions(tiers=self.who.tiers, shops=self.who.shops if self.kind == "visit" else ())
        return Campaign(
            code, self.name, (PointsEffect(self.points + friend),), conditions=where, starts_at=self.starts_at,
            ends_at=self.ends_at, grant=self.grant, limits=(*self.limits, *natural), funder=self.funder,
        )  # fmt: skip


StandingCode = CampaignCode
_decode = msgspec.json.Decoder(StandingRule).decode
to_json = msgspec.json.Encoder(decimal_format="number").encode


def from_json(body: str | bytes) -> StandingRule:
    """Decode a version as it is kept."""
    return _decode(body)
