"""Points pay for a sale: spent, held for an order, taken from a hold, or owed by a till that was off line."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import msgspec

from goen.actions.points.answers import Warned
from goen.actions.points.context import Context, regular_terms, slide
from goen.actions.points.errors import UnknownHold
from goen.actions.points.progress import Progress
from goen.actions.points.proof import Permit, give_back_noted, guard_spending
from goen.actions.till.books import Found, MemberFacts
from goen.actions.till.desk import Desk
from goen.actions.till.posting import HoldState, stored_draws
from goen.earning.programme import Programme
from goen.ledger.errors import HoldState as HoldEnded
from goen.ledger.journal import Journal
from goen.ledger.model import Draws
from goen.ledger.steps import About
from goen.purchases.model import Purchase
from goen.shops.model import Shop
from goen.vocabulary.refusal import InvalidRequest

replace = msgspec.structs.replace


class Paying(NamedTuple):
    """How a sale's used points are taken. ``day``: its trading day."""

    context: Context
    ask: Purchase
    shop: Shop
    day: date
    permit: Permit

    def pay(
        self,
        desk: Desk,
        journal: Journal,
        where: Found,
        member: MemberFacts,
        programme: Programme,
        points: int,
        progress: Progress,
        purchase_id: str,
        warnings: list[Warned],
    ) -> Progress:
        """Take ``points`` for the sale, of a hold first; what is odd about it goes to ``warnings``.

        :raises NotEnoughPoints: and whatever else forbids spending, unless the sale has happened already.
        """
        if points:
            slide(self.context, programme, journal, "use", self.day)
            if not self.ask.offline:
                guard_spending(programme, member, where)
        draws = self._capture(desk, journal, where, points) if self.ask.hold else ()
        progress = replace(progress, draws=draws)
        points -= sum(each for _, each in draws)
        if not points:
            return progress
        if self.ask.offline:
            terms = regular_terms(programme, desk.today, "offline")
            more, owed = journal.redeem_anyway(points, terms)
            if owed:
                warnings.append(
                    Warned("points_owed", f"{owed} of the {points} points used were not available; they are owed now.")
                )
            return replace(progress, draws=(*draws, *more), owed=owed)
        if (drawn := self.permit.draw(desk, programme, where, points)) is not None:
            progress = replace(progress, unproven=(drawn,))
        if self.ask.status == "placed":
            hold_id = purchase_id.replace("p_", "h_", 1)
            journal.record(About(hold_id))
            draws = journal.hold(points)
            desk.add_hold(
                HoldState(
                    journal.member_id, hold_id, self.shop.shop_id, purchase_id, self.ask.external_id, points, 0,
                    "open", stored_draws(draws), desk.now, None, desk.act_id, where.identifier_id, where.presented_id,
                )
            )  # fmt: skip
            return replace(progress, hold=True)
        return replace(progress, draws=journal.redeem(points))

    def _capture(self, desk: Desk, journal: Journal, where: Found, points: int) -> Draws:
        """Points set aside at checkout pay for the sale; what is left of the hold is freed (rule 21). One of
        another member, or to a shop's own key of another shop, is as if there were none: what proved it there proves
        nothing here (rule 43).

        An offline sale has happened already: it takes what the hold still has, and the rest without it.
        """
        hold, offline = desk.hold(self.ask.hold or ""), self.ask.offline
        ours = hold is not None and (hold.shop_id == self.shop.shop_id or self.permit.any_shop)
        if hold is None or not ours or desk.place(hold.member_id)[0] != journal.member_id:
            if offline:
                return ()
            raise UnknownHold
        if hold.status != "open" or hold.purchase_id is not None:
            if offline:
                return ()
            raise HoldEnded(hold.status)
        if points > hold.points and not offline:
            raise InvalidRequest("use_points", f"is more than the hold's {hold.points} points")
        if self.ask.status == "placed" and not offline:
            raise InvalidRequest("hold", "a placed order holds its points itself; release the hold first")
        captured = min(points, hold.points)
        journal.record(About(hold.hold_id))
        draws = journal.capture(hold.drawn, captured)
        desk.change_hold(hold._replace(status="captured" if captured else "released", captured=captured))
        if captured < hold.points:
            day = self.context.day_of(hold.created_at)
            give_back_noted(desk, where.owner, hold.member_id, hold.hold_id, day, hold.points - captured)
        return draws
