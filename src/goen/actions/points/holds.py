"""Points set aside for a checkout: held, then captured or released, once (rules 21 and 22)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from goen.actions.points.answers import HoldAnswer, balance, brief, encoded
from goen.actions.points.context import Context, slide
from goen.actions.points.errors import UnknownHold
from goen.actions.points.keyed import KeyedAct, SpendingAct
from goen.actions.points.proof import Proven, give_back_noted, guard_spending, note_unproven
from goen.actions.points.record_purchase import tell_points
from goen.actions.till.act import Decided, Wants
from goen.actions.till.desk import Desk, Freed
from goen.actions.till.posting import HoldState, Stamp, stored_draws
from goen.identity.presented import Presented
from goen.ledger.errors import HoldState as HoldEnded
from goen.ledger.journal import Journal
from goen.ledger.steps import About
from goen.members.ids import public_id
from goen.purchases.ids import made
from goen.purchases.model import MemberRef, Proof
from goen.shops.model import Principal, Shop
from goen.vocabulary.fields import Text
from goen.vocabulary.refusal import InvalidRequest

#: A checkout may take a while; a hold longer than this is an order.
LONGEST_SECONDS = 30 * 24 * 3600


class HoldAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Points to set aside for ``expires_in`` seconds."""

    member: MemberRef
    points: Annotated[int, Meta(ge=1, lt=10**9)]
    shop: Text
    expires_in: Annotated[int, Meta(ge=1, le=LONGEST_SECONDS)]
    reference: Text | None = None
    proof: Proof | None = None


class CaptureAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How much of the hold is spent; all of it where left out. The rest is freed."""

    points: Annotated[int, Meta(ge=1, lt=10**9)] | None = None


class EndAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """Canonical request of a capture or release."""

    hold: str
    points: int | None = None


class PlaceHold(SpendingAct):
    """``POST /v1/holds``."""

    kind = "hold"

    def __init__(
        self,
        ask: HoldAsk,
        shop: Shop,
        presented: Presented,
        idempotency_key: str,
        principal: Principal,
        context: Context,
        now: datetime,
        *,
        proven: Proven,
    ) -> None:
        super().__init__(presented, idempotency_key, principal, context, now, proven)
        self.shop = shop
        self.ask = msgspec.structs.replace(ask, proof=None)
        limits = self.permit.limits(context.day_of(now))
        self.wants = Wants(members=(presented,), limits=limits, spends=True)

    def asked(self, desk: Desk) -> HoldAsk:
        return msgspec.structs.replace(self.ask, member=desk.named(self.presented))

    def decide(self, desk: Desk) -> Decided:
        found, member = desk.find(self.presented)
        programme = self.context.engine_at(desk.now).programme
        guard_spending(programme, member, found)
        journal = desk.journal(found.member_id)
        points = self.ask.points
        hold_id = made("h", found.member_id, journal.number())
        journal.record(About(hold_id))
        draws = journal.hold(points)
        note_unproven(desk, found.member_id, hold_id, self.permit.draw(desk, programme, found, points))
        expires_at = desk.now + timedelta(seconds=self.ask.expires_in)
        hold = HoldState(
            found.member_id, hold_id, self.shop.shop_id, None, self.ask.reference, points, 0, "open",
            stored_draws(draws), desk.now, expires_at, desk.act_id, found.identifier_id, found.presented_id,
        )  # fmt: skip
        desk.add_hold(hold)
        tell_hold(desk, hold, self.shop)
        answer = hold_answer(self.context, desk, hold, journal)
        return Decided(201, encoded(answer), hold_id, member_id=found.member_id)


class EndHold(KeyedAct):
    """Base of capture and release: a hold ends once."""

    def __init__(
        self,
        hold_id: str,
        points: int | None,
        idempotency_key: str,
        principal: Principal,
        context: Context,
        now: datetime,
    ) -> None:
        super().__init__(idempotency_key, principal, context, now)
        self.hold_id = hold_id
        self.points = points
        self.wants = Wants(holds=(hold_id,), spends=True)

    def asked(self, desk: Desk) -> EndAsked:
        return EndAsked(self.hold_id, self.points)

    def decide(self, desk: Desk) -> Decided:
        hold = desk.hold(self.hold_id)
        if hold is None:
            raise UnknownHold
        self.principal.guard_shop(hold.shop_id)
        # Opening the books frees holds that have run out, this one perhaps among them.
        journal = desk.journal(desk.place(hold.member_id)[0])
        hold = desk.hold(self.hold_id)
        assert hold is not None
        if hold.status != "open":
            raise HoldEnded(hold.status)
        if hold.purchase_id is not None:
            raise HoldEnded("part of an order; complete or cancel the order")
        journal.record(About(self.hold_id))
        hold = self.end(desk, hold, journal)
        day, rest = self.context.day_of(hold.created_at), hold.points - hold.captured
        give_back_noted(desk, spender_of(desk, hold), hold.member_id, hold.hold_id, day, rest)
        desk.change_hold(hold)
        tell_hold(desk, hold, self.context.shops.by_id(hold.shop_id))
        return Decided(
            200, encoded(hold_answer(self.context, desk, hold, journal)), self.hold_id, member_id=hold.member_id
        )

    def end(self, desk: Desk, hold: HoldState, journal: Journal) -> HoldState:
        """The hold as it ends."""
        raise NotImplementedError  # pragma: no cover - abstract


class CaptureHold(EndHold):
    """``POST /v1/holds/{id}/capture``: spend what was held, or less; the rest is freed in the same act."""

    kind = "capture"

    def end(self, desk: Desk, hold: HoldState, journal: Journal) -> HoldState:
        points = hold.points if self.points is None else self.points
        if points > hold.points:
            raise InvalidRequest("points", f"is more than the hold's {hold.points} points")
        journal.capture(hold.drawn, points)
        slide(self.context, self.context.engine_at(desk.now).programme, journal, "use", desk.today)
        booked = self.context.booked_on(desk.today, desk.today)
        desk.stamp(
            hold.member_id,
            Stamp(
                desk.now, desk.today, booked, hold.shop_id, hold.identifier_id, hold.member_as_presented, None,
                hold.reference,
            ),
        )  # fmt: skip
        tell_points(desk, hold.member_id, self.context.shops.by_id(hold.shop_id), None, hold.reference, -points)
        return hold._replace(status="captured", captured=points)


class ReleaseHold(EndHold):
    """``POST /v1/holds/{id}/release``: nothing was bought; the points are free again."""

    kind = "release"

    def end(self, desk: Desk, hold: HoldState, journal: Journal) -> HoldState:
        journal.release(hold.drawn)
        return hold._replace(status="released")


def hold_answer(context: Context, desk: Desk, hold: HoldState, journal: Journal) -> HoldAnswer:
    """A hold as answered."""
    return HoldAnswer(
        hold.hold_id,
        hold.status,
        context.shops.by_id(hold.shop_id).code,
        hold.reference,
        hold.points,
        hold.captured,
        hold.expires_at,
        brief(desk.facts(hold.member_id)),
        balance(journal),
    )


def tells_of(context: Context) -> Freed:
    """Tells of holds that had run out when an act came upon them; what a till's has drawn today can be spent again."""

    def freed(desk: Desk, hold: HoldState) -> None:
        shop, day = context.shops.by_id(hold.shop_id), context.day_of(hold.created_at)
        if (
            day == desk.today and shop.kind == "store"
        ):  # A web shop vouches for its members; a day that is over is over.
            give_back_noted(desk, spender_of(desk, hold), hold.member_id, hold.hold_id, day, hold.points)
        tell_hold(desk, hold, shop)

    return freed


def spender_of(desk: Desk, hold: HoldState) -> int:
    """By whose name a hold drew: who was presented, or the household."""
    presented = hold.member_as_presented
    return presented if desk.place(presented)[0] == hold.member_id else hold.member_id


def tell_hold(desk: Desk, hold: HoldState, shop: Shop) -> None:
    """``hold.created``, ``hold.captured``, ``hold.released``, ``hold.expired``."""
    topic = "hold.created" if hold.status == "open" else f"hold.{hold.status}"
    desk.tell(
        topic,
        hold.member_id,
        hold.shop_id,
        {
            "hold_id": hold.hold_id,
            "member_id": public_id(hold.member_id),
            "shop": shop.code,
            "points": hold.points,
            "captured": hold.captured,
            "reference": hold.reference,
        },
    )
