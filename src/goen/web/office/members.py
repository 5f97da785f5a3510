"""Members: find one, and see all of one (360°): who, balance and why, what happened, and points by hand."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any

from litestar import Response

from goen.actions.merging.preview import preview
from goen.actions.points import approvals
from goen.actions.points.by_hand import Adjust, AdjustmentAsk
from goen.actions.points.by_staff import AdjustWithin
from goen.actions.points.context import idempotent
from goen.database.pool import Reading
from goen.identity.presented import Presented, presented
from goen.members.errors import AmbiguousMember, UnknownMember
from goen.members.ids import member_id_of
from goen.members.model import MemberView
from goen.purchases.model import MemberRef
from goen.readings import entries, lots, office_lists, purchases, recent
from goen.readings.debts import Debts, DebtView, debts
from goen.readings.family import family, holders
from goen.readings.member_lookup import member_by
from goen.readings.member_profile import member_profile, member_profiles
from goen.readings.member_search import member_search
from goen.readings.merges import merges
from goen.readings.why import why
from goen.shops.model import Principal
from goen.staff.rules import ADJUSTS_PER_DAY
from goen.vocabulary.refusal import InvalidRequest
from goen.web.common.pages import words_of
from goen.web.common.visits import Visit, moved
from goen.web.office import exports
from goen.web.office.frame import shown

PAGE = 20
EVERYBODY = 50
STATES = ("active", "frozen", "provisional", "withdrawn")
_OFFICE = Principal(0, "office", "server")
REASONS = ("goodwill", "correction", "promotion", "migration", "other")


async def search(visit: Visit) -> Response[Any]:
    """By number, phone, mail, name or kana; without a question, who bought lately."""
    wanted = visit.query.get("q", "").strip()[:200]
    if not wanted and "which" in visit.query:
        return await everybody(visit)
    cursor = visit.query.get("cursor")
    found: list[MemberView] = []
    next_cursor, short = None, False
    lately: list[Any] = []
    async with visit.known.database.reading() as connection:
        if wanted and cursor is None:
            found = await named(connection, wanted)
        if wanted and not found:
            try:
                page = await member_search(connection, wanted, PAGE, cursor)
                found, next_cursor = page.members, page.next_cursor
            except InvalidRequest:
                short = True
        if not wanted:
            sales, _ = await recent.recent_sales(connection, visit.staff.shops, 40, None)
            seen: dict[str, Any] = {}
            for sale in sales:
                if sale.member is not None:
                    seen.setdefault(sale.member.id, sale)
            lately = list(seen.values())[:12]
    if wanted and (file := await exports.taken(visit, "members", _searched(visit, wanted), _cells(visit), whose=_id)):
        return file
    visit.saw({*(each.id for each in found), *(sale.member.id for sale in lately)})
    values: dict[str, Any] = {
        "q": wanted,
        "members": found,
        "next_cursor": next_cursor,
        "short": short,
        "lately": lately,
        "which": None,
    }
    if visit.fragment:
        return visit.page("office/members_list.html", **values)
    return shown(visit, "members.html", "members", **values)


async def everybody(visit: Visit) -> Response[Any]:
    """All members, by state, tier and the shop where they joined, in the order in which they came."""
    query, known = visit.query, visit.known
    shop = known.shops.find(query.get("shop", "")) if query.get("shop") else None
    state = query.get("which", "") if query.get("which", "") in STATES else ""
    order: office_lists.Order = "oldest" if query.get("order") == "oldest" else "newest"
    ask = office_lists.MembersAsk(state, query.get("tier", "")[:100], 0 if shop is None else shop.shop_id, order)

    async def page(cursor: str | None, limit: int = exports.PIECE) -> tuple[Sequence[MemberView], str | None]:
        async with known.database.reading() as connection:
            return await office_lists.members(connection, ask, limit, cursor)

    if (file := await exports.taken(visit, "members", page, _cells(visit), whose=_id)) is not None:
        return file
    members, cursor = await page(query.get("cursor"), EVERYBODY)
    visit.saw({each.id for each in members})
    tiers = {code: tier.name or code for code, tier in known.context.engine_at(visit.now).programme.tiers.items()}
    values: dict[str, Any] = {
        "q": "", "members": members, "next_cursor": cursor, "short": False, "lately": [], "which": state,
        "order": order, "states": STATES, "tiers": tiers, "shops": known.shops.all(),
    }  # fmt: skip
    if visit.fragment:
        return visit.page("office/members_list.html", **values)
    return shown(visit, "members.html", "members", **values)


async def owing(visit: Visit) -> Response[Any]:
    """Who owes points, to be looked through every day (rule 28)."""
    known = visit.known

    async def page(cursor: str | None, limit: int = exports.PIECE) -> Debts:
        async with known.database.reading() as connection:
            return await debts(connection, limit, cursor)

    async def piece(cursor: str | None) -> tuple[Sequence[DebtView], str | None]:
        found = await page(cursor)
        return found.items, found.next_cursor

    say = words_of(visit.language, "office/export_words.html")

    def cells(each: DebtView) -> Sequence[exports.Cell]:
        return each.number, each.name, str(say.states[each.status]), each.owed, each.since, each.purchase_id

    if (file := await exports.taken(visit, "owing", piece, cells, whose=lambda each: each.member_id)) is not None:
        return file
    found = await page(visit.query.get("cursor"), EVERYBODY)
    visit.saw({each.member_id for each in found.items})
    return shown(visit, "owing.html", "members", found=found)


def _searched(visit: Visit, wanted: str) -> exports.Page[MemberView]:
    """Whoever a search finds, a piece at a time."""

    async def page(cursor: str | None) -> tuple[Sequence[MemberView], str | None]:
        async with visit.known.database.reading() as connection:
            if cursor is None and (found := await named(connection, wanted)):
                return found, None
            found, following = await member_search(connection, wanted, exports.PIECE, cursor)
            return found, following

    return page


def _cells(visit: Visit) -> Callable[[MemberView], Sequence[exports.Cell]]:
    say, zone = words_of(visit.language, "office/export_words.html"), visit.known.context.zone

    def cells(each: MemberView) -> Sequence[exports.Cell]:
        contacts = {kind: " ".join(i.value for i in each.identifiers if i.kind == kind) for kind in ("phone", "email")}
        return (
            each.number, each.name, each.kana, contacts["phone"], contacts["email"], each.birth_date, each.gender,
            each.postal_code, each.address, each.shop, each.tier, say.states.get(each.status, each.status),
            each.joined_at.astimezone(zone),
        )  # fmt: skip

    return cells


def _id(each: MemberView) -> str:
    return each.id


async def named(connection: Any, wanted: str) -> list[MemberView]:
    """Whoever an identifier names; several where they share a phone or mail."""
    digits = sum(each.isdigit() for each in wanted)
    kinds = ("email",) if "@" in wanted else ("card", "phone") if digits >= 4 else ()
    for kind in kinds:
        try:
            named = presented(kind, wanted, member_id_of=member_id_of)
            member_id = await member_by(connection, named)
        except InvalidRequest:
            continue
        except AmbiguousMember as several:
            ids = [member_id_of(each["member_id"]) for each in several.fields["candidates"]]
            return await member_profiles(connection, [each for each in ids if each is not None])
        if member_id is not None:
            return await member_profiles(connection, [member_id])
    return []


def _member_id(visit: Visit) -> int:
    member_id = member_id_of(visit.path["member_id"])
    if member_id is None:
        raise UnknownMember
    return member_id


async def member(visit: Visit) -> Response[Any]:
    """All of one member. Points are those of the books: the survivor's, or of a household together."""
    member_id, known = _member_id(visit), visit.known
    async with known.database.reading() as connection:
        profile = await member_profile(connection, member_id)
        if profile.id != visit.path["member_id"]:
            return moved(f"/office/members/{profile.id}")  # Merged since: there is one page of one person.
        one = await holders(connection, member_id)
        page = await entries.entries_of(connection, one, PAGE, None, known.shops, visit.language)
        opens = await _open_purchases(visit, connection, page)
        opened, _ = await lots.lots(connection, one.root, 12, None)
        bought, _ = await purchases.of_member(connection, one, purchases.Span(), 8, None)
        joined = await merges(connection, (await family(connection, member_id)).homes)
    visit.saw([profile.id], "read")
    balance = await known.balances.of(member_id)
    told = await why(
        known.database, member_id, visit.now, zone=known.context.zone, currency=known.context.currency,
        shops=known.shops, language=visit.language,
    )  # fmt: skip
    return shown(
        visit, "member.html", "members", member=profile, balance=balance, why=told, entries=page,
        open_purchases=opens, lots=opened,
        bought=bought, reasons=REASONS, merges=joined, key=secrets.token_urlsafe(16),
        may_adjust=visit.staff.may("points.adjust"), may_undo=visit.staff.may("duplicates.decide"),
        today=known.context.day_of(visit.now), shop_by_code={each.code: each.name for each in known.shops.all()},
    )  # fmt: skip


async def timeline(visit: Visit) -> Response[Any]:
    """More of what moved."""
    async with visit.known.database.reading() as connection:
        one = await holders(connection, _member_id(visit))
        page = await entries.entries_of(
            connection, one, PAGE, visit.query.get("cursor"), visit.known.shops, visit.language
        )
        opens = await _open_purchases(visit, connection, page)
    return visit.page(
        "office/timeline.html",
        entries=page,
        open_purchases=opens,
        member_id=visit.path["member_id"],
        shop_by_code={each.code: each.name for each in visit.known.shops.all()},
    )


async def _open_purchases(visit: Visit, connection: Reading, page: entries.Page) -> set[str]:
    """The purchases behind these movements that the visitor may open: a manager those of their own shops."""
    ids = [each.purchase_id for each in page.items if each.purchase_id is not None]
    return await purchases.of_shops(connection, ids, visit.staff.shops)


async def adjust(visit: Visit) -> Response[Any]:
    """Points by hand. Asked once, it shows what would happen; asked with ``sure``, it does it, once per ``key``."""
    known, member_id, form = visit.known, _member_id(visit), visit.form
    raw = form.get("points", "").strip().replace(",", "").replace("−", "-").replace("－", "-")
    try:
        points = int(raw)
    except ValueError:
        raise InvalidRequest("points", "is a whole number") from None
    if not 0 < abs(points) < 10**9:
        raise InvalidRequest("points", "is not zero, and below 1000000000")
    reason, note, key = form.get("reason", ""), form.get("note", "").strip()[:500], form.get("key", "")[:64]
    if reason not in REASONS or not key:
        raise InvalidRequest("reason", "is one of the list")
    who = presented("member_id", visit.path["member_id"], member_id_of=member_id_of)
    ask = AdjustmentAsk(
        MemberRef("member_id", visit.path["member_id"]), points, reason, note or None,  # type: ignore[arg-type]
        author=visit.staff.author,
    )  # fmt: skip
    waits = approvals.needs_second(known.context.engine_at(visit.now).programme, points)
    # What another approves draws on nobody's own limit.
    act = (
        Adjust(
            ask, who, idempotent("office", f"adjust:{key}", known.context, visit.now), _OFFICE, known.context, visit.now
        )
        if waits
        else _adjustment(visit, ask, who, key)
    )
    if form.get("sure") != "1":
        before = await known.balances.of(member_id)
        await preview(known.database, act, visit.now)  # Or refuses, as the act itself would.
        return visit.page(
            "office/adjust_sure.html", points=points, reason=reason, note=note, key=key, before=before.available,
            after=before.available + points, member_id=visit.path["member_id"], waits=waits,
        )  # fmt: skip
    if waits:
        await preview(known.database, act, visit.now)
        await approvals.ask(known.database, member_id, ask, visit.staff.author, key, visit.now)
        return visit.page("office/adjust_waits.html", points=points)
    await known.till.post(act)
    after = await known.balances.of(member_id)
    return visit.page("office/adjust_done.html", points=points, after=after.available)


def _adjustment(visit: Visit, ask: AdjustmentAsk, who: Presented, key: str) -> Adjust:
    context = visit.known.context
    asked = (ask, who, idempotent("office", f"adjust:{key}", context, visit.now), _OFFICE, context, visit.now)
    per_day = ADJUSTS_PER_DAY.get(visit.staff.role)
    return Adjust(*asked) if per_day is None else AdjustWithin(*asked, per_day=per_day)
