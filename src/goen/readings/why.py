"""Why is the balance what it is? Line by line, so that a clerk can read it aloud.

Told twice, and both times the parts add up: by movement over the whole life (what was earned, used, expired
…), and by the points there are now, each with the sale and the arithmetic that gave them. From the booked
balance then go what is set aside and what is past its day; what is left may be spent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from goen.database.pool import Database, Reading
from goen.database.queries import load
from goen.earning import words
from goen.earning.decision import Award
from goen.purchases.ids import home_of
from goen.readings import why_words
from goen.readings.balance import standing_of
from goen.readings.entries import Language, sums
from goen.readings.family import Family, holders
from goen.readings.lots import OpenLot, open_lots
from goen.shops.directory import ShopDirectory
from goen.vocabulary.clock import Instant, business_day

_queries = load(__package__, "why.sql")
_awards = msgspec.json.Decoder(tuple[Award, ...]).decode


class WhyMovement(msgspec.Struct, frozen=True):
    """What one kind of movement came to in all."""

    points: int
    text: str


class WhyLot(msgspec.Struct, frozen=True):
    """Points there are: of ``granted``, ``used`` and ``expired`` are gone and ``points`` left, ``held`` of them set
    aside. A debt was granted nothing and is below zero. ``arithmetic`` says by which rules the sale earned."""

    points: int
    granted: int
    used: int
    expired: int
    held: int
    kind: str
    granted_on: date
    expires_on: date | None
    purchase_id: str | None
    text: str
    arithmetic: Sequence[str]


class WhyHold(msgspec.Struct, frozen=True):
    """Points set aside; ``expires_at`` is null for those of an order."""

    id: str
    points: int
    purchase_id: str | None
    reference: str | None
    expires_at: datetime | None
    text: str


class WhyPending(msgspec.Struct, frozen=True):
    """Points of a sale that are not confirmed yet."""

    purchase_id: str
    points: int
    confirms_on: date | None
    text: str


class WhyView(msgspec.Struct, frozen=True):
    """``booked`` is the sum of ``movements`` and of ``lots``; ``available`` is booked − held − lapsed.

    ``lapsed`` is past its day and will be booked out by the next run; ``owed`` (in booked already) is filled by
    the next earnings; ``pending`` comes on top once confirmed. ``text`` tells all of it.
    """

    currency: str
    booked: int
    held: int
    lapsed: int
    available: int
    owed: int
    pending: int
    movements: Sequence[WhyMovement]
    lots: Sequence[WhyLot]
    holds: Sequence[WhyHold]
    pendings: Sequence[WhyPending]
    text: Sequence[str]


class Origin(NamedTuple):
    """The sale a lot came from."""

    shop: str
    business_date: date
    arithmetic: list[str]


async def why(
    database: Database,
    member_id: int | None,
    now: Instant,
    *,
    zone: ZoneInfo,
    currency: str,
    shops: ShopDirectory,
    language: Language,
) -> WhyView:
    """A member's balance explained, all of it as of one moment.

    Raises:
        UnknownMember: there is nobody of this number.
    """
    async with database.snapshot() as connection:
        one = await holders(connection, member_id)
        member_id = one.root
        standing = await standing_of(connection, member_id, now, business_day(now, zone))
        found, _ = await open_lots(connection, member_id)
        origins = await _origins(connection, found, shops, language, currency)
        movements = [WhyMovement(*each) for each in await sums(connection, member_id, language)]
        holds = [
            _hold(row, shops, zone, language)
            for row in (await connection.fetch(_queries.holds.sql, member_id, now) if standing.held else ())
        ]
        pendings = [
            WhyPending(
                row["purchase_id"],
                row["points"],
                row["confirms_on"],
                why_words.pending(
                    row["business_date"], shops.by_id(row["shop_id"]).name, row["points"], row["confirms_on"], language
                ),
            )
            for row in (await _pendings(connection, one) if standing.pending else ())
        ]
    lots = [_lot(lot, origins, language) for lot in found]
    view = WhyView(
        currency=currency,
        booked=standing.booked,
        held=standing.held,
        lapsed=standing.dead,
        available=standing.available,
        owed=-sum(lot.remaining for lot in found if lot.kind == "debt"),
        pending=standing.pending,
        movements=movements,
        lots=lots,
        holds=holds,
        pendings=pendings,
        text=(),
    )
    return msgspec.structs.replace(view, text=_told(view, language))


async def _pendings(connection: Reading, one: Family) -> list[Any]:
    rows: list[Any] = await connection.fetch(_queries.pendings.sql, one.homes, one.members)
    return rows


async def _origins(
    connection: Reading, lots: Sequence[OpenLot], shops: ShopDirectory, language: Language, currency: str
) -> dict[str, Origin]:
    named = {lot.purchase_id for lot in lots if lot.purchase_id is not None}
    pairs = [(home, each) for each in named if (home := home_of("p", each)) is not None]
    rows = await connection.fetch(_queries.origins.sql, [home for home, _ in pairs], [each for _, each in pairs])
    return {
        row["purchase_id"]: Origin(
            shops.by_id(row["shop_id"]).name,
            row["business_date"],
            [words.award_text(award, language, currency) for award in _awards(row["awards"] or b"[]")],
        )
        for row in rows
    }


async def arithmetic(
    connection: Reading, purchase_ids: Iterable[str], language: Language, currency: str
) -> dict[str, list[str]]:
    """How each of these sales earned, one sentence for each rule."""
    pairs = [(home, each) for each in set(purchase_ids) if (home := home_of("p", each)) is not None]
    rows = await connection.fetch(_queries.origins.sql, [home for home, _ in pairs], [each for _, each in pairs])
    return {
        row["purchase_id"]: [words.award_text(award, language, currency) for award in _awards(row["awards"] or b"[]")]
        for row in rows
    }


def _lot(lot: OpenLot, origins: dict[str, Origin], language: Language) -> WhyLot:
    origin = origins.get(lot.purchase_id or "")
    debt = lot.kind == "debt"
    used = 0 if debt else lot.points - lot.remaining - lot.expired
    return WhyLot(
        points=lot.remaining,
        granted=lot.points,
        used=used,
        expired=lot.expired,
        held=lot.held,
        kind=lot.kind,
        granted_on=lot.granted_on,
        expires_on=lot.expires_on,
        purchase_id=lot.purchase_id,
        text=why_words.debt(lot, language)
        if debt
        else why_words.lot(lot, used, origin.shop if origin else None, language),
        arithmetic=origin.arithmetic if origin else (),
    )


def _hold(row: Any, shops: ShopDirectory, zone: ZoneInfo, language: Language) -> WhyHold:
    until = None if row["expires_at"] is None else row["expires_at"].astimezone(zone)
    text = why_words.hold(row["points"], shops.by_id(row["shop_id"]).name, until, language)
    return WhyHold(row["hold_id"], row["points"], row["purchase_id"], row["reference"], row["expires_at"], text)


def _told(view: WhyView, language: Language) -> list[str]:
    """The whole explanation as sentences, sums included."""
    told = []
    for lot in view.lots:
        told.append(lot.text)
        told += [f"  {line}" for line in lot.arithmetic]
    told.append(why_words.amount("booked", view.booked, language))
    told += [hold.text for hold in view.holds]
    if view.lapsed:
        told.append(why_words.amount("lapsed", -view.lapsed, language))
    told.append(why_words.amount("available", view.available, language))
    told += [each.text for each in view.pendings]
    if view.pending:
        told.append(why_words.amount("pending", view.pending, language))
    return told
