"""Campaigns: which there are and what they have used; one in words, with its checks; tried, approved, ended."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

import msgspec
from litestar import Response

from goen.actions import campaigns as actions
from goen.actions.points.proof import UNSHOWN
from goen.actions.points.quote import Quote, QuoteAnswer, QuotePurchase, Quotes
from goen.earning.campaigns.errors import UnknownCampaign
from goen.earning.campaigns.model import Campaign, Limit
from goen.earning.checks import Problem
from goen.earning.words import problem_text
from goen.identity.presented import presented
from goen.members.errors import UnknownMember
from goen.members.ids import member_id_of
from goen.members.model import MemberView
from goen.purchases.model import Line, MemberRef
from goen.readings import campaigns as readings
from goen.shops import campaigns as store
from goen.shops.errors import UnknownShop
from goen.shops.model import Principal
from goen.vocabulary.refusal import InvalidRequest
from goen.web.common.goods import goods_names
from goen.web.common.pages import words_of
from goen.web.common.visits import Visit, moved
from goen.web.office import exports
from goen.web.office.frame import shown
from goen.web.office.members import named

PAGE = 50
#: So many days of a limit of the day are drawn.
DAYS = 28
#: So many are read at a time.
READ = 500
ORDERS = ("code", "start", "end", "used")
STATES: tuple[readings.State, ...] = ("live", "scheduled", "waiting", "draft", "ended", "stopped")
#: A basket that is tried holds no more than this.
AMOUNT_MAX = 10**9


class Used(NamedTuple):
    """What is drawn on one account of a shared limit. ``period``: shop, day or month; empty: all together."""

    limit: Limit
    period: str
    drawn: int


async def campaigns(visit: Visit) -> Response[Any]:
    """All of them with state and budget: those in one state, those of a name, in an order."""
    query, asked = visit.query, visit.query.get("state", "")
    state = asked if asked in STATES else ""
    wanted = query.get("q", "").strip()[:200]
    order = query.get("order", "") if query.get("order", "") in ORDERS else "code"
    rows = _ordered(await _rows(visit, state, wanted), order)
    zone = visit.known.context.zone
    say = words_of(visit.language, "campaign_words.html")

    def cells(row: tuple[readings.Kept, Used | None]) -> Sequence[exports.Cell]:
        one, budget = row[0].campaign, row[1]
        start, end = (None if at is None else at.astimezone(zone) for at in (one.starts_at, one.ends_at))
        used = (None, None, None) if budget is None else (budget.limit.measure, budget.drawn, budget.limit.most)
        return (
            one.code,
            one.name,
            one.name_en,
            say.state_name(row[0].state),
            one.version,
            start,
            end,
            *used,
            row[0].made_by,
        )

    async def all_of_them(_: str | None) -> tuple[Sequence[tuple[readings.Kept, Used | None]], None]:
        return rows, None

    if (file := await exports.taken(visit, "campaigns", all_of_them, cells)) is not None:
        return file
    begin = _page(query.get("page", ""))
    following = begin + 1 if len(rows) > begin * PAGE else None
    return shown(
        visit, "campaigns.html", "campaigns", rows=rows[(begin - 1) * PAGE : begin * PAGE], state=state, states=STATES,
        q=wanted, order=order, orders=ORDERS, following=following,
    )  # fmt: skip


async def _rows(visit: Visit, state: str, wanted: str) -> list[tuple[readings.Kept, Used | None]]:
    """The campaigns that are asked for, by code, with what is nearest to its end of each."""
    cursor, found = None, []
    async with visit.known.database.reading() as connection:
        while True:
            some, cursor = await readings.listed(connection, visit.known.context.campaigns, visit.now, READ, cursor)
            found += [each for each in some if (not state or each.state == state) and _fits(each.campaign, wanted)]
            if cursor is None:
                break
        accounts = [account for each in found for account in actions.shared_accounts(each.campaign)]
        drawn = await store.drawn_on(connection, accounts)
    return [(each, budget_of(each.campaign, drawn)) for each in found]


def _fits(one: Campaign, wanted: str) -> bool:
    told = unicodedata.normalize("NFKC", f"{one.code} {one.name} {one.name_en}").casefold()
    return unicodedata.normalize("NFKC", wanted).casefold() in told


def _ordered(rows: list[tuple[readings.Kept, Used | None]], order: str) -> list[tuple[readings.Kept, Used | None]]:
    far = datetime.max.replace(tzinfo=UTC)
    match order:
        case "start":
            return sorted(rows, key=lambda row: row[0].campaign.starts_at or row[0].made_at, reverse=True)
        case "end":
            return sorted(rows, key=lambda row: row[0].campaign.ends_at or far)
        case "used":
            return sorted(rows, key=lambda row: 0 if row[1] is None else -row[1].drawn / row[1].limit.most)
    return rows


def _page(asked: str) -> int:
    return max(int(asked), 1) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1


async def campaign(visit: Visit) -> Response[Any]:
    """One of them, whole."""
    kept = await _kept(visit)
    known, one = visit.known, kept.campaign
    async with known.database.reading() as connection:
        drawn = await store.drawn_on(connection, actions.shared_accounts(one))
    author = visit.staff.author
    return shown(
        visit, "campaign.html", "campaigns", kept=kept, used=_used(one, drawn),
        daily=_daily(one, drawn, known.context.day_of(visit.now)), stores=visit.shops(),
        may_decide=visit.staff.may("campaigns.decide"), today=known.context.day_of(visit.now),
        **await told(visit, one),
        # Whoever has made or started it is not the second person.
        may_approve=author != kept.made_by and not (kept.state == "waiting" and author == kept.waiting_by),
    )  # fmt: skip


async def told(visit: Visit, one: Campaign) -> dict[str, Any]:
    """A version in words, and what is to be known before it goes live: as the API tells it."""
    known = visit.known
    examined = await actions.examine(known.database, known.context, one, visit.now)
    problems = [*examined.problems, *(Problem("warning", "effects", code) for code in examined.law.warnings)]
    if examined.worst.yen is None:
        problems.append(Problem("warning", "limits", "unbounded"))
    async with known.database.reading() as connection:
        goods = await goods_names(connection, one)
    return {
        "campaign": one, "effects": _effects(one), "examined": examined,
        "names_by_code": names_of(visit), "goods_names": goods,
        "findings": [(each.level, problem_text(each, visit.language)) for each in problems],
        "others": {o.code: known.context.campaigns.version(o.code, o.version).name for o in examined.overlaps},
    }  # fmt: skip


async def try_basket(visit: Visit) -> Response[Any]:
    """What a basket would earn on a day were this version live. Nothing is written."""
    kept, known, form = await _kept(visit), visit.known, visit.form
    shop = known.shops.find(form.get("shop", ""))
    if shop is None:
        raise UnknownShop(form.get("shop", ""))
    visit.guard_shop(shop.shop_id)
    member = await _tried_for(visit, form.get("member", "").strip()[:200])
    who = None if member is None else presented("member_id", member.id, member_id_of=member_id_of)
    line = Line(1, _whole(form, "amount", AMOUNT_MAX), sku=form.get("sku", "").strip()[:500] or None)
    category = form.get("category", "").strip()[:500]
    if category:
        line = msgspec.structs.replace(line, category=category)
    at = _at(visit)
    ask = Quote(
        shop=shop.code, external_id="", occurred_at=at, at=at, lines=(line,),
        member=None if who is None else MemberRef("member_id", who.normal),
    )  # fmt: skip
    act = QuotePurchase(
        ask, shop, who, Principal(0, visit.staff.author, "server"), known.context.with_draft(kept.campaign),
        proven=UNSHOWN, now=visit.now,
    )  # fmt: skip
    body = await Quotes(known.database, known.clock, known.context).quote(act)
    answer = msgspec.json.decode(body, type=QuoteAnswer)
    return visit.page(
        "office/campaign_tried.html", answer=answer, rule=kept.campaign.rule, at=at, shop=shop, member=member,
    )  # fmt: skip


async def activate(visit: Visit) -> Response[Any]:
    """This version goes live, or waits for a second person."""
    kept = await _kept(visit)
    await actions.activate(
        visit.known.database, visit.known.context, kept.campaign.code, kept.campaign.version, None,
        visit.staff.author, visit.now,
    )  # fmt: skip
    return moved(f"/office/campaigns/{kept.campaign.code}")


async def approve(visit: Visit) -> Response[Any]:
    """A second person has looked at this very version."""
    kept = await _kept(visit)
    await actions.approve(
        visit.known.database, visit.known.context, kept.campaign.code, kept.campaign.version, visit.staff.author,
        visit.now,
    )  # fmt: skip
    return moved(f"/office/campaigns/{kept.campaign.code}")


async def stop(visit: Visit) -> Response[Any]:
    """It ends now; said in so many words before."""
    code = visit.path["code"]
    await actions.stop(visit.known.database, visit.known.context, code, visit.staff.author, visit.now)
    return moved(f"/office/campaigns/{code}")


async def _kept(visit: Visit) -> readings.Kept:
    """The version that is meant: of a form the one it was made from, else what is asked for, else the newest."""
    asked = visit.form.get("version") or visit.query.get("version", "")
    version = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else None
    async with visit.known.database.reading() as connection:
        kept = await readings.kept(
            connection, visit.known.context.campaigns, visit.path["code"], visit.now, version or None
        )
    if kept is None:
        raise UnknownCampaign(visit.path["code"])
    return kept


async def _tried_for(visit: Visit, wanted: str) -> MemberView | None:
    """The member for whom a basket is tried, by number, phone or mail; None: a member whom nothing is known of."""
    if not wanted:
        return None
    async with visit.known.database.reading() as connection:
        found = await named(connection, wanted)
    visit.saw([each.id for each in found])
    if len(found) != 1:
        raise UnknownMember
    return found[0]


def _at(visit: Visit) -> datetime:
    """The moment of the basket: a day, and an hour on it; today's is this very moment unless an hour is said."""
    zone = visit.known.context.zone
    try:
        day = date.fromisoformat(visit.form.get("day", ""))
        clock = visit.form.get("time", "")
        hour = time.fromisoformat(clock) if clock else visit.now.astimezone(zone).time()
    except ValueError:
        raise InvalidRequest("day", "is a day and a time of it") from None
    return datetime.combine(day, hour.replace(tzinfo=None), zone)


def _whole(form: Any, field: str, most: int) -> int:
    raw = form.get(field, "").strip().replace(",", "").replace("¥", "")
    if not (raw.isdigit() and 0 < int(raw) <= most):
        raise InvalidRequest(field, f"is a whole number from 1 to {most}")
    return int(raw)


def names_of(visit: Visit) -> dict[str, str]:
    return {each.code: each.name for each in visit.known.shops.all()}


def _effects(one: Campaign) -> list[tuple[Any, str]]:
    """What it gives, each with its kind."""
    return [(each, str(each.__struct_config__.tag)) for each in one.effects]


def _used(one: Campaign, drawn: list[tuple[str, str, int]]) -> list[Used]:
    """What all members together have drawn on each shared limit; a limit on which nobody has drawn stands at 0."""
    found = []
    for limit in one.limits:
        if "member" in limit.per:
            continue
        account = f"{one.rule}/{limit.measure}/{'+'.join(sorted(limit.per)) or 'all'}"
        mine = [Used(limit, period, amount) for code, period, amount in drawn if code == account]
        # The latest of those that go on from day to day.
        found += sorted(mine, key=lambda each: each.period)[-5:] or [Used(limit, "", 0)]
    return found


def _daily(one: Campaign, drawn: list[tuple[str, str, int]], today: date) -> list[tuple[Limit, list[tuple[date, int]]]]:
    """What was drawn on each limit of a day, day by day until today; a limit on which nobody has drawn is left out."""
    found = []
    for limit in one.limits:
        mine = {period: amount for code, period, amount in drawn if code == f"{one.rule}/{limit.measure}/day"}
        if tuple(limit.per) == ("day",) and mine:
            days = [today - timedelta(days=n) for n in reversed(range(DAYS))]
            found.append((limit, [(day, mine.get(day.isoformat(), 0)) for day in days]))
    return found


def budget_of(one: Campaign, drawn: list[tuple[str, str, int]]) -> Used | None:
    """The limit of the whole campaign that is nearest to its end."""
    whole = [each for each in _used(one, drawn) if not each.limit.per]
    return max(whole, key=lambda each: each.drawn / each.limit.most, default=None)
