"""A refusal: the world asked for something that the rules of the books do not allow.

Every room's ``errors.py`` subclasses :class:`Refusal`. A refusal has a stable ``code``, a sentence
for people, and typed fields; it knows nothing of HTTP. Each edge owns one table from code to status.
"""

from __future__ import annotations

from typing import Any, ClassVar


class Refusal(Exception):  # noqa: N818 - the trade says "refusal", and style.md names them so.
    """Base of all refusals. Subclasses set ``code``; keyword arguments become typed fields."""

    code: ClassVar[str] = "refused"

    def __init__(self, detail: str, **fields: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fields = fields


class InvalidRequest(Refusal):
    """The request itself is wrong: a field is missing, malformed or contradicts another."""

    code = "invalid_request"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}", errors=[{"field": field, "message": message}])


class NotFound(Refusal):
    """The URL names something that does not exist."""

    code = "not_found"


class Forbidden(Refusal):
    """The key's role or shop does not allow this."""

    code = "forbidden"
