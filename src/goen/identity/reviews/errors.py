"""Refusals of the review queue."""

from __future__ import annotations

from goen.vocabulary.refusal import Refusal


class UnknownReview(Refusal):
    """There is no such pair to review; a later run may have withdrawn the question."""

    code = "unknown_review"

    def __init__(self) -> None:
        super().__init__("There is no such pair to review.")


class ReviewDecided(Refusal):
    """Somebody has decided this pair already, the other way; undo the merge, or merge by hand, instead."""

    code = "review_decided"

    def __init__(self, decision: str) -> None:
        words = "the same person" if decision == "same" else "not the same person"
        super().__init__(f"This pair has been decided already: {words}.", decision=decision)
