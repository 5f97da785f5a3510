"""Back-test: what a campaign would have given over sales that were really made, beside those that were live then.

Each sale is decided again by the same rules as at the till, under the programme version and the facts pinned with
it, in the order in which the sales were recorded; limits begin empty. So a campaign that really ran gives what the
ledger has, where it starts with the first sale of its run. What had been cancelled is left out, and what came back
since is told beside what was given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from goen.earning.campaigns.catalogue import Campaigns
from goen.earning.campaigns.conditions import needs_history, needs_traits
from goen.earning.campaigns.limits import drawn_by
from goen.earning.campaigns.model import Campaign
from goen.earning.campaigns.past_prices import Beside, goods_of, take_off
from goen.earning.campaigns.scene import Article, Draw, LimitKey, Place, Scene
from goen.earning.campaigns.signals import Signals
from goen.earning.campaigns.stamps import Stamped, card
from goen.earning.catalogue import Programmes
from goen.earning.decision import Award, Decision, Facts, Miss
from goen.earning.evaluate import Engine
from goen.earning.remainder import Returned, remaining
from goen.purchases.model import Purchase
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import Refusal

replace = msgspec.structs.replace


class Past(NamedTuple):
    """A sale of the past, of a member (``person`` 0: of a guest): the document as it counted, the decision pinned then,
    what has come back since, and whether it is complete."""

    person: int
    place: Place
    moment: datetime
    day: date
    document: Purchase
    decision: Decision
    returned: Returned
    completed: bool


class Traits(NamedTuple):
    """What is known of a member: birth month and segments of today."""

    birth_month: int | None = None
    segments: tuple[str, ...] = ()


class Known(NamedTuple):
    """A member's purchases so far: in all, in web shops, the day of the last."""

    purchases: int = 0
    web: int = 0
    last_on: date | None = None

    def and_one(self, past: Past) -> Known:
        last = past.day if self.last_on is None else max(past.day, self.last_on)
        return Known(self.purchases + 1, self.web + (past.place.kind == "ec"), last)


class Part(msgspec.Struct, frozen=True):
    """So many sales, and the points that the campaign would have given for them, or the yen taken off."""

    purchases: int
    points: int
    discount: int = 0


class Figures(msgspec.Struct, frozen=True):
    """What a back-test found. Money in minor units of the books' currency.

    ``purchases`` and ``members``: looked at; ``touched``: sales that would have got something, of
    ``touched_members`` people, over ``amount``. ``points`` are what they would have got at the sale, ``points_kept``
    what of that had stayed after the returns made since, worth ``yen``; ``coupons`` would have been issued, ``stamps``
    given and ``cards`` filled with them.
    A campaign that changes the price would have taken ``discount`` off and given so many ``gifts``; ``yen`` is then
    what of it stands, wholly returned sales left out.
    ``limited``: sales of which a limit took something or all; ``budget_out_on``: the first day on which a limit of all
    members was reached.
    ``missed``: sales by why they got nothing. ``overlaps``: touched sales by the other campaigns that gave beside it.
    ``unreadable``: sales that today's rules would refuse. ``by_day``: trading days (2026-11-22) on which any sale got
    something, in order; empty in back-tests from before days were kept.
    """

    purchases: int
    members: int
    touched: int
    touched_members: int
    amount: int
    points: int
    points_kept: int
    yen: int
    coupons: int
    stamps: int
    cards: int
    limited: int
    budget_out_on: date | None
    missed: dict[str, int]
    by_shop: dict[str, Part]
    by_channel: dict[str, Part]
    overlaps: dict[str, int]
    unreadable: int
    discount: int = 0
    gifts: int = 0
    by_day: dict[str, Part] = {}


class Backtest:
    """One campaign over a stretch of the past, fed sale by sale."""

    def __init__(
        self,
        campaign: Campaign,
        programmes: Programmes,
        campaigns: Campaigns,
        signals: Signals,
        zone: ZoneInfo,
        *,
        articles: Mapping[str, Article],
        traits: Mapping[int, Traits],
        known: dict[int, Known],
        windows: Mapping[str, date],
        kinds: Mapping[str, Instant] = {},
    ) -> None:
        """``known``: purchases before the first sale to come. ``windows``: the first day that counts for each programme
        of tiers that goes by points. ``kinds``: from when on kinds of coupons were not issued any more. The campaign's
        own dates are left aside."""
        self._draft = replace(campaign, starts_at=None, ends_at=None)
        self._programmes = programmes
        self._asked = campaign
        self._as_it_was = campaigns
        self._campaigns = campaigns.with_draft(self._draft)
        self._signals = signals
        self._zone = zone
        self._articles = articles
        self._traits = traits
        self._known = known
        self._kinds = kinds
        self._stamps: dict[int, list[Stamped]] = {}
        self._drawn: dict[tuple[int, str, str], int] = {}
        self._people: set[int] = set()
        self._touched: set[int] = set()
        self._sums: Counter[str] = Counter()
        self._missed: Counter[str] = Counter()
        self._shops: dict[str, Counter[str]] = {}
        self._channels: dict[str, Counter[str]] = {}
        self._days: dict[str, Counter[str]] = {}
        self._overlaps: Counter[str] = Counter()
        self._out_on: date | None = None
        self._windows = windows
        #: By programme of tiers: the points that people would have earned more, or less, within its window.
        self.gained: dict[str, dict[int, int]] = {code: {} for code in windows}

    def take(self, past: Past) -> None:
        """Look at the next sale, in the order of recording."""
        self._sums["purchases"] += 1
        if past.person:
            self._people.add(past.person)
        try:
            if self._draft.price_effects:
                self._take_off(past)
            else:
                self._decide(past)
        except Refusal:
            self._sums["unreadable"] += 1
        if past.person and not past.returned.full:
            self._known[past.person] = self._known.get(past.person, Known()).and_one(past)

    def figures(self) -> Figures:
        """What was found so far."""
        sums = self._sums
        value = self._programmes.all()[0].engine.value
        yen = sums["kept"] if self._draft.price_effects else value.worth(sums["kept"])
        return Figures(
            sums["purchases"], len(self._people), sums["touched"], len(self._touched), sums["amount"], sums["points"],
            0 if self._draft.price_effects else sums["kept"], yen, sums["coupons"], sums["stamps"], sums["cards"],
            sums["limited"], self._out_on,
            dict(self._missed.most_common()), _parts(self._shops), _parts(self._channels),
            dict(self._overlaps.most_common()), sums["unreadable"], sums["discount"], sums["gifts"],
            _parts(self._days),
        )  # fmt: skip

    def _decide(self, past: Past) -> None:
        engine, document = self._programmes.version(past.decision.version), past.document
        running = self._campaigns.running(engine, past.moment)
        assert running is not None, "the campaign itself is live at all times"
        if any(coupon.alone for coupon in past.decision.coupons):
            self._missed["coupon_alone"] += 1
            self._gain(past, None)
            return
        scene = Scene.of(past.place, past.moment, past.day, self._zone)
        shortlist = running.shortlist(document, scene)
        if not any(entry.compiled.campaign.code == self._draft.code for entry in shortlist.entries):
            reasons = [miss.reason for miss in shortlist.misses if miss.rule == self._draft.rule]
            self._missed[reasons[0] if reasons else "no_matching_goods"] += 1
            self._gain(past, None)
            return
        plan = running.plan(scene.place, scene.day)
        facts = self._facts(past, plan.history, plan.traits, plan.signals, scene)
        if gone := {kind for kind in plan.kinds if kind in self._kinds and self._kinds[kind] <= past.moment}:
            facts = replace(facts, kinds_over=facts.kinds_over | gone)
        priced = engine.price(document, facts.coupon_reduction, False, facts.reductions)
        decision = engine.evaluate(document, facts, priced)
        articles = {sku: self._articles.get(sku, Article()) for sku in shortlist.skus}
        outcome = running.decide(
            document, decision, priced, shortlist, scene, articles, lambda key: self._on(past.person, key)
        )
        self._count(past, outcome.decision)
        self._gain(past, outcome.decision)
        self._draw(past, outcome.decision, outcome.draws)

    def _take_off(self, past: Past) -> None:
        """What a campaign that changes the price takes off. Where this very version was live the till had the choice:
        only sales that took it have it."""
        engine, document, decision = self._programmes.version(past.decision.version), past.document, past.decision
        if self._draft.code not in document.offers and self._was_live(engine, past):
            self._missed["not_taken"] += 1
            return
        scene, when = Scene.of(past.place, past.moment, past.day, self._zone), self._draft.conditions
        wanted = frozenset(signal.name for signal in when.signals)
        facts = decision.facts
        if not facts.guest:
            facts = self._facts(past, needs_history(when), needs_traits(when), wanted, scene)
        beside = [
            Beside(self._as_it_was.compiled(engine, each.campaign, each.version), each)
            for each in decision.offers
            if each.campaign != self._draft.code
        ]
        draft = self._campaigns.compiled(engine, self._draft.code, self._draft.version)
        goods = goods_of(engine, document, self._articles)
        found = take_off(draft, beside, goods, scene, facts, lambda key: self._on(past.person, key))
        if isinstance(found, Miss):
            self._limited([found], past.day)
            self._missed[found.reason] += 1
            return
        used = found.taken.used
        self._sums["limited"] += found.cut
        self._touch(past, decision.total, [each.compiled.campaign.code for each in beside])
        stands = not past.returned.full
        self._sums.update(discount=used.amount, gifts=len(used.gifts), kept=used.amount if stands else 0)
        for part in self._parts_of(past):
            part["discount"] += used.amount
        for each in found.taken.draws if stands else ():
            self._add(past.person, each.key, each.amount)

    def _was_live(self, engine: Engine, past: Past) -> bool:
        running = self._as_it_was.running(engine, past.moment)
        mine = (self._asked.code, self._asked.version)
        return running is not None and any((c.campaign.code, c.campaign.version) == mine for c in running.priced)

    def _facts(self, past: Past, history: bool, traits: bool, signals: frozenset[str], scene: Scene) -> Facts:
        """The facts pinned with the sale, and what its campaigns did not ask for then."""
        facts = past.decision.facts
        if history and facts.purchases is None:
            known = self._known.get(past.person, Known())
            channel = known.web if past.place.kind == "ec" else known.purchases - known.web
            facts = replace(facts, purchases=known.purchases, channel_purchases=channel, last_on=known.last_on)
        if traits and facts.birth_month is None and not facts.segments:
            own = self._traits.get(past.person, Traits())
            facts = replace(facts, birth_month=own.birth_month, segments=own.segments)
        if unseen := signals - facts.signals.keys():
            facts = replace(facts, signals={**facts.signals, **self._signals.seen(unseen, scene)})
        if self._draft.stamps is not None:
            stamped = card(self._stamps.get(past.person, ()), past.day).card
            facts = replace(facts, cards={**facts.cards, self._draft.code: stamped})
        return facts

    def _count(self, past: Past, decision: Decision) -> None:
        mine = [award for award in decision.awards if award.rule == self._draft.rule]
        points = sum([award.points for award in mine])
        coupons = sum([award.coupons for award in mine])
        missed = [miss for miss in decision.not_applied if miss.rule == self._draft.rule]
        if not self._limited(missed, past.day):
            self._sums["limited"] += any(award.granted is not None for award in mine)
        if not points and not any(award.beside for award in mine):
            self._missed.update(miss.reason for miss in missed[:1])
            return
        sums = self._sums
        self._touch(past, decision.total, [each.code for each in decision.campaigns if each.code != self._draft.code])
        sums["points"] += points
        sums["coupons"] += coupons
        sums["stamps"] += sum([award.stamps for award in mine])
        sums["cards"] += sum([len(award.cards) for award in mine])
        sums["kept"] += self._kept(past, decision)
        for part in self._parts_of(past):
            part["points"] += points

    def _touch(self, past: Past, amount: int, others: Sequence[str]) -> None:
        """One more sale that gets something, beside the others."""
        if past.person:
            self._touched.add(past.person)
        self._sums["touched"] += 1
        self._sums["amount"] += amount
        for part in self._parts_of(past):
            part["purchases"] += 1
        self._overlaps.update(set(others))

    def _parts_of(self, past: Past) -> list[Counter[str]]:
        places = (self._shops, past.place.shop), (self._channels, past.place.kind), (self._days, past.day.isoformat())
        return [parts.setdefault(name, Counter()) for parts, name in places]

    def _limited(self, missed: Sequence[Miss], day: date) -> bool:
        """Whether a limit is among the reasons why a sale gets nothing more; counted."""
        reached = [miss for miss in missed if miss.reason == "limit_reached"]
        if self._out_on is None and any("member" not in str(miss.values["per"]) for miss in reached):
            self._out_on = day
        self._sums["limited"] += bool(reached)
        return bool(reached)

    def _gain(self, past: Past, decision: Decision | None) -> None:
        """What the sale would have earned more than it did; None: all as it was, but without the campaign."""
        windows = [code for code, since in self._windows.items() if past.day >= since and past.completed]
        if not windows:
            return
        if decision is None:
            more = -self._kept(past, past.decision)
        else:
            now, then = self._remaining(past, decision), self._remaining(past, past.decision)
            more = sum([award.points for award in now]) - sum([award.points for award in then])
        if more:
            for code in windows:
                gained = self.gained[code]
                gained[past.person] = gained.get(past.person, 0) + more

    def _kept(self, past: Past, decision: Decision) -> int:
        return sum([award.points for award in self._standing(past, decision)])

    def _standing(self, past: Past, decision: Decision) -> list[Award]:
        """The campaign's awards, as the returns since have left them."""
        return [award for award in self._remaining(past, decision) if award.rule == self._draft.rule]

    def _remaining(self, past: Past, decision: Decision) -> tuple[Award, ...]:
        """The awards as the returns since have left them."""
        if not past.returned.lines:
            return decision.awards
        engine = self._programmes.version(decision.version)
        return remaining(engine, decision, past.returned, self._campaigns.pinned(engine, decision))

    def _draw(self, past: Past, decision: Decision, draws: tuple[Draw, ...]) -> None:
        """What stays drawn: as at the till, less what the returns gave back."""
        engine, kept = self._programmes.version(decision.version), None
        if (effect := self._draft.stamps) is not None:
            until = None if effect.days is None else past.day + timedelta(days=effect.days)
            acts = self._stamps.setdefault(past.person, [])
            acts += [
                Stamped(self._draft.code, str(len(acts)), past.day, award.stamps, effect.full, until, award.cards)
                for award in self._standing(past, decision)
                if award.stamps
            ]
        for each in draws:
            if each.key.code.endswith(("/stamps", "/cards")):
                continue
            amount = each.amount
            if past.returned.lines and each.rule == self._draft.rule:
                kept = self._kept(past, decision) if kept is None else kept
                measure = each.key.code.split("/")[1]
                amount = min(amount, drawn_by(measure, kept, engine.value))  # type: ignore[arg-type]
            self._add(past.person, each.key, amount)

    def _add(self, person: int, key: LimitKey, amount: int) -> None:
        account = self._account(person, key)
        self._drawn[account] = self._drawn.get(account, 0) + amount

    def _on(self, person: int, key: LimitKey) -> int:
        return self._drawn.get(self._account(person, key), 0)

    def _account(self, person: int, key: LimitKey) -> tuple[int, str, str]:
        return (0 if key.shared else person, key.code, key.period)


def _parts(counted: Mapping[str, Counter[str]]) -> dict[str, Part]:
    return {name: Part(sums["purchases"], sums["points"], sums["discount"]) for name, sums in sorted(counted.items())}
