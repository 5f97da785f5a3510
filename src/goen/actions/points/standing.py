"""What standing rules give: points outside a sale, once for each occasion, within limits, told and explained.

A grant is an ordinary act at the till. Its occasion (a year, a day, a subject, a lapse) is a limit account of the
person, so that neither a race nor a merge gives it twice; what it gave stands in ``standing_grant`` beside the entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from goen.actions.points.context import Context, campaign_terms
from goen.actions.points.drawn import anchor_of
from goen.actions.points.record_purchase import tell_points
from goen.actions.points.tiers import Climbing
from goen.actions.till.act import KEY_DAYS, Act, Decided, Wants, key_of
from goen.actions.till.books import Books, Found, MemberFacts
from goen.actions.till.desk import Desk
from goen.actions.till.posting import Stamp
from goen.database.pool import Reading
from goen.database.queries import load
from goen.earning.campaigns.limits import drawn_by, points_within
from goen.earning.campaigns.limits import key_of as limit_key
from goen.earning.campaigns.scene import LimitKey
from goen.earning.programme import Programme
from goen.earning.standing.errors import NotRewarded
from goen.earning.standing.model import Birthday, StandingRule, Welcome, WinBack, from_json
from goen.earning.standing.rules import birthday_due, concerns, lapse_due, open_at
from goen.identity.keys import NO_SHOP
from goen.identity.presented import Presented
from goen.ledger.model import Terms
from goen.members.ids import public_id
from goen.shops.model import Shop
from goen.vocabulary.points import PointValue

SQL = load(__package__, "standing.sql")
EVER = "ever"
JOB = "job"
#: A person has one birthday a year, whatever the rules: limit account; the period is the year.
BIRTHDAY = "birthday"


class Live(NamedTuple):
    """A version of a rule that gives points now."""

    code: str
    version: int
    rule: StandingRule
    live_from: datetime | None = None

    @property
    def since(self) -> datetime | None:
        """From when on it gives: neither before it was live nor before it starts."""
        return max((each for each in (self.live_from, self.rule.starts_at) if each is not None), default=None)

    @property
    def name(self) -> str:
        """What lots and entries call it: ``birthday:code``."""
        return self.rule.rule(self.code)

    @property
    def account(self) -> str:
        """What its limit accounts are called."""
        return f"standing:{self.code}"


class Given(NamedTuple):
    """What a rule may give, before it is given: points, and the draws that they are. ``later``: what leaves nothing now
    may leave something on another day."""

    live: Live
    points: int
    draws: list[tuple[LimitKey, int, int]]
    later: bool = False


def read_live(rows: Sequence[Any]) -> list[Live]:
    """Rules as they are read."""
    return [Live(code, version, from_json(document), live_from) for code, version, document, live_from in rows]


async def live_of_kind(connection: Reading, kind: str) -> list[Live]:
    """The rules of a kind that give points now, by code."""
    return read_live(await connection.fetch(SQL.live_of_kind.sql, kind))


def member_presented(member_id: int) -> Presented:
    """A member by our own number, looked through to the survivor and the household."""
    return Presented("member_id", "", NO_SHOP, None, member_id)


def why_not(desk: Desk, live: Live, where: Found, tiers: set[str | None], shop: str | None) -> str | None:
    """Why the rule is not for this member here and now; None: it is."""
    if not open_at(live.rule, desk.now):
        return "no_rule"
    who = live.rule.who
    segments = desk.circumstances.traits(where.who).segments if who.segments or who.not_segments else ()
    return concerns(live.rule, tiers, segments, shop)


def used(desk: Desk, live: Live, where: Found, occasion: str) -> bool:
    """Whether the person, under any name, has had this occasion."""
    return any(desk.limit(where.who, account, occasion) for account in _accounts(live))


def offered(desk: Desk, programme: Programme, live: Live, where: Found, points: int, shop: str) -> Given:
    """What the rule's limits leave of its points."""
    value, left, for_good, keys = PointValue.of(programme.point_value), points, points, []
    for limit in live.rule.limits:
        key = limit_key(live.account, limit, shop, desk.today)
        drawn = desk.limit(anchor_of(key, where.who), key.code, key.period)
        room = points_within(limit.measure, limit.most - drawn, points, value)
        left = min(left, 0 if desk.limits_closed else room)
        if not {"day", "month"} & set(limit.per):
            for_good = min(for_good, room)
        keys.append((limit, key))
    draws = [(key, drawn_by(limit.measure, left, value), limit.most) for limit, key in keys]
    return Given(live, left, draws, for_good > 0)


def terms_of(programme: Programme, live: Live, desk: Desk) -> Terms:
    """What the points are granted under: rule, funder, and an end of their own where they are limited."""
    terms = campaign_terms(programme, live.rule.as_campaign(live.code), desk.today)
    return msgspec.structs.replace(terms, rule=live.name)


def give(
    desk: Desk, context: Context, programme: Programme, given: Given, where: Found, occasion: str, shop: Shop | None,
) -> None:  # fmt: skip
    """Give the points: a lot, draws, the grant, events. The caller has looked whether the occasion is free."""
    live, points = given.live, given.points
    use_up(desk, live, where, occasion)
    for key, amount, most in given.draws:
        if amount:
            desk.draw_limit(anchor_of(key, where.presented_id), key.code, key.period, amount, most)
    desk.journal(where.member_id).earn(points, terms_of(programme, live, desk), kind="bonus")
    shop_id = None if shop is None else shop.shop_id
    desk.write_more(
        SQL.add_grant.sql, where.presented_id, live.code, occasion, live.version, points, desk.now, desk.act_id, shop_id
    )
    booked = context.booked_on(desk.today, desk.today)
    stamp = Stamp(desk.now, desk.today, booked, shop_id, where.identifier_id, where.presented_id, None, live.name)
    desk.stamp(where.member_id, stamp)
    about = {"member_id": public_id(where.who), "rule": live.code, "version": live.version, "kind": live.rule.kind}
    desk.tell("standing.granted", where.member_id, shop_id, {**about, "occasion": occasion, "points": points})
    tell_points(desk, where.member_id, shop, None, None, points)


def use_up(desk: Desk, live: Live, where: Found, occasion: str) -> None:
    """The person has had this occasion, whichever card it was."""
    for account in _accounts(live):
        desk.draw_limit(where.presented_id, account, occasion, 1, 1)


def _accounts(live: Live) -> tuple[str, ...]:
    """On which accounts an occasion is used up: the rule's own, and of birthdays what all their rules share."""
    return (live.account, BIRTHDAY) if live.rule.kind == "birthday" else (live.account,)


def begun_on(context: Context, live: Live) -> date:
    """The day since which the rule gives."""
    return date.min if live.since is None else context.day_of(live.since)


class _Asked(msgspec.Struct, frozen=True):
    """Canonical request of a grant by the machine: which rule, for whom, on which occasion."""

    rule: str
    member: str
    occasion: str


class _Seen(NamedTuple):
    live: Live | None
    facts: Any
    last_occasion: str | None


class GrantOccasion(Act):
    """A birthday, a registration or a lapse: looked for by the worker, decided here on what is so at the commit.

    Refused with ``not_rewarded`` where it is not due any more; a refusal takes no key.
    """

    kind = "standing"
    integration = JOB
    looks = True

    def __init__(self, context: Context, code: str, member_id: int, occasion: str, now: datetime) -> None:
        self.context = context
        self.code = code
        self.member_id = member_id
        self.occasion = occasion
        keep = context.day_of(now) + timedelta(days=KEY_DAYS)
        self.key = key_of(JOB, self.kind, f"{code}:{occasion}:{member_id}", keep)
        self.presented = member_presented(member_id)
        self.climbing = Climbing.at(context, now)
        self.wants = Wants(
            members=(self.presented,), limits=((f"standing:{code}", occasion),), traits=True, history=True,
            tiers=self.climbing.wants if self.climbing else (),
        )  # fmt: skip
        self.token = member_id

    def asked(self, desk: Desk) -> _Asked:
        return _Asked(self.code, public_id(self.member_id), self.occasion)

    async def look(self, connection: Reading, books: Books) -> _Seen:
        live = read_live(await connection.fetch(SQL.live.sql, self.code))
        facts = await connection.fetchrow(SQL.facts.sql, self.member_id)
        last = await connection.fetchval(SQL.last_occasion.sql, self.code, self.member_id)
        return _Seen(live[0] if live else None, facts, last)

    def decide(self, desk: Desk) -> Decided:
        seen: _Seen = desk.seen(self.key)
        where, member = desk.find(self.presented)
        live, facts = seen.live, seen.facts
        if live is None or self._occasion(desk, live, where, facts) != self.occasion:
            raise NotRewarded("no_rule", "This is not due, or not any more.")
        if live.rule.kind == "win_back" and (seen.last_occasion or "") >= self.occasion:
            # Where the last purchase came back an older one is the last again: no lapse of its own.
            raise NotRewarded("already", "The member has had this lapse already.")
        home = None if facts["shop_id"] is None else self.context.shops.by_id(facts["shop_id"])
        given = granted(self, desk, live, where, member, self.occasion, home, None)
        return Decided(200, msgspec.json.encode({"points": given.points}), member_id=where.member_id)

    def _occasion(self, desk: Desk, live: Live, where: Found, facts: Any) -> str | None:
        """What is due by now, as its name."""
        if facts["status"] != "active":
            return None
        when, since = live.rule.when, self.context.day_of(facts["since"])
        if isinstance(when, Birthday) and facts["birth_date"] is not None:
            begun = begun_on(self.context, live)
            day = birthday_due(when, facts["birth_date"], since, desk.today, begun)
            return None if day is None else str(day.year)
        if isinstance(when, Welcome):
            return EVER
        if isinstance(when, WinBack):
            last = lapse_due(when, desk.circumstances.history(where.who).last_on, desk.today)
            return None if last is None else last.isoformat()
        return None


def granted(
    act: Any, desk: Desk, live: Live, where: Found, member: MemberFacts, occasion: str, home: Shop | None,
    shop: Shop | None,
) -> Given:  # fmt: skip
    """Give what one rule gives on an occasion; ``home`` is the shop that its conditions look at, ``shop`` where it
    happened. ``act`` has ``context`` and ``climbing``.

    :raises NotRewarded: it is not for this member, was given already, or its limits leave nothing.
    """
    others = act.climbing.others(desk, where.who) if act.climbing else ()
    reason = why_not(desk, live, where, {member.tier, *others}, None if home is None else home.code)
    if reason is not None:
        raise NotRewarded(reason, "The rule is not for this member here and now.")
    if used(desk, live, where, occasion):
        raise NotRewarded("already", "The member has had this already.")
    programme = act.context.engine_at(desk.now).programme
    given = offered(desk, programme, live, where, live.rule.points, "" if home is None else home.code)
    if given.points <= 0:
        raise NotRewarded("limit_reached", "The rule has given all that it gives.")
    give(desk, act.context, programme, given, where, occasion, shop)
    return given
