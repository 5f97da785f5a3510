"""Every way a body can be wrong is one refusal that names the field."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from goen.api.decoding import decoded, decoded_query
from goen.vocabulary.refusal import InvalidRequest


class Part(msgspec.Struct, forbid_unknown_fields=True):
    amount: Annotated[int, Meta(ge=0, lt=10**12)]
    text: Annotated[str, Meta(max_length=500)] = ""
    rate: Decimal = Decimal(1)


class Whole(msgspec.Struct, forbid_unknown_fields=True):
    parts: list[Part] = []
    at: Annotated[datetime, Meta(tz=True)] | None = None
    words: dict[str, str] = {}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"parts": [{"amount": "1"}]}', "parts.0.amount"),
        (b'{"parts": [{"amount": 1}, {"amount": 1.5}]}', "parts.1.amount"),
        (b'{"parts": [{"amount": -1}]}', "parts.0.amount"),
        (b'{"parts": [{"amount": 1000000000000}]}', "parts.0.amount"),
        (b'{"parts": [{"amount": 1e400}]}', "parts.0.amount"),
        (b'{"parts": [{"amount": ' + b"9" * 5000 + b"}]}", "parts.0.amount"),
        (b'{"parts": [{"amount": true}]}', "parts.0.amount"),
        (b'{"parts": [{"amount": null}]}', "parts.0.amount"),
        (b'{"parts": [{}]}', "parts.0.amount"),
        (b'{"parts": [{"amount": 1, "colour": 2}]}', "parts.0.colour"),
        (b'{"colour": 2}', "colour"),
        (b'{"parts": {}}', "parts"),
        (b'{"at": "2026-11-22T12:00:00"}', "at"),
        (b'{"at": "tomorrow"}', "at"),
        (b'{"words": {"a": 1}}', "words.*"),
        (('{"parts": [{"amount": 1, "text": "' + "あ" * 501 + '"}]}').encode(), "parts.0.text"),
        (b'{"parts": [{"amount": 1, "text": "a\\u0000b"}]}', "parts.0.text"),
        (b'{"words": {"a\\u0000": "b"}}', "words.a"),
        (b'{"parts": [{"amount": 1, "text": "a\x00b"}]}', ""),
        (b'{"words": {"a": "\\ud800"}}', ""),
        (b'{"words": {"a": "\\udc00x"}}', ""),
        (b'{"words": {"a": "\xed\xa0\x80"}}', ""),
        (b'{"words": {"a": "\xff"}}', ""),
        (b'{"parts": [{"amount": NaN}]}', ""),
        (b'{"parts": [{"amount": Infinity}]}', ""),
        (b"[]", ""),
        (b"null", ""),
        (b"{", ""),
        (b'{"parts": []} {}', ""),
        (b"\xef\xbb\xbf{}", ""),
        ("{}".encode("utf-16"), ""),
        (b"[" * 200_000, ""),
        (b'{"parts": ' * 100_000, "parts"),
    ],
)
def test_a_wrong_body_names_its_field(body: bytes, field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        decoded(body, Whole)
    (error,) = refused.value.fields["errors"]
    assert error["field"] == field
    assert error["message"]


def test_an_empty_body_counts_as_an_empty_object() -> None:
    assert decoded(b"", Whole) == decoded(b" {} ", Whole) == Whole()


def test_an_escaped_backslash_before_u0000_is_a_text_like_any_other() -> None:
    assert decoded(rb'{"words": {"a": "\\u0000"}}', Whole).words == {"a": r"\u0000"}


def test_quantities_keep_their_digits() -> None:
    assert decoded(b'{"parts": [{"amount": 1, "rate": 0.125}]}', Whole).parts[0].rate == Decimal("0.125")


def test_queries_are_converted_and_unknown_names_refused() -> None:
    class Query(msgspec.Struct, forbid_unknown_fields=True):
        limit: Annotated[int, Meta(ge=1, le=100)] = 20

    assert decoded_query({"limit": "7"}, Query).limit == 7
    for query, field in (({"limit": "0"}, "limit"), ({"limit": "a"}, "limit"), ({"other": "1"}, "other")):
        with pytest.raises(InvalidRequest) as refused:
            decoded_query(query, Query)
        assert refused.value.fields["errors"][0]["field"] == field


@given(st.binary(max_size=60) | st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["parts", "amount", "x"]), inner),
).map(msgspec.json.encode))  # fmt: skip
def test_no_body_whatever_raises_anything_else(body: Any) -> None:
    try:
        value = decoded(body, Whole)
    except InvalidRequest:
        return
    assert isinstance(value, Whole)
