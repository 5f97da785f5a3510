"""One request on its way through a handler, and what a handler may answer.

A handler is ``async def (call: Call) -> Reply | Events | msgspec.Struct | None``: a Struct is encoded with
the operation's status, None answers 204, a :class:`Reply` goes out as it stands. A handler refuses by
raising a :class:`~goen.vocabulary.refusal.Refusal`; errors.py knows the status.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import msgspec

from goen.api.decoding import decoded, decoded_query
from goen.shops.model import Principal, Role
from goen.vocabulary.clock import Instant

if TYPE_CHECKING:
    from goen.api.services import Services

__all__ = ["Answer", "Call", "Events", "Handler", "Language", "Principal", "Reply", "Role"]

T = TypeVar("T")

#: How answers become JSON. Quantities and rates are numbers on the wire, not texts.
encode = msgspec.json.Encoder(decimal_format="number").encode
Language: TypeAlias = Literal["ja", "en"]


@dataclass(slots=True)
class Call:
    """One request, checked by the frame: key valid, role allowed, size and type right.

    ``path`` holds the template's variables (``{id}`` as ``path["id"]``), percent-decoded; ``query`` the
    query string likewise. ``language`` is the programme's for writes, the caller's wish for GETs.
    """

    principal: Principal
    idempotency_key: str | None
    path: dict[str, str]
    query: dict[str, str]
    body: bytes
    language: Language
    request_id: str
    now: Instant
    services: Services
    problems_in: Language = "en"
    """The language of refusals: the caller's wish, whatever the method; English where none is told."""
    last_event_id: str | None = None
    """Where a listener that lost its connection goes on (the header ``Last-Event-ID``)."""

    def decode(self, type: type[T]) -> T:
        """The body as a value of this type; an empty body counts as ``{}``.

        Raises:
            InvalidRequest: with the field's path (``lines.0.amount``). No body whatever raises anything else.
        """
        return decoded(self.body, type)

    def variable(self, name: str, type: Any) -> str:
        """A variable of the path, held to the rule that a field of a body would be.

        Raises:
            InvalidRequest: naming the variable.
        """
        checked: str = decoded_query({name: self.path[name]}, dict[str, type])[name]
        return checked

    def decode_query(self, type: type[T]) -> T:
        """The query string as a value of this type; texts become numbers and dates as the type asks.

        Raises:
            InvalidRequest: naming the parameter, unknown ones included.
        """
        value: T = decoded_query(self.query, type)
        return value


class Reply(msgspec.Struct, frozen=True):
    """An answer as bytes, for handlers whose answer is stored or made elsewhere."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()

    @staticmethod
    def of(value: msgspec.Struct, status: int = 200) -> Reply:
        """A value as JSON, for handlers whose status depends (a PUT that made something: 201)."""
        return Reply(status, encode(value))


class Events(msgspec.Struct, frozen=True):
    """An answer without an end: chunks sent as they come (``text/event-stream``) until the client leaves.

    ``chunks`` is closed (``aclose``) when the client is gone or the server shuts down.
    """

    chunks: AsyncIterator[bytes]
    content_type: bytes = b"text/event-stream"
    headers: tuple[tuple[bytes, bytes], ...] = ((b"cache-control", b"no-store"),)


Answer: TypeAlias = Reply | Events | msgspec.Struct | None
Handler: TypeAlias = Callable[[Call], Awaitable[Answer]]
