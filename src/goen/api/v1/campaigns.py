"""Campaigns and signals over HTTP: made, checked, approved, live, tried on a basket, stopped."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from goen.actions import campaigns as actions
from goen.actions.points.errors import CouponNotUsable
from goen.actions.points.quote import Quote, QuoteAnswer, QuotePurchase
from goen.api.call import Call, Reply
from goen.api.decoding import read, refused
from goen.api.operations import SERVER, Operation
from goen.api.queries import PageQuery, VersionQuery
from goen.api.v1.presenting import named, proven
from goen.api.v1.purchases import MEMBER_REFUSALS, SPENDING_REFUSALS
from goen.earning.campaigns.checks import Overlap
from goen.earning.campaigns.cost import WorstCase
from goen.earning.campaigns.errors import CampaignExists, CampaignState, SecondPersonNeeded, UnknownCampaign
from goen.earning.campaigns.law import Law
from goen.earning.campaigns.model import Campaign, CampaignCode, SignalValue, from_json
from goen.earning.checks import Problem
from goen.earning.words import problem_text
from goen.readings import campaigns as readings
from goen.readings import stamps
from goen.shops import campaigns as store
from goen.shops.errors import UnknownShop
from goen.vocabulary.fields import Text

Moment = Annotated[datetime, Meta(tz=True)]
Version = Annotated[int, Meta(ge=1)]
VIEWERS = frozenset({"server", "readonly"})

#: What a PATCH may name: every field of a campaign but its code, or null for the default.
CampaignChanges: Any = msgspec.defstruct(
    "CampaignChanges",
    [
        (field.name, field.type | None | UnsetType, UNSET)
        for field in msgspec.structs.fields(Campaign)
        if field.name not in ("code", "version")
    ],
    forbid_unknown_fields=True,
    namespace={"__doc__": "What shall be different; objects are merged (RFC 7396), null is the default again."},
)


class CheckAnswer(msgspec.Struct, frozen=True):
    """A finding: an ``error`` forbids activation, a ``warning`` does not."""

    level: str
    field: str
    code: str
    text: str


class Checks(msgspec.Struct, frozen=True):
    """What is to be known before a campaign goes live."""

    findings: list[CheckAnswer]
    overlaps: list[Overlap]
    worst_case: WorstCase
    law: Law
    needs_approval: bool


class DrawnAnswer(msgspec.Struct, frozen=True):
    """What all members together have drawn on a limit: ``limit`` is measure/scope, ``period`` shop, day or month."""

    limit: str
    period: str
    drawn: int


class Counted(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a campaign: ``stamps`` that stand, ``cards`` that are full, members who hold any
    (``card_holders``); sales that took its discount or gift (``uses``), yen of ``discount`` and ``gifts`` in all, and
    sales that took it although it was not to be had (``over``)."""

    stamps: int = 0
    cards: int = 0
    card_holders: int = 0
    uses: int = 0
    discount: int = 0
    gifts: int = 0
    over: int = 0


class CampaignAnswer(Campaign, frozen=True, kw_only=True):
    """A version of a campaign. ``state`` is the campaign's: ``draft``, ``waiting`` (for approval), ``scheduled``,
    ``live``, ``ended`` or ``stopped``; ``live_version`` the version that counts."""

    state: readings.State
    newest_version: int
    live_version: int | None
    approved_by: list[str]
    waiting_by: str | None
    made_by: str
    made_at: datetime
    checks: Checks | None = None
    drawn: list[DrawnAnswer] | None = None
    counted: Counted | None = None


class CampaignsAnswer(msgspec.Struct, frozen=True):
    """Campaigns by code."""

    items: list[CampaignAnswer]
    next_cursor: str | None


class ActivateRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which version (default: the newest) and from when (default: as soon as may be)."""

    version: Version | None = None
    starts_at: Moment | None = None


class ApproveRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which version (default: the newest)."""

    version: Version | None = None


class DryRunRequest(Quote, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A basket and, with ``at``, a moment. ``version``: of the campaign, default the newest."""

    version: Version | None = None


class SignalRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is so from ``time`` on (default: now) at ``place``: a shop's code, a region, or everywhere."""

    value: Annotated[str, Meta(max_length=500)] | int | float | bool
    place: Text | None = None
    time: Moment | None = None
    source: Text | None = None


class SignalPlace(msgspec.Struct, frozen=True):
    """The newest word about one place; null: everywhere."""

    place: str | None
    value: SignalValue
    time: datetime
    source: str | None


class SignalAnswer(msgspec.Struct, frozen=True):
    """What was last said under this name, by place."""

    name: str
    items: list[SignalPlace]


async def _post(call: Call) -> Reply:
    ask = read(call.body or b"{}", from_json)
    await actions.create(call.services.database, call.services.context, ask, call.principal.integration, call.now)
    return Reply.of(await checked(call, ask.code), 201)


async def _patch(call: Call) -> CampaignAnswer:
    call.decode(CampaignChanges)
    changes = msgspec.json.decode(call.body or b"{}")
    code = call.variable("code", CampaignCode)
    services, by = call.services, call.principal.integration
    try:
        made = await actions.change(services.database, services.context, code, changes, by, call.now)
    except msgspec.ValidationError as error:  # Each change fits its field; all together may still miss one.
        raise refused(error) from None
    return await checked(call, code, made.version)


async def _get(call: Call) -> CampaignAnswer:
    return await checked(call, call.path["code"], call.decode_query(VersionQuery).version)


async def _list(call: Call) -> CampaignsAnswer:
    asked = call.decode_query(PageQuery)
    async with call.services.database.reading() as connection:
        found, cursor = await readings.listed(
            connection, call.services.context.campaigns, call.now, asked.limit, asked.cursor
        )
    return CampaignsAnswer([_told(kept) for kept in found], cursor)


async def _activate(call: Call) -> CampaignAnswer:
    ask, services = call.decode(ActivateRequest), call.services
    made = await actions.activate(
        services.database, services.context, call.path["code"], ask.version, ask.starts_at,
        call.principal.integration, call.now,
    )  # fmt: skip
    return await checked(call, made.code, made.version)


async def _approve(call: Call) -> CampaignAnswer:
    ask, services = call.decode(ApproveRequest), call.services
    made = await actions.approve(
        services.database, services.context, call.path["code"], ask.version, call.principal.integration, call.now
    )
    return await checked(call, made.code, made.version)


async def _stop(call: Call) -> CampaignAnswer:
    call.decode(Nothing)
    services = call.services
    made = await actions.stop(
        services.database, services.context, call.path["code"], call.principal.integration, call.now
    )
    return await checked(call, made.code, made.version)


async def _dry_run(call: Call) -> Reply:
    """The quote as it would be were the campaign live."""
    services, ask = call.services, call.decode(DryRunRequest)
    shop = services.shops.by_code(ask.shop)
    who = None if ask.member is None else await named(call, ask.member, use_token=False)
    async with services.database.reading() as connection:
        kept = await readings.kept(connection, services.context.campaigns, call.path["code"], call.now, ask.version)
    if kept is None:
        raise UnknownCampaign(call.path["code"])
    quote = Quote(**{name: getattr(ask, name) for name in Quote.__struct_fields__})
    act = QuotePurchase(
        quote,
        shop,
        None if who is None else who.presented,
        call.principal,
        services.context.with_draft(kept.campaign),
        proven=await proven(call, ask.proof, who),
        now=call.now,
    )
    return Reply(200, await services.quotes.quote(act))


async def _put_signal(call: Call) -> SignalAnswer:
    name, ask = call.variable("name", Annotated[str, Meta(min_length=1, max_length=100)]), call.decode(SignalRequest)
    await actions.put_signal(
        call.services.database,
        name=name,
        place=ask.place or "",
        at=ask.time,
        value=ask.value,
        source=ask.source,
        now=call.now,
    )
    async with call.services.database.reading() as connection:
        context = call.services.context
        await readings.refresh(context.campaigns, context.signals, connection, call.now)
    return await _signal(call, name)


async def _get_signal(call: Call) -> SignalAnswer:
    return await _signal(call, call.path["name"])


async def _signal(call: Call, name: str) -> SignalAnswer:
    async with call.services.database.reading() as connection:
        found = await store.signals_now(connection, name, call.now + actions.CLOCK_SKEW)
    return SignalAnswer(name, [SignalPlace(each.place or None, each.value, each.at, each.source) for each in found])


async def checked(call: Call, code: str, version: int | None = None) -> CampaignAnswer:
    """A version with its checks and what was drawn on its limits."""
    services = call.services
    async with services.database.reading() as connection:
        kept = await readings.kept(connection, services.context.campaigns, code, call.now, version)
        if kept is None:
            raise UnknownCampaign(code)
        drawn = await store.drawn_on(connection, actions.shared_accounts(kept.campaign))
        counted = Counted(*await stamps.counted(connection, code))
    examined = await actions.examine(services.database, services.context, kept.campaign, call.now)
    findings = [_finding(p.level, p.field, p.code, problem_text(p, call.language)) for p in examined.problems]
    findings += [
        _finding("warning", "effects", code, problem_text(Problem("warning", "effects", code), call.language))
        for code in examined.law.warnings
    ]
    if examined.worst.yen is None:
        unbounded = Problem("warning", "limits", "unbounded")
        findings.append(_finding("warning", "limits", "unbounded", problem_text(unbounded, call.language)))
    checks = Checks(findings, examined.overlaps, examined.worst, examined.law, examined.needs_approval)
    shown = [DrawnAnswer(account.partition("/")[2], period, points) for account, period, points in drawn]
    return msgspec.structs.replace(_told(kept), checks=checks, drawn=shown, counted=counted)


def _finding(level: str, field: str, code: str, text: str) -> CheckAnswer:
    return CheckAnswer(level, field, code, text)


def _told(kept: readings.Kept) -> CampaignAnswer:
    return CampaignAnswer(
        **{name: getattr(kept.campaign, name) for name in Campaign.__struct_fields__},
        state=kept.state,
        newest_version=kept.newest,
        live_version=kept.live_version,
        approved_by=kept.approved_by,
        waiting_by=kept.waiting_by,
        made_by=kept.made_by,
        made_at=kept.made_at,
    )


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing is to be said."""


def _operation(method: Any, path: str, summary: str, handler: Any, **more: Any) -> Operation:
    usual: dict[str, Any] = {"answer": CampaignAnswer, "roles": SERVER, "absent": (UnknownCampaign,)}
    more["refusals"] = (*more.get("refusals", ()), UnknownCampaign)
    return Operation(method=method, path=path, summary=summary, handler=handler, tag="Programme", **(usual | more))


OPERATIONS: tuple[Operation, ...] = (
    _operation(
        "GET", "/v1/campaigns", "Campaigns, by code", _list, query=PageQuery, answer=CampaignsAnswer,
        roles=VIEWERS,
    ),
    _operation(
        "POST", "/v1/campaigns", "A new campaign, as a draft", _post, request=Campaign, status=201,
        refusals=(CampaignExists,),
    ),
    _operation(
        "GET", "/v1/campaigns/{code}", "A campaign with its checks and what was drawn on its limits", _get,
        query=VersionQuery, roles=VIEWERS,
    ),
    _operation("PATCH", "/v1/campaigns/{code}", "The next version of a campaign", _patch, request=CampaignChanges),
    _operation(
        "POST", "/v1/campaigns/{code}/activate", "Let a version go live, or wait for approval", _activate,
        request=ActivateRequest, refusals=(CampaignState,),
    ),
    _operation(
        "POST", "/v1/campaigns/{code}/approve", "Approve a version, as a second person", _approve,
        request=ApproveRequest, refusals=(SecondPersonNeeded,),
    ),
    _operation(
        "POST", "/v1/campaigns/{code}/stop", "End a campaign now", _stop, request=Nothing, refusals=(CampaignState,)
    ),
    _operation(
        "POST", "/v1/campaigns/{code}/dry_run", "What a sale would earn were the campaign live; nothing is written",
        _dry_run, request=DryRunRequest, answer=QuoteAnswer,
        refusals=(UnknownShop, *MEMBER_REFUSALS, *SPENDING_REFUSALS, CouponNotUsable),
    ),
    _operation(
        "PUT", "/v1/signals/{name}", "What is so outside, at a place from a time on", _put_signal,
        request=SignalRequest, answer=SignalAnswer, absent=(),
    ),
    _operation(
        "GET", "/v1/signals/{name}", "What was last said under this name", _get_signal, answer=SignalAnswer,
        roles=VIEWERS, absent=(),
    ),
)  # fmt: skip
