"""Points moved by hand: adjustments with a reason, and transfers between members."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from goen.actions.points.answers import MovementAnswer, TransferAnswer, balance, brief, encoded
from goen.actions.points.context import Context, idempotent, regular_terms
from goen.actions.points.proof import guard_spending
from goen.actions.points.record_purchase import tell_points
from goen.actions.till.act import Act, Decided, Key, Wants
from goen.actions.till.books import Found
from goen.actions.till.desk import Desk
from goen.actions.till.posting import Stamp
from goen.earning.expiry import limited_expires_on
from goen.identity.presented import Presented
from goen.ledger.journal import Journal
from goen.members.ids import public_id
from goen.purchases.ids import made
from goen.purchases.model import MemberRef
from goen.shops.model import Principal
from goen.vocabulary.fields import Text
from goen.vocabulary.refusal import InvalidRequest

replace = msgspec.structs.replace
Reason = Literal["goodwill", "correction", "migration", "promotion", "other"]
MAY_BE_NEGATIVE = ("correction", "migration")


class AdjustmentAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Points given or, for corrections and migrations, taken by hand. ``other`` needs a note."""

    member: MemberRef
    points: Annotated[int, Meta(gt=-(10**9), lt=10**9)]
    reason: Reason
    note: Text | None = None
    expires_on: date | None = None
    kind: Literal["regular", "limited"] = "regular"
    author: Text | None = None


class TransferAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Points that go from one member to another; their lots keep their dates."""

    sender: MemberRef = msgspec.field(name="from")
    receiver: MemberRef = msgspec.field(name="to")
    points: Annotated[int, Meta(ge=1, lt=10**9)]
    note: Text | None = None


class Adjust(Act):
    """``POST /v1/adjustments``, audited. ``owing``: what is no longer there becomes debt (undo of an import)."""

    kind = "adjustment"
    #: When the points were given where that was not today: an opening balance of another system.
    granted_on: date | None = None

    def __init__(
        self,
        ask: AdjustmentAsk,
        presented: Presented,
        key: Key,
        principal: Principal,
        context: Context,
        now: datetime,
        *,
        owing: bool = False,
    ) -> None:
        if not ask.points:
            raise InvalidRequest("points", "must not be zero")
        if ask.points < 0 and ask.reason not in MAY_BE_NEGATIVE:
            raise InvalidRequest("points", f"may be below zero for {' and '.join(MAY_BE_NEGATIVE)} only")
        if ask.reason == "other" and not (ask.note or "").strip():
            raise InvalidRequest("note", "is required where the reason is 'other'")
        if ask.points < 0 and ask.expires_on is not None:
            raise InvalidRequest("expires_on", "belongs to points given, not to points taken")
        self.context = context
        self.ask = ask
        self.presented = presented
        self.key = key
        self.owing = owing
        self.integration = principal.integration
        self.author = ask.author
        self.wants = Wants(members=(presented,), spends=ask.points < 0)
        self.token = presented.hash or presented.member_id

    def asked(self, desk: Desk) -> AdjustmentAsk:
        return replace(self.ask, member=desk.named(self.presented))

    def decide(self, desk: Desk) -> Decided:
        found, member = desk.find(self.presented)
        journal, ask = desk.journal(found.member_id), self.ask
        # Not before: a repeat of what was given in time is no mistake.
        if ask.expires_on is not None and ask.expires_on < desk.today:
            raise InvalidRequest("expires_on", "lies in the past")
        programme = self.context.engine_at(desk.now).programme
        terms = regular_terms(programme, self.granted_on or desk.today, f"adjustment:{ask.reason}")
        if ask.kind == "limited":
            terms = replace(terms, kind="limited", expires_on=limited_expires_on(programme, desk.today))
        if ask.expires_on is not None:
            terms = replace(terms, expires_on=ask.expires_on)
        if ask.points > 0:
            journal.earn(ask.points, terms, kind="adjust", source="adjusted")
        elif self.owing:
            journal.reverse(-ask.points, (), "debt", terms, kind="adjust")
        else:
            journal.redeem(-ask.points, kind="adjust", target="adjusted")
        booked = self.context.booked_on(desk.today, desk.today)
        desk.stamp(found.member_id, _by_hand(desk, found, booked, ask.reason))
        tell_points(desk, found.member_id, None, None, None, ask.points)
        adjustment_id = made("a", found.member_id, desk.act_id)
        desk.note(
            found.member_id,
            ask.author or self.integration,
            "points.adjusted",
            ask.reason,
            ask.note,
            {"points": ask.points, "kind": ask.kind, "adjustment_id": adjustment_id, "integration": self.integration},
        )
        answer = MovementAnswer(
            adjustment_id,
            brief(member),
            ask.points,
            ask.kind,
            ask.reason,
            desk.now,
            booked,
            terms.expires_on if ask.points > 0 else None,
            balance(journal),
        )
        return Decided(201, encoded(answer), adjustment_id, member_id=found.member_id)


class OpenBalance(Adjust):
    """An opening balance of an import: a lot with the dates that the former system gave and printed."""

    kind = "opening_balance"


class Transfer(Act):
    """``POST /v1/transfers``."""

    kind = "transfer"

    def __init__(
        self,
        ask: TransferAsk,
        sender: Presented,
        receiver: Presented,
        idempotency_key: str,
        principal: Principal,
        context: Context,
        now: datetime,
    ) -> None:
        self.context = context
        self.ask = ask
        self.sender, self.receiver = sender, receiver
        self.integration = principal.integration
        self.key = idempotent(principal.integration, idempotency_key, context, now)
        self.wants = Wants(members=(sender, receiver), spends=True)

    def asked(self, desk: Desk) -> TransferAsk:
        return replace(self.ask, sender=desk.named(self.sender), receiver=desk.named(self.receiver))

    def decide(self, desk: Desk) -> Decided:
        giver, giving = desk.find(self.sender)
        taker, taking = desk.find(self.receiver)
        if giver.member_id == taker.member_id:
            raise InvalidRequest("to", "is the same member")
        guard_spending(self.context.engine_at(desk.now).programme, giving, giver)
        points = self.ask.points
        given: Journal = desk.journal(giver.member_id)
        desk.journal(taker.member_id).receive(given.send(points))
        booked = self.context.booked_on(desk.today, desk.today)
        for found in (giver, taker):
            desk.stamp(found.member_id, _by_hand(desk, found, booked, None))
        tell_points(desk, giver.member_id, None, None, None, -points)
        tell_points(desk, taker.member_id, None, None, None, points)
        transfer_id = made("t", giver.member_id, desk.act_id)
        desk.note(
            giver.member_id,
            self.integration,
            "points.transferred",
            None,
            self.ask.note,
            {"points": points, "to": public_id(taker.member_id), "transfer_id": transfer_id},
        )
        answer = TransferAnswer(transfer_id, brief(giving), brief(taking), points, desk.now, booked, balance(given))
        return Decided(201, encoded(answer), transfer_id, member_id=giver.member_id)


def _by_hand(desk: Desk, found: Found, booked: date, reason: str | None) -> Stamp:
    return Stamp(desk.now, desk.today, booked, None, found.identifier_id, found.presented_id, None, reason)
