"""Check-ins (rule 37): by a till or staff who scan the card, or by a member who scans the shop's code."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from goen.actions.points.answers import Balance, MemberBrief, balance, brief, encoded
from goen.actions.points.context import Context
from goen.actions.points.keyed import MemberAct
from goen.actions.points.standing import (
    SQL,
    Given,
    Live,
    give,
    live_of_kind,
    offered,
    use_up,
    used,
    why_not,
)
from goen.actions.points.tiers import Climbing
from goen.actions.till.act import Decided, Wants
from goen.actions.till.books import Books, Found
from goen.actions.till.desk import Desk
from goen.actions.till.posting import Stamp
from goen.database.pool import Reading
from goen.earning.coupons.codes import code_hash, normal
from goen.earning.standing.errors import VisitNotPossible
from goen.earning.standing.model import Visit
from goen.earning.standing.rules import visit_occasion
from goen.identity.presented import Presented
from goen.members.ids import public_id
from goen.purchases.ids import made
from goen.purchases.model import MemberRef
from goen.shops.model import Principal, Shop
from goen.vocabulary.fields import Text


class VisitAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A member is in the shop. ``shop``: a shop's own key need not say. ``code``: what the shop shows or has printed,
    scanned by the member; without it staff have scanned the member's card."""

    member: MemberRef
    shop: Text | None = None
    code: Text | None = None


class VisitAnswer(msgspec.Struct, frozen=True):
    """A check-in that counts. ``rule`` gave the ``points``: of several the one that gives most; null where the rules'
    limits left nothing."""

    id: str
    shop: str
    day: str
    member: MemberBrief
    rule: str | None
    version: int | None
    points: int
    recorded_at: datetime
    balance: Balance


class _Seen(NamedTuple):
    rules: list[Live]
    #: Where the scanned code belongs and until when it is good; None: no code, or nobody's.
    code: tuple[int, datetime] | None
    here: datetime | None
    anywhere: datetime | None


class CheckIn(MemberAct):
    """``POST /v1/visits``. The visit and the points of the best rule, in one commit."""

    kind = "visit"
    looks = True

    def __init__(
        self,
        ask: VisitAsk,
        shop: Shop,
        presented: Presented,
        idempotency_key: str,
        principal: Principal,
        context: Context,
        now: datetime,
    ) -> None:
        super().__init__(presented, idempotency_key, principal, context, now)
        self.ask = ask
        self.shop = shop
        self.code = None if ask.code is None else normal(ask.code)
        self.climbing = Climbing.at(context, now)
        self.wants = Wants(
            members=(presented,), traits=True, tiers=self.climbing.wants if self.climbing else ()
        )  # fmt: skip

    def asked(self, desk: Desk) -> VisitAsk:
        return VisitAsk(desk.named(self.presented), self.shop.code, self.code)

    async def look(self, connection: Reading, books: Books) -> _Seen:
        code = None
        if self.code is not None:
            row = await connection.fetchrow(SQL.visit_code.sql, code_hash(self.code), self.code)
            code = None if row is None else (row["shop_id"], row["expires_at"])
        here = anywhere = None
        for found in books.found.get(self.presented, ())[:1]:
            here, anywhere = await connection.fetchrow(SQL.last_visits.sql, self.shop.shop_id, found.who)
        return _Seen(await live_of_kind(connection, "visit"), code, here, anywhere)

    def decide(self, desk: Desk) -> Decided:
        seen: _Seen = desk.seen(self.key)
        where, member = desk.find(self.presented)
        desk.alone(where.member_id)  # What another check-in of this batch did was not seen by ours.
        self._guard_code(desk, seen)
        others = self.climbing.others(desk, where.who) if self.climbing else ()
        mine = [x for x in seen.rules if why_not(desk, x, where, {member.tier, *others}, self.shop.code) is None]
        if self.code is not None:
            by_code = [x for x in mine if _when(x).by_code]
            if mine and not by_code:
                raise VisitNotPossible("staff_only", "Staff scan the card for this.")
            mine = by_code
        if not mine:
            raise VisitNotPossible("no_rule", "Nothing is given for a visit here just now.")
        free = self._free(desk, seen, mine, where)
        programme = self.context.engine_at(desk.now).programme
        offers = [offered(desk, programme, x, where, x.rule.points, self.shop.code) for x in free]
        best = max(offers, key=lambda each: each.points)
        visit_id = made("v", where.presented_id, desk.act_id)
        desk.write_more(
            SQL.add_visit.sql, where.presented_id, visit_id, self.shop.shop_id, desk.today, desk.now,
            "staff" if self.code is None else "code", desk.act_id,
        )  # fmt: skip
        self._count(desk, free, best, where)
        journal = desk.journal(where.member_id)
        shown = best if best.points > 0 else None
        about = {"visit_id": visit_id, "member_id": public_id(where.who), "shop": self.shop.code}
        desk.tell("visit.recorded", where.member_id, self.shop.shop_id, {**about, "points": best.points})
        answer = VisitAnswer(
            visit_id, self.shop.code, desk.today.isoformat(), brief(member), shown and shown.live.code,
            shown and shown.live.version, best.points, desk.now, balance(journal),
        )  # fmt: skip
        return Decided(201, encoded(answer), visit_id, member_id=where.member_id)

    def _count(self, desk: Desk, free: list[Live], best: Given, where: Found) -> None:
        """The best rule gives; for all the visit has been."""
        programme = self.context.engine_at(desk.now).programme
        for live in free:
            occasion = visit_occasion(_when(live), self.shop.code, desk.today)
            if live is best.live and best.points > 0:
                give(desk, self.context, programme, best, where, occasion, self.shop)
            else:
                use_up(desk, live, where, occasion)
        if best.points <= 0:
            booked = self.context.booked_on(desk.today, desk.today)
            desk.stamp(
                where.member_id,
                Stamp(desk.now, desk.today, booked, self.shop.shop_id, where.identifier_id, where.presented_id),
            )

    def _guard_code(self, desk: Desk, seen: _Seen) -> None:
        if self.code is None:
            return
        if seen.code is None:
            raise VisitNotPossible("code_unknown", "No shop shows this code.")
        shop_id, expires_at = seen.code
        if shop_id != self.shop.shop_id:
            raise VisitNotPossible("code_elsewhere", "This is another shop's code.")
        if expires_at <= desk.now:
            raise VisitNotPossible("code_expired", "This code is not good any more.", expires_at=expires_at)

    def _free(self, desk: Desk, seen: _Seen, rules: list[Live], where: Found) -> list[Live]:
        """The rules for which the visit counts: not yet today, and not too soon after the last."""
        later: list[datetime] = []
        free = []
        for live in rules:
            when = _when(live)
            last = seen.here if when.per == "shop" else seen.anywhere
            if last is not None and when.lock_hours is not None and last + timedelta(hours=when.lock_hours) > desk.now:
                later.append(last + timedelta(hours=when.lock_hours))
            elif not used(desk, live, where, visit_occasion(when, self.shop.code, desk.today)):
                free.append(live)
        if free:
            return free
        if len(later) == len(rules):
            raise VisitNotPossible("too_soon", "The last visit was too short a time ago.", next_at=min(later))
        raise VisitNotPossible("today", "The member has checked in today.")


def _when(live: Live) -> Visit:
    when: Any = live.rule.when
    assert isinstance(when, Visit), "only rules of visits are read"
    return when
