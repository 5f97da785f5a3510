"""Words for staff and members, and the rules text that must not part ways with the engine."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given

from earning.builders import engine, line, programmes, sale
from goen.earning import DEFAULT, Facts, compile_programme
from goen.earning.decision import Miss
from goen.earning.programme import Threshold, Tier
from goen.earning.rules_example import example, example_points
from goen.earning.rules_text import text
from goen.earning.words import award_text, miss_text, money_text, notice_text, receipt_lines

GOLD = {"gold": Tier("ゴールド", Decimal("1.5"))}


def test_an_award_says_its_arithmetic():
    decision = engine(tiers=GOLD).evaluate(sale(line(1, 1100, category="食品")), Facts(tier="gold"))
    names = {"tier:gold": "ゴールド"}
    assert [award_text(award, "ja", names=names) for award in decision.awards] == [
        "通常ポイント: 1,000円、100円につき1ポイント → 10ポイント",
        "「ゴールド」会員特典: 1,000円、100円につき1.5ポイント → 15ポイント",
    ]
    assert award_text(decision.awards[0], "en") == "Standard points: 1 point per 100 yen on 1,000 yen = 10 points"


def test_a_miss_says_what_is_missing():
    made = engine(base="tax_included", thresholds=(Threshold("spring", 5000, 500),))
    below, threshold = made.evaluate(sale(60)).not_applied
    assert (
        miss_text(below, "ja")
        == "通常ポイント: 対象金額 60円 では1ポイントに届きません。あと 40円 でポイントが付きます"
    )
    assert miss_text(threshold, "en") == "Purchase bonus (spring): 4,940 yen more would give 500 points"


@pytest.mark.parametrize(
    ("miss", "japanese", "english"),
    [
        (Miss("campaign:c", "below_amount", {"missing": 1400}), "あと 1,400円（税抜） のお買い上げで対象になります",
         "1,400 yen (before tax) more is needed"),
        (Miss("campaign:c", "above_amount", {"up_to": 999}), "999円（税抜） までのお買い上げが対象です",
         "For purchases up to 999 yen (before tax)"),
        (Miss("campaign:c", "next_step", {"missing": 400, "points": 50}), "あと 400円（税抜） でさらに 50 ポイント進呈",
         "400 yen (before tax) more would give 50 points more"),
        (Miss("threshold:t", "below_threshold", {"missing": 400, "points": 50}),
         "あと 400円（税抜） で 50 ポイント進呈", "400 yen (before tax) more would give 50 points"),
        (Miss("base", "below_unit", {"base": 60, "missing": 40}),
         "対象金額 60円（税抜） では1ポイントに届きません。あと 40円（税抜） でポイントが付きます",
         "60 yen (before tax) is not enough for a point; 40 yen (before tax) more would give points"),
        (Miss("campaign:c", "below_quantity", {"pieces": 2}), "対象の商品があと 2 点必要です",
         "2 more of the goods are needed"),
    ],
)  # fmt: skip
def test_what_is_missing_is_told_without_tax_where_the_base_is(miss, japanese, english):
    assert miss_text(miss, "ja", base="tax_excluded").partition(": ")[2] == japanese
    assert miss_text(miss, "en", base="tax_excluded").partition(": ")[2] == english
    assert miss_text(miss, "ja").partition(": ")[2] == japanese.replace("（税抜）", "")


@given(programmes)
def test_every_reason_has_words_in_both_languages(made):
    decision = compile_programme(made).evaluate(sale(line(1, 90), total=77), Facts(tier="gold"))
    for language in ("ja", "en"):
        for words in (
            *(award_text(award, language) for award in decision.awards),
            *(miss_text(miss, language) for miss in decision.not_applied),
            *(notice_text(notice, language) for notice in decision.warnings),
        ):
            assert "{" not in words
            assert not re.search(r"\b(below_|nothing_|total_differs)", words)


def test_receipts_show_points_as_tills_print_them():
    assert receipt_lines(8, 0, 0, 1234, "ja") == ["今回ポイント 8P", "累計ポイント 1,234P"]
    assert receipt_lines(0, 8, 500, 1234, "en") == ["Points used 500P", "Points pending 8P", "Points balance 1,234P"]
    assert receipt_lines(0, 0, 0, None, "ja") == []
    ending = (date(2026, 12, 4), 1120)
    assert receipt_lines(8, 0, 0, 1234, "ja", ending)[2:] == ["有効期限 12/4 1,120P"]
    assert receipt_lines(8, 0, 0, 1234, "en", ending)[2:] == ["Valid through 4 Dec 1,120P"]


@pytest.mark.parametrize(
    ("currency", "language", "words"),
    [
        ("JPY", "ja", "1,234,500円"),
        ("JPY", "en", "1,234,500 yen"),
        ("GBP", "en", "£12,345.00"),
    ],
)
def test_money_is_written_as_its_currency_is(currency, language, words):
    assert money_text(1_234_500, currency, language) == words


def test_the_rules_text_reads_naturally():
    rules = text(DEFAULT, "ja")
    assert "・お買い上げ金額（税抜）100円につき1ポイントを進呈します。" in rules
    assert "23ポイントが付きます" in rules  # 1,980 / 1.1 + 598 / 1.08 = 2,354, floored
    assert "2026年4月15日に付いたポイントは、2027年4月30日の23時59分59秒まで有効です。" in rules
    assert "- 1 point pays 1 yen." in text(DEFAULT, "en")


@given(programmes)
def test_the_examples_of_the_rules_text_are_the_engines(made):
    unit = compile_programme(made)
    plain, used = example(unit), example_points(unit)
    gold = example(unit, "gold")
    for language, word in (("ja", "{:,}ポイントが付きます"), ("en", "{:,} point")):
        rules = text(made, language)
        assert word.format(plain.earned) in rules
        assert word.format(gold.earned) in rules
    if used:
        paid = example(unit, use_points=used)
        assert f"お支払いは{paid.payable:,}円、付くポイントは{paid.earned:,}ポイントです。" in text(made, "ja")
