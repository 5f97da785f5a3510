"""Everything that is kept about one member, for their right to know (rule 56)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, TypeVar

import msgspec

from goen.database.pool import Reading
from goen.database.queries import load
from goen.members import store
from goen.members.ids import public_id
from goen.members.model import MemberView
from goen.readings.family import family
from goen.readings.member_profile import member_profile
from goen.vocabulary import ids
from goen.vocabulary.clock import Instant

T = TypeVar("T")

_queries = load(__package__, "member_export.sql")
_LAST = 2**63 - 1


class ExportedIdentifier(msgspec.Struct, frozen=True):
    """An identifier of now or of before."""

    id: str
    kind: str
    value: str
    normal: str
    shop: str | None
    verified_at: datetime | None
    added_at: datetime
    removed_at: datetime | None


class ExportedNote(msgspec.Struct, frozen=True):
    """Who did what about the member by hand or through which integration."""

    at: datetime
    author: str
    action: str
    reason: str | None
    note: str | None
    details: msgspec.Raw


class ExportedConsent(msgspec.Struct, frozen=True):
    """What was said about one purpose and channel, when, where, and the words that were shown."""

    kind: str
    given: bool
    wording: str | None
    source: str | None
    given_at: datetime
    recorded_at: datetime
    recorded_by: str
    words: str | None


class ExportedTerms(msgspec.Struct, frozen=True):
    """Terms of membership that were accepted, when, by which way, and their title."""

    version: str
    title: str | None
    accepted_at: datetime
    channel: str
    shop: str | None
    recorded_by: str


class ExportedMerge(msgspec.Struct, frozen=True):
    """A membership that was joined to this one; everything of it is in this document."""

    id: str
    number: str
    joined_at: datetime
    name: str | None
    kana: str | None
    birth_date: date | None
    gender: str | None
    postal_code: str | None
    address: str | None
    language: str | None


class ExportedPoints(msgspec.Struct, frozen=True):
    """What the account holds: booked points (what is owed is below zero), provisional, set aside."""

    booked: int
    pending: int
    held: int
    debt: int


class ExportedEntry(msgspec.Struct, frozen=True):
    """One movement of points; provisional ones apart."""

    kind: str
    points: int
    balance_after: int
    provisional: bool
    occurred_at: datetime
    recorded_at: datetime
    booked_on: date
    shop: str | None
    purchase_id: str | None
    reason: str | None


class ExportedLot(msgspec.Struct, frozen=True):
    """Points of one grant: how many, what is left, until when."""

    kind: str
    points: int
    remaining: int
    expired: int
    granted_on: date
    expires_on: date | None
    grant_year: int
    purchase_id: str | None
    rule: str | None


class ExportedHold(msgspec.Struct, frozen=True):
    """Points once set aside for a checkout or an order."""

    id: str
    status: str
    shop: str | None
    reference: str | None
    points: int
    captured: int
    created_at: datetime
    expires_at: datetime | None
    ended_at: datetime | None


class ExportedPurchase(msgspec.Struct, frozen=True):
    """A sale or order; ``document`` as the shop sent it. Money in minor units."""

    id: str
    shop: str | None
    external_id: str
    status: str
    occurred_at: datetime
    recorded_at: datetime
    total: int
    payable: int
    document: msgspec.Raw


class ExportedReturn(msgspec.Struct, frozen=True):
    """Goods that came back; ``document`` as the shop sent it."""

    id: str
    shop: str | None
    external_id: str
    purchase_id: str | None
    occurred_at: datetime
    refund: int
    document: msgspec.Raw


class ExportedCoupon(msgspec.Struct, frozen=True):
    """A coupon of the member's own; ``usable_until`` is the first instant at which it is over."""

    code: str
    kind: str
    issued_at: datetime
    usable_from: datetime | None
    usable_until: datetime | None
    voided_at: datetime | None


class ExportedCouponUse(msgspec.Struct, frozen=True):
    """A coupon used with a sale (``use``; offline although it was not usable: ``over``) or given back (``back``,
    ``over_back``); ``amount``: yen taken off, below zero when given back."""

    code: str
    kind: str
    what: str
    at: datetime
    shop: str | None
    purchase_id: str
    amount: int


class ExportedReward(msgspec.Struct, frozen=True):
    """A reward taken for points, and where it was sent."""

    id: str
    reward: str
    status: str
    points: int
    money: int
    coupon: str | None
    gift_code: str | None
    ordered_at: datetime
    shop: str | None
    tracking: str | None
    address: msgspec.Raw


class ExportedVisit(msgspec.Struct, frozen=True):
    """A check-in in a shop; ``by``: staff who scanned the card, or the shop's code."""

    id: str
    at: datetime
    shop: str
    by: str


class ExportedStamps(msgspec.Struct, frozen=True):
    """Stamps put onto the member's card by a sale, and the ``cards`` that they filled; below zero when taken off."""

    campaign: str
    at: datetime
    stamps: int
    cards: int
    until: date | None
    purchase_id: str


class ExportedOffer(msgspec.Struct, frozen=True):
    """A campaign's discount or gift that a sale took (``use``; although it was not to be had: ``over``) or gave back
    (``back``, ``over_back``); ``amount``: yen taken off, below zero when given back."""

    campaign: str
    what: str
    at: datetime
    shop: str | None
    purchase_id: str
    amount: int
    gifts: int


class ExportedReferral(msgspec.Struct, frozen=True):
    """A referral; ``side``: the member was the friend, or the referrer. Who the other one is is not the member's."""

    id: str
    side: str
    rule: str
    state: str
    reason: str | None
    entered_at: datetime


class ExportedDrawEntry(msgspec.Struct, frozen=True):
    """An entry in a draw, the points paid for it and the prizes that it won."""

    id: str
    draw: str
    tickets: int
    points: int
    entered_at: datetime
    won: list[str]


class ExportedEvent(msgspec.Struct, frozen=True):
    """Something the member did that is no sale."""

    kind: str
    occurred_at: datetime
    shop: str | None
    sku: str | None
    properties: msgspec.Raw


class ExportedAccess(msgspec.Struct, frozen=True):
    """Who read the member's personal data, and how."""

    at: datetime
    reader: str
    what: str
    request_id: str | None


class MemberExport(msgspec.Struct, frozen=True):
    """Everything kept about one member (and about those merged into it)."""

    exported_at: datetime
    member: MemberView
    has_pin: bool
    merged: tuple[ExportedMerge, ...]
    identifiers: tuple[ExportedIdentifier, ...]
    consents: tuple[ExportedConsent, ...]
    terms: tuple[ExportedTerms, ...]
    segments: tuple[str, ...]
    points: ExportedPoints
    lots: tuple[ExportedLot, ...]
    entries: tuple[ExportedEntry, ...]
    holds: tuple[ExportedHold, ...]
    purchases: tuple[ExportedPurchase, ...]
    returns: tuple[ExportedReturn, ...]
    coupons: tuple[ExportedCoupon, ...]
    coupon_uses: tuple[ExportedCouponUse, ...]
    stamps: tuple[ExportedStamps, ...]
    offers: tuple[ExportedOffer, ...]
    rewards: tuple[ExportedReward, ...]
    visits: tuple[ExportedVisit, ...]
    referrals: tuple[ExportedReferral, ...]
    draw_entries: tuple[ExportedDrawEntry, ...]
    events: tuple[ExportedEvent, ...]
    notes: tuple[ExportedNote, ...]
    accesses: tuple[ExportedAccess, ...]


class AccessPage(NamedTuple):
    """Some lines of the log, newest first, and the place after them; None at the end."""

    items: list[ExportedAccess]
    next_before: int | None


#: Lines of the log in one export; the list of its own has them all.
ACCESSES_MAX = 10_000


async def member_export(connection: Reading, member_id: int | None, now: Instant) -> MemberExport:
    """What is kept about this member: identifiers of before, spent lots and the log of readers included.

    The connection is one of a single moment.

    Raises:
        UnknownMember: there is none.
    """
    one = await family(connection, member_id)
    member_id, ids_ = one.root, one.members
    member = await member_profile(connection, member_id)
    pools = [row["household_id"] async for row in _queries.households_of(connection, member_ids=ids_)]

    async def rows(query: Any, type: Callable[..., T], *raw: str, **where: list[int]) -> tuple[T, ...]:
        """The rows of a query as values; ``raw`` columns are JSON texts and go out as they stand."""
        found = []
        async for row in query(connection, member_ids=ids_, **where):
            values = dict(row)
            for name in raw:
                values[name] = msgspec.Raw(values[name].encode())
            found.append(type(**values))
        return tuple(found)

    homes = [*one.homes, *pools]
    return MemberExport(
        exported_at=now,
        member=member,
        has_pin=await _queries.has_pin(connection, member_id=member_id),
        merged=tuple(
            [
                ExportedMerge(public_id(row["member_id"]), *tuple(row)[1:])
                async for row in _queries.merged_in(connection, member_ids=ids_, member_id=member_id)
            ]
        ),
        identifiers=tuple(
            [
                ExportedIdentifier(
                    id=ids.encode(row["identifier_id"]),
                    **{name: value for name, value in row.items() if name != "identifier_id"},
                )
                async for row in _queries.all_identifiers(connection, member_ids=ids_)
            ]
        ),
        consents=await rows(_queries.all_consents, ExportedConsent),
        terms=await rows(_queries.all_terms, ExportedTerms),
        segments=tuple(await store.segments(connection, one.root)),
        points=ExportedPoints(**dict(await _queries.account(connection, member_id=member_id))),
        lots=await rows(_queries.all_lots, ExportedLot),
        entries=await rows(_queries.all_entries, ExportedEntry, homes=homes),
        holds=await rows(_queries.all_holds, ExportedHold, homes=homes),
        purchases=await rows(_queries.all_purchases, ExportedPurchase, "document", homes=homes),
        returns=await rows(_queries.all_returns, ExportedReturn, "document", homes=homes),
        coupons=await rows(_queries.all_coupons, ExportedCoupon),
        coupon_uses=await rows(_queries.all_coupon_uses, ExportedCouponUse, homes=homes),
        stamps=await rows(_queries.all_stamps, ExportedStamps),
        offers=await rows(_queries.all_offers, ExportedOffer, homes=homes),
        rewards=await rows(_queries.all_rewards, ExportedReward, "address"),
        visits=await rows(_queries.all_visits, ExportedVisit),
        referrals=await rows(_queries.all_referrals, ExportedReferral),
        draw_entries=await rows(_queries.all_draw_entries, ExportedDrawEntry),
        events=await rows(_queries.all_events, ExportedEvent, "properties"),
        notes=await rows(_queries.notes, ExportedNote, "details"),
        accesses=tuple((await _accesses(connection, ids_, ACCESSES_MAX, _LAST)).items),
    )


async def member_accesses(
    connection: Reading, member_id: int | None, limit: int, before: int | None = None
) -> AccessPage:
    """Who read this member's personal data, newest first.

    Raises:
        UnknownMember: there is none.
    """
    one = await family(connection, member_id)
    return await _accesses(connection, one.members, limit, before or _LAST)


async def _accesses(connection: Reading, member_ids: Sequence[int], limit: int, before: int) -> AccessPage:
    found = [
        dict(row)
        async for row in _queries.accesses(connection, member_ids=list(member_ids), limit=limit + 1, before=before)
    ]
    numbers = [row.pop("access_id") for row in found]
    items = [ExportedAccess(**row) for row in found[:limit]]
    return AccessPage(items, numbers[limit - 1] if len(found) > limit else None)
