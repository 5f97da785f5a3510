"""Queries that several lists have in common."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class PageQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page of a list."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 50
    cursor: Annotated[str, Meta(max_length=4000)] | None = None


class VersionQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another version than the newest."""

    version: Annotated[int, Meta(ge=1)] | None = None
