"""A small OpenID provider that speaks as LINE Login does: a page to log in on, codes good once, PKCE, signed tokens.

It is strict where LINE is: an address that is not on the channel's list, a wrong secret, a code shown twice, another
address or verifier than the log-in began with are all refused.
"""

from __future__ import annotations

import asyncio
import secrets
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode

import httpx
import msgspec
import uvicorn
from joserfc import jwt
from joserfc.jwk import OctKey

from goen.channels.line.login import ISSUER, LineChannel

CHANNEL, SECRET = "1234567890", "0123456789abcdef0123456789abcdef"


@dataclass
class Provider:
    """``user`` and ``name`` are whoever is at the browser; ``now`` gives the provider's time in seconds."""

    now: Any
    user: str = "U4af4980629aaaaaaaaaaaaaaaaaaaaaaaa"
    name: str = "はなこ"
    address: str = ""
    #: How its token answers differ from a right one: claims, or a status for all of them.
    claims: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def channel(self) -> LineChannel:
        return LineChannel(
            CHANNEL, SECRET, f"{self.address}/certs", f"{self.address}/authorize", f"{self.address}/token"
        )

    def logs_in(self, target: str) -> str:
        """Where the browser goes once somebody has logged in on the page at ``target``."""
        asked = self._asked(target.partition("?")[2])
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked | {"user": self.user, "name": self.name}
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def cancels(self, target: str) -> str:
        """The same, where they have thought better of it."""
        asked = self._asked(target.partition("?")[2])
        told = {"error": "access_denied", "error_description": "The resource owner denied", "state": asked["state"]}
        return f"{asked['redirect_uri']}?{urlencode(told)}"

    def _asked(self, query: str) -> dict[str, str]:
        asked = dict(parse_qsl(query))
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CHANNEL
        assert asked["redirect_uri"].endswith("/me/sign-in/line/back")
        assert {"openid", "profile"} <= set(asked["scope"].split())
        assert asked["code_challenge_method"] == "S256"
        assert len(asked["code_challenge"]) == 43
        assert len(asked["state"]) >= 22
        assert len(asked["nonce"]) >= 22
        return asked

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        if self.status != 200:
            return self.status, {"error": "server_error"}
        if (form.get("client_id"), form.get("client_secret")) != (CHANNEL, SECRET):
            return 401, {"error": "invalid_client"}
        if (
            asked is None
            or form.get("grant_type") != "authorization_code"
            or asked["redirect_uri"] != form.get("redirect_uri")
            or asked["code_challenge"] != challenge
        ):
            return 400, {"error": "invalid_grant"}
        at = int(self.now())
        claims = {
            "iss": ISSUER, "sub": asked["user"], "aud": CHANNEL, "exp": at + 3600, "iat": at, "amr": ["linesso"],
            "nonce": asked["nonce"], "name": asked["name"], **self.claims,
        }  # fmt: skip
        signed = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET))
        return 200, {"access_token": "a", "token_type": "Bearer", "expires_in": 2592000, "id_token": signed}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        status, kind, answer = 404, b"text/plain", b""
        if scope["path"] == "/token":
            form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            status, told = self.token(form)
            kind, answer = b"application/json", msgspec.json.encode(told)
        elif scope["path"] == "/authorize":
            target = f"?{scope['query_string'].decode()}"
            links = [("yes", self.logs_in(target)), ("no", self.cancels(target))]
            page = "".join(f'<p><a id="{name}" href="{escape(href)}">{name}</a></p>' for name, href in links)
            status, kind, answer = 200, b"text/html", f"<!doctype html><title>LINE</title>{page}".encode()
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]})
        await send({"type": "http.response.body", "body": answer})


@asynccontextmanager
async def providing(now: Any) -> AsyncIterator[Provider]:
    """The provider on a free port of this machine while the block runs."""
    provider = Provider(now)
    server = uvicorn.Server(uvicorn.Config(provider, port=0, lifespan="off", access_log=False, log_level="warning"))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it by nothing else.
        await asyncio.sleep(0.01)
    provider.address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield provider
    finally:
        server.should_exit = True
        await task


async def there_and_back(provider: Provider, visitor: httpx.AsyncClient, start: str = "/me/sign-in/line") -> Any:
    """The whole way: to LINE, logged in there, and back; gives the answer to the coming back."""
    sent = await visitor.get(start)
    assert sent.status_code == 303, sent.text
    return await visitor.get(provider.logs_in(sent.headers["location"]))
