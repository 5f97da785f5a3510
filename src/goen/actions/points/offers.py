"""Campaigns that change the price, at the till: what a sale may have, what it took, draws on limits and their ledger.

A till asks by a quote, takes the money off, and names in the sale whose ``offers`` it took. A sale that has happened
is never refused for one that was not to be had: it stands with a warning, counted as over, and no limit is drawn. An
order that is being placed does without it, with the same warning.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple

import msgspec
from msgspec import UNSET

from goen.actions.points.answers import Warned
from goen.actions.points.context import Context
from goen.actions.points.drawn import Drawn, anchor_of, draw, drawn_now
from goen.actions.till.books import Found
from goen.actions.till.desk import Desk
from goen.actions.till.posting import PurchaseState
from goen.database.queries import load
from goen.earning import words
from goen.earning.campaigns.compiled import Compiled
from goen.earning.campaigns.conditions import needs_history, needs_traits
from goen.earning.campaigns.limits import limit_key
from goen.earning.campaigns.offers import Goods, Standing, Taken, standing, taken, together
from goen.earning.campaigns.scene import LimitKey, Place, Scene
from goen.earning.decision import Facts, Miss, Reduction, UsedOffer
from goen.earning.evaluate import Engine
from goen.purchases.model import Purchase
from goen.shops.model import Shop

replace = msgspec.structs.replace
_SQL = load(__package__, "offers.sql")
_NO_CEILING = 10**12
_DRAWN_UP = 10**15
What = Literal["use", "back", "over", "over_back"]


class Reduced(NamedTuple):
    """The offers of a sale: what each is, what they take off, what is drawn."""

    used: tuple[UsedOffer, ...] = ()
    reductions: tuple[Reduction, ...] = ()
    draws: tuple[Drawn, ...] = ()


NOTHING_OFF = Reduced()


class Offers:
    """The campaigns that may change the price of one sale: made of the document, chosen once the member is known."""

    def __init__(
        self, context: Context, engine: Engine, ask: Purchase, shop: Shop, moment: datetime, day: date
    ) -> None:
        running = context.campaigns.running(engine, moment)
        self._live = () if running is None else running.priced
        self._context = context
        self._engine = engine
        self._ask = ask
        self._scene = Scene.of(Place(shop.code, shop.kind, shop.region), moment, day, context.zone)

    def available(self, desk: Desk, where: Found | None, facts: Facts) -> tuple[list[Taken], list[Miss]]:
        """What the sale could have of all that is live, together; and why not the others."""
        if not self._live:
            return [], []
        goods = self._goods(desk, self._live)
        judged = [self._judged(desk, each, goods, where, facts) for each in self._live]
        misses = [each for each in judged if isinstance(each, Miss)]
        chosen, out = together([each for each in judged if isinstance(each, Standing)])
        found = taken(chosen, goods, self._scene)
        had = {each.used.campaign for each in found}
        left = [c.compiled.miss("nothing_to_reduce") for c in chosen if c.compiled.campaign.code not in had]
        return found, [*misses, *out, *left]

    def take(self, desk: Desk, where: Found | None, facts: Facts, warnings: list[Warned]) -> Reduced:
        """What the sale says that it took, as far as an order may have it; a sale that has happened has all of it."""
        named = tuple(dict.fromkeys(self._ask.offers))
        live = {each.campaign.code: each for each in self._live}
        happened = self._ask.status == "completed" or self._ask.offline
        compiled = {code: live.get(code) or self._known(code) for code in named}
        goods = self._goods(desk, [each for each in compiled.values() if each is not None])
        found: list[Standing] = []
        over: set[str] = set()
        for code in named:
            one = compiled[code]
            if one is None:
                self._warn(warnings, Miss(f"campaign:{code}", "unknown_offer"))
                continue
            judged: Standing | Miss = one.miss("offer_over")
            if code in live:
                judged = self._judged(desk, one, goods, where, facts)
            if isinstance(judged, Miss):
                self._warn(warnings, judged)
                judged = standing(one, goods, self._scene, facts, _nothing, anyway=True) if happened else judged
                over.add(code)
            if isinstance(judged, Standing):
                found.append(judged)
        # One that was not to be had does not stand in the way of another.
        chosen, out = together([each for each in found if each.compiled.campaign.code not in over])
        for miss in out:
            self._warn(warnings, miss)
        if happened:  # What was taken together is over where it does not go together.
            over |= {miss.rule.partition(":")[2] for miss in out}
            chosen = found
        given = taken(chosen, goods, self._scene)
        used = tuple([replace(each.used, over=each.used.campaign in over) for each in given])
        presented = 0 if where is None else where.presented_id
        draws = draw(desk, presented, [d for each in given if each.used.campaign not in over for d in each.draws])
        return Reduced(used, tuple([part for each in given for part in each.reductions]), draws)

    def again(self, desk: Desk, facts: Facts, before: Sequence[UsedOffer]) -> Reduced:
        """The same offers for a changed order, in their versions; asked again is only what the goods decide. No more is
        drawn, and no more taken off than before where a limit of yen was."""
        compiled = [
            Compiled(self._context.campaigns.version(each.campaign, each.version), self._engine) for each in before
        ]
        goods = self._goods(desk, compiled)
        found = []
        for one, was in zip(compiled, before, strict=True):
            judged = standing(one, goods, self._scene, facts, _nothing, anyway=True)
            if isinstance(judged, Standing):
                by_yen = any(limit.measure == "yen" for limit in one.campaign.limits)
                found.append(judged._replace(most=was.amount if by_yen else None))
        given = taken(found, goods, self._scene)
        over = {each.campaign for each in before if each.over}
        used = tuple([replace(each.used, over=each.used.campaign in over) for each in given])
        return Reduced(used, tuple([part for each in given for part in each.reductions]))

    def facts(self, desk: Desk, where: Found | None, tier: str | None, others: tuple[str, ...]) -> Facts:
        """What the live campaigns ask of the person."""
        who = None if where is None else where.who
        return facts_of(self._context, self._live, self._scene, desk, who, tier, others)

    def _known(self, code: str) -> Compiled | None:
        """A campaign that was live once; what a till took off by it, it took."""
        last = self._context.campaigns.last_of(code)
        if last is None:
            return None
        campaign = self._context.campaigns.version(code, last.version)
        return Compiled(campaign, self._engine) if campaign.price_effects else None

    def _goods(self, desk: Desk, asking: Sequence[Compiled]) -> Goods:
        basket = self._engine.price(replace(self._ask, tenders=UNSET, total=None, use_points=0)).basket
        looks_up = any(c.goods is not None and (c.goods.needs_articles or c.goods.asks_category) for c in asking)
        skus = tuple({line.sku for line in self._ask.lines if line.sku}) if looks_up else ()
        articles = desk.circumstances.articles(skus) if skus else {}
        return Goods(self._ask, basket.net, basket.quantities, basket.postage, articles)

    def _judged(self, desk: Desk, one: Compiled, goods: Goods, where: Found | None, facts: Facts) -> Standing | Miss:
        person = 0 if where is None else where.who
        keys = [limit_key(one.campaign, each, self._scene.place.shop, self._scene.day) for each in one.campaign.limits]
        if where is not None or all(key.shared for key in keys):
            desk.needs_limits([(anchor_of(key, person), key.code, key.period) for key in keys])

        def drawn(key: LimitKey) -> int:
            return _DRAWN_UP if desk.limits_closed else desk.limit(anchor_of(key, person), key.code, key.period)

        return standing(one, goods, self._scene, facts, drawn)

    def _warn(self, warnings: list[Warned], miss: Miss) -> None:
        language = self._engine.programme.language
        names = self._context.campaigns.names(language)
        warnings.append(Warned("offer_not_available", words.miss_text(miss, language, self._context.currency, names)))


def facts_of(
    context: Context, asking: Sequence[Compiled], scene: Scene, desk: Desk, who: int | None, tier: str | None,
    others: tuple[str, ...],
) -> Facts:  # fmt: skip
    """What these campaigns ask of the person who buys here; of a guest, what is so for everybody."""
    facts, asked = Facts(guest=True), [each.campaign.conditions for each in asking]
    if names := frozenset(signal.name for when in asked for signal in when.signals):
        facts = replace(facts, signals=context.signals.seen(names, scene))
    if who is None:
        return facts
    facts = replace(facts, guest=False, tier=tier, tiers=others)
    if any(map(needs_history, asked)):
        history = desk.circumstances.history(who)
        channel = history.web if scene.place.kind == "ec" else history.purchases - history.web
        facts = replace(facts, purchases=history.purchases, channel_purchases=channel, last_on=history.last_on)
    if any(map(needs_traits, asked)):
        traits = desk.circumstances.traits(who)
        facts = replace(facts, birth_month=traits.birth_month, segments=traits.segments)
    return facts


def _nothing(_: LimitKey) -> int:
    return 0


def record(desk: Desk, purchase: PurchaseState, used: Sequence[UsedOffer], what: Literal["use", "back"]) -> None:
    """Write offers taken, or given back, into their ledger."""
    sign = -1 if what == "back" else 1
    for each in used:
        told: What = ("over_back" if what == "back" else "over") if each.over else what
        desk.write_more(
            _SQL.add_use.sql, purchase.member_id, desk.act_id, each.campaign, each.version, told, purchase.purchase_id,
            purchase.shop_id, sign * each.amount, sign * len(each.gifts), desk.now,
        )  # fmt: skip


def give_back(desk: Desk, purchase: PurchaseState, used: Sequence[UsedOffer], drawn: Sequence[Drawn]) -> None:
    """The whole sale falls away, and with it what its offers had drawn."""
    for each in drawn:
        desk.draw_limit(each.anchor, each.code, each.period, -each.amount, _NO_CEILING)
    record(desk, purchase, used, "back")


def changed(
    desk: Desk, purchase: PurchaseState, before: Sequence[UsedOffer], drawn: Sequence[Drawn], after: Sequence[UsedOffer]
) -> tuple[Drawn, ...]:
    """A changed order has other offers, or less of them; limits have again what those take no more. Gives what stays
    drawn."""
    amounts, rest = {f"campaign:{each.campaign}": each.amount for each in after}, []
    for each in drawn:
        still = each.amount if each.rule in amounts else 0
        if each.measure == "yen":
            still = min(still, amounts.get(each.rule, 0))
        if still < each.amount:
            desk.draw_limit(each.anchor, each.code, each.period, still - each.amount, _NO_CEILING)
        if still:
            rest.append(replace(each, amount=still))
    record(desk, purchase, before, "back")
    record(desk, purchase, after, "use")
    return tuple(rest)


def take_again(
    desk: Desk, purchase: PurchaseState, used: Sequence[UsedOffer], drawn: Sequence[Drawn]
) -> tuple[tuple[UsedOffer, ...], tuple[Drawn, ...]]:
    """A revived sale has its offers again; one whose limit has run dry meanwhile is over, and draws on nothing."""
    dry = set()
    for each in drawn:
        if desk.limits_closed or drawn_now(desk, each) + each.amount > each.most:
            dry.add(each.rule)
    again = tuple([each for each in drawn if each.rule not in dry])
    for each in again:
        desk.draw_limit(each.anchor, each.code, each.period, each.amount, each.most)
    told = tuple([replace(each, over=True) if f"campaign:{each.campaign}" in dry else each for each in used])
    record(desk, purchase, told, "use")
    return told, again
