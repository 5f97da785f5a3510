"""Programmes as data: defaults, files, findings (rules 19, 20 and 50)."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given

from earning.builders import programmes
from goen.earning import DEFAULT, Programme, compile_programme
from goen.earning.checks import validate
from goen.earning.programme import (
    Boost,
    Earning,
    Expiry,
    Threshold,
    Tier,
    Use,
    from_json,
    from_toml,
    to_builtins,
    to_json,
    to_toml,
)
from goen.earning.words import problem_text


def test_the_default_programme_is_the_contracts():
    plain = to_builtins(DEFAULT)
    assert plain["currency"] == "JPY"
    assert plain["point_value"] == 1
    assert {key: plain["earning"][key] for key in ("unit_amount", "unit_points", "base", "rounding", "place")} == {
        "unit_amount": 100,
        "unit_points": 1,
        "base": "tax_excluded",
        "rounding": "floor",
        "place": "sale",
    }
    assert (plain["expiry"]["mode"], plain["expiry"]["months"]) == ("month_end", 12)
    assert (plain["use"]["min"], plain["use"]["unit"], plain["use"]["max"]) == (1, 1, None)
    assert validate(DEFAULT) == []


@given(programmes)
def test_a_programme_survives_json_and_toml(made):
    assert from_json(to_json(made)) == made
    assert from_toml(to_toml(made)) == made
    assert [problem for problem in validate(made) if problem.level == "error" and problem.field != "use.unit"] == []


def test_a_programme_file_may_use_any_code():
    made = Programme(
        name='a "b"\n\t\\ \x7f 店',
        earning=Earning(brands={"a.b c": Boost(Decimal("1.5"))}, thresholds=(Threshold('q"', 1, 1),)),
        tiers={"銀": Tier("シルバー", Decimal("0.5"), "replace")},
    )
    assert from_toml(to_toml(made)) == made


def test_the_words_of_an_answer_may_be_sent_back_and_are_not_read():
    body = msgspec.json.encode({"text": "anything", "earning": {"unit_amount": 200}})
    assert from_json(body).earning.unit_amount == 200


@pytest.mark.parametrize(
    "body", [b"[]", b'{"earning": {"unit_amount": 0}}', b'{"unknown": 1}', b'{"use": {"min": 1.5}}', b"{"]
)
def test_programmes_of_the_wrong_shape_are_refused(body):
    with pytest.raises(msgspec.DecodeError):  # ValidationError is one.
        from_json(body)


def test_rule_20_a_minimum_above_one_point_warns_about_tax_deferral():
    (problem,) = validate(Programme(use=Use(min=100)))
    assert (problem.level, problem.field, problem.code) == ("warning", "use.min", "tax_deferral")
    (problem,) = validate(Programme(use=Use(unit=100)))
    assert (problem.level, problem.field) == ("warning", "use.unit")


@pytest.mark.parametrize(
    ("made", "field"),
    [
        (Programme(point_value=Decimal(0)), "point_value"),
        (Programme(point_value=Decimal("sNaN")), "point_value"),
        (Programme(point_value=Decimal("0.5")), "use.unit"),
        (Programme(use=Use(min=2, max=1)), "use.max"),
        (Programme(earning=Earning(percent=Decimal("100.1"))), "earning.percent"),
        (Programme(earning=Earning(percent=Decimal("NaN"))), "earning.percent"),
        (Programme(earning=Earning(percent=Decimal("1.00001"))), "earning.percent"),
        (Programme(earning=Earning(categories={"酒": Decimal(-1)})), "earning.categories.酒"),
        (Programme(earning=Earning(brands={"goen": Boost(Decimal("1e400"))})), "earning.brands.goen"),
        (Programme(tiers={"gold": Tier(multiplier=Decimal(1000))}), "tiers.gold.multiplier"),
        (Programme(earning=Earning(precedence=("tier", "tier"))), "earning.precedence"),
        (Programme(earning=Earning(thresholds=(Threshold("a", 1, 1), Threshold("a", 2, 2)))), "earning.thresholds"),
        (Programme(expiry=Expiry(mode="sliding", activity=())), "expiry.activity"),
    ],
)
def test_errors_forbid_a_programme_and_have_words(made, field):
    errors = [problem for problem in validate(made) if problem.level == "error"]
    assert [problem.field for problem in errors] == [field]
    assert problem_text(errors[0], "ja") != problem_text(errors[0], "en")


@pytest.mark.parametrize(
    ("made", "field"),
    [
        (Programme(expiry=Expiry(mode="none")), "expiry.mode"),
        (
            Programme(earning=Earning(combine="add", shops={"a": Boost(Decimal(2), "replace")})),
            "earning.shops.a.mode",
        ),
    ],
)
def test_warnings_do_not_forbid(made, field):
    assert [(problem.level, problem.field) for problem in validate(made)] == [("warning", field)]
    compile_programme(made)
