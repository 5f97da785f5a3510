"""Cursors of lists: a place in an order, as an opaque word."""

from __future__ import annotations

import base64
import binascii
from typing import Any, TypeVar

import msgspec

from goen.vocabulary.refusal import InvalidRequest

T = TypeVar("T")


def written(place: Any) -> str:
    """The cursor that goes on after this place."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def read(cursor: str, type: type[T]) -> T:
    """The place behind a cursor.

    Raises:
        InvalidRequest: it is none of this list's.
    """
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=type)
    except (binascii.Error, msgspec.MsgspecError, ValueError):
        raise InvalidRequest("cursor", "is not a cursor of this list") from None
