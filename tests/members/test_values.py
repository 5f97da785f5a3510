"""Numbers, ids, masks and bigrams: values in, values out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goen.members.ids import member_id_of, public_id
from goen.members.masks import name_masked
from goen.members.number import SERIAL_MAX, number_of
from goen.members.search import grams
from goen.vocabulary.jan import check_digit, is_valid


@given(st.integers(1, SERIAL_MAX))
def test_rule_42_member_numbers_are_scannable(serial: int) -> None:
    number = number_of(serial)
    assert is_valid(number)
    assert number.startswith("29")


@given(st.lists(st.integers(1, SERIAL_MAX), unique=True))
def test_no_two_members_have_one_number(serials: list[int]) -> None:
    assert len({number_of(serial) for serial in serials}) == len(serials)


@given(st.integers(1, SERIAL_MAX), st.integers(0, 12), st.integers(1, 9))
def test_rule_42_one_wrong_digit_is_noticed(serial: int, place: int, added: int) -> None:
    number = number_of(serial)
    wrong = number[:place] + str((int(number[place]) + added) % 10) + number[place + 1 :]
    assert not is_valid(wrong)


def test_rule_42_known_check_digits() -> None:
    # The usual sample of a JAN code, and that of the EAN article.
    assert check_digit("490123456789") == "4"
    assert check_digit("400638133393") == "1"
    assert number_of(1234) == "2930843438747"


@given(st.integers(1, 2**63 - 1))
def test_member_ids_come_back(member_id: int) -> None:
    assert member_id_of(public_id(member_id)) == member_id


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("山田 花子", "山＊ ＊子"),
        ("長谷川　真理子", "長＊＊ ＊＊子"),
        ("林 恵", "林 ＊"),
        ("山田花子", "山＊＊子"),
        ("林恵", "林＊"),
        ("林", "林＊"),
        ("Taro Yamada", "T＊＊＊ ＊＊＊＊＊a"),
        ("", "＊"),
        (None, "＊"),
    ],
)
def test_masked_names(name: str | None, masked: str) -> None:
    assert name_masked(name) == masked


@given(st.text(min_size=2, max_size=20), st.data())
def test_every_part_of_a_text_is_among_its_bigrams(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 2))
    part = text[start : data.draw(st.integers(start + 2, len(text)))]
    assert set(grams([part])) <= set(grams([text]))
