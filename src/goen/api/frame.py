"""The layer around every operation: who asks, may they, how much do they send, and what went wrong.

Plain ASGI, because a till's sale passes here: one dictionary look-up for the route, one for the key, no
middleware. Checks run in this order, and the first that fails answers: 404, 405, 401, 403, 429, 415, 413,
422 for a missing ``Idempotency-Key``, then the handler's own.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import parse_qsl

import asyncpg
import structlog

from goen.api import errors
from goen.api.call import Answer, Call, Events, Language, Principal, Reply, encode
from goen.api.limits import Buckets, Headers, Limits
from goen.api.metrics import Metrics
from goen.api.operations import Operation
from goen.api.routing import Found, Router
from goen.api.services import Services
from goen.database.errors import DatabaseUnavailable
from goen.shops.keys import Keyring
from goen.vocabulary.refusal import Forbidden, InvalidRequest, NotFound, Refusal

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

JSON = (b"content-type", b"application/json")
IDEMPOTENCY_KEY_MAX = 200
TERMINAL_COOKIE = b"goen_terminal"
TERMINAL_HEADER = b"x-goen-terminal"
#: Who asks without a key what everybody may read.
_ANYBODY = Principal(0, "public", "readonly")
_JSON_TYPES = frozenset({b"application/json", b"application/json; charset=utf-8"})
_AWAY = (OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError)
_AWAY_TOO = (
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InternalClientError,  # The driver's word for a line that breaks between two steps of one statement.
)

log = structlog.get_logger("goen.api")


class ClientGone(Exception):  # noqa: N818 - a circumstance, not an error.
    """The client left before its request was complete; nobody is there to be answered."""


class Asked(NamedTuple):
    """A request as it came, its body still to be received. ``path`` is decoded, ``raw_path`` as sent."""

    method: str
    path: str
    raw_path: bytes
    query: bytes
    headers: dict[bytes, bytes]
    receive: Receive


#: The reply, the request's id, and headers beside those of the reply.
Answered: TypeAlias = tuple[Reply | Events, str, Headers]


class Frame:
    """The ASGI application of ``/v1``. One per process."""

    def __init__(
        self,
        operations: Iterable[Operation],
        services: Services,
        keyring: Keyring,
        metrics: Metrics,
        limits: Limits,
    ) -> None:
        operations = tuple(operations)
        self._router = Router(operations)
        self._streams = tuple(each.path.encode() for each in operations if each.content_type == "text/event-stream")
        self._services = services
        self._keyring = keyring
        self._metrics = metrics
        self._others = Buckets(limits.others_per_minute) if limits.others_per_minute else None
        self._posting = Buckets(limits.posting_per_minute) if limits.posting_per_minute else None
        self._prefix = secrets.token_hex(4)
        self._requests = 0
        self.stopping = asyncio.Event()

    def request_id(self) -> str:
        """A word no other request of this or another process has: random prefix and a counter."""
        self._requests += 1
        return f"{self._prefix}-{self._requests:x}"

    def streams(self, url: bytes) -> bool:
        """Whether this address may answer without an end."""
        return url.startswith(self._streams)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        asked = Asked(scope["method"], scope["path"], scope["raw_path"], scope["query_string"], headers, receive)
        answered = await self.answer(asked)
        if answered is None:
            return
        reply, request_id, extra = answered
        if type(reply) is Events:
            await self._stream(reply, secret_of(headers), request_id, extra, receive, send)
            return
        assert type(reply) is Reply
        await send_reply(reply, request_id, extra, send)

    async def answer(self, asked: Asked) -> Answered | None:
        """What a request is answered; None where its sender left before it was whole."""
        began = time.perf_counter()
        request_id = self.request_id()
        operation: Operation | None = None
        extra: Headers = ()
        try:
            found = self._router.find(asked.method, asked.path, asked.raw_path)
            if found is None:
                raise NotFound("There is nothing at this address. /docs lists what there is.")
            operation = found.operation
            if operation is None:
                raise errors.MethodNotAllowed(
                    f"This address takes {', '.join(found.allowed)}.", allowed=list(found.allowed)
                )
            headers = asked.headers
            principal = await self._known(headers, operation.public)
            if principal.role not in operation.roles:
                raise Forbidden(f"A key of role {principal.role} may not do this.", role=principal.role)
            buckets = self._posting if operation.posting else self._others
            if buckets is not None:
                try:
                    extra = buckets.take(principal.key_id, began)
                except errors.RateLimited as refusal:
                    extra = buckets.empty(refusal)
                    raise
            body = await _body(operation, headers, asked.receive)
            call = self._call(asked, found, principal, body, request_id)
            answer = await operation.handler(call)
            reply = answer if type(answer) is Reply else self._reply(operation, answer)
        except ClientGone:
            return None
        except Refusal as refusal:
            reply = self._refused(refusal, asked, operation, request_id)
        except Exception as error:
            reply = self._failed(error, asked, operation, request_id)
        if type(reply) is Events:
            return reply, request_id, extra
        assert type(reply) is Reply
        name = f"{operation.method} {operation.path}" if operation is not None else "unknown"
        self._metrics.answered(name, reply.status, time.perf_counter() - began)
        return reply, request_id, extra

    async def _known(self, headers: dict[bytes, bytes], public: bool) -> Principal:
        if secret := secret_of(headers):
            principal = self._keyring.known(secret) or await self._keyring.find(secret)
            if principal is not None:
                return principal
            raise errors.Unauthorized("This key is not known here, or was revoked.")
        if public:
            return _ANYBODY
        raise errors.Unauthorized("Send `Authorization: Bearer <key>`; `goen keys create` makes one.")

    def _call(self, asked: Asked, found: Found, principal: Principal, body: bytes, request_id: str) -> Call:
        operation = found.operation
        assert operation is not None
        query, headers = asked.query, asked.headers
        now = self._services.clock.now()
        language: Language = self._services.programmes.language_at(now)
        if operation.method == "GET" and (wish := headers.get(b"accept-language")) is not None:
            language = wished(wish, language)
        return Call(
            principal,
            _idempotency_key(headers.get(b"idempotency-key"), needed=operation.key == "idempotency"),
            found.variables,
            _query(query, operation) if query else {},
            body,
            language,
            request_id,
            now,
            self._services,
            problems_in(headers),
            headers[b"last-event-id"].decode("latin-1") if b"last-event-id" in headers else None,
        )

    def _reply(self, operation: Operation, answer: Answer) -> Reply | Events:
        if answer is None:
            return Reply(204, b"")
        if isinstance(answer, Reply | Events):
            return answer
        return Reply(operation.status, encode(answer))

    def _refused(self, refusal: Refusal, asked: Asked, operation: Operation | None, request_id: str) -> Reply:
        absent = operation.absent if operation is not None else ()
        status = errors.status_of(refusal, asked.method, absent)
        return errors.problem(refusal, status, request_id, problems_in(asked.headers))

    def _failed(self, error: Exception, asked: Asked, operation: Operation | None, request_id: str) -> Reply:
        name = f"{operation.method} {operation.path}" if operation is not None else "unknown"
        if isinstance(error, asyncpg.DataError):
            # PostgreSQL itself found a value that no check of ours did: the caller's fault, and ours.
            log.error("value_refused_by_database", operation=name, request_id=request_id, exc_info=error)
            refusal: Refusal = InvalidRequest("", "a value is outside of what can be kept")
        elif isinstance(error, _AWAY + _AWAY_TOO):
            log.warning("database_away", operation=name, request_id=request_id, error=repr(error))
            refusal = DatabaseUnavailable("The database does not answer just now. Ask again in a moment.")
        else:
            log.error("request_failed", operation=name, request_id=request_id, exc_info=error)
            refusal = errors.InternalError("Something went wrong on our side; the request id finds it.")
        return errors.problem(refusal, errors.STATUS[refusal.code], request_id, problems_in(asked.headers))

    async def _stream(
        self, events: Events, secret: bytes, request_id: str, extra: Headers, receive: Receive, send: Send
    ) -> None:
        """Send chunks until they end, the client leaves, its key is revoked, or the server stops."""

        async def pump() -> None:
            head = (
                (b"content-type", events.content_type),
                (b"x-request-id", request_id.encode()),
                *events.headers,
            )
            await send({"type": "http.response.start", "status": 200, "headers": [*head, *extra]})
            async for chunk in events.chunks:
                if self._keyring.known(secret) is None:
                    break  # A stream has a heartbeat, so that this is noticed soon.
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})

        async def gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        tasks = [asyncio.ensure_future(each) for each in (pump(), gone(), self.stopping.wait())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if self.stopping.is_set() and not tasks[0].done():
                tasks[0].cancel()
                await asyncio.wait(tasks[:1])
                await send({"type": "http.response.body", "body": b""})
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            if isinstance(failure := results[0], Exception) and not isinstance(failure, OSError):
                log.error("stream_failed", request_id=request_id, exc_info=failure)
            close = getattr(events.chunks, "aclose", None)
            if close is not None:
                await close()


def headers_of(reply: Reply, request_id: str, extra: Headers) -> list[tuple[bytes, bytes]]:
    """The headers of a whole answer."""
    body = reply.body
    head = [
        (b"content-length", b"%d" % len(body)),
        (b"x-request-id", request_id.encode()),
        *reply.headers,
        *extra,
    ]
    if body and not (reply.headers and any(name == b"content-type" for name, _ in reply.headers)):
        head.append(JSON)
    return head


async def send_reply(reply: Reply, request_id: str, extra: Headers, send: Send) -> None:
    """Send a whole answer; a client that has left is no error."""
    head, body = headers_of(reply, request_id, extra), reply.body
    try:
        await send({"type": "http.response.start", "status": reply.status, "headers": head})
        await send({"type": "http.response.body", "body": body})
    except OSError:
        pass  # The client left; what was done stays done, and its repeat gets the same answer.


async def _body(operation: Operation, headers: dict[bytes, bytes], receive: Receive) -> bytes:
    """The whole body, read no further than the operation allows."""
    length = headers.get(b"content-length")
    if length == b"0" or (length is None and b"transfer-encoding" not in headers):
        return b""
    _guard_type(headers)
    most = operation.body_max
    if length is not None and (not length.isdigit() or int(length) > most):
        raise _too_large(most)
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientGone
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        if len(body) > most:
            raise _too_large(most)
        return body
    chunks, size = [body], len(body)
    while message.get("more_body", False):
        if size > most:
            raise _too_large(most)
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
    if size > most:
        raise _too_large(most)
    return b"".join(chunks)


def secret_of(headers: dict[bytes, bytes]) -> bytes:
    """The secret in ``Authorization: Bearer …``; empty where there is none.

    A terminal keeps its key where no script can read it, in a cookie. That counts only beside a header which no page
    of another site can send.
    """
    given = headers.get(b"authorization")
    if given is not None:
        return given[7:].strip() if given[:7].lower() == b"bearer " else b""
    if TERMINAL_HEADER in headers:
        for each in headers.get(b"cookie", b"").split(b";"):
            name, _, value = each.strip().partition(b"=")
            if name == TERMINAL_COOKIE:
                return value
    return b""


def _too_large(most: int) -> errors.PayloadTooLarge:
    return errors.PayloadTooLarge(f"The body may have {most} bytes at most.", bytes_max=most)


def _guard_type(headers: dict[bytes, bytes]) -> None:
    given = headers.get(b"content-type")
    if given is not None and given not in _JSON_TYPES:
        kind, _, parameters = given.lower().partition(b";")
        charset = parameters.replace(b" ", b"").replace(b'"', b"")
        if kind.strip() != b"application/json" or charset not in (b"", b"charset=utf-8"):
            raise errors.UnsupportedMediaType("Send the body as application/json in UTF-8.")
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise errors.UnsupportedMediaType("Send the body without compression.")


def _idempotency_key(given: bytes | None, *, needed: bool) -> str | None:
    if not given:
        if needed:
            raise errors.MissingIdempotencyKey(errors.NEEDS_KEY)
        return None
    if len(given) > IDEMPOTENCY_KEY_MAX or not all(0x20 <= byte < 0x7F for byte in given):
        raise InvalidRequest("Idempotency-Key", f"has 1 to {IDEMPOTENCY_KEY_MAX} printable ASCII characters")
    return given.decode("ascii")


def _query(raw: bytes, operation: Operation) -> dict[str, str]:
    """The query string as a dictionary.

    Raises:
        InvalidRequest: not UTF-8, U+0000, a name given twice or unknown to this operation, or more than 50 of them.
    """
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        raise InvalidRequest("", "the query string is not readable as UTF-8, or has too many fields") from None
    query: dict[str, str] = {}
    for name, value in pairs:
        if name in query:
            raise InvalidRequest(name, "is given twice")
        if "\0" in name or "\0" in value:
            raise InvalidRequest(name.replace("\0", ""), "U+0000 is not a character of a text")
        if operation.query is None or name not in operation.query.__struct_encode_fields__:
            raise InvalidRequest(name, "is not a known field")
        query[name] = value
    return query


def problems_in(headers: dict[bytes, bytes]) -> Language:
    """The language of refusals. They are kept nowhere, so that a POST may wish as well; who says nothing is a program,
    and its log is English."""
    wish = headers.get(b"accept-language")
    return "en" if wish is None else wished(wish, "en")


@lru_cache(maxsize=256)
def wished(accept: bytes, otherwise: Language) -> Language:
    """The language an ``Accept-Language`` header likes best among ours; ``otherwise`` where none is named."""
    best, choice = 0.0, otherwise
    for part in accept.decode("latin-1").lower().split(","):
        tag, _, parameter = part.strip().partition(";")
        try:
            weight = float(parameter.partition("=")[2] or 1)
        except ValueError:
            continue
        for ours in ("ja", "en"):
            if tag.partition("-")[0] == ours and weight > best:
                best, choice = weight, ours
    return choice
