"""What may be wrong with a file as a whole, or with one of its cells."""

from __future__ import annotations


class BadFile(Exception):  # noqa: N818 - like Refusal: the world's mistake, not ours.
    """The file or its mapping as a whole cannot be used; ``str()`` says why, for people."""


class BadCell(ValueError):  # noqa: N818
    """A cell that does not say what its column should."""

    def __init__(self, name: str, text: str, why: str) -> None:
        shown = text if len(text) <= 40 else text[:40] + "…"
        super().__init__(f"{name} “{shown}”: {why}")
