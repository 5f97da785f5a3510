"""Stamp cards: how many stamps a person has, and which of a sale's stamps fill a card.

What was stamped is kept sale by sale; the card follows from it. Stamps live until their own day. A full card takes
the eldest; what it took has not come to an end any more. A stamp that is taken back from a card whose reward another
sale was given is *owed*: the next one pays for it, and no reward is given twice for one card.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import count
from typing import NamedTuple

from goen.earning.campaigns.model import StampsEffect
from goen.earning.campaigns.scene import Draw, LimitKey
from goen.earning.decision import Award, StampCard, Values

#: A stamp card without stamps.
EMPTY = StampCard()
#: More stamps than anybody has.
NO_CEILING = 10**12
#: What is beyond stays on the card, and fills the next with the next sale.
CARDS_PER_SALE = 100


class Stamped(NamedTuple):
    """What one act did to a card: ``stamps`` more or less by a sale of ``day``, good through ``until``; cards of
    ``size`` that it filled and that are not full any more, by number."""

    campaign: str
    purchase_id: str
    day: date
    stamps: int
    size: int
    until: date | None = None
    filled: tuple[int, ...] = ()
    undone: tuple[int, ...] = ()


class OnCard(NamedTuple):
    """A card as it stands: the stamps, how many of them owed where below zero, and the first day on which some end."""

    card: StampCard
    ends_on: date | None


def card(acts: Iterable[Stamped], day: date, leave_out: str | None = None) -> OnCard:
    """The card of one campaign on a day, of acts in the order of recording. ``leave_out``: without this sale."""
    sales: dict[str, tuple[date, date | None, int, int, set[int]]] = {}
    for act in acts:
        if act.purchase_id != leave_out:
            sold_on, until, size, stamps, filled = sales.get(
                act.purchase_id, (act.day, act.until, act.size, 0, set[int]())
            )
            filled = (filled | set(act.filled)) - set(act.undone)
            sales[act.purchase_id] = sold_on, until, size, stamps + act.stamps, filled
    held: deque[tuple[int, date | None]] = deque()
    owed, numbers = 0, set[int]()
    for sold_on, until, size, stamps, filled in sales.values():
        held = deque(each for each in held if _alive(each, sold_on))
        paid = min(owed, stamps)
        owed -= paid
        if stamps > paid:
            held.append((stamps - paid, until))
        owed += _taken(held, size * len(filled))
        numbers |= filled
    alive = [each for each in held if _alive(each, day)]
    last, twice = max(numbers, default=0), sum([len(each[-1]) for each in sales.values()]) - len(numbers)
    gaps = tuple(n for n in range(1, last) if n not in numbers)
    ends = [until for _, until in alive if until is not None]
    left = sum(stamps for stamps, _ in alive) - owed
    return OnCard(StampCard(left, last, gaps, twice), min(ends, default=None))


def _alive(stamps: tuple[int, date | None], day: date) -> bool:
    return stamps[1] is None or day <= stamps[1]


def _taken(held: deque[tuple[int, date | None]], stamps: int) -> int:
    """Take the eldest stamps away; gives how many were not there."""
    while stamps and held:
        here, until = held.popleft()
        if here > stamps:
            held.appendleft((here - stamps, until))
        stamps -= min(here, stamps)
    return stamps


class Fills(NamedTuple):
    """What a sale's stamps do: how many of them go onto the card, and the numbers of the cards that they fill."""

    stamps: int
    numbers: tuple[int, ...]


def filling(before: StampCard, stamps: int, full: int, cards: int | None) -> Fills:
    """So many stamps on this card; with ``cards`` it stops after so many full ones."""
    left = None if cards is None else cards - before.filled
    if left is not None and left <= 0:
        return Fills(0, ())
    times = min(max(0, (before.stamps + stamps) // full), CARDS_PER_SALE)
    if left is not None and times >= left:
        # Of the last card no stamp is left over.
        times, stamps = left, min(stamps, max(1, left * full - before.stamps))
    return Fills(stamps, _next_numbers(before, times))


def _next_numbers(before: StampCard, times: int) -> tuple[int, ...]:
    free: Sequence[int] = before.gaps
    fresh = count(before.last + 1)
    return tuple(free[n] if n < len(free) else next(fresh) for n in range(times))


def no_stamps(effect: StampsEffect, base: int, before: StampCard) -> tuple[str, Values] | None:
    """Why a sale with so much base gets no stamp; None where it has nothing to do with the card."""
    if effect.cards is not None and before.filled >= effect.cards:
        return "cards_full", {"cards": effect.cards}
    if effect.of == "amount" and base:
        return "no_stamp_yet", {"missing": effect.every - base % effect.every}
    return None


def to_the_next(effect: StampsEffect, awards: Iterable[Award], before: StampCard) -> tuple[str, Values] | None:
    """How many stamps the card has after these awards, and how many it still needs; None where it has stopped."""
    mine = [award for award in awards if award.stamps]
    filled = before.filled + sum([len(award.cards) for award in mine])
    if effect.cards is not None and filled >= effect.cards:
        return None
    stamps = before.stamps + sum([award.stamps - effect.full * len(award.cards) for award in mine])
    return "stamps_to_go", {"stamps": stamps, "full": effect.full, "more": effect.full - stamps}


def stamps_drawn(rule: str, awards: Iterable[Award]) -> list[Draw]:
    """What stamps draw on the member's accounts: the stamps, and each full card's reward, which no two sales get."""
    drawn = []
    for award in awards:
        if award.stamps:
            drawn.append(Draw(rule, LimitKey(False, f"{rule}/stamps", ""), award.stamps, NO_CEILING))
            drawn += [Draw(rule, LimitKey(False, f"{rule}/cards", str(number)), 1, 1) for number in award.cards]
    return drawn
