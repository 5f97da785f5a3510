"""Kinds of coupons made, changed and stopped; codes made in bulk or for members. No version is ever edited."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from goen.database.pool import Database, Writing
from goen.earning.coupons.codes import code_hash, new_codes, normal, shown
from goen.earning.coupons.errors import (
    BatchDiffers,
    CouponCodeTaken,
    CouponKindExists,
    EmptySegment,
    KindStopped,
    UnknownCoupon,
    UnknownCouponKind,
)
from goen.earning.coupons.model import CouponKind, faults, from_json, to_json
from goen.earning.coupons.period import usable
from goen.members.ids import public_id
from goen.shops import coupons as store
from goen.shops.coupons import NewCoupon
from goen.shops.store import audit
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import InvalidRequest

#: Codes of one commit: some 200 ms, so that nobody waits for a batch.
PIECE = 10_000
_ATTEMPTS = 3

replace = msgspec.structs.replace
_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode
Report = Callable[[int], None]


class Issued(NamedTuple):
    """A batch once it is complete."""

    kind: str
    batch: str
    version: int
    made: int


async def create(database: Database, kind: CouponKind, by: str, now: Instant) -> CouponKind:
    """Keep a new kind of coupon, usable at once within its own dates.

    Raises:
        InvalidRequest: it contradicts itself. CouponKindExists; CouponCodeTaken.
    """
    kind = _checked(replace(kind, version=1))
    async with database.transaction() as connection:
        if not await store.add_kind(connection, kind.code, to_json(kind).decode(), by, now):
            raise CouponKindExists(kind.code)
        await _put_public(connection, kind, now)
        await _audit(connection, "coupon_kind.created", kind, by, now)
    return kind


async def change(database: Database, code: str, changes: dict[str, Any], by: str, now: Instant) -> CouponKind:
    """Keep the next version: the newest with ``changes`` merged in (null takes a field back to its default).

    The public code follows it for sales from now on; issued codes keep the version they were issued under.

    Raises:
        UnknownCouponKind; InvalidRequest; CouponCodeTaken; msgspec.ValidationError where the changes do not fit.
    """
    async with database.transaction() as connection:
        row = await store.lock_kind(connection, code)
        if row is None:
            raise UnknownCouponKind(code)
        newest, document = row
        merged = _merged(_decode(document), {**changes, "code": code, "version": newest + 1})
        kind = _checked(from_json(_encode(merged)))
        await store.add_version(connection, code, kind.version, to_json(kind).decode(), by, now)
        await _put_public(connection, kind, now)
        await _audit(connection, "coupon_kind.changed", kind, by, now)
    return kind


async def stop(database: Database, code: str, by: str, now: Instant) -> None:
    """No coupon of the kind may be used for sales from now on, public or issued, whatever version.

    Raises:
        UnknownCouponKind.
    """
    async with database.transaction() as connection:
        if not await store.stop_kind(connection, code, by, now):
            raise UnknownCouponKind(code)
        await audit(connection, at=now, author=by, action="coupon_kind.stopped", details={"kind": code})


async def void(database: Database, code: str, reason: str, by: str, now: Instant) -> None:
    """One code is worth nothing any more.

    Raises:
        UnknownCoupon.
    """
    code = normal(code)
    async with database.transaction() as connection:
        if not await store.void_coupon(connection, code, code_hash(code), now):
            raise UnknownCoupon(code)
        await audit(connection, at=now, author=by, action="coupon.voided", details={"coupon": code, "reason": reason})


async def generate(
    database: Database,
    zone: ZoneInfo,
    kind: str,
    batch: str,
    count: int,
    by: str,
    now: Instant,
    report: Report = lambda _: None,
) -> Issued:
    """Make so many codes for whoever has them. Asked again under the same name nothing is made twice, and what was
    interrupted is completed. Memory does not grow with their number.

    Raises:
        UnknownCouponKind; KindStopped; BatchDiffers.
    """

    async def nobody(made: int) -> AsyncIterator[list[int | None]]:
        for start in range(made, count, PIECE):
            yield [None] * min(PIECE, count - start)

    return await _make(database, zone, kind, batch, f"count:{count}", count, nobody, by, now, report)


async def issue(
    database: Database,
    zone: ZoneInfo,
    kind: str,
    batch: str,
    *,
    members: Sequence[int] = (),
    segment: str | None = None,
    by: str,
    now: Instant,
    report: Report = lambda _: None,
) -> Issued:
    """Make a code for each of these members, or of a segment, that they alone may use. Like :func:`generate` it is
    done once under its name; people who came into the segment since are not added.

    Raises:
        UnknownCouponKind; KindStopped; BatchDiffers; EmptySegment: nobody is in it, and the batch is not begun.
    """
    if segment is not None:
        await _guard_segment(database, kind, batch, segment)
    asked = f"segment:{segment}" if segment is not None else f"members:{sorted(members)}"

    # What was interrupted goes on with whoever has none yet: people merge and leave meanwhile, so that a count would
    # not tell where it stood. Each piece is kept before the next is read.
    async def named(_: int) -> AsyncIterator[list[int | None]]:
        async with database.reading() as connection:
            found = await store.without_code(connection, kind, batch, members)
        for start in range(0, len(found), PIECE):
            yield list(found[start : start + PIECE])

    async def in_segment(_: int) -> AsyncIterator[list[int | None]]:
        after: int | None = 0
        while after is not None:
            async with database.reading() as connection:
                after, found = await store.without_code_in_segment(connection, kind, batch, segment or "", after, PIECE)
            if found:
                yield list(found)

    return await _make(
        database, zone, kind, batch, asked, len(members), named if segment is None else in_segment, by, now, report
    )


async def _guard_segment(database: Database, kind: str, batch: str, segment: str) -> None:
    """Begin no batch for nobody: it would be complete, and who comes into the segment later would get nothing."""
    async with database.reading() as connection:
        row = await store.kind(connection, kind)
        if (
            row is None
            or row.stopped_at is not None
            or batch in [b.batch for b in await store.batches(connection, kind)]
        ):
            return  # Refused for a better reason, or answered as before.
        after: int | None = 0
        while after is not None:
            after, found = await store.without_code_in_segment(connection, kind, batch, segment, after, PIECE)
            if found:
                return
    raise EmptySegment(segment)


async def _make(
    database: Database,
    zone: ZoneInfo,
    code: str,
    batch: str,
    asked: str,
    wanted: int,
    holders: Callable[[int], AsyncIterator[list[int | None]]],
    by: str,
    now: Instant,
    report: Report,
) -> Issued:
    digest = int.from_bytes(blake2b(asked.encode(), digest_size=8).digest(), "big", signed=True)
    async with database.transaction() as connection:
        row = await store.kind(connection, code)
        if row is None:
            raise UnknownCouponKind(code)
        known, version, made, since, finished = await store.begin_batch(
            connection, code, batch, version=row.newest, digest=digest, wanted=wanted, by=by, now=now
        )
        if known != digest:
            raise BatchDiffers(code, batch)
        if row.stopped_at is not None and not made:
            raise KindStopped(code)
        if not made:
            await audit(
                connection, at=now, author=by, action="coupon.issued",
                details={"kind": code, "batch": batch, "asked": asked[:200]},
            )  # fmt: skip
    if finished:
        report(made)
        return Issued(code, batch, version, made)
    async with database.reading() as reading:
        pinned = await store.kind(reading, code, version)
    assert pinned is not None, "versions are never taken away"
    start, end = usable(from_json(pinned.document.encode()).issued, zone, since)
    report(made)
    async for piece in holders(made):
        # Another process that makes the same batch is not waited for: it has made more than we know of.
        done = await _add(database, code, batch, version, piece, (start, end, now), made)
        if not done:
            break
        made += len(piece)
        report(len(piece))
    else:
        async with database.transaction() as connection:
            await store.finish_batch(connection, code, batch, now)
    async with database.reading() as reading:
        made = next(each.made for each in await store.batches(reading, code) if each.batch == batch)
    return Issued(code, batch, version, made)


async def _add(
    database: Database,
    kind: str,
    batch: str,
    version: int,
    holders: Sequence[int | None],
    times: tuple[datetime | None, datetime | None, datetime],
    made: int,
) -> bool:
    for attempt in range(_ATTEMPTS):
        codes = [
            NewCoupon(code_hash(one), one, kind, version, batch, holder, *times)
            for one, holder in zip(new_codes(len(holders)), holders, strict=True)
        ]
        codes.sort()  # In the order of the index: neighbours are written together.
        try:
            async with database.transaction() as connection:
                now_made = await store.made_so_far(connection, kind, batch)
                if now_made != made:
                    return False
                await store.add_coupons(connection, codes)
                await _tell(connection, codes)
            return True
        except asyncpg.UniqueViolationError:  # Two of 10**19 met.
            if attempt == _ATTEMPTS - 1:
                raise
    return False


async def _tell(connection: Writing, codes: Sequence[NewCoupon]) -> None:
    """Tell of coupons as of those that campaigns give; of codes for anybody there is nobody to tell it of."""
    mine = [(each, each.member_id) for each in codes if each.member_id is not None]
    if mine:
        bodies = [
            _encode(
                {"batch": each.batch, "member_id": public_id(member_id), "coupon": shown(each.code), "kind": each.kind,
                 "usable_until": each.usable_until}
            ).decode()
            for each, member_id in mine
        ]  # fmt: skip
        await store.tell_issued(connection, [member_id for _, member_id in mine], bodies, mine[0][0].issued_at)


def _checked(kind: CouponKind) -> CouponKind:
    for field, message in faults(kind):
        raise InvalidRequest(field, message)
    return kind


async def _put_public(connection: Any, kind: CouponKind, now: Instant) -> None:
    code = None if kind.public_code is None else normal(kind.public_code)
    if not await store.put_public_code(connection, kind.code, code, code_hash(code or ""), now):
        raise CouponCodeTaken(code or "")


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """A JSON merge patch (RFC 7396): objects are merged, null removes, all else replaces; an effect of another sort
    replaces as a whole."""
    merged = dict(old)
    for key, value in new.items():
        before = merged.get(key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(before, dict) and value.get("kind") == before.get("kind"):
            merged[key] = _merged(before, value)
        else:
            merged[key] = value
    return merged


async def _audit(connection: Any, action: str, kind: CouponKind, by: str, now: Instant) -> None:
    details = {"kind": kind.code, "version": kind.version}
    await audit(connection, at=now, author=by, action=action, details=details)
