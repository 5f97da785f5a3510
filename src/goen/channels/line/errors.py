"""Refusals at LINE's edge."""

from __future__ import annotations

from goen.vocabulary.refusal import Refusal


class LineMissing(Refusal):
    """No LINE Login channel is set up for this installation (``GOEN_LINE_CHANNEL_ID``)."""

    code = "line_not_set_up"


class LineAway(Refusal):
    """LINE's keys cannot be had just now; ask again in a while."""

    code = "line_unavailable"
