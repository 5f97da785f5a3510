"""Campaigns that change the price: may a sale have them, and what do they take off? The words are those of coupons.

1. each is judged by itself: place and day, hours, payment, goods, person, floors (yen of the lines that count, tax
   included, after discounts), limits;
2. of a *group* the one that takes off most by itself; an *exclusive* one alone, or the others together;
3. in turn each takes its part off what is left: member prices, gifts, percents, amounts, postage; then coupons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from goen.earning.campaigns.compiled import Compiled
from goen.earning.campaigns.conditions import article_of, needs_history, needs_traits, payment, place_and_day
from goen.earning.campaigns.limits import limit_key, reached
from goen.earning.campaigns.model import (
    DiscountEffect,
    FreePostageEffect,
    GiftEffect,
    MemberPriceEffect,
    PriceEffect,
)
from goen.earning.campaigns.scene import Article, Draw, Drawn, Scene
from goen.earning.campaigns.shortlist import numbered
from goen.earning.decision import Facts, Miss, Reduction, UsedOffer
from goen.purchases.model import Line, Purchase
from goen.vocabulary.money import spread

replace = msgspec.structs.replace


class Goods(NamedTuple):
    """What is priced: the document, its lines after discounts in order of number, postage, products."""

    purchase: Purchase
    net: Sequence[int]
    quantities: Sequence[int]
    postage: int
    articles: Mapping[str, Article]

    @property
    def lines(self) -> Sequence[Line]:
        return numbered(self.purchase)


class Standing(NamedTuple):
    """A campaign that the sale may have: the positions of the lines it counts, and the yen that its limits leave."""

    compiled: Compiled
    lines: tuple[int, ...]
    most: int | None
    alone: int


class Taken(NamedTuple):
    """What a sale has of a campaign: pinned, taken off, drawn."""

    used: UsedOffer
    reductions: tuple[Reduction, ...]
    draws: tuple[Draw, ...]


def personal(compiled: Compiled) -> bool:
    """Whether it asks something of a person: a guest has not to do with it."""
    when, campaign = compiled.campaign.conditions, compiled.campaign
    per_member = any("member" in limit.per for limit in campaign.limits)
    members_only = any(isinstance(each, MemberPriceEffect) for each in campaign.price_effects)
    return bool(when.tiers or needs_history(when) or needs_traits(when) or per_member or members_only)


def standing(
    compiled: Compiled, goods: Goods, scene: Scene, facts: Facts, drawn: Drawn, *, anyway: bool = False
) -> Standing | Miss:
    """Whether the sale may have it. ``anyway``: a till has given it already; only the goods are asked."""
    when = compiled.campaign.conditions
    lines = goods.lines
    counts = compiled.goods
    known = dict(goods.articles)
    every = tuple([i for i, line in enumerate(lines) if counts is None or counts.counts(line, article_of(line, known))])
    if not anyway and (miss := _elsewhere(compiled, goods.purchase, scene)) is not None:
        return miss
    if not every:
        return compiled.miss("no_matching_goods")
    if not anyway:
        if facts.guest and personal(compiled):
            return compiled.miss("needs_member")
        for check in compiled.checks:
            if (reason := check(facts, scene)) is not None:
                return compiled.miss(*reason)
        amount = sum([goods.net[i] for i in every])
        if when.amount_min is not None and amount < when.amount_min:
            return compiled.miss("below_amount", {"missing": when.amount_min - amount})
        if when.amount_max is not None and amount > when.amount_max:
            return compiled.miss("above_amount", {"up_to": when.amount_max})
        pieces = sum([max(1, goods.quantities[i] // 1000) for i in every])
        if when.quantity_min is not None and pieces < when.quantity_min:
            return compiled.miss("below_quantity", {"pieces": when.quantity_min - pieces})
    most = None
    for limit in () if anyway else compiled.campaign.limits:
        left = limit.most - drawn(limit_key(compiled.campaign, limit, scene.place.shop, scene.day))
        if left <= 0:
            return reached(compiled.campaign, limit)
        if limit.measure == "yen":
            most = left if most is None else min(most, left)
    found = Standing(compiled, every, most, 0)
    reductions, gifts = _off(found, list(goods.net), goods.quantities, goods.postage, lines)
    amount = sum([each.amount for each in reductions])
    if not amount and not gifts:
        return compiled.miss("nothing_to_reduce")
    return found._replace(alone=amount)


def _elsewhere(compiled: Compiled, purchase: Purchase, scene: Scene) -> Miss | None:
    when = compiled.campaign.conditions
    if (reason := place_and_day(when, scene.place, scene.day)) is not None:
        return compiled.miss(reason)
    if compiled.hours and not any(start <= scene.minute < end for start, end in compiled.hours):
        return compiled.miss("not_this_hour")
    if compiled.pays and (reason := payment(when, purchase)) is not None:
        return compiled.miss(reason)
    return None


def together(found: Sequence[Standing]) -> tuple[list[Standing], list[Miss]]:
    """Of each group one, then an exclusive one alone or all the others."""
    misses = []
    best: dict[str, Standing] = {}
    for each in found:
        group = each.compiled.group
        if group is not None and (group not in best or each.alone > best[group].alone):
            best[group] = each
    kept = []
    for each in found:
        group = each.compiled.group
        if group is None or best[group] is each:
            kept.append(each)
        else:
            misses.append(each.compiled.miss("same_group", {"winner": best[group].compiled.rule}))
    alone = [each for each in kept if each.compiled.exclusive]
    if not alone or len(kept) == 1:
        return kept, misses
    others = [each for each in kept if not each.compiled.exclusive]
    first = max(alone, key=lambda each: each.alone)
    chosen = [first] if not others or first.alone > sum([each.alone for each in others]) else others
    misses += [
        each.compiled.miss("exclusive", {"winner": chosen[0].compiled.rule}) for each in kept if each not in chosen
    ]
    return chosen, misses


def taken(chosen: Sequence[Standing], goods: Goods, scene: Scene) -> list[Taken]:
    """What each takes off what is left, in the order of effects; one that nothing is left for takes nothing."""
    left, postage, lines = list(goods.net), goods.postage, goods.lines
    found = []
    for each in sorted(chosen, key=_turn):
        before = list(left)
        reductions, gifts = _off(each, left, goods.quantities, postage, lines)
        amount = sum([reduction.amount for reduction in reductions])
        if not amount and not gifts:
            continue
        on_postage = sum([reduction.amount for reduction in reductions if reduction.postage])
        postage -= on_postage
        shares = tuple(
            [(line.line, was - now) for line, was, now in zip(lines, before, left, strict=True) if was != now]
        )
        campaign = each.compiled.campaign
        kinds = [str(effect.__struct_config__.tag) for effect in campaign.price_effects]
        used = UsedOffer(
            campaign.code, campaign.version, "+".join(dict.fromkeys(kinds)), amount, shares, on_postage, gifts
        )
        draws = []
        for limit in campaign.limits:
            drawn = 1 if limit.measure == "uses" else amount
            if drawn:
                key = limit_key(campaign, limit, scene.place.shop, scene.day)
                draws.append(Draw(campaign.rule, key, drawn, limit.most))
        found.append(Taken(used, tuple(reductions), tuple(draws)))
    return found


_ORDER = ("member_price", "gift", "percent", "discount", "free_postage")


def _turn(each: Standing) -> tuple[int, int, str]:
    campaign = each.compiled.campaign
    first = min(_ORDER.index(_sort(effect)) for effect in campaign.price_effects)
    return first, -campaign.stacking.priority, campaign.code


def _sort(effect: PriceEffect) -> str:
    if isinstance(effect, DiscountEffect) and effect.percent is not None:
        return "percent"
    return str(effect.__struct_config__.tag)


def _off(
    each: Standing, left: list[int], quantities: Sequence[int], postage: int, lines: Sequence[Line]
) -> tuple[list[Reduction], tuple[str, ...]]:
    """The reductions of a campaign, taken off ``left``; and what it gives for nothing. Never more than its limits."""
    room = each.most
    reductions: list[Reduction] = []
    gifts: list[str] = []
    for effect in sorted(each.compiled.campaign.price_effects, key=lambda e: _ORDER.index(_sort(e))):
        if isinstance(effect, FreePostageEffect):
            parts = [_least(postage, effect.most, room)]
            counted: list[list[int]] = [[]]
        else:
            counted, parts = _parts(effect, each.lines, left, quantities, lines)
            parts = _within(parts, room)
        for every, amount in zip(counted, parts, strict=True):
            if not amount:
                continue
            room = None if room is None else room - amount
            if isinstance(effect, FreePostageEffect):
                postage -= amount
                reductions.append(Reduction(amount, None, True))
                continue
            for i, part in zip(every, spread(amount, [left[i] for i in every]), strict=True):
                left[i] -= part
            reductions.append(Reduction(amount, tuple([lines[i].line for i in every])))
        if isinstance(effect, GiftEffect) and (effect.sku is None or any(parts)):
            gifts.append(effect.name)
    return reductions, tuple(gifts)


def _parts(
    effect: PriceEffect, counted: Sequence[int], left: Sequence[int], quantities: Sequence[int], lines: Sequence[Line]
) -> tuple[list[list[int]], list[int]]:
    """Positions, and the yen that come off them together: of all the lines that count, or line by line."""
    every = list(counted)
    match effect:
        case DiscountEffect(yen=int(yen)):
            return [every], [min(yen, sum([left[i] for i in every]))]
        case DiscountEffect(percent=percent, most=most):
            amount = int(sum([left[i] for i in every]) * (percent or 0) / 100)
            return [every], [amount if most is None else min(amount, most)]
        case MemberPriceEffect(percent=percent, prices=prices):
            if percent is not None:
                return [[i] for i in every], [int(left[i] * percent / 100) for i in every]
            priced = [i for i in every if lines[i].sku in prices]
            cost = [prices[lines[i].sku or ""] * quantities[i] // 1000 for i in priced]
            return [[i] for i in priced], [max(0, left[i] - each) for i, each in zip(priced, cost, strict=True)]
        case GiftEffect(sku=sku) if sku is not None:
            one = [i for i, line in enumerate(lines) if line.sku == sku and left[i]][:1]
            return [one], [sum([left[i] * 1000 // max(1000, quantities[i]) for i in one])]
    return [], []


def _within(parts: Sequence[int], room: int | None) -> list[int]:
    found = []
    for part in parts:
        found.append(_least(part, room))
        room = None if room is None else room - found[-1]
    return found


def _least(amount: int, *caps: int | None) -> int:
    return min([amount, *[cap for cap in caps if cap is not None]])
