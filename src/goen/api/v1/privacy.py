"""Privacy over HTTP: consents and their texts, disclosure, erasure, and who read what."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from goen.actions.members import asks, departures
from goen.actions.members.consents import put_consents, put_wording
from goen.actions.members.erase import erase_now
from goen.api.call import Call, Language, Reply
from goen.api.operations import SERVER, WRITERS, Operation
from goen.members import store
from goen.members.errors import MemberWithdrawn, UnknownMember, UnknownWording, WordingExists
from goen.members.ids import member_id_of
from goen.members.model import ConsentKind, ConsentView, MemberView, Wording
from goen.readings.family import family
from goen.readings.member_export import ExportedAccess, MemberExport, member_accesses, member_export
from goen.readings.member_profile import member_profile
from goen.readings.pages import read, written

Version = Annotated[str, Meta(pattern=r"^[^\s/]{1,100}$")]


class Consents(msgspec.Struct, frozen=True):
    """What holds now, by purpose (and channel), and everything ever said, the last word first."""

    consents: dict[str, ConsentView]
    history: list[ConsentView]


class WordingAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The text as members are shown it, by language."""

    words: Annotated[
        dict[asks.LanguageTag, Annotated[str, Meta(min_length=1, max_length=20_000)]], Meta(min_length=1, max_length=20)
    ]


class WordingsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``kind``: one purpose alone."""

    kind: ConsentKind | None = None


class Wordings(msgspec.Struct, frozen=True):
    """Texts by purpose, the newest version first."""

    items: list[Wording]
    next_cursor: str | None = None


class AccessesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page of the list."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    cursor: Annotated[str, Meta(max_length=4000)] | None = None


class AccessesView(msgspec.Struct, frozen=True):
    """Who read the member's personal data, newest first."""

    items: list[ExportedAccess]
    next_cursor: str | None


class DisclosureQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``language``: of the page; otherwise what ``Accept-Language`` wishes."""

    language: Language | None = None


async def get_consents(call: Call) -> Consents:
    """Consents with proof."""
    found = await _consents(call)
    member_id = member_id_of(call.path["id"])
    assert member_id is not None
    call.services.accesses.note([member_id], call.principal.integration, "consents", call.now, call.request_id)
    return found


async def _consents(call: Call) -> Consents:
    async with call.services.database.reading() as connection:
        members = (await family(connection, member_id_of(call.path["id"]))).members
        said = [each for member_id in members for each in await store.consents(connection, member_id)]
    history = sorted(said, key=lambda each: each.recorded_at, reverse=True)
    return Consents({each.kind: each for each in reversed(history)}, history)


async def put_member_consents(call: Call) -> Consents:
    """Add to the consents; purposes not named stay as they are."""
    ask = call.decode(asks.ConsentsAsked)
    member_id = member_id_of(call.path["id"])
    await put_consents(call.services.database, call.principal, member_id, ask.consents, call.now)
    return await _consents(call)


async def put_one_wording(call: Call) -> Wordings:
    """Register a version of a text. The same again changes nothing; other words need another version."""
    kind, version = call.variable("kind", ConsentKind), call.variable("version", Version)
    for language, words in call.decode(WordingAsk).words.items():
        await put_wording(call.services.database, call.principal, kind, version, language, words, call.now)
    async with call.services.database.reading() as connection:
        return Wordings([each for each in await store.wordings(connection, kind) if each.version == version])


async def get_wordings(call: Call) -> Wordings:
    """The registered texts."""
    async with call.services.database.reading() as connection:
        return Wordings(await store.wordings(connection, call.decode_query(WordingsQuery).kind))


async def get_export(call: Call) -> MemberExport:
    """Everything kept about the member, as data."""
    return await _export(call, "exported")


async def get_disclosure(call: Call) -> Reply:
    """The same as a page to read, print or mail."""
    language = call.decode_query(DisclosureQuery).language or call.language
    export = await _export(call, "disclosed")
    services = call.services
    page = services.disclosure(export, language, services.zone, services.context.currency)
    return Reply(200, page, _PAGE)


async def _export(call: Call, what: str) -> MemberExport:
    member_id = member_id_of(call.path["id"])
    services = call.services
    async with services.database.snapshot() as connection:
        export = await member_export(connection, member_id, call.now)
    assert member_id is not None
    services.accesses.note(
        [member_id],
        call.principal.integration,
        "disclosed" if what == "disclosed" else "exported",
        call.now,
        call.request_id,
    )
    return export


async def get_accesses(call: Call) -> AccessesView:
    """Who read the member's personal data, when and how."""
    query = call.decode_query(AccessesQuery)
    before = read(query.cursor, int) if query.cursor else None
    async with call.services.database.reading() as connection:
        page = await member_accesses(connection, member_id_of(call.path["id"]), query.limit, before)
    return AccessesView(page.items, None if page.next_before is None else written(page.next_before))


async def post_erase(call: Call) -> MemberView:
    """Erase everything personal at once, withdrawing first where that has not happened. The books stay."""
    services = call.services
    reason = call.decode(asks.Because).reason
    member_id = await erase_now(
        services.database, call.principal, member_id_of(call.path["id"]), reason, call.now, services.scrub
    )
    # The copies taken before this moment learn of it now, and once more every hour by the job.
    await departures.carry(services.database, services.retention, call.now)
    async with services.database.reading() as connection:
        return await member_profile(connection, member_id)


# One person's data, on a page that loads nothing and that no browser keeps.
_PAGE = (
    (b"content-type", b"text/html; charset=utf-8"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)
_TAG = "Privacy"
_ABSENT = (UnknownMember,)

OPERATIONS = [
    Operation(
        method="GET", path="/v1/members/{id}/consents", summary="Consents with proof", handler=get_consents,
        tag=_TAG, answer=Consents, refusals=_ABSENT, absent=_ABSENT,
    ),
    Operation(
        method="PUT", path="/v1/members/{id}/consents", summary="Add to the consents", handler=put_member_consents,
        tag=_TAG, request=asks.ConsentsAsked, answer=Consents, roles=WRITERS,
        refusals=(UnknownMember, MemberWithdrawn, UnknownWording), absent=_ABSENT,
    ),
    Operation(
        method="GET", path="/v1/wordings", summary="Texts that members are shown", handler=get_wordings, tag=_TAG,
        query=WordingsQuery, answer=Wordings,
    ),
    Operation(
        method="PUT", path="/v1/wordings/{kind}/{version}", summary="Register a version of a text",
        handler=put_one_wording, tag=_TAG, request=WordingAsk, answer=Wordings, roles=SERVER, refusals=(WordingExists,),
    ),
    Operation(
        method="GET", path="/v1/members/{id}/export", summary="Everything kept about a member", handler=get_export,
        tag=_TAG, answer=MemberExport, roles=SERVER, refusals=_ABSENT, absent=_ABSENT,
    ),
    Operation(
        method="GET", path="/v1/members/{id}/disclosure", summary="The same as a page to hand over",
        handler=get_disclosure, tag=_TAG, query=DisclosureQuery, content_type="text/html", roles=SERVER,
        refusals=_ABSENT, absent=_ABSENT,
    ),
    Operation(
        method="GET", path="/v1/members/{id}/accesses", summary="Who read a member's personal data",
        handler=get_accesses, tag=_TAG, query=AccessesQuery, answer=AccessesView, roles=SERVER, refusals=_ABSENT,
        absent=_ABSENT,
    ),
    Operation(
        method="POST", path="/v1/members/{id}/erase", summary="Erase everything personal at once",
        handler=post_erase, tag=_TAG, request=asks.Because, answer=MemberView, roles=SERVER, refusals=_ABSENT,
        absent=_ABSENT,
    ),
]  # fmt: skip
