"""Readings: one sound for わかこ, ワカコ and Wakako, and what spelling habits may change."""

from __future__ import annotations

import pytest

from goen.identity.matching.readings import collapsed, folded, reading


@pytest.mark.parametrize(
    ("text", "sound"),
    [
        ("わかこ", "wakako"), ("ﾜｶｺ", "wakako"), ("ワカコ", "wakako"), ("Wakako", "wakako"), ("ＷＡＫＡＫＯ", "wakako"),
        ("ショウゴ", "shougo"), ("きっぺい", "kippei"), ("マッチ", "matchi"), ("ｼﾞｭﾝ", "jun"), ("ギャル", "gyaru"),
        ("けーこ", "keeko"), ("みすゞ", "misuzu"), ("フィリップ", "firippu"), ("シェリー", "sherii"),
        ("O’Brien", "obrien"), ("José", "jose"), ("和歌子", None), ("🌸", None), ("", None), ("わか子", None),
    ],
)  # fmt: skip
def test_kana_and_latin_letters_have_one_reading(text: str, sound: str | None) -> None:
    assert reading(text) == sound


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ショウゴ", "Shogo"), ("しょうご", "Syougo"), ("ショウゴ", "Shohgo"), ("じゅんぺい", "Jumpei"),
        ("つよし", "Tuyosi"), ("ゆうき", "Yuki"), ("りょう", "Lyo"), ("こういち", "Koichi"), ("おおの", "Ohno"),
    ],
)  # fmt: skip
def test_spelling_habits_are_folded(one: str, other: str) -> None:
    assert folded(reading(one) or "") == folded(reading(other) or "")


@pytest.mark.parametrize(
    ("one", "other"),
    [("けんた", "けいた"), ("まな", "かな"), ("ゆき", "ゆみ"), ("たろう", "じろう"), ("きよこ", "きょうこ")],
)
def test_names_that_differ_stay_different(one: str, other: str) -> None:
    assert folded(reading(one) or "") != folded(reading(other) or "")


def test_old_tills_large_kana_is_known() -> None:
    assert collapsed(folded("shiyunta")) == collapsed(folded("shunta"))
    assert collapsed(folded("riyouji")) == collapsed(folded("ryouji"))
