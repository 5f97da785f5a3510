"""What campaigns add to a sale at the till: which facts to read, the decision, draws on limits and their return."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from hashlib import blake2b

import msgspec

from goen.actions.points.context import Context
from goen.actions.till.desk import Desk
from goen.earning.campaigns.limits import drawn_by
from goen.earning.campaigns.model import Measure
from goen.earning.campaigns.running import Running
from goen.earning.campaigns.scene import Draw, LimitKey, Place, Scene
from goen.earning.coupons.period import over
from goen.earning.decision import Award, Decision, Facts
from goen.earning.evaluate import Engine, Priced
from goen.purchases.model import Purchase
from goen.shops.model import Shop
from goen.vocabulary.points import PointValue

replace = msgspec.structs.replace
_NO_CEILING = 10**12
_DRAWN_UP = 10**15


class Drawn(msgspec.Struct, frozen=True, array_like=True):
    """What a purchase has drawn on a limit, kept with it until it goes back.

    ``anchor``: where the account stands, whoever holds the points by then.
    """

    rule: str
    anchor: int
    code: str
    period: str
    amount: int
    most: int

    @property
    def shared(self) -> bool:
        """Whether all members draw on the account."""
        return self.anchor < 0

    @property
    def told(self) -> dict[str, int | str]:
        """The limit as a miss names it."""
        return {"measure": self.measure, "most": self.most, "per": self.code.split("/")[2].replace("+", "_")}

    @property
    def measure(self) -> Measure:
        """What the account counts, which is part of its name."""
        return self.code.split("/")[1]  # type: ignore[return-value] # by construction


NOTHING_DRAWN: tuple[Drawn, ...] = ()


def anchor_of(key: LimitKey, member_id: int) -> int:
    """Where a limit's account stands: with the member, or under a stand-in of its own.

    Each draw stays with who was presented. Of members who are one by now all accounts count together, and an
    undone merge leaves each its own.
    """
    if not key.shared:
        return member_id
    return -1 - (int.from_bytes(blake2b(key.code.encode(), digest_size=8).digest(), "big") >> 1)


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
        if self._plan.kinds:
            facts = replace(facts, kinds_over=kinds_over(self._context, desk, self._plan.kinds))
        return facts

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


def draw(desk: Desk, presented_id: int, draws: Sequence[Draw]) -> tuple[Drawn, ...]:
    """Draw on the limits; guarded again in the commit, an account by itself and the accounts of members merged into
    one by the books that they share."""
    drawn = []
    for rule, key, amount, ceiling in draws:
        anchor = anchor_of(key, presented_id)
        desk.draw_limit(anchor, key.code, key.period, amount, ceiling)
        drawn.append(Drawn(rule, anchor, key.code, key.period, amount, ceiling))
    return tuple(drawn)


def give_back(
    desk: Desk,
    drawn: Sequence[Drawn],
    kept: Mapping[str, int],
    value: PointValue,
    standing: Collection[str] = (),
) -> tuple[Drawn, ...]:
    """The limits have again what the awards no longer are; ``kept``: points of each rule that stay, ``standing``: rules
    of which a coupon stays.

    Gives what stays drawn.
    """
    rest = []
    for each in drawn:
        still = drawn_by(each.measure, kept.get(each.rule, 0), value)
        amount = min(each.amount, 1 if each.measure == "uses" and each.rule in standing else still)
        if amount < each.amount:
            back = amount - each.amount
            desk.draw_limit(each.anchor, each.code, each.period, back, _NO_CEILING)
        if amount:
            rest.append(replace(each, amount=amount))
    return tuple(rest)


def points_by_rule(awards: Sequence[Award]) -> dict[str, int]:
    """The points of each campaign's awards."""
    found: dict[str, int] = {}
    for award in awards:
        if award.rule.startswith("campaign:"):
            found[award.rule] = found.get(award.rule, 0) + award.points
    return found
