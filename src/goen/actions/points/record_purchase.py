"""Record a sale or a web order: the commonest act of all.

A store sale is complete at once: used points are redeemed, earned points granted. A web order is placed:
used points are held and earnings provisional until it is completed or cancelled (rules 9, 10, 21). A sale
from an offline till has happened already and is recorded in any case.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import ClassVar

import msgspec

from goen.actions.points.answers import PurchaseAnswer, Warned, encoded, purchase_answer
from goen.actions.points.campaigns import Offer
from goen.actions.points.context import Context, slide
from goen.actions.points.coupons import Chosen, Redeeming, normalised, use, with_coupons
from goen.actions.points.drawn import NOTHING_DRAWN
from goen.actions.points.errors import HiddenSaleClosed
from goen.actions.points.granting import by_rule, grant, grant_regular, provision
from goen.actions.points.hidden_sales import HiddenSales
from goen.actions.points.issuing import issue
from goen.actions.points.offers import NOTHING_OFF, Offers, Reduced
from goen.actions.points.offers import record as record_offers
from goen.actions.points.paying import Paying
from goen.actions.points.progress import NONE, Progress, stored
from goen.actions.points.proof import Permit, Proven
from goen.actions.points.same_sale import differing_sale
from goen.actions.points.stamping import stamped
from goen.actions.points.tiers import Climbing
from goen.actions.till.act import Act, Decided, Key, Stored, Wants, canonical, key_of
from goen.actions.till.books import Found, MemberFacts
from goen.actions.till.desk import Desk
from goen.actions.till.posting import PurchaseState, Stamp
from goen.earning.basket import without_points
from goen.earning.campaigns.hidden import Closed
from goen.earning.decision import Decision, Facts
from goen.earning.evaluate import Priced
from goen.earning.tiers.measure import NOTHING, measured
from goen.earning.tiers.progress import TierProgress
from goen.earning.words import miss_text
from goen.identity.presented import Presented
from goen.ledger.steps import Sold
from goen.members.errors import AmbiguousMember, MemberWithdrawn, UnknownMember
from goen.members.ids import public_id
from goen.purchases.ids import made
from goen.purchases.model import Purchase
from goen.shops.model import Principal, Shop
from goen.vocabulary.refusal import InvalidRequest, Refusal

replace = msgspec.structs.replace

NO_SKEW = timedelta(0)


def receipt_key(shop_id: int, external_id: str) -> Key:
    """The key of a sale: its shop and receipt number, for ever."""
    return key_of(f"shop:{shop_id}", "purchase", external_id)


class RecordPurchase(Act):
    """``POST /v1/purchases``."""

    kind = "purchase"
    #: Whether it tells which campaigns would lower the price.
    shows_offers: ClassVar[bool] = False

    def __init__(
        self,
        ask: Purchase,
        shop: Shop,
        presented: Presented | None,
        principal: Principal,
        context: Context,
        *,
        proven: Proven,
        now: datetime,
        skew: timedelta = NO_SKEW,
        unfit: Refusal | None = None,
    ) -> None:
        """``proven``: whether the request's proof holds. ``unfit``: why an offline sale is a guest's, whoever is
        presented. ``skew``: how far the device's clock is behind; the request is kept and compared as sent.
        Raises InvalidRequest for impossible dates."""
        self.context = context
        self.shop = shop
        self.presented = presented
        self.unfit = unfit
        try:
            sent = context.moment(ask.occurred_at, now, skew)
        except InvalidRequest as refusal:
            # What was recorded while the device's clock said otherwise is known by its content as sent.
            sent, skew, self.only_repeats = context.moment(ask.occurred_at, ask.occurred_at), NO_SKEW, refusal
        self.moment = sent + skew
        self.business_date = context.trading_day(ask.business_date, sent)
        if skew:  # A device whose clock is wrong is as wrong about the day.
            self.business_date += context.day_of(self.moment) - context.day_of(sent)
        self.ask = replace(ask, occurred_at=sent, member=None, proof=None)
        if ask.coupons:
            self.ask = replace(self.ask, coupons=normalised(ask.coupons))
        self.programme_engine = context.engine_at(self.moment)
        # What needs no member is done while the document is at hand; the lines are not looked at again.
        self._document = canonical(self.ask)
        self.excluded = context.excluded(ask.lines)
        counted = self.counted = without_points(self.ask, self.excluded)
        try:
            self._priced: Priced | None = self.programme_engine.price(counted)
        except Refusal:
            self._priced = None  # A repeat is known before it is refused: deciding finds the fault again.
        engine, when = self.programme_engine, self.moment
        offer, redeeming = None, None
        if ask.coupons:
            redeeming = Redeeming(context, engine, counted, shop, when, self.business_date)
            self._priced = None  # What it costs depends on what the coupons are.
        self.redeeming = redeeming
        self.offers: Offers | None = None
        if ask.offers or self.shows_offers:
            self.offers = Offers(context, engine, counted, shop, when, self.business_date)
        if ask.offers:
            self._priced = None
        self.closed: Sequence[Closed] = ()
        self.hidden = HiddenSales.of(context, engine, counted, shop, when, self.business_date)
        if presented is not None and (self._priced is not None or redeeming is not None or ask.offers):
            offer = Offer.of(context, engine, counted, shop, when, self.business_date)
        self.offer = offer
        self.tiers = Climbing.at(context, now) if presented is not None else None
        tiers = self.tiers.wants if self.tiers is not None else ()
        self.key = receipt_key(shop.shop_id, ask.external_id)
        self.integration = principal.integration
        self.author = ask.staff
        if proven.refused is not None and not ask.offline:
            self.only_repeats = self.only_repeats or proven.refused
        self.paying = Paying(context, self.ask, shop, self.business_date, Permit.of(proven, principal))
        members = () if presented is None else (presented,)
        spends = bool(ask.use_points)
        limits = self.paying.permit.limits(context.day_of(now)) if spends else ()
        holds = (ask.hold,) if ask.hold else ()
        if offer is None:
            self.wants = Wants(members=members, holds=holds, limits=limits, spends=spends, tiers=tiers)
        else:
            self.wants = Wants(
                members=members, holds=holds, limits=(*limits, *offer.limits), spends=spends, history=offer.history,
                traits=offer.traits, skus=offer.skus, shared=offer.shared, tiers=tiers, stamps=offer.stamps,
            )  # fmt: skip
        if redeeming is not None:
            self.wants = replace(self.wants, coupons=redeeming.wanted)
        self.token = None if presented is None else presented.hash or presented.member_id

    def asked(self, desk: Desk) -> Purchase:
        return replace(self.ask, member=None if self.presented is None else desk.named(self.presented))

    def differing(self, desk: Desk, earlier: Stored) -> list[str]:
        return differing_sale(earlier, self.asked(desk), self.context.day_of)

    def request(self, desk: Desk) -> bytes:
        """The document with the member put at its end."""
        if self.presented is None:
            return self._document
        return b'%b,"member":%b}' % (self._document[:-1], canonical(desk.named(self.presented)))

    def decide(self, desk: Desk) -> Decided:
        found, warnings = self._member(desk)
        if found is None:
            return self._as_guest(desk, warnings)
        (where, member) = found
        offer, drawn, chosen, priced = self.offer, NOTHING_DRAWN, None, self._priced
        asked = self.redeeming is not None or offer is not None or self.offers is not None or self.hidden is not None
        others = self._others(desk, where) if asked else ()
        self._look_at_hidden(desk, where, member.tier, others, warnings)
        reduced, priced = self._reduced(desk, where, member.tier, others, priced, warnings)
        if self.redeeming is not None:
            chosen, priced = self._choose(self.redeeming, desk, where, member.tier, others, warnings)
            offer = None if chosen.alone else offer
        facts = Facts(tier=member.tier) if offer is None else offer.facts(desk, where.who, member.tier, others)
        if chosen is not None or reduced.used:
            off = (*reduced.reductions, *(chosen.reductions if chosen is not None else ()))
            facts = replace(facts, reductions=off)
        decision = self.programme_engine.evaluate(self.counted, self._with_excluded(facts), priced)
        if reduced.used:
            decision = replace(decision, offers=reduced.used)
        if offer is not None:
            decision, drawn = offer.decide(desk, where.who, where.presented_id, decision, priced)
        if chosen is not None and priced is not None:
            decision = with_coupons(self.programme_engine, decision, chosen.used, priced)
        desk.count_purchase(where.who, self.shop.kind, self.business_date)
        programme = self.programme_engine.programme
        journal = desk.journal(where.member_id)
        purchase_id = made("p", where.member_id, journal.number())
        progress, confirms_on = Progress(limits=drawn) if drawn else NONE, None
        if chosen is not None or reduced.draws:
            progress = replace(progress, coupons=chosen.draws if chosen is not None else (), offers=reduced.draws)
        journal.record(Sold(purchase_id, (), 0))
        if decision.used or self.ask.hold:
            progress = self.paying.pay(
                desk, journal, where, member, programme, decision.used, progress, purchase_id, warnings
            )
        if self.ask.status == "placed":
            progress = provision(journal, by_rule(decision), progress)
        elif decision.earned:
            day = self.business_date
            if decision.campaigns:
                points = by_rule(decision)
                progress = grant(self.context, programme, journal, decision, points, day, purchase_id, progress)
            else:
                progress = grant_regular(programme, journal, decision.earned, day, purchase_id, progress)
            slide(self.context, programme, journal, "earn", self.business_date)
        slide(self.context, programme, journal, "purchase", self.business_date)
        purchase = self._purchase(desk, where.member_id, purchase_id, decision, progress, where, confirms_on)
        issued: Sequence[tuple[str, str]] = ()
        if decision.campaigns and self.ask.status == "completed":
            given = issue(self.context, desk, purchase, decision.awards, progress)
            if given is not progress:
                issued, purchase = given.issued, purchase._replace(progress=stored(given.moved(-where.shift)))
        desk.add_purchase(purchase)
        if decision.offers:
            record_offers(desk, purchase, decision.offers, "use")
        if drawn:
            stamped(self.context, desk, purchase, (decision,), (), drawn, where.who)
        if decision.coupons:
            use(desk, purchase, decision.coupons, self.shop.shop_id)
        climbed: Sequence[TierProgress] = ()
        if self.tiers is not None:
            counts = measured(decision, progress.returned, progress.confirmed, purchase.status)
            climbed = self.tiers.take_in(desk, where.who, purchase, counts, NOTHING)
            if climbed:
                member = member._replace(tier=climbed[0].code)
        desk.stamp(
            where.member_id,
            Stamp(
                self.moment, self.business_date, purchase.booked_on, self.shop.shop_id, where.identifier_id,
                where.presented_id, purchase_id,
            ),
        )  # fmt: skip
        pending = progress.pending
        earned = decision.earned - pending
        answer = purchase_answer(
            self.context, purchase, decision, now=desk.now, member=member, journal=journal, earned=earned,
            pending=pending, warnings=warnings, issued=self._shown(issued), tiers=climbed,
        )  # fmt: skip
        self._tell(desk, purchase, where.member_id, earned, pending, decision.used)
        return Decided(
            201, self.body(answer, decision), purchase_id, store_request=False, request=purchase.document.encode(),
            member_id=where.member_id,
        )  # fmt: skip

    def body(self, answer: PurchaseAnswer, decision: Decision) -> bytes:
        """The answer as it is sent and kept; a quote says more, and no ids."""
        return encoded(answer)

    def _shown(self, issued: Sequence[tuple[str, str]]) -> list[str]:
        """Codes of coupons as the answer tells them."""
        return [code for _, code in issued]

    def _with_excluded(self, facts: Facts) -> Facts:
        """Which goods earned nothing is pinned: their products may say otherwise later."""
        return replace(facts, excluded=self.excluded) if self.excluded else facts

    # Who ---------------------------------------------------------------------------------------

    def _member(self, desk: Desk) -> tuple[tuple[Found, MemberFacts] | None, list[Warned]]:
        """The member, or a guest; offline a member nobody can tell makes a guest sale, with a warning."""
        if self.presented is None:
            return None, []
        if self.unfit is not None:
            return None, [Warned(self.unfit.code, self.unfit.detail)]
        try:
            return desk.find(self.presented), []
        except (UnknownMember, AmbiguousMember, MemberWithdrawn) as refusal:
            if not self.ask.offline:
                raise
            return None, [Warned(refusal.code, refusal.detail)]

    def _as_guest(self, desk: Desk, warnings: list[Warned]) -> Decided:
        """A sale without a member: no points, claimable later (rule 11). It stands under a stand-in number."""
        facts, chosen = Facts(guest=True), None
        self._look_at_hidden(desk, None, None, (), warnings)
        reduced, priced = self._reduced(desk, None, None, (), None, warnings)
        if self.redeeming is not None:
            chosen, priced = self._choose(self.redeeming, desk, None, None, (), warnings)
        if chosen is not None or reduced.used:
            facts = replace(facts, reductions=(*reduced.reductions, *(chosen.reductions if chosen is not None else ())))
        decision = self.programme_engine.evaluate(self.counted, self._with_excluded(facts), priced)
        progress = None
        if chosen is not None or reduced.used:
            used, draws = (chosen.used, chosen.draws) if chosen is not None else ((), ())
            decision = replace(decision, coupons=used, offers=reduced.used)
            progress = Progress(coupons=draws, offers=reduced.draws)
        if decision.used and not self.ask.offline:
            raise InvalidRequest("use_points", "needs a member")
        anchor = -(self.key.key_hash & 0x7FFF_FFFF_FFFF_FFFF) or -1
        purchase_id = made("p", anchor, self.key.key_check & 0x7FFF_FFFF)
        purchase = self._purchase(desk, anchor, purchase_id, decision, progress, None, None)
        desk.add_purchase(purchase)
        if decision.offers:
            record_offers(desk, purchase, decision.offers, "use")
        if decision.coupons:
            use(desk, purchase, decision.coupons, self.shop.shop_id)
        answer = purchase_answer(
            self.context, purchase, decision, now=desk.now, member=None, journal=None, earned=0, pending=0,
            warnings=warnings,
        )  # fmt: skip
        self._tell(desk, purchase, anchor, 0, 0, 0)
        return Decided(
            201, self.body(answer, decision), purchase_id, store_request=False, request=purchase.document.encode(),
            member_id=anchor,
        )  # fmt: skip

    def _others(self, desk: Desk, where: Found) -> tuple[str, ...]:
        """The person's tiers on other ladders than the first."""
        return () if self.tiers is None else self.tiers.others(desk, where.who)

    def _choose(
        self, redeeming: Redeeming, desk: Desk, where: Found | None, tier: str | None, others: tuple[str, ...],
        warnings: list[Warned],
    ) -> tuple[Chosen, Priced]:  # fmt: skip
        """The coupons of the sale, and the sale priced with them."""
        chosen = redeeming.choose(desk, where, tier, others, warnings)
        reductions = (*redeeming.before, *chosen.reductions)
        return chosen, self.programme_engine.price(self.counted, 0, where is None, reductions)

    def _reduced(
        self, desk: Desk, where: Found | None, tier: str | None, others: tuple[str, ...], priced: Priced | None,
        warnings: list[Warned],
    ) -> tuple[Reduced, Priced | None]:  # fmt: skip
        """What campaigns take off the sale before coupons do, and the sale priced with it."""
        if self.offers is None:
            return NOTHING_OFF, priced
        facts = self.offers.facts(desk, where, tier, others)
        self._look_at(desk, where, facts)
        reduced = self.offers.take(desk, where, facts, warnings) if self.ask.offers else NOTHING_OFF
        if self.redeeming is not None:
            self.redeeming.before = reduced.reductions
        elif reduced.used or self.ask.offers:
            priced = self.programme_engine.price(self.counted, 0, where is None, reduced.reductions)
        return reduced, priced

    def _look_at_hidden(
        self, desk: Desk, where: Found | None, tier: str | None, others: tuple[str, ...], warnings: list[Warned]
    ) -> None:
        """Goods that are kept for others are refused to an order; a sale that has happened stands, with a warning."""
        if self.hidden is None:
            return
        self.closed = closed = self.hidden.closed(desk, None if where is None else where.who, tier, others)
        if closed and self.ask.status == "placed" and not self.ask.offline:
            self._refuse(closed)
        language = self.programme_engine.programme.language
        names = self.context.campaigns.names(language)
        currency = self.context.currency
        warnings += [Warned("hidden_sale", miss_text(each.miss, language, currency, names)) for each in closed]

    def _refuse(self, closed: Sequence[Closed]) -> None:
        raise HiddenSaleClosed(closed[0])

    def _look_at(self, desk: Desk, where: Found | None, facts: Facts) -> None:
        """What a quote tells beside."""

    # What is written ---------------------------------------------------------------------------

    def _purchase(
        self,
        desk: Desk,
        member_id: int,
        purchase_id: str,
        decision: Decision,
        progress: Progress | None,
        found: Found | None,
        confirms_on: date | None,
    ) -> PurchaseState:
        return PurchaseState(
            member_id=member_id,
            purchase_id=purchase_id,
            shop_id=self.shop.shop_id,
            external_id=self.ask.external_id,
            status=self.ask.status,
            occurred_at=self.moment,
            business_date=self.business_date,
            booked_on=self.context.booked_on(self.business_date, desk.today),
            act_id=desk.act_id,
            programme_version=decision.version,
            total=decision.total,
            payable=decision.payable,
            document=self.request(desk).decode(),
            decision=stored(decision),
            progress=None if progress is None else stored(progress.moved(-found.shift if found else 0)),
            claimed_by=None,
            confirms_on=confirms_on,
            identifier_id=None if found is None else found.identifier_id,
            member_as_presented=member_id if found is None else found.presented_id,
            pool_id=None if found is None or found.person is None else found.member_id,
        )

    def _tell(self, desk: Desk, purchase: PurchaseState, member_id: int, earned: int, pending: int, used: int) -> None:
        about = {
            "purchase_id": purchase.purchase_id,
            "external_id": purchase.external_id,
            "shop": self.shop.code,
            "member_id": public_id(member_id) if member_id > 0 else None,
            "occurred_at": self.moment,
            "status": purchase.status,
            "total": purchase.total,
            "points": {"earned": earned, "pending": pending, "used": used},
        }
        desk.tell("purchase.recorded", member_id, self.shop.shop_id, about)
        if earned or pending or used:
            tell_points(desk, member_id, self.shop, purchase.purchase_id, purchase.external_id, earned - used, pending)


def tell_points(
    desk: Desk,
    member_id: int,
    shop: Shop | None,
    purchase_id: str | None,
    external_id: str | None,
    points: int,
    pending: int = 0,
) -> None:
    """``points.posted``: a member's balance moved by ``points``, provisional ones by ``pending``."""
    account = desk.journal(member_id)
    desk.tell(
        "points.posted",
        member_id,
        None if shop is None else shop.shop_id,
        {
            "member_id": public_id(member_id),
            "purchase_id": purchase_id,
            "external_id": external_id,
            "shop": None if shop is None else shop.code,
            "points": points,
            "pending": pending,
            "balance": {"available": account.available, "pending": account.pending, "held": account.held},
        },
    )
