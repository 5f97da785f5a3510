"""What a purchase earns: tables of examples and properties (rules 1 to 8, 19)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earning.builders import engine, line, programmes, purchases, sale
from goen.earning import DEFAULT, Decision, Facts, compile_programme
from goen.earning.errors import UseLimit
from goen.earning.programme import Boost, Threshold, Tier
from goen.purchases.model import Tender
from goen.vocabulary.refusal import InvalidRequest


def earned(made, *lines, **fields) -> int:
    return made.evaluate(sale(*lines, **fields)).earned


@pytest.mark.parametrize(
    ("unit_amount", "unit_points", "points"), [(100, 1, 9), (1000, 10, 0), (300, 2, 6), (1, 1, 900)]
)
def test_rule_1_one_per_100_and_ten_per_1000_differ(unit_amount, unit_points, points):
    made = engine(unit_amount=unit_amount, unit_points=unit_points, base="tax_included")
    assert earned(made, 900) == points


@pytest.mark.parametrize(("rounding", "points"), [("floor", 14), ("half_up", 15), ("ceil", 15)])
def test_rule_1_percent_form_rounds_as_told(rounding, points):
    made = engine(percent=Decimal("1.5"), rounding=rounding, base="tax_included")
    assert earned(made, 970) == points  # 14.55


@pytest.mark.parametrize(("place", "points"), [("unit", 90), ("line", 94), ("rate", 94), ("sale", 94)])
def test_rule_2_940_yen_times_10_at_1_percent(place, points):
    made = engine(percent=Decimal(1), rounding="half_up", place=place, base="tax_included")
    assert earned(made, line(1, 9400, quantity=10, unit_price=940)) == points


@pytest.mark.parametrize(("place", "points"), [("unit", 0), ("line", 1), ("rate", 2), ("sale", 3)])
def test_rule_2_each_place_cuts_where_it_says(place, points):
    made = engine(place=place, base="tax_included")
    lines = (line(1, 160, quantity=2), line(2, 60), line(3, 90, tax_rate=8))
    assert earned(made, *lines) == points  # 80+80, 60, 90; 160, 60, 90; 220 and 90; 310


def test_rule_2_units_share_what_does_not_divide():
    made = engine(unit_amount=1, place="unit", percent=Decimal(10), rounding="half_up", base="tax_included")
    assert earned(made, line(1, 44, quantity=10)) == 4  # 4 x 5 and 6 x 4 yen
    assert earned(made, line(1, 54, quantity=10)) == 10  # 4 x 6, 6 x 5: half a point rounds up


def test_rule_2_goods_by_weight_are_one_unit():
    made = engine(place="unit", base="tax_included")
    assert earned(made, line(1, 250, quantity="1.345")) == 2


def test_rule_3_base_is_net_of_tax_per_rate_and_never_postage():
    made = engine()
    decision = made.evaluate(sale(line(1, 1100), line(2, 1080, tax_rate=8), postage=990))
    assert (decision.total, decision.earned, decision.awards[0].base) == (3170, 20, 2000)
    assert engine(base="tax_included").evaluate(sale(1100, postage=990)).earned == 11


def test_rule_3_tax_excluded_lines_are_taxed_once_per_rate():
    decision = engine().evaluate(sale(line(1, 99, tax_included=False), line(2, 99, tax_included=False)))
    assert decision.total == 217  # 198 + floor(19.8), not 2 x floor(9.9)
    assert decision.awards[0].base == 198


def test_rule_3_no_points_flag_and_category_rates():
    made = engine(base="tax_included", categories={"酒": Decimal("0.5"), "たばこ": Decimal(0)})
    decision = made.evaluate(
        sale(
            line(1, 1000),
            line(2, 1000, points=False),
            line(3, 1000, category="酒"),
            line(4, 1000, category="たばこ"),
        )
    )
    assert [(award.rule, award.points) for award in decision.awards] == [("base", 10), ("category:酒", 5)]
    assert [share.earns for share in decision.lines] == ["base", None, "category:酒", None]


@pytest.mark.parametrize(
    ("discounts", "coupons", "points"),
    [(True, True, 7), (True, False, 8), (False, True, 9), (False, False, 10)],
)
def test_rule_4_discounts_and_coupons_lower_the_base_each_by_its_switch(discounts, coupons, points):
    made = engine(base="tax_included", discounts_lower_base=discounts, coupons_lower_base=coupons)
    decision = made.evaluate(sale(1000, discount=200), Facts(coupon_reduction=100))
    assert (decision.total, decision.earned) == (700, points)


def test_rule_5_used_points_are_spread_over_lines_before_each_lines_rate():
    made = engine(base="tax_included", categories={"食品": Decimal(2)})
    decision = made.evaluate(sale(line(1, 1000), line(2, 1000, category="食品"), line(3, 1000), use_points=1000))
    assert [share.used for share in decision.lines] == [334, 333, 333]
    assert [(award.base, award.points) for award in decision.awards] == [(1333, 13), (667, 12)]
    included = engine(base="tax_included", point_paid="included")
    assert earned(included, 3000, use_points=1000) == 30


def test_rule_5_points_pay_postage_only_beyond_the_goods():
    decision = engine().evaluate(sale(1000, postage=500, use_points=1200))
    assert ([share.used for share in decision.lines], decision.postage_used) == ([1000], 200)
    assert (decision.payable, decision.earned) == (300, 0)


CARD = (Tender(kind="card", amount=1000, brand="goen"),)
RATES = {
    "base": "tax_included",
    "brands": {"goen": Boost(Decimal(2))},
    "tenders": {"card": Boost(Decimal(1))},
    "tiers": {"gold": Tier("ゴールド", Decimal(3))},
    "shops": {"shibuya": Boost(Decimal(5), "replace")},
}


@pytest.mark.parametrize(
    ("combine", "awards"),
    [
        ("precedence", [("base", 10), ("brand:goen", 20)]),
        ("max", [("shop:shibuya", 50)]),
        (
            "add",
            [("base", 10), ("brand:goen", 20), ("tender:card", 10), ("tier:gold", 30), ("shop:shibuya", 50)],
        ),
    ],
)
def test_rule_6_one_rate_wins_or_all_add(combine, awards):
    decision = engine(combine=combine, **RATES).evaluate(sale(1000, tenders=CARD), Facts(tier="gold"))
    assert [(award.rule, award.points) for award in decision.awards] == awards
    assert len(decision.awards) + len(decision.not_applied) == (5 if combine != "max" else 4)


def test_rule_6_precedence_names_the_winner_and_mixed_tenders_win_nothing():
    made = engine(**RATES)
    mixed = (Tender(kind="card", amount=600, brand="goen"), Tender(kind="cash", amount=400))
    decision = made.evaluate(sale(1000, tenders=mixed), Facts(tier="gold"))
    assert [award.rule for award in decision.awards] == ["base", "tier:gold"]
    assert {(miss.rule, miss.reason) for miss in decision.not_applied} == {
        ("brand:goen", "mixed_tenders"),
        ("tender:card", "mixed_tenders"),
        ("shop:shibuya", "precedence"),
    }


def test_rule_7_a_decision_names_its_version_and_survives_storage():
    made = compile_programme(msgspec.structs.replace(DEFAULT, version=7))
    decision = made.evaluate(sale(1100, 540, discount=40, use_points=100), Facts(tier="gold"))
    assert (decision.version, decision.awards[0].version) == (7, 7)
    assert msgspec.json.decode(msgspec.json.encode(decision), type=Decision) == decision


@pytest.mark.parametrize(
    ("mode", "awards"), [("add", [("base", 10), ("tier:gold", 15)]), ("replace", [("tier:gold", 15)])]
)
def test_rule_8_tier_multiplier_adds_to_the_base_or_replaces_it(mode, awards):
    made = engine(base="tax_included", tiers={"gold": Tier("", Decimal("1.5"), mode)})
    assert earned(made, 1000) == 10
    decision = made.evaluate(sale(1000), Facts(tier="gold"))
    assert [(award.rule, award.points) for award in decision.awards] == awards


def test_rule_11_a_guest_earns_nothing_but_is_priced():
    decision = engine().evaluate(sale(1100), Facts(guest=True))
    assert (decision.total, decision.earned, decision.awards, decision.not_applied) == (1100, 0, (), ())


@pytest.mark.parametrize(("amount", "points"), [(5000, 550), (4999, 49)])
def test_rule_30_a_threshold_gives_its_points_from_its_amount(amount, points):
    made = engine(base="tax_included", thresholds=(Threshold("spring", 5000, 500),))
    assert earned(made, amount) == points


def test_api_example_of_a_sale():
    bought = sale(
        line(1, 1100, quantity=2, unit_price=550, category="日用品"),
        discount=100,
        total=1000,
        use_points=500,
        tenders=(Tender(kind="cash", amount=500),),
    )
    decision = engine().evaluate(bought)
    assert (decision.total, decision.payable, decision.used, decision.earned) == (1000, 500, 500, 4)
    assert decision.warnings == ()


def test_total_wins_and_the_difference_is_spread_over_the_lines():
    decision = engine().evaluate(sale(100, 200, total=303))
    assert [share.net for share in decision.lines] == [101, 202]
    assert [(notice.code, notice.values) for notice in decision.warnings] == [
        ("total_differs", {"computed": 300, "total": 303})
    ]
    assert [share.net for share in engine().evaluate(sale(100, 200, total=0)).lines] == [0, 0]


def test_ties_go_to_the_lower_line_number_whatever_the_order_sent():
    decision = engine().evaluate(sale(line(9, 100), line(2, 100), line(5, 100), discount=100))
    assert [(share.line, share.net) for share in decision.lines] == [(2, 66), (5, 67), (9, 67)]


@pytest.mark.parametrize(("points", "payable"), [(2, 999), (500, 750), (2000, 0)])
def test_rule_19_two_points_pay_one_yen(points, payable):
    made = engine(point_value=Decimal("0.5"), unit=2, min=2)
    assert made.evaluate(sale(1000, use_points=points)).payable == payable


@pytest.mark.parametrize(
    ("use", "points", "allowed"),
    [
        ({"min": 100}, 99, (100, 1, 1000)),
        ({"min": 100, "unit": 50}, 120, (100, 50, 1000)),
        ({"max": 300}, 301, (1, 1, 300)),
        ({"max_percent": 50}, 501, (1, 1, 500)),
        ({"min": 600, "max_percent": 50}, 600, (600, 1, 0)),
        ({"excluded_categories": ("たばこ",)}, 601, (1, 1, 600)),
    ],
)
def test_rule_19_limits_of_use_say_what_would_be_allowed(use, points, allowed):
    bought = sale(600, line(2, 400, category="たばこ"), use_points=points)
    with pytest.raises(UseLimit) as refusal:
        engine(**use).evaluate(bought)
    assert tuple(refusal.value.fields[name] for name in ("min", "unit", "max")) == allowed
    offline = engine(**use).evaluate(msgspec.structs.replace(bought, offline=True))
    assert (offline.used, offline.warnings[0].code) == (points, "use_limit")


NAN = Decimal("NaN")


@pytest.mark.parametrize(
    ("bought", "field"),
    [
        (sale(), "lines"),
        (sale(line(1, 1), line(1, 1)), "lines.1.line"),
        (sale(line(2, 1), line(1, 1, quantity="1.2345")), "lines.1.quantity"),
        (sale(line(1, 1, quantity="NaN")), "lines.0.quantity"),
        (sale(line(1, 1, quantity="sNaN")), "lines.0.quantity"),
        (sale(line(1, 1, quantity="1e400")), "lines.0.quantity"),
        (sale(line(1, 1, quantity="-1")), "lines.0.quantity"),
        (sale(line(1, 1, quantity="1e9")), "lines.0.quantity"),
        (sale(line(1, 1, tax_rate="100")), "lines.0.tax_rate"),
        (sale(line(1, 1, tax_rate="-8")), "lines.0.tax_rate"),
        (sale(line(1, 1, tax_rate="8.125")), "lines.0.tax_rate"),
        (sale(100, discount=101), "discounts"),
        (sale(100, use_points=101), "use_points"),
        (sale(100, tenders=(Tender(kind="cash", amount=99),)), "tenders"),
        (sale(100, tenders=()), "tenders"),
        (sale(10**12 - 1, 10**12 - 1), "lines"),
    ],
)
def test_documents_that_contradict_themselves_are_refused_by_field(bought, field):
    with pytest.raises(InvalidRequest) as refusal:
        engine().evaluate(bought)
    assert refusal.value.fields["errors"][0]["field"] == field


def test_more_points_than_a_purchase_can_earn_are_refused():
    with pytest.raises(InvalidRequest, match="lines"):
        engine(unit_amount=1, unit_points=5).evaluate(sale(10**9))


def test_a_guest_has_no_points_to_use_except_offline():
    with pytest.raises(InvalidRequest, match="use_points"):
        engine().evaluate(sale(100, use_points=1), Facts(guest=True))
    decision = engine().evaluate(sale(100, use_points=1, offline=True), Facts(guest=True))
    assert (decision.payable, decision.warnings[0].code) == (99, "used_by_guest")


def test_a_base_below_the_unit_says_how_much_is_missing():
    decision = engine(base="tax_included", unit_points=3).evaluate(sale(60))
    assert (decision.earned, decision.awards) == (0, ())
    assert decision.not_applied[0].values == {"base": 60, "missing": 40}
    assert engine().evaluate(sale(line(1, 500, points=False))).not_applied[0].reason == "nothing_eligible"


@given(programmes.flatmap(lambda made: st.tuples(st.just(made), purchases(made))))
def test_every_share_sums_to_its_whole(case):
    made, (bought, coupons) = case
    decision = compile_programme(made).evaluate(bought, Facts(tier="gold", coupon_reduction=coupons))
    assert sum(share.net for share in decision.lines) + decision.postage == decision.total
    assert sum(share.used for share in decision.lines) + decision.postage_used == decision.used_value
    assert decision.used_value * (1 / Fraction(made.point_value)) == decision.used
    assert decision.payable == decision.total - decision.used_value >= 0
    assert decision.earned == sum(award.points for award in decision.awards)
    for share in decision.lines:
        assert 0 <= share.used <= share.net
        assert share.spendable or share.used == 0
        assert share.add_back >= 0


@given(programmes.flatmap(lambda made: st.tuples(st.just(made), purchases(made))))
def test_rule_2_per_sale_points_agree_with_exact_fractions(case):
    """The engine against a slow model that knows only rule texts, for one rate and no categories."""
    made, (bought, coupons) = case
    earning = msgspec.structs.replace(made.earning, categories={}, shops={}, thresholds=(), place="sale")
    made = msgspec.structs.replace(made, earning=earning)
    decision = compile_programme(made).evaluate(bought, Facts(coupon_reduction=coupons))
    groups: dict[int, int] = {}
    for share in decision.lines:
        if share.earns:
            paid = share.used if earning.point_paid == "excluded" else 0
            groups[share.tax_rate] = groups.get(share.tax_rate, 0) + share.net + share.add_back - paid
    untaxed = earning.base == "tax_excluded"
    base = sum(
        gross - (Fraction(gross * rate, 10_000 + rate).__floor__() if untaxed else 0) for rate, gross in groups.items()
    )
    if earning.percent is None:
        exact, step = Fraction(base, earning.unit_amount), earning.unit_points
    else:
        exact, step = base * Fraction(earning.percent) / 100, 1
    rounded = {
        "floor": exact.__floor__(),
        "half_up": (exact + Fraction(1, 2)).__floor__(),
        "ceil": exact.__ceil__(),
    }[earning.rounding]
    assert decision.earned == rounded * step
