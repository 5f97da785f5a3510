"""Rotating codes: RFC 6238's own vectors, and what holds for every device and moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from goen.members import rotating

SEED = b"12345678901234567890123456789012"
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2120, 1, 1), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("seconds", "digits"),
    [
        (59, "46119246"), (1111111109, "68084774"), (1111111111, "67062674"), (1234567890, "91819424"),
        (2000000000, "90698825"), (20000000000, "77737706"),
    ],
)  # fmt: skip
def test_the_vectors_of_rfc_6238(seconds: int, digits: str) -> None:
    assert rotating.digits_at(SEED, rotating.step_at(datetime.fromtimestamp(seconds, UTC))) == digits


@given(st.integers(0, 10**10 - 1), st.binary(min_size=32, max_size=32), MOMENTS)
def test_a_code_comes_apart_as_it_was_put_together(handle: int, salt: bytes, now: datetime) -> None:
    digits = rotating.digits_at(rotating.secret_of(salt, b""), rotating.step_at(now))
    shown = rotating.written(handle, digits)
    assert len(shown) == 20
    assert rotating.read(shown) == rotating.Rotating(handle, digits)


@given(st.binary(min_size=32, max_size=32), MOMENTS, st.integers(-90, 90))
def test_a_clock_may_be_one_step_off_and_no_more(salt: bytes, now: datetime, seconds: int) -> None:
    secret = rotating.secret_of(salt, b"")
    shown = now + timedelta(seconds=seconds)
    digits = rotating.digits_at(secret, rotating.step_at(shown))
    found = rotating.step_of(secret, digits, rotating.around(now, rotating.DRIFT_STEPS))
    near = abs(rotating.step_at(shown) - rotating.step_at(now)) <= 1
    assert (found == rotating.step_at(shown)) == near


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=40), MOMENTS)
def test_without_the_installations_key_there_is_no_code(salt: bytes, key: bytes, now: datetime) -> None:
    with_key, without = rotating.secret_of(salt, b"k" + key), rotating.secret_of(salt, b"")
    assert with_key != without
    assert len(with_key) == 32


@pytest.mark.parametrize("value", ["", "50", "2900000000015", "5" * 20, "50" + "x" * 18, "50" + "1" * 19, "²" * 20])
def test_what_is_no_code_is_none(value: str) -> None:
    assert rotating.read(value) is None


def test_full_width_digits_and_blanks_are_let_pass() -> None:
    assert rotating.read("５０ 0000000012 12345678") == rotating.Rotating(12, "12345678")
