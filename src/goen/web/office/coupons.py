"""Coupons: the kinds there are and what became of them; one in words; one code and who used it where."""

from __future__ import annotations

import unicodedata
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, TypeAlias
from urllib.parse import quote

from litestar import Response

from goen.actions import coupons as actions
from goen.database.pool import Reading
from goen.earning.coupons.codes import normal
from goen.earning.coupons.codes import shown as written
from goen.earning.coupons.errors import UnknownCouponKind
from goen.earning.coupons.model import CouponKind, to_json
from goen.members.errors import UnknownMember
from goen.members.ids import member_id_of, public_id
from goen.readings import coupons as readings
from goen.readings import recent
from goen.shops import coupons as store
from goen.shops.coupons import CouponRow, UseRow
from goen.vocabulary.refusal import InvalidRequest
from goen.web.common.goods import goods_names
from goen.web.common.pages import words_of
from goen.web.common.visits import Visit, moved
from goen.web.office import changes, editing, exports, forms
from goen.web.office.frame import shown
from goen.web.office.members import named as named_members

PAGE = 20
READ = 500
STATES = ("usable", "not_yet", "over", "stopped")
ORDERS = ("code", "end", "used")
USES = 50
#: Codes made at once on a page; more are made by goen coupons generate.
ISSUED_MAX = 100_000
State = Literal["usable", "not_yet", "over", "stopped"]
Row: TypeAlias = tuple[readings.Kept, State, readings.Counts]


class Found(NamedTuple):
    """A code that was asked about, its latest uses, and the members in them by number."""

    code: str
    row: CouponRow
    uses: list[UseRow]
    people: dict[int, recent.Who]


async def coupons(visit: Visit) -> Response[Any]:
    """Kinds with what became of them: by state, by name, in an order; and, where a code is asked about, that code."""
    query = visit.query
    wanted, named = query.get("coupon", "").strip()[:100], query.get("q", "").strip()[:200]
    state = query.get("state", "") if query.get("state", "") in STATES else ""
    order = query.get("order", "") if query.get("order", "") in ORDERS else "code"
    async with visit.known.database.reading() as connection:
        rows = await _rows(visit, connection, state, named)
        found = await _found(visit, connection, wanted) if wanted else None
    if order == "used":
        rows.sort(key=lambda row: -row[2].used)
    elif order == "end":
        rows.sort(key=lambda row: row[0].kind.ends_at or datetime.max.replace(tzinfo=UTC))
    say, zone = words_of(visit.language, "office/export_words.html"), visit.known.context.zone

    def cells(row: Row) -> Sequence[exports.Cell]:
        one, told, n = row[0].kind, row[1], row[2]
        start, end = (None if at is None else at.astimezone(zone) for at in (one.starts_at, one.ends_at))
        name = (one.code, one.name, one.name_en, one.public_code)
        return *name, say.coupon_states[told], one.version, start, end, n.issued, n.used, n.amount

    async def all_of_them(_: str | None) -> tuple[Sequence[Row], None]:
        return rows, None

    if (file := await exports.taken(visit, "coupons", all_of_them, cells)) is not None:
        return file
    place = query.get("page", "")
    begin = max(int(place), 1) if place.isascii() and place.isdigit() and len(place) < 6 else 1
    return shown(
        visit, "coupons.html", "coupons", rows=rows[(begin - 1) * PAGE : begin * PAGE], wanted=wanted, found=found,
        following=begin + 1 if len(rows) > begin * PAGE else None, state=state, states=STATES, q=named, order=order,
        orders=ORDERS, names_by_code={each.code: each.name for each in visit.known.shops.all()},
    )  # fmt: skip


async def _rows(visit: Visit, connection: Reading, state: str, named: str) -> list[Row]:
    plain = unicodedata.normalize("NFKC", named).casefold()
    cursor: str | None = None
    found: list[Row] = []
    while True:
        kinds, cursor = await readings.listed(connection, READ, cursor)
        counts = await readings.counts(connection, [each.kind.code for each in kinds])
        for each in kinds:
            told = unicodedata.normalize("NFKC", f"{each.kind.code} {each.kind.name} {each.kind.name_en}").casefold()
            if plain in told and state in ("", _state(visit, each)):
                found.append((each, _state(visit, each), counts[each.kind.code]))
        if cursor is None:
            return found


async def kind(visit: Visit) -> Response[Any]:
    """One kind, whole: the newest version or the one asked for."""
    asked = visit.query.get("version", "")
    version = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else None
    async with visit.known.database.reading() as connection:
        kept = await readings.kept(connection, visit.path["code"], version or None)
        if kept is None:
            raise UnknownCouponKind(visit.path["code"])
        counted, batches = await readings.results(connection, kept.kind.code)
        goods = await goods_names(connection, kept.kind)
    return shown(
        visit, "coupon.html", "coupons", kept=kept, kind=kept.kind, state=_state(visit, kept), counted=counted,
        batches=batches, effect_kind=str(kept.kind.effect.__struct_config__.tag),
        issued=counted.in_batches + counted.by_campaigns, may_decide=visit.staff.may("coupons.decide"),
        names_by_code={each.code: each.name for each in visit.known.shops.all()}, goods_names=goods,
    )  # fmt: skip


async def stop(visit: Visit) -> Response[Any]:
    """No coupon of the kind is taken any more, whatever version; said in numbers before."""
    await actions.stop(visit.known.database, visit.path["code"], visit.staff.author, visit.now)
    return moved(f"/office/coupons/{visit.path['code']}")


async def _found(visit: Visit, connection: Any, wanted: str) -> Found | None:
    row, uses, _ = await readings.uses(connection, normal(wanted), USES, None)
    if row is None:
        return None
    people: dict[int, recent.Who] = {}
    if visit.staff.may("members"):
        ids = {each.presented_id for each in uses if each.presented_id > 0}
        people = await recent.who(connection, [*ids, *([row.member_id] if row.member_id else [])])
        visit.saw([public_id(each) for each in people])
    # A manager sees where else it was used, and opens what their own shops sold.
    return Found(written(row.code), row, uses, people)


def _state(visit: Visit, kept: readings.Kept) -> State:
    if kept.stopped_at is not None:
        return "stopped"
    if kept.kind.ends_at is not None and kept.kind.ends_at <= visit.now:
        return "over"
    if kept.kind.starts_at is not None and kept.kind.starts_at > visit.now:
        return "not_yet"
    return "usable"


async def new(visit: Visit) -> Response[Any]:
    """An empty form."""
    return await editing.form(visit, _editing(None), {"effect": {"kind": "amount"}})


async def edit(visit: Visit) -> Response[Any]:
    """The newest version, to be changed."""
    return await editing.form(visit, _editing(visit.path["code"]), await _document(visit))


async def shape(visit: Visit) -> Response[Any]:
    """The form, or what it says."""
    return await editing.shape(visit, _editing(visit.path.get("code")))


async def save(visit: Visit) -> Response[Any]:
    """Keep a new kind, or the next version of one."""
    code, known, by = visit.path.get("code"), visit.known, visit.staff.author
    before = None if code is None else await _document(visit)

    async def keep(value: CouponKind, document: dict[str, Any]) -> None:
        if before is None:
            await actions.create(known.database, value, by, visit.now)
        else:
            await actions.change(
                known.database, value.code, changes.patch(before, document, whole=("effect",)), by, visit.now
            )

    return await editing.save(
        visit, _editing(code), keep, lambda document: f"/office/coupons/{code or document['code']}"
    )


async def issue(visit: Visit) -> Response[Any]:
    """Codes under a name: for whoever has them, for one member, or for all of a segment. Once under one name."""
    form, known, code = visit.form, visit.known, visit.path["code"]
    batch, to = form.get("batch", "").strip()[:100], form.get("to", "")
    if not batch:
        raise InvalidRequest("batch", "is required")
    zone, by = known.context.zone, visit.staff.author
    if to == "segment":
        segment = form.get("segment", "").strip()[:100]
        if not segment:
            raise InvalidRequest("segment", "is required")
        await actions.issue(known.database, zone, code, batch, segment=segment, by=by, now=visit.now)
    elif to == "member":
        async with known.database.reading() as connection:
            found = await named_members(connection, form.get("member", "").strip()[:200])
        visit.saw([each.id for each in found])
        if len(found) != 1:
            raise UnknownMember
        number = member_id_of(found[0].id)
        assert number is not None
        await actions.issue(known.database, zone, code, batch, members=[number], by=by, now=visit.now)
    else:
        count = form.get("count", "").strip().replace(",", "")
        if not (count.isascii() and count.isdigit() and 0 < int(count) <= ISSUED_MAX):
            raise InvalidRequest("count", f"is a whole number from 1 to {ISSUED_MAX}")
        await actions.generate(known.database, zone, code, batch, int(count), by, visit.now)
    return moved(f"/office/coupons/{code}")


async def void(visit: Visit) -> Response[Any]:
    """One code is worth nothing any more."""
    code = visit.form.get("coupon", "").strip()[:100]
    reason = visit.form.get("reason", "").strip()[:500]
    await actions.void(visit.known.database, code, reason, visit.staff.author, visit.now)
    return moved(f"/office/coupons?coupon={quote(code)}")


async def codes(visit: Visit) -> Response[Any]:
    """The codes of a kind, or of one batch, as a file: worth money, so it is written down who took them."""
    code, batch = visit.path["code"], visit.query.get("batch") or None
    async with visit.known.database.reading() as connection:
        if await readings.kept(connection, code) is None:
            raise UnknownCouponKind(code)
    zone = visit.known.context.zone

    async def rows() -> AsyncIterator[Sequence[exports.Cell]]:
        async with visit.known.database.snapshot() as connection:
            async for each in store.exported(connection, code, batch):
                days = (None if at is None else at.astimezone(zone) for at in (each.usable_from, each.usable_until))
                yield written(each.code), each.batch, *days

    return await exports.streamed(visit, "coupon_codes", rows(), "csv-utf8")


def _editing(code: str | None) -> editing.Editing:
    at = "/office/new/coupon" if code is None else f"/office/coupons/{code}/edit"

    async def said(visit: Visit, value: CouponKind) -> dict[str, Any]:
        names = {each.code: each.name for each in visit.known.shops.all()}
        async with visit.known.database.reading() as connection:
            goods = await goods_names(connection, value)
        return {
            "effect_kind": str(value.effect.__struct_config__.tag), "names_by_code": names, "goods_names": goods,
        }  # fmt: skip

    return editing.Editing(
        CouponKind, "coupons", "new coupon" if code is None else "coupon", at,
        "/office/coupons" if code is None else f"/office/coupons/{code}", "office/coupon_look.html", said,
        without=("version",) if code is None else ("version", "code"), fixed={} if code is None else {"code": code},
        taken=("coupon_kind_exists",),
    )  # fmt: skip


async def _document(visit: Visit) -> dict[str, Any]:
    async with visit.known.database.reading() as connection:
        kept = await readings.kept(connection, visit.path["code"])
    if kept is None:
        raise UnknownCouponKind(visit.path["code"])
    document: dict[str, Any] = forms.decode(to_json(kept.kind))
    return {key: value for key, value in document.items() if key not in ("version", "code")}
