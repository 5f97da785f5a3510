"""Reviews and surveys: an integration or staff report the event, and the member is rewarded once for each subject."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b
from typing import Literal, NamedTuple

import msgspec

from goen.actions.points.answers import Balance, MemberBrief, balance, brief, encoded
from goen.actions.points.context import Context
from goen.actions.points.keyed import MemberAct
from goen.actions.points.standing import SQL, Live, granted, live_of_kind, used
from goen.actions.points.tiers import Climbing
from goen.actions.till.act import Decided, Wants
from goen.actions.till.books import Books
from goen.actions.till.desk import Desk
from goen.database.pool import Reading
from goen.earning.programme import Code
from goen.earning.standing.errors import NotRewarded
from goen.earning.standing.model import Review, Survey
from goen.identity.presented import Presented
from goen.purchases.ids import made
from goen.purchases.model import MemberRef
from goen.shops.model import Principal, Shop
from goen.vocabulary.fields import Text


class ReportAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A member has written a review of ``subject`` (a product's sku), or answered the survey ``subject``. ``shop``:
    where; a shop's own key need not say."""

    member: MemberRef
    subject: Code
    shop: Text | None = None


class ReportAnswer(msgspec.Struct, frozen=True):
    """What was given for the report."""

    id: str
    kind: str
    subject: str
    rule: str
    version: int
    points: int
    member: MemberBrief
    recorded_at: datetime
    balance: Balance


class _Seen(NamedTuple):
    rules: list[Live]
    bought: bool


class Report(MemberAct):
    """``POST /v1/reviews`` and ``POST /v1/survey_answers``."""

    looks = True

    def __init__(
        self,
        what: Literal["review", "survey"],
        ask: ReportAsk,
        shop: Shop | None,
        presented: Presented,
        idempotency_key: str,
        principal: Principal,
        context: Context,
        now: datetime,
    ) -> None:
        super().__init__(presented, idempotency_key, principal, context, now)
        self.kind = what  # type: ignore[misc] # one class, two kinds of acts
        self.ask = ask
        self.shop = shop
        self.climbing = Climbing.at(context, now)
        self.wants = Wants(members=(presented,), traits=True, tiers=self.climbing.wants if self.climbing else ())

    def asked(self, desk: Desk) -> ReportAsk:
        shop = None if self.shop is None else self.shop.code
        return ReportAsk(desk.named(self.presented), self.ask.subject, shop)

    async def look(self, connection: Reading, books: Books) -> _Seen:
        rules, bought = await live_of_kind(connection, self.kind), False
        if any(isinstance(each.rule.when, Review) and each.rule.when.bought for each in rules):
            for found in books.found.get(self.presented, ())[:1]:
                bought = await connection.fetchval(SQL.has_bought.sql, found.who, self.ask.subject)
        return _Seen(rules, bought)

    def decide(self, desk: Desk) -> Decided:
        seen: _Seen = desk.seen(self.key)
        where, member = desk.find(self.presented)
        occasion = subject_of(self.ask.subject)
        if any(used(desk, each, where, occasion) for each in seen.rules):
            raise NotRewarded("already", "The member has had this already.")
        refused = NotRewarded("no_rule", "Nothing is given for this just now.")
        for live in sorted(seen.rules, key=lambda each: -each.rule.points):
            when = live.rule.when
            assert isinstance(when, Review | Survey), "only rules of this kind are read"
            if when.subjects and self.ask.subject not in when.subjects:
                continue
            if isinstance(when, Review) and when.bought and not seen.bought:
                refused = NotRewarded("not_bought", "The member has not bought this.")
                continue
            try:
                given = granted(self, desk, live, where, member, occasion, self.shop, self.shop)
            except NotRewarded as reason:
                refused = reason
                continue
            report_id = made("rp", where.presented_id, desk.act_id)
            answer = ReportAnswer(
                report_id, self.kind, self.ask.subject, live.code, live.version, given.points, brief(member), desk.now,
                balance(desk.journal(where.member_id)),
            )  # fmt: skip
            return Decided(201, encoded(answer), report_id, member_id=where.member_id)
        raise refused


def subject_of(subject: str) -> str:
    """A subject as an occasion: itself where it is short, else a mark of it."""
    return subject if len(subject) <= 100 else blake2b(subject.encode(), digest_size=16).hexdigest()
