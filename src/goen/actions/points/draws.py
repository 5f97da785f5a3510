"""Entering a draw, and winning: tickets decided by a sealed seed, prizes from stock that no race exceeds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from goen.actions.points.answers import Balance, MemberBrief, balance, brief, encoded
from goen.actions.points.context import Context, campaign_terms, slide
from goen.actions.points.issuing import hand_out
from goen.actions.points.keyed import SpendingAct
from goen.actions.points.proof import Proven, guard_spending
from goen.actions.points.record_purchase import tell_points
from goen.actions.points.sale import Sale
from goen.actions.points.standing import EVER, JOB, member_presented
from goen.actions.points.standing import SQL as STANDING
from goen.actions.points.tiers import Climbing
from goen.actions.till.act import Act, Decided, Wants, key_of
from goen.actions.till.books import Books, Found, MemberFacts
from goen.actions.till.desk import Desk
from goen.actions.till.posting import Stamp
from goen.database.pool import Reading
from goen.database.queries import load
from goen.earning.campaigns.limits import stand_in
from goen.earning.campaigns.model import Campaign, PointsEffect
from goen.earning.coupons.codes import shown
from goen.earning.draws.errors import DrawEntryNotPossible, UnknownDraw
from goen.earning.draws.model import (
    ByDay,
    ByPoints,
    ByPurchase,
    CouponPrize,
    PointsPrize,
    Prize,
    PrizeDraw,
    from_json,
)
from goen.earning.draws.rules import instant
from goen.earning.draws.words import result_text
from goen.earning.programme import Programme
from goen.earning.standing.errors import NotRewarded
from goen.earning.standing.rules import in_circle
from goen.identity.presented import Presented
from goen.members.ids import public_id
from goen.purchases.ids import made
from goen.purchases.model import MemberRef, Proof
from goen.shops.model import Principal, Shop
from goen.vocabulary.fields import Text
from goen.vocabulary.refusal import InvalidRequest

DRAWS = load(__package__, "draws.sql")
_COUPONS = load(__package__, "coupons.sql")
_NO_CEILING = 10**12


class DrawEntryAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A member enters a draw: with a ``purchase`` where tickets are earned by buying, with ``tickets`` where they are
    paid for by points. ``shop``: where; a shop's own key need not say. ``proof`` as for any spending (rule 43)."""

    member: MemberRef
    purchase: Text | None = None
    tickets: Annotated[int, Meta(ge=1, le=100)] = 1
    shop: Text | None = None
    proof: Proof | None = None


class DrawEntryAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """Canonical request of an entry."""

    member: MemberRef
    draw: str
    purchase: str | None = None
    tickets: int = 1
    shop: str | None = None


class TicketAnswer(msgspec.Struct, frozen=True):
    """A ticket: its number in the entry, the prize that it won (null: none, or not decided yet), in words."""

    number: int
    prize: str | None
    coupon: str | None
    text: str


class DrawEntryAnswer(msgspec.Struct, frozen=True):
    """An entry as posted. A ticket is drawn by ``id/number``."""

    id: str
    draw: str
    tickets: Sequence[TicketAnswer]
    points: int
    member: MemberBrief
    recorded_at: datetime
    balance: Balance


class _Seen(NamedTuple):
    draw: PrizeDraw | None
    seed: bytes | None
    stopped: bool


class Won(NamedTuple):
    """What a ticket brought: the points, and the code of the coupon."""

    points: int = 0
    coupon: str | None = None


async def _seen(connection: Reading, code: str) -> _Seen:
    row = await connection.fetchrow(DRAWS.draw.sql, code)
    if row is None:
        return _Seen(None, None, False)
    return _Seen(from_json(row["document"]), row["seed"], row["stopped_at"] is not None)


def stock_anchor(draw: str) -> int:
    """The stand-in under which a draw's prizes are counted."""
    return stand_in(f"draw:{draw}")


class EnterDraw(SpendingAct):
    """``POST /v1/draws/{code}/entries``."""

    kind = "draw_entry"
    looks = True

    def __init__(
        self,
        code: str,
        ask: DrawEntryAsk,
        shop: Shop | None,
        presented: Presented,
        idempotency_key: str,
        principal: Principal,
        context: Context,
        now: datetime,
        *,
        proven: Proven,
    ) -> None:
        super().__init__(presented, idempotency_key, principal, context, now, proven)
        self.code = code
        self.ask = ask
        self.shop = shop
        self.climbing = Climbing.at(context, now)
        self.wants = Wants(
            members=(presented,), purchases=(ask.purchase,) if ask.purchase else (), spends=True, traits=True,
            limits=self.permit.limits(context.day_of(now)), tiers=self.climbing.wants if self.climbing else (),
        )  # fmt: skip

    def asked(self, desk: Desk) -> DrawEntryAsked:
        shop = None if self.shop is None else self.shop.code
        return DrawEntryAsked(desk.named(self.presented), self.code, self.ask.purchase, self.ask.tickets, shop)

    async def look(self, connection: Reading, books: Books) -> _Seen:
        return await _seen(connection, self.code)

    def decide(self, desk: Desk) -> Decided:
        seen: _Seen = desk.seen(self.key)
        if seen.draw is None:
            raise UnknownDraw(self.code)
        draw = seen.draw
        if seen.seed is None or seen.stopped:
            raise DrawEntryNotPossible("not_live", "This draw is not open.")
        if desk.now < draw.starts_at:
            raise DrawEntryNotPossible("not_yet", "This draw is not open yet.", starts_at=draw.starts_at)
        if desk.now >= draw.ends_at:
            raise DrawEntryNotPossible("over", "This draw is over.", ends_at=draw.ends_at)
        where, member = desk.find(self.presented)
        self._guard(desk, draw, where, member)
        programme = self.context.engine_at(desk.now).programme
        journal = desk.journal(where.member_id)
        tickets = self._tickets(desk, draw, where)
        paid = self._pay(desk, draw, programme, where, member, tickets)
        entry_id = made("w", where.presented_id, desk.act_id)
        shop_id = None if self.shop is None else self.shop.shop_id
        desk.write_more(
            DRAWS.add_entry.sql, where.presented_id, entry_id, self.code, tickets, paid, self.ask.purchase, desk.now,
            desk.act_id, shop_id,
        )  # fmt: skip
        told, points = list[TicketAnswer](), -paid
        for number in range(1, tickets + 1):
            prize = None
            if draw.method == "instant":
                prize = self._drawn(desk, draw, where, instant(draw, seen.seed, (entry_id, number)))
            won = Won() if prize is None else win(
                desk, self.context, programme, self.code, draw, prize, where, (entry_id, number), self.shop
            )  # fmt: skip
            points += won.points
            text = result_text(draw, prize, programme.language)
            told.append(TicketAnswer(number, None if prize is None else prize.code, won.coupon, text))
        stamped(desk, self.context, self.code, where, self.shop)
        about = {"draw": self.code, "entry_id": entry_id, "member_id": public_id(where.who)}
        desk.tell("draw.entered", where.member_id, shop_id, {**about, "tickets": tickets, "points": paid})
        if points or paid:
            tell_points(desk, where.member_id, self.shop, None, None, points)
        answer = DrawEntryAnswer(entry_id, self.code, told, paid, brief(member), desk.now, balance(journal))
        return Decided(201, encoded(answer), entry_id, member_id=where.member_id)

    def _guard(self, desk: Desk, draw: PrizeDraw, where: Found, member: MemberFacts) -> None:
        others = self.climbing.others(desk, where.who) if self.climbing else ()
        who = draw.who
        segments = desk.circumstances.traits(where.who).segments if who.segments or who.not_segments else ()
        shop = None if self.shop is None else self.shop.code
        if reason := in_circle(who, {member.tier, *others}, segments, shop):
            raise DrawEntryNotPossible(reason, "The draw is not for this member here.")
        for name in ("purchase", "tickets"):
            wanted = {"purchase": ByPurchase, "tickets": ByPoints}[name]
            given = self.ask.purchase is not None if name == "purchase" else self.ask.tickets > 1
            if given and not isinstance(draw.entrance, wanted):
                raise InvalidRequest(name, "does not belong to this draw")

    def _tickets(self, desk: Desk, draw: PrizeDraw, where: Found) -> int:
        """How many tickets the member gets; the day, the purchase and the member's own limit are drawn."""
        account, tickets = f"draw:{self.code}", self.ask.tickets
        occasion = None
        match draw.entrance:
            case ByDay():
                occasion = desk.today.isoformat()
            case ByPurchase(every=every, tickets_max=most):
                occasion, tickets = self.ask.purchase or "", min(self._worth(desk, draw, where) // every, most)
        if occasion is not None:
            if desk.limit(where.who, account, occasion):
                raise DrawEntryNotPossible("already", "This has been entered with already.")
            if not tickets:
                raise DrawEntryNotPossible("too_little", "The purchase is worth no ticket.")
            desk.draw_limit(where.presented_id, account, occasion, 1, 1)
        if draw.tickets_max is not None:
            mine = f"draw_tickets:{self.code}"
            left = draw.tickets_max - desk.limit(where.who, mine, EVER)
            if left <= 0 or (isinstance(draw.entrance, ByPoints) and left < tickets):
                raise DrawEntryNotPossible("tickets_max", "The member has all the tickets there are for one.")
            tickets = min(tickets, left)
            desk.draw_limit(where.presented_id, mine, EVER, tickets, draw.tickets_max)
        return tickets

    def _worth(self, desk: Desk, draw: PrizeDraw, where: Found) -> int:
        """What the purchase is worth after returns, in yen."""
        if self.ask.purchase is None:
            raise InvalidRequest("purchase", "is required for this draw")
        sale = Sale.of(self.context, desk, self.ask.purchase)
        if sale.purchase.owner is None or sale.person != where.who:
            raise DrawEntryNotPossible("not_theirs", "The purchase is somebody else's.")
        if sale.purchase.status != "completed":
            raise DrawEntryNotPossible("purchase_state", "The purchase is not complete.", status=sale.purchase.status)
        if not draw.starts_at <= sale.purchase.occurred_at < draw.ends_at:
            raise DrawEntryNotPossible("purchase_date", "The purchase was not made during the draw.")
        return sale.purchase.total - sale.value_back

    def _pay(
        self, desk: Desk, draw: PrizeDraw, programme: Programme, where: Found, member: MemberFacts, tickets: int
    ) -> int:
        if not isinstance(draw.entrance, ByPoints):
            return 0
        points = draw.entrance.points * tickets
        guard_spending(programme, member, where)
        journal = desk.journal(where.member_id)
        self.permit.draw(desk, programme, where, points)
        slide(self.context, programme, journal, "use", desk.today)
        journal.redeem(points)
        return points

    def _drawn(self, desk: Desk, draw: PrizeDraw, where: Found, prize: Prize | None) -> Prize | None:
        """The prize of an instant ticket: nothing where none is left, or the person has won enough."""
        if prize is None or not left(desk, self.code, prize):
            return None
        return prize if may_win(desk, self.code, draw, where) else None


def left(desk: Desk, code: str, prize: Prize) -> int:
    """How many pieces of a prize there still are."""
    return prize.count - desk.limit(stock_anchor(code), f"draw_stock:{code}/{prize.code}", EVER)


def may_win(desk: Desk, code: str, draw: PrizeDraw, where: Found) -> bool:
    """Whether the person may win once more."""
    return draw.wins_max is None or desk.limit(where.who, f"draw_won:{code}", EVER) < draw.wins_max


def win(
    desk: Desk, context: Context, programme: Programme, code: str, draw: PrizeDraw, prize: Prize, where: Found,
    ticket: tuple[str, int], shop: Shop | None,
) -> Won:  # fmt: skip
    """A ticket wins: one piece less, the win, and what it brings. The caller stamps the entries."""
    entry_id, number = ticket
    desk.draw_limit(stock_anchor(code), f"draw_stock:{code}/{prize.code}", EVER, 1, prize.count)
    desk.draw_limit(where.presented_id, f"draw_won:{code}", EVER, 1, draw.wins_max or _NO_CEILING)
    desk.write_more(
        DRAWS.add_win.sql, where.presented_id, entry_id, number, code, prize.code, desk.now, desk.act_id
    )  # fmt: skip
    shop_id = None if shop is None else shop.shop_id
    won = Won()
    if isinstance(prize.gives, PointsPrize):
        like = Campaign(code, prize.name, (PointsEffect(prize.gives.points),), grant=prize.gives.grant)
        terms = msgspec.structs.replace(campaign_terms(programme, like, desk.today), rule=f"draw:{code}")
        desk.journal(where.member_id).earn(prize.gives.points, terms, kind="bonus")
        desk.write_more(
            STANDING.add_grant.sql, where.presented_id, f"draw:{code}", f"{entry_id}/{number}", 1, prize.gives.points,
            desk.now, desk.act_id, shop_id,
        )  # fmt: skip
        won = Won(prize.gives.points)
    elif isinstance(prize.gives, CouponPrize):
        won = Won(coupon=_coupon(desk, context, prize.gives.coupon, where, entry_id))
    about = {"draw": code, "entry_id": entry_id, "ticket": number, "member_id": public_id(where.who)}
    desk.tell("draw.won", where.member_id, shop_id, {**about, "prize": prize.code, "points": won.points})
    return won


def stamped(desk: Desk, context: Context, code: str, where: Found, shop: Shop | None) -> None:
    """Say by what the entries of this act came about."""
    booked = context.booked_on(desk.today, desk.today)
    shop_id = None if shop is None else shop.shop_id
    desk.stamp(
        where.member_id,
        Stamp(
            desk.now, desk.today, booked, shop_id, where.identifier_id, where.presented_id, None, f"draw:{code}"
        ),
    )  # fmt: skip


def _coupon(desk: Desk, context: Context, code: str, where: Found, entry_id: str) -> str | None:
    """A coupon as prize; None where the kind was stopped meanwhile, and the shop has to find another way."""
    [kind] = desk.circumstances.coupon_kinds([code])
    if kind is None:
        return None
    return shown(hand_out(context, desk, kind, where.presented_id, where.member_id, None, {"entry_id": entry_id}))


class _Awarded(msgspec.Struct, frozen=True):
    """Canonical request of an award at the end: the ticket."""

    draw: str
    ticket: str


class AwardPrize(Act):
    """A ticket that was drawn at the end. Refused with ``not_rewarded`` where the next one is to have the prize: its
    purchase came back, the person has won enough or left."""

    kind = "draw_award"
    integration = JOB
    looks = True

    def __init__(
        self, context: Context, code: str, prize: str, member_id: int, ticket: tuple[str, int], purchase_id: str | None
    ) -> None:
        self.context = context
        self.code = code
        self.prize = prize
        self.ticket = ticket
        self.purchase_id = purchase_id
        self.key = key_of(JOB, self.kind, f"{code}:{ticket[0]}/{ticket[1]}")
        self.presented = member_presented(member_id)
        self.wants = Wants(members=(self.presented,), purchases=(purchase_id,) if purchase_id else ())
        self.token = member_id

    def asked(self, desk: Desk) -> _Awarded:
        return _Awarded(self.code, f"{self.ticket[0]}/{self.ticket[1]}")

    async def look(self, connection: Reading, books: Books) -> _Seen:
        return await _seen(connection, self.code)

    def decide(self, desk: Desk) -> Decided:
        draw: Any = desk.seen(self.key).draw
        where, _ = desk.find(self.presented)
        if self.purchase_id is not None:
            sale = Sale.of(self.context, desk, self.purchase_id)
            if sale.purchase.status != "completed" or sale.progress.returned.full:
                raise NotRewarded("not_bought", "The purchase came back.")
        if not may_win(desk, self.code, draw, where):
            raise NotRewarded("already", "The member has won enough.")
        prize = draw.prize(self.prize)
        if not left(desk, self.code, prize):
            raise NotRewarded("limit_reached", "None of this prize is left.")
        programme = self.context.engine_at(desk.now).programme
        won = win(desk, self.context, programme, self.code, draw, prize, where, self.ticket, None)
        stamped(desk, self.context, self.code, where, None)
        if won.points:
            tell_points(desk, where.member_id, None, None, None, won.points)
        return Decided(200, msgspec.json.encode({"prize": self.prize}), member_id=where.member_id)
