"""ID tokens of LINE Login, checked on the server: signature, issuer, channel, time, nonce.

LINE signs tokens of web log-ins with the channel's secret (HS256) and those of its apps with keys of its own
(ES256), which it publishes. https://developers.line.biz/en/docs/line-login/verify-id-token/
"""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import msgspec
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
#: LINE's clock and ours may differ by this much.
LEEWAY_SECONDS = 60
#: A key that we do not know is looked for, but not for every forged token.
KEYS_AGAIN_SECONDS = 60.0
TIMEOUT_SECONDS = 10.0


class LineChannel(msgspec.Struct, frozen=True):
    """A LINE Login channel. Its user ids are those of its *provider*: other channels of it know the same ones."""

    channel_id: str
    secret: str
    keys_url: str = KEYS_URL


class LineLogin:
    """Reads id tokens for one channel; without a channel it refuses them all."""

    def __init__(self, channel: LineChannel | None = None) -> None:
        self._channel = channel
        self._keys: dict[str, ECKey] = {}
        self._looked_at: float | None = None
        self._looking = asyncio.Lock()

    async def user_of(self, token: str, now: Instant, *, nonce: str | None = None, field: str = "token") -> str:
        """The LINE user id that a token vouches for. ``nonce`` is what the log-in was begun with, where it was.

        Raises:
            InvalidRequest: the token does not hold, with why; its words are never quoted.
            LineMissing: no channel is set up. LineAway: LINE's keys cannot be had.
        """
        channel = self._channel
        if channel is None:
            raise LineMissing("No LINE Login channel is set up here.")
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
        return user

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
