"""Campaigns of a recorded sale, decided once more: a changed order, and a cancelled sale that is revived."""

from __future__ import annotations

import msgspec

from goen.actions.points.campaigns import Drawn, Offer, give_back, points_by_rule
from goen.actions.points.issuing import rules_with_coupons
from goen.actions.points.progress import REGULAR, Progress, Undone
from goen.actions.points.sale import Sale
from goen.earning.campaigns.limits import drawn_by, points_within, shortened
from goen.earning.decision import Decision
from goen.purchases.model import Purchase

replace = msgspec.structs.replace


def decide_again(sale: Sale, document: Purchase, decision: Decision) -> Decision:
    """The decision of a changed order with the campaigns that were live when it was placed; what it had drawn on
    limits is there for it again."""
    assert sale.holder is not None
    offer = Offer.of(
        sale.context, sale.engine, document, sale.shop, sale.purchase.occurred_at, sale.purchase.business_date,
        sale.decision.as_of,
    )  # fmt: skip
    give_back(sale.desk, sale.progress.limits, {}, sale.engine.value)
    drawn: tuple[Drawn, ...] = ()
    if offer is not None:
        decision, drawn = offer.decide(sale.desk, sale.person, sale.presented, decision, None)
    sale.progress = replace(sale.progress, limits=drawn)
    return decision


def draw_again(sale: Sale, undone: Undone) -> Undone:
    """A revived sale draws on its limits again. What they do not cover any more its awards lose, for good."""
    if not undone.limits:
        return undone
    assert sale.holder is not None
    value, limits, lost = sale.engine.value, list[Drawn](), dict[str, int]()
    kept = Progress(pending=undone.pending, confirmed=undone.confirmed, apart=undone.apart)
    for rule in {each.rule for each in undone.limits}:
        mine = [each for each in undone.limits if each.rule == rule]
        points = earned = points_by_rule(sale.remaining).get(rule, 0)
        if not earned and rule in rules_with_coupons(sale.remaining):
            limits += _draw_for_coupon(sale, mine)
            continue
        for each in mine:
            anchor = each.anchor if each.shared else sale.person
            closed = sale.desk.limits_closed
            room = 0 if closed else each.most - sale.desk.limit(anchor, each.code, each.period)
            points = min(points, points_within(each.measure, room, earned, value))
        for each in mine if points else ():
            amount = min(each.amount, drawn_by(each.measure, points, value))
            sale.desk.draw_limit(each.anchor, each.code, each.period, amount, each.most)
            limits.append(replace(each, amount=amount))
        if points < earned:
            lost[rule] = earned - points
    for rule, points in lost.items():
        own = rule if rule in undone.apart else REGULAR
        pending = min(points, kept.of_rule(own).pending)
        kept = kept.with_more(own, -pending, pending - points)
        sale.decision = shortened(sale.decision, rule, points)
    waiting = undone.waiting
    if lost and waiting:
        short = replace(kept, waiting=waiting)
        for own in short.rules:
            if (over := -short.unshipped(own)) > 0:
                short = short.with_more(own, pending=over).take_pending(over, own)
        waiting = short.waiting
    return replace(
        undone, pending=kept.pending, confirmed=kept.confirmed, apart=kept.apart, limits=tuple(limits), waiting=waiting
    )


def _draw_for_coupon(sale: Sale, mine: list[Drawn]) -> list[Drawn]:
    """A use for the coupon of a revived sale; where none is left, it is not given any more."""
    desk = sale.desk
    for each in mine:
        anchor = each.anchor if each.shared else sale.person
        if desk.limits_closed or desk.limit(anchor, each.code, each.period) + each.amount > each.most:
            awards = tuple([a for a in sale.decision.awards if a.rule != each.rule or a.coupon is None])
            sale.decision = replace(sale.decision, awards=awards)
            return []
    for each in mine:
        desk.draw_limit(each.anchor, each.code, each.period, each.amount, each.most)
    return mine
