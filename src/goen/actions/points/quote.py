"""What would this sale do? The very act, decided on what is there now, and nothing written.

A quote is refused where the act would be. It takes no key, uses up no token, and promises nothing: the
balance may be another one when the sale comes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from goen.actions.points.answers import (
    Balance,
    CouponsAnswer,
    MemberBrief,
    NotApplied,
    OfferAnswer,
    PurchaseAnswer,
    PurchasePoints,
    Warned,
    encoded,
    not_applied,
    offers_answer,
)
from goen.actions.points.context import Context
from goen.actions.points.errors import SpendingNotAllowed
from goen.actions.points.holds import tells_of
from goen.actions.points.proof import Proven, guard_spending
from goen.actions.points.record_purchase import RecordPurchase
from goen.actions.till.act import Decided
from goen.actions.till.books import Books, Found, MemberFacts
from goen.actions.till.desk import Desk
from goen.actions.till.facts import FactsNotLoaded
from goen.actions.till.posting import PurchaseState, Rows
from goen.database.coalescer import Coalescer
from goen.database.pool import Database, Reading
from goen.earning.campaigns.hidden import Closed
from goen.earning.campaigns.offers import Taken
from goen.earning.decision import Decision, Facts, Miss
from goen.earning.quote import NextAward, Usable, next_awards, usable_points
from goen.earning.tiers.progress import TierProgress
from goen.identity.presented import Presented
from goen.ledger.errors import LotsNotLoaded
from goen.purchases.model import Purchase
from goen.shops.model import Principal, Shop
from goen.vocabulary.clock import Clock
from goen.vocabulary.refusal import InvalidRequest, Refusal

#: How far ahead a dry run may look.
AHEAD = timedelta(days=3660)


class Quote(Purchase, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A sale as it would be sent. ``at``: as if it happened then, under the programme of that time."""

    external_id: Annotated[str, Meta(max_length=500)] = ""
    at: datetime | None = None


class QuoteAnswer(msgspec.Struct, frozen=True):
    """What the sale would be answered, without ids. ``balance`` is what it would leave.

    ``usable``: the points that this sale may use, with what the member has. ``next``: what a little more money
    would earn, nearest first. ``tiers``: where the member would stand, and what would be missing to the next tier.
    """

    shop: str
    status: str
    booked_on: date
    currency: str
    member: MemberBrief | None
    total: int
    payable: int
    points: PurchasePoints
    coupons: CouponsAnswer
    balance: Balance | None
    receipt: Sequence[str]
    warnings: Sequence[Warned]
    usable: Usable
    next: Sequence[NextAward]
    tiers: Sequence[TierProgress] | UnsetType = UNSET
    offers: Sequence[OfferAnswer] | UnsetType = UNSET
    available: Sequence[OfferAnswer] | UnsetType = UNSET
    not_available: Sequence[NotApplied] | UnsetType = UNSET


class QuotePurchase(RecordPurchase):
    """``POST /v1/quotes``: :class:`RecordPurchase` on a desk whose draft is thrown away."""

    kind = "quote"
    shows_offers = True

    def __init__(
        self,
        ask: Quote,
        shop: Shop,
        presented: Presented | None,
        principal: Principal,
        context: Context,
        *,
        proven: Proven,
        now: datetime,
        unfit: Refusal | None = None,
    ) -> None:
        """Raises InvalidRequest for impossible dates."""
        self.at = None if ask.at is None else _moment(ask.at, now)
        if self.at is not None:
            ask = msgspec.structs.replace(ask, occurred_at=self.at, business_date=None)
        super().__init__(ask, shop, presented, principal, context, proven=proven, now=self.at or now, unfit=unfit)
        self._available = 0
        self._could: tuple[list[Taken], list[Miss]] = [], []

    def decide(self, desk: Desk) -> Decided:
        if self.presented is not None:
            found, _ = self._member(desk)
            if found is not None and self._may_spend(*found):
                self._available = desk.journal(found[0].member_id).available
        return super().decide(desk)

    def _may_spend(self, found: Found, member: MemberFacts) -> bool:
        try:
            guard_spending(self.programme_engine.programme, member, found)
        except SpendingNotAllowed:
            return False
        return True

    def body(self, answer: PurchaseAnswer, decision: Decision) -> bytes:
        engine = self.programme_engine
        return encoded(
            QuoteAnswer(
                answer.shop,
                answer.status,
                answer.booked_on,
                answer.currency,
                answer.member,
                answer.total,
                answer.payable,
                answer.points,
                answer.coupons,
                answer.balance,
                answer.receipt,
                answer.warnings,
                usable_points(engine, decision, self._available),
                next_awards(engine, decision),
                answer.tiers,
                answer.offers,
                self._told_offers(decision),
                self._told_misses(),
            )
        )

    def _look_at(self, desk: Desk, where: Found | None, facts: Facts) -> None:
        assert self.offers is not None, "a quote looks at them"
        self._could = self.offers.available(desk, where, facts)

    def _refuse(self, closed: Sequence[Closed]) -> None:
        """Asked, it is told among what is not available; the order itself is refused."""

    def _told_offers(self, decision: Decision) -> Sequence[OfferAnswer] | UnsetType:
        rates = {share.line: share.tax_rate for share in decision.lines}
        used = [each.used for each in self._could[0]]
        return offers_answer(self.context, used, rates, self.programme_engine.programme.language) or UNSET

    def _told_misses(self) -> Sequence[NotApplied] | UnsetType:
        programme = self.programme_engine.programme
        names = self.context.campaigns.names(programme.language)
        # Their amounts are with tax, as coupons' are.
        told = [*[each.miss for each in self.closed], *self._could[1]]
        misses = not_applied(told, programme.language, self.context.currency, names, "tax_included")
        return misses or UNSET

    def _shown(self, issued: Sequence[tuple[str, str]]) -> list[str]:
        """A quote issues nothing; how many the sale would is told by its breakdown."""
        return []

    def _tell(self, desk: Desk, purchase: PurchaseState, member_id: int, earned: int, pending: int, used: int) -> None:
        """Nothing happened that others would hear of."""


class Quotes:
    """Quotes of one process. Those that arrive together are decided on what one reading saw."""

    def __init__(self, database: Database, clock: Clock, context: Context) -> None:
        self._database = database
        self._clock = clock
        self._context = context
        self._asked: Coalescer[QuotePurchase, bytes] = Coalescer(self._decided)

    async def quote(self, act: QuotePurchase) -> bytes:
        """The body of the answer. Raises what the act would be refused with."""
        return await self._asked.ask(act)

    async def _decided(self, acts: Sequence[QuotePurchase]) -> list[bytes | Exception]:
        now = self._clock.now()
        outcomes: dict[int, bytes | Exception] = {}
        moments = {act.at for act in acts}
        async with self._database.snapshot() as connection:
            for at in moments:
                together = [act for act in acts if act.at == at]
                books = Books(at or now, self._context.day_of(at or now))
                await books.read(connection, together, ())
                for act in together:
                    outcomes[id(act)] = await self._decide(connection, act, books)
        return [outcomes[id(act)] for act in acts]

    async def _decide(self, connection: Reading, act: QuotePurchase, books: Books) -> bytes | Exception:
        if act.only_repeats is not None:
            return act.only_repeats
        while True:
            try:
                return act.decide(Desk(books, Rows(), 0, tells_of(self._context))).body
            except LotsNotLoaded as wanted:
                await books.load_lots(connection, wanted.member_id, wanted.lot_ids)
            except FactsNotLoaded as wanted:
                await books.load_facts(connection, wanted)
            except Exception as outcome:
                return outcome


def _moment(at: datetime, now: datetime) -> datetime:
    if at.tzinfo is None:
        raise InvalidRequest("at", "needs an offset, such as +09:00")
    # Compared before any conversion: the ends of the calendar cannot be converted.
    if not 1970 < at.year <= (now + AHEAD).year or at > now + AHEAD:
        raise InvalidRequest("at", "is out of range")
    return at
