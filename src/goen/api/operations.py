"""What one operation of the API is. Every v1 module lists its own; table.py joins them.

Routes, the OpenAPI document, the check of roles and its test all come from these values: what is not said
here does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from goen.api.call import Handler, Role
from goen.vocabulary.refusal import Refusal

Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
KeyNeeded: TypeAlias = Literal["none", "idempotency", "document", "unless_preview"]
"""How asking twice is recognised: not at all, by ``Idempotency-Key``, by the document's own id, or by the former unless
the request only looks (``preview``), which its handler sees."""

EVERY_ROLE: frozenset[Role] = frozenset({"pos", "ec", "server", "readonly"})
WRITERS: frozenset[Role] = frozenset({"pos", "ec", "server"})
SERVER: frozenset[Role] = frozenset({"server"})

BODY_MAX = 1024 * 1024
BATCH_MAX = 16 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method on one path.

    ``request``, ``query`` and ``answer`` are msgspec types (or None); ``status`` is that of success;
    ``refusals`` are the classes the handler may raise beyond those every operation shares (see errors.py).
    ``absent`` lists those of them that mean "the URL names nothing": 404 here, 422 elsewhere.
    ``posting`` marks writes of points: no rate limit unless set, and the shortest way through the frame.
    """

    method: Method
    path: str
    summary: str
    handler: Handler
    answer: Any = None
    request: Any = None
    query: Any = None
    status: int = 200
    roles: frozenset[Role] = EVERY_ROLE
    key: KeyNeeded = "none"
    refusals: tuple[type[Refusal], ...] = ()
    absent: tuple[type[Refusal], ...] = ()
    creates: bool = False
    """A PUT that answers 201 where it made something, and ``status`` where it was there."""
    posting: bool = False
    body_max: int = BODY_MAX
    content_type: str = "application/json"
    """Of a successful answer: ``text/event-stream`` for streams."""
    public: bool = False
    """Answers callers without a key as well, as one that only reads."""
    tag: str = "Sales"
    """The heading in the documents."""
