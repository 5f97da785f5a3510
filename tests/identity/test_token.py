"""A web shop's token holds for one account, ten minutes at most, and by the shop's own secret."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import jwt
import pytest

from goen.identity.token import Claims, claims
from goen.vocabulary.refusal import InvalidRequest

START = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
SECRET = "s" * 32
NOW = int(START.timestamp())


def token(secret: str = SECRET, **changes: Any) -> str:
    body = {"iss": "web", "aud": "goen", "sub": "u-1", "exp": NOW + 60, "jti": "j-1", **changes}
    return jwt.encode({name: value for name, value in body.items() if value is not None}, secret, "HS256")


def read(text: str) -> Claims:
    return claims(text, secret=SECRET, shop="web", now=START)


def test_a_good_token_names_its_account() -> None:
    assert read(token()) == Claims("u-1", "j-1", NOW + 60)
    assert read(token(aud=["goen", "other"], exp=NOW + 600)).account == "u-1"


@pytest.mark.parametrize(
    "bad",
    [
        token("x" * 32),
        token(iss="other"),
        token(aud="other"),
        token(sub=None),
        token(sub=""),
        token(jti=None),
        token(jti=""),
        token(jti="j" * 201),
        token(exp=None),
        token(exp=NOW),
        token(exp=NOW + 601),
        token(exp=10**30),
        jwt.encode({"iss": "web", "aud": "goen", "sub": "u", "exp": NOW + 60, "jti": "j"}, None, "none"),
        "",
        "a.b.c",
        token() + "x",
    ],
)
def test_any_other_token_is_refused(bad: str) -> None:
    with pytest.raises(InvalidRequest):
        read(bad)


def test_a_shop_without_a_secret_has_no_tokens() -> None:
    with pytest.raises(InvalidRequest, match="linking secret"):
        claims(token(), secret=None, shop="web", now=START)
