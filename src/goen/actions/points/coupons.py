"""What coupons add to a sale at the till: may they be used, what they take off, draws on limits, the ledger of uses.

Every use is drawn on limit accounts in the commit of the sale: the code's own, the member's and that of all. So one
use stays one, however many tills and web shops reach for it at once; who is beaten to it is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple

import msgspec
from msgspec import UNSET

from goen.actions.points.answers import Warned
from goen.actions.points.context import Context
from goen.actions.points.drawn import Drawn, drawn_now
from goen.actions.points.errors import CouponNotUsable
from goen.actions.till.books import Found
from goen.actions.till.desk import Desk
from goen.actions.till.posting import PurchaseState
from goen.database.queries import load
from goen.earning.campaigns.effects import Scratch
from goen.earning.campaigns.limits import stand_in
from goen.earning.campaigns.scene import Place, Scene
from goen.earning.coupons import points
from goen.earning.coupons.codes import code_hash, normal, shown
from goen.earning.coupons.rules import (
    NO_LINES,
    Coupon,
    Goes,
    lines_that_count,
    not_together,
    of_another,
    out_of_place,
    out_of_time,
    taken_for_nothing,
    taken_off,
    too_little,
)
from goen.earning.coupons.words import reason_text
from goen.earning.decision import Award, Decision, Facts, Reduction, UsedCoupon
from goen.earning.evaluate import Engine, Priced
from goen.purchases.model import Purchase
from goen.shops.model import Shop
from goen.vocabulary.points import POINTS_LIMIT
from goen.vocabulary.refusal import InvalidRequest

replace = msgspec.structs.replace
_SQL = load(__package__, "coupons.sql")
_NO_CEILING = 10**12

What = Literal["use", "back", "over", "over_back"]


class Chosen(NamedTuple):
    """The coupons of a sale: what each does, what they take off, and what their use draws on limits."""

    used: tuple[UsedCoupon, ...]
    reductions: tuple[Reduction, ...]
    draws: tuple[Drawn, ...]

    @property
    def alone(self) -> bool:
        """Whether campaigns give nothing beside them."""
        return any(each.alone for each in self.used)


class Redeeming:
    """The coupons that one sale names: made of the document, chosen once the member is known."""

    def __init__(
        self, context: Context, engine: Engine, ask: Purchase, shop: Shop, moment: datetime, day: date
    ) -> None:
        """``ask.coupons`` as :func:`goen.earning.coupons.codes.normal` gives them."""
        self._context = context
        self._engine = engine
        self._ask = ask
        self._web = shop.kind == "ec"
        self._scene = Scene.of(Place(shop.code, shop.kind, shop.region), moment, day, context.zone)
        #: What campaigns take off before coupons do.
        self.before: tuple[Reduction, ...] = ()
        self.wanted = tuple((code, moment) for code in dict.fromkeys(ask.coupons))

    def choose(
        self,
        desk: Desk,
        where: Found | None,
        tier: str | None,
        others: tuple[str, ...],
        warnings: list[Warned],
    ) -> Chosen:
        """The coupons that go with the sale. ``others``: the person's tiers on other ladders than the first.

        An offline sale has happened: what it should not have used is used all the same, with a warning; only a code
        that nobody knows takes nothing off.

        :raises CouponNotUsable: the first that cannot be used, and why.
        """
        ask = self._ask
        if len(set(ask.coupons)) < len(ask.coupons):
            twice = next(code for n, code in enumerate(ask.coupons) if code in ask.coupons[:n])
            self._refused(CouponNotUsable(twice, "named_twice"), warnings)
        found = desk.circumstances.coupons(self.wanted)
        over: dict[str, str] = {}
        going: list[Goes] = []
        basket = self.plain().basket
        for (code, _), coupon in zip(self.wanted, found, strict=True):
            if coupon is None:
                self._refused(CouponNotUsable(code, "unknown_coupon"), warnings)
                continue
            lines = self._lines(desk, coupon)
            reason = self.reason(desk, coupon, where, tier, others) or too_little(
                coupon, lines, basket.net, basket.quantities
            )
            if reason is None and (apart := not_together(coupon, [goes.coupon for goes in going])) is not None:
                reason = (apart, {})
            if reason is not None:
                self._refused(CouponNotUsable(code, reason[0], **reason[1]), warnings)
                over[code] = reason[0]
            going.append(Goes(coupon, lines))
        taken: list[UsedCoupon] = []
        used, reductions, idle = taken_off(going, ask, basket.net, basket.quantities, basket.postage)
        while idle is not None:
            self._refused(CouponNotUsable(*idle), warnings)
            taken += [taken_for_nothing(goes.coupon) for goes in going if goes.coupon.code == idle[0]]
            going = [goes for goes in going if goes.coupon.code != idle[0]]
            used, reductions, idle = taken_off(going, ask, basket.net, basket.quantities, basket.postage)
        draws = []
        for goes in going:
            code = goes.coupon.code
            if code not in over:
                short = self.left(desk, goes.coupon, where)
                if short is None:
                    draws += self._draw(desk, goes.coupon, where)
                else:
                    self._refused(CouponNotUsable(code, short), warnings)
                    over[code] = short
        used = [replace(each, over=True) if each.code in over else each for each in used]
        return Chosen((*used, *taken), tuple(reductions), tuple(draws))

    def again(self, desk: Desk, before: Sequence[UsedCoupon]) -> Chosen:
        """The same coupons for a changed order: asked again is only what the goods decide. No further use is drawn.

        :raises CouponNotUsable: the order is not enough for one of them any more.
        """
        over = {each.code for each in before if each.over}
        idle_before = [each for each in before if each.lines == NO_LINES]
        basket = self.plain().basket
        going = []
        names = {one.code for one in before} - {one.code for one in idle_before}
        asked = [each for each in self.wanted if each[0] in names]
        for coupon in desk.circumstances.coupons(asked):
            assert coupon is not None, "codes are never taken away"
            lines = self._lines(desk, coupon)
            reason = too_little(coupon, lines, basket.net, basket.quantities)
            if reason is not None and coupon.code not in over:
                raise CouponNotUsable(coupon.code, reason[0], **reason[1])
            going.append(Goes(coupon, lines))
        used, reductions, idle = taken_off(going, self._ask, basket.net, basket.quantities, basket.postage)
        if idle is not None:
            raise CouponNotUsable(*idle)
        used = [replace(each, over=True) if each.code in over else each for each in used]
        return Chosen((*used, *idle_before), tuple(reductions), ())

    def reason(
        self, desk: Desk, coupon: Coupon, where: Found | None, tier: str | None, others: tuple[str, ...]
    ) -> tuple[str, dict[str, int | str]] | None:
        """Why a coupon does not go at this time, at this place, for this person."""
        scene = self._scene
        if (late := out_of_time(coupon, scene.moment)) is not None:
            return late, {}
        if (astray := out_of_place(coupon, scene, self._ask)) is not None:
            return astray, {}
        facts = Facts() if where is None else self._facts(desk, coupon, where.who, Facts(tier=tier, tiers=others))
        return of_another(coupon, None if where is None else where.who, facts, scene)

    def plain(self) -> Priced:
        """The sale as it would be without coupons, points and a total of the till's."""
        return self._engine.price(replace(self._ask, tenders=UNSET, total=None, use_points=0), 0, False, self.before)

    def _refused(self, refusal: CouponNotUsable, warnings: list[Warned]) -> None:
        if not self._ask.offline:
            raise refusal
        language = self._engine.programme.language
        text = reason_text(shown(refusal.fields["coupon"]), refusal.fields["reason"], refusal.fields, language)
        warnings.append(Warned(refusal.code, text))

    def _lines(self, desk: Desk, coupon: Coupon) -> tuple[int, ...] | None:
        skus = tuple({line.sku for line in self._ask.lines if line.sku}) if coupon.compiled.looks_up else ()
        return lines_that_count(coupon, self._ask, desk.circumstances.articles(skus) if skus else {})

    def _facts(self, desk: Desk, coupon: Coupon, person: int, facts: Facts) -> Facts:
        compiled = coupon.compiled
        if compiled.history:
            history = desk.circumstances.history(person)
            channel = history.web if self._web else history.purchases - history.web
            facts = replace(facts, purchases=history.purchases, channel_purchases=channel, last_on=history.last_on)
        if compiled.traits:
            traits = desk.circumstances.traits(person)
            facts = replace(facts, birth_month=traits.birth_month, segments=traits.segments)
        if compiled.signals:
            facts = replace(facts, signals=self._context.signals.seen(compiled.signals, self._scene))
        return facts

    def left(self, desk: Desk, coupon: Coupon, where: Found | None) -> str | None:
        """Why no use of it is left, if so."""
        accounts = _accounts(coupon, None if where is None else where.who)
        desk.needs_limits([account[:3] for account in accounts])
        for anchor, code, period, most, reason in accounts:
            if desk.limit(anchor, code, period) >= most:
                return reason
        return None

    def _draw(self, desk: Desk, coupon: Coupon, where: Found | None) -> list[Drawn]:
        """One use, drawn by who was presented; of merged members all accounts count together."""
        drawn = []
        for anchor, code, period, most, _ in _accounts(coupon, None if where is None else where.presented_id):
            desk.draw_limit(anchor, code, period, 1, most)
            drawn.append(Drawn(f"coupon:{coupon.code}", anchor, code, period, 1, most))
        return drawn


class _Account(NamedTuple):
    """A limit account of a coupon, what it holds at most, and the reason told where it is drawn up."""

    anchor: int
    code: str
    period: str
    most: int
    reason: str


def _accounts(coupon: Coupon, person: int | None) -> list[_Account]:
    kind, found = coupon.kind, []
    uses = kind.uses
    if coupon.own:
        name = f"{kind.rule}/uses/code"
        found.append(_Account(stand_in(name + coupon.code), name, coupon.code, uses.each, "used"))
    if uses.total is not None:
        name = f"{kind.rule}/uses/all"
        found.append(_Account(stand_in(name), name, "", uses.total, "used_up"))
    if uses.per_member is not None and person is not None:
        found.append(_Account(person, f"{kind.rule}/uses/member", "", uses.per_member, "member_limit"))
    return found


def normalised(coupons: Sequence[str]) -> tuple[str, ...]:
    """The codes as they are kept and compared. One that has no letter at all is as unknown as any."""
    return tuple([normal(code) or code for code in coupons])


def with_coupons(engine: Engine, decision: Decision, used: tuple[UsedCoupon, ...], priced: Priced) -> Decision:
    """The decision with the coupons pinned, and with the points that they add."""
    basket = priced.basket
    more: tuple[Award, ...] = ()
    if any(coupon.multiplier is not None for coupon in used):
        scratch = Scratch(engine, basket.kinds, basket.tax_rates, basket.quantities, engine.values(basket))
        places = {number: i for i, number in enumerate(basket.numbers)}
        more = tuple(points.awards(engine, used, scratch, places))
    earned = decision.earned + sum([award.points for award in more])
    if earned >= POINTS_LIMIT:
        raise InvalidRequest("lines", f"earn {earned:,} points; a purchase earns below {POINTS_LIMIT:,}")
    return replace(decision, earned=earned, awards=(*decision.awards, *more), coupons=used)


def use(desk: Desk, purchase: PurchaseState, used: Sequence[UsedCoupon], shop_id: int) -> None:
    """Write uses into their ledger; a code that is voided at the same time is not used any more."""
    for each in used:
        if not each.over:
            desk.write_more(_SQL.guard_use.sql, code_hash(each.code), each.code)
    record(desk, purchase, used, "use", shop_id)


def record(desk: Desk, purchase: PurchaseState, used: Sequence[UsedCoupon], what: What, shop_id: int) -> None:
    """Write uses that stand already, or are given back, into their ledger."""
    for each in used:
        over: What = "over_back" if what == "back" else "over"
        told = over if each.over else what
        amount = -each.amount if what == "back" else each.amount
        desk.write_more(
            _SQL.add_use.sql, purchase.member_id, desk.act_id, each.code, code_hash(each.code), told, each.kind,
            each.version, purchase.purchase_id, purchase.owner or purchase.member_as_presented, shop_id, amount,
            desk.now,
        )  # fmt: skip


def draw_again(desk: Desk, used: Sequence[UsedCoupon], drawn: Sequence[Drawn]) -> None:
    """A revived sale uses its coupons again.

    :raises CouponNotUsable: one of them has been used elsewhere or voided since, and the sale cannot stand without it.
    """
    for coupon in desk.circumstances.coupons([(one.code, desk.now) for one in used if not one.over]):
        if coupon is not None and coupon.own and coupon.void:
            raise CouponNotUsable(coupon.code, "void")
    for each in drawn:
        if drawn_now(desk, each) >= each.most:
            reason = {"code": "used", "all": "used_up"}.get(each.code.rpartition("/")[2], "member_limit")
            raise CouponNotUsable(each.rule.partition(":")[2], reason)
        desk.draw_limit(each.anchor, each.code, each.period, each.amount, each.most)


def give_back(desk: Desk, purchase: PurchaseState, used: Sequence[UsedCoupon], drawn: Sequence[Drawn]) -> None:
    """The whole sale falls away: its coupons may be used again, as far as their time allows."""
    for each in drawn:
        desk.draw_limit(each.anchor, each.code, each.period, -each.amount, _NO_CEILING)
    record(desk, purchase, used, "back", purchase.shop_id)
