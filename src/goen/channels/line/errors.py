"""Refusals at LINE's edge."""

from __future__ import annotations

from goen.vocabulary.refusal import Refusal


class LineMissing(Refusal):
    """No LINE Login channel is set up for this installation (``GOEN_LINE_CHANNEL_ID``), or LINE does not answer."""

    code = "line_unavailable"
