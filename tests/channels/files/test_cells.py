"""Reading single cells."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from goen.channels.files.cells import (
    REMEMBERED,
    Memo,
    day_reader,
    flag,
    moment,
    money_reader,
    percent,
    plain,
    points,
    price_reader,
    quantity,
    scaled_number,
)
from goen.channels.files.errors import BadCell


@pytest.mark.parametrize(
    ("written", "places", "number"),
    [
        ("12", 0, 12), ("１２", 0, 12), ("1,234", 0, 1234), ("￥1,234", 0, 1234), ("1234円", 0, 1234),
        ("-5", 0, -5), ("▲5", 0, -5), ("△1,005", 0, -1005), ("(5)", 0, -5), ("−5", 0, -5), ("+7", 0, 7),
        ("2.50", 1, 25), (".5", 1, 5), ("3.", 0, 3), ("0.001", 6, 1000), ("1e3", 0, 1000), ("25E-1", 1, 25),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(written: str, places: int, number: int) -> None:
    assert scaled_number(written, places) == number


@pytest.mark.parametrize("written", ["", "x", "1,23", "1.2.3", "--1", "1_000", "nan", "inf", "1e400", "9" * 16, "12a"])
def test_what_is_no_number_is_refused(written: str) -> None:
    with pytest.raises(ValueError):
        scaled_number(written, 0)


def test_more_places_than_allowed_are_refused_not_cut() -> None:
    with pytest.raises(ValueError, match="decimal places"):
        scaled_number("1.2345", 3)
    assert quantity("-1.250") == (-1250, Decimal("1.25"))


@pytest.mark.parametrize(
    ("written", "scale", "minor"),
    [("2.55", 100, 255), ("0.001", 100, 0), ("0.005", 100, 1), ("-0.005", 100, -1), ("1.005", 100, 101),
     ("5.551115e-17", 100, 0), ("1980", 1, 1980), ("10.5", 1, 11)],
)  # fmt: skip
def test_money_is_rounded_half_up_to_the_minor_unit(written: str, scale: int, minor: int) -> None:
    assert money_reader(scale)(written) == minor


def test_money_and_prices_have_their_limits() -> None:
    with pytest.raises(ValueError, match="too large"):
        money_reader(100)("99999999999")
    assert price_reader(100)("0.001") == 100_000


@pytest.mark.parametrize(
    ("written", "moment_read"),
    [
        ("2025-04-01", datetime(2025, 4, 1)),
        ("2025-04-01 09:05:30", datetime(2025, 4, 1, 9, 5, 30)),
        ("2025/4/1", datetime(2025, 4, 1)),
        ("2025/4/1 9:05", datetime(2025, 4, 1, 9, 5)),
        ("20250401", datetime(2025, 4, 1)),
        ("2025年4月1日", datetime(2025, 4, 1)),
        ("2025年4月1日 18時05分", datetime(2025, 4, 1, 18, 5)),
        ("R7.4.1", datetime(2025, 4, 1)),
        ("r7/4/1", datetime(2025, 4, 1)),
        ("令和7年4月1日", datetime(2025, 4, 1)),
        ("令和元年5月1日", datetime(2019, 5, 1)),
        ("H31.4.30", datetime(2019, 4, 30)),
        ("昭和64年1月7日", datetime(1989, 1, 7)),
        ("２０２５／４／１", datetime(2025, 4, 1)),
    ],
)
def test_rule_61_dates_western_and_japanese(written: str, moment_read: datetime) -> None:
    assert moment(written) == moment_read


@pytest.mark.parametrize("written", ["2025/2/29", "25/4/1", "13月1日", "R7", "tomorrow", "2025/4/1 25:00"])
def test_what_is_no_date_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"date|calendar"):
        moment(written)


def test_a_day_may_be_written_in_a_format_of_its_own() -> None:
    assert day_reader("%d.%m.%Y")("09.08.2025") == date(2025, 8, 9)


def test_rule_61_leading_zeros_survive_excels_armour() -> None:
    assert plain(' ="0901234" ') == "0901234"
    assert plain("=") == "="


def test_flags_points_and_rates() -> None:
    assert [flag("1"), flag("対象外"), flag("あり"), flag("FALSE")] == [True, False, True, False]
    with pytest.raises(ValueError):
        flag("maybe")
    assert [points("1,200P"), points("-30"), points("５ポイント")] == [1200, -30, 5]
    assert [percent("8"), percent("10%"), percent("8.00"), percent("１０％")] == [8, 10, 8, 10]
    with pytest.raises(ValueError):
        percent("100")


def test_a_memo_names_its_column_and_stays_bounded() -> None:
    memo = Memo("数量", int, BadCell)
    with pytest.raises(BadCell, match="数量 “x”"):
        memo["x"]
    with pytest.raises(BadCell, match="must not be empty"):
        memo[" "]
    for number in range(REMEMBERED + 10):
        assert memo[str(number)] == number
    assert len(memo) <= REMEMBERED
