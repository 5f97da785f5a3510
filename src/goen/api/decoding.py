"""From bytes to typed values, and from every way that can fail to one refusal that names the field."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast

import msgspec

from goen.vocabulary.refusal import InvalidRequest

T = TypeVar("T")

_WHERE = re.compile(r"^(?P<what>.*?)(?: - at (?P<key>key in )?`\$(?P<path>.*)`)?$", re.DOTALL)
_NAMED = re.compile(r"(?:unknown|missing required) field `(?P<name>.*)`", re.DOTALL)


def decoded(body: bytes, type: type[T]) -> T:
    """``body`` as JSON of this type; nothing counts as ``{}``.

    Raises:
        InvalidRequest: not JSON, not UTF-8, a lone surrogate, U+0000, a number out of range, an unknown or
            missing field, too deep.
    """
    value: T = read(body or b"{}", _decoder(cast(Any, type)).decode)
    return value


def read(body: bytes, decode: Callable[[bytes], T]) -> T:
    """What ``decode`` makes of a body; every way that can fail is one refusal.

    Raises:
        InvalidRequest: as :func:`decoded`.
    """
    try:
        value: T = decode(body)
    except msgspec.ValidationError as error:
        raise refused(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest("", f"the body is not JSON in UTF-8: {error}") from None
    except RecursionError:
        raise InvalidRequest("", "the body is nested too deeply") from None
    # A raw one is no JSON; the escaped one is looked for only where its letters occur at all.
    if b"\\u0000" in body and (place := _zero(msgspec.json.decode(body), "")) is not None:
        raise InvalidRequest(place, "U+0000 is not a character of a text")
    return value


def decoded_query(query: dict[str, str], type: Any) -> Any:
    """Query parameters as a value of this type, read leniently (``"10"`` is the number 10).

    Raises:
        InvalidRequest: naming the parameter.
    """
    try:
        return msgspec.convert(query, type, strict=False)
    except msgspec.ValidationError as error:
        raise refused(error) from None


def refused(error: msgspec.ValidationError) -> InvalidRequest:
    """msgspec's sentence as a refusal: ``Expected int - at $.lines[0].amount`` names ``lines.0.amount``."""
    match = _WHERE.match(str(error))
    assert match is not None
    place = (match["path"] or "").replace("[...]", ".*").replace("[", ".").replace("]", "").strip(".")
    what = match["what"]
    if named := _NAMED.search(what):
        place = f"{place}.{named['name']}".strip(".")
        what = "is not a known field" if "unknown" in what else "is required"
    return InvalidRequest(place, what)


@cache
def _decoder(type: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type)


def _zero(value: Any, place: str) -> str | None:
    """Where the first U+0000 stands in a decoded document, or None."""
    if isinstance(value, str):
        return place if "\0" in value else None
    items = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    for key, inner in items:
        here = f"{place}.{key}".strip(".")
        found = here.replace("\0", "") if "\0" in str(key) else _zero(inner, here)
        if found is not None:
            return found
    return None
