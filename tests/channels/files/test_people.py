"""Opening balances and members from files."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from channels.files.builders import TOKYO, written
from goen.channels.files.balances import read_balances
from goen.channels.files.mapping import parse_mapping, recognise
from goen.channels.files.members import read_members
from goen.channels.files.readers import open_table
from goen.purchases.brought import OpeningBalance, Refused
from goen.purchases.model import MemberRef

BALANCES = """
kind = "balances"
[[member]]
kind = { constant = "card" }
value = "会員番号"
[balance]
points = "残高"
expires_on = "失効日"
expiry_means = "%s"
"""


@pytest.mark.parametrize(
    ("means", "last_day"), [("valid_through", date(2026, 3, 31)), ("expires_at_start_of", date(2026, 3, 30))]
)
def test_rule_14_the_mapping_says_what_an_expiry_date_means(tmp_path: Path, means: str, last_day: date) -> None:
    refused: list[Refused] = []
    table = open_table(
        written(tmp_path, '会員番号,残高,失効日\n="0012","1,200P",R8.3.31\n0013,▲50,\n0014,0,\n,5,\n0015,x,\n', "cp932")
    )
    found = list(read_balances(table, parse_mapping(BALANCES % means), refused.append))
    assert [(b.member, b.points, b.expires_on, b.limited) for b in found] == [
        (MemberRef("card", "0012"), 1200, last_day, False),
        (MemberRef("card", "0013"), -50, None, False),
    ]
    assert [(r.row, r.code) for r in refused] == [(4, "no_points"), (5, "no_identifier"), (6, "bad_cell")]


def test_a_native_balances_file_needs_no_mapping(tmp_path: Path) -> None:
    table = open_table(written(tmp_path, "member_kind,member,balance,expires_on\nphone,090-0000-0001,5,2026-03-31\n"))
    mapping = recognise(table.header, "balances")
    assert mapping is not None
    assert list(read_balances(table, mapping, pytest.fail)) == [
        OpeningBalance(2, ("phone", "090-0000-0001", "5", "2026-03-31"), MemberRef("phone", "090-0000-0001"), 5,
                       date(2026, 3, 31), False)
    ]  # fmt: skip


def test_eccube_customers_keep_their_names_and_numbers(shared_data: Path) -> None:
    refused: list[Refused] = []
    table = open_table(shared_data / "csv" / "eccube_customers_sample.cp932.csv")
    mapping = recognise(table.header, "members")
    assert mapping is not None
    first, second = read_members(table, mapping, refused.append, zone=TOKYO, shop="online")
    assert (first.name, first.kana, first.birth_date) == ("髙橋 美咲", "タカハシ ミサキ", date(1990, 3, 14))
    assert (first.gender, first.postal_code, first.shop) == ("female", "1050011", "online")
    assert first.identifiers == (
        MemberRef("ec", "7", "online"),
        MemberRef("phone", "09012345678"),
        MemberRef("email", "misaki.takahashi@example.jp"),
    )
    assert second.gender is None
    assert [(r.row, r.code) for r in refused] == [(4, "not_active")]
