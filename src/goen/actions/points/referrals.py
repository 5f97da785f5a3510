"""Referrals (rule 38): a friend names the code of who told them; both are rewarded at the friend's first order."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from hashlib import blake2b
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from goen.actions.points.answers import Balance, MemberBrief, balance, brief, encoded
from goen.actions.points.context import Context
from goen.actions.points.keyed import MemberAct
from goen.actions.points.standing import (
    EVER,
    JOB,
    SQL,
    Live,
    give,
    live_of_kind,
    member_presented,
    offered,
    used,
    why_not,
)
from goen.actions.points.tiers import Climbing
from goen.actions.till.act import Act, Decided, Wants, key_of
from goen.actions.till.books import Books, Found
from goen.actions.till.desk import Desk
from goen.actions.till.posting import Stamp
from goen.database.pool import Reading
from goen.earning.standing.errors import NotRewarded, ReferralNotPossible
from goen.earning.standing.model import Referral, from_json
from goen.identity.normalise import address, kana
from goen.identity.presented import Presented
from goen.members.errors import MemberWithdrawn, UnknownMember
from goen.members.ids import public_id
from goen.purchases.ids import made
from goen.purchases.model import MemberRef
from goen.shops.model import Principal

#: A person is referred once, whoever did it: limit account of the friend.
REFERRED = "referral"
#: How many friends a referrer was paid for: period of the rule's account.
PAID = "paid"
#: What the friend gets for it.
AS_FRIEND = "friend"
#: An order that came in time is waited for so long after the last day, goods on pre-order included.
SHIPPED_WITHIN = timedelta(days=180)
_NO_CEILING = 10**12


class ReferralAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """``member`` was referred by whoever has the referral ``code``. ``device``: a mark of the friend's phone or
    browser that stays the same, kept as a hash."""

    member: MemberRef
    code: Annotated[str, Meta(min_length=1, max_length=100)]
    device: Annotated[str, Meta(min_length=1, max_length=500)] | None = None


class ReferralAsked(msgspec.Struct, frozen=True, omit_defaults=True):
    """Canonical request of a referral: whose the code is, and a hash of the device."""

    member: MemberRef
    referrer: str
    device: int | None = None


class ReferralAnswer(msgspec.Struct, frozen=True):
    """A referral as entered. ``points``: what the friend has got for it at once. ``until``: the last day for the first
    order."""

    id: str
    state: str
    rule: str
    version: int
    referrer_id: str
    points: int
    until: date
    member: MemberBrief
    recorded_at: datetime
    balance: Balance


class _Facts(NamedTuple):
    rules: list[Live]
    people: dict[int, Any]
    device_known: bool


class Refer(MemberAct):
    """``POST /v1/referrals``."""

    kind = "referral"
    looks = True

    def __init__(
        self,
        ask: ReferralAsk,
        presented: Presented,
        referrer_id: int,
        idempotency_key: str,
        principal: Principal,
        context: Context,
        now: datetime,
    ) -> None:
        """``referrer_id``: whose code it is."""
        super().__init__(presented, idempotency_key, principal, context, now)
        self.referrer_id = referrer_id
        self.referrer = member_presented(referrer_id)
        self.device = None if ask.device is None else device_hash(ask.device)
        self.climbing = Climbing.at(context, now)
        self.wants = Wants(
            members=(presented, self.referrer), limits=((REFERRED, EVER),), traits=True, history=True,
            tiers=self.climbing.wants if self.climbing else (),
        )  # fmt: skip

    def asked(self, desk: Desk) -> ReferralAsked:
        return ReferralAsked(desk.named(self.presented), public_id(self.referrer_id), self.device)

    async def look(self, connection: Reading, books: Books) -> _Facts:
        both = [f.who for one in (self.presented, self.referrer) for f in books.found.get(one, ())[:1]]
        rows = await connection.fetch(SQL.people.sql, both)
        known = self.device is not None and await connection.fetchval(SQL.device_known.sql, self.device)
        return _Facts(await live_of_kind(connection, "referral"), {row["member_id"]: row for row in rows}, known)

    def decide(self, desk: Desk) -> Decided:
        seen: _Facts = desk.seen(self.key)
        where, member = desk.find(self.presented)
        try:
            referrer, _ = desk.find(self.referrer)
        except (UnknownMember, MemberWithdrawn):
            raise ReferralNotPossible("referrer_left", "Whoever had this code has left.") from None
        live = self._rule(desk, seen, where, member.tier)
        when = _when(live)
        self._guard(desk, seen, live, where, referrer)
        referral_id = made("rf", where.presented_id, desk.act_id)
        until = desk.today + timedelta(days=when.buy_days)
        desk.draw_limit(where.presented_id, REFERRED, EVER, 1, 1)
        desk.write_more(
            SQL.add_referral.sql, where.presented_id, referral_id, self.referrer_id, live.code, live.version,
            self.device, desk.now, until, desk.act_id,
        )  # fmt: skip
        touch(desk, self.context, where)
        points = give_friend(desk, self.context, live, where) if when.friend_at == "entered" else 0
        about = {"referral_id": referral_id, "member_id": public_id(where.who), "rule": live.code}
        desk.tell("referral.recorded", where.member_id, None, {**about, "referrer_id": public_id(referrer.who)})
        answer = ReferralAnswer(
            referral_id, "pending", live.code, live.version, public_id(referrer.who), points, until, brief(member),
            desk.now, balance(desk.journal(where.member_id)),
        )  # fmt: skip
        return Decided(201, encoded(answer), referral_id, member_id=where.member_id)

    def _rule(self, desk: Desk, seen: _Facts, where: Found, tier: str | None) -> Live:
        """Of the rules that are for this friend the one that gives most."""
        others = self.climbing.others(desk, where.who) if self.climbing else ()
        shop_id = seen.people[where.who]["shop_id"]
        home = None if shop_id is None else self.context.shops.by_id(shop_id).code
        reasons = {x: why_not(desk, x, where, {tier, *others}, home) for x in seen.rules}
        mine = [x for x, reason in reasons.items() if reason is None]
        if mine:
            return max(mine, key=lambda each: each.rule.points)
        if any(reason != "no_rule" for reason in reasons.values()):
            raise ReferralNotPossible("not_for_them", "The referral is not for this member.")
        raise ReferralNotPossible("no_rule", "Nothing is given for referrals just now.")

    def _guard(self, desk: Desk, seen: _Facts, live: Live, where: Found, referrer: Found) -> None:
        """The conditions on both, in this order; the words tell the friend nothing about the referrer."""
        when = _when(live)
        if where.who == referrer.who or _same_person(seen.people[where.who], seen.people[referrer.who]):
            raise ReferralNotPossible("same_person", "Nobody refers themselves.")
        if desk.limit(where.who, REFERRED, EVER):
            raise ReferralNotPossible("already_referred", "The member was referred before.")
        joined = self.context.day_of(seen.people[where.who]["since"])
        if (desk.today - joined).days > when.enter_days:
            raise ReferralNotPossible(
                "late", "The code has to be named when joining.", until=joined + timedelta(days=when.enter_days)
            )
        if desk.circumstances.history(where.who).purchases:
            raise ReferralNotPossible("has_bought", "The code has to be named before the first purchase.")
        if where.member_id == referrer.member_id:
            raise ReferralNotPossible("same_household", "Both are of one household.")
        if reason := _too_close(seen.people[where.who], seen.people[referrer.who]):
            raise ReferralNotPossible(reason, "Friend and referrer share what two people do not.")
        if seen.device_known:
            raise ReferralNotPossible("same_device", "Somebody was referred from this device before.")
        if when.referrer_max is not None and desk.limit(referrer.who, live.account, PAID) >= when.referrer_max:
            raise ReferralNotPossible("referrer_max", "This code has brought all the friends that count.")


class _Pays(msgspec.Struct, frozen=True):
    """Canonical request of the end of a referral."""

    referral: str


class _Order(NamedTuple):
    """The friend's first sale; ``complete_on``: since when it is, where it is ``completed``."""

    purchase_id: str
    status: str
    complete_on: date


class _Held(NamedTuple):
    state: str
    live: Live
    until: date
    entered_at: datetime
    order: _Order | None


class EndReferral(Act):
    """The friend's first order has come: both are paid; or the time is over, or it may not be paid any more.

    Refused with ``not_rewarded`` while there is nothing to do; a refusal takes no key.
    """

    kind = "referral_end"
    integration = JOB
    looks = True

    def __init__(self, context: Context, member_id: int, referral_id: str, referrer_id: int) -> None:
        self.context = context
        self.member_id = member_id
        self.referral_id = referral_id
        self.key = key_of(JOB, self.kind, referral_id)
        self.friend, self.referrer = member_presented(member_id), member_presented(referrer_id)
        self.wants = Wants(members=(self.friend, self.referrer), traits=True)
        self.token = member_id

    def asked(self, desk: Desk) -> _Pays:
        return _Pays(self.referral_id)

    async def look(self, connection: Reading, books: Books) -> _Held:
        state, rule, version, until, entered_at, document = await connection.fetchrow(
            SQL.referral_held.sql, self.member_id, self.referral_id
        )
        live = Live(rule, version, from_json(document))
        found = books.found.get(self.friend, ())
        order = None
        if found:
            since, amount = self.context.day_of(entered_at), max(_when(live).amount_min, 1)
            row = await connection.fetchrow(SQL.first_order.sql, found[0].who, since, until, amount)
            order = None if row is None else _Order(*row)
        return _Held(state, live, until, entered_at, order)

    def decide(self, desk: Desk) -> Decided:
        held: _Held = desk.seen(self.key)
        if held.state != "pending":
            raise NotRewarded("already", "The referral has ended.")
        when = _when(held.live)
        try:
            friend, _ = desk.find(self.friend)
        except (UnknownMember, MemberWithdrawn):
            return self._end(desk, held, None, "void", "friend_left")
        if held.order is None:
            if held.until >= desk.today:
                raise NotRewarded("no_rule", "The friend has not bought yet.")
            return self._end(desk, held, friend, "lapsed", None)
        if held.order.status != "completed":
            if held.until + SHIPPED_WITHIN < desk.today:
                return self._end(desk, held, friend, "lapsed", "not_shipped")
            raise NotRewarded("no_rule", "The friend's order is on its way.")
        if held.order.complete_on + timedelta(days=when.hold_days) > desk.today:
            raise NotRewarded("no_rule", "The order may still come back.")
        try:
            referrer, facts = desk.find(self.referrer)
        except (UnknownMember, MemberWithdrawn):
            return self._end(desk, held, friend, "void", "referrer_left")
        if friend.who == referrer.who or friend.member_id == referrer.member_id:
            reason = "same_person" if friend.who == referrer.who else "same_household"
            return self._end(desk, held, friend, "void", reason)
        if facts.status == "provisional":
            raise NotRewarded("no_rule", "The referrer has not registered yet.")
        return self._pay(desk, held, friend, referrer)

    def _pay(self, desk: Desk, held: _Held, friend: Found, referrer: Found) -> Decided:
        live, most = held.live, _when(held.live).referrer_max
        paid = desk.limit(referrer.who, live.account, PAID)
        programme = self.context.engine_at(desk.now).programme
        given = offered(desk, programme, live, referrer, live.rule.points, "")
        if most is not None and paid >= most:
            return self._end(desk, held, friend, "void", "referrer_max")
        if given.points <= 0:
            if given.later:
                raise NotRewarded("limit_reached", "The rule gives no more today.")
            return self._end(desk, held, friend, "void", "limit_reached")
        desk.draw_limit(referrer.presented_id, live.account, PAID, 1, most or _NO_CEILING)
        touch(desk, self.context, friend)
        give(desk, self.context, programme, given, referrer, self.referral_id, None)
        if _when(live).friend_at == "bought":
            give_friend(desk, self.context, live, friend)
        return self._end(desk, held, friend, "paid", None, given.points)

    def _end(
        self, desk: Desk, held: _Held, friend: Found | None, state: str, reason: str | None, points: int = 0
    ) -> Decided:
        sale = held.order.purchase_id if held.order and state == "paid" else None
        desk.write_more(
            SQL.move_referral.sql, self.member_id, self.referral_id, state, reason, sale, desk.now
        )  # fmt: skip
        about = {"referral_id": self.referral_id, "rule": held.live.code, "state": state, "reason": reason}
        home = self.member_id if friend is None else friend.member_id
        desk.tell("referral.ended", home, None, {**about, "purchase_id": sale, "points": points})
        return Decided(200, msgspec.json.encode({"state": state}), self.referral_id, member_id=home)


def device_hash(device: str) -> int:
    """A mark of a device, 64 bits; nothing else is kept of it."""
    return int.from_bytes(blake2b(device.encode(), digest_size=8, person=b"referral").digest(), "big", signed=True)


def give_friend(desk: Desk, context: Context, live: Live, friend: Found) -> int:
    """What the friend gets, once in a lifetime and rule; gives the points."""
    programme, points = context.engine_at(desk.now).programme, _when(live).friend_points
    if not points or used(desk, live, friend, AS_FRIEND):
        return 0
    given = offered(desk, programme, live, friend, points, "")
    if given.points > 0:
        give(desk, context, programme, given, friend, AS_FRIEND, None)
    return max(given.points, 0)


def touch(desk: Desk, context: Context, where: Found) -> None:
    """Whatever else happens to these books meanwhile, the act is decided again."""
    booked = context.booked_on(desk.today, desk.today)
    stamp = Stamp(desk.now, desk.today, booked, None, where.identifier_id, where.presented_id)
    desk.stamp(where.member_id, stamp)


def _same_person(friend: Any, referrer: Any) -> bool:
    """One birth date and one reading of the name."""
    if not friend["birth_date"] or friend["birth_date"] != referrer["birth_date"]:
        return False
    mine, theirs = ({kana(each["kana"] or ""), each["name"]} - {None, ""} for each in (friend, referrer))
    return bool(mine & theirs)


def _too_close(friend: Any, referrer: Any) -> str | None:
    mine, theirs = (address(each["address"]) if each["address"] else None for each in (friend, referrer))
    if mine is not None and theirs is not None and mine.block and mine.key == theirs.key:
        return "same_address"
    return "same_contact" if set(friend["contacts"]) & set(referrer["contacts"]) else None


def _when(live: Live) -> Referral:
    when: Any = live.rule.when
    assert isinstance(when, Referral), "only rules of referrals are read"
    return when
