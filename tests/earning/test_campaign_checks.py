"""What is said of a campaign before it goes live: its worst case, whom it meets, and the law (rules 53, 54)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest

from earning.test_campaigns import STORE, WEB, campaign
from goen.earning.campaigns.checks import Issued, of_places, overlaps, unissuable, validate
from goen.earning.campaigns.cost import needs_approval, worst_case
from goen.earning.campaigns.law import law
from goen.earning.campaigns.model import Conditions
from goen.earning.campaigns.scene import Place
from goen.earning.coupons.model import AmountOff, CouponKind, FreePostage, Gift, PercentOff, PointsTimes, Uses
from goen.earning.programme import CampaignTerms, Programme, Tier
from goen.earning.words import problem_text

ZONE = ZoneInfo("Asia/Tokyo")
PLACES = [STORE, Place("ginza", "store", "関東"), WEB]
WEEK = {"starts_at": "2026-12-01T00:00:00+09:00", "ends_at": "2026-12-07T23:59:59+09:00"}
PER_SHOP = [{"measure": "points", "most": 9, "per": ["shop"]}]
PER_MEMBER = [{"measure": "uses", "most": 1, "per": ["member"]}]
PER_DAY_AND_SHOP = [{"measure": "points", "most": 9, "per": ["day", "shop"]}]
RATE = {"kind": "rate", "multiplier": 2}
FIXED = {"kind": "points", "points": 30}
NOW, DAY = datetime(2026, 12, 1, tzinfo=UTC), timedelta(days=1)


@pytest.mark.parametrize(
    ("fields", "points", "bound"),
    [
        ({"effect": RATE}, None, None),
        ({"effect": FIXED}, None, None),
        ({"effect": RATE, "limits": [{"measure": "points", "most": 500}]}, 500, "points/all"),
        ({"effect": RATE, "limits": [{"measure": "yen", "most": 500}]}, 1000, "yen/all"),
        ({"effect": RATE, "limits": [{"measure": "uses", "most": 500}]}, None, None),
        ({"effect": FIXED, "limits": [{"measure": "uses", "most": 5}]}, 150, "uses/all"),
        ({"effect": RATE, "max_points": 40, "limits": [{"measure": "uses", "most": 5}]}, 200, "uses/all"),
        ({"effect": FIXED, "limits": PER_MEMBER, **WEEK}, 3000, "uses/member"),
        # While it runs on, people go on joining.
        ({"effect": FIXED, "limits": PER_MEMBER}, None, None),
        ({"effect": FIXED, "limits": [{**PER_MEMBER[0], "per": ["member", "shop"]}]}, None, None),
        ({"effect": FIXED, "limits": [*PER_MEMBER, {"measure": "points", "most": 9000}]}, 9000, "points/all"),
        ({"effect": RATE, "limits": PER_SHOP}, 27, "points/shop"),
        (
            {"effect": RATE, "when": {"channels": ["store"]}, "limits": PER_SHOP},
            18,
            "points/shop",
        ),
        ({"effect": RATE, "limits": [{"measure": "points", "most": 9, "per": ["day"]}]}, None, None),
        ({"effect": RATE, "limits": PER_DAY_AND_SHOP, **WEEK}, 189, "points/day+shop"),
        (
            {"effect": FIXED, "limits": [{"measure": "points", "most": 70}, {"measure": "uses", "most": 2}]},
            60,
            "uses/all",
        ),
    ],
)  # fmt: skip
def test_the_worst_case_is_the_tightest_limit_over_members_shops_and_days(fields, points, bound):
    programme = Programme(point_value=Decimal("0.5"))
    worst = worst_case(campaign(**fields), programme, members=100, places=PLACES, zone=ZONE)
    assert (worst.points, worst.bound) == (points, bound)
    assert worst.yen == (None if points is None else points // 2)


@pytest.mark.parametrize(
    ("above", "most", "needed"), [(None, None, False), (100, None, True), (100, 101, True), (100, 100, False)]
)
def test_a_second_person_is_needed_above_the_limit_or_without_a_bound(above, most, needed):
    programme = Programme(campaigns=CampaignTerms(approval_above=above))
    limits = [] if most is None else [{"measure": "points", "most": most}]
    worst = worst_case(campaign(limits=limits), programme, members=1, places=PLACES, zone=ZONE)
    assert needs_approval(programme, worst) is needed


@pytest.mark.parametrize(
    ("one", "other", "how"),
    [
        ({}, {}, "add"),
        ({"stacking": {"group": "g"}}, {"stacking": {"group": "g"}}, "group"),
        ({"stacking": {"group": "g"}}, {"stacking": {"group": "h"}}, "add"),
        ({}, {"stacking": {"exclusive": True}}, "exclusive"),
        ({"when": {"channels": ["ec"]}}, {"when": {"channels": ["store"]}}, None),
        ({"when": {"regions": ["関東"]}}, {"when": {"shops": ["web"]}}, None),
        ({"when": {"regions": ["関東"]}}, {"when": {"shops": ["ginza"]}}, "add"),
        ({"when": {"weekdays": ["mon"]}}, {"when": {"weekdays": ["tue"]}}, None),
        ({"when": {"tiers": ["gold"]}}, {"when": {"tiers": ["silver"]}}, None),
        ({"when": {"holidays": "only"}}, {"when": {"holidays": "except"}}, None),
        ({"when": {"products": {"skus": ["A"]}}}, {"when": {"products": {"skus": ["B"]}}}, "add"),
        (WEEK, {"starts_at": "2026-12-08T00:00:00+09:00"}, None),
        (WEEK, {"starts_at": "2026-12-07T00:00:00+09:00"}, "add"),
    ],
)
def test_campaigns_overlap_where_one_sale_may_meet_both(one, other, how):
    found = overlaps(campaign("a", **one), [campaign("b", **other)], PLACES)
    assert [each.how for each in found] == ([] if how is None else [how])


@pytest.mark.parametrize(
    ("effect", "floor", "warned"),
    [
        ({"kind": "points", "points": 200}, None, False),
        ({"kind": "points", "points": 201}, None, True),
        ({"kind": "points", "points": 400}, 2000, False),
        ({"kind": "points", "points": 401}, 2000, True),
        ({"kind": "rate", "multiplier": 20}, None, False),
        ({"kind": "rate", "multiplier": 21}, None, True),
        ({"kind": "rate", "mode": "add", "percent": 20.5}, None, True),
        ({"kind": "steps", "steps": [{"from": 5000, "points": 1000}]}, None, False),
        ({"kind": "every", "amount": 1000, "points": 201}, None, True),
    ],
)
def test_rule_53_points_that_others_take_are_premiums_with_caps(effect, floor, warned):
    one = campaign(effect=effect, when={"amount_min": floor})
    told = law(one, Programme(campaigns=CampaignTerms(points_usable="others")), {})
    assert (told.premiums, told.warnings) == ("premium", ("premium_above_cap",) if warned else ())
    own = law(one, Programme(), {})
    assert (own.premiums, own.payment_services, own.warnings) == ("discount", "outside", ())


COUPON = {"kind": "coupon", "coupon": "next"}


@pytest.mark.parametrize(
    ("effect", "floor", "warned"),
    [
        (AmountOff(200), None, None),
        (AmountOff(201), None, "premium_above_cap"),
        (AmountOff(400), 2000, None),
        (AmountOff(401), 2000, "premium_above_cap"),
        (PercentOff(Decimal(50), most=200), None, None),
        (PercentOff(Decimal(50), most=300), None, "premium_above_cap"),
        (PercentOff(Decimal(10)), None, "premium_unknown"),
        (FreePostage(most=200), None, None),
        (FreePostage(), None, "premium_unknown"),
        (PointsTimes(Decimal(3), max_points=400), None, None),
        (PointsTimes(Decimal(3), max_points=402), None, "premium_above_cap"),
        (PointsTimes(Decimal(3)), None, "premium_unknown"),
        (Gift("タオル"), None, "premium_unknown"),
    ],
)
def test_rule_53_a_coupon_is_worth_what_it_takes_off_at_most(effect, floor, warned):
    one, kinds = (
        campaign(effect=COUPON, when={"amount_min": floor}),
        {"next": Issued(CouponKind("next", "x", effect), False)},
    )
    others = Programme(point_value=Decimal("0.5"), campaigns=CampaignTerms(points_usable="others"))
    told = law(one, others, kinds)
    assert (told.premiums, told.warnings) == ("premium", () if warned is None else (warned,))
    # Off one's next purchase here it is a discount; goods for nothing are none.
    own = law(one, Programme(), kinds)
    assert own.premiums == ("premium" if isinstance(effect, Gift) else "discount")
    assert own.warnings == (("premium_unknown",) if isinstance(effect, Gift) else ())


CARD = {"kind": "stamps", "full": 2, "coupon": "next"}
PIECES = {**CARD, "of": "quantity"}
BUDGET, TWICE = [{"measure": "points", "most": 9}], [{"measure": "uses", "most": 2}]
TOTAL = [{"measure": "uses", "most": 100_000}]


@pytest.mark.parametrize(
    ("fields", "off", "uses", "yen", "bound"),
    [
        ({"effect": COUPON}, AmountOff(50_000), {}, None, None),
        ({"effect": COUPON, "limits": TOTAL}, AmountOff(50_000), {}, 5_000_000_000, "uses/all"),
        ({"effect": COUPON, "limits": TOTAL}, AmountOff(500), {"each": 3}, 150_000_000, "uses/all"),
        ({"effect": COUPON, "limits": TOTAL}, PercentOff(Decimal(10), most=300), {}, 30_000_000, "uses/all"),
        ({"effect": COUPON, "limits": TOTAL}, PercentOff(Decimal(10)), {}, None, None),
        ({"effect": COUPON, "limits": TOTAL}, PointsTimes(Decimal(2), max_points=10), {}, 1_000_000, "uses/all"),
        ({"effect": COUPON, "limits": TOTAL}, Gift("タオル"), {}, None, None),
        ({"effect": COUPON, "limits": TOTAL}, AmountOff(500), {"total": 7}, 3500, "coupon:next"),
        ({"effect": COUPON}, AmountOff(500), {"total": 7}, 3500, "coupon:next"),
        ({"effect": COUPON, **WEEK}, AmountOff(500), {"per_member": 2}, 100_000, "coupon:next/member"),
        ({"effect": COUPON}, AmountOff(500), {"per_member": 2}, None, None),
        ({"effect": COUPON, "limits": PER_MEMBER, **WEEK}, AmountOff(500), {}, 50_000, "uses/member"),
        ({"effect": COUPON, "limits": PER_MEMBER}, AmountOff(500), {}, None, None),
        # Limits of points and yen count points alone.
        ({"effects": [FIXED, COUPON], "limits": BUDGET}, AmountOff(500), {}, None, "points/all"),
        ({"effects": [FIXED, COUPON], "limits": TWICE}, AmountOff(500), {}, 1060, "uses/all"),
        ({"effect": CARD, "limits": TOTAL}, AmountOff(50_000), {}, 5_000_000_000, "uses/all"),
        ({"effect": PIECES, "limits": TOTAL}, AmountOff(500), {}, None, None),
        ({"effect": {**PIECES, "times_max": 4}, "limits": TOTAL}, AmountOff(5), {}, 1_000_000, "uses/all"),
        ({"effect": {**CARD, "cards": 2}, **WEEK}, AmountOff(500), {}, 100_000, "cards/member"),
        ({"effect": CARD, **WEEK}, AmountOff(500), {}, None, None),
    ],
)  # fmt: skip
def test_the_worst_case_counts_what_its_coupons_take_off(fields, off, uses, yen, bound):
    programme = Programme(campaigns=CampaignTerms(approval_above=1_000_000))
    kinds = {"next": Issued(CouponKind("next", "x", off, uses=Uses(**uses)), False)}
    worst = worst_case(campaign(**fields), programme, members=100, places=PLACES, zone=ZONE, kinds=kinds)
    assert (worst.yen, worst.bound) == (yen, bound)
    assert needs_approval(programme, worst) is (yen is None or yen > 1_000_000)


def test_a_coupon_that_nobody_has_made_yet_is_unbounded():
    worst = worst_case(campaign(effect=COUPON, limits=TOTAL), Programme(), members=1, places=PLACES, zone=ZONE)
    assert worst.yen is None


def test_rule_53_a_percentage_is_bounded_by_the_largest_sale_it_is_for():
    kind = CouponKind("next", "x", PercentOff(Decimal(10)), conditions=Conditions(amount_max=2000))
    others = Programme(campaigns=CampaignTerms(points_usable="others"))
    assert law(campaign(effect=COUPON), others, {"next": Issued(kind, False)}).warnings == ()


def test_a_coupon_that_cannot_be_issued_is_an_error():
    one = campaign(effects=[FIXED, COUPON])
    kind = CouponKind("next", "x", AmountOff(100))
    assert unissuable(one, {"next": Issued(kind, False)}, NOW) == []
    assert [(p.level, p.field, p.code) for p in unissuable(one, {}, NOW)] == [
        ("error", "effects.1.coupon", "no_such_coupon_kind")
    ]
    assert [p.code for p in unissuable(one, {"next": Issued(kind, True)}, NOW)] == ["coupon_kind_stopped"]


@pytest.mark.parametrize(
    ("kind_ends", "starts", "ends", "found"),
    [
        (None, None, None, []),
        (NOW, None, None, [("error", "coupon_kind_over")]),
        (NOW + DAY, None, None, [("warning", "coupon_kind_ends_during")]),
        (NOW + DAY, None, NOW + 2 * DAY, [("warning", "coupon_kind_ends_during")]),
        (NOW + DAY, None, NOW + DAY, []),
        (NOW + DAY, NOW + DAY, NOW + 2 * DAY, [("error", "coupon_kind_over")]),
    ],
)
def test_a_coupon_that_ends_before_it_could_be_given(kind_ends, starts, ends, found):
    one = msgspec.structs.replace(campaign(effects=[COUPON]), starts_at=starts, ends_at=ends)
    kind = CouponKind("next", "x", AmountOff(100), ends_at=kind_ends)
    assert [(p.level, p.code) for p in unissuable(one, {"next": Issued(kind, False)}, NOW)] == found


def test_warnings_do_not_forbid():
    programme = Programme(tiers={"gold": Tier()})
    one = campaign(when={"tiers": ["gold", "diamond"]}, grant={"kind": "limited", "expires_on": "2026-12-02"}, **WEEK)
    assert [(each.level, each.code) for each in validate(one, programme)] == [
        ("warning", "unknown_tier"),
        ("warning", "expires_during"),
    ]


DISCOUNT = {"kind": "discount", "yen": 100}
FIRST, BELOW = {"first_purchase": "ever"}, "max_below_min"
USES_UP = {"stacking": {"consumes_lines": True}}


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"when": {"segments": ["a", "b"], "not_segments": ["b"]}}, "conditions.not_segments", "wanted_and_left_out"),
        ({"when": {"products": {"price_min": 200, "price_max": 100}}}, "conditions.products.price_max", BELOW),
        ({"when": {"not_products": {"price_min": 1, "price_max": 0}}}, "conditions.not_products.price_max", BELOW),
        ({"when": {"products": {"price_min": 100, "price_max": 100}}}, None, None),
        ({"when": {"days_since_last_min": 31, "days_since_last_max": 30}}, "conditions.days_since_last_max", BELOW),
        ({"when": {"days_since_last_min": 30, "days_since_last_max": 30}}, None, None),
        ({"when": {**FIRST, "nth_purchase": [3]}}, "conditions.first_purchase", "first_and_later"),
        ({"when": {**FIRST, "every_nth_purchase": 2}}, "conditions.first_purchase", "first_and_later"),
        ({"when": {**FIRST, "days_since_last_min": 9}}, "conditions.first_purchase", "first_and_later"),
        ({"when": {**FIRST, "nth_purchase": [1, 3]}}, None, None),
        ({"when": {"first_purchase": "channel", "nth_purchase": [3]}}, None, None),
        ({"when": {"weekdays": ["sat", "sun"], "business_days": True}}, "conditions.weekdays", "no_business_day"),
        ({"when": {"weekdays": ["sat", "mon"], "business_days": True}}, None, None),
        ({"when": {"weekdays": ["sat"], "business_days": False}}, None, None),
        ({"effect": DISCOUNT, "grant": {"kind": "limited"}}, "grant", "price_gives_no_points"),
        ({"effect": DISCOUNT, "max_points": 9}, "max_points", "price_gives_no_points"),
        ({"effect": DISCOUNT, "funder": "maker"}, "funder", "price_gives_no_points"),
        ({"effect": DISCOUNT, **USES_UP}, "stacking.consumes_lines", "price_gives_no_points"),
        ({"effect": FIXED, "max_points": 9, "funder": "maker", **USES_UP}, None, None),
    ],
)  # fmt: skip
def test_conditions_that_cannot_hold_and_what_prices_have_not(fields, field, code):
    found = validate(campaign(**fields), Programme())
    assert [(each.level, each.field, each.code) for each in found] == ([] if code is None else [("error", field, code)])
    for each in found:
        assert problem_text(each, "ja") != problem_text(each, "en")


@pytest.mark.parametrize(
    ("when", "found"),
    [
        ({"shops": ["ginza", "web"], "regions": ["関東"]}, []),
        ({"shops": ["ginza", "nowhere"]}, [("conditions.shops", "unknown_shop", "nowhere")]),
        ({"not_shops": ["nowhere"]}, [("conditions.not_shops", "unknown_shop", "nowhere")]),
        ({"regions": ["関東", "月"]}, [("conditions.regions", "unknown_region", "月")]),
        ({"channels": ["store"], "shops": ["ginza", "web"]}, [("conditions.shops", "shop_of_other_channel", "web")]),
        ({"channels": ["store", "ec"], "shops": ["ginza", "web"]}, []),
    ],
)
def test_shops_and_regions_that_there_are_not_are_warned_of(when, found):
    told = of_places(campaign(when=when), PLACES)
    assert [(each.field, each.code, each.values["names"]) for each in told] == found
    assert all(each.level == "warning" and problem_text(each, "ja") != problem_text(each, "en") for each in told)
