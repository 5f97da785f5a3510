"""Member tokens of a web shop: a JWS (HS256) by the shop's linking secret that vouches for one account.

The token says who its bearer is for at most ten minutes and serves once. This module checks what can be
checked without a database; the ``jti`` is used up in the members room.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import jwt

from goen.identity.presented import NotRecognised
from goen.vocabulary.clock import Instant

AUDIENCE = "goen"
LIFE_MAX = timedelta(minutes=10)
JTI_LENGTH_MAX = 200


class Claims(NamedTuple):
    """What a token proves: the shop's ``account`` is here. ``expires_at`` in seconds since 1970."""

    account: str
    jti: str
    expires_at: int


def claims(token: str, *, secret: str | None, shop: str, now: Instant, field: str = "member.token") -> Claims:
    """Check signature, ``iss`` (the shop's code), ``aud`` (goen), ``sub``, ``exp`` and ``jti`` of a token.

    Raises:
        NotRecognised: with what is wrong, under the name ``field``. The words never quote the token.
    """
    if not secret:
        raise NotRecognised(field, f"the shop {shop} has no linking secret; set one first")
    try:
        # Our own clock decides on exp, so that one rule holds for tests, replays and production.
        body = jwt.decode(
            token,
            secret,
            algorithms=["HS256"],
            audience=AUDIENCE,
            issuer=shop,
            options={
                "require": ["iss", "aud", "sub", "exp", "jti"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise NotRecognised(field, f"is not a valid token: {error}") from None
    account, jti, expires_at = body["sub"], body["jti"], body["exp"]
    if not isinstance(expires_at, int) or isinstance(expires_at, bool):
        raise NotRecognised(field, "exp must be a whole number of seconds")
    if not account or not jti or len(jti) > JTI_LENGTH_MAX or "\0" in account + jti:
        raise NotRecognised(field, f"sub and jti are texts; jti of {JTI_LENGTH_MAX} characters at most")
    if expires_at <= now.timestamp():
        raise NotRecognised(field, "has expired", account)
    if expires_at > (now + LIFE_MAX).timestamp():
        raise NotRecognised(field, "may live for ten minutes at most", account)
    return Claims(account, jti, expires_at)
