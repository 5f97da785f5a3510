"""Dates, sexes, postal codes and addresses of lists in one form."""

from __future__ import annotations

import pytest

from goen.identity.matching import forms


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1998-02-06", "1998-02-06"), ("1998/2/6", "1998-02-06"), ("19980206", "1998-02-06"),
        ("1998年2月6日", "1998-02-06"),
        ("平成10年2月6日", "1998-02-06"), ("H10.2.6", "1998-02-06"),
        ("令和元年5月1日", "2019-05-01"), ("S64.1.7", "1989-01-07"),
        ("１９９８．２．６", "1998-02-06"), ("1998-02-06 00:00:00", "1998-02-06"), ("19790281", "1979-02-81"),
        ("1900-01-01", None), ("1970/1/1", None), ("", None), ("不明", None), ("2月6日", None),
    ],
)  # fmt: skip
def test_birth_dates(text: str, day: str | None) -> None:
    assert forms.birth_date(text) == day


@pytest.mark.parametrize(
    ("text", "sex"), [("F", "f"), ("女性", "f"), ("男", "m"), ("male", "m"), ("１", "m"), ("その他", None), ("", None)]
)
def test_sexes(text: str, sex: str | None) -> None:
    assert forms.sex(text) == sex


@pytest.mark.parametrize(
    ("text", "code"), [("１００－０００１", "1000001"), ("〒100-0001", "1000001"), ("000-0000", None), ("なし", None)]
)
def test_postal_codes(text: str, code: str | None) -> None:
    assert forms.postcode(text) == code


@pytest.mark.parametrize(
    "text",
    [
        "東京都中野区白鷺二丁目6-29", "中野区白鷺２丁目６番２９号", "東京都 中野区 白鷺2－6－29",
        "東京都中野区白鷺２－６－２９ 若葉ハイツ203",
        "東京都中野区白鷺二丁目六番29号",
    ],
)  # fmt: skip
def test_one_house_has_one_address(text: str) -> None:
    assert forms.place(text) == ("中野区白鷺", "2-6-29")


def test_the_number_may_come_first() -> None:
    assert forms.place("7 Wallaby Place") == ("wallaby place", "7")
    assert forms.place("") == (None, None)
