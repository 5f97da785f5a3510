"""Earned points become lots: one of a sale's regular points, and one for each campaign that keeps its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

import msgspec

from goen.actions.points.context import Context, campaign_terms, regular_terms
from goen.actions.points.progress import REGULAR, Progress
from goen.earning.decision import Decision
from goen.earning.programme import Programme
from goen.earning.remainder import regular_and_apart
from goen.ledger.journal import Journal
from goen.ledger.model import Draws, Terms

replace = msgspec.structs.replace


def by_rule(decision: Decision) -> dict[str, int]:
    """The points that a decision earned, regular ones under REGULAR."""
    if not decision.campaigns:
        return {REGULAR: decision.earned}
    regular, apart = regular_and_apart(decision.awards)
    return {REGULAR: regular, **apart}


def terms_of(context: Context, programme: Programme, decision: Decision, rule: str, day: date) -> Terms:
    """What points of a rule are granted under on this day."""
    if rule == REGULAR:
        return regular_terms(programme, day, "base")
    applied = next(each for each in decision.campaigns if f"campaign:{each.code}" == rule)
    return campaign_terms(programme, context.campaigns.version(applied.code, applied.version), day)


def grant(
    context: Context,
    programme: Programme,
    journal: Journal,
    decision: Decision,
    points: Mapping[str, int],
    day: date,
    purchase_id: str,
    progress: Progress,
) -> Progress:
    """Confirmed at once: each rule's points as a lot."""
    for rule, each in points.items():
        if each:
            terms = terms_of(context, programme, decision, rule, day)
            lot = journal.earn(each, terms, purchase_id=purchase_id)
            progress = progress.with_more(rule, confirmed=each, lots=(lot,))
    return progress


def grant_regular(
    programme: Programme, journal: Journal, points: int, day: date, purchase_id: str, progress: Progress
) -> Progress:
    """The short way for a new sale by no campaign, which most are: one regular lot."""
    lot = journal.earn(points, regular_terms(programme, day, "base"), purchase_id=purchase_id)
    return replace(progress, lots=(lot,), confirmed=points)


def provision(journal: Journal, points: Mapping[str, int], progress: Progress) -> Progress:
    """Provisional for now: visible, not spendable (rule 10)."""
    if total := sum(points.values()):
        journal.provision(total)
    for rule, each in points.items():
        if each:
            progress = progress.with_more(rule, pending=each)
    return progress


class TakenBack(NamedTuple):
    """Outcome of :func:`take_back`: pending points voided; of the confirmed ones those booked out, those that no lot
    had, of these the unpaid (rule 28 b), and by rule what its own lots gave."""

    progress: Progress
    voided: int
    booked: int
    shortage: int
    unpaid: int
    own: dict[str, Draws]


def take_back(
    journal: Journal, points: Mapping[str, int], progress: Progress, shortage: str, terms: Terms
) -> TakenBack:
    """Earned points fall away, by rule: pending ones first, confirmed ones from the rule's own lots (rules 25, 28)."""
    voided = {rule: min(each, progress.of_rule(rule).pending) for rule, each in points.items()}
    if pending := sum(voided.values()):
        journal.void(pending)
    booked = short = unpaid = 0
    own: dict[str, Draws] = {}
    for rule, each in points.items():
        if voided[rule]:
            progress = progress.take_pending(voided[rule], rule)
        if confirmed := each - voided[rule]:
            reversal = journal.reverse(confirmed, progress.of_rule(rule).lots, shortage, terms)
            booked += reversal.booked
            short += reversal.shortage
            unpaid += reversal.unpaid
            own[rule] = reversal.own
            progress = progress.with_more(rule, confirmed=-confirmed)
    return TakenBack(progress, pending, booked, short, unpaid, own)
