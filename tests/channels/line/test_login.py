"""ID tokens of LINE Login: what is accepted, and every way in which one is not."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from channels.standin import standing_in
from goen.channels.line.errors import LineAway, LineMissing
from goen.channels.line.login import ISSUER, LineChannel, LineLogin
from goen.vocabulary.refusal import InvalidRequest

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
CHANNEL, SECRET, USER = "1234567890", "0123456789abcdef0123456789abcdef", "U4af4980629aaaaaaaaaaaaaaaaaaaaaaaa"
KEY, OTHER = ECKey.generate_key("P-256", {"kid": "k1"}), ECKey.generate_key("P-256", {"kid": "k2"})


def body(**changes):
    at = int(NOW.timestamp())
    claims = {"iss": ISSUER, "sub": USER, "aud": CHANNEL, "exp": at + 3600, "iat": at - 5, "amr": ["linesso"]}
    claims |= changes
    return {name: value for name, value in claims.items() if value is not None}


def web_token(secret=SECRET, header=None, **changes):
    return jwt.encode(header or {"alg": "HS256"}, body(**changes), OctKey.import_key(secret))


def app_token(key=KEY, **changes):
    return jwt.encode({"alg": "ES256", "kid": key.kid}, body(**changes), key)


def published(*keys):
    return 200, json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode()


def line(service=None):
    return LineLogin(LineChannel(CHANNEL, SECRET, f"{service.address}/certs" if service else "http://127.0.0.1:9/"))


async def test_a_token_of_a_web_login_is_signed_with_the_channels_secret():
    assert await line().user_of(web_token(), NOW) == USER
    assert await line().user_of(web_token(nonce="n-1"), NOW, nonce="n-1") == USER
    assert await line().user_of(web_token(aud=[CHANNEL]), NOW) == USER


async def test_a_token_of_an_app_is_signed_with_a_key_that_line_publishes():
    async with standing_in(published(KEY)) as service:
        login = line(service)
        assert await asyncio.gather(*(login.user_of(app_token(), NOW) for _ in range(5))) == [USER] * 5
        with pytest.raises(InvalidRequest, match="publishes no such key"):
            await login.user_of(app_token(OTHER), NOW)
        assert len(service.asked) == 1, "keys are remembered, and not looked for again for every forged token"


async def test_a_new_key_is_found_after_a_while():
    async with standing_in(published(KEY), published(KEY, OTHER)) as service:
        login = line(service)
        await login.user_of(app_token(), NOW)
        login._looked_at -= 61
        assert await login.user_of(app_token(OTHER), NOW) == USER


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (lambda: web_token("another secret of another channel..."), "bad_signature"),
        (lambda: web_token(aud="9999999999"), r"invalid_claim \(aud\)"),
        (lambda: web_token(iss="https://evil.example"), r"invalid_claim \(iss\)"),
        (lambda: web_token(exp=int(NOW.timestamp()) - 61), "expired_token"),
        (lambda: web_token(iat=int(NOW.timestamp()) + 3600), "invalid_token|invalid_claim"),
        (lambda: web_token(sub=None), r"missing_claim"),
        (lambda: web_token(exp=None), r"missing_claim"),
        (lambda: web_token(exp="soon"), "invalid_claim"),
        (lambda: web_token(sub=7), "sub is no user id|invalid_claim"),
        (lambda: web_token(nonce="n-2"), r"invalid_claim"),
        (web_token, r"missing_claim"),
        (lambda: web_token()[:-2], "bad_signature|decode_error|malformed"),
        (lambda: "not.a.token", "decode_error"),
        (lambda: "", "decode_error"),
        (lambda: "日本.語.だ", "decode_error"),
        (
            lambda: jwt.encode({"alg": "HS512"}, body(nonce="n-1"), OctKey.import_key(SECRET), ["HS512"]),
            "neither HS256 nor ES256",
        ),
        (lambda: jwt.encode({"alg": "RS256"}, body(nonce="n-1"), RSAKey.generate_key(2048)), "neither HS256 nor ES256"),
        (lambda: "eyJhbGciOiJub25lIn0." + web_token().split(".")[1] + ".", "neither HS256 nor ES256"),
    ],
)
async def test_a_token_that_does_not_hold_is_refused_without_being_quoted(token, why):
    text = token()
    with pytest.raises(InvalidRequest, match=why) as refusal:
        await line().user_of(text, NOW, nonce="n-1")
    assert len(text) < 20 or text[:20] not in refusal.value.detail


async def test_the_channels_secret_does_not_verify_an_app_token_and_a_key_in_the_header_is_not_looked_at():
    async with standing_in(published(KEY)) as service:
        mine = ECKey.generate_key("P-256", {"kid": "k1"})
        forged = jwt.encode({"alg": "ES256", "kid": "k1", "jwk": mine.as_dict(private=False)}, body(), mine)
        with pytest.raises(InvalidRequest, match="bad_signature"):
            await line(service).user_of(forged, NOW)


@pytest.mark.parametrize("answer", [(500, b""), (200, b"not json"), (200, b'{"keys": [1]}'), (200, b"[]")])
async def test_without_lines_keys_nothing_is_believed(answer):
    async with standing_in(answer) as service:
        with pytest.raises(LineAway):
            await line(service).user_of(app_token(), NOW)
    with pytest.raises(LineMissing):
        await LineLogin().user_of(web_token(), NOW)
