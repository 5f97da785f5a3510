"""What delivery can refuse."""

from __future__ import annotations

from goen.vocabulary.refusal import Refusal


class CursorExpired(Refusal):
    """The listener was away longer than events are kept: read the current state, then listen from now."""

    code = "cursor_expired"


class UnknownEndpoint(Refusal):
    """There is no webhook endpoint with this id."""

    code = "unknown_endpoint"
