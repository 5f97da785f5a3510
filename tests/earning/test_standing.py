"""Standing rules, templates and draws as pure decisions: tables of examples."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest

from goen.earning.campaigns.checks import validate
from goen.earning.campaigns.cost import worst_case
from goen.earning.campaigns.model import from_json, to_json
from goen.earning.campaigns.scene import Place
from goen.earning.campaigns.templates import TEMPLATES, Filled, fill, parameters
from goen.earning.draws.model import PrizeDraw
from goen.earning.draws.rules import instant, lot, problems, ranked, seed_hash
from goen.earning.draws.words import odds_text
from goen.earning.programme import Programme, Tier
from goen.earning.standing.model import Birthday, StandingRule, Visit, WinBack
from goen.earning.standing.rules import birthday_due, birthday_in, concerns, lapse_due, open_at, visit_occasion

ZONE = ZoneInfo("Asia/Tokyo")
PLACES = [Place("shibuya", "store", "関東"), Place("web", "ec", None)]
PROGRAMME = Programme(tiers={"gold": Tier("ゴールド")})


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("birth", "year", "on", "kept"),
    [
        ("1990-12-24", 2026, "first", "2026-12-01"),
        ("1990-12-24", 2026, "day", "2026-12-24"),
        ("2000-02-29", 2027, "day", "2027-02-28"),
        ("2000-02-29", 2028, "day", "2028-02-29"),
        ("2000-02-29", 2027, "first", "2027-02-01"),
    ],
)
def test_rule_36_a_birthday_is_kept_on_the_first_or_the_day(birth, year, on, kept):
    assert birthday_in(day(birth), year, on) == day(kept)


@pytest.mark.parametrize(
    ("rule", "birth", "joined", "today", "due"),
    [
        (Birthday("first"), "1990-12-24", "2020-01-01", "2026-11-30", None),
        (Birthday("first"), "1990-12-24", "2020-01-01", "2026-12-01", "2026-12-01"),
        (Birthday("first"), "1990-12-24", "2020-01-01", "2026-12-31", "2026-12-01"),
        (Birthday("first"), "1990-12-24", "2020-01-01", "2027-01-07", "2026-12-01"),
        (Birthday("first"), "1990-12-24", "2020-01-01", "2027-01-08", None),
        (Birthday("first"), "1990-12-24", "2026-12-31", "2027-01-01", "2026-12-01"),
        (Birthday("first"), "1990-12-24", "2027-01-01", "2027-01-01", None),
        (Birthday("first", member_days=30), "1990-12-24", "2026-12-03", "2027-01-05", None),
        (Birthday("first"), "1990-12-24", "2026-12-10", "2026-12-10", "2026-12-01"),
        (Birthday("day"), "1990-12-24", "2026-12-24", "2026-12-24", "2026-12-24"),
        (Birthday("day"), "1990-12-24", "2026-12-25", "2026-12-25", None),
        (Birthday("day"), "1990-12-28", "2020-01-01", "2027-01-03", "2026-12-28"),
        (Birthday("day"), "1990-12-28", "2020-01-01", "2027-01-04", None),
        (Birthday("day", days=1), "1990-12-28", "2020-01-01", "2026-12-29", None),
        (Birthday("day", member_days=30), "1990-12-24", "2026-11-25", "2026-12-24", None),
        (Birthday("day", member_days=30), "1990-12-24", "2026-11-24", "2026-12-24", "2026-12-24"),
        (Birthday("first", member_days=30), "1990-12-24", "2026-11-15", "2026-12-01", None),
        (Birthday("first", member_days=30), "1990-12-24", "2026-11-15", "2026-12-15", "2026-12-01"),
        (Birthday("day"), "2026-12-24", "2026-12-24", "2026-12-24", "2026-12-24"),
    ],
)
def test_rule_36_when_a_birthday_is_due(rule, birth, joined, today, due):
    assert birthday_due(rule, day(birth), day(joined), day(today)) == (None if due is None else day(due))


@pytest.mark.parametrize(
    ("rule", "today", "begun", "due"),
    [
        (Birthday("first"), "2027-01-01", "2027-01-01", None),
        (Birthday("first"), "2026-12-20", "2026-12-20", "2026-12-01"),
        (Birthday("day"), "2026-12-25", "2026-12-25", None),
        (Birthday("day"), "2026-12-25", "2026-12-24", "2026-12-24"),
    ],
)
def test_rule_36_a_birthday_before_the_rule_gave_is_not_made_up_for(rule, today, begun, due):
    found = birthday_due(rule, day("1990-12-24"), day("2020-01-01"), day(today), day(begun))
    assert found == (None if due is None else day(due))


@pytest.mark.parametrize(
    ("rule", "last", "today", "due"),
    [
        (WinBack(30), None, "2026-12-22", None),
        (WinBack(30), "2026-11-22", "2026-12-21", None),
        (WinBack(30), "2026-11-22", "2026-12-22", "2026-11-22"),
        (WinBack(30), "2020-11-22", "2026-12-22", "2020-11-22"),
        (WinBack(30, 60), "2026-11-22", "2027-01-21", "2026-11-22"),
        (WinBack(30, 60), "2026-11-22", "2027-01-22", None),
    ],
)
def test_a_lapse_is_due_after_so_many_days_and_before_too_many(rule, last, today, due):
    found = lapse_due(rule, None if last is None else day(last), day(today))
    assert found == (None if due is None else day(due))


def test_rule_37_a_visit_counts_for_a_day_in_a_shop_or_anywhere():
    assert visit_occasion(Visit("shop"), "shibuya", day("2026-11-22")) == "2026-11-22/shibuya"
    assert visit_occasion(Visit("programme"), "shibuya", day("2026-11-22")) == "2026-11-22"


@pytest.mark.parametrize(
    ("who", "tiers", "segments", "shop", "reason"),
    [
        ({}, {None}, (), None, None),
        ({"shops": ["ginza"]}, {None}, (), "shibuya", "not_this_shop"),
        ({"shops": ["ginza"]}, {None}, (), None, "not_this_shop"),
        ({"tiers": ["gold"]}, {"silver", "gold"}, (), None, None),
        ({"tiers": ["gold"]}, {None}, (), None, "not_this_tier"),
        ({"segments": ["app", "vip"]}, {None}, ("vip",), None, None),
        ({"segments": ["app"]}, {None}, (), None, "not_this_segment"),
        ({"not_segments": ["staff"]}, {None}, ("staff",), None, "not_this_segment"),
    ],
)
def test_whom_a_rule_is_for(who, tiers, segments, shop, reason):
    assert concerns(rule(who=who), tiers, segments, shop) == reason


def rule(**fields) -> StandingRule:
    body = {"name": "特典", "points": 100, "when": {"kind": "visit"}} | fields
    return msgspec.convert(body, StandingRule)


def test_a_rule_has_its_time():
    bounded = rule(starts_at="2026-12-01T00:00:00+09:00", ends_at="2026-12-02T00:00:00+09:00")
    times = ("2026-11-30T23:59:59+09:00", "2026-12-01T00:00:00+09:00", "2026-12-01T23:59:59+09:00")
    assert [open_at(bounded, datetime.fromisoformat(each)) for each in times] == [False, True, True]
    assert not open_at(bounded, datetime.fromisoformat("2026-12-02T00:00:00+09:00"))


@pytest.mark.parametrize(
    ("fields", "points"),
    [
        ({"when": {"kind": "welcome"}}, None),
        ({"when": {"kind": "birthday"}, "ends_at": "2026-12-10T23:59:59+09:00"}, 1000),
        ({"when": {"kind": "birthday"}, "ends_at": "2028-01-10T00:00:00+09:00"}, 3000),
        ({"when": {"kind": "win_back", "days": 30}, "ends_at": "2027-01-30T00:00:00+09:00"}, 2000),
        ({"when": {"kind": "win_back", "days": 30}, "ends_at": "2027-01-30T00:00:01+09:00"}, 3000),
        ({"ends_at": "2026-12-10T23:59:59+09:00"}, 10_000),
        ({"when": {"kind": "review"}, "limits": [{"measure": "uses", "most": 7}]}, 700),
        ({"when": {"kind": "review"}}, None),
    ],
)
def test_the_worst_case_of_a_rule_counts_how_often_it_can_give(fields, points):
    like = rule(starts_at="2026-12-01T00:00:00+09:00", **fields).as_campaign("x")
    assert worst_case(like, PROGRAMME, members=10, places=PLACES, zone=ZONE).points == points


FILLED = [
    ({"kind": "nth_purchase", "points": 100, "nth": [3]}, {"conditions": {"nth_purchase": [3]}}),
    ({"kind": "nth_purchase", "points": 100, "every": 5}, {"conditions": {"every_nth_purchase": 5}}),
    ({"kind": "first_purchase", "points": 500}, {"conditions": {"first_purchase": "ever"}}),
    ({"kind": "double_days", "weekdays": ["tue"]}, {"effects": [{"kind": "rate", "multiplier": 2}]}),
    ({"kind": "limited_points", "percent": 5}, {"grant": {"kind": "limited", "days": 30}}),
    ({"kind": "birthday_month", "times_max": 1, "tiers": ["gold"]},
     {"conditions": {"tiers": ["gold"], "birth_month": True}}),
    ({"kind": "win_back_purchase", "points": 300}, {"conditions": {"days_since_last_min": 180}}),
    ({"kind": "staff", "percent": 3, "points_per_month": 100}, {"conditions": {"segments": ["staff"]}}),
]  # fmt: skip


@pytest.mark.parametrize(("template", "holds"), FILLED)
def test_a_template_becomes_an_ordinary_campaign_that_passes_the_checks(template, holds):
    asked = msgspec.convert({"code": "t", "template": template, "budget": 9999, "name": "特典"}, Filled, strict=False)
    assert list(asked.template.faults()) == []
    campaign = fill(asked)
    assert [each for each in validate(campaign, PROGRAMME) if each.level == "error"] == []
    assert from_json(to_json(campaign)) == campaign
    made = msgspec.json.decode(to_json(campaign))
    assert {name: made[name] for name in holds} == holds
    assert made["limits"][-1] == {"measure": "points", "most": 9999}
    assert (campaign.name, campaign.name_en) == ("特典", "")
    assert worst_case(campaign, PROGRAMME, members=10, places=PLACES, zone=ZONE).points == 9999


def test_every_template_is_among_the_examples_and_tells_its_parameters_in_both_languages():
    assert {each[0]["kind"] for each in FILLED} == {str(each.__struct_config__.tag) for each in TEMPLATES}
    for template in TEMPLATES:
        ja, en = parameters(template, "ja"), parameters(template, "en")
        assert [x.name for x in ja] == [x.name for x in en] == list(template.__struct_fields__)
        assert all(x.text and x.type for x in ja)
        assert not {x.text for x in ja} & {x.text for x in en}


# Draws ---------------------------------------------------------------------------------------------

SEED = bytes(32)
GIFT = {"code": "mug", "name": "マグカップ", "count": 10, "odds": "0.5", "value": 1200, "gives": {"kind": "gift"}}
POINTS = {"code": "p", "name": "500P", "count": 100, "odds": 5, "gives": {"kind": "points", "points": 500}}


def draw(**fields) -> PrizeDraw:
    body = {
        "name": "抽選", "method": "instant", "prizes": [POINTS, GIFT], "entrance": {"kind": "purchase", "every": 5000},
        "starts_at": "2026-12-01T00:00:00+09:00", "ends_at": "2026-12-25T00:00:00+09:00", "expected_sales": 10_000_000,
    } | fields  # fmt: skip
    return msgspec.convert(body, PrizeDraw, strict=False)


def test_lots_follow_from_the_seed_and_nothing_else():
    """Worked out apart from the code, so that whoever checks a draw has something to check the check by."""
    assert seed_hash(SEED) == "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925"
    assert lot(SEED, ("w_16j_2s", 1)) != lot(SEED, ("w_16j_2s", 2)) != lot(bytes([1]) * 32, ("w_16j_2s", 2))
    tickets = [(f"w_{n}", 1) for n in range(50)]
    order = ranked(SEED, tickets)
    assert order == ranked(SEED, reversed(tickets)) != tickets
    assert sorted(order) == sorted(tickets)


def test_prizes_are_as_wide_as_their_odds():
    wins = [instant(draw(), SEED, ("w_1_1", n)) for n in range(20_000)]
    counted = {code: sum(each is not None and each.code == code for each in wins) for code in ("p", "mug")}
    assert 850 <= counted["p"] <= 1150  # 5 %
    assert 60 <= counted["mug"] <= 145  # 0.5 %
    certain = draw(prizes=[POINTS | {"odds": 100}])
    assert all(instant(certain, SEED, ("w_1_1", n)) for n in range(1000))


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, []),
        # 20 times 5,000 yen, and 100,000 yen at most.
        ({"prizes": [GIFT | {"value": 100_000, "count": 2}]}, []),
        ({"prizes": [GIFT | {"value": 100_001, "count": 1}]}, ["prize_above_cap"]),
        ({"entrance": {"kind": "purchase", "every": 50_000}, "prizes": [GIFT | {"value": 100_001, "count": 1}]},
         ["prize_above_cap"]),
        ({"entrance": {"kind": "purchase", "every": 100}, "prizes": [GIFT | {"value": 2001}]}, ["prize_above_cap"]),
        # Points by lot are premiums: 25 of them and no more than 2,000 yen for a sale of 100.
        ({"entrance": {"kind": "purchase", "every": 24}}, ["prize_above_cap", "prize_above_cap"]),
        ({"entrance": {"kind": "points", "points": 60}}, []),
        ({"entrance": {"kind": "points", "points": 59}}, ["prize_above_cap"]),
        ({"expected_sales": 3_100_000}, []),
        ({"expected_sales": 3_099_999}, ["prizes_above_cap"]),
        ({"expected_sales": None}, ["expected_sales_missing"]),
        ({"entrance": {"kind": "day"}, "expected_sales": None, "prizes": [GIFT | {"value": 10**6}]}, []),
        ({"prizes": [POINTS | {"odds": 60}, GIFT | {"odds": 41}]}, ["odds_above_all"]),
        ({"prizes": [POINTS | {"odds": "0.0000001"}]}, ["not_odds"]),
        ({"prizes": [POINTS | {"odds": "1E+999999999"}, GIFT | {"odds": "NaN"}]}, ["not_odds", "not_odds"]),
        ({"method": "end"}, ["odds_of_instant", "odds_of_instant"]),
        ({"prizes": [GIFT | {"value": 0}]}, ["value_missing"]),
        ({"ends_at": "2026-11-01T00:00:00+09:00"}, ["ends_before_start"]),
    ],
)  # fmt: skip
def test_rule_53_the_caps_on_prizes_and_what_contradicts_itself(fields, found):
    assert [each.code for each in problems(draw(**fields), Programme())] == found


def test_rule_53_points_count_at_what_they_are_worth():
    half = Programme(point_value=Decimal("0.5"))
    assert [each.code for each in problems(draw(entrance={"kind": "purchase", "every": 12}), half)] == [
        "prize_above_cap", "prize_above_cap",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ja", "マグカップ: 当選確率0.5%（10名様分、なくなり次第終了）"),
        ("en", "マグカップ: 0.5% per ticket, while the 10 there are last"),
    ],
)
def test_odds_are_published_in_words(language, text):
    assert odds_text(draw(), draw().prize("mug"), language) == text


def test_a_sale_brings_no_more_tickets_than_one_act_can_tell_of():
    assert draw(entrance={"kind": "purchase", "every": 100, "tickets_max": 100})
    with pytest.raises(msgspec.ValidationError, match="tickets_max"):
        draw(entrance={"kind": "purchase", "every": 100, "tickets_max": 101})
