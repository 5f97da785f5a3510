"""Terms of membership (rule 55): versions with dates, notices of them, and what members have accepted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from goen.database.pool import Reading, Writing
from goen.database.queries import load

_queries = load(__package__, "terms.sql")

Language: TypeAlias = Literal["ja", "en"]
TermsVersion: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Channel: TypeAlias = Literal["till", "web", "api", "me", "paper"]
State: TypeAlias = Literal["holds", "to_come", "replaced", "withdrawn"]
Words: TypeAlias = Annotated[
    dict[Language, Annotated[str, Meta(min_length=1, max_length=100_000)]], Meta(min_length=1, max_length=2)
]


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The words of a version by language: its ``text``, a ``title`` and what is different (``changes``)."""

    text: Words
    title: Words | None = None
    changes: Words | None = None


class Draft(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Terms as they are brought in. They hold from the beginning of ``holds_from``; members can read them from
    ``notice_on`` on (default: the day they are brought in). ``worsening``: they take something from members."""

    holds_from: date
    text: Words
    notice_on: date | None = None
    worsening: bool = False
    title: Words | None = None
    changes: Words | None = None


class Terms(msgspec.Struct, frozen=True):
    """One version as kept."""

    version: str
    holds_from: date
    notice_on: date
    worsening: bool
    document: Document
    made_by: str
    made_at: datetime
    withdrawn_at: datetime | None = None

    def words(self, which: Literal["text", "title", "changes"], language: Language) -> str | None:
        """These words in this language, or in the other where there are none."""
        found: dict[Language, str] = getattr(self.document, which) or {}
        return found.get(language) or next(iter(found.values()), None)

    def public(self, today: date) -> bool:
        """Whether members can read it by now."""
        return self.withdrawn_at is None and self.notice_on <= today


class Notice(msgspec.Struct, frozen=True):
    """Where members were told of a version, on which day, and who wrote that down. ``pages``: on Goen's own."""

    told_on: date
    place: str
    words: str | None
    made_by: str
    made_at: datetime


class Acceptance(msgspec.Struct, frozen=True):
    """A member has accepted a version: when that was said, by which way, and who passed it on."""

    version: str
    accepted_at: datetime
    channel: Channel
    shop: str | None
    recorded_at: datetime
    recorded_by: str


def held(versions: Iterable[Terms], day: date) -> Terms | None:
    """The version that holds on a day, of versions in the order of :func:`versions`."""
    return next((each for each in versions if each.withdrawn_at is None and each.holds_from <= day), None)


def to_come(versions: Iterable[Terms], day: date) -> list[Terms]:
    """Versions that hold later and can be read by now, the next one first."""
    return [each for each in reversed(list(versions)) if each.public(day) and each.holds_from > day]


def state_of(terms: Terms, versions: Iterable[Terms], day: date) -> State:
    """What has become of a version by this day."""
    if terms.withdrawn_at is not None:
        return "withdrawn"
    if terms.holds_from > day:
        return "to_come"
    return "holds" if held(versions, day) == terms else "replaced"


async def lock(connection: Writing) -> None:
    """Wait for whoever else changes terms, until this transaction ends."""
    await _queries.lock_terms(connection)


async def versions(connection: Reading) -> list[Terms]:
    """Every version, the one that holds last first."""
    return [
        Terms(**{**row, "document": msgspec.json.decode(row["document"], type=Document)})
        async for row in _queries.all_terms(connection)
    ]


async def add(connection: Writing, terms: Terms) -> bool:
    """Keep a version; False where there is one of this name."""
    values = msgspec.structs.asdict(terms) | {"document": msgspec.json.encode(terms.document).decode()}
    del values["withdrawn_at"]
    return await _queries.add_terms(connection, **values) is True


async def withdraw(connection: Writing, version: str, by: str, now: datetime) -> None:
    """This version will not hold."""
    await _queries.withdraw(connection, version=version, by=by, now=now)


async def notices(connection: Reading, version: str) -> list[Notice]:
    """Where members were told of a version beside our own pages."""
    return [Notice(**row) async for row in _queries.notices(connection, version=version)]


async def add_notice(connection: Writing, version: str, notice: Notice) -> None:
    """Write one more down. The caller holds the lock."""
    values = msgspec.structs.asdict(notice)
    await _queries.add_notice(connection, version=version, now=values.pop("made_at"), **values)


async def accept(
    connection: Writing,
    member_id: int,
    version: str,
    *,
    accepted_at: datetime,
    channel: Channel,
    shop_id: int | None,
    by: str,
    now: datetime,
) -> bool:
    """The member has accepted a version; False where that was known."""
    fresh = await _queries.accept(
        connection, member_id=member_id, version=version, accepted_at=accepted_at, channel=channel, shop_id=shop_id,
        by=by, now=now,
    )  # fmt: skip
    return fresh is True


async def accepted(connection: Reading, member_ids: Sequence[int]) -> list[Acceptance]:
    """What these members, who are one person, have accepted, the last first."""
    return [Acceptance(**row) async for row in _queries.accepted(connection, member_ids=list(member_ids))]
