"""Campaigns as pure rules: a table for every condition and effect, stacking, caps, limits."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from earning.builders import engine, line, sale
from goen.earning import Decision, Facts
from goen.earning.campaigns import Campaigns
from goen.earning.campaigns.catalogue import Change
from goen.earning.campaigns.model import Campaign, from_json, to_json
from goen.earning.campaigns.running import Running
from goen.earning.campaigns.scene import Article, LimitKey, Place, Scene, nothing_drawn
from goen.earning.campaigns.signals import Signal, Signals
from goen.earning.decision import Seen
from goen.earning.programme import CampaignTerms, Tier
from goen.purchases.model import Tender

ZONE = ZoneInfo("Asia/Tokyo")
STORE = Place("shibuya", "store", "関東")
WEB = Place("web", "ec")
NOON = datetime(2026, 11, 23, 3, 30, tzinfo=UTC)  # Monday, a public holiday, 12:30 in Tokyo.
ARTICLES = {
    "B-1": Article("化粧品", "花", "甲", frozenset({"新製品"}), False),
    "B-2": Article("食品", "海", "乙", frozenset(), True),
}


def campaign(code: str = "c", effect: dict[str, Any] | None = None, when: dict[str, Any] | None = None, **more: Any):
    """A campaign; the usual effect is ten points."""
    effects = more.pop("effects", None) or [effect or {"kind": "points", "points": 10}]
    plain = {"code": code, "name": code, "effects": effects, "conditions": when or {}, **more}
    return from_json(msgspec.json.encode(plain))


def decide(
    bought: Any,
    *campaigns: Campaign,
    facts: Facts = Facts(),  # noqa: B008 - frozen
    place: Place = STORE,
    moment: datetime = NOON,
    day: date | None = None,
    drawn: Any = nothing_drawn,
    made: Any = None,
    draws: bool = False,
) -> Any:
    made = made or engine(base="tax_included")
    running = Running(made, campaigns, 1)
    day = day or moment.astimezone(ZONE).date()
    scene = Scene.of(place, moment, day, ZONE)
    priced = made.price(bought, facts.coupon_reduction)
    outcome = running.decide(
        bought, made.evaluate(bought, facts, priced), priced, running.shortlist(bought, scene), scene, ARTICLES, drawn
    )
    return outcome if draws else outcome.decision


def given(decision: Decision) -> dict[str, int]:
    found: dict[str, int] = {}
    for award in decision.awards:
        if award.rule.startswith("campaign:"):
            found[award.rule[9:]] = found.get(award.rule[9:], 0) + award.points
    return found


def reason(decision: Decision, code: str = "c") -> str | None:
    return next((m.reason for m in decision.not_applied if m.rule == f"campaign:{code}"), None)


PLACES = [
    ({"channels": ["store"]}, {}, None),
    ({"channels": ["store"]}, {"place": WEB}, "not_a_store"),
    ({"channels": ["ec"]}, {}, "not_a_web_shop"),
    ({"shops": ["shibuya", "ginza"]}, {}, None),
    ({"shops": ["ginza"]}, {}, "not_this_shop"),
    ({"not_shops": ["shibuya"]}, {}, "not_this_shop"),
    ({"not_shops": ["ginza"]}, {}, None),
    ({"regions": ["関東"]}, {}, None),
    ({"regions": ["関西"]}, {}, "not_this_region"),
    ({"regions": ["関東"]}, {"place": WEB}, "not_this_region"),
]
DAYS = [
    ({"dates": [{"from": "2026-11-23", "to": "2026-11-23"}]}, {}, None),
    ({"dates": [{"from": "2026-11-24"}, {"to": "2026-11-01"}]}, {}, "not_this_day"),
    ({"weekdays": ["mon"]}, {}, None),
    ({"weekdays": ["sat", "sun"]}, {}, "not_this_day"),
    ({"weekdays": ["sun"]}, {"day": date(2026, 11, 22)}, None),  # The business date counts.
    ({"days_of_month": [5, 23]}, {}, None),
    ({"days_of_month": [-1]}, {}, "not_this_day"),
    ({"days_of_month": [-1]}, {"day": date(2026, 2, 28)}, None),
    ({"nth_weekdays": [{"nth": 4, "weekday": "mon"}]}, {}, None),
    ({"nth_weekdays": [{"nth": 3, "weekday": "mon"}]}, {}, "not_this_day"),
    ({"nth_weekdays": [{"nth": -1, "weekday": "mon"}]}, {"day": date(2026, 11, 30)}, None),
    ({"nth_weekdays": [{"nth": -1, "weekday": "mon"}]}, {}, "not_this_day"),
    ({"holidays": "only"}, {}, None),
    ({"holidays": "only"}, {"day": date(2027, 3, 22)}, None),  # 21 March 2027 is a Sunday: a substitute holiday.
    ({"holidays": "only"}, {"day": date(2026, 11, 24)}, "not_this_day"),
    ({"holidays": "except"}, {}, "not_this_day"),
    ({"business_days": True}, {"day": date(2026, 11, 24)}, None),
    ({"business_days": True}, {}, "not_this_day"),
    ({"business_days": False}, {"day": date(2026, 11, 28)}, None),
    ({"hours": [{"from": "12:30", "to": "13:00"}]}, {}, None),
    ({"hours": [{"from": "11:00", "to": "12:30"}]}, {}, "not_this_hour"),
    ({"hours": [{"from": "22:00", "to": "13:00"}]}, {}, None),
    ({"hours": [{"from": "22:00", "to": "02:00"}]}, {"moment": NOON + timedelta(hours=10)}, None),
]
PERSON = Facts(
    tier="gold", purchases=2, channel_purchases=0, last_on=date(2026, 11, 13), birth_month=11, segments=("vip", "a"),
    signals={"weather": Seen("rain", 30), "heat": Seen(31.5, 5), "open": Seen(True, 0)},
)  # fmt: skip
MEMBER = [
    ({"tiers": ["gold"]}, {}, None),
    ({"tiers": ["silver"]}, {}, "not_this_tier"),
    ({"segments": ["vip"]}, {}, None),
    ({"segments": ["b"]}, {}, "not_in_segment"),
    ({"not_segments": ["a"]}, {}, "not_in_segment"),
    ({"not_segments": ["b"]}, {}, None),
    ({"birth_month": True}, {}, None),
    ({"birth_month": True}, {"day": date(2026, 12, 1)}, "not_birth_month"),
    ({"birth_months": [10, 11]}, {}, None),
    ({"birth_months": [1]}, {}, "not_birth_month"),
    ({"birth_month": True}, {"facts": Facts()}, "no_birth_date"),
    ({"first_purchase": "ever"}, {}, "not_first_purchase"),
    ({"first_purchase": "channel"}, {}, None),
    ({"nth_purchase": [3]}, {}, None),
    ({"nth_purchase": [2, 4]}, {}, "not_nth_purchase"),
    ({"every_nth_purchase": 3}, {}, None),
    ({"every_nth_purchase": 2}, {}, "not_nth_purchase"),
    ({"days_since_last_min": 10}, {}, None),
    ({"days_since_last_min": 11}, {}, "too_soon"),
    ({"days_since_last_max": 10}, {}, None),
    ({"days_since_last_max": 9}, {}, "too_late"),
    ({"days_since_last_max": 9}, {"facts": Facts(purchases=0)}, "no_earlier_purchase"),
    ({"signals": [{"name": "weather", "is": ["rain", "snow"]}]}, {}, None),
    ({"signals": [{"name": "weather", "is": ["sun"]}]}, {}, "signal"),
    ({"signals": [{"name": "weather", "is": ["rain"], "max_age_minutes": 29}]}, {}, "signal"),
    ({"signals": [{"name": "heat", "at_least": 30}]}, {}, None),
    ({"signals": [{"name": "heat", "at_least": 30, "at_most": 31}]}, {}, "signal"),
    ({"signals": [{"name": "open", "is": [1]}]}, {}, "signal"),
    ({"signals": [{"name": "unknown", "is": [1]}]}, {}, "signal"),
]
BASKET = (
    line(1, 1000, sku="B-1", quantity=2), line(2, 500, sku="B-2"), line(3, 300, sku="X", category="酒"),
    line(4, 200, points=False),
)  # fmt: skip
CASH, CARD = Tender(kind="cash", amount=1000), Tender(kind="card", amount=1000, brand="goen")
GOODS = [
    ({"products": {"skus": ["B-1", "B-9"]}}, {1}),
    ({"products": {"categories": ["酒"]}}, {3}),
    ({"products": {"categories": ["食品", "化粧品"]}}, {1, 2}),
    ({"products": {"skus": ["B-2", "B-2", "X"]}}, {2, 3}),
    ({"products": {"categories": ["酒", "酒"]}}, {3}),
    ({"products": {"brands": ["花"]}}, {1}),
    ({"products": {"makers": ["乙"]}}, {2}),
    ({"products": {"tags": ["新製品", "x"]}}, {1}),
    ({"products": {"clearance": True}}, {2}),
    ({"products": {"clearance": False}}, {1, 3}),
    ({"products": {"price_min": 500}}, {1, 2}),
    ({"products": {"price_max": 499}}, {3}),
    ({"products": {"categories": ["食品", "化粧品"], "brands": ["海"]}}, {2}),
    ({"not_products": {"clearance": True}}, {1, 3}),
    ({"products": {"price_min": 400}, "not_products": {"skus": ["B-1"]}}, {2}),
    ({"products": {"skus": ["B-9"]}}, set()),
]


@pytest.mark.parametrize(("when", "scene", "why"), PLACES + DAYS)
def test_where_and_when(when, scene, why):
    decision = decide(sale(1000), campaign(when=when), **scene)
    assert (given(decision), reason(decision)) == ({} if why else {"c": 10}, why)


@pytest.mark.parametrize(("when", "scene", "why"), MEMBER)
def test_who_and_what_is_so_outside(when, scene, why):
    decision = decide(sale(1000), campaign(when=when), **{"facts": PERSON, **scene})
    assert (given(decision), reason(decision)) == ({} if why else {"c": 10}, why)


@pytest.mark.parametrize(("when", "numbers"), GOODS)
def test_which_lines_count(when, numbers):
    per_line = campaign(when=when, effect={"kind": "points", "points": 1, "per": "line"})
    decision = decide(sale(*BASKET), per_line)
    assert sum(given(decision).values()) == len(numbers)
    if numbers:
        lines = decision.campaigns[0].lines
        assert {n for n in lines if n != 4} == numbers
    else:
        assert reason(decision) == "no_matching_goods"


PAID = [
    ({"tenders": ["card"]}, {"tenders": (CARD,)}, None),
    ({"tenders": ["card"]}, {"tenders": (CASH,)}, "other_tender"),
    ({"tenders": ["card"]}, {}, "other_tender"),
    ({"tenders": ["card"]}, {"tenders": (CARD, CASH)}, "mixed_tenders"),
    ({"brands": ["goen"]}, {"tenders": (CARD,)}, None),
    ({"brands": ["other"]}, {"tenders": (CARD,)}, "other_tender"),
    ({"coupons": False}, {"coupons": ("X",)}, "with_coupon"),
    ({"coupons": True}, {}, "without_coupon"),
    ({"coupons": True}, {"coupons": ("X",)}, None),
    ({"coupons": False}, {}, None),
    ({"amount_min": 1000}, {}, None),
    ({"amount_min": 1001}, {"short": True}, "below_amount"),
    ({"amount_max": 999}, {}, "above_amount"),
    ({"amount_max": 1000}, {}, None),
    ({"quantity_min": 2}, {}, "below_quantity"),
    ({"quantity_min": 1}, {}, None),
]


@pytest.mark.parametrize(("when", "fields", "why"), PAID)
def test_how_it_is_paid_and_how_much(when, fields, why):
    fields = dict(fields)
    fields.pop("short", None)
    total = sum(tender.amount for tender in fields.get("tenders", ()))
    decision = decide(sale(total or 1000, **fields), campaign(when=when))
    assert reason(decision) == why


EFFECTS = [
    ({"kind": "rate", "multiplier": 2}, 18),
    ({"kind": "rate", "multiplier": 1.5}, 9),
    ({"kind": "rate", "mode": "add", "multiplier": 3}, 54),
    ({"kind": "rate", "mode": "add", "percent": 5}, 90),
    ({"kind": "rate", "mode": "add", "percent": 0.25}, 4),
    ({"kind": "rate", "mode": "replace", "percent": 3}, 54),
    ({"kind": "rate", "mode": "replace", "multiplier": 0.5}, 9),
    ({"kind": "points", "points": 7}, 7),
    ({"kind": "points", "points": 7, "per": "line"}, 21),
    ({"kind": "points", "points": 7, "per": "unit"}, 28),
    ({"kind": "steps", "steps": [{"from": 1000, "points": 5}, {"from": 1800, "points": 12}]}, 12),
    ({"kind": "steps", "steps": [{"from": 1801, "points": 5}]}, 0),
    ({"kind": "steps", "of": "quantity", "steps": [{"from": 4, "points": 5}, {"from": 5, "points": 9}]}, 5),
    ({"kind": "every", "amount": 500, "points": 4}, 12),
    ({"kind": "every", "amount": 500, "points": 4, "times_max": 2}, 8),
    ({"kind": "every", "of": "quantity", "amount": 2, "points": 3}, 6),
]


COUPONS = [({"kind": "coupon", "coupon": "haru"}, "haru")]


@pytest.mark.parametrize(("effect", "kind"), COUPONS)
def test_a_coupon_is_issued_beside_the_points_unless_its_kind_is_over(effect, kind):
    decision = decide(sale(*BASKET), campaign(effect=effect))
    assert [(a.coupon, a.coupons, a.points) for a in decision.awards if a.rule == "campaign:c"] == [(kind, 1, 0)]
    over = decide(sale(*BASKET), campaign(effect=effect), facts=Facts(kinds_over=frozenset({kind})))
    assert (given(over), reason(over)) == ({}, "coupon_over")


@pytest.mark.parametrize(("effect", "points"), EFFECTS)
def test_what_each_effect_gives_for_1800_yen_of_four_pieces_on_three_lines(effect, points):
    decision = decide(sale(*BASKET), campaign(effect=effect))
    assert sum(given(decision).values()) == points
    own = sum(award.points for award in decision.awards if not award.rule.startswith("campaign:"))
    assert own == (0 if effect.get("mode") == "replace" else 18)
    assert decision.earned == own + points


def test_rule_6_a_multiplied_rate_keeps_the_categories_factors_and_a_replacing_one_does_not():
    made = engine(base="tax_included", categories={"酒": Decimal("0.5"), "塩": Decimal(0)})
    bought = sale(line(1, 1000), line(2, 1000, category="酒"), line(3, 1000, category="塩"))
    double = decide(bought, campaign(effect={"kind": "rate", "multiplier": 2}), made=made)
    assert [(a.rule, a.category, a.points) for a in double.awards] == [
        ("base", None, 10), ("category:酒", "酒", 5), ("campaign:c", None, 10), ("campaign:c", "酒", 5),
    ]  # fmt: skip
    instead = decide(bought, campaign(effect={"kind": "rate", "mode": "replace", "percent": 2}), made=made)
    assert [(a.rule, a.base, a.points) for a in instead.awards] == [("campaign:c", 2000, 40)]


def test_rule_8_a_tier_keeps_what_is_on_top_of_the_base():
    made = engine(base="tax_included", tiers={"gold": Tier("ゴールド", Decimal(1))})
    decision = decide(
        sale(1000), campaign(effect={"kind": "rate", "multiplier": 2}), made=made, facts=Facts(tier="gold")
    )
    assert [(a.rule, a.points) for a in decision.awards] == [("base", 10), ("tier:gold", 10), ("campaign:c", 10)]


def points(code: str, number: int, **stacking: Any) -> Campaign:
    return campaign(code, {"kind": "points", "points": number}, stacking=stacking)


STACKS = [
    ((points("a", 5), points("b", 7)), "best", {"a": 5, "b": 7}, {}),
    ((points("a", 5, group="g"), points("b", 7, group="g"), points("d", 1)), "best", {"b": 7, "d": 1},
     {"a": "same_group"}),
    ((points("a", 5, group="g", priority=1), points("b", 7, group="g")), "priority", {"a": 5}, {"b": "same_group"}),
    ((points("a", 5, group="g"), points("b", 5, group="g")), "best", {"a": 5}, {"b": "same_group"}),
    ((points("a", 9, exclusive=True), points("b", 5), points("d", 5)), "best", {"b": 5, "d": 5}, {"a": "exclusive"}),
    ((points("a", 11, exclusive=True), points("b", 5), points("d", 5)), "best", {"a": 11},
     {"b": "exclusive", "d": "exclusive"}),
    ((points("a", 9, exclusive=True, priority=2), points("b", 50)), "priority", {"a": 9}, {"b": "exclusive"}),
    ((points("a", 9, exclusive=True), points("b", 8, exclusive=True)), "best", {"a": 9}, {"b": "exclusive"}),
]  # fmt: skip


@pytest.mark.parametrize(("campaigns", "choose", "expected", "missed"), STACKS)
def test_rule_6_groups_exclusives_and_priority(campaigns, choose, expected, missed):
    made = engine(base="tax_included", campaigns=CampaignTerms(choose=choose))
    decision = decide(sale(1000), *campaigns, made=made)
    assert given(decision) == expected
    assert {code: reason(decision, code) for code in missed} == missed


def test_a_line_that_one_has_consumed_is_gone_for_the_next():
    per_line = {"kind": "points", "points": 1, "per": "line"}
    first = campaign("a", per_line, {"products": {"skus": ["B-1"]}}, stacking={"priority": 1, "consumes_lines": True})
    second = campaign("b", per_line)
    third = campaign("d", per_line, {"products": {"skus": ["B-1"]}})
    decision = decide(sale(*BASKET), first, second, third)
    assert given(decision) == {"a": 1, "b": 2}
    assert reason(decision, "d") == "lines_used"
    assert decision.campaigns[1].lines == (2, 3, 4)


def test_of_two_replacing_rates_a_line_has_the_first():
    def rate(code: str, percent: int, **more: Any) -> Campaign:
        return campaign(code, {"kind": "rate", "mode": "replace", "percent": percent}, **more)

    decision = decide(
        sale(*BASKET),
        rate("a", 1, stacking={"priority": 1}, when={"products": {"skus": ["B-1"]}}),
        rate("b", 10),
    )
    assert given(decision) == {"a": 10, "b": 80}
    assert decision.earned == 90


@pytest.mark.parametrize(
    ("terms", "own", "expected"),
    [
        ({}, 30, {"a": 30, "b": 40}),
        ({"max_points": 50}, None, {"a": 40, "b": 10}),
        ({"max_points": 40}, None, {"a": 40}),
        ({"max_percent": 3}, None, {"a": 30}),
    ],
)
def test_caps_of_one_campaign_and_of_all(terms, own, expected):
    made = engine(base="tax_included", campaigns=CampaignTerms(**terms))
    first = campaign("a", {"kind": "points", "points": 40}, stacking={"priority": 1}, max_points=own)
    decision = decide(sale(1000), first, campaign("b", {"kind": "points", "points": 40}), made=made)
    assert given(decision) == expected
    if "b" not in expected:
        assert reason(decision, "b") == "campaigns_cap"


@pytest.mark.parametrize(
    ("limit", "taken", "value", "granted", "draw"),
    [
        ({"measure": "points", "most": 100}, 0, "1", 40, 40),
        ({"measure": "points", "most": 100}, 75, "1", 25, 25),
        ({"measure": "points", "most": 100}, 100, "1", None, None),
        ({"measure": "points", "most": 100}, 130, "1", None, None),
        ({"measure": "uses", "most": 3}, 2, "1", 40, 1),
        ({"measure": "uses", "most": 3}, 3, "1", None, None),
        ({"measure": "yen", "most": 100}, 85, "0.5", 30, 15),
        ({"measure": "yen", "most": 100}, 100, "0.5", None, None),
        ({"measure": "yen", "most": 100}, 98, "3", None, None),
    ],
)
def test_limits_grant_what_is_left(limit, taken, value, granted, draw):
    made = engine(base="tax_included", point_value=Decimal(value))
    one = campaign(effect={"kind": "points", "points": 40}, limits=[limit])
    outcome = decide(sale(1000), one, made=made, drawn=lambda _: taken, draws=True)
    assert given(outcome.decision) == ({} if granted is None else {"c": granted})
    assert [each.amount for each in outcome.draws] == ([] if draw is None else [draw])
    if granted is None:
        assert reason(outcome.decision) == "limit_reached"
    else:
        assert outcome.decision.awards[-1].granted == (None if granted == 40 else granted)


def test_a_limits_account_has_the_name_of_its_scope():
    limits = [
        {"measure": "points", "most": 9},
        {"measure": "uses", "most": 9, "per": ["member"]},
        {"measure": "yen", "most": 99, "per": ["day", "shop"]},
        {"measure": "uses", "most": 9, "per": ["member", "month"]},
    ]
    outcome = decide(sale(1000), campaign(effect={"kind": "points", "points": 4}, limits=limits), draws=True)
    assert [each.key for each in outcome.draws] == [
        LimitKey(True, "campaign:c/points/all", ""),
        LimitKey(False, "campaign:c/uses/member", ""),
        LimitKey(True, "campaign:c/yen/day+shop", "2026-11-23/shibuya"),
        LimitKey(False, "campaign:c/uses/member+month", "2026-11"),
    ]


def test_a_campaign_survives_the_way_through_json():
    effect = {"kind": "rate", "mode": "add", "percent": 0.3}
    signals = [{"name": "heat", "at_least": 30.5}, {"name": "open", "is": [True, "x", 3]}]
    one = campaign(effect=effect, when={"signals": signals, "hours": [{"from": "22:00", "to": "24:00"}]})
    assert from_json(to_json(one)) == one
    assert one.effects[0].percent == Decimal("0.3")


def at(hours: int) -> datetime:
    return NOON + timedelta(hours=hours)


def test_the_last_change_known_that_has_come_into_effect_counts():
    made = engine()
    catalogue = Campaigns()
    one, two = campaign(), msgspec.structs.replace(campaign(), version=2)
    catalogue.add([one, two], [Change(1, "c", 1, at(0), "live"), Change(2, "c", 2, at(10), "live")])

    def live(hours: int, as_of: int | None = None) -> list[int]:
        running = catalogue.running(made, at(hours), as_of)
        return [] if running is None else [each.campaign.version for each in running.compiled]

    assert [live(-1), live(0), live(9), live(10)] == [[], [1], [1], [2]]
    catalogue.add([], [Change(3, "c", 1, at(5), "stop")])
    assert [live(4), live(5), live(11)] == [[1], [], []]
    # A decision that pinned an earlier change is decided again by what was known then.
    assert [live(5, 1), live(11, 2), live(11, 0)] == [[1], [2], []]


def test_dates_of_a_campaign_bound_the_instants_of_its_sales():
    catalogue = Campaigns()
    bounds = {"starts_at": at(1).isoformat(), "ends_at": at(2).isoformat()}
    catalogue.add([campaign(**bounds)], [Change(1, "c", 1, at(0), "live")])
    made = engine()
    found = [catalogue.running(made, at(1) + timedelta(seconds=s)) is not None for s in (-1, 0, 3599, 3600)]
    assert found == [False, True, True, False]


def test_signals_are_those_of_the_shop_else_the_region_else_everywhere_at_the_sales_moment():
    signals = Signals()
    signals.add([
        Signal(1, "weather", "", at(-5), "sun"),
        Signal(2, "weather", "関東", at(-3), "rain"),
        Signal(3, "weather", "shibuya", at(1), "snow"),
        Signal(4, "weather", "関東", at(-3), "drizzle"),
    ])  # fmt: skip

    def seen(place: Place, hours: int) -> Seen | None:
        return signals.seen(["weather"], Scene(place, at(hours), NOON.date(), 0)).get("weather")

    assert seen(STORE, 0) == Seen("drizzle", 180)
    assert seen(STORE, 2) == Seen("snow", 60)
    assert seen(WEB, 0) == Seen("sun", 300)
    assert seen(STORE, -6) is None
