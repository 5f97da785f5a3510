"""The members' rules and the engine cannot part ways: every setting is told, and who reads the text alone gets the
engine's points."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any, get_type_hints
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earning.builders import programmes
from goen.earning import Programme
from goen.earning.campaigns.model import Campaign, Conditions, PointsEffect
from goen.earning.checks import validate
from goen.earning.expiry import expires_on
from goen.earning.programme import Boost, Earning, Expiry, Threshold, Tier
from goen.earning.rules_example import EXAMPLE_DAY
from goen.earning.rules_text import offers, text
from goen.earning.tiers.model import Ladder, Level, Pause, Window

#: Settings that no member feels, and why.
UNTOLD = {
    "version": "the version itself", "starts_at": "the version itself", "currency": "that of the books",
    "name": "stands above the text", "language": "both are written",
    "campaigns.choose": "which of two offers counts is told with each sale",
    "campaigns.approval_above": "between the retailer's own people", "campaigns.points_usable": "a matter of law",
    "notices.channels": "the text names what the member has agreed to", "notices.from_hour": "a courtesy",
    "notices.until_hour": "a courtesy",
    "adjustment_approval_above": "between the retailer's own people",
    "fiscal_year_start_month": "of the books", "earning.thresholds[].code": "a code",
}  # fmt: skip

_LADDER = Ladder((Level("silver", 100), Level("gold", 200)), evaluation_days=("06-07",))
_TIERS = {"silver": Tier("シルバー", Decimal("0.5")), "gold": Tier("ゴールド", Decimal(1))}
BASE = Programme(
    earning=Earning(
        categories={"酒": Decimal(0)}, brands={"visa": Boost(Decimal(1))}, tenders={"qr": Boost(Decimal(1))},
        shops={"a": Boost(Decimal(1))}, thresholds=(Threshold("t", 5000, 500),),
    ),
    tiers=_TIERS,
    tier_programmes={"main": _LADDER},
)  # fmt: skip


def changed(path: str, value: Any) -> Programme:
    """The programme with another value at a path; ``[]`` is the first of a list, ``{}`` of a dictionary."""

    def put(whole: Any, steps: list[str]) -> Any:
        name, kind = re.fullmatch(r"(\w+)(\[\]|{})?", steps[0]).groups()  # type: ignore[union-attr]
        inner = getattr(whole, name)
        if kind == "[]":
            inner = (put(inner[0], steps[1:]), *inner[1:]) if steps[1:] else value
        elif kind == "{}" and steps[1:]:
            first = next(iter(inner))
            inner = {**inner, first: put(inner[first], steps[1:])}
        else:
            inner = put(inner, steps[1:]) if steps[1:] else value
        return msgspec.structs.replace(whole, **{name: inner})

    return put(BASE, path.split("."))


def leaves(kind: Any, path: str = "") -> list[str]:
    """Every setting that a programme version has, as a path."""
    found = []
    for name, hint in get_type_hints(kind).items():
        inner = _struct_in(hint)
        mark = "{}" if "dict" in str(hint) else "[]" if "tuple" in str(hint) and inner else ""
        found += leaves(inner, f"{path}{name}{mark}.") if inner else [f"{path}{name}"]
    return found


def _struct_in(hint: Any) -> Any:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint
    return next((inner for each in getattr(hint, "__args__", ()) if (inner := _struct_in(each))), None)


TOLD: dict[str, Any] = {
    "earning.unit_amount": 200, "earning.unit_points": 2, "earning.percent": Decimal(1), "earning.base": "tax_included",
    "earning.rounding": "half_up", "earning.place": "unit", "earning.point_paid": "included",
    "earning.discounts_lower_base": False, "earning.coupons_lower_base": False,
    "earning.categories": {"酒": Decimal(2)},
    "earning.brands{}.multiplier": Decimal(3), "earning.brands{}.mode": "replace",
    "earning.tenders{}.multiplier": Decimal(3), "earning.tenders{}.mode": "replace",
    "earning.shops{}.multiplier": Decimal(3), "earning.shops{}.mode": "replace",
    "earning.combine": "max", "earning.precedence": ("shop", "tier", "tender", "brand"),
    "earning.thresholds[].amount": 6000, "earning.thresholds[].points": 600,
    "point_value": Decimal(2), "use.min": 10, "use.unit": 10, "use.max": 500, "use.max_percent": 50,
    "use.excluded_categories": ("たばこ",), "use.postage": False,
    "returns.expired_used": "grace", "returns.partial": "pro_rata", "returns.shortage": "money",
    "returns.thresholds": "keep",
    "joining.register_within_days": 30, "joining.provisional_spend": True, "joining.card_claim_max": 500,
    "joining.card_claims_per_member": 2,
    "tiers{}.name": "ブロンズ", "tiers{}.multiplier": Decimal(3), "tiers{}.mode": "replace",
    "tier_programmes{}.levels[].tier": "gold", "tier_programmes{}.levels[].reach": 50,
    "tier_programmes{}.levels[].keep": 50, "tier_programmes{}.levels[].for_good": True,
    "tier_programmes{}.measure": "count", "tier_programmes{}.tax": "included",
    "tier_programmes{}.window.kind": "lifetime", "tier_programmes{}.window.months": 6,
    "tier_programmes{}.window.days": 90, "tier_programmes{}.up": "evaluation",
    "tier_programmes{}.evaluation_days": ("01",), "tier_programmes{}.hold_cycles": 1,
    "tier_programmes{}.fall": "one_level",
    "campaigns.max_points": 500, "campaigns.max_percent": 20, "terms.notice_days": 30,
    "provisional_days": 7, "claim_window_days": 60, "unproven_spend_per_day": 0,
    "notices.days": (14,), "expiry.mode": "none", "expiry.months": 6, "expiry.limited_days": 60,
}  # fmt: skip
#: Settings that say something only beside others: the programme without and with.
BESIDE: dict[str, tuple[Programme, Programme]] = {
    "expiry.days": (Programme(expiry=Expiry("days")), Programme(expiry=Expiry("days", days=90))),
    "expiry.years": (Programme(expiry=Expiry("fiscal_year")), Programme(expiry=Expiry("fiscal_year", years=2))),
    "expiry.year_start_month": (
        Programme(expiry=Expiry("fiscal_year")), Programme(expiry=Expiry("fiscal_year", year_start_month=3)),
    ),
    "expiry.slide_to": (
        Programme(expiry=Expiry("sliding")), Programme(expiry=Expiry("sliding", slide_to="end_of_month_before")),
    ),
    "expiry.activity": (
        Programme(expiry=Expiry("sliding")), Programme(expiry=Expiry("sliding", activity=("purchase", "use"))),
    ),
    "returns.grace_days": (
        changed("returns.expired_used", "grace"),
        msgspec.structs.replace(
            BASE, returns=msgspec.structs.replace(BASE.returns, expired_used="grace", grace_days=7)
        ),
    ),
    "tier_programmes{}.window.first_month": (
        changed("tier_programmes{}.window", Window("year")),
        changed("tier_programmes{}.window", Window("year", first_month=1)),
    ),
    "tier_programmes{}.up_after_days": (
        changed("tier_programmes{}.up", "daily"),
        changed("tier_programmes", {"main": msgspec.structs.replace(_LADDER, up="daily", up_after_days=7)}),
    ),
    "tier_programmes{}.pauses[].first": (
        BASE, changed("tier_programmes{}.pauses", (Pause(date(2026, 1, 1), date(2026, 3, 31)),)),
    ),
    "tier_programmes{}.pauses[].last": (
        changed("tier_programmes{}.pauses", (Pause(date(2026, 1, 1), date(2026, 3, 31)),)),
        changed("tier_programmes{}.pauses", (Pause(date(2026, 1, 1), date(2026, 4, 30)),)),
    ),
    "tier_programmes{}.name": (
        changed("tier_programmes", {"a": _LADDER, "b": _LADDER}),
        changed("tier_programmes", {"a": _LADDER, "b": msgspec.structs.replace(_LADDER, name="ステージ")}),
    ),
}  # fmt: skip


def test_every_setting_is_told_or_said_to_concern_no_member():
    assert set(leaves(Programme)) == {*TOLD, *BESIDE, *UNTOLD}


@pytest.mark.parametrize("path", [*TOLD, *BESIDE])
@pytest.mark.parametrize("language", ["ja", "en"])
def test_another_setting_reads_otherwise(path, language):
    before, after = BESIDE.get(path) or (BASE, changed(path, TOLD[path]))
    assert text(before, language) != text(after, language)


# A reader who has nothing but the text -----------------------------------------------------------


class Reader:
    """Works out what the worked examples earn from the sentences of the Japanese text alone."""

    #: The goods of the example: amount with tax, tax rate.
    GOODS = ((1980, 10), (598, 8))

    def __init__(self, rules: str) -> None:
        self.rules = rules
        rate = re.search(r"の([\d.]+)%をポイントとして", rules) or re.search(
            r"([\d,]+)円につき([\d.]+)ポイントを", rules
        )
        assert rate is not None
        self.rate = [Decimal(each.replace(",", "")) for each in rate.groups()]
        self.untaxed = "お買い上げ金額（税抜）" in rules
        cut = re.search(r"の端数は(切り捨て|四捨五入し|切り上げ)ます", rules)
        assert cut is not None
        self.cut = {"切り捨て": ROUND_FLOOR, "四捨五入し": ROUND_HALF_UP, "切り上げ": ROUND_CEILING}[cut[1]]
        self.apart = "1回のお会計の合計金額で計算" not in rules

    def _whole(self, value: Decimal) -> Decimal:
        return value.quantize(Decimal(1), self.cut)

    def _rated(self, base: Decimal, times: Decimal) -> Decimal:
        if len(self.rate) == 1:
            return self._whole(base * self.rate[0] * times / 100)
        return self._whole(self._whole(base / self.rate[0]) * self.rate[1] * times)

    def earns(self, paid: int = 0, tier: str | None = None) -> int:
        """Points for the goods of the example, with so many yen of them paid by points."""
        if paid and "ポイントでお支払いの分には、ポイントは付きません" not in self.rules:
            paid = 0
        whole = sum(amount for amount, _ in self.GOODS)
        shares = [paid * amount // whole for amount, _ in self.GOODS]
        by_rest = sorted(range(2), key=lambda i: -(paid * self.GOODS[i][0] % whole))
        for i in by_rest[: paid - sum(shares)]:
            shares[i] += 1
        bases = []
        for (amount, rate), share in zip(self.GOODS, shares, strict=True):
            value = amount - share
            bases.append(Decimal(value - value * rate // (100 + rate) if self.untaxed else value))
        groups = bases if self.apart else [sum(bases, Decimal(0))]
        parts = [Decimal(1)]
        if tier is not None:
            said = re.search(
                rf"「{tier}」会員特典: 通常(?:ポイント)?の([\d.]+)倍(を上乗せ|のポイントになります)", self.rules
            )
            assert said is not None
            parts = [Decimal(1), Decimal(said[1])] if said[2] == "を上乗せ" else [Decimal(said[1])]
        return int(sum(self._rated(group, part) for part in parts for group in groups))


@given(programmes)
def test_who_reads_the_text_alone_gets_the_engines_points(made):
    rules = text(made, "ja")
    reader = Reader(rules)
    told = re.search(r"商品をお買い上げの場合、([\d,]+)ポイントが付きます", rules)
    assert told is not None
    assert int(told[1].replace(",", "")) == reader.earns()
    gold = re.search(r"同じお買い上げで「ゴールド」会員の方は、([\d,]+)ポイントが付きます", rules)
    assert gold is not None
    assert int(gold[1].replace(",", "")) == reader.earns(tier="ゴールド")
    used = re.search(
        r"のお会計（([\d,]+)円）で([\d,]+)ポイントをご利用の場合、お支払いは([\d,]+)円、付くポイントは([\d,]+)", rules
    )
    worth = re.search(r"([\d,]+)ポイント＝([\d,]+)円", rules)
    assert worth is not None
    if used is not None:
        total, points, left, earned = (int(each.replace(",", "")) for each in used.groups())
        paid = points * int(worth[2].replace(",", "")) // int(worth[1].replace(",", ""))
        assert (total, left) == (2578, 2578 - paid)
        assert earned == reader.earns(paid)
    # The English text tells the same figures.
    assert f"{told[1]} point" in text(made, "en")


def test_a_text_that_promises_something_else_is_noticed():
    rules = text(Programme(), "ja")
    for one, other in (
        ("100円につき1ポイント", "200円につき1ポイント"),
        ("切り捨て", "切り上げ"),
        ("（税抜）", "（税込）"),
    ):
        assert Reader(rules.replace(one, other)).earns() != Reader(rules).earns() == 23


@given(
    st.builds(
        Expiry,
        mode=st.sampled_from(["days", "months", "month_end", "fiscal_year", "sliding", "none"]),
        days=st.integers(1, 2000), months=st.integers(1, 60), years=st.integers(0, 10),
        year_start_month=st.integers(1, 12), slide_to=st.sampled_from(["same_day", "end_of_month_before"]),
    )
)  # fmt: skip
def test_the_last_day_of_the_example_is_the_engines(expiry):
    made = Programme(expiry=expiry)
    last = expires_on(made, EXAMPLE_DAY)
    told = re.search(r"2026年4月15日に付いたポイントは、(\d+)年(\d+)月(\d+)日の23時59分59秒まで", text(made, "ja"))
    assert (None if told is None else date(*map(int, told.groups()))) == last


@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=4, unique=True), st.sampled_from(["amount", "count", "points"])
)
def test_the_example_of_tiers_is_what_the_ladder_decides(reaches, measure):
    names = [f"ランク{i}" for i in range(len(reaches))]
    ladder = Ladder(tuple(Level(n, r) for n, r in zip(names, sorted(reaches), strict=True)), measure=measure)
    made = Programme(tiers={name: Tier(name) for name in names}, tier_programmes={"main": ladder})
    assert [each for each in validate(made) if each.level == "error"] == []
    told = re.search(r"例: .*が([\d,]+).*の方は(\S+)、([\d,]+).*の方は(\S+)です。", text(made, "ja"))
    assert told is not None
    for measured, tier in ((told[1], told[2]), (told[3], told[4])):
        decided = ladder.tier(ladder.reached(int(measured.replace(",", ""))))
        assert tier == (f"「{decided}」" if decided else "ランクなし")


def test_campaigns_are_told_by_name_and_time_but_not_those_of_chosen_members():
    zone = ZoneInfo("Asia/Tokyo")
    effects = (PointsEffect(100),)
    some = [
        Campaign("a", "雨の日2倍", effects, name_en="Rainy day double"),
        Campaign(
            "b", "年末祭", effects, starts_at=datetime(2026, 12, 9, 15, tzinfo=UTC),
            ends_at=datetime(2026, 12, 31, 9, tzinfo=UTC),
        ),
        Campaign("c", "お久しぶり", effects, conditions=Conditions(segments=("sleeping",))),
    ]  # fmt: skip
    assert offers(some, "ja", zone) == ["雨の日2倍", "年末祭（2026年12月10日〜2026年12月31日18:00）"]
    assert offers(some, "en", zone)[0] == "Rainy day double"
    assert offers(some, "en", zone)[1] == "年末祭 (from 10 December 2026 until 31 December 2026, 18:00)"
