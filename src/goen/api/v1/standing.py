"""Standing rules over HTTP: kept, checked, live, stopped, with what they gave."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from goen.actions import standing as actions
from goen.api.call import Call, Reply
from goen.api.operations import SERVER, Operation
from goen.api.queries import PageQuery, VersionQuery
from goen.api.v1.campaigns import VIEWERS, CheckAnswer, Nothing
from goen.earning.campaigns.cost import WorstCase
from goen.earning.campaigns.errors import SecondPersonNeeded
from goen.earning.campaigns.law import Law
from goen.earning.checks import Problem
from goen.earning.standing.errors import StandingRuleState, UnknownStandingRule
from goen.earning.standing.model import StandingCode, StandingRule
from goen.earning.words import problem_text
from goen.readings import standing as readings
from goen.readings.standing import State

Version = Annotated[int, Meta(ge=1)]


class StandingChecks(msgspec.Struct, frozen=True):
    """What is to be known before a rule goes live: as of a campaign with the same points and limits."""

    findings: list[CheckAnswer]
    worst_case: WorstCase
    law: Law
    needs_approval: bool


class StandingAnswer(StandingRule, frozen=True, kw_only=True):
    """A version of a standing rule. ``state`` is the rule's: ``draft``, ``waiting`` (for approval), ``scheduled``,
    ``live``, ``ended`` or ``stopped``. ``grants`` and ``granted``: how often it gave, and how many points in all."""

    code: str
    version: int
    newest_version: int
    live_version: int | None
    state: State
    waiting_by: str | None
    made_by: str
    made_at: datetime
    grants: int
    granted: int
    checks: StandingChecks | None = None


class StandingRulesAnswer(msgspec.Struct, frozen=True):
    """Standing rules by code."""

    items: list[StandingAnswer]
    next_cursor: str | None


class StandingActivateRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which version (default: the newest)."""

    version: Version | None = None


async def _put(call: Call) -> Reply:
    code, rule, services = call.variable("code", StandingCode), call.decode(StandingRule), call.services
    new = await actions.put(services.database, services.context, code, rule, call.principal.integration, call.now)
    return Reply.of(await _one(call, code), 201 if new else 200)


async def _get(call: Call) -> StandingAnswer:
    return await _one(call, call.path["code"], call.decode_query(VersionQuery).version)


async def _list(call: Call) -> StandingRulesAnswer:
    asked = call.decode_query(PageQuery)
    async with call.services.database.reading() as connection:
        rows, cursor = await readings.listed(connection, asked.limit, asked.cursor or "", call.now)
    return StandingRulesAnswer([_told(row) for row in rows], cursor)


async def _activate(call: Call) -> StandingAnswer:
    ask, services, code = call.decode(StandingActivateRequest), call.services, call.path["code"]
    by = call.principal.integration
    await actions.activate(services.database, services.context, code, ask.version, by, call.now)
    return await _one(call, code, ask.version)


async def _approve(call: Call) -> StandingAnswer:
    call.decode(Nothing)
    await actions.approve(call.services.database, call.path["code"], call.principal.integration, call.now)
    return await _one(call, call.path["code"])


async def _stop(call: Call) -> StandingAnswer:
    call.decode(Nothing)
    await actions.stop(call.services.database, call.path["code"], call.principal.integration, call.now)
    return await _one(call, call.path["code"])


async def _one(call: Call, code: str, version: int | None = None) -> StandingAnswer:
    services = call.services
    async with services.database.reading() as connection:
        kept = await readings.kept(connection, code, call.now, version)
    if kept is None:
        raise UnknownStandingRule(code)
    examined = await actions.examine(services.database, services.context, code, kept.rule, call.now)
    problems = [*examined.problems, *(Problem("warning", "points", each) for each in examined.law.warnings)]
    if examined.worst.yen is None:
        problems.append(Problem("warning", "limits", "unbounded"))
    findings = [CheckAnswer(p.level, p.field, p.code, problem_text(p, call.language)) for p in problems]
    checks = StandingChecks(findings, examined.worst, examined.law, examined.needs_approval)
    return msgspec.structs.replace(_told(kept), checks=checks)


def _told(kept: readings.Kept) -> StandingAnswer:
    row = kept.row
    return StandingAnswer(
        **{name: getattr(kept.rule, name) for name in StandingRule.__struct_fields__},
        code=kept.code,
        version=kept.version,
        newest_version=row.newest,
        live_version=row.live_version,
        state=kept.state,
        waiting_by=row.waiting_by,
        made_by=kept.made_by,
        made_at=kept.made_at,
        grants=kept.grants,
        granted=kept.granted,
    )


def _operation(method: Any, path: str, summary: str, handler: Any, **more: Any) -> Operation:
    usual: dict[str, Any] = {"answer": StandingAnswer, "roles": SERVER, "absent": (UnknownStandingRule,)}
    more["refusals"] = (*more.get("refusals", ()), UnknownStandingRule)
    return Operation(method=method, path=path, summary=summary, handler=handler, tag="Standing rules", **(usual | more))


OPERATIONS: tuple[Operation, ...] = (
    _operation(
        "GET", "/v1/standing", "Standing rules, by code", _list, query=PageQuery, answer=StandingRulesAnswer,
        roles=VIEWERS,
    ),
    _operation(
        "PUT", "/v1/standing/{code}", "A new standing rule, or its next version", _put, request=StandingRule,
        creates=True,
    ),
    _operation(
        "GET", "/v1/standing/{code}", "A standing rule with its checks and what it gave", _get, query=VersionQuery,
        roles=VIEWERS,
    ),
    _operation(
        "POST", "/v1/standing/{code}/activate", "Let a version give from now on, or wait for approval", _activate,
        request=StandingActivateRequest, refusals=(StandingRuleState,),
    ),
    _operation(
        "POST", "/v1/standing/{code}/approve", "Approve the version that waits, as a second person", _approve,
        request=Nothing, refusals=(StandingRuleState, SecondPersonNeeded),
    ),
    _operation(
        "POST", "/v1/standing/{code}/stop", "Let a rule give no more", _stop, request=Nothing,
        refusals=(StandingRuleState,),
    ),
)  # fmt: skip
