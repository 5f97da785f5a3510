"""Queries that several lists have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

T = TypeVar("T")


class PageQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page of a list."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 50
    cursor: Annotated[str, Meta(max_length=4000)] | None = None


def page_of(
    items: Iterable[T], key: Callable[[T], str], query: PageQuery, *, falling: bool = False
) -> tuple[list[T], str | None]:
    """A page of a list that is at hand as a whole, and where the next one starts. ``items`` come in order of ``key``
    (or ``falling``), so that a page goes on where the last one ended even where that has been removed since."""
    cursor = query.cursor
    rest = [x for x in items if cursor is None or (key(x) < cursor if falling else key(x) > cursor)]
    found = rest[: query.limit]
    return found, key(found[-1]) if len(rest) > query.limit else None


class VersionQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another version than the newest."""

    version: Annotated[int, Meta(ge=1)] | None = None
