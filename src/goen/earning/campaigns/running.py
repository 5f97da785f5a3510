"""The live campaigns of one moment, compiled together, and the choice between them.

How a sale is decided, in the words that the code uses:

1. *plan*: what shop and business date already rule out is known once per shop and day;
2. *shortlist*: hours, payment and the lines that count need the document alone;
3. *applicable*: member checks, floors of amount and pieces; each gives its *entitlement* by itself, of which
   counts what its caps and limits leave: what is dry is out before anything is chosen;
4. *groups*: of a group one applies; *exclusive*: one alone or the others together, the better for the member;
5. then in order of priority, each campaign: *lines* that one before has consumed are gone; *caps*: its own per
   sale, then what is left of the programme's over all campaigns; *limits*: what the accounts still cover is
   granted and drawn.

Campaign points come on top of the programme's own rates (rule 6), except that a rate in mode ``replace``
takes the programme's rates and thresholds off its lines; not so where a cap or a limit cuts it below them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

import msgspec

from goen.earning.campaigns.compiled import Compiled, below_floor, capped, overall_cap
from goen.earning.campaigns.conditions import article_of
from goen.earning.campaigns.effects import Positions, Scratch
from goen.earning.campaigns.limits import UNLIMITED, Room, covered, granted, reached
from goen.earning.campaigns.model import Campaign
from goen.earning.campaigns.scene import Article, Draw, Drawn, LimitKey, Place, Scene
from goen.earning.campaigns.shortlist import Entry, Plan, Shortlist, numbered, planned, shortlisted
from goen.earning.campaigns.stamps import EMPTY, no_stamps, stamps_drawn, to_the_next
from goen.earning.decision import Applied, Award, Decision, Facts, Miss, Values
from goen.earning.evaluate import Engine, Priced
from goen.purchases.model import Purchase
from goen.vocabulary.points import POINTS_LIMIT
from goen.vocabulary.refusal import InvalidRequest

replace = msgspec.structs.replace
_PLANS_KEPT = 4096


class Outcome(NamedTuple):
    """A decision with campaigns, and what it draws on limits."""

    decision: Decision
    draws: tuple[Draw, ...]


class Candidate(NamedTuple):
    """An applicable campaign with its entitlement and what its limits still cover. ``net`` is what the member would
    have of it alone: within caps and limits, less what it takes off the programme's own."""

    compiled: Compiled
    keys: tuple[LimitKey, ...]
    lines: Positions
    awards: list[Award]
    room: Room
    net: int


class Running:
    """The campaigns live at one moment under one programme version. Immutable in effect."""

    def __init__(self, engine: Engine, campaigns: Sequence[Campaign], as_of: int) -> None:
        """``as_of``: the last change of campaigns that these come from."""
        self.engine = engine
        self.as_of = as_of
        ordered = sorted(campaigns, key=lambda c: (-c.stacking.priority, c.code))
        giving = [each for each in ordered if not each.price_effects and not each.hidden_sale]
        self.compiled = tuple(Compiled(campaign, engine) for campaign in giving)
        #: Those that change the price (:mod:`goen.earning.campaigns.offers`).
        self.priced = tuple(Compiled(campaign, engine) for campaign in ordered if campaign.price_effects)
        #: Those that keep goods for some (:mod:`goen.earning.campaigns.hidden`).
        self.hidden = tuple(Compiled(campaign, engine) for campaign in ordered if campaign.hidden_sale)
        self._plans: dict[tuple[Place, date], Plan] = {}

    def plan(self, place: Place, day: date) -> Plan:
        """What this shop and day leave; kept, because most sales of a day ask the same."""
        plan = self._plans.get((place, day))
        if plan is None:
            plan = planned(self.compiled, place, day)
            if len(self._plans) >= _PLANS_KEPT:
                self._plans.clear()
            self._plans[place, day] = plan
        return plan

    def shortlist(self, purchase: Purchase, scene: Scene) -> Shortlist:
        """What can be said before the member and the products are known."""
        return shortlisted(self.plan(scene.place, scene.day), purchase, scene)

    def decide(
        self,
        purchase: Purchase,
        decision: Decision,
        priced: Priced,
        shortlist: Shortlist,
        scene: Scene,
        articles: dict[str, Article],
        drawn: Drawn,
    ) -> Outcome:
        """The decision of the programme's own rules, with what the campaigns add to it.

        ``decision.facts`` are read; ``articles`` are the products that the shortlist asked for.
        """
        basket, engine = priced.basket, self.engine
        scratch = Scratch(engine, basket.kinds, basket.tax_rates, basket.quantities, engine.values(basket))
        cap = overall_cap(engine, scratch)
        misses = shortlist.misses.copy()
        candidates = []
        for entry in shortlist.entries:
            found = self._applicable(purchase, decision, entry, scratch, scene, articles, drawn, cap)
            if isinstance(found, Miss):
                misses.append(found)
            else:
                candidates.append(found)
        if not candidates:
            return Outcome(replace(decision, not_applied=(*decision.not_applied, *misses), as_of=self.as_of), ())
        return self._granted(decision, self._chosen(candidates, misses), misses, scratch, cap)

    def _applicable(
        self,
        purchase: Purchase,
        decision: Decision,
        entry: Entry,
        scratch: Scratch,
        scene: Scene,
        articles: dict[str, Article],
        drawn: Drawn,
        cap: int | None,
    ) -> Candidate | Miss:
        compiled, lines = entry.compiled, entry.lines
        if entry.open:
            assert compiled.goods is not None
            counts = compiled.goods.counts
            lines = tuple([i for i, line in enumerate(numbered(purchase)) if counts(line, article_of(line, articles))])
            if not lines:
                return compiled.miss("no_matching_goods")
        for check in compiled.checks:
            if (reason := check(decision.facts, scene)) is not None:
                return compiled.miss(*reason)
        if compiled.floor and (miss := below_floor(compiled, scratch, lines)) is not None:
            return miss
        awards = compiled.entitlement(scratch, lines, decision.facts)
        if not awards and not decision.facts.kinds_over.isdisjoint(compiled.campaign.kinds):
            return compiled.miss("coupon_over")
        points = awards[0].points if len(awards) == 1 else sum([award.points for award in awards])
        if not points and not any(award.beside for award in awards):
            return self._nothing(compiled, scratch, lines, decision.facts)
        room = UNLIMITED
        if entry.keys:
            found = covered(compiled.campaign, points, entry.keys, self.engine.value, drawn)
            if isinstance(found, Miss):
                return found
            room = found
            points = min(points, room[0])
        if cap is not None:
            points = min(points, cap)
        if compiled.replaces:
            displaced = decision.earned - _sum(_own(self.engine, decision, scratch, _positions(lines, scratch))[0])
            if (
                points < displaced
                and (miss := _cut(compiled, scratch, lines, decision.facts, room, points)) is not None
            ):
                return miss
            points -= displaced
        return Candidate(compiled, entry.keys, lines, awards, room, points)

    def _nothing(self, compiled: Compiled, scratch: Scratch, lines: Positions, facts: Facts) -> Miss:
        base = scratch.bases(lines)[1]
        if (stamps := compiled.stamps) is not None:
            why = no_stamps(stamps, base, facts.cards.get(compiled.campaign.code, EMPTY))
            if why is not None:
                return compiled.miss(*why)
        if compiled.ahead is not None and (ahead := compiled.ahead(base)) is not None:
            return compiled.miss("below_threshold", {"missing": ahead[0], "points": ahead[1]})
        if not base:
            return compiled.miss("nothing_eligible")
        return compiled.miss("below_unit", {"base": base})

    def _chosen(self, candidates: list[Candidate], misses: list[Miss]) -> list[Candidate]:
        """One of each group, then an exclusive one alone or all the others."""
        by_priority = self.engine.programme.campaigns.choose == "priority"
        winners: dict[str, Candidate] = {}
        for candidate in candidates:
            group = candidate.compiled.group
            if group is not None:
                best = winners.get(group)
                # Candidates come in order of priority, so of equals the first stays.
                if best is None or (not by_priority and candidate.net > best.net):
                    winners[group] = candidate
        standing = []
        for candidate in candidates:
            group = candidate.compiled.group
            if group is None or (winner := winners[group]) is candidate:
                standing.append(candidate)
            else:
                misses.append(candidate.compiled.miss("same_group", {"winner": winner.compiled.rule}))
        alone = [c for c in standing if c.compiled.exclusive]
        if not alone or len(standing) == 1:
            return standing
        others = [c for c in standing if not c.compiled.exclusive]
        first = alone[0] if by_priority else max(alone, key=lambda c: c.net)
        together = sum([c.net for c in others])
        wins = standing[0] is first if by_priority else not others or first.net > together
        chosen = [first] if wins else others
        prevailing: Values = {"winner": chosen[0].compiled.rule}
        misses += [c.compiled.miss("exclusive", prevailing) for c in standing if c not in chosen]
        return chosen

    def _granted(
        self,
        decision: Decision,
        chosen: list[Candidate],
        misses: list[Miss],
        scratch: Scratch,
        cap: int | None,
    ) -> Outcome:
        """Each in turn: the lines that are left, caps, limits; then the awards together with the programme's own."""
        engine = self.engine
        awards: list[Award] = []
        draws: list[Draw] = []
        applied: list[Applied] = []
        numbers: dict[Positions, Positions] = {None: None}
        consumed: set[int] = set()
        replaced: set[int] = set()
        own: Sequence[Award] = decision.awards
        own_misses: Sequence[Miss] = decision.not_applied
        for candidate in chosen:
            compiled, campaign = candidate.compiled, candidate.compiled.campaign
            lines, entitled = candidate.lines, candidate.awards
            gone = consumed | replaced if compiled.replaces else consumed
            if gone:
                lines, entitled = _on_what_is_left(candidate, gone, scratch, decision.facts)
                if not entitled:
                    misses.append(compiled.miss("lines_used"))
                    continue
            if cap is not None:
                entitled = capped(entitled, cap)
                if not entitled:
                    misses.append(compiled.miss("campaigns_cap"))
                    continue
            taken: Sequence[Draw] = ()
            if candidate.keys:
                entitled, taken = granted(campaign, entitled, candidate.keys, engine.value, candidate.room)
            if compiled.replaces:
                points = _sum(entitled)
                without = replaced.union(_positions(lines, scratch))
                again, none = _own(engine, decision, scratch, without)
                if points < _sum(own) - _sum(again):
                    miss = _cut(compiled, scratch, lines, decision.facts, candidate.room, points)
                    if miss is not None:
                        misses.append(miss)
                        continue
                own, own_misses, replaced = again, none, without
            awards += entitled
            if taken:
                draws += taken
            if lines is not None and lines not in numbers:
                numbers[lines] = _line_numbers(decision, lines)
            applied.append(Applied(campaign.code, campaign.version, numbers[lines]))
            if compiled.stamps is not None:
                before = decision.facts.cards.get(campaign.code, EMPTY)
                if (told := to_the_next(compiled.stamps, entitled, before)) is not None:
                    misses.append(compiled.miss(*told))
                draws += stamps_drawn(campaign.rule, entitled)
            if not decision.facts.kinds_over.isdisjoint(campaign.kinds):
                misses.append(compiled.miss("coupon_over"))
            if cap is not None:
                cap -= _sum(entitled)
            if compiled.consumes:
                consumed.update(_positions(lines, scratch))
            if compiled.ahead is not None and (ahead := compiled.ahead(scratch.bases(lines)[1])) is not None:
                misses.append(compiled.miss("next_step", {"missing": ahead[0], "points": ahead[1]}))
        if replaced:
            own_misses = (*[m for m in decision.not_applied if m.reason in _OF_CHOICE], *own_misses)
        earned = _sum(own) + _sum(awards)
        if earned >= POINTS_LIMIT:
            raise InvalidRequest("lines", f"earn {earned:,} points; a purchase earns below {POINTS_LIMIT:,}")
        return Outcome(
            replace(
                decision,
                earned=earned,
                awards=(*own, *awards),
                not_applied=(*own_misses, *misses),
                campaigns=tuple(applied),
                as_of=self.as_of,
            ),
            tuple(draws),
        )


#: Misses that tell a choice among the programme's special rates, which a campaign leaves as it is.
_OF_CHOICE = frozenset({"precedence", "smaller_rate", "mixed_tenders"})


def _own(
    engine: Engine, decision: Decision, scratch: Scratch, positions: Iterable[int]
) -> tuple[list[Award], list[Miss]]:
    """The programme's own awards when these lines earn nothing by them."""
    kinds = scratch.without(positions)
    return engine.earn(kinds, scratch.tax_rates, scratch.quantities, scratch.values, decision.boosts)


def _line_numbers(decision: Decision, lines: tuple[int, ...]) -> tuple[int, ...]:
    shares = decision.lines
    return tuple([shares[i].line for i in lines])


def _on_what_is_left(
    candidate: Candidate, gone: set[int], scratch: Scratch, facts: Facts
) -> tuple[Positions, list[Award]]:
    """A campaign's lines without those that are gone, and what it gives for them."""
    compiled, before = candidate.compiled, _positions(candidate.lines, scratch)
    lines = tuple([i for i in before if i not in gone])
    if len(lines) == len(before):
        return candidate.lines, candidate.awards
    if not lines or (compiled.floor and below_floor(compiled, scratch, lines) is not None):
        return lines, []
    return lines, compiled.entitlement(scratch, lines, facts)


def _cut(compiled: Compiled, scratch: Scratch, lines: Positions, facts: Facts, room: Room, points: int) -> Miss | None:
    """Why a replacing campaign gives less than it takes; None where it gives all that it was meant to give."""
    if points >= _sum(compiled.whole(scratch, lines, facts)):
        return None
    covers, limit = room
    if limit is not None and points >= covers:
        return reached(compiled.campaign, limit)
    return compiled.miss("campaigns_cap")


def _positions(lines: Positions, scratch: Scratch) -> Sequence[int]:
    return range(len(scratch.kinds)) if lines is None else lines


def _sum(awards: Iterable[Award]) -> int:
    return sum([award.points for award in awards])
