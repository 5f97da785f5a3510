"""Coupons over HTTP: kinds made, changed and stopped, codes issued, asked about and voided, who used one and where."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from goen.actions import coupons as actions
from goen.actions.points.proof import UNSHOWN
from goen.actions.points.validate import ValidateAnswer, ValidateAsk, ValidateCoupon
from goen.api.call import Call, Reply
from goen.api.decoding import read, refused
from goen.api.operations import SERVER, WRITERS, Operation
from goen.api.queries import PageQuery, VersionQuery
from goen.api.v1.presenting import member_of, named
from goen.api.v1.purchases import MEMBER_REFUSALS
from goen.earning.campaigns.model import CampaignCode
from goen.earning.coupons.codes import normal, shown
from goen.earning.coupons.errors import (
    BatchDiffers,
    CouponCodeTaken,
    CouponKindExists,
    EmptySegment,
    KindStopped,
    UnknownCoupon,
    UnknownCouponKind,
)
from goen.earning.coupons.model import CouponEffect, CouponKind, from_json
from goen.members.errors import UnknownMember
from goen.members.ids import member_id_of, public_id
from goen.purchases.model import MemberRef
from goen.readings import coupons as readings
from goen.readings.family import family
from goen.shops import coupons as store
from goen.shops.errors import UnknownShop
from goen.vocabulary.refusal import InvalidRequest

_TAG = "Coupons"
VIEWERS = frozenset({"server", "readonly"})
#: More codes than these are made at the command line, where nobody waits for an answer.
COUNT_MAX = 100_000
#: So many codes are told in the answer; more are exported.
SHOWN_MAX = 1_000

#: What a PATCH may name: every field of a kind but its code, or null for the default.
CouponKindChanges: Any = msgspec.defstruct(
    "CouponKindChanges",
    [
        (field.encode_name, field.type | None | UnsetType, UNSET)
        for field in msgspec.structs.fields(CouponKind)
        if field.name not in ("code", "version")
    ],
    forbid_unknown_fields=True,
    namespace={"__doc__": "What shall be different; objects are merged (RFC 7396), null is the default again."},
)


class Results(msgspec.Struct, frozen=True):
    """What became of a kind's coupons, from the ledger of uses. ``used`` counts what was not given back; ``over``:
    used by offline tills although it was not usable. ``amount``: yen taken off. ``members`` who have ever used one."""

    issued: int
    used: int
    given_back: int
    over: int
    amount: int
    members: int


class BatchAnswer(msgspec.Struct, frozen=True):
    """Codes that were made together. ``made`` is less than ``wanted`` while that is under way."""

    batch: str
    version: int
    wanted: int
    made: int
    made_by: str
    made_at: datetime


class CouponKindAnswer(CouponKind, frozen=True, kw_only=True):
    """A version of a kind of coupon; ``results`` and ``batches`` are all versions' together."""

    newest_version: int
    stopped_at: datetime | None
    made_by: str
    made_at: datetime
    results: Results | None = None
    batches: list[BatchAnswer] | None = None


class CouponKindsAnswer(msgspec.Struct, frozen=True):
    """Kinds of coupons by code."""

    items: list[CouponKindAnswer]
    next_cursor: str | None


class IssueRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of: so many codes for whoever has them, one for each of these members, one for each of a segment.

    ``batch`` names what is made: asked again under the same name, the same answer and nothing made twice.
    """

    batch: Annotated[str, Meta(min_length=1, max_length=100)]
    count: Annotated[int, Meta(ge=1, le=COUNT_MAX)] | None = None
    members: Annotated[tuple[MemberRef, ...], Meta(min_length=1, max_length=1000)] | None = None
    segment: Annotated[str, Meta(min_length=1, max_length=100)] | None = None


class IssueAnswer(msgspec.Struct, frozen=True):
    """A complete batch. ``codes`` up to 1,000; more are read by ``goen coupons export``."""

    kind: str
    batch: str
    version: int
    made: int
    codes: list[str] | None


class VoidRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the code is worth nothing any more; kept with who said so."""

    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class UseAnswer(msgspec.Struct, frozen=True):
    """``used``, ``given_back`` by a cancel or the return of all goods, or ``over`` (offline, although not usable)."""

    what: Literal["used", "given_back", "over"]
    at: datetime
    shop: str
    purchase_id: str
    external_id: str | None
    member_id: str | None
    amount: int


class UsesAnswer(msgspec.Struct, frozen=True):
    """A coupon, and who used it where, newest first."""

    code: str
    kind: str
    public: bool
    member_id: str | None
    issued_at: datetime
    usable_from: datetime | None
    usable_until: datetime | None
    voided_at: datetime | None
    items: list[UseAnswer]
    next_cursor: str | None


class MemberCouponsQuery(PageQuery, frozen=True, forbid_unknown_fields=True):
    """A page of a member's coupons; ``state``: those alone that may be used now."""

    state: Literal["usable"] | None = None


class MemberCoupon(msgspec.Struct, frozen=True):
    """A member's coupon. ``usable_until`` is the first instant at which it is over; null: it has no end."""

    code: str
    kind: str
    name: str
    effect: CouponEffect
    state: readings.State
    issued_at: datetime
    usable_from: datetime | None
    usable_until: datetime | None


class MemberCouponsAnswer(msgspec.Struct, frozen=True):
    """A member's coupons, newest first."""

    items: list[MemberCoupon]
    next_cursor: str | None


async def _post(call: Call) -> Reply:
    ask = read(call.body or b"{}", from_json)
    made = await actions.create(call.services.database, ask, call.principal.integration, call.now)
    return Reply.of(await _whole(call, made.code), 201)


async def _patch(call: Call) -> CouponKindAnswer:
    call.decode(CouponKindChanges)
    changes = msgspec.json.decode(call.body or b"{}")
    code = call.variable("code", CampaignCode)
    try:
        await actions.change(call.services.database, code, changes, call.principal.integration, call.now)
    except msgspec.ValidationError as error:  # Each change fits its field; all together may still miss one.
        raise refused(error) from None
    return await _whole(call, code)


async def _get(call: Call) -> CouponKindAnswer:
    return await _whole(call, call.path["code"], call.decode_query(VersionQuery).version)


async def _list(call: Call) -> CouponKindsAnswer:
    asked = call.decode_query(PageQuery)
    async with call.services.database.reading() as connection:
        found, cursor = await readings.listed(connection, asked.limit, asked.cursor)
    return CouponKindsAnswer([_kind(kept) for kept in found], cursor)


async def _stop(call: Call) -> CouponKindAnswer:
    call.decode(Nothing)
    await actions.stop(call.services.database, call.path["code"], call.principal.integration, call.now)
    return await _whole(call, call.path["code"])


async def _issue(call: Call) -> Reply:
    ask, services = call.decode(IssueRequest), call.services
    kind, by = call.variable("code", CampaignCode), call.principal.integration
    if sum(each is not None for each in (ask.count, ask.members, ask.segment)) != 1:
        raise InvalidRequest("count", "give one of count, members and segment")
    if ask.count is not None:
        made = await actions.generate(services.database, services.zone, kind, ask.batch, ask.count, by, call.now)
    else:
        members = [await _member(call, ref, n) for n, ref in enumerate(ask.members or ())]
        made = await actions.issue(
            services.database, services.zone, kind, ask.batch, members=members, segment=ask.segment, by=by, now=call.now
        )
    codes = None
    if made.made <= SHOWN_MAX:
        async with services.database.snapshot() as connection:
            codes = [shown(row.code) async for row in store.exported(connection, kind, ask.batch)]
    return Reply.of(IssueAnswer(kind, made.batch, made.version, made.made, codes), 201)


async def _member(call: Call, ref: MemberRef, n: int) -> int:
    field = f"members.{n}"
    member_id = await member_of(call, (await named(call, ref, field, use_token=False)).presented)
    if member_id is None:
        raise UnknownMember
    return member_id


async def _validate(call: Call) -> Reply:
    services, ask = call.services, call.decode(ValidateAsk)
    shop = services.shops.by_code(ask.shop)
    call.principal.guard_shop(shop.shop_id)
    who = None if ask.member is None else (await named(call, ask.member, use_token=False)).presented
    act = ValidateCoupon(ask.quote(call.now), shop, who, call.principal, services.context, proven=UNSHOWN, now=call.now)
    return Reply(200, await services.quotes.quote(act))


async def _uses(call: Call) -> UsesAnswer:
    asked, code = call.decode_query(PageQuery), normal(call.path["code"])
    async with call.services.database.reading() as connection:
        coupon, rows, cursor = await readings.uses(connection, code, asked.limit, asked.cursor)
    if coupon is None:
        raise UnknownCoupon(call.path["code"])
    return UsesAnswer(
        shown(coupon.code),
        coupon.kind,
        coupon.version is None,
        None if coupon.member_id is None else public_id(coupon.member_id),
        coupon.issued_at,
        coupon.usable_from,
        coupon.usable_until,
        coupon.void_at,
        [_use(call, row) for row in rows],
        cursor,
    )


async def _void(call: Call) -> None:
    ask = call.decode(VoidRequest)
    await actions.void(call.services.database, call.path["code"], ask.reason, call.principal.integration, call.now)


async def _of_member(call: Call) -> MemberCouponsAnswer:
    asked = call.decode_query(MemberCouponsQuery)
    async with call.services.database.reading() as connection:
        one = await family(connection, member_id_of(call.path["id"]))
        found, cursor = await readings.of_member(connection, one, call.now, asked.limit, asked.cursor, asked.state)
    english = call.language == "en"
    items = [
        MemberCoupon(
            shown(each.code), each.kind.code, (each.kind.name_en or each.kind.name) if english else each.kind.name,
            each.kind.effect, each.state, each.issued_at, each.start, each.until,
        )
        for each in found
    ]  # fmt: skip
    return MemberCouponsAnswer(items, cursor)


_WHAT: dict[str, Literal["used", "given_back", "over"]] = {
    "use": "used", "back": "given_back", "over": "over", "over_back": "given_back",
}  # fmt: skip


def _use(call: Call, row: store.UseRow) -> UseAnswer:
    return UseAnswer(
        _WHAT[row.what],
        row.at,
        call.services.shops.by_id(row.shop_id).code,
        row.purchase_id,
        row.external_id,
        public_id(row.presented_id) if row.presented_id > 0 else None,
        row.amount,
    )


async def _whole(call: Call, code: str, version: int | None = None) -> CouponKindAnswer:
    """A version of a kind with what became of all its coupons."""
    async with call.services.database.reading() as connection:
        kept = await readings.kept(connection, code, version)
        if kept is None:
            raise UnknownCouponKind(code)
        counted, batches = await readings.results(connection, code)
    results = Results(
        counted.in_batches + counted.by_campaigns,
        counted.used - counted.given_back,
        counted.given_back,
        counted.over,
        counted.amount,
        counted.members,
    )
    return msgspec.structs.replace(_kind(kept), results=results, batches=[BatchAnswer(*row) for row in batches])


def _kind(kept: readings.Kept) -> CouponKindAnswer:
    return CouponKindAnswer(
        **{name: getattr(kept.kind, name) for name in CouponKind.__struct_fields__},
        newest_version=kept.newest,
        stopped_at=kept.stopped_at,
        made_by=kept.made_by,
        made_at=kept.made_at,
    )


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing is to be said."""


def _operation(method: Any, path: str, summary: str, handler: Any, **more: Any) -> Operation:
    usual: dict[str, Any] = {"answer": CouponKindAnswer, "roles": SERVER, "absent": (UnknownCouponKind,)}
    usual |= more
    usual["refusals"] = (*more.get("refusals", ()), *usual["absent"])
    return Operation(method=method, path=path, summary=summary, handler=handler, tag=_TAG, **usual)


OPERATIONS: tuple[Operation, ...] = (
    _operation(
        "GET", "/v1/coupon_kinds", "Kinds of coupons, by code", _list, query=PageQuery, answer=CouponKindsAnswer,
        roles=VIEWERS, absent=(),
    ),
    _operation(
        "POST", "/v1/coupon_kinds", "A new kind of coupon", _post, request=CouponKind, status=201,
        refusals=(CouponKindExists, CouponCodeTaken), absent=(),
    ),
    _operation(
        "GET", "/v1/coupon_kinds/{code}", "A kind of coupon with what became of its codes", _get, query=VersionQuery,
        roles=VIEWERS,
    ),
    _operation(
        "PATCH", "/v1/coupon_kinds/{code}", "The next version of a kind of coupon", _patch, request=CouponKindChanges,
        refusals=(CouponCodeTaken,),
    ),
    _operation(
        "POST", "/v1/coupon_kinds/{code}/stop", "End all coupons of a kind now", _stop, request=Nothing,
    ),
    _operation(
        "POST", "/v1/coupon_kinds/{code}/issue", "Make codes, for anybody or for members, once", _issue,
        request=IssueRequest, answer=IssueAnswer, status=201,
        refusals=(KindStopped, BatchDiffers, EmptySegment, *MEMBER_REFUSALS),
    ),
    _operation(
        "POST", "/v1/coupons/validate", "May this coupon be used? Nothing is written", _validate, request=ValidateAsk,
        answer=ValidateAnswer, roles=WRITERS, refusals=(UnknownShop, *MEMBER_REFUSALS), absent=(),
    ),
    _operation(
        "GET", "/v1/coupons/{code}/uses", "A coupon, and who used it where", _uses, query=PageQuery, answer=UsesAnswer,
        roles=VIEWERS, absent=(UnknownCoupon,),
    ),
    _operation(
        "POST", "/v1/coupons/{code}/void", "Make one code worth nothing", _void, request=VoidRequest, answer=None,
        status=204, absent=(UnknownCoupon,),
    ),
    _operation(
        "GET", "/v1/members/{id}/coupons", "A member's coupons, newest first", _of_member, query=MemberCouponsQuery,
        answer=MemberCouponsAnswer, roles=frozenset({"pos", "ec", "server", "readonly"}), absent=(UnknownMember,),
    ),
)  # fmt: skip
