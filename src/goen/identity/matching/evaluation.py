"""How good a run was, where the truth is known: pairs of records, as record linkage counts them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from goen.identity.matching.batch import Pair


class Figures(NamedTuple):
    """Counts of pairs. ``asked`` are for review, ``asked_true`` of them the same person and not yet together."""

    records: int
    true: int
    together: int
    together_true: int
    asked: int
    asked_true: int

    @property
    def precision(self) -> float:
        """Of the pairs put together the part that is one person; 1 where none were."""
        return self.together_true / self.together if self.together else 1.0

    @property
    def recall(self) -> float:
        """Of the pairs that are one person the part put together."""
        return self.together_true / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    @property
    def recall_with_review(self) -> float:
        """The same with the pairs that are asked about."""
        return (self.together_true + self.asked_true) / self.true if self.true else 1.0

    @property
    def review_share(self) -> float:
        """Pairs asked about for each record."""
        return self.asked / self.records if self.records else 0.0


def figures(cluster_of: Mapping[str, str], pairs: Iterable[Pair], truth: Mapping[str, str]) -> Figures:
    """Compare what a run found with ``truth``: the person of each record."""
    asked = [pair for pair in pairs if pair.decision == "review"]
    return Figures(
        len(truth),
        _pairs(truth.values()),
        _pairs(cluster_of[record] for record in truth),
        _pairs((cluster_of[record], person) for record, person in truth.items()),
        len(asked),
        sum(truth[pair.left] == truth[pair.right] for pair in asked),
    )


def table(rows: Iterable[tuple[str, Figures]]) -> str:
    """Figures as a table in Markdown."""
    head = (
        "| list | records | true pairs | precision | recall | F1 | recall with review | review pairs per record |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    )
    lines = [
        f"| {name} | {one.records:,} | {one.true:,} | {one.precision:.4f} | {one.recall:.4f} | {one.f1:.4f} |"
        f" {one.recall_with_review:.4f} | {one.review_share:.3f} |"
        for name, one in rows
    ]
    return "\n".join((head, *lines))


def _pairs(groups: Iterable[object]) -> int:
    return sum(count * (count - 1) // 2 for count in Counter(groups).values())
