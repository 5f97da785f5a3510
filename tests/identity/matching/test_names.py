"""Names in parts: apart where the list has them apart, split by what it teaches, whole where nobody knows."""

from __future__ import annotations

import pytest

from goen.identity.matching.names import NameBook, Split


@pytest.fixture(scope="module")
def book() -> NameBook:
    book = NameBook()
    book.learn(
        [
            ("山田 花子", "ヤマダ ハナコ"),
            ("山田　太郎", "ﾔﾏﾀﾞ ﾀﾛｳ"),
            ("小野 花子", "オノ ハナコ"),
            ("小野 次郎", None),
            ("林 恵", "ハヤシ メグミ"),
            ("林 薫", None),
        ]
    )
    return book


@pytest.mark.parametrize(
    ("written", "sounds", "expected"),
    [
        ("山田 花子", "ヤマダ ハナコ", ("山田", "花子", "yamada", "hanako")),
        ("山田花子", "ヤマダハナコ", ("山田", "花子", "yamada", "hanako")),
        ("髙田花子", "タカダ ハナコ", ("高田", "花子", "takada", "hanako")),
        ("花子", None, (None, "花子", None, None)),
        ("山田次郎", None, ("山田", "次郎", None, None)),
        ("はなこ", None, (None, None, None, "hanako")),
        ("☆はなこちゃん♪", None, (None, None, None, "hanako")),
        ("Hanako", None, (None, None, None, "hanako")),
        ("Hanako Yamada", None, (None, None, "yamada", "hanako")),
        ("YAMADA HANAKO", None, (None, None, "yamada", "hanako")),
        ("ヤマダ　ハナコ", None, (None, None, "yamada", "hanako")),
        ("山田 花子(旧姓 小野)", "ヤマダ ハナコ", ("山田", "花子", "yamada", "hanako")),
        (None, "ヤマダ ハナコ", (None, None, "yamada", "hanako")),
        (None, None, (None, None, None, None)),
    ],
)  # fmt: skip
def test_a_name_is_split(
    book: NameBook, written: str | None, sounds: str | None, expected: tuple[str | None, ...]
) -> None:
    split = book.split(written, sounds)
    assert (split.family, split.given, split.family_reading, split.given_reading) == expected


def test_what_others_are_called_says_how_a_name_may_be_read(book: NameBook) -> None:
    assert book.split("大川 花子", None).maybe == ("hanako",)
    assert book.split("大川 花子", "オオカワ カコ").maybe == ()


def test_books_of_several_lists_become_one(book: NameBook) -> None:
    both = NameBook()
    both.merge(book)
    both.merge(book)
    assert both.split("山田花子", None) == Split("山田", "花子", None, None, "山田花子", None, ("hanako",))
