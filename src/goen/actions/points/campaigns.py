"""What campaigns add to a sale at the till: which facts to read, the decision, draws on limits and their return."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from goen.actions.points.context import Context
from goen.actions.points.drawn import Drawn, anchor_of, draw
from goen.actions.points.stamping import cards_of
from goen.actions.till.desk import Desk
from goen.earning.campaigns.running import Running
from goen.earning.campaigns.scene import LimitKey, Place, Scene
from goen.earning.coupons.period import over
from goen.earning.decision import Decision, Facts, StampCard
from goen.earning.evaluate import Engine, Priced
from goen.purchases.model import Purchase
from goen.shops.model import Shop

replace = msgspec.structs.replace
_DRAWN_UP = 10**15


class Offer:
    """The live campaigns' view of one sale: made of the document, finished once the member is known."""

    def __init__(self, context: Context, running: Running, ask: Purchase, scene: Scene) -> None:
        self._context = context
        self._running = running
        self._ask = ask
        self._scene = scene
        self._plan = running.plan(scene.place, scene.day)
        self._shortlist = running.shortlist(ask, scene)
        self.history = self._plan.history
        self.traits = self._plan.traits
        self.stamps = bool(self._plan.cards)
        self.skus = self._shortlist.skus
        keys = self._shortlist.limits
        self.limits = tuple((key.code, key.period) for key in keys if not key.shared)
        self.shared = tuple((anchor_of(key, 0), key.code, key.period) for key in keys if key.shared)

    @staticmethod
    def of(
        context: Context,
        engine: Engine,
        ask: Purchase,
        shop: Shop,
        moment: datetime,
        day: date,
        as_of: int | None = None,
    ) -> Offer | None:
        """None where no campaign was live at the sale's moment, by what was known ``as_of`` that change."""
        running = context.campaigns.running(engine, moment, as_of)
        if running is None:
            return None
        scene = Scene.of(Place(shop.code, shop.kind, shop.region), moment, day, context.zone)
        return Offer(context, running, ask, scene)

    def facts(self, desk: Desk, person: int, tier: str | None, tiers: tuple[str, ...] = ()) -> Facts:
        """What was read of the person, as far as a live campaign asks; pinned with the decision."""
        facts = Facts(tier=tier, tiers=tiers)
        if self.history:
            history = desk.circumstances.history(person)
            channel = history.web if self._scene.place.kind == "ec" else history.purchases - history.web
            facts = replace(facts, purchases=history.purchases, channel_purchases=channel, last_on=history.last_on)
        if self.traits:
            traits = desk.circumstances.traits(person)
            facts = replace(facts, birth_month=traits.birth_month, segments=traits.segments)
        if self._plan.signals:
            facts = replace(facts, signals=self._context.signals.seen(self._plan.signals, self._scene))
        if self.stamps:
            facts = replace(facts, cards=self.cards(desk, person))
        if self._plan.kinds:
            facts = replace(facts, kinds_over=kinds_over(self._context, desk, self._plan.kinds))
        return facts

    def cards(self, desk: Desk, person: int, leave_out: str | None = None) -> dict[str, StampCard]:
        """The person's stamp cards of the live campaigns; ``leave_out``: as if this sale had not been."""
        return cards_of(desk, person, self._plan.cards, self._scene.day, leave_out)

    def decide(
        self, desk: Desk, person: int, presented_id: int, decision: Decision, priced: Priced | None
    ) -> tuple[Decision, tuple[Drawn, ...]]:
        """The decision with the campaigns in it; their limits are drawn on the desk.

        ``person``: whose limits and history count, after a merge the survivor; ``presented_id``: who draws.
        """
        engine = self._running.engine

        def drawn(key: LimitKey) -> int:
            return _DRAWN_UP if desk.limits_closed else desk.limit(anchor_of(key, person), key.code, key.period)

        outcome = self._running.decide(
            self._ask,
            decision,
            priced or engine.price(self._ask, decision.facts.coupon_reduction, False, decision.facts.reductions),
            self._shortlist,
            self._scene,
            desk.circumstances.articles(self.skus) if self.skus else {},
            drawn,
        )
        return outcome.decision, draw(desk, presented_id, outcome.draws)


def kinds_over(context: Context, desk: Desk, kinds: Sequence[str]) -> frozenset[str]:
    """Of these kinds of coupons those that are not issued now: stopped, or past their own end before they could be
    used."""
    found = desk.circumstances.coupon_kinds(kinds)
    return frozenset(
        [code for code, kind in zip(kinds, found, strict=True) if kind is None or over(kind, context.zone, desk.now)]
    )
