"""One spelling for each phone, mail, card and name (rules 42 and 44), against vectors nobody here wrote."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goen.identity import normalise as n
from goen.identity.keys import identifier_hash


def vectors(shared_data: Path, *kinds: str) -> list[dict[str, str]]:
    cases = json.loads((shared_data / "normalise" / "vectors.json").read_text(encoding="utf-8"))
    found = [case for case in cases if case["kind"] in kinds]
    assert found
    return found


def test_rule_44_shared_phone_vectors(shared_data: Path) -> None:
    for case in vectors(shared_data, "phone"):
        assert n.phone(case["input"]) == case["e164"], case


def test_rule_44_every_dash_that_people_type(shared_data: Path) -> None:
    for case in vectors(shared_data, "dash"):
        dash = case["char"]
        assert n.phone(f"090{dash}1234{dash}5678") == "+819012345678", case["codepoint"]
        assert n.card(f"29{dash}0012") == "290012", case["codepoint"]


def test_rule_44_shared_mail_vectors(shared_data: Path) -> None:
    for case in vectors(shared_data, "email", "email_must_be_accepted"):
        address = n.email(case["input"])
        assert address is not None, case
        assert n.match_key(address) == case["match_key"], case


def test_shared_kana_and_variant_vectors(shared_data: Path) -> None:
    for case in vectors(shared_data, "kana"):
        assert n.kana(case["input"]) == case["expected"], case
    for case in vectors(shared_data, "variant"):
        assert n.name(case["input"]) == case["expected"], case


def test_every_contact_of_the_member_list_is_readable(shared_data: Path) -> None:
    with (shared_data / "linkage" / "ja_members_constructed_dev.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            assert not row["phone"] or n.phone(row["phone"]), row
            assert not row["email"] or n.email(row["email"]), row


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("09012345678", "+819012345678"),
        ("TEL:03-1234-5678", "+81312345678"),
        ("℡03(1234)5678", "+81312345678"),
        ("携帯 090・1234・5678", "+819012345678"),
        ("電話：０３（１２３４）５６７８", "+81312345678"),
        ("03-1234-5678 内線12", "+81312345678"),
        ("03-1234-5678 ext.12", "+81312345678"),
        ("03 1234 5678(自宅)", "+81312345678"),
        ("+81 (0)90-1234-5678", "+819012345678"),
        ("0081-90-1234-5678", "+819012345678"),
        ("010-81-90-1234-5678", "+819012345678"),
        ("81-90-1234-5678", "+819012345678"),
        ("\u202a090-1234-5678\u202c", "+819012345678"),
        ("9012345678", "+819012345678"),
        ("312345678", "+81312345678"),
        ("0120-444-444", "+81120444444"),
        ("0800-123-4567", "+818001234567"),
        ("0570-000-000", "+81570000000"),
        ("06012345678", "+816012345678"),
        ("+1 650-253-0000", "+16502530000"),
        ("+44 20 7946 0018", "+442079460018"),
    ],
)
def test_rule_44_phones(written: str, normal: str) -> None:
    assert n.phone(written) == normal


@pytest.mark.parametrize(
    "written",
    ["", "+", "0", "110", "なし", "090-1234-567", "0901234567", "090-1234-56789", "1234567890", "+1 65",
     "03-1234-5678/090-1234-5678", "03012345678", "+" + "9" * 400],
)  # fmt: skip
def test_what_is_no_phone_is_refused(written: str) -> None:
    assert n.phone(written) is None


@given(st.from_regex(r"0[1-9][0-9]{8,9}", fullmatch=True))
def test_the_short_way_for_plain_digits_agrees_with_the_long_one(digits: str) -> None:
    # A leading blank takes the number the long way.
    assert n.phone(digits) == n.phone(f" {digits}")


@given(st.from_regex(r"0[5-9]0[0-9]{8}", fullmatch=True))
def test_a_normal_phone_stays_as_it_is(digits: str) -> None:
    normal = n.phone(digits)
    assert normal is not None
    assert n.phone(normal) == normal


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("2900000012349", "2900000012349"),
        ("００１２-３４ ５６", "00123456"),
        ("a001234d", "001234"),
        ("ｂ０１２ｃ", "012"),
        ("A-001-234-B", "001234"),
        ("*0012345*", "0012345"),
        ("＊ａ１＊", "a1"),
        ("**", "**"),
        ("ABC", "ABC"),
        ("D123", "D123"),
        (" 0029 ", "0029"),
        ("", None),
        ("\u3000-", None),
    ],
)
def test_rule_42_cards(written: str, normal: str | None) -> None:
    assert n.card(written) == normal


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        (" Taro@Example.JP ", "taro@example.jp"),
        ("ａ＠Ｂ。ＪＰ", "a@b.jp"),
        ("taro.+point@gmail.com", "taro.+point@gmail.com"),
        ("山田@例え.jp", "山田@例え.jp"),
        ("a@b", None),
        ("a@@b.jp", None),
        ("a b@c.jp", None),
        ("@a.jp", None),
        ("a@-x.jp", None),
        ("a@a..jp", None),
        ("a" * 65 + "@b.jp", None),
    ],
)
def test_mail_addresses(written: str, normal: str | None) -> None:
    assert n.email(written) == normal


@given(st.sampled_from(["card", "phone", "email", "line", "ec"]), st.text(max_size=60))
def test_no_text_breaks_a_normaliser_and_a_normal_form_is_stable(kind: str, text: str) -> None:
    normal = n.normalise(kind, text)
    if normal is not None and kind != "card":  # A card may keep letters that look like a frame once more.
        assert n.normalise(kind, normal) == normal
    n.searchable(text)


def test_a_text_that_normalising_makes_endless_is_refused() -> None:
    assert n.normalise("card", "1" * 500) == "1" * 500
    assert n.normalise("card", "\ufdfa" * 100) is None


def test_search_forms_fold_width_kana_and_variants() -> None:
    assert n.searchable("髙橋　はなこ") == n.searchable("高橋ﾊﾅｺ") == "高橋ハナコ"
    assert n.searchable("ワタナベ･ジョー") == "ワタナベジョー"


def test_the_registry_hash_never_changes() -> None:
    assert identifier_hash("card", 0, "2900000012349") == 52400867644384967
    assert identifier_hash("ec", 7, "u-1") != identifier_hash("ec", 8, "u-1")
