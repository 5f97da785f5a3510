"""What acts on tiers refuse."""

from __future__ import annotations

from goen.vocabulary.refusal import Refusal


class UnknownTierProgramme(Refusal):
    """The points programme has no programme of tiers of this code."""

    code = "unknown_tier_programme"

    def __init__(self) -> None:
        super().__init__("There is no such programme of tiers.")


class TiersNotCounted(Refusal):
    """The programme has got tiers lately and the sales from before are still being counted; ask again later."""

    code = "tiers_not_counted"

    def __init__(self) -> None:
        super().__init__("Earlier sales are still being counted for tiers; ask again later.")
