"""Columns are known by their names, Japanese and English; a mapping goes first."""

from __future__ import annotations

import pytest

from goen.identity.matching.columns import NoRecordId, recognise
from goen.identity.matching.prepare import raw_of


def test_the_contract_is_known() -> None:
    header = [
        "record_id",
        "source",
        "name",
        "kana",
        "sex",
        "birthday",
        "phone",
        "email",
        "postcode",
        "postal_address",
        "entity",
    ]
    assert list(recognise(header)) == header[:-1]


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        (["会員番号", "お名前(姓)", "お名前(名)", "フリガナ（姓）", "フリガナ（名）", "電話番号", "メールアドレス"],
         ["record_id", "family_name", "given_name", "family_kana", "given_kana", "phone", "email"]),
        (["顧客ID", "氏名", "氏名（カナ）", "性別", "生年月日", "郵便番号", "住所"],
         ["record_id", "name", "kana", "sex", "birthday", "postcode", "postal_address"]),
        (["Unique ID", "First-Name", "Surname", "DOB", "City", "E-Mail", "soc_sec_id"],
         ["record_id", "given_name", "family_name", "birthday", "city", "email"]),
    ],
)  # fmt: skip
def test_usual_headers_are_known(header: list[str], fields: list[str]) -> None:
    assert list(recognise(header)) == fields


def test_a_mapping_goes_first() -> None:
    assert recognise(["id", "phone", "携帯2"], {"phone": "携帯2"}) == {"phone": 2, "record_id": 0}
    with pytest.raises(KeyError):
        recognise(["id"], {"phone": "携帯2"})


def test_records_must_be_named() -> None:
    with pytest.raises(NoRecordId):
        recognise(["name", "phone"])


def test_one_address_in_several_columns() -> None:
    columns = recognise(["id", "都道府県", "市区町村", "住所1"])
    assert raw_of(["1", "東京都", "中野区", "白鷺2-6-29"], columns).address == "東京都 中野区 白鷺2-6-29"
    assert raw_of(["1", "", "", ""], columns).address is None
