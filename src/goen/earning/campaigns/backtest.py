"""Back-test: what a campaign would have given over sales that were really made, beside those that were live then.

Each sale is decided again by the same rules as at the till, under the programme version and the facts pinned with
it, in the order in which the sales were recorded; limits begin empty. So a campaign that really ran gives what the
ledger has, where it starts with the first sale of its run. What had been cancelled is left out, and what came back
since is told beside what was given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from goen.earning.campaigns.catalogue import Campaigns
from goen.earning.campaigns.limits import drawn_by
from goen.earning.campaigns.model import Campaign
from goen.earning.campaigns.running import Running
from goen.earning.campaigns.scene import Article, Draw, LimitKey, Place, Scene
from goen.earning.campaigns.signals import Signals
from goen.earning.catalogue import Programmes
from goen.earning.decision import Award, Decision, Facts
from goen.earning.remainder import Returned, remaining
from goen.purchases.model import Purchase
from goen.vocabulary.refusal import Refusal

replace = msgspec.structs.replace


class Past(NamedTuple):
    """A member's sale of the past: the document as it counted, the decision pinned then, what has come back since, and
    whether it is complete."""

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
    """So many sales, and the points that the campaign would have given for them."""

    purchases: int
    points: int


class Figures(msgspec.Struct, frozen=True):
    """What a back-test found. Money in minor units of the books' currency.

    ``purchases`` and ``members``: looked at; ``touched``: sales that would have got something, of
    ``touched_members`` people, over ``amount``. ``points`` are what they would have got at the sale, ``points_kept``
    what of that had stayed after the returns made since, worth ``yen``; ``coupons`` would have been issued.
    ``limited``: sales of which a limit took something or all; ``budget_out_on``: the first day on which a limit of all
    members was reached.
    ``missed``: sales by why they got nothing. ``overlaps``: touched sales by the other campaigns that gave beside it.
    ``unreadable``: sales that today's rules would refuse.
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
    limited: int
    budget_out_on: date | None
    missed: dict[str, int]
    by_shop: dict[str, Part]
    by_channel: dict[str, Part]
    overlaps: dict[str, int]
    unreadable: int


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
    ) -> None:
        """``known``: purchases before the first sale to come. ``windows``: the first day that counts for each programme
        of tiers that goes by points. The campaign's own dates are left aside."""
        self._draft = replace(campaign, starts_at=None, ends_at=None)
        self._programmes = programmes
        self._campaigns = campaigns.with_draft(self._draft)
        self._signals = signals
        self._zone = zone
        self._articles = articles
        self._traits = traits
        self._known = known
        self._drawn: dict[tuple[int, str, str], int] = {}
        self._people: set[int] = set()
        self._touched: set[int] = set()
        self._sums: Counter[str] = Counter()
        self._missed: Counter[str] = Counter()
        self._shops: dict[str, Counter[str]] = {}
        self._channels: dict[str, Counter[str]] = {}
        self._overlaps: Counter[str] = Counter()
        self._out_on: date | None = None
        self._windows = windows
        #: By programme of tiers: the points that people would have earned more, or less, within its window.
        self.gained: dict[str, dict[int, int]] = {code: {} for code in windows}

    def take(self, past: Past) -> None:
        """Look at the next sale, in the order of recording."""
        self._sums["purchases"] += 1
        self._people.add(past.person)
        try:
            self._decide(past)
        except Refusal:
            self._sums["unreadable"] += 1
        if not past.returned.full:
            self._known[past.person] = self._known.get(past.person, Known()).and_one(past)

    def figures(self) -> Figures:
        """What was found so far."""
        sums = self._sums
        value = self._programmes.all()[0].engine.value
        return Figures(
            sums["purchases"], len(self._people), sums["touched"], len(self._touched), sums["amount"], sums["points"],
            sums["kept"], value.worth(sums["kept"]), sums["coupons"], sums["limited"], self._out_on,
            dict(self._missed.most_common()), _parts(self._shops), _parts(self._channels),
            dict(self._overlaps.most_common()), sums["unreadable"],
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
        facts = self._facts(past, running, scene)
        priced = engine.price(document, facts.coupon_reduction, False, facts.reductions)
        decision = engine.evaluate(document, facts, priced)
        articles = {sku: self._articles.get(sku, Article()) for sku in shortlist.skus}
        outcome = running.decide(
            document, decision, priced, shortlist, scene, articles, lambda key: self._on(past.person, key)
        )
        self._count(past, outcome.decision)
        self._gain(past, outcome.decision)
        self._draw(past, outcome.decision, outcome.draws)

    def _facts(self, past: Past, running: Running, scene: Scene) -> Facts:
        """The facts pinned with the sale, and what its campaigns did not ask for then."""
        facts, plan = past.decision.facts, running.plan(scene.place, scene.day)
        if plan.history and facts.purchases is None:
            known = self._known.get(past.person, Known())
            channel = known.web if past.place.kind == "ec" else known.purchases - known.web
            facts = replace(facts, purchases=known.purchases, channel_purchases=channel, last_on=known.last_on)
        if plan.traits and facts.birth_month is None and not facts.segments:
            traits = self._traits.get(past.person, Traits())
            facts = replace(facts, birth_month=traits.birth_month, segments=traits.segments)
        if unseen := plan.signals - facts.signals.keys():
            facts = replace(facts, signals={**facts.signals, **self._signals.seen(unseen, scene)})
        return facts

    def _count(self, past: Past, decision: Decision) -> None:
        mine = [award for award in decision.awards if award.rule == self._draft.rule]
        points = sum([award.points for award in mine])
        coupons = sum(award.coupon is not None for award in mine)
        missed = [miss for miss in decision.not_applied if miss.rule == self._draft.rule]
        shared = any(miss.reason == "limit_reached" and "member" not in str(miss.values["per"]) for miss in missed)
        if shared and self._out_on is None:
            self._out_on = past.day
        self._sums["limited"] += any(miss.reason == "limit_reached" for miss in missed) or any(
            award.granted is not None for award in mine
        )
        if not points and not coupons:
            self._missed.update(miss.reason for miss in missed[:1])
            return
        self._touched.add(past.person)
        sums = self._sums
        sums["touched"] += 1
        sums["amount"] += decision.total
        sums["points"] += points
        sums["coupons"] += coupons
        sums["kept"] += self._kept(past, decision)
        for parts, name in ((self._shops, past.place.shop), (self._channels, past.place.kind)):
            part = parts.setdefault(name, Counter())
            part["purchases"] += 1
            part["points"] += points
        self._overlaps.update({each.code for each in decision.campaigns} - {self._draft.code})

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
        return sum([a.points for a in self._remaining(past, decision) if a.rule == self._draft.rule])

    def _remaining(self, past: Past, decision: Decision) -> tuple[Award, ...]:
        """The awards as the returns since have left them."""
        if not past.returned.lines:
            return decision.awards
        engine = self._programmes.version(decision.version)
        return remaining(engine, decision, past.returned, self._campaigns.pinned(engine, decision))

    def _draw(self, past: Past, decision: Decision, draws: tuple[Draw, ...]) -> None:
        """What stays drawn: as at the till, less what the returns gave back."""
        engine, kept = self._programmes.version(decision.version), None
        for each in draws:
            amount = each.amount
            if past.returned.lines and each.rule == self._draft.rule:
                kept = self._kept(past, decision) if kept is None else kept
                measure = each.key.code.split("/")[1]
                amount = min(amount, drawn_by(measure, kept, engine.value))  # type: ignore[arg-type]
            account = self._account(past.person, each.key)
            self._drawn[account] = self._drawn.get(account, 0) + amount

    def _on(self, person: int, key: LimitKey) -> int:
        return self._drawn.get(self._account(person, key), 0)

    def _account(self, person: int, key: LimitKey) -> tuple[int, str, str]:
        return (0 if key.shared else person, key.code, key.period)


def _parts(counted: Mapping[str, Counter[str]]) -> dict[str, Part]:
    return {name: Part(sums["purchases"], sums["points"]) for name, sums in sorted(counted.items())}
