"""A recorded purchase on the desk: everything later acts on it read and change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

import msgspec

from goen.actions.points.answers import PurchaseAnswer, Warned, purchase_answer
from goen.actions.points.context import Context, grace_terms, keep_up, regular_terms
from goen.actions.points.errors import SpendingNotAllowed, UnknownPurchase
from goen.actions.points.issuing import still_issued
from goen.actions.points.progress import Progress, decision_of, progress_of, stored
from goen.actions.points.proof import guard_spending
from goen.actions.points.record_purchase import tell_points
from goen.actions.points.stamping import stamped
from goen.actions.points.tiers import Climbing
from goen.actions.till.act import Key
from goen.actions.till.books import MemberFacts
from goen.actions.till.desk import Desk
from goen.actions.till.posting import HoldState, PurchaseState, Stamp, stored_draws
from goen.earning.campaigns.remainder import Pinned
from goen.earning.decision import Award, Decision, Miss
from goen.earning.evaluate import Engine
from goen.earning.remainder import Returned, remaining
from goen.earning.tiers.measure import NOTHING, measured
from goen.earning.tiers.progress import TierProgress
from goen.ledger.journal import Journal
from goen.ledger.model import Draws, take
from goen.ledger.steps import About, Sold
from goen.members.ids import public_id
from goen.shops.model import Shop

replace = msgspec.structs.replace
#: Awards on top of the programme's own.
ADDED = ("campaign:", "coupon:")


class GivenBack(NamedTuple):
    """Used points given back: how many live again, how many are lost to expiry, per lot what returned; and the
    draws that were lost, which stay with the sale where it may be revived."""

    restored: int
    lost: int
    draws: Draws
    lost_draws: Draws


@dataclass
class Sale:
    """One purchase with its pinned decision and programme, its progress and its holder's books."""

    context: Context
    desk: Desk
    purchase: PurchaseState
    decision: Decision
    progress: Progress
    engine: Engine
    told: bool = False
    tiers: Sequence[TierProgress] = ()
    #: As it was before this act.
    found: tuple[PurchaseState, Decision, Progress] = field(init=False)

    @classmethod
    def of(cls, context: Context, desk: Desk, purchase_id: str | None, receipt: Key | None = None) -> Sale:
        """Find the purchase by id or receipt.

        :raises UnknownPurchase: there is none.
        """
        if purchase_id is None and receipt is not None:
            purchase_id = desk.receipt(receipt)
        purchase = None if purchase_id is None else desk.purchase(purchase_id)
        if purchase is None:
            raise UnknownPurchase
        decision = decision_of(purchase)
        engine = context.programmes.version(decision.version)
        _, shift = desk.holding(purchase)
        sale = cls(context, desk, purchase, decision, progress_of(purchase).moved(shift), engine)
        sale.found = purchase, decision, sale.progress
        return sale

    @property
    def campaigns(self) -> Pinned | None:
        """The campaigns that the decision names; None where there are none."""
        return self.context.campaigns.pinned(self.engine, self.decision)

    @property
    def remaining(self) -> tuple[Award, ...]:
        """The awards as returns have left them."""
        if not self.progress.returned.lines:
            return self.decision.awards
        return remaining(self.engine, self.decision, self.progress.returned, self.campaigns)

    def without(self, rule: str, miss: Miss) -> Decision:
        """The decision had a campaign not been applied: the programme's own awards come back, the others stay."""
        decision = self.decision
        others = tuple([each for each in decision.campaigns if f"campaign:{each.code}" != rule])
        kept = tuple([award for award in decision.awards if award.rule != rule])
        decision = replace(decision, campaigns=others, awards=kept)
        pinned = self.context.campaigns.pinned(self.engine, decision)
        own = [a for a in remaining(self.engine, decision, Returned(), pinned) if not a.rule.startswith(ADDED)]
        awards = (*own, *[award for award in kept if award.rule.startswith(ADDED)])
        back = {award.rule for award in own}
        misses = (*[each for each in decision.not_applied if each.rule not in back], miss)
        return replace(decision, awards=awards, not_applied=misses, earned=sum([award.points for award in awards]))

    @property
    def holder(self) -> int | None:
        """In whose books the sale's points are: its household's, its owner's, or after a merge the survivor's."""
        return self.desk.holding(self.purchase)[0]

    @property
    def member(self) -> MemberFacts | None:
        return None if self.holder is None else self.desk.facts(self.holder)

    @property
    def journal(self) -> Journal:
        """The holder's books; asked for only where there is a holder."""
        assert self.holder is not None
        journal = self.desk.journal(self.holder)
        if not self.told:
            self.told = True
            journal.record(Sold(self.purchase.purchase_id, self.progress.draws, self.progress.owed))
        return journal

    @property
    def shop(self) -> Shop:
        return self.context.shops.by_id(self.purchase.shop_id)

    @property
    def presented(self) -> int:
        """Who was presented with the sale; of a claimed one, who claimed it."""
        return self.purchase.owner or self.purchase.member_as_presented

    @property
    def spender(self) -> int:
        """By whose name points are spent for it: who was presented, or the household."""
        return self.purchase.pool_id or self.presented

    @property
    def person(self) -> int:
        """Which person that is by now: after a merge the survivor, a household's person itself."""
        return self.desk.place(self.presented)[0]

    @property
    def hold_id(self) -> str:
        """The hold of a placed order has the order's own number."""
        return self.purchase.purchase_id.replace("p_", "h_", 1)

    def take_points(self, points: int) -> None:
        """Take points for this sale, anew or more of them (rules 22, 29): held while it is an order of which
        nothing was shipped, else spent.

        :raises SpendingNotAllowed: the member is frozen or provisional, or may not spend the household's points.
        :raises SpendingBlocked: the member owes points.
        :raises NotEnoughPoints: fewer are available.
        """
        assert self.member is not None
        guard_spending(self.engine.programme, self.member)
        if (pool_id := self.purchase.pool_id) is not None and not self.desk.may_spend(self.presented, pool_id):
            raise SpendingNotAllowed("household")
        progress = self.progress
        if progress.hold or not (progress.draws or progress.owed or progress.shipped.lines or self.completed):
            self._hold_more(points)
            self.progress = replace(progress, hold=True)
        else:
            self.progress = replace(progress, draws=(*progress.draws, *self.journal.redeem(points)))

    def give_points(self, points: int) -> GivenBack:
        """Give used points back: those the order holds are freed, those spent return to the very lots they were
        drawn from (rules 21, 26)."""
        if self.progress.hold:
            return self._free(points)
        journal, programme = self.journal, self.engine.programme
        draws, owed, self.progress = self.progress.give_back(points)
        keep_up(self.context, journal, self.desk.now, [lot_id for lot_id, _ in draws])
        terms, grace = regular_terms(programme, journal.today), grace_terms(programme, journal.today)
        back = journal.refill(draws, grace, owed, terms)
        lost = tuple(draw for draw in draws if draw not in back.draws) if back.lost else ()
        return GivenBack(back.restored, back.lost, back.draws, lost)

    @property
    def completed(self) -> bool:
        """Whether the sale is, or was before it was cancelled, complete."""
        undone = self.progress.undone
        return (undone.status if undone else self.purchase.status) == "completed"

    def _hold_more(self, points: int) -> None:
        """Hold points beside those held, which may be past their day by now and are not let go."""
        hold = self.desk.hold(self.hold_id)
        self.journal.record(About(self.hold_id))
        draws = self.journal.hold(points)
        if hold is not None:
            held = hold.drawn if hold.status == "open" else ()
            draws, points = (*held, *draws), points + sum(n for _, n in held)
            self.desk.change_hold(hold._replace(status="open", draws=stored_draws(draws), points=points, captured=0))
            return
        assert self.holder is not None
        self.desk.add_hold(
            HoldState(
                self.holder, self.hold_id, self.purchase.shop_id, self.purchase.purchase_id,
                self.purchase.external_id, points, 0, "open", stored_draws(draws), self.desk.now, None,
                self.desk.act_id, self.purchase.identifier_id, self.presented,
            )
        )  # fmt: skip

    def _free(self, points: int) -> GivenBack:
        """Free the last ``points`` that the order holds, last drawn first; some may be past their day by now."""
        hold = self.desk.hold(self.hold_id)
        assert hold is not None, "a placed order has a hold"
        assert hold.status == "open", "a placed order's points are held"
        kept, freed = take(hold.drawn, hold.points - points)
        journal = self.journal
        journal.record(About(self.hold_id))
        journal.release(freed)
        if kept:
            self.desk.change_hold(hold._replace(draws=stored_draws(kept), points=hold.points - points))
        else:
            self.desk.change_hold(hold._replace(status="released"))
        self.progress = replace(self.progress, hold=bool(kept))
        alive = tuple((i, n) for i, n in freed if journal.lots[i].alive(journal.today))
        restored = sum(n for _, n in alive)
        return GivenBack(restored, points - restored, alive, ())

    def capture_hold(self) -> Draws:
        """A placed order's points are spent (rule 21)."""
        hold = self.desk.hold(self.hold_id)
        assert hold is not None, "a placed order has a hold"
        assert hold.status == "open", "a placed order's points are held"
        self.journal.record(About(self.hold_id))
        draws = self.journal.capture(hold.drawn, hold.points)
        self.desk.change_hold(hold._replace(status="captured", captured=hold.points))
        return draws

    def still_issued(self) -> None:
        """Coupons of kinds that are not issued any more fall out of the decision."""
        decision, limits = still_issued(self.context, self.desk, self.decision, self.progress.limits, self.engine.value)
        self.decision, self.progress = decision, replace(self.progress, limits=limits)

    def stamp(self, moment: datetime, day: date, shop_id: int, reason: str | None = None) -> None:
        """The holder's entries of this act."""
        if self.holder is None:
            return
        self.desk.stamp(
            self.holder,
            Stamp(
                moment,
                day,
                self.context.booked_on(day, self.desk.today),
                shop_id,
                self.purchase.identifier_id,
                self.presented,
                self.purchase.purchase_id,
                reason,
            ),
        )

    def save(self, **changes: Any) -> None:
        """Keep progress, decision and the given columns."""
        _, shift = self.desk.holding(self.purchase)
        _, decision, progress = self.found
        if progress.limits or self.progress.limits:
            stamped(
                self.context, self.desk, self.purchase, (decision, self.decision), progress.limits, self.progress.limits
            )  # fmt: skip
        self.purchase = self.purchase._replace(
            progress=stored(self.progress.moved(-shift)), confirms_on=self.progress.next_confirmation, **changes
        )
        self.desk.change_purchase(self.purchase)
        if (climbing := Climbing.at(self.context, self.desk.now)) is not None:
            self._climb(climbing)

    def _climb(self, climbing: Climbing) -> None:
        """What the sale counts for tiers follows what became of it (rule 31)."""
        if self.purchase.owner in (None, self.purchase.pool_id):
            return  # A guest's, or a household's claimed one: nobody's own.
        first, decision, progress = self.found
        was = NOTHING
        if first.owner == self.purchase.owner:
            was = measured(decision, progress.returned, progress.confirmed, first.status)
        counts = measured(self.decision, self.progress.returned, self.progress.confirmed, self.purchase.status)
        if was != NOTHING or counts != NOTHING:
            self.tiers = climbing.take_in(self.desk, self.person, self.purchase, counts, was)

    def answer(self, warnings: tuple[Warned, ...] = ()) -> PurchaseAnswer:
        """The purchase as it stands after this act."""
        member = self.member
        if self.tiers and member is not None:
            member = member._replace(tier=self.tiers[0].code)
        return purchase_answer(
            self.context,
            self.purchase,
            self.decision,
            now=self.desk.now,
            member=member,
            journal=None if self.holder is None else self.journal,
            earned=self.progress.confirmed,
            pending=self.progress.pending,
            warnings=warnings,
            issued=[code for _, code in self.progress.issued],
            tiers=self.tiers,
            returned=self.progress.returned,
        )

    @property
    def value_back(self) -> int:
        """What came back so far, at what it was charged: money and points alike."""
        returned = self.progress.returned
        return returned.money + self.engine.value.worth(returned.used)

    def tell(self, topic: str, points: int, pending: int, /, **more: Any) -> None:
        """The act's events: what happened to the purchase, and how the balance moved."""
        shop = self.shop
        self.desk.tell(
            topic,
            self.holder or self.purchase.member_id,
            shop.shop_id,
            {
                "purchase_id": self.purchase.purchase_id,
                "external_id": self.purchase.external_id,
                "shop": shop.code,
                "member_id": None if self.holder is None else public_id(self.holder),
                "status": self.purchase.status,
                **more,
            },
        )
        if self.holder is not None and (points or pending):
            tell_points(
                self.desk, self.holder, shop, self.purchase.purchase_id, self.purchase.external_id, points, pending
            )
