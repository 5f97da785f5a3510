"""Refusals of printed cards."""

from __future__ import annotations

from goen.vocabulary.refusal import Refusal


class FontMissing(Refusal):
    """The machine has no Japanese font, so documents cannot be set; install one, such as Debian's fonts-noto-cjk."""

    code = "font_missing"

    def __init__(self) -> None:
        super().__init__(
            "No Japanese font is installed on this machine. Install one, for example Debian's package fonts-noto-cjk "
            "(apt-get install fonts-noto-cjk) or fonts-ipaexfont-gothic."
        )
