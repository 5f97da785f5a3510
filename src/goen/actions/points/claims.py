"""Attach a receipt to a member afterwards: once, within the programme's window (rules 11 and 39)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from goen.actions.points.answers import encoded
from goen.actions.points.campaigns import Offer
from goen.actions.points.context import Context, regular_terms, slide
from goen.actions.points.coupons import with_coupons
from goen.actions.points.drawn import NOTHING_DRAWN
from goen.actions.points.errors import ClaimNotPossible
from goen.actions.points.granting import by_rule, grant, provision
from goen.actions.points.issuing import issue
from goen.actions.points.keyed import KeyedAct
from goen.actions.points.progress import REGULAR, Waiting, document_of, stored
from goen.actions.points.sale import Sale
from goen.actions.points.tiers import Climbing
from goen.actions.till.act import Decided, Wants
from goen.actions.till.desk import Desk
from goen.actions.till.posting import Stamp
from goen.earning.basket import without_points
from goen.earning.decision import Facts
from goen.earning.expiry import claimable_until
from goen.earning.remainder import ReturnLine, Shipped, ship
from goen.identity.presented import Presented
from goen.purchases.model import MemberRef
from goen.shops.model import Principal

replace = msgspec.structs.replace


class ClaimAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose the receipt is."""

    member: MemberRef


class ClaimAsked(msgspec.Struct, frozen=True):
    """Canonical request of a claim."""

    purchase: str
    member: MemberRef


class ClaimPurchase(KeyedAct):
    """``POST /v1/purchases/{id}/claim``: amount and rule as of the sale date."""

    kind = "claim"

    def __init__(
        self,
        purchase_id: str,
        presented: Presented,
        idempotency_key: str,
        principal: Principal,
        context: Context,
        now: datetime,
    ) -> None:
        super().__init__(idempotency_key, principal, context, now)
        self.purchase_id = purchase_id
        self.presented = presented
        self.wants = Wants(members=(presented,), purchases=(purchase_id,), spends=True)

    def asked(self, desk: Desk) -> ClaimAsked:
        return ClaimAsked(self.purchase_id, desk.named(self.presented))

    def decide(self, desk: Desk) -> Decided:
        found, member = desk.find(self.presented)
        sale = Sale.of(self.context, desk, self.purchase_id)
        self.principal.guard_shop(sale.purchase.shop_id)
        programme = sale.engine.programme
        self._check(sale, claimable_until(programme, sale.purchase.business_date) >= desk.today)
        excluded = sale.decision.facts.excluded
        document = without_points(document_of(sale.purchase), excluded)
        offer = Offer.of(
            self.context, sale.engine, document, sale.shop, sale.purchase.occurred_at, sale.purchase.business_date
        )
        used = sale.decision.coupons
        if any(coupon.alone for coupon in used):
            offer = None
        climbing = None if offer is None else Climbing.at(self.context, desk.now)
        others = () if climbing is None else climbing.others(desk, found.who)
        facts = Facts(tier=member.tier) if offer is None else offer.facts(desk, found.who, member.tier, others)
        facts = replace(facts, reductions=sale.decision.facts.reductions, excluded=excluded)
        decision, drawn = replace(sale.engine.evaluate(document, facts), offers=sale.decision.offers), NOTHING_DRAWN
        if offer is not None:
            decision, drawn = offer.decide(desk, found.who, found.presented_id, decision, None)
        if used:
            priced = sale.engine.price(document, 0, False, facts.reductions)
            decision = with_coupons(sale.engine, decision, used, priced)
        if found.person is None:  # A household's claimed sales are nobody's own.
            desk.count_purchase(found.who, sale.shop.kind, sale.purchase.business_date)
        sale.decision = decision
        # Whose card was shown has claimed it; where that member is merged, the points go to the survivor.
        sale.purchase = sale.purchase._replace(claimed_by=found.owner)
        journal, day = sale.journal, sale.purchase.business_date
        terms = regular_terms(programme, day, "base")
        progress = replace(sale.progress, limits=drawn)
        if decision.used:
            # The till had already taken them off the price: what is not there is owed.
            draws, owed = journal.redeem_anyway(decision.used, terms)
            progress = replace(progress, draws=draws, owed=owed)
        points, waiting = by_rule(decision), {}
        if sale.purchase.status == "placed":
            # What was shipped while it was a guest's is confirmed as it would have been.
            shipped = [ReturnLine(line, Decimal(n) / 1000) for line, n in progress.shipped.lines]
            confirmed, state = 0, progress.shipped
            if shipped:
                confirmed, state = ship(sale.engine, decision, Shipped(), shipped, sale.campaigns)
            progress = replace(progress, shipped=state)
            now = {REGULAR: confirmed - sum(state.apart.values()), **state.apart}
            waiting = {rule: n - now.get(rule, 0) for rule, n in points.items()}
            points = {rule: now.get(rule, 0) for rule in points}
        if progress.ripe_on is not None and progress.ripe_on > desk.today:
            # Shipped while a guest's, but not for as long as the programme waits for returns (rule 9).
            ripe = tuple(Waiting(progress.ripe_on, n, rule) for rule, n in points.items() if n)
            waiting = {rule: waiting.get(rule, 0) + n for rule, n in points.items()}
            progress, points = replace(progress, waiting=ripe), {}
        progress = provision(journal, waiting, progress)
        pending, earned = sum(waiting.values()), sum(points.values())
        if earned:
            progress = grant(self.context, programme, journal, decision, points, day, self.purchase_id, progress)
            slide(self.context, programme, journal, "earn", day)
        if sale.purchase.status == "completed":
            progress = issue(self.context, desk, sale.purchase, decision.awards, progress)
        sale.progress = progress
        desk.stamp(
            found.member_id,
            Stamp(
                sale.purchase.occurred_at,
                day,
                self.context.booked_on(day, desk.today),
                sale.purchase.shop_id,
                found.identifier_id,
                found.owner,
                self.purchase_id,
                "claim",
            ),
        )
        desk.add_claim(found.owner, sale.purchase)
        sale.save(claimed_by=found.owner, decision=stored(decision))
        sale.tell("purchase.claimed", earned - decision.used, pending)
        return Decided(200, encoded(sale.answer()), self.purchase_id, member_id=found.member_id)

    def _check(self, sale: Sale, in_time: bool) -> None:
        purchase = sale.purchase
        if purchase.owner is not None:
            raise ClaimNotPossible("already_attached", "This receipt already belongs to a member.")
        if purchase.status == "cancelled":
            raise ClaimNotPossible("cancelled", "This sale was cancelled.")
        if sale.progress.returned.lines:
            raise ClaimNotPossible("returned", "Goods of this receipt were returned.")
        if not in_time:
            raise ClaimNotPossible("too_late", "The time in which a receipt can be claimed is over.")
