"""``goen normalise``: a line in, a line out, whatever stands in it."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from goen.cli import main


@pytest.mark.parametrize(
    ("kind", "given", "normal"),
    [
        ("phone", "０９０ー１２３４ー５６７８\nなし\n\n9012345678\n", "+819012345678\n\n\n+819012345678\n"),
        ("email", "T.a+x@GMAIL.com\r\ntaro..yamada@docomo.ne.jp\nx", "ta@gmail.com\ntaro..yamada@docomo.ne.jp\n\n"),
        (
            "kana",
            "ﾔﾏﾀﾞ　はなこ\nYamada\n山田 花子\nジョン・スミス\nー\n山ダ\n",
            "ヤマダ ハナコ\n\n\nジョン・スミス\n\n\n",
        ),
        ("name", "渡邉󠄀 誠\n", "渡辺 誠\n"),
        ("address", "港区芝公園四丁目２番８号\n\n", "東京都港区芝公園4-2-8\n\n"),
        ("birth-date", "R7.4.1\n不明\n", "2025-04-01\n\n"),
        ("reading", "ﾜｶｺ\nWakako\n和歌子\n", "wakako\nwakako\n\n"),
    ],
)
def test_a_line_out_for_each_line_in(kind: str, given: str, normal: str) -> None:
    ran = CliRunner().invoke(main, ["normalise", kind], input=given)
    assert (ran.exit_code, ran.output) == (0, normal)


def test_an_unknown_kind_is_a_usage_error() -> None:
    assert CliRunner().invoke(main, ["normalise", "blood"], input="").exit_code == 2
