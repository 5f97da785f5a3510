"""Campaigns of a recorded sale, decided once more: a changed order, and a cancelled sale that is revived."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from goen.actions.points.campaigns import Offer
from goen.actions.points.drawn import Drawn, draw, drawn_now, give_back, points_by_rule
from goen.actions.points.progress import REGULAR, Progress, Undone, Waiting
from goen.actions.points.sale import ADDED, Sale
from goen.actions.points.stamping import cards_of
from goen.earning.campaigns.effects import on_card
from goen.earning.campaigns.limits import drawn_by, points_within, shortened, trimmed
from goen.earning.campaigns.stamps import EMPTY, stamps_drawn
from goen.earning.decision import Arithmetic, Award, Decision, Miss
from goen.earning.remainder import regular_and_apart, remaining
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
    # A claimed order of a household stays with the person who claimed it.
    anchor = next((each.anchor for each in sale.progress.limits if not each.shared), sale.presented)
    person = sale.desk.place(anchor)[0]
    give_back(sale.desk, sale.progress.limits, (), sale.engine.value)
    drawn: tuple[Drawn, ...] = ()
    if offer is not None:
        if offer.stamps:
            cards = offer.cards(sale.desk, person, sale.purchase.purchase_id)
            decision = replace(decision, facts=replace(decision.facts, cards=cards))
        decision, drawn = offer.decide(sale.desk, person, anchor, decision, None)
    sale.progress = replace(sale.progress, limits=drawn)
    return decision


def draw_again(sale: Sale, undone: Undone) -> Undone:
    """A revived sale draws on its limits again. What they do not cover any more its awards lose, for good."""
    if not undone.limits:
        return undone
    assert sale.holder is not None
    undone = _bases_back(sale, _cards_as_now(sale, undone))
    value, limits, lost = sale.engine.value, list[Drawn](), dict[str, int]()
    kept = Progress(pending=undone.pending, confirmed=undone.confirmed, apart=undone.apart)
    for rule, mine in _by_rule([each for each in undone.limits if each.of_card is None]).items():
        earned = points_by_rule(sale.remaining).get(rule, 0)
        if not earned and any(award.beside for award in sale.remaining if award.rule == rule):
            # Of points or yen it draws nothing, as it does where a sale gives none.
            limits += _draw_a_use(sale, [each for each in mine if each.measure == "uses"])
            continue
        points, _ = _covered(sale, mine, earned)
        for each in mine if points else ():
            amount = min(each.amount, drawn_by(each.measure, points, value))
            sale.desk.draw_limit(each.anchor, each.code, each.period, amount, each.most)
            limits.append(replace(each, amount=amount))
        if points < earned:
            lost[rule] = earned - points
    for award in sale.remaining:
        limits += draw(sale.desk, _whose_card(sale, undone), stamps_drawn(award.rule, [award]))
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


def _by_rule(limits: Sequence[Drawn]) -> dict[str, list[Drawn]]:
    found: dict[str, list[Drawn]] = {}
    for each in limits:
        found.setdefault(each.rule, []).append(each)
    return found


def _covered(sale: Sale, mine: Sequence[Drawn], earned: int) -> tuple[int, Drawn]:
    """How many of the points the limits cover now, and which covers the fewest."""
    tightest, points = mine[0], earned
    for each in mine:
        room = 0 if sale.desk.limits_closed else each.most - drawn_now(sale.desk, each)
        if (fits := points_within(each.measure, room, earned, sale.engine.value)) < points:
            tightest, points = each, fits
    return points, tightest


def _bases_back(sale: Sale, undone: Undone) -> Undone:
    """A rate instead of the programme's takes the base off only where that is no loss. So where its limit leaves less
    of it than that by now, it is not applied any more, and the sale has its base."""
    for applied in sale.decision.campaigns:
        rule = f"campaign:{applied.code}"
        mine = [each for each in undone.limits if each.rule == rule and each.of_card is None]
        campaign = sale.context.campaigns.version(applied.code, applied.version)
        if not mine or not campaign.replaces:
            continue
        awards = sale.remaining
        earned = points_by_rule(awards).get(rule, 0)
        covered, tightest = _covered(sale, mine, earned)
        if covered == earned:
            continue
        decision = sale.without(rule, Miss(rule, "limit_reached", tightest.told))
        again = remaining(
            sale.engine, decision, sale.progress.returned,
            sale.context.campaigns.pinned(sale.engine, decision),
        )  # fmt: skip
        if sum([a.points for a in again]) <= sum([a.points for a in awards]) - (earned - covered):
            continue
        undone = _moved(undone, awards, again)
        sale.decision = _with_what_returns_took(sale, decision, rule, again)
        undone = replace(undone, limits=tuple([each for each in undone.limits if each.rule != rule]))
    return undone


def _cards_as_now(sale: Sale, undone: Undone) -> Undone:
    """Stamps go onto the cards as they are now: one that other sales have filled meanwhile gives no second reward. One
    that is nearer to full than it was gives its reward to the next sale."""
    decision = sale.decision
    effects = {
        rule: effect
        for each in decision.campaigns
        if (effect := sale.context.campaigns.version(each.code, each.version).stamps) is not None
        and (rule := f"campaign:{each.code}")
    }
    if not effects:
        return undone
    codes = [rule.partition(":")[2] for rule in effects]
    person = sale.desk.place(_whose_card(sale, undone))[0]
    now = cards_of(sale.desk, person, codes, sale.purchase.business_date, sale.purchase.purchase_id)
    was = decision.facts.cards
    now = {code: replace(card, stamps=min(card.stamps, was.get(code, EMPTY).stamps)) for code, card in now.items()}
    awards, before = [], sale.remaining
    for award in decision.awards:
        if award.stamps:
            bare = replace(award, points=0, cards=(), coupon=None, gift=None, granted=None)
            again = on_card(effects[award.rule], bare, now[award.rule.partition(":")[2]])
            if again is None:
                continue
            award = replace(again, points=min(again.points, award.points), granted=award.granted)  # noqa: PLW2901
        awards.append(award)
    facts = replace(decision.facts, cards={**was, **now})
    sale.decision = replace(decision, awards=tuple(awards), facts=facts, earned=sum([a.points for a in awards]))
    after = sale.remaining
    for rule in effects:
        sale.decision = _with_what_returns_took(sale, sale.decision, rule, after)
    return _moved(undone, before, after)


def _whose_card(sale: Sale, undone: Undone) -> int:
    return next((each.anchor for each in undone.limits if each.of_card is not None), sale.presented)


def _with_what_returns_took(sale: Sale, decision: Decision, dry: str, again: Sequence[Award]) -> Decision:
    """What earlier returns took back had been given, by the campaign that gives less now: the sale gave that and what
    is left of it, so that all its returns add up."""
    returned, awards, now = sale.progress.returned, list(decision.awards), _points(again)
    taken = {REGULAR: returned.earned - sum(returned.apart.values()), **returned.apart}
    version = next(each.version for each in sale.decision.campaigns if f"campaign:{each.code}" == dry)
    for rule, points in taken.items():
        given = points + now.get(rule, 0)
        mine = [award for award in awards if (award.rule if award.apart else REGULAR) == rule]
        more = given - sum([award.points for award in mine])
        if more > 0:
            awards.append(Award(dry, version, more, 0, Arithmetic(fixed=more, of="sale"), apart=rule != REGULAR))
        elif more < 0:
            # The base is that of what is left; what other campaigns gave stays as it is told.
            mine.sort(key=lambda award: not award.rule.startswith(ADDED))
            awards = [award for award in awards if award not in mine] + trimmed(mine, given)
    return replace(decision, awards=tuple(awards), earned=sum([award.points for award in awards]))


def _moved(undone: Undone, awards: Sequence[Award], again: Sequence[Award]) -> Undone:
    """What is given again follows another decision. More points are as far on as the sale is: pending, waiting or
    confirmed."""
    was, now = (_points(each) for each in (awards, again))
    kept = Progress(pending=undone.pending, confirmed=undone.confirmed, apart=undone.apart, waiting=undone.waiting)
    for rule in was | now:
        more = now.get(rule, 0) - was.get(rule, 0)
        if more <= 0:
            pending = min(-more, kept.of_rule(rule).pending)
            kept = kept.take_pending(pending, rule).with_more(rule, confirmed=more + pending)
        elif undone.status == "placed":
            kept = kept.with_more(rule, pending=more)
        elif undone.waiting:
            waiting = (*kept.waiting, Waiting(undone.waiting[-1].on, more, rule))
            kept = replace(kept.with_more(rule, pending=more), waiting=waiting)
        else:
            kept = kept.with_more(rule, confirmed=more)
    return replace(undone, pending=kept.pending, confirmed=kept.confirmed, apart=kept.apart, waiting=kept.waiting)


def _points(awards: Sequence[Award]) -> dict[str, int]:
    regular, apart = regular_and_apart(awards)
    return {REGULAR: regular, **apart}


def _draw_a_use(sale: Sale, mine: list[Drawn]) -> list[Drawn]:
    """A use for the coupon, gift or stamps of a revived sale; where none is left, they are not given any more."""
    desk = sale.desk
    for each in mine:
        if desk.limits_closed or drawn_now(desk, each) + each.amount > each.most:
            _not_beside(sale, each)
            return []
    for each in mine:
        desk.draw_limit(each.anchor, each.code, each.period, each.amount, each.most)
    return mine


def _not_beside(sale: Sale, dry: Drawn) -> None:
    """A campaign gives nothing beside points any more. It is taken out of the decision, or what is left after returns
    would have it again; what they took back stays told."""
    rule, decision = dry.rule, sale.decision
    mine = next(each for each in decision.campaigns if f"campaign:{each.code}" == rule)
    if sale.context.campaigns.version(mine.code, mine.version).replaces:
        awards = tuple([award for award in decision.awards if award.rule != rule or not award.beside])
        sale.decision = replace(decision, awards=awards)
        return
    decision = replace(
        decision,
        campaigns=tuple([each for each in decision.campaigns if each is not mine]),
        awards=tuple([award for award in decision.awards if award.rule != rule]),
        not_applied=(*decision.not_applied, Miss(rule, "limit_reached", dry.told)),
    )
    again: Sequence[Award] = decision.awards
    if sale.progress.returned.lines:
        pinned = sale.context.campaigns.pinned(sale.engine, decision)
        again = remaining(sale.engine, decision, sale.progress.returned, pinned)
    sale.decision = _with_what_returns_took(sale, decision, rule, again)
