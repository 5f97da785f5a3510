"""Coupons: the kinds there are and what became of them; one in words; one code and who used it where."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from litestar import Response

from goen.actions import coupons as actions
from goen.earning.coupons.codes import normal
from goen.earning.coupons.codes import shown as written
from goen.earning.coupons.errors import UnknownCouponKind
from goen.members.ids import public_id
from goen.readings import coupons as readings
from goen.readings import recent
from goen.shops.coupons import CouponRow, UseRow
from goen.web.common.visits import Visit, moved
from goen.web.office.frame import shown

PAGE = 20
USES = 50
State = Literal["usable", "not_yet", "over", "stopped"]


class Found(NamedTuple):
    """A code that was asked about, its latest uses, and the members in them by number."""

    code: str
    row: CouponRow
    uses: list[UseRow]
    people: dict[int, recent.Who]


async def coupons(visit: Visit) -> Response[Any]:
    """Kinds by code with what became of them; and, where a code is asked about, that code."""
    wanted = visit.query.get("coupon", "").strip()[:100]
    async with visit.known.database.reading() as connection:
        kinds, cursor = await readings.listed(connection, PAGE, visit.query.get("cursor"))
        counts = await readings.counts(connection, [each.kind.code for each in kinds])
        found = await _found(visit, connection, wanted) if wanted else None
    rows = [(each, _state(visit, each), counts[each.kind.code]) for each in kinds]
    return shown(
        visit, "coupons.html", "coupons", rows=rows, next_cursor=cursor, wanted=wanted, found=found,
        names_by_code={each.code: each.name for each in visit.known.shops.all()},
    )  # fmt: skip


async def kind(visit: Visit) -> Response[Any]:
    """One kind, whole: the newest version or the one asked for."""
    asked = visit.query.get("version", "")
    version = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 9 else None
    async with visit.known.database.reading() as connection:
        kept = await readings.kept(connection, visit.path["code"], version or None)
        if kept is None:
            raise UnknownCouponKind(visit.path["code"])
        counted, batches = await readings.results(connection, kept.kind.code)
    return shown(
        visit, "coupon.html", "coupons", kept=kept, kind=kept.kind, state=_state(visit, kept), counted=counted,
        batches=batches, effect_kind=str(kept.kind.effect.__struct_config__.tag),
        issued=counted.in_batches + counted.by_campaigns, may_decide=visit.staff.may("coupons.decide"),
        names_by_code={each.code: each.name for each in visit.known.shops.all()},
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
