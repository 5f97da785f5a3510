"""What lists share that are read whole: which rows fit what was typed, and a page of them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TypeVar

from goen.web.common.visits import Visit

T = TypeVar("T")


def fits(wanted: str, *told: str | None) -> bool:
    """Whether what was typed is in one of these, whatever its width and case."""
    return _plain(wanted) in _plain(" ".join(filter(None, told)))


def page_of(visit: Visit) -> int:
    """The page that is asked for, from 1."""
    asked = visit.query.get("page", "")
    return max(int(asked), 1) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1


def sliced(rows: Sequence[T], page: int, size: int) -> tuple[Sequence[T], int | None]:
    """The rows of a page, and the number of the next one where there is one."""
    return rows[(page - 1) * size : page * size], page + 1 if len(rows) > page * size else None


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
