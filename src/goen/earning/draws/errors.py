"""Refusals about draws."""

from __future__ import annotations

from typing import Any

from goen.vocabulary.refusal import Refusal


class UnknownDraw(Refusal):
    """There is no draw of this code."""

    code = "unknown_draw"

    def __init__(self, draw: str) -> None:
        super().__init__(f"There is no draw {draw!r}.", draw=draw)


class DrawState(Refusal):
    """The draw is not in a state in which this can be done: what is live is changed no more. ``state`` says where it
    is."""

    code = "draw_state"

    def __init__(self, detail: str, state: str) -> None:
        super().__init__(detail, state=state)


class DrawEntryNotPossible(Refusal):
    """The member cannot enter the draw. ``reason``: ``not_live``, ``not_yet``, ``over``, ``already`` (today,
    or with this purchase), ``too_little``, ``not_theirs``, ``purchase_state``, ``purchase_date``, ``tickets_max``,
    ``not_this_tier``, ``not_this_segment``, ``not_this_shop``."""

    code = "draw_entry_not_possible"

    def __init__(self, reason: str, detail: str, **fields: Any) -> None:
        super().__init__(detail, reason=reason, **fields)
