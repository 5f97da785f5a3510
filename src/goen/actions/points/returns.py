"""Returns: goods come back, with the sale or without it (rules 24 to 28, 30).

What a return is worth follows from what remains under the pinned programme and facts: the refund in money
first, points used restored to the very lots, points earned taken back from the sale's own lot first.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

from goen.actions.points.answers import (
    LotBack,
    Refund,
    ReturnAnswer,
    ReturnPoints,
    Warned,
    balance,
    brief,
    encoded,
)
from goen.actions.points.context import Context, regular_terms
from goen.actions.points.coupons import give_back as give_coupons_back
from goen.actions.points.drawn import give_back
from goen.actions.points.errors import PurchaseStatus
from goen.actions.points.granting import take_back
from goen.actions.points.issuing import coupons_by_rule
from goen.actions.points.issuing import take_back as take_issued_back
from goen.actions.points.offers import give_back as give_offers_back
from goen.actions.points.progress import REGULAR, stored
from goen.actions.points.record_purchase import receipt_key, tell_points
from goen.actions.points.sale import GivenBack, Sale
from goen.actions.till.act import Act, Decided, Wants, key_of
from goen.actions.till.books import MemberFacts
from goen.actions.till.desk import Desk
from goen.actions.till.posting import ReturnRow, Stamp
from goen.earning import words
from goen.earning.decision import Facts
from goen.earning.remainder import Return, ReturnLine, UnlinkedLine, hand_back, unlinked
from goen.identity.presented import Presented
from goen.ledger.journal import Journal
from goen.purchases.ids import made
from goen.purchases.model import MemberRef
from goen.shops.model import Principal, Shop
from goen.vocabulary.fields import Money, Quantity, TaxRate, Text
from goen.vocabulary.refusal import InvalidRequest

replace = msgspec.structs.replace


class ReturnedLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A returned line. ``amount`` where it is not the quantity's share of the price; without the sale it is
    required, with the line's tax rate and category."""

    line: Annotated[int, Meta(ge=1, le=10**6)]
    quantity: Quantity = Decimal(1)
    amount: Money | None = None
    tax_rate: TaxRate = Decimal(10)
    tax_included: bool = True
    category: Text | None = None
    points: bool = True


class PurchaseRef(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The sale that a return belongs to: by id, or by shop and receipt number."""

    id: Text | None = None
    shop: Text | None = None
    external_id: Text | None = None


class ReturnAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A return as a till sends it. ``shop`` is where the goods came back (default: the sale's)."""

    external_id: Annotated[str, Meta(min_length=1, max_length=500)]
    occurred_at: datetime
    lines: Annotated[tuple[ReturnedLine, ...], Meta(min_length=1, max_length=1000)]
    shop: Text | None = None
    business_date: date | None = None
    terminal: Text | None = None
    staff: Text | None = None
    reason: Text | None = None


class AnyReturnAsk(ReturnAsk, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """``POST /v1/returns``: ``purchase`` is null for a return without its sale; then ``member`` may be named."""

    purchase: PurchaseRef | None = None
    member: MemberRef | None = None


class ReturnGoods(Act):
    """A return of one sale's lines, or an unlinked one."""

    kind = "return"

    def __init__(
        self,
        ask: AnyReturnAsk,
        shop: Shop,
        principal: Principal,
        context: Context,
        now: datetime,
        *,
        sold_at: Shop | None,
        presented: Presented | None = None,
    ) -> None:
        """``shop``: where the goods came back. ``sold_at``: the shop of a sale known by receipt."""
        self.context = context
        self.shop = shop
        self.presented = presented
        self.moment = context.moment(ask.occurred_at, now)
        self.business_date = context.trading_day(ask.business_date, self.moment)
        self.ask = replace(ask, occurred_at=self.moment, shop=shop.code, member=None)
        self.key = key_of(f"shop:{shop.shop_id}", "return", ask.external_id)
        self.integration = principal.integration
        self.author = ask.staff
        ref = ask.purchase
        self.receipt = (
            receipt_key(sold_at.shop_id, ref.external_id)
            if ref and sold_at and ref.external_id and not ref.id
            else None
        )
        self.wants = Wants(
            members=(presented,) if presented else (),
            purchases=(ref.id,) if ref and ref.id else (),
            receipts=(self.receipt,) if self.receipt else (),
            all_lots=True,
        )

    def asked(self, desk: Desk) -> AnyReturnAsk:
        if self.presented is None:
            return self.ask
        return replace(self.ask, member=desk.named(self.presented))

    def decide(self, desk: Desk) -> Decided:
        if self.ask.purchase is None:
            return self._unlinked(desk)
        sale = Sale.of(self.context, desk, self.ask.purchase.id, self.receipt)
        if sale.purchase.status == "cancelled":
            raise PurchaseStatus("The sale was cancelled; there is nothing left to return.", "cancelled")
        parts = [ReturnLine(x.line, x.quantity, x.amount) for x in self.ask.lines]
        back = hand_back(sale.engine, sale.decision, sale.progress.returned, parts, sale.campaigns)
        money, points = back.money, NO_POINTS
        if sale.holder is not None:
            points, unpaid = self._move(sale, back)
            # Rule 28 b: points already spent come off the refund, as far as it reaches.
            money = max(0, money - sale.engine.value.worth(unpaid))
        before = sale.value_back
        if sale.decision.coupons and back.state.full and not sale.progress.returned.full:
            # A part that stays was bought with the coupon's help; only with all of it the coupon comes back.
            give_coupons_back(desk, sale.purchase, sale.decision.coupons, sale.progress.coupons)
            sale.progress = replace(sale.progress, coupons=())
        offered = sale.decision.offers or sale.progress.offers
        if offered and back.state.full and not sale.progress.returned.full:
            give_offers_back(desk, sale.purchase, sale.decision.offers, sale.progress.offers)
            sale.progress = replace(sale.progress, offers=())
        sale.progress = replace(sale.progress, returned=back.state)
        sale.stamp(self.moment, self.business_date, self.shop.shop_id)
        sale.save()
        sale.tell(
            "purchase.returned",
            points.used_restored - points.earned_reversed,
            -points.pending_reversed,
            return_shop=self.shop.code,
            return_external_id=self.ask.external_id,
            refund=money,
            value=sale.value_back - before,
            occurred_at=self.moment,
        )
        home = sale.holder or sale.purchase.member_id
        journal = sale.journal if sale.holder is not None else None
        return self._document(
            desk, home, sale.purchase.purchase_id, sale.member, journal, money, points, sale.presented
        )

    def _move(self, sale: Sale, returned: Return) -> tuple[ReturnPoints, int]:
        """Used points back first, then earned ones taken; also how many could not be taken (rule 28 b)."""
        used = returned.used
        journal, programme = sale.journal, sale.engine.programme
        terms = regular_terms(programme, self.desk_day(sale))
        back = sale.give_points(used) if used else GivenBack(0, 0, (), ())
        lots = [LotBack(points, journal.lots[lot_id].expires_on) for lot_id, points in back.draws]
        points = {REGULAR: returned.earned - sum(returned.apart.values()), **returned.apart}
        taken = take_back(journal, points, sale.progress, programme.returns.shortage, terms)
        progress = taken.progress
        if progress.limits:
            # A limit that an award has shrunk from has it again.
            limits = give_back(sale.desk, progress.limits, returned.awards, sale.engine.value)
            progress = replace(progress, limits=limits)
        if progress.issued:
            progress = take_issued_back(sale.desk, progress, coupons_by_rule(returned.awards))
        sale.progress = progress
        told = ReturnPoints(taken.booked, taken.voided, back.restored, back.lost, taken.shortage, lots)
        return told, taken.unpaid

    def desk_day(self, sale: Sale) -> date:
        return min(self.business_date, sale.desk.today)

    def _unlinked(self, desk: Desk) -> Decided:
        """A return whose sale nobody knows, valued at the member's usual rate (rule 24)."""
        engine = self.context.engine_at(self.moment)
        lines = []
        for i, line in enumerate(self.ask.lines):
            if line.amount is None:
                raise InvalidRequest(f"lines.{i}.amount", "is required where the sale is not named")
            lines.append(
                UnlinkedLine(
                    line.line, line.amount, line.quantity, line.tax_rate, line.tax_included, line.category, line.points
                )
            )
        warned = [Warned("unlinked", "この返品は元の売上に紐づいていません。")]
        if self.presented is None:
            money, _ = unlinked(engine, lines, Facts(guest=True))
            anchor = -(self.key.key_hash & 0x7FFF_FFFF_FFFF_FFFF) or -1
            return self._document(desk, anchor, None, None, None, money, NO_POINTS, anchor, warned)
        where, member = desk.find(self.presented)
        money, awards = unlinked(engine, lines, Facts(tier=member.tier))
        journal = desk.journal(where.member_id)
        points = sum(award.points for award in awards)
        programme = engine.programme
        result = NO_POINTS
        if points:
            terms = regular_terms(programme, desk.today)
            reversal = journal.reverse(points, (), programme.returns.shortage, terms)
            money = max(0, money - engine.value.worth(reversal.unpaid))
            result = ReturnPoints(reversal.booked, 0, 0, 0, reversal.shortage, ())
        booked = self.context.booked_on(self.business_date, desk.today)
        desk.stamp(
            where.member_id,
            Stamp(
                self.moment, self.business_date, booked, self.shop.shop_id, where.identifier_id, where.presented_id,
                None, "unlinked_return",
            ),
        )  # fmt: skip
        if result.earned_reversed:
            tell_points(desk, where.member_id, self.shop, None, self.ask.external_id, -result.earned_reversed)
        return self._document(
            desk, where.member_id, None, member, journal, money, result, where.presented_id, warned, where.identifier_id
        )

    def _document(
        self,
        desk: Desk,
        home: int,
        purchase_id: str | None,
        member: MemberFacts | None,
        journal: Journal | None,
        money: int,
        points: ReturnPoints,
        presented_id: int,
        warned: list[Warned] | None = None,
        identifier_id: int | None = None,
    ) -> Decided:
        number = self.key.key_check & 0x7FFF_FFFF_FFFF_FFFF if journal is None else journal.number()
        return_id = made("r", home, number)
        booked = self.context.booked_on(self.business_date, desk.today)
        desk.add_return(
            ReturnRow(
                member_id=home,
                return_id=return_id,
                purchase_id=purchase_id,
                shop_id=self.shop.shop_id,
                external_id=self.ask.external_id,
                occurred_at=self.moment,
                business_date=self.business_date,
                booked_on=booked,
                act_id=desk.act_id,
                refund=money,
                earned_reversed=points.earned_reversed,
                pending_reversed=points.pending_reversed,
                used_restored=points.used_restored,
                expired_lost=points.expired_lost,
                shortage=points.shortage,
                document=stored(self.ask),
                identifier_id=identifier_id,
                member_as_presented=presented_id,
            )
        )
        after = None if journal is None else balance(journal)
        language = self.context.programmes.language_at(desk.now)
        answer = ReturnAnswer(
            id=return_id,
            purchase_id=purchase_id,
            shop=self.shop.code,
            external_id=self.ask.external_id,
            recorded_at=desk.now,
            booked_on=booked,
            currency=self.context.currency,
            member=None if member is None else brief(member),
            refund=Refund(money),
            points=points,
            balance=after,
            receipt=words.receipt_lines(
                -points.earned_reversed,
                0,
                -points.used_restored,
                after.available if after else None,
                language,
                None if journal is None else journal.next_ending(),
            ),
            warnings=warned or [],
        )
        return Decided(201, encoded(answer), return_id, member_id=home)


NO_POINTS = ReturnPoints(0, 0, 0, 0, 0, ())
