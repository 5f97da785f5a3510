"""The catalogue of Japanese: one word for one thing, and nothing of programs in front of people."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from goen.web.common.pages import rendered

WORDS = Path(__file__).parents[2] / "src/goen/web/words/ja.po"
#: What would be a second word for the same thing, and the word that is ours.
SECOND_WORDS = {
    "サインイン": "ログイン", "サインアウト": "ログアウト", "世帯": "家族会員", "家族会員グループ": "家族会員",
    "会員以外": "非会員",
    "名寄せ候補": "重複候補", "取り置き": "利用予約", "回転コード": "30秒ごとに切り替わるコード",
}  # fmt: skip


def catalogue() -> dict[str, str]:
    with WORDS.open("rb") as file:
        return {str(each.id): str(each.string) for each in read_po(file, locale="ja") if each.id}


@pytest.mark.parametrize("word", SECOND_WORDS)
def test_one_thing_has_one_word(word: str) -> None:
    assert [each for each in catalogue().items() if word in each[1]] == [], f"say {SECOND_WORDS[word]}"


def test_every_word_of_the_catalogue_is_said() -> None:
    assert [each for each, said in catalogue().items() if not said] == []


@pytest.mark.parametrize("code", sorted(each[8:] for each in catalogue() if each.startswith("problem ")))
def test_a_refusal_tells_people_nothing_of_programs(code: str) -> None:
    refusal = type("Refused", (), {"code": code, "detail": "", "fields": {"per_day": 1, "moved": 0}})
    told = rendered("ja", "office/refused_note.html", refusal=refusal)
    assert not re.search(r"ルール\s*\d", told)
    # Refusals of the API itself reach no page.
    if not re.search("Idempotency|Authorization|Retry-After|bytes_max|application/json|GOEN_|fonts", told):
        said = re.sub(r"<[^>]*>", "", told)
        words = set(re.findall(r"[A-Za-z]{2,}", said)) - {"API", "ID", "SKU", "LINE", "URL", "Webhook", "PIN"}
        assert not words, said


def test_a_member_is_told_that_unregistered_points_lapse() -> None:
    assert "失効" in catalogue()["Please register by %(day)s, so that the points stay yours."]
