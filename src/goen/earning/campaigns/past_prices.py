"""What a campaign that changes the price would have taken off a sale of the past, beside what others took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec
from msgspec import UNSET

from goen.earning.campaigns.compiled import Compiled
from goen.earning.campaigns.offers import Goods, Standing, Taken, standing, taken, together
from goen.earning.campaigns.scene import Article, Drawn, Scene, nothing_drawn
from goen.earning.decision import Facts, Miss, UsedOffer
from goen.earning.evaluate import Engine
from goen.purchases.model import Purchase

replace = msgspec.structs.replace
_NOTHING_LEFT = "nothing_to_reduce"


class Beside(NamedTuple):
    """Another campaign that took something off the sale, and what."""

    compiled: Compiled
    used: UsedOffer


class TakenOff(NamedTuple):
    """What comes off by the campaign; ``cut``: a limit left less than that."""

    taken: Taken
    cut: bool


def goods_of(engine: Engine, purchase: Purchase, articles: Mapping[str, Article]) -> Goods:
    """The goods as the till judged them: before tenders, points and what the till took off its total."""
    basket = engine.price(replace(purchase, tenders=UNSET, total=None, use_points=0)).basket
    skus = {line.sku for line in purchase.lines if line.sku}
    return Goods(
        purchase, basket.net, basket.quantities, basket.postage, {sku: articles[sku] for sku in skus & articles.keys()}
    )


def take_off(
    draft: Compiled, beside: list[Beside], goods: Goods, scene: Scene, facts: Facts, drawn: Drawn
) -> TakenOff | Miss:
    """The very questions of the till. What others took stands, as much as they took; where one of them keeps the
    campaign out, as of a group, it is out."""
    own = standing(draft, goods, scene, facts, drawn)
    if isinstance(own, Miss):
        return own
    found = [own]
    for compiled, used in beside:
        other = standing(compiled, goods, scene, facts, nothing_drawn, anyway=True)
        if isinstance(other, Standing):
            found.append(other._replace(most=used.amount, alone=min(other.alone, used.amount)))
    chosen, out = together(found)
    for miss in out:
        if miss.rule == draft.rule:
            return miss
    for one in taken(chosen, goods, scene):
        if one.used.campaign == draft.campaign.code:
            return TakenOff(one, _cut(own, goods, scene, one.used.amount))
    return draft.miss(_NOTHING_LEFT)


def _cut(own: Standing, goods: Goods, scene: Scene, amount: int) -> bool:
    if own.most is None or amount < own.most:
        return False
    return any(whole.used.amount > amount for whole in taken([own._replace(most=None)], goods, scene))
