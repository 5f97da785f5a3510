"""What is the member's beside points: coupons to show, stamp cards, a check-in in a shop, friends to tell.

The page is kept on the phone like the card, so that a coupon can be shown without a network.
"""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from litestar import Response
from markupsafe import Markup

from goen.actions.members.codes import count_guess
from goen.actions.points.standing import SQL, Live, live_of_kind
from goen.actions.points.visits import CheckIn, VisitAnswer, VisitAsk
from goen.database.pool import Reading
from goen.earning.campaigns.model import Conditions, StampsEffect
from goen.earning.campaigns.stamps import EMPTY, OnCard
from goen.earning.coupons.codes import code_hash, normal, shown
from goen.earning.programme import Programme
from goen.earning.standing.errors import ReferralNotPossible, VisitNotPossible
from goen.earning.standing.model import Visit
from goen.earning.standing.rules import open_at
from goen.earning.tiers.progress import name_of
from goen.identity.codes import svg, symbol
from goen.identity.presented import presented
from goen.members.errors import TooManyCodes
from goen.members.ids import member_id_of
from goen.purchases.model import MemberRef
from goen.readings import coupons, stamps
from goen.readings.family import Family, family
from goen.vocabulary.clock import business_day
from goen.vocabulary.refusal import InvalidRequest, Refusal
from goen.web.common.goods import goods_names
from goen.web.common.visits import moved, status_of
from goen.web.member import friends
from goen.web.member.visit import SELF, MemberVisit

COUPONS = 200
#: Coupons that are over, shown below those that are good.
PAST = 20
_NEVER = datetime.max.replace(tzinfo=UTC)
#: Circles that are drawn of a stamp card; a larger one is a bar.
CIRCLES = 30


class Coupon(NamedTuple):
    """A coupon as it is shown: ``written`` in groups of five, ``square`` for scanners, and on which day it ends."""

    mine: coupons.Mine
    written: str
    square: Markup
    effect: str
    conditions: Conditions
    last_day: date | None

    @property
    def state(self) -> str:
        return self.mine.state


class StampCard(NamedTuple):
    """A stamp card: ``stamps`` of ``full``, below zero where they are owed, and what a full one gives."""

    name: str
    stamps: int
    effect: StampsEffect
    gives: str | None
    filled: int
    open: bool
    ends_on: date | None

    @property
    def full(self) -> int:
        return self.effect.full

    @property
    def missing(self) -> int:
        return max(1, self.full - self.stamps)


async def benefits(visit: MemberVisit, error: Refusal | None = None) -> Response[Any]:
    """Coupons, stamp cards, check-ins and friends."""
    known, now = visit.known, visit.now
    async with known.database.reading() as connection:
        one = await family(connection, visit.member_id)
        mine, _ = await coupons.of_member(connection, one, now, COUPONS, None)
        cards = await _cards(visit, connection, one)
        visits = _visits(await live_of_kind(connection, "visit"), now)
        goods = await goods_names(connection, *[each.kind for each in mine])
    told = [_coupon(visit, each) for each in mine]
    good = sorted((each for each in told if each.state == "usable"), key=lambda each: each.mine.until or _NEVER)
    status = 200
    if error is not None:
        status = 429 if isinstance(error, TooManyCodes) else status_of(error)
    return visit.page(
        "benefits.html", status=status, here="benefits", error=error,
        coupons=good, coming=[each for each in told if each.state == "not_yet"],
        past=[each for each in told if each.state not in ("usable", "not_yet")][:PAST], cards=cards, circles=CIRCLES,
        visits=visits, goods_names=goods, friends=await friends.told(visit), nonce=secrets.token_urlsafe(12),
        names_by_code={each.code: each.name for each in known.shops.all()}, done=visit.query.get("done", ""),
        got=_number(visit.query.get("got", "")), at=now,
    )  # fmt: skip


def _number(typed: str) -> int:
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0


def _coupon(visit: MemberVisit, mine: coupons.Mine) -> Coupon:
    kind = mine.kind
    last = None if mine.until is None else _last_day(visit, mine.until)
    programme = visit.known.programmes.at(visit.now).programme
    return Coupon(
        mine, shown(mine.code), Markup(svg(symbol("qr", mine.code))), str(kind.effect.__struct_config__.tag),  # noqa: S704 - drawn by us.
        to_members(kind.conditions, programme), last,
    )  # fmt: skip


def _last_day(visit: MemberVisit, until: datetime) -> date:
    return business_day(until - timedelta(microseconds=1), visit.known.context.zone)


def to_members(conditions: Conditions, programme: Programme) -> Conditions:
    """Conditions as members hear of them: tiers by name, and nothing of the retailer's own segments and signals."""
    tiers = tuple(name_of(programme, tier) or tier for tier in conditions.tiers)
    return msgspec.structs.replace(conditions, tiers=tiers, segments=(), not_segments=(), signals=())


async def _cards(visit: MemberVisit, connection: Reading, one: Family) -> list[StampCard]:
    """Cards that were begun, and those of everybody that may be begun."""
    context, now = visit.known.context, visit.now
    found = await stamps.of_member(connection, one, context.campaigns, context.zone, now)
    begun = {each.campaign.code for each in found}
    for campaign in context.campaigns.live(now):
        begins, ends = campaign.starts_at, campaign.ends_at
        runs = (begins is None or begins <= now) and (ends is None or now < ends)
        if campaign.stamps is not None and runs and campaign.code not in begun and not campaign.conditions.segments:
            found.append(
                stamps.Card(campaign, OnCard(EMPTY, None), True, None if ends is None else _last_day(visit, ends))
            )
    return [await _card(visit, connection, each) for each in found if each.campaign.stamps is not None]


async def _card(visit: MemberVisit, connection: Reading, each: stamps.Card) -> StampCard:
    campaign, effect, english = each.campaign, each.campaign.stamps, visit.language == "en"
    assert effect is not None
    gives = effect.gift
    if effect.coupon is not None:
        kept = await coupons.kept(connection, effect.coupon)
        gives = effect.coupon if kept is None else (english and kept.kind.name_en) or kept.kind.name
    name = (english and campaign.name_en) or campaign.name
    return StampCard(name, each.on.card.stamps, effect, gives, each.on.card.filled, each.open, each.ends_on)


def _visits(rules: list[Live], now: datetime) -> int:
    """The most that a check-in by the shop's code gives just now; 0: there is none."""
    live = [each.rule for each in rules if isinstance(each.rule.when, Visit) and each.rule.when.by_code]
    return max((rule.points for rule in live if open_at(rule, now)), default=0)


async def check_in(visit: MemberVisit) -> Response[Any]:
    """The member is in the shop and has read the code that it shows (rule 37)."""
    try:
        answer = await _checked_in(visit)
    except (VisitNotPossible, InvalidRequest) as refusal:
        return await benefits(visit, refusal)
    return moved(f"/me/benefits?done=visit&got={answer.points}#visit")


async def bring(visit: MemberVisit) -> Response[Any]:
    """Name the code of whoever has told one of this."""
    known, phone = visit.known, visit.request.cookies.get(friends.PHONE)
    try:
        await count_guess(known.database, visit.member_id, visit.now)
        points = await friends.refer(known, visit.member_id, visit.form.get("friend", ""), phone, visit.now)
    except (ReferralNotPossible, TooManyCodes) as refusal:
        return await benefits(visit, refusal)
    return moved(f"/me/benefits?done=friend&got={points}#friends")


async def _checked_in(visit: MemberVisit) -> VisitAnswer:
    known, now, typed = visit.known, visit.now, visit.form.get("code", "")[:100]
    code = normal(typed)
    if not code:
        raise InvalidRequest("code", "is needed")
    async with known.database.reading() as connection:
        row = await connection.fetchrow(SQL.visit_code.sql, code_hash(code), code)
    if row is None:
        raise VisitNotPossible("code_unknown", "No shop shows this code.")
    shop = known.shops.by_id(row["shop_id"])
    ask = VisitAsk(MemberRef("member_id", visit.public_id), shop.code, typed)
    who = presented("member_id", visit.public_id, member_id_of=member_id_of)
    key = f"visit:{visit.public_id}:{visit.form.get('nonce', '')[:40]}"
    answer = await known.till.post(CheckIn(ask, shop, who, key, SELF, known.context, now))
    return msgspec.json.decode(answer.body, type=VisitAnswer)
