"""Values of the members room. Those with public ids are what the API answers, as they stand."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

ContactKind: TypeAlias = Literal["phone", "email"]
IdentifierKind: TypeAlias = Literal["card", "phone", "email", "line", "ec"]
Status: TypeAlias = Literal["active", "provisional", "frozen", "withdrawn", "merged"]
Gender: TypeAlias = Literal["female", "male", "other"]
ConsentKind: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Phrase: TypeAlias = Annotated[str, Meta(max_length=500)]

#: These kinds identify: unique among active members. Phone and mail are contacts until verified.
IDENTIFYING: frozenset[str] = frozenset({"card", "line", "ec"})


class Identifier(msgspec.Struct, frozen=True):
    """One name a member is known by, as the registry needs it."""

    identifier_id: int
    kind: IdentifierKind
    shop_id: int
    """The web shop of an ``ec`` account, else 0."""
    value: str
    normal: str
    key_hash: int
    verified_at: datetime | None = None

    @property
    def exclusive(self) -> bool:
        """Whether no other active member may carry it."""
        return self.kind in IDENTIFYING or self.verified_at is not None


class Person(msgspec.Struct, frozen=True):
    """What is personal of a member; all of it goes when the member is erased."""

    name: str | None = None
    kana: str | None = None
    birth_date: date | None = None
    gender: Gender | None = None
    postal_code: str | None = None
    address: str | None = None
    language: str | None = None


class Row(msgspec.Struct, frozen=True):
    """A member's row, locked for a change."""

    member_id: int
    number: str
    status: Status
    shop_id: int | None
    register_by: date | None
    household: bool
    pool_id: int | None
    person: Person


class IdentifierView(msgspec.Struct, frozen=True):
    """An identifier as answered: ``value`` as given, ``normal`` as compared."""

    id: str
    kind: IdentifierKind
    value: str
    normal: str
    shop: str | None
    verified_at: datetime | None
    added_at: datetime


class MemberView(msgspec.Struct, frozen=True):
    """A whole member. After erasure the personal fields are null and the identifiers gone."""

    id: str
    number: str
    status: Status
    name: str | None
    kana: str | None
    birth_date: date | None
    gender: Gender | None
    postal_code: str | None
    address: str | None
    language: str | None
    shop: str | None
    tier: str | None
    identifiers: tuple[IdentifierView, ...]
    joined_at: datetime
    changed_at: datetime
    withdrawn_at: datetime | None = None
    register_by: date | None = None
    """The last day for a provisional member to register; null: registered."""
    household: str | None = None
    """The household whose points the member shares."""


class Candidate(msgspec.Struct, frozen=True):
    """One of several members that fit a look-up; enough for a clerk to ask, too little to read a name."""

    member_id: str
    number: str
    name_masked: str


class Given(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A consent given or taken back, with its proof: which text was shown, and where."""

    given: bool
    wording: Phrase | None = None
    source: Phrase | None = None


class ConsentView(msgspec.Struct, frozen=True):
    """What was said about one purpose, when, and who passed it on."""

    kind: str
    given: bool
    wording: str | None
    source: str | None
    recorded_at: datetime
    recorded_by: str
