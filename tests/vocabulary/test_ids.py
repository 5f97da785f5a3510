from hypothesis import given
from hypothesis import strategies as st

from goen.vocabulary import ids

bigints = st.integers(-(2**63), 2**63 - 1)


@given(bigints)
def test_every_bigint_comes_back(number: int) -> None:
    assert ids.decode(ids.encode(number)) == number


@given(st.text(alphabet="0123456789abcdefghijklmnopqrstuvwxyzA-", max_size=15))
def test_a_word_means_one_number_or_none(word: str) -> None:
    number = ids.decode(word)
    assert number is None or ids.encode(number) == word


def test_known_words() -> None:
    words = {n: ids.encode(n) for n in (0, 31, 32, 1234, -1, -1234, 2**63 - 1, -(2**63))}
    assert words == {
        0: "0",
        31: "z",
        32: "10",
        1234: "16j",
        -1: "u1",
        -1234: "u16j",
        2**63 - 1: "7zzzzzzzzzzzz",
        -(2**63): "u8000000000000",
    }


def test_other_spellings_are_no_ids() -> None:
    for word in ("", "01", "16J", "u0", "u", "i", "8000000000000", "zzzzzzzzzzzzzzzz", "１"):
        assert ids.decode(word) is None, word
