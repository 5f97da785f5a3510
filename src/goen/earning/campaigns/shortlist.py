"""What a shop, a day and a document leave of the live campaigns, before the member is known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from goen.earning.campaigns.compiled import Compiled
from goen.earning.campaigns.conditions import needs_history, needs_traits, payment, place_and_day
from goen.earning.campaigns.effects import Positions
from goen.earning.campaigns.limits import limit_key
from goen.earning.campaigns.scene import UNKNOWN, LimitKey, Place, Scene
from goen.earning.decision import Miss
from goen.purchases.model import Line, Purchase


class Entry(NamedTuple):
    """A campaign that may hold, the accounts of its limits, and the lines it counts; ``open`` where their
    products are to be looked up."""

    compiled: Compiled
    keys: tuple[LimitKey, ...]
    lines: Positions
    open: bool = False


class Plan(NamedTuple):
    """What a shop and a day leave of the live campaigns, and what those ask to be read.

    ``keys`` are the accounts of the campaigns' limits; ``by_sku`` and ``by_category`` find the campaigns, by
    position, whose goods begin with these; ``categories``: any campaign asks for one; ``whole``: the entries of
    campaigns that count the whole basket; ``kinds``: those of coupons that campaigns give;
    ``cards``: the campaigns that have a stamp card.
    """

    compiled: tuple[Compiled, ...]
    keys: tuple[tuple[LimitKey, ...], ...]
    misses: tuple[Miss, ...]
    history: bool
    traits: bool
    signals: frozenset[str]
    by_sku: dict[str | None, list[int]]
    by_category: dict[str | None, list[int]]
    categories: bool
    whole: tuple[Entry, ...]
    kinds: tuple[str, ...]
    cards: tuple[str, ...]


class Shortlist(NamedTuple):
    """What the document leaves of a plan. ``skus``: products to be looked up; ``limits``: accounts to be read."""

    entries: list[Entry]
    misses: list[Miss]
    skus: tuple[str, ...]
    limits: list[LimitKey]


def planned(live: Sequence[Compiled], place: Place, day: date) -> Plan:
    """What a shop and a day leave of the live campaigns, in their order."""
    holding, misses = [], []
    for compiled in live:
        reason = place_and_day(compiled.campaign.conditions, place, day)
        if reason is None:
            holding.append(compiled)
        else:
            misses.append(compiled.miss(reason))
    asked = [compiled.campaign.conditions for compiled in holding]
    indexes: dict[str, dict[str | None, list[int]]] = {"sku": {}, "category": {}}
    for i, compiled in enumerate(holding):
        if compiled.goods is not None and (key := compiled.goods.index_key) is not None:
            for name in dict.fromkeys(key[1]):
                indexes[key[0]].setdefault(name, []).append(i)
    keys = tuple(tuple(limit_key(c.campaign, limit, place.shop, day) for limit in c.campaign.limits) for c in holding)
    return Plan(
        tuple(holding),
        keys,
        tuple(misses),
        any(map(needs_history, asked)),
        any(map(needs_traits, asked)),
        frozenset(signal.name for when in asked for signal in when.signals),
        indexes["sku"],
        indexes["category"],
        any(c.goods is not None and c.goods.asks_category for c in holding),
        tuple(Entry(c, k, None) for c, k in zip(holding, keys, strict=True)),
        tuple(dict.fromkeys(kind for c in holding for kind in c.campaign.kinds)),
        tuple(c.campaign.code for c in holding if c.stamps is not None),
    )


def shortlisted(plan: Plan, purchase: Purchase, scene: Scene) -> Shortlist:
    """What can be said before the member and the products are known."""
    entries: list[Entry] = []
    misses = list(plan.misses)
    asked = False
    lines = numbered(purchase)
    found: dict[int, list[int]] = {}
    by_sku, by_category = plan.by_sku, plan.by_category
    if by_sku:
        for position, line in enumerate(lines):
            for i in by_sku.get(line.sku, ()):
                found.setdefault(i, []).append(position)
    named = True
    if plan.categories:
        shelves: dict[str | None, list[int]] = {}
        for position, line in enumerate(lines):
            shelves.setdefault(line.category, []).append(position)
        named = None not in shelves
        for category, positions in shelves.items():
            for i in by_category.get(category, ()):
                found[i] = sorted(found[i] + positions) if i in found else positions
    minute = scene.minute
    for i, compiled in enumerate(plan.compiled):
        goods = compiled.goods
        if compiled.hours and not _within(minute, compiled.hours):
            misses.append(compiled.miss("not_this_hour"))
        elif compiled.pays and (reason := payment(compiled.campaign.conditions, purchase)) is not None:
            misses.append(compiled.miss(reason))
        elif goods is None:
            entries.append(plan.whole[i])
        elif goods.needs_articles or (goods.asks_category and not named):
            entries.append(Entry(compiled, plan.keys[i], None, True))
            asked = True
        else:
            likely = range(len(lines)) if goods.index_key is None else found.get(i, ())
            if likely and not goods.only_indexed:
                likely = [n for n in likely if goods.counts(lines[n], UNKNOWN)]
            if likely:
                entries.append(Entry(compiled, plan.keys[i], tuple(likely)))
            else:
                misses.append(compiled.miss("no_matching_goods"))
    skus = tuple({line.sku for line in purchase.lines if line.sku}) if asked else ()
    limits = [key for entry in entries for key in entry.keys]
    return Shortlist(entries, misses, skus, limits)


def numbered(purchase: Purchase) -> Sequence[Line]:
    """The lines by number, as a priced basket has them."""
    lines = purchase.lines
    for i in range(1, len(lines)):
        if lines[i].line < lines[i - 1].line:
            return sorted(lines, key=lambda line: line.line)
    return lines


def _within(minute: int, spans: tuple[tuple[int, int], ...]) -> bool:
    return any(start <= minute < end for start, end in spans)
