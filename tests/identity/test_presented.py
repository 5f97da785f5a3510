"""A reference becomes one question to the registry, or a refusal that names the field."""

from __future__ import annotations

import pytest

from goen.identity.keys import identifier_hash
from goen.identity.presented import Presented, presented
from goen.members.ids import member_id_of, public_id
from goen.vocabulary.refusal import InvalidRequest


def read(kind: str, value: str | None, shop_id: int | None = None) -> Presented:
    return presented(kind, value, shop_id, member_id_of=member_id_of)


def test_one_number_written_in_two_ways_is_one_question() -> None:
    plain = read("phone", "09012345678")
    assert plain == read("phone", "＋８１ ９０ー１２３４ー５６７８")
    assert plain.normal == "+819012345678"
    assert plain.hash == identifier_hash("phone", 0, "+819012345678")


def test_accounts_of_two_web_shops_are_two_questions() -> None:
    assert read("ec", "u1", 1) != read("ec", "u1", 2)


def test_a_member_id_is_read_and_nonsense_belongs_to_nobody() -> None:
    assert read("member_id", public_id(1234)).member_id == 1234
    for text in ("m_", "m_0", "m_u1", "1234", "m_I", "p_1"):
        assert read("member_id", text).member_id == 0


@pytest.mark.parametrize(
    ("kind", "value", "field"),
    [
        ("phone", None, "member.value"),
        ("card", "", "member.value"),
        ("phone", "なし", "member.value"),
        ("email", "nobody", "member.value"),
        ("ec", "u1", "member.shop"),
    ],
)
def test_malformed_references_name_the_field(kind: str, value: str | None, field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read(kind, value)
    assert refused.value.fields["errors"][0]["field"] == field
