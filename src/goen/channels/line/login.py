"""LINE Login: a log-in on the web, begun and ended, and ID tokens checked on the server: signature, issuer, channel,
time, nonce.

LINE signs tokens of web log-ins with the channel's secret (HS256) and those of its apps with keys of its own
(ES256), which it publishes. https://developers.line.biz/en/docs/line-login/verify-id-token/
"""

from __future__ import annotations

import asyncio
from typing import Any, Literal, NamedTuple
from urllib.parse import urlencode

import httpx
import msgspec
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OctKey
from joserfc.jws import extract_compact

from goen.channels.line.errors import LineAway, LineMissing
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import InvalidRequest

ISSUER = "https://access.line.me"
KEYS_URL = "https://api.line.me/oauth2/v2.1/certs"
AUTHORIZE_URL = "https://access.line.me/oauth2/v2.1/authorize"
TOKEN_URL = "https://api.line.me/oauth2/v2.1/token"  # noqa: S105 - an address, no secret
#: LINE's clock and ours may differ by this much.
LEEWAY_SECONDS = 60
#: A key that we do not know is looked for, but not for every forged token.
KEYS_AGAIN_SECONDS = 60.0
TIMEOUT_SECONDS = 10.0
NAME_MAX = 50


class LineChannel(msgspec.Struct, frozen=True):
    """A LINE Login channel. Its user ids are those of its *provider*: other channels of it know the same ones."""

    channel_id: str
    secret: str
    keys_url: str = KEYS_URL
    authorize_url: str = AUTHORIZE_URL
    token_url: str = TOKEN_URL


class LineUser(NamedTuple):
    """Who LINE says somebody is. ``name`` is what they call themselves there, for them to know the account by."""

    user_id: str
    name: str


class Secrets(NamedTuple):
    """What one log-in on the web is begun with and ends by; the browser that began it keeps them."""

    state: str
    nonce: str
    verifier: str


class LineLogin:
    """Reads id tokens for one channel; without a channel it refuses them all."""

    def __init__(self, channel: LineChannel | None = None) -> None:
        self._channel = channel
        self._keys: dict[str, ECKey] = {}
        self._looked_at: float | None = None
        self._looking = asyncio.Lock()

    @property
    def ready(self) -> bool:
        """Whether a channel is set up."""
        return self._channel is not None

    def begin(self, given: Secrets, back: str, language: Literal["ja", "en"]) -> str:
        """Where a browser goes to log in; from there it comes to ``back``, which the channel has on its list.

        Raises:
            LineMissing: no channel is set up.
        """
        channel = self._set_up()
        return f"{channel.authorize_url}?" + urlencode(
            {
                "response_type": "code", "client_id": channel.channel_id, "redirect_uri": back,
                "scope": "openid profile", "state": given.state, "nonce": given.nonce, "ui_locales": language,
                "code_challenge": create_s256_code_challenge(given.verifier), "code_challenge_method": "S256",
            }
        )  # fmt: skip

    async def finish(self, given: Secrets, code: str, back: str, now: Instant) -> LineUser:
        """Who has logged in, by the ``code`` with which the browser came to ``back``.

        Raises:
            InvalidRequest: LINE does not take the code, or its id token does not hold.
            LineMissing: no channel is set up. LineAway: LINE does not answer.
        """
        channel = self._set_up()
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": back, "client_id": channel.channel_id,
            "client_secret": channel.secret, "code_verifier": given.verifier,
        }  # fmt: skip
        try:
            async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
                answer = await client.post(channel.token_url, data=form)
            if answer.status_code in (400, 401, 403):
                raise InvalidRequest("code", "is not taken by LINE")
            token = answer.raise_for_status().json()["id_token"]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise LineAway(f"LINE does not log anybody in just now ({type(error).__name__}).") from None
        return await self._read(str(token), now, given.nonce, "code")

    def _set_up(self) -> LineChannel:
        if self._channel is None:
            raise LineMissing("No LINE Login channel is set up here.")
        return self._channel

    async def user_of(self, token: str, now: Instant, *, nonce: str | None = None, field: str = "token") -> str:
        """The LINE user id that a token vouches for. ``nonce`` is what the log-in was begun with, where it was.

        Raises:
            InvalidRequest: the token does not hold, with why; its words are never quoted.
            LineMissing: no channel is set up. LineAway: LINE's keys cannot be had.
        """
        return (await self._read(token, now, nonce, field)).user_id

    async def _read(self, token: str, now: Instant, nonce: str | None, field: str) -> LineUser:
        channel = self._set_up()
        try:
            header = extract_compact(token.encode()).headers()
            key = await self._key(channel, header)
            read = jwt.decode(token, key, algorithms=[header["alg"]])
            claims = CodeIDToken(
                read.claims,
                read.header,
                {"iss": {"essential": True, "value": ISSUER}, "aud": {"essential": True, "value": channel.channel_id}},
                {"nonce": nonce, "client_id": channel.channel_id},
            )
            claims.validate(now=int(now.timestamp()), leeway=LEEWAY_SECONDS)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise InvalidRequest(field, f"is not a valid id token: {_why(error)}") from None
        user = claims["sub"]
        if not isinstance(user, str) or not user.isprintable() or not 0 < len(user) <= 100:
            raise InvalidRequest(field, "is not a valid id token: sub is no user id")
        name = claims.get("name")
        return LineUser(user, name.strip()[:NAME_MAX] if isinstance(name, str) and name.isprintable() else "")

    async def _key(self, channel: LineChannel, header: dict[str, Any]) -> OctKey | ECKey:
        """The key a token must be signed with. The header says which of two ways; it never brings a key."""
        if header.get("alg") == "HS256":
            return OctKey.import_key(channel.secret)
        if header.get("alg") != "ES256":
            raise ValueError("its algorithm is neither HS256 nor ES256")
        kid = header.get("kid")
        if kid not in self._keys:
            await self._look(channel)
        if kid not in self._keys:
            raise ValueError("LINE publishes no such key")
        return self._keys[kid]

    async def _look(self, channel: LineChannel) -> None:
        loop = asyncio.get_running_loop()
        async with self._looking:
            if self._looked_at is not None and loop.time() - self._looked_at < KEYS_AGAIN_SECONDS:
                return
            try:
                async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
                    answer = await client.get(channel.keys_url)
                answer.raise_for_status()
                keys = KeySet.import_key_set(answer.json()).keys
            except (httpx.HTTPError, JoseError, ValueError, KeyError, TypeError) as error:
                raise LineAway(f"LINE's keys cannot be had just now ({type(error).__name__}).") from None
            self._keys = {key.kid: key for key in keys if isinstance(key, ECKey) and key.kid}
            self._looked_at = loop.time()


def _why(error: Exception) -> str:
    """The reason in words of a fixed set: what a library says may quote the token."""
    if isinstance(error, JoseError):
        claim = getattr(error, "claim", None)
        return f"{error.error}{f' ({claim})' if claim else ''}"
    return str(error) if type(error) is ValueError and str(error).startswith(("its ", "LINE ")) else "malformed"
