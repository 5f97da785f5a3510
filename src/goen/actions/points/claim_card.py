"""A paper card becomes digital: its printed balance moves to a member, and the card retires (rules 42, 46).

The till's key of this act is the card itself, kept for ever: a card is claimed once, whoever asks and
however many at once, and the same claim asked again is told its first answer. Neither request nor answer
carries the card's number, which is personal; they are kept.
"""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from goen.actions.members import paper_cards
from goen.actions.members.names import card_key, retired
from goen.actions.points.answers import Balance, MemberBrief, balance, brief, encoded
from goen.actions.points.context import Context, regular_terms
from goen.actions.points.errors import ClaimNotPossible
from goen.actions.points.record_purchase import tell_points
from goen.actions.till.act import Act, Answer, Decided, Wants
from goen.actions.till.books import Found, MemberFacts
from goen.actions.till.desk import Desk
from goen.actions.till.errors import Conflict
from goen.actions.till.posting import Stamp
from goen.actions.till.till import Till
from goen.database.pool import Database
from goen.earning.programme import Programme
from goen.identity.presented import Presented, presented
from goen.members.errors import UnknownMember
from goen.members.ids import member_id_of, public_id
from goen.purchases.ids import made
from goen.purchases.model import MemberRef
from goen.shops.model import Principal
from goen.vocabulary.fields import Points, Text
from goen.vocabulary.refusal import Forbidden, Refusal

#: The limit account of printed balances: per member, for ever.
CLAIMS, EVER = "card_claims", "ever"
REASON = "migration"
#: How often, and after how many seconds, a claim looks again whether another one of the same card is done.
LOOKS, PAUSE = 10, 0.05


class CardClaimAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A paper card, the member who brings it, and the balance printed on it.

    ``approved_by`` names who allowed a balance above the programme's ``joining.card_claim_max``; for ``server``
    keys.
    """

    card: Annotated[str, Meta(min_length=1, max_length=100)]
    member: MemberRef
    printed_balance: Points = 0
    approved_by: Text | None = None


class CardClaimAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """Canonical request of a claim; the card is its key."""

    member: MemberRef
    printed_balance: int
    approved_by: str | None = None


class CardClaimAnswer(msgspec.Struct, frozen=True):
    """What the card brought. ``moved``: points that the books already knew under a provisional member's card,
    which keep their dates; ``points``: the printed balance, granted under the programme's expiry."""

    id: str
    member: MemberBrief
    points: int
    moved: int
    expires_on: date | None
    recorded_at: datetime
    booked_on: date
    balance: Balance


class ClaimCard(Act):
    """``POST /v1/card_claims``."""

    kind = "card_claim"

    def __init__(
        self, ask: CardClaimAsk, member: Presented, card: Presented, principal: Principal, context: Context
    ) -> None:
        self.context = context
        self.ask = ask
        self.member = member
        self.card = card
        self.integration = principal.integration
        self.author = ask.approved_by
        self.key = card_key(card.normal)
        self.wants = Wants(members=(member, card), limits=((CLAIMS, EVER),), all_lots=True)
        self.token = card.hash

    def asked(self, desk: Desk) -> CardClaimAsked:
        return CardClaimAsked(desk.named(self.member), self.ask.printed_balance, self.ask.approved_by)

    def decide(self, desk: Desk) -> Decided:
        found, member = desk.find(self.member)
        programme = self.context.engine_at(desk.now).programme
        points = self.ask.printed_balance
        guard_balance(programme, self.ask)
        carried = self._carried(desk)
        moved = 0
        if carried is not None and carried[0].who != found.who:
            moved = self._empty(desk, found, *carried)
        terms = regular_terms(programme, desk.today, f"adjustment:{REASON}")
        journal = desk.journal(found.member_id)
        if points:
            ceiling = programme.joining.card_claims_per_member
            if desk.drawn(found.member_id, CLAIMS, EVER) >= ceiling:
                raise ClaimNotPossible("too_many_cards", f"A member brings {ceiling} printed cards at most.")
            desk.draw_limit(found.member_id, CLAIMS, EVER, 1, ceiling)
            journal.earn(points, terms, kind="adjust", source="adjusted")
        booked = self.context.booked_on(desk.today, desk.today)
        identifier = carried[0].identifier_id if carried is not None else None
        desk.stamp(
            found.member_id,
            Stamp(desk.now, desk.today, booked, None, identifier, found.presented_id, None, REASON),
        )
        if points + moved:
            tell_points(desk, found.member_id, None, None, None, points + moved)
        claim_id = made("k", found.member_id, desk.act_id)
        details = {"claim_id": claim_id, "points": points, "moved": moved, "approved_by": self.ask.approved_by}
        desk.note(found.presented_id, self.integration, "card.claimed", REASON, None, details)
        desk.tell(
            "card.claimed",
            found.member_id,
            None,
            {"claim_id": claim_id, "member_id": public_id(found.member_id), "points": points, "moved": moved},
        )
        answer = CardClaimAnswer(
            claim_id, brief(member), points, moved, terms.expires_on if points else None, desk.now, booked,
            balance(journal),
        )  # fmt: skip
        return Decided(201, encoded(answer), claim_id, member_id=found.member_id)

    def _carried(self, desk: Desk) -> tuple[Found, MemberFacts] | None:
        try:
            return desk.find(self.card)
        except UnknownMember:
            return None

    def _empty(self, desk: Desk, taker: Found, holder: Found, facts: MemberFacts) -> int:
        """The points of the provisional member behind the card go over with their dates; gives how many.

        :raises ClaimNotPossible: the card is a registered member's, or something of it is still open.
        """
        if facts.status != "provisional":
            raise ClaimNotPossible("card_of_another", "Another member carries this card.")
        if self.ask.printed_balance:
            raise ClaimNotPossible("balance_known", "The books know what is on this card; leave out printed_balance.")
        giver = desk.journal(holder.member_id)
        if giver.held or giver.pending or giver.debt:
            raise ClaimNotPossible("open_orders", "Orders, holds or debts of this card are open; end them first.")
        moved = max(giver.available, 0)
        if moved:
            desk.journal(taker.member_id).receive(giver.send(moved))
            tell_points(desk, holder.member_id, None, None, None, -moved)
        booked = self.context.booked_on(desk.today, desk.today)
        desk.stamp(
            holder.member_id,
            Stamp(desk.now, desk.today, booked, None, holder.identifier_id, holder.presented_id, None, REASON),
        )
        desk.note(holder.presented_id, self.integration, "card.claimed", REASON, None, {"moved": -moved})
        return moved


def guard_balance(programme: Programme, ask: CardClaimAsk) -> None:
    """Refuse more than the programme lets a printed card bring, unless somebody approved it.

    :raises ClaimNotPossible: with ``max``.
    """
    most = programme.joining.card_claim_max
    if ask.printed_balance > most and not ask.approved_by:
        raise ClaimNotPossible(
            "above_limit", f"A printed balance above {most} needs an approval (approved_by).", max=most
        )


async def claim_card(
    database: Database,
    till: Till,
    context: Context,
    ask: CardClaimAsk,
    member: Presented,
    member_id: int | None,
    principal: Principal,
    now: datetime,
    *,
    only_repeats: Refusal | None = None,
) -> Answer:
    """Claim a paper card for a member, once. ``member_id`` is the person that ``member`` names; ``only_repeats``
    says why the member may not be named by this for anything new.

    A card that nobody carries becomes the member's for the time of the claim, so that nobody else can take it
    meanwhile; once the points are booked it is nobody's again, for good. Whatever breaks in between, the same
    claim asked again carries on. Another claim of the card waits for the end of this one.

    :raises ClaimNotPossible: with ``reason``.
    :raises UnknownMember: and the member's other refusals.
    """
    if ask.approved_by is not None and principal.role != "server":
        raise Forbidden("Only a server key may say that a balance was approved.", role=principal.role)
    card = presented("card", ask.card, member_id_of=member_id_of, field="card")
    for _ in range(LOOKS):
        act = ClaimCard(ask, member, card, principal, context)
        act.only_repeats = only_repeats
        try:
            return await _claim(database, till, act, member_id, principal, now)
        except ClaimNotPossible as refusal:
            if refusal.fields["reason"] != "card_of_another" or not await paper_cards.in_motion(database, card, now):
                raise
            last = refusal
        await asyncio.sleep(PAUSE)
    raise last


async def _claim(
    database: Database, till: Till, act: ClaimCard, member_id: int | None, principal: Principal, now: datetime
) -> Answer:
    card = act.card
    async with database.reading() as connection:
        done = await retired(connection, card.normal)
    lent = None
    if not done and act.only_repeats is None:
        guard_balance(act.context.engine_at(now).programme, act.ask)
        if member_id is None:
            raise UnknownMember
        lent = await paper_cards.lend(database, member_id, card, act.ask.card, now)
    try:
        answer = await till.post(act)
    except Refusal as refusal:
        if lent is not None:
            await paper_cards.take_back(database, member_id or 0, lent, now)
        if isinstance(refusal, Conflict):
            raise ClaimNotPossible("already_claimed", "This card was claimed before.") from None
        raise
    today = act.context.day_of(now)
    await paper_cards.retire(database, card, member_id, principal.integration, now, today)
    return answer
