"""What a caller may ask about members: the wire types of the members' half of the API."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from goen.members.model import ConsentKind, Given, IdentifierKind, Phrase
from goen.members.terms import TermsVersion

Token: TypeAlias = Annotated[str, Meta(max_length=4000)]
LanguageTag: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]
Consents: TypeAlias = Annotated[dict[ConsentKind, bool | Given], Meta(max_length=50)]
TermsSaid: TypeAlias = bool | TermsVersion
"""Whether the terms of membership were accepted on joining: ``true`` is the version of that day."""


class NewIdentifier(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A name to know the member by. ``shop`` and, unless the web shop itself asks, ``token`` for ``ec``.

    ``verified`` says that somebody has made sure already (``server`` keys only; phone and mail). A ``token`` of
    a phone or mail is the id of a code that was confirmed for it, which verifies it; of ``line`` an id token of
    LINE Login (with ``nonce`` where one was sent along), which names the user in place of ``value``.
    """

    kind: IdentifierKind
    value: Phrase | None = None
    shop: Phrase | None = None
    token: Token | None = None
    nonce: Phrase | None = None
    verified: bool = False


class Enrolment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A new member. Everything may be absent: a card handed out now can get its name later.

    A ``provisional`` one earns at once and has to register within the programme's days (rule 46). ``terms``: the
    version of the terms of membership that was accepted, or true for that of today.
    """

    name: Phrase | None = None
    kana: Phrase | None = None
    birth_date: date | None = None
    gender: Phrase | None = None
    postal_code: Phrase | None = None
    address: Phrase | None = None
    language: LanguageTag | None = None
    shop: Phrase | None = None
    identifiers: Annotated[tuple[NewIdentifier, ...], Meta(max_length=20)] = ()
    consents: Consents = {}
    terms: TermsSaid = False
    provisional: bool = False


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What to change; null empties a field, an absent one stays."""

    name: Phrase | UnsetType | None = UNSET
    kana: Phrase | UnsetType | None = UNSET
    birth_date: date | UnsetType | None = UNSET
    gender: Phrase | UnsetType | None = UNSET
    postal_code: Phrase | UnsetType | None = UNSET
    address: Phrase | UnsetType | None = UNSET
    language: LanguageTag | UnsetType | None = UNSET
    shop: Phrase | UnsetType | None = UNSET


class Registration(Change, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a provisional member registers with: fields as in a change, names to be known by, consents, and the
    terms of membership where they were accepted."""

    identifiers: Annotated[tuple[NewIdentifier, ...], Meta(max_length=20)] = ()
    consents: Consents = {}
    terms: TermsSaid = False


class ConsentsAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Consents by purpose: true or false, or with proof. Purposes not named stay as they are."""

    consents: Consents


class TermsAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The terms of membership were accepted: which version (default: that of the day), and when it was said, where
    that was before it is passed on. ``channel`` ``paper``: on a signed form."""

    version: TermsVersion | None = None
    at: Annotated[datetime, Meta(tz=True)] | None = None
    channel: Literal["paper"] | None = None


class Pin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new PIN."""

    pin: Annotated[str, Meta(pattern=r"^[0-9]{4,8}$")]


class Because(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why something is done by hand."""

    reason: Annotated[str, Meta(min_length=1, max_length=500)]
