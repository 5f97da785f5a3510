"""Values of the review queue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from goen.vocabulary import ids

ReviewState: TypeAlias = Literal["open", "same", "not_same"]
Evidence: TypeAlias = Mapping[str, tuple[str, float]]
"""By field: the level it agrees at, and its weight in bits."""

_PREFIX = "v_"
_BETWEEN = "-"


class Found(NamedTuple):
    """A pair that a run asks about; ``member_id`` is the older member, the smaller number."""

    member_id: int
    other_id: int
    certain: bool
    probability: float
    evidence: Evidence


class Review(msgspec.Struct, frozen=True):
    """A pair as it stands in the queue."""

    member_id: int
    other_id: int
    state: ReviewState
    certain: bool
    probability: float
    evidence: dict[str, tuple[str, float]]
    found_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    reason: str | None
    merged: bool


class Counts(msgspec.Struct, frozen=True):
    """What a run over the members came to."""

    members: int = 0
    merged: int = 0
    certain: int = 0
    """Certain, and left for a person because nobody merges."""
    asked: int = 0


def public_id(member_id: int, other_id: int) -> str:
    """The review's id on the wire."""
    return f"{_PREFIX}{ids.encode(member_id)}{_BETWEEN}{ids.encode(other_id)}"


def pair_of(text: str) -> tuple[int, int] | None:
    """The members behind a review's id; None where the text is no such id."""
    one, between, other = text.removeprefix(_PREFIX).partition(_BETWEEN)
    if not (text.startswith(_PREFIX) and between):
        return None
    member_id, other_id = ids.decode(one), ids.decode(other)
    if member_id is None or other_id is None or not 0 < member_id < other_id:
        return None
    return member_id, other_id
