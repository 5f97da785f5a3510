"""From pairs to persons: a chain of likely pairs must not pull strangers together.

Edges are taken strongest first, and two groups become one only if every record of the one may be the same person
as every record of the other. A record that fits two others which cannot be one person goes to neither unless it
fits one of them far better. What is not taken goes to review. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeAlias

#: A record between two persons goes to the one it fits better by so many bits (about 60 to 1).
LEAD_BITS = 6.0

Apart: TypeAlias = Callable[[int, int], bool]


class Edge(NamedTuple):
    """Two records by number and the weight of their being one person (log2 odds)."""

    left: int
    right: int
    weight: float


class Clusters(NamedTuple):
    """``of`` gives the group of each record that has one, named by its smallest record; ``refused`` edges stay out."""

    of: dict[int, int]
    refused: list[Edge]


def clustered(edges: Iterable[Edge], apart: Apart) -> Clusters:
    """Group records by ``edges``; ``apart(a, b)`` says that two records cannot be one person."""
    kept, refused = _unambiguous(sorted(edges, key=lambda each: (-each.weight, each.left, each.right)), apart)
    of: dict[int, int] = {}
    members: dict[int, list[int]] = {}
    for edge in kept:
        one, other = of.get(edge.left, edge.left), of.get(edge.right, edge.right)
        if one == other:
            continue
        left, right = members.get(one, [one]), members.get(other, [other])
        if any(apart(a, b) for a in left for b in right):
            refused.append(edge)
            continue
        first, gone = min(one, other), max(one, other)
        members.pop(gone, None)
        members[first] = left + right
        for record in members[first]:
            of[record] = first
    return Clusters(of, refused)


def _unambiguous(edges: Sequence[Edge], apart: Apart) -> tuple[list[Edge], list[Edge]]:
    """Edges, strongest first, in two: those that may be taken, and those of records between two persons."""
    at: defaultdict[int, list[Edge]] = defaultdict(list)
    for edge in edges:
        at[edge.left].append(edge)
        at[edge.right].append(edge)
    torn: set[Edge] = set()
    for record, mine in at.items():
        for position, strong in enumerate(mine):
            for weak in mine[position + 1 :]:
                if apart(_far(strong, record), _far(weak, record)):
                    torn.add(weak)
                    if strong.weight < weak.weight + LEAD_BITS:
                        torn.add(strong)
    return [edge for edge in edges if edge not in torn], [edge for edge in edges if edge in torn]


def _far(edge: Edge, record: int) -> int:
    return edge.right if edge.left == record else edge.left
