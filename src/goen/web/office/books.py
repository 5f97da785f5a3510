"""What is written down: the programme in words, imports, and the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import msgspec
from litestar import Response

from goen.earning.rules_text import sections
from goen.members import terms as store
from goen.readings import office_lists
from goen.readings.recent import AuditRow
from goen.vocabulary.refusal import InvalidRequest
from goen.web.common.pages import words_of
from goen.web.common.visits import Visit
from goen.web.office import exports
from goen.web.office.frame import shown

#: Kinds of things that are audited: what stands before the dot of an action.
ROOMS = (
    "points", "adjustment", "member", "match", "household", "card", "cards", "programme", "campaign", "coupon_kind",
    "coupon", "reward", "tiers", "shop", "key", "staff", "terminal", "webhook_endpoint", "lots", "list",
    "standing", "draw", "terms",
)  # fmt: skip


async def programme(visit: Visit) -> Response[Any]:
    """The version that counts now, as a member reads it, and the others by their dates."""
    programmes, now = visit.known.programmes, visit.now
    current = programmes.version_at(now)
    chosen = current
    if (asked := visit.query.get("version", "")).isascii() and asked.isdigit() and len(asked) < 10:
        chosen = programmes.find(int(asked)) or current
    told = sections(chosen.engine.programme, visit.language)
    async with visit.known.database.reading() as connection:
        terms = await store.versions(connection)
    today = visit.known.context.day_of(now)
    return shown(
        visit, "programme.html", "programme", sections=told, chosen=chosen, current=current,
        versions=programmes.all(), now=now, terms=[(each, store.state_of(each, terms, today)) for each in terms],
    )  # fmt: skip


async def audit(visit: Visit) -> Response[Any]:
    """Who did what, when and why: of somebody, of a kind of thing, between two days."""
    known, query = visit.known, visit.query
    order: office_lists.Order = "oldest" if query.get("order") == "oldest" else "newest"
    room = query.get("room", "") if query.get("room", "") in ROOMS else ""
    since, until = _day(visit, "since"), _day(visit, "until")
    ask = office_lists.AuditAsk(
        query.get("author", "").strip()[:200], room, since, until and until + timedelta(days=1), order
    )

    async def page(cursor: str | None, limit: int = exports.PIECE) -> tuple[Any, str | None]:
        async with known.database.reading() as connection:
            return await office_lists.audit(connection, ask, limit, cursor)

    say = words_of(visit.language, "office/audit_words.html")

    def cells(row: AuditRow) -> Sequence[exports.Cell]:
        at = row.at.astimezone(known.context.zone)
        member = None if row.member is None else row.member.number
        details = msgspec.json.encode(row.details).decode()
        return at, row.author, say.action(row.action), row.action, member, row.reason, row.note, details

    if (file := await exports.taken(visit, "audit", page, cells)) is not None:
        return file
    rows, cursor = await page(query.get("cursor"), 50)
    values: dict[str, Any] = {"rows": rows, "next_cursor": cursor, "rooms": ROOMS, "order": order}
    if visit.fragment:
        return visit.page("office/audit_list.html", **values)
    return shown(visit, "audit.html", "audit", **values)


def _day(visit: Visit, name: str) -> datetime | None:
    """The beginning of a day that was asked for."""
    asked = visit.query.get(name, "")
    try:
        return datetime.combine(date.fromisoformat(asked), time(), visit.known.context.zone) if asked else None
    except ValueError:
        raise InvalidRequest(name, "is a day") from None
