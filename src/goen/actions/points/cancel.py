"""A sale or order falls away, and stands again as it was (rules 23, 28, 29)."""

from __future__ import annotations

import msgspec

from goen.actions.points.again import draw_again
from goen.actions.points.context import keep_up, regular_terms
from goen.actions.points.coupons import draw_again as use_again
from goen.actions.points.coupons import give_back as give_coupons_back
from goen.actions.points.coupons import use
from goen.actions.points.drawn import give_back
from goen.actions.points.errors import PurchaseStatus
from goen.actions.points.granting import take_back, terms_of
from goen.actions.points.issuing import coupons_by_rule
from goen.actions.points.issuing import give_again as give_issued_again
from goen.actions.points.issuing import take_back as take_issued_back
from goen.actions.points.offers import give_back as give_offers_back
from goen.actions.points.offers import take_again
from goen.actions.points.orders import CancelAsk, OrderAct, ReviveAsk
from goen.actions.points.progress import Apart, Progress, Undone, stored
from goen.actions.points.proof import give_back_unproven
from goen.actions.points.sale import GivenBack, Sale
from goen.actions.till.desk import Desk
from goen.ledger.model import Draws
from goen.ledger.steps import CalledOff, Like

replace = msgspec.structs.replace


class CancelAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """Canonical request of a cancel."""

    purchase: str
    body: CancelAsk


class ReviveAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """Canonical request of a revival."""

    purchase: str
    body: ReviveAsk


class CancelPurchase(OrderAct):
    """``POST /v1/purchases/{id}/cancel``: held or used points, pending and confirmed earnings go back."""

    kind = "cancel"

    def asked(self, desk: Desk) -> msgspec.Struct:
        return CancelAsked(self.purchase_id, self.ask)  # type: ignore[arg-type] # by construction

    def change(self, sale: Sale) -> None:
        if sale.purchase.status == "cancelled":
            raise PurchaseStatus("The sale is cancelled already.", "cancelled")
        progress, moved, back = sale.progress, 0, GivenBack(0, 0, (), ())
        own: dict[str, Draws] = {}
        used = sale.decision.used - progress.returned.used
        if sale.holder is not None:
            journal, programme = sale.journal, sale.engine.programme
            terms = regular_terms(programme, sale.desk.today)
            if used:
                back = sale.give_points(used)
                journal.record(CalledOff())
                moved += 0 if progress.hold else back.restored
            # The customer is not asked to decide when a whole sale falls away: a shortage is owed (rule 28 a).
            earned = {r: progress.of_rule(r).pending + progress.of_rule(r).confirmed for r in progress.rules}
            taken_back = take_back(journal, earned, progress, "debt", terms)
            moved, own = moved - taken_back.booked, taken_back.own
            give_back(sale.desk, progress.limits, (), sale.engine.value)
            for drawn in progress.unproven:
                give_back_unproven(sale.desk, sale.spender, drawn)
            sale.stamp(self.moment, self.day, sale.purchase.shop_id, getattr(self.ask, "reason", None))
        take_issued_back(sale.desk, progress, {})
        if sale.decision.coupons and not progress.returned.full:
            give_coupons_back(sale.desk, sale.purchase, sale.decision.coupons, progress.coupons)
        if (sale.decision.offers or progress.offers) and not progress.returned.full:
            give_offers_back(sale.desk, sale.purchase, sale.decision.offers, progress.offers)
        # What was lost to expiry was not given back: it stays with the sale, and a revival takes the rest.
        taken = used - sum(points for _, points in back.lost_draws)
        undone = Undone(
            sale.purchase.status, taken, progress.pending, progress.confirmed, progress.waiting,
            sum(points for _, points in progress.unproven),
            {rule: replace(x, lots=()) for rule, x in progress.apart.items()}, progress.limits, progress.coupons, own,
            progress.issued, sale.desk.act_id, progress.offers,
        )  # fmt: skip
        sale.progress = replace(
            sale.progress, hold=False, pending=0, confirmed=0, waiting=(), draws=back.lost_draws, owed=0, unproven=(),
            undone=undone, limits=(), coupons=(), issued=(), offers=(),
            apart={rule: Apart(lots=x.lots) for rule, x in progress.apart.items()},
        )  # fmt: skip
        sale.save(status="cancelled")
        sale.tell(
            "purchase.cancelled",
            moved,
            -undone.pending,
            occurred_at=self.moment,
            value=sale.purchase.total - sale.value_back,
        )


class RevivePurchase(OrderAct):
    """``POST /v1/purchases/{id}/revive``: as before the cancel; points are taken again first (rule 29)."""

    kind = "revive"
    spends = True

    def asked(self, desk: Desk) -> msgspec.Struct:
        return ReviveAsked(self.purchase_id, self.ask)  # type: ignore[arg-type] # by construction

    def change(self, sale: Sale) -> None:
        undone = sale.progress.undone
        if sale.purchase.status != "cancelled" or undone is None:
            raise PurchaseStatus("Only a cancelled sale can be revived.", sale.purchase.status)
        moved = 0
        if sale.decision.coupons and not sale.progress.returned.full:
            use_again(sale.desk, sale.decision.coupons, undone.coupons)
            use(sale.desk, sale.purchase, sale.decision.coupons, sale.purchase.shop_id)
        if (sale.decision.offers or undone.offers) and not sale.progress.returned.full:
            offers, drawn = take_again(sale.desk, sale.purchase, sale.decision.offers, undone.offers)
            sale.decision = replace(sale.decision, offers=offers)
            sale.progress = replace(sale.progress, offers=drawn)
        if sale.holder is not None:
            journal = sale.journal
            if undone.used:
                self.spend(sale, undone.used, undone.unproven)
                moved -= 0 if sale.progress.hold else undone.used
            undone = draw_again(sale, undone)
            if undone.pending:
                journal.provision(undone.pending)
            was = Progress(pending=undone.pending, confirmed=undone.confirmed, apart=undone.apart)
            for rule in was.rules:
                pending, confirmed, _ = msgspec.structs.astuple(was.of_rule(rule))
                lots = self._grant_again(sale, rule, confirmed, undone.own.get(rule, ()))
                moved += confirmed
                sale.progress = sale.progress.with_more(rule, pending, confirmed, lots)
            sale.stamp(self.moment, self.day, sale.purchase.shop_id)
        sale.progress = replace(
            sale.progress, waiting=undone.waiting, limits=undone.limits, coupons=undone.coupons, undone=None,
            issued=give_issued_again(sale.desk, undone, coupons_by_rule(sale.remaining)),
        )  # fmt: skip
        sale.save(status=undone.status, decision=stored(sale.decision))
        sale.tell(
            "purchase.revived",
            moved,
            undone.pending,
            occurred_at=self.moment,
            value=sale.purchase.total - sale.value_back,
        )

    def _grant_again(self, sale: Sale, rule: str, points: int, own: Draws) -> tuple[int, ...]:
        """Earned points come again with the dates that they had; gives their lots.

        What the cancel took from other lots, or is owed for, had the dates of those: where the sale's own are over
        by now it is granted as of today, so that nothing is lost by the two (rule 29).
        """
        journal, purchase_id, shares = sale.journal, sale.purchase.purchase_id, dict[int, int]()
        left = points
        for lot_id, each in own:
            shares[lot_id] = min(each, left)
            left -= shares[lot_id]
        lots = sale.progress.of_rule(rule).lots
        journal.need(lots)
        keep_up(self.context, journal, sale.desk.now, lots)
        if lots and journal.lots[lots[-1]].alive(sale.desk.today):
            shares[lots[-1]], left = shares.get(lots[-1], 0) + left, 0
        made = []
        for lot_id, each in shares.items():
            if each:
                journal.record(Like(lot_id))
                made.append(journal.earn(each, journal.terms_of(lot_id), purchase_id=purchase_id))
        if left:
            terms = terms_of(self.context, sale.engine.programme, sale.decision, rule, sale.desk.today)
            made.append(journal.earn(left, terms, purchase_id=purchase_id))
        return tuple(made)
