"""Refusals of the till itself."""

from __future__ import annotations

from collections.abc import Sequence

from goen.vocabulary.refusal import Refusal


class Conflict(Refusal):
    """The same key came with other content: it is a different act and needs a key of its own."""

    code = "conflict"

    def __init__(self, fields: Sequence[str]) -> None:
        super().__init__(
            "This key was used before with other content; the fields that differ are listed.",
            fields=list(fields),
        )


class TillClosed(Refusal):
    """The server is stopping; nothing was written. Ask again."""

    code = "database_unavailable"

    def __init__(self) -> None:
        super().__init__("The server is stopping; nothing was written. Please ask again.")
