"""Hidden sales: goods that only those whom a campaign admits may buy, while it is live and where it is held.

A place that the campaign does not concern (another channel, shop or region) sells the goods to everybody. Of several
hidden sales of the same goods one that admits is enough.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from goen.earning.campaigns.compiled import Compiled
from goen.earning.campaigns.conditions import article_of, place_and_day
from goen.earning.campaigns.scene import Article, Scene
from goen.earning.decision import Facts, Miss
from goen.purchases.model import Line

#: The sale is not held here at all.
_ELSEWHERE = frozenset({"not_a_web_shop", "not_a_store", "not_this_shop", "not_this_region"})


class Closed(NamedTuple):
    """A hidden sale that does not admit, why, and the numbers of the lines that are kept from the buyer."""

    miss: Miss
    lines: tuple[int, ...]


def closed_to(
    hidden: Sequence[Compiled], lines: Sequence[Line], articles: Mapping[str, Article], scene: Scene, facts: Facts
) -> list[Closed]:
    """The hidden sales whose goods this buyer may not have."""
    known = dict(articles)
    admitted: set[int] = set()
    kept: list[tuple[Miss, list[int]]] = []
    for each in hidden:
        if (where := place_and_day(each.campaign.conditions, scene.place, scene.day)) in _ELSEWHERE:
            continue
        goods = each.goods
        mine = [one.line for one in lines if goods is None or goods.counts(one, article_of(one, known))]
        miss = _shut(each, where, scene, facts) if mine else None
        if miss is None:
            admitted.update(mine)
        else:
            kept.append((miss, mine))
    found = [Closed(miss, tuple([line for line in mine if line not in admitted])) for miss, mine in kept]
    return [each for each in found if each.lines]


def _shut(compiled: Compiled, where: str | None, scene: Scene, facts: Facts) -> Miss | None:
    """Why the buyer is not admitted, or None."""
    if where is not None:
        return compiled.miss(where)
    if compiled.hours and not any(start <= scene.minute < end for start, end in compiled.hours):
        return compiled.miss("not_this_hour")
    if facts.guest:
        return compiled.miss("needs_member")
    for check in compiled.checks:
        if (reason := check(facts, scene)) is not None:
            return compiled.miss(*reason)
    return None
