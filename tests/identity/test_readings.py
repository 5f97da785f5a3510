"""Readings across scripts, kana, variant kanji and birth dates: tables, and properties that hold for any of them."""

from __future__ import annotations

from datetime import date
from importlib.resources import files
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goen.identity import normalise as n

KANA = st.text(alphabet=[chr(code) for code in range(0x30A1, 0x30F5)] + ["ー"], min_size=1, max_size=12)
HALF_WIDTH = {normalize("NFKC", chr(code)): chr(code) for code in range(0xFF66, 0xFF9E)}


def halved(text: str) -> str:
    """Katakana as tills have it: half width, voicing marks apart."""
    marks = {"\u3099": "ﾞ", "\u309a": "ﾟ"}
    return "".join(marks.get(letter) or HALF_WIDTH.get(letter, letter) for letter in normalize("NFD", text))


@pytest.mark.parametrize(
    "spellings",
    [
        "わかこ Wakako ワカコ ﾜｶｺ WAKAKO ☆わかこ♪ ｗａｋａｋｏ",
        "おおた オオタ オータ ｵｰﾀ Ota Ohta Oota Ōta Ôta",
        "しょうへい ショウヘイ ショーヘイ Shohei Shouhei Syohei Shōhei",
        "ゆうこ ユーコ Yuko Yuuko Yūko Yuhko",
        "しんいち Shin'ichi Shin’ichi Shinichi Sin'iti",
        "じゅんこ ｼﾞｭﾝｺ Junko Zyunko",
        "はっとり Hattori",
        "ほっち Hotchi Hocchi Hotti",
        "ぐんま Gumma Gunma",
        "つづき Tsuzuki Tuduki つずき",
        "さとう Sato Satoh Satou SATŌ",
        "けいこ ケーコ Keiko",
        "きょうこ キョーコ Kyoko Kyouko Kyōko",
        "いのうえ Inoue",
        "ちあき Chiaki Tiaki",
        "ふじ Fuji Huzi",
        "ゔぃおら ヴィオラ Viora",
        "ファビオ Fabio",
    ],
)
def test_one_key_for_the_spellings_of_a_name(spellings: str) -> None:
    words = spellings.split()
    assert len({n.readings(word) for word in words}) == 1, {word: n.readings(word) for word in words}


@pytest.mark.parametrize(
    ("one", "other"),
    [("きよこ", "きょうこ"), ("かおり", "かおる"), ("ゆうき", "ゆき　な"), ("はっとり", "はとり"), ("みき", "まき")],
)
def test_other_names_keep_other_keys(one: str, other: str) -> None:
    assert n.readings(one) != n.readings(other)


@pytest.mark.parametrize("text", ["", "和歌子", "わ子", "☆", "ー", "123"])
def test_what_cannot_be_read_has_no_key(text: str) -> None:
    assert n.readings(text) is None


def test_words_of_a_reading_stay_apart() -> None:
    assert n.readings("ヤマダ　タロウ") == n.readings("Yamada Taro") == "yamada taro"


@given(KANA)
def test_readings_and_kana_know_no_width_and_no_script(text: str) -> None:
    hiragana = "".join(chr(ord(letter) - 0x60) if "ァ" <= letter <= "ヴ" else letter for letter in text)
    assert n.kana(halved(text)) == n.kana(hiragana) == n.kana(text)
    assert n.readings(halved(text)) == n.readings(hiragana) == n.readings(text)
    assert n.large_kana(halved(text)) == n.large_kana(text)


@given(st.text(max_size=40) | KANA)
def test_normal_forms_are_stable(text: str) -> None:
    for form in (n.kana, n.name, n.large_kana, n.searchable):
        assert form(form(text)) == form(text)


@pytest.mark.parametrize(
    ("written", "kana"),
    [
        ("ﾔﾏﾀﾞ　ﾀﾛｳ", "ヤマダ タロウ"),
        ("やまだ  たろう ", "ヤマダ タロウ"),
        ("か\u3099", "ガ"),
        ("か゛ほ゜", "ガポ"),
        ("ユ－コ", "ユーコ"),
        ("ユ-コ", "ユーコ"),
        ("いすゞ", "イスズ"),
        ("しょう", "ショウ"),
        ("ｼｮｳ", "ショウ"),
        ("Wakako", "Wakako"),
    ],
)
def test_kana(written: str, kana: str) -> None:
    assert n.kana(written) == kana


def test_kana_of_systems_without_small_letters() -> None:
    assert n.large_kana("ｷﾖｳｺ") == n.large_kana("キョウコ") == "キヨウコ"
    assert n.large_kana("キヨコ") != n.large_kana("キョウコ")
    assert n.large_kana("ミヅホ ヲワリ") == "ミズホオワリ"


def test_every_variant_of_the_shared_list_is_folded(shared_data: Path) -> None:
    lines = (shared_data / "normalise" / "variant_kanji.tsv").read_text(encoding="utf-8").splitlines()
    pairs = [(common, variant) for line in lines for common, all_ in [line.split("\t")] for variant in all_.split("/")]
    assert len(pairs) == 606
    assert [(common, variant) for common, variant in pairs if n.name(common) != n.name(variant)] == []
    # Where two common forms share a variant (兎 and 菟: 兔) one of them gives the form; all others are it.
    assert sum(n.name(variant) == common for common, variant in pairs) >= 606 - 15


@pytest.mark.parametrize(
    "pair", ["髙高", "﨑崎", "邊辺", "邉辺", "栁柳", "桒桑", "𠮷吉", "嶋島", "冨富", "舘館", "濵浜", "齋斎"]
)
def test_variants_that_names_need(pair: str) -> None:
    variant, common = pair
    assert n.name(variant) == common


def test_no_kanji_stands_in_two_words_of_the_table() -> None:
    table = files("goen.identity.normalise").joinpath("variants.txt").read_text(encoding="utf-8")
    letters = [
        letter for line in table.splitlines() if not line.startswith("#") for word in line.split() for letter in word
    ]
    assert len(letters) == len(set(letters)) > 1_000
    # A letter that NFKC changes would never be met.
    assert [letter for letter in letters if normalize("NFKC", letter) != letter] == []


def test_different_surnames_stay_different() -> None:
    for one, other in [("斎藤", "斉藤"), ("大坂", "大阪"), ("太田", "大田"), ("荻原", "萩原"), ("園田", "薗部")]:
        assert n.name(one) != n.name(other)


@pytest.mark.parametrize(
    "written",
    [
        "2025/4/1",
        "2025-04-01",
        "2025.4.1",
        "20250401",
        "２０２５／４／１",
        "2025年4月1日",
        "2025 年 4 月 1 日",
        "令和7年4月1日",
        "令和７年４月１日生まれ",
        "R7.4.1",
        "r7/4/1",
        "Ｒ７．４．１",
        "R07-04-01",
        "令7.4.1",
        "令和七年四月一日",
        "2025/4/1 0:00",
        "2025−4−1",
        "2025-04-01T00:00:00",
    ],
)
def test_rule_61_one_birth_date_in_many_spellings(written: str) -> None:
    assert n.birth_date(written) == date(2025, 4, 1)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("昭和64年1月7日", date(1989, 1, 7)),
        ("平成元年1月8日", date(1989, 1, 8)),
        ("S39.10.10", date(1964, 10, 10)),
        ("大正十五年十二月二十五日", date(1926, 12, 25)),
        ("㍼53年4月1日", date(1978, 4, 1)),
        ("明治45年7月29日", date(1912, 7, 29)),
        ("平成31年5月1日", date(2019, 5, 1)),
        ("85/4/1", None),
        ("2025/2/30", None),
        ("2025/4", None),
        ("令和7年", None),
        ("4/1/2025", None),
        ("0", None),
        ("", None),
        ("不明", None),
    ],
)
def test_rule_61_birth_dates(written: str, day: date | None) -> None:
    assert n.birth_date(written) == day


@given(st.dates(date(1868, 1, 1), date(2100, 12, 31)))
def test_rule_61_any_day_in_any_spelling(day: date) -> None:
    for written in (
        day.isoformat(),
        f"{day:%Y%m%d}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day.year}/{day.month}/{day.day}",
    ):
        assert n.birth_date(written) == day
    for era, before in {"昭和": 1925, "H": 1988, "令和": 2018}.items():
        if 0 < (year := day.year - before) < 100:
            assert n.birth_date(f"{era}{year}年{day.month}月{day.day}日") == day


@given(st.text(max_size=40))
def test_no_text_breaks_a_birth_date(text: str) -> None:
    n.birth_date(text)
