"""Terms of membership over HTTP: read by everybody, published by the retailer, accepted by members (rule 55)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from goen.actions.members import asks
from goen.actions.members import terms as actions
from goen.api.call import Call
from goen.api.operations import SERVER, WRITERS, Operation
from goen.api.queries import PageQuery, page_of
from goen.api.v1.campaigns import CheckAnswer
from goen.earning.words import problem_text
from goen.members import terms as store
from goen.members.errors import MemberWithdrawn, TermsExist, TermsHold, UnknownMember, UnknownTerms
from goen.members.ids import member_id_of
from goen.members.terms import Acceptance, Draft, State, Terms, TermsVersion, Words
from goen.readings import terms as readings
from goen.readings.family import family
from goen.vocabulary.clock import business_day


class NoticeAnswer(msgspec.Struct, frozen=True):
    """Members were told of the terms on this day: on Goen's own ``pages``, or as somebody has written down."""

    told_on: date
    place: str
    words: str | None


class TermsBrief(msgspec.Struct, frozen=True, kw_only=True):
    """A version: from which day it holds, from which day members can read it, and whether it takes something from them.
    ``state``: ``holds``, ``to_come``, ``replaced`` or ``withdrawn`` (before it held)."""

    version: str
    state: State
    holds_from: date
    notice_on: date
    worsening: bool
    title: Words | None
    changes: Words | None
    made_at: datetime


class TermsAnswer(TermsBrief, frozen=True, kw_only=True):
    """The whole of it, with where members were told of it. ``findings``: what is unwise about its dates."""

    text: Words
    notices: list[NoticeAnswer]
    findings: list[CheckAnswer]


class TermsListAnswer(msgspec.Struct, frozen=True):
    """Versions, the one that holds last first. ``holds``: the version that holds today; null: there is none."""

    holds: str | None
    items: list[TermsBrief]
    next_cursor: str | None = None


class NoticeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where members were told (``mail``, ``store``, ``web``, any word of your own), on which day (default: today) and
    in which words."""

    place: Annotated[str, Meta(min_length=1, max_length=100)]
    told_on: date | None = None
    words: Annotated[str, Meta(max_length=20_000)] | None = None


class AcceptedAnswer(msgspec.Struct, frozen=True):
    """``holds``: the version that holds today, and whether the member has accepted it; every version ever accepted,
    the last first, by whichever of the member's cards before a merge."""

    holds: str | None
    accepted: bool
    items: list[Acceptance]


async def _list(call: Call) -> TermsListAnswer:
    today = _today(call)
    async with call.services.database.reading() as connection:
        versions = await store.versions(connection)
    holds = store.held(versions, today)
    seen = [each for each in versions if _may_see(call, each, today)]
    found, cursor = page_of(seen, _place, call.decode_query(PageQuery), falling=True)
    items = [_brief(each, versions, today) for each in found]
    return TermsListAnswer(None if holds is None else holds.version, items, cursor)


def _place(terms: Terms) -> str:
    """Where a version stands among the others (:func:`goen.members.terms.versions`)."""
    return f"{terms.holds_from} {terms.made_at.timestamp():017.6f} {terms.version}"


async def _get(call: Call) -> TermsAnswer:
    return await _told(call, call.path["version"])


async def _put(call: Call) -> TermsAnswer:
    version, draft = call.variable("version", TermsVersion), call.decode(Draft)
    await actions.publish(
        call.services.database, version, draft, by=call.principal.integration, now=call.now, today=_today(call),
        language=call.language,
    )  # fmt: skip
    return await _told(call, version)


async def _delete(call: Call) -> None:
    await actions.withdraw(
        call.services.database, call.path["version"], by=call.principal.integration, now=call.now, today=_today(call)
    )


async def _post_notice(call: Call) -> TermsAnswer:
    ask, today, version = call.decode(NoticeRequest), _today(call), call.path["version"]
    await actions.note_notice(
        call.services.database, version, told_on=ask.told_on or today, place=ask.place, words=ask.words,
        by=call.principal.integration, now=call.now, today=today,
    )  # fmt: skip
    return await _told(call, version)


async def _member(call: Call) -> AcceptedAnswer:
    async with call.services.database.reading() as connection:
        members = (await family(connection, member_id_of(call.path["id"]))).members
        found = await readings.standing(connection, members, _today(call))
    holds = found.shown.holds
    return AcceptedAnswer(
        None if holds is None else holds.version, holds is not None and found.asked is None, found.accepted
    )


async def _accept(call: Call) -> AcceptedAnswer:
    ask, services = call.decode(asks.TermsAsked), call.services
    await actions.accept(
        services.database, call.principal, member_id_of(call.path["id"]), ask, call.now, services.context.day_of
    )
    return await _member(call)


async def _told(call: Call, version: str) -> TermsAnswer:
    services, today = call.services, _today(call)
    async with services.database.reading() as connection:
        versions = await store.versions(connection)
        found = next((each for each in versions if each.version == version), None)
        if found is None or not _may_see(call, found, today):
            raise UnknownTerms(version)
        notices = await readings.log_of(connection, found, today, services.context.zone)
    promised = services.context.engine_at(call.now).programme.terms.notice_days
    findings = actions.findings(found, business_day(found.made_at, services.context.zone), promised)
    return TermsAnswer(
        **msgspec.structs.asdict(_brief(found, versions, today)),
        text=found.document.text,
        notices=[NoticeAnswer(each.told_on, each.place, each.words) for each in notices],
        findings=[CheckAnswer(p.level, p.field, p.code, problem_text(p, call.language)) for p in findings]
        if call.principal.role == "server"
        else [],
    )


def _brief(terms: Terms, versions: list[Terms], today: date) -> TermsBrief:
    return TermsBrief(
        version=terms.version,
        state=store.state_of(terms, versions, today),
        holds_from=terms.holds_from,
        notice_on=terms.notice_on,
        worsening=terms.worsening,
        title=terms.document.title,
        changes=terms.document.changes,
        made_at=terms.made_at,
    )


def _may_see(call: Call, terms: Terms, today: date) -> bool:
    return call.principal.role == "server" or terms.public(today)


def _today(call: Call) -> date:
    return call.services.context.day_of(call.now)


_TAG = "Terms of membership"
_ABSENT = (UnknownTerms,)
_MEMBER = (UnknownMember,)

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        method="GET", path="/v1/terms", summary="Versions of the terms of membership", handler=_list, tag=_TAG,
        query=PageQuery, answer=TermsListAnswer, public=True,
    ),
    Operation(
        method="GET", path="/v1/terms/{version}", summary="Terms of membership to read", handler=_get, tag=_TAG,
        answer=TermsAnswer, refusals=_ABSENT, absent=_ABSENT, public=True,
    ),
    Operation(
        method="PUT", path="/v1/terms/{version}", summary="Publish a version of the terms of membership", handler=_put,
        tag=_TAG, request=Draft, answer=TermsAnswer, roles=SERVER, refusals=(TermsExist,),
    ),
    Operation(
        method="DELETE", path="/v1/terms/{version}", summary="Take back terms of membership that do not hold yet",
        handler=_delete, tag=_TAG, status=204, roles=SERVER, refusals=(UnknownTerms, TermsHold), absent=_ABSENT,
    ),
    Operation(
        method="POST", path="/v1/terms/{version}/notices", summary="Write down where members were told of terms",
        handler=_post_notice, tag=_TAG, request=NoticeRequest, answer=TermsAnswer, status=201, roles=SERVER,
        refusals=_ABSENT, absent=_ABSENT,
    ),
    Operation(
        method="GET", path="/v1/members/{id}/terms", summary="Which terms of membership a member has accepted",
        handler=_member, tag=_TAG, answer=AcceptedAnswer, refusals=_MEMBER, absent=_MEMBER,
    ),
    Operation(
        method="POST", path="/v1/members/{id}/terms", summary="A member accepts the terms of membership",
        handler=_accept, tag=_TAG, request=asks.TermsAsked, answer=AcceptedAnswer, roles=WRITERS,
        refusals=(UnknownMember, MemberWithdrawn, UnknownTerms), absent=_MEMBER,
    ),
)  # fmt: skip
