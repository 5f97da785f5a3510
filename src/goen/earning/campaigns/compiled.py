"""One campaign compiled under one programme version, its floor, and the caps on what it gives."""

from __future__ import annotations

import msgspec

from goen.earning.campaigns.conditions import Goods, compiled_hours, member_checks
from goen.earning.campaigns.effects import Positions, Scratch, compiled_ahead, compiled_effects, measured, on_card
from goen.earning.campaigns.model import Campaign
from goen.earning.campaigns.stamps import EMPTY
from goen.earning.decision import Award, Facts, Miss, Values
from goen.earning.evaluate import Engine

replace = msgspec.structs.replace


class Compiled:
    """One campaign under one programme version."""

    __slots__ = (
        "_misses", "ahead", "campaign", "checks", "consumes", "effects", "exclusive", "floor", "goods", "group",
        "hours", "pays", "replaces", "rule", "stamps",
    )  # fmt: skip

    def __init__(self, campaign: Campaign, engine: Engine) -> None:
        when = campaign.conditions
        self.campaign = campaign
        self.rule = campaign.rule
        self.effects = compiled_effects(campaign, engine)
        self.hours = compiled_hours(when)
        self.goods = (
            None if when.products is None and when.not_products is None else Goods(when.products, when.not_products)
        )
        self.pays = when.coupons is not None or bool(when.tenders or when.brands)
        self.checks = member_checks(when)
        self.floor = any((when.amount_min, when.amount_max, when.quantity_min))
        self.replaces = campaign.replaces
        self.group = campaign.stacking.group
        self.exclusive = campaign.stacking.exclusive
        self.consumes = campaign.stacking.consumes_lines
        self.ahead = compiled_ahead(campaign)
        self.stamps = campaign.stamps
        self._misses: dict[str, Miss] = {}

    def miss(self, reason: str, values: Values | None = None) -> Miss:
        """Why the campaign gave nothing."""
        if values:
            return Miss(self.rule, reason, values)
        known = self._misses.get(reason)
        if known is None:
            known = self._misses[reason] = Miss(self.rule, reason)
        return known

    def entitlement(self, scratch: Scratch, positions: Positions, facts: Facts) -> list[Award]:
        """What the effects give for these lines on the person's card, within the cap of one sale."""
        awards, cap = self.whole(scratch, positions, facts), self.campaign.max_points
        return awards if cap is None else capped(awards, cap)

    def whole(self, scratch: Scratch, positions: Positions, facts: Facts) -> list[Award]:
        """The same were there no cap."""
        if len(self.effects) == 1:
            awards = self.effects[0](scratch, positions)
        else:
            awards = [award for give in self.effects for award in give(scratch, positions)]
        if self.stamps is not None:
            before = facts.cards.get(self.campaign.code, EMPTY)
            carded = [on_card(self.stamps, award, before) if award.stamps else award for award in awards]
            awards = [award for award in carded if award is not None]
        if facts.kinds_over:
            awards = issuable(awards, facts)
        return awards


def below_floor(compiled: Compiled, scratch: Scratch, lines: Positions) -> Miss | None:
    """Why the lines are too little or too much for the campaign, or None."""
    when = compiled.campaign.conditions
    base = scratch.bases(lines)[1]
    if when.amount_min is not None and base < when.amount_min:
        return compiled.miss("below_amount", {"missing": when.amount_min - base})
    if when.amount_max is not None and base > when.amount_max:
        return compiled.miss("above_amount", {"up_to": when.amount_max})
    if when.quantity_min is not None:
        pieces = measured("quantity", scratch, lines)
        if pieces < when.quantity_min:
            return compiled.miss("below_quantity", {"pieces": when.quantity_min - pieces})
    return None


def capped(awards: list[Award], cap: int) -> list[Award]:
    """The first ``cap`` points of the awards; the one that the cap cut says so."""
    if sum([award.points for award in awards]) <= cap:
        return awards
    kept, left = [], cap
    for award in awards:
        part = min(award.points, left)
        left -= part
        if part or award.beside:
            kept.append(award if part == award.points else replace(award, points=part, cap=cap))
    return kept


def issuable(awards: list[Award], facts: Facts) -> list[Award]:
    """The awards but for coupons of kinds that were not issued any more; stamps stay."""
    over = facts.kinds_over
    return [
        replace(award, coupon=None) if award.coupon in over else award
        for award in awards
        if award.coupon not in over or award.stamps
    ]


def overall_cap(engine: Engine, scratch: Scratch) -> int | None:
    """The most points that all campaigns together may give for these lines; None: there is no cap."""
    terms = engine.programme.campaigns
    caps = [] if terms.max_points is None else [terms.max_points]
    if terms.max_percent is not None:
        caps.append(engine.value.points_for(scratch.bases(None)[1] * terms.max_percent // 100))
    return min(caps, default=None)
