"""What happens to an order: completed line by line or at once, changed before (rules 7, 9, 21, 23).

placed → completed, line by line or at once; placed or completed → cancelled → as it was. Every step is
computed under the programme version and the facts pinned when the order was placed.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, ClassVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from goen.actions.points.again import decide_again
from goen.actions.points.answers import encoded
from goen.actions.points.context import Context, idempotent, slide
from goen.actions.points.coupons import Chosen, Redeeming, record, with_coupons
from goen.actions.points.errors import HiddenSaleClosed, PurchaseStatus
from goen.actions.points.granting import by_rule, terms_of
from goen.actions.points.hidden_sales import HiddenSales
from goen.actions.points.issuing import issue
from goen.actions.points.offers import NOTHING_OFF, Offers, Reduced
from goen.actions.points.offers import changed as offers_changed
from goen.actions.points.progress import REGULAR, Waiting, document_of, stored
from goen.actions.points.proof import UNPROVEN, give_back_unproven, spend_unproven
from goen.actions.points.sale import Sale
from goen.actions.till.act import Act, Decided, Wants
from goen.actions.till.desk import Desk
from goen.earning.basket import without_points
from goen.earning.decision import Decision, Facts, Reduction
from goen.earning.expiry import confirms_on
from goen.earning.remainder import ReturnLine, ship
from goen.purchases.model import Line, OrderDiscount, Purchase
from goen.shops.model import Principal
from goen.vocabulary.fields import Money, Points, Quantity, Text

replace = msgspec.structs.replace


class ShippedLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line, or part of it, that was paid and shipped."""

    line: Annotated[int, Meta(ge=1, le=10**6)]
    quantity: Quantity


class CompleteAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Paid and shipped: all that is left, or these lines."""

    occurred_at: datetime
    lines: Annotated[tuple[ShippedLine, ...], Meta(min_length=1, max_length=1000)] | None = None


class LinesAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A changed order. What is left out stays as it was; ``total`` left out is computed anew."""

    lines: Annotated[tuple[Line, ...], Meta(min_length=1, max_length=1000)]
    discounts: Annotated[tuple[OrderDiscount, ...], Meta(max_length=100)] | UnsetType = UNSET
    postage: Money | UnsetType = UNSET
    total: Money | None = None
    use_points: Points | UnsetType = UNSET


class CancelAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Everything back."""

    occurred_at: datetime
    reason: Text | None = None


class ReviveAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A cancelled order stands again."""

    occurred_at: datetime
    reason: Text | None = None


class OrderAct(Act):
    """Base: an act on one purchase under an idempotency key."""

    #: Whether it may take points, which a till does not do without limit (rule 43).
    spends: ClassVar[bool] = False

    def __init__(
        self,
        purchase_id: str,
        ask: CompleteAsk | LinesAsk | CancelAsk | ReviveAsk,
        idempotency_key: str,
        principal: Principal,
        context: Context,
        now: datetime,
    ) -> None:
        self.context = context
        self.moment = now if isinstance(ask, LinesAsk) else context.moment(ask.occurred_at, now)
        self.day = context.day_of(self.moment)
        self.ask = ask if isinstance(ask, LinesAsk) else replace(ask, occurred_at=self.moment)
        self.purchase_id = purchase_id
        self.principal = principal
        self.integration = principal.integration
        self.key = idempotent(principal.integration, idempotency_key, context, now)
        limits = ((UNPROVEN, context.day_of(now).isoformat()),) if self.spends and principal.role == "pos" else ()
        self.wants = Wants(purchases=(purchase_id,), all_lots=True, limits=limits)

    def decide(self, desk: Desk) -> Decided:
        sale = Sale.of(self.context, desk, self.purchase_id)
        self.principal.guard_shop(sale.purchase.shop_id)
        self.change(sale)
        return Decided(200, encoded(sale.answer()), self.purchase_id, member_id=sale.holder or sale.purchase.member_id)

    def spend(self, sale: Sale, points: int, unproven: int) -> None:
        """Take points for the sale; of those, at a till, ``unproven`` without a proof."""
        sale.take_points(points)
        if unproven and self.principal.role == "pos" and sale.holder is not None:
            programme = self.context.engine_at(sale.desk.now).programme
            drawn = spend_unproven(sale.desk, programme, sale.holder, sale.spender, unproven)
            sale.progress = replace(sale.progress, unproven=(*sale.progress.unproven, drawn))

    def change(self, sale: Sale) -> None:
        """Do it, or refuse."""
        raise NotImplementedError  # pragma: no cover - abstract


class CompletePurchase(OrderAct):
    """``POST /v1/purchases/{id}/complete``."""

    kind = "complete"

    def asked(self, desk: Desk) -> msgspec.Struct:
        return CompleteAsked(self.purchase_id, self.ask)  # type: ignore[arg-type] # by construction

    def change(self, sale: Sale) -> None:
        if sale.purchase.status != "placed":
            raise PurchaseStatus(
                f"The sale is {sale.purchase.status}; only a placed order completes.", sale.purchase.status
            )
        assert isinstance(self.ask, CompleteAsk)
        parts = None if self.ask.lines is None else [ReturnLine(x.line, x.quantity) for x in self.ask.lines]
        before = sale.progress.shipped
        points, shipped = ship(sale.engine, sale.decision, before, parts, sale.campaigns)
        new = {rule: n - before.apart.get(rule, 0) for rule, n in shipped.apart.items()}
        new = {REGULAR: points - sum(new.values()), **new}
        sale.progress = replace(sale.progress, shipped=shipped)
        confirmed, programme = 0, sale.engine.programme
        if sale.holder is None:
            sale.progress = replace(sale.progress, ripe_on=confirms_on(programme, self.day))
        else:
            journal = sale.journal
            if sale.progress.hold:
                sale.progress = replace(sale.progress, draws=sale.capture_hold(), hold=False)
                slide(self.context, programme, journal, "use", self.day)
            on = confirms_on(programme, self.day)
            for rule in sale.progress.rules:
                # What was returned before shipping is pending no more; the last shipment confirms all that is left.
                left = sale.progress.unshipped(rule)
                points = left if shipped.complete else min(new.get(rule, 0), left)
                if points and programme.provisional_days and on > sale.desk.today:
                    waiting = (*sale.progress.waiting, Waiting(on, points, rule))
                    sale.progress = replace(sale.progress, waiting=waiting)
                elif points:
                    confirm(sale, points, on, rule)
                    confirmed += points
            sale.stamp(self.moment, self.day, sale.purchase.shop_id)
        if shipped.complete:
            sale.progress = replace(sale.progress, completed_on=self.day)
            sale.still_issued()
            sale.progress = issue(self.context, sale.desk, sale.purchase, sale.remaining, sale.progress)
        sale.save(status="completed" if shipped.complete else "placed", decision=stored(sale.decision))
        sale.tell("purchase.completed", confirmed, -confirmed)


class CompleteAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """Canonical request of a completion."""

    purchase: str
    body: CompleteAsk


class LinesAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """Canonical request of a change of lines."""

    purchase: str
    body: LinesAsk


class ChangeLines(OrderAct):
    """``PUT /v1/purchases/{id}/lines``: recomputed under the pinned version and facts (rule 7)."""

    kind = "change_lines"
    spends = True

    def asked(self, desk: Desk) -> msgspec.Struct:
        return LinesAsked(self.purchase_id, self.ask)  # type: ignore[arg-type] # by construction

    def change(self, sale: Sale) -> None:
        if sale.purchase.status != "placed" or sale.progress.shipped.lines or sale.progress.returned.lines:
            raise PurchaseStatus(
                "Only a placed order of which nothing was shipped or returned can be changed.", sale.purchase.status
            )
        assert isinstance(self.ask, LinesAsk)
        before = document_of(sale.purchase)
        changes = {
            name: value
            for name in ("discounts", "postage", "use_points")
            if (value := getattr(self.ask, name)) is not UNSET
        }
        document = replace(before, lines=self.ask.lines, total=self.ask.total, tenders=UNSET, **changes)
        self._guard_hidden(sale, before, document)
        facts, priced, used = self._facts(sale, before), None, sale.decision.coupons
        counted = without_points(document, facts.excluded)
        reduced = self._reduced(sale, counted) if sale.decision.offers else NOTHING_OFF
        if used or sale.decision.offers:
            off = reduced.reductions
            if used:
                chosen = self._choose(sale, counted, off)
                off, used = (*off, *chosen.reductions), chosen.used
            facts = replace(facts, reductions=off)
            priced = sale.engine.price(counted, 0, facts.guest, facts.reductions)
        decision = replace(sale.engine.evaluate(counted, facts, priced), offers=reduced.used)
        pending = 0
        if sale.holder is not None:
            decision = decide_again(sale, counted, decision)
        if sale.decision.offers or sale.progress.offers:
            drawn = offers_changed(
                sale.desk, sale.purchase, sale.decision.offers, sale.progress.offers, reduced.used
            )  # fmt: skip
            sale.progress = replace(sale.progress, offers=drawn)
        if priced is not None:
            record(sale.desk, sale.purchase, sale.decision.coupons, "back", sale.purchase.shop_id)
            record(sale.desk, sale.purchase, used, "use", sale.purchase.shop_id)
            decision = with_coupons(sale.engine, decision, used, priced)
        if sale.holder is not None:
            pending = self._rebook(sale, decision)
            sale.stamp(self.moment, self.day, sale.purchase.shop_id)
        was = {"total": sale.purchase.total, "points": promised(sale.decision)}
        sale.decision = decision
        sale.progress = replace(sale.progress, revision=document)
        sale.save(total=decision.total, payable=decision.payable, decision=stored(decision))
        sale.tell(
            "purchase.changed", 0, pending, occurred_at=self.moment, total=decision.total, points=promised(decision),
            before=was,
        )  # fmt: skip

    def _facts(self, sale: Sale, before: Purchase) -> Facts:
        """The pinned facts; of goods that are new to the order, whether they earn is looked up now."""
        assert isinstance(self.ask, LinesAsk)
        facts, had = sale.decision.facts, {line.sku for line in before.lines}
        more = self.context.excluded(line for line in self.ask.lines if line.sku not in had)
        return replace(facts, excluded=tuple(sorted({*facts.excluded, *more}))) if more else facts

    def _guard_hidden(self, sale: Sale, before: Purchase, document: Purchase) -> None:
        """Goods added to an order are asked for now; those that it had, it keeps.

        :raises HiddenSaleClosed: a hidden sale that is live has goods that are new to the order.
        """
        engine = self.context.engine_at(self.moment)
        had = {_goods(line) for line in before.lines}
        document = replace(document, lines=tuple([line for line in document.lines if _goods(line) not in had]))
        hidden = HiddenSales.of(self.context, engine, document, sale.shop, self.moment, self.day)
        if hidden is not None:
            facts, who = sale.decision.facts, None if sale.holder is None else sale.person
            if closed := hidden.closed(sale.desk, who, facts.tier, facts.tiers):
                raise HiddenSaleClosed(closed[0])

    def _reduced(self, sale: Sale, document: Purchase) -> Reduced:
        """What the order's campaigns take off now."""
        purchase = sale.purchase
        offers = Offers(
            self.context, sale.engine, document, sale.shop, purchase.occurred_at, purchase.business_date
        )  # fmt: skip
        return offers.again(sale.desk, sale.decision.facts, sale.decision.offers)

    def _choose(self, sale: Sale, document: Purchase, before: tuple[Reduction, ...]) -> Chosen:
        """What the order's coupons take off now."""
        purchase = sale.purchase
        redeeming = Redeeming(
            self.context, sale.engine, document, sale.shop, purchase.occurred_at, purchase.business_date
        )
        redeeming.before = before
        return redeeming.again(sale.desk, sale.decision.coupons)

    def _rebook(self, sale: Sale, decision: Decision) -> int:
        used = decision.used - sale.decision.used
        if used < 0:
            sale.give_points(-used)
            self._give_back(sale, -used)
        elif used > 0:
            self.spend(sale, used, used)
        pending = decision.earned - sale.decision.earned
        if pending > 0:
            sale.journal.provision(pending)
        elif pending < 0:
            sale.journal.void(-pending)
        before, after = by_rule(sale.decision), by_rule(decision)
        for rule in before | after:
            sale.progress = sale.progress.with_more(rule, pending=after.get(rule, 0) - before.get(rule, 0))
        return pending

    def _give_back(self, sale: Sale, points: int) -> None:
        """Points that the order uses no more are no more spent without proof; what was drawn last goes first."""
        kept = list(sale.progress.unproven)
        while points and kept:
            day, drawn = kept.pop()
            back = min(drawn, points)
            give_back_unproven(sale.desk, sale.spender, (day, back))
            points -= back
            if drawn > back:
                kept.append((day, drawn - back))
        sale.progress = replace(sale.progress, unproven=tuple(kept))


def _goods(line: Line) -> tuple[str | None, ...]:
    return line.sku, line.name, line.category


def promised(decision: Decision) -> dict[str, int]:
    """The points of a placed order as events tell them."""
    return {"earned": 0, "pending": decision.earned, "used": decision.used}


def confirm(sale: Sale, points: int, day: date, rule: str) -> None:
    """Provisional points of a rule become spendable, as a lot granted that day (rule 9)."""
    terms = terms_of(sale.context, sale.engine.programme, sale.decision, rule, day)
    lot = sale.journal.confirm(points, terms, purchase_id=sale.purchase.purchase_id)
    slide(sale.context, sale.engine.programme, sale.journal, "earn", day)
    sale.progress = sale.progress.with_more(rule, -points, points, (lot,))
