"""Effects compiled: what a campaign gives for the lines it counts, with the arithmetic that shows it.

An effect looks at a :class:`Scratch`: the lines of a sale, or of what is left of it after returns. Both
are computed by the same functions, so what a return takes back is what the sale gave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

import msgspec

from goen.earning.basket import EARNS_NOTHING
from goen.earning.campaigns.model import (
    Campaign,
    EveryEffect,
    HiddenSaleEffect,
    IssueEffect,
    PointsEffect,
    PriceEffect,
    RateEffect,
    StampsEffect,
    StepsEffect,
)
from goen.earning.campaigns.stamps import filling
from goen.earning.decision import Arithmetic, Award, StampCard
from goen.earning.evaluate import Bases, Engine, Rate

#: Positions of lines; None: all of them.
Positions = tuple[int, ...] | None
#: Effects that give points, coupons or stamps once the price is known.
PointsGiving = RateEffect | PointsEffect | StepsEffect | EveryEffect | IssueEffect | StampsEffect
Give = Callable[["Scratch", Positions], list[Award]]
replace = msgspec.structs.replace
_ONE = Decimal(1)


class Scratch:
    """The lines of one evaluation, and what was computed of them already. Units as in ``LineShare``."""

    __slots__ = ("_bases", "_earning", "engine", "kinds", "quantities", "tax_rates", "values")

    def __init__(
        self,
        engine: Engine,
        kinds: Sequence[int],
        tax_rates: Sequence[int],
        quantities: Sequence[int],
        values: Sequence[int],
    ) -> None:
        self.engine = engine
        self.kinds = kinds
        self.tax_rates = tax_rates
        self.quantities = quantities
        self.values = values
        self._bases: dict[Positions, tuple[dict[int, Bases], int]] = {}
        self._earning: dict[Positions, list[int]] = {}

    def bases(self, positions: Positions) -> tuple[dict[int, Bases], int]:
        """The bases of these lines by kind of rate, and their sum."""
        known = self._bases.get(positions)
        if known is None:
            columns = (self.kinds, self.tax_rates, self.quantities, self.values)
            if positions is not None:
                columns = tuple([[column[i] for i in positions] for column in columns])  # type: ignore[assignment]
            by_kind = self.engine.bases(*columns)
            whole = sum([amount * times for parts in by_kind.values() for amount, times in parts])
            known = self._bases[positions] = (by_kind, whole)
        return known

    def earning(self, positions: Positions) -> list[int]:
        """Those of these lines that can earn at all, and of which something is left."""
        known = self._earning.get(positions)
        if known is None:
            every = range(len(self.kinds)) if positions is None else positions
            known = [i for i in every if self.kinds[i] != EARNS_NOTHING and (self.quantities[i] or self.values[i])]
            self._earning[positions] = known
        return known

    def pieces(self, positions: Positions) -> int:
        """Whole pieces of these lines, each line for itself; what is sold by weight is one piece."""
        return sum([max(1, self.quantities[i] // 1000) for i in self.earning(positions)])

    def without(self, positions: Iterable[int]) -> list[int]:
        """The kinds, where these lines earn nothing by the programme's own rates."""
        kinds = list(self.kinds)
        for i in positions:
            kinds[i] = EARNS_NOTHING
        return kinds


def compiled_effects(campaign: Campaign, engine: Engine) -> list[Give]:
    """One function per effect that gives points, coupons or stamps, in the campaign's order."""
    return [
        _compiled(effect, number, campaign, engine)
        for number, effect in enumerate(campaign.effects)
        if not isinstance(effect, PriceEffect | HiddenSaleEffect)
    ]


def _compiled(effect: PointsGiving, number: int, campaign: Campaign, engine: Engine) -> Give:
    match effect:
        case RateEffect():
            return _rate(effect, number, campaign, engine)
        case PointsEffect():
            return _points(effect, number, campaign)
        case StepsEffect():
            return _steps(effect, number, campaign)
        case EveryEffect():
            return _every(effect, number, campaign)
        case IssueEffect():
            return _issue(effect, number, campaign)
        case StampsEffect():
            return _stamps(effect, number, campaign)


def _rate(effect: RateEffect, number: int, campaign: Campaign, engine: Engine) -> Give:
    programme = engine.programme
    rates: dict[int, Rate] = {}
    if effect.percent is not None:
        own = replace(programme, earning=replace(programme.earning, percent=effect.percent))
        every = Rate(campaign.rule, None, own, _ONE)
        rates = dict.fromkeys(range(len(engine.categories)), every)
    else:
        assert effect.multiplier is not None, "checked before a campaign is kept"
        multiplier = effect.multiplier - 1 if effect.mode == "multiply" else effect.multiplier
        for kind, (category, factor) in enumerate(engine.categories):
            # A replacing rate is the same for every category; one on top keeps the categories' own factors.
            times = multiplier if effect.mode == "replace" else multiplier * factor
            rates[kind] = Rate(campaign.rule, category, programme, times)
    rule, version, apart = campaign.rule, campaign.version, campaign.apart
    together = effect.percent is not None or effect.mode == "replace"

    def give(scratch: Scratch, positions: Positions) -> list[Award]:
        by_kind, _ = scratch.bases(positions)
        if together and len(by_kind) > 1:
            by_kind = {0: _joined(by_kind.values(), programme.earning.place)}
        awards = []
        for kind in sorted(by_kind):
            rate, base, points = rates[kind], 0, 0
            for amount, times in by_kind[kind]:
                base += amount * times
                points += rate.points_of(amount) * times
            if points:
                category = None if together else rate.category
                awards.append(Award(rule, version, points, base, rate.arithmetic, category, None, number, None, apart))
        return awards

    return give


def _joined(bases: Iterable[Bases], place: str) -> Bases:
    """Bases of several kinds as of one, cut where the programme rounds."""
    parts = [part for each in bases for part in each]
    return [(sum([amount * times for amount, times in parts]), 1)] if place == "sale" else parts


def _points(effect: PointsEffect, number: int, campaign: Campaign) -> Give:
    shown = {per: Arithmetic(fixed=effect.points, of=per) for per in ("sale", "line", "quantity")}
    fixed, each = _fixed(campaign, number), effect.points

    def give(scratch: Scratch, positions: Positions) -> list[Award]:
        lines = scratch.earning(positions)
        if effect.per == "sale":
            return [fixed(each, scratch, positions, shown["sale"])] if lines else []
        of = "line" if effect.per == "line" else "quantity"
        times = len(lines) if of == "line" else scratch.pieces(positions)
        arithmetic = replace(shown[of], times=times)
        return [fixed(each * times, scratch, positions, arithmetic)] if times else []

    return give


def measured(of: str, scratch: Scratch, positions: Positions) -> int:
    """What a threshold looks at: yen of base, or pieces."""
    return scratch.pieces(positions) if of == "quantity" else scratch.bases(positions)[1]


def _steps(effect: StepsEffect, number: int, campaign: Campaign) -> Give:
    steps = [
        (step.at, step.points, Arithmetic(threshold=step.at, of=effect.of))
        for step in sorted(effect.steps, key=lambda step: step.at, reverse=True)
    ]
    fixed, of = _fixed(campaign, number), effect.of

    def give(scratch: Scratch, positions: Positions) -> list[Award]:
        size = measured(of, scratch, positions)
        for at, points, arithmetic in steps:
            if size >= at:
                return [fixed(points, scratch, positions, arithmetic)]
        return []

    return give


def _every(effect: EveryEffect, number: int, campaign: Campaign) -> Give:
    fixed = _fixed(campaign, number)

    def give(scratch: Scratch, positions: Positions) -> list[Award]:
        times = measured(effect.of, scratch, positions) // effect.amount
        times = times if effect.times_max is None else min(times, effect.times_max)
        if not times:
            return []
        arithmetic = Arithmetic(unit_amount=effect.amount, unit_points=str(effect.points), times=times, of=effect.of)
        return [fixed(effect.points * times, scratch, positions, arithmetic)]

    return give


def _issue(effect: IssueEffect, number: int, campaign: Campaign) -> Give:
    """A coupon for the lines that count, whatever they earn; it has no points."""
    rule, version, shown = campaign.rule, campaign.version, Arithmetic(fixed=0, of="sale")

    def give(scratch: Scratch, positions: Positions) -> list[Award]:
        every = range(len(scratch.kinds)) if positions is None else positions
        if not any(scratch.quantities[i] or scratch.values[i] for i in every):
            return []
        return [Award(rule, version, 0, scratch.bases(positions)[1], shown, effect=number, coupon=effect.coupon)]

    return give


def _stamps(effect: StampsEffect, number: int, campaign: Campaign) -> Give:
    """The stamps of the lines that count. What they do to the member's card is said by :func:`on_card`."""
    rule, version, shown = campaign.rule, campaign.version, Arithmetic(fixed=effect.points or 0, of="card")

    def give(scratch: Scratch, positions: Positions) -> list[Award]:
        lines = scratch.earning(positions)
        size = (
            1 if effect.of == "sale" else len(lines) if effect.of == "line" else measured(effect.of, scratch, positions)
        )
        stamps = size // effect.every if lines else 0
        stamps = stamps if effect.times_max is None else min(stamps, effect.times_max)
        if not stamps:
            return []
        base = scratch.bases(positions)[1]
        return [Award(rule, version, 0, base, shown, effect=number, apart=campaign.apart, stamps=stamps)]

    return give


def on_card(effect: StampsEffect, award: Award, before: StampCard) -> Award | None:
    """An award of stamps with what they give on this card; None where the card takes none any more."""
    stamps, numbers = filling(before, award.stamps, effect.full, effect.cards)
    if not stamps:
        return None
    if not numbers:
        return award if stamps == award.stamps else replace(award, stamps=stamps)
    points, arithmetic = (effect.points or 0) * len(numbers), replace(award.arithmetic, times=len(numbers))
    return replace(
        award,
        points=points,
        arithmetic=arithmetic,
        coupon=effect.coupon,
        gift=effect.gift,
        stamps=stamps,
        cards=numbers,
    )


Fixed = Callable[[int, Scratch, Positions, Arithmetic], Award]


def _fixed(campaign: Campaign, number: int) -> Fixed:
    """How an effect's award is told, apart from its points and arithmetic."""
    rule, version, apart = campaign.rule, campaign.version, campaign.apart

    def fixed(points: int, scratch: Scratch, positions: Positions, arithmetic: Arithmetic) -> Award:
        return Award(rule, version, points, scratch.bases(positions)[1], arithmetic, None, None, number, None, apart)

    return fixed


def compiled_ahead(campaign: Campaign) -> Callable[[int], tuple[int, int] | None] | None:
    """Of a base: the yen still missing for the next award, and its points. None where no effect counts yen."""
    ladders = [
        sorted((step.at, step.points) for step in effect.steps)
        for effect in campaign.effects
        if isinstance(effect, StepsEffect) and effect.of == "amount"
    ]
    rounds = [each for each in campaign.effects if isinstance(each, EveryEffect) and each.of == "amount"]
    if not ladders and not rounds:
        return None

    def ahead(base: int) -> tuple[int, int] | None:
        nearest: tuple[int, int] | None = None
        for ladder in ladders:
            reached = 0
            for at, points in ladder:
                if at <= base:
                    reached = points
                elif points > reached:
                    if nearest is None or at - base < nearest[0]:
                        nearest = (at - base, points - reached)
                    break
        for each in rounds:
            times = base // each.amount
            missing = (times + 1) * each.amount - base
            if (each.times_max is None or times < each.times_max) and (nearest is None or missing < nearest[0]):
                nearest = (missing, each.points)
        return nearest

    return ahead
