"""The only place that touches the tables of kinds of coupons, their codes, and the ledger of uses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import NamedTuple

from goen.database.pool import Reading, Writing
from goen.database.queries import load

_queries = load(__package__, "coupons.sql")
_COLUMNS = (
    "code_hash", "code", "kind", "version", "batch", "member_id", "usable_from", "usable_until", "issued_at",
)  # fmt: skip
_EXPORTED = 5_000


class KindRow(NamedTuple):
    """A kind with one version of it; ``document`` is JSON that only :mod:`goen.earning` understands."""

    code: str
    newest: int
    stopped_at: datetime | None
    document: str
    made_by: str
    made_at: datetime


class NewCoupon(NamedTuple):
    """A code to be kept, in the table's order of columns."""

    code_hash: int
    code: str
    kind: str
    version: int | None
    batch: str | None
    member_id: int | None
    usable_from: datetime | None
    usable_until: datetime | None
    issued_at: datetime


class BatchRow(NamedTuple):
    """Codes made together."""

    batch: str
    version: int
    wanted: int
    made: int
    made_by: str
    made_at: datetime


class CouponRow(NamedTuple):
    """A code as kept. ``version`` None: the kind's public code."""

    code: str
    kind: str
    version: int | None
    batch: str | None
    member_id: int | None
    usable_from: datetime | None
    usable_until: datetime | None
    issued_at: datetime
    void_at: datetime | None


class ExportedRow(NamedTuple):
    """A code with what became of it."""

    code: str
    batch: str | None
    member_id: int | None
    issued_at: datetime
    usable_from: datetime | None
    usable_until: datetime | None
    void_at: datetime | None
    uses: int


class Counted(NamedTuple):
    """What became of a kind's coupons. ``amount``: yen off in all."""

    in_batches: int
    by_campaigns: int
    used: int
    given_back: int
    over: int
    amount: int
    members: int


class UseRow(NamedTuple):
    """One line of the ledger of uses."""

    what: str
    at: datetime
    shop_id: int
    purchase_id: str
    amount: int
    presented_id: int
    act_id: int
    external_id: str | None


class MineRow(NamedTuple):
    """A member's coupon."""

    code: str
    kind: str
    document: str
    usable_from: datetime | None
    usable_until: datetime | None
    issued_at: datetime
    void_at: datetime | None
    stopped_at: datetime | None
    uses: int


async def add_kind(connection: Writing, code: str, document: str, by: str, now: datetime) -> bool:
    """Keep a new kind's first version; False where the code is taken."""
    if await _queries.add_kind(connection, code=code, now=now) is None:
        return False
    await _queries.add_version(connection, code=code, version=1, document=document, made_by=by, now=now)
    return True


async def lock_kind(connection: Writing, code: str) -> tuple[int, str] | None:
    """Newest version and document of a kind, which nobody else changes until the end of the transaction."""
    row = await _queries.lock_kind(connection, code=code)
    return None if row is None else (row["version"], row["document"])


async def add_version(connection: Writing, code: str, version: int, document: str, by: str, now: datetime) -> None:
    """Keep the next version; the public code follows it from now on."""
    await _queries.add_version(connection, code=code, version=version, document=document, made_by=by, now=now)
    await _queries.set_version(connection, code=code, version=version, now=now)


async def stop_kind(connection: Writing, code: str, by: str, now: datetime) -> bool:
    """No coupon of the kind is usable from now on; False where there is no such kind."""
    return await _queries.stop_kind(connection, code=code, by=by, now=now) is not None


async def kind(connection: Reading, code: str, version: int | None = None) -> KindRow | None:
    """A kind and its newest version, or the named one; None where there is none."""
    row = await _queries.kind(connection, code=code, version=version)
    return None if row is None else KindRow(*row)


async def kinds(connection: Reading, after: str, rows: int) -> list[KindRow]:
    """Kinds by code."""
    return [KindRow(*row) async for row in _queries.kinds(connection, after=after, rows=rows)]


async def put_public_code(connection: Writing, kind: str, code: str | None, code_hash: int, now: datetime) -> bool:
    """This is the kind's public code, or it has none any more; False where another coupon has the code."""
    await _queries.drop_public(connection, kind=kind, but=code or "", now=now)
    if code is None or await _queries.public_code(connection, kind=kind) == code:
        return True
    new = NewCoupon(code_hash, code, kind, None, None, None, None, None, now)
    values = {name: value for name, value in new._asdict().items() if name != "issued_at"}
    return await _queries.add_coupon(connection, **values, now=now) is not None


async def begin_batch(
    connection: Writing, kind: str, batch: str, *, version: int, digest: int, wanted: int, by: str, now: datetime
) -> tuple[int, int, int, datetime, bool]:
    """Begin a batch, or go on with one of this name; gives its digest, version, how many are made, since when, and
    whether these are all. Nobody else makes codes of it until the end of the transaction."""
    await _queries.add_batch(
        connection, kind=kind, batch=batch, version=version, digest=digest, wanted=wanted, made_by=by, now=now
    )
    row = await _queries.batch(connection, kind=kind, batch=batch)
    return row["digest"], row["version"], row["made"], row["made_at"], row["finished"]


async def made_so_far(connection: Writing, kind: str, batch: str) -> int:
    """How many codes a batch has; it does not grow otherwise until the end of the transaction."""
    row = await _queries.batch(connection, kind=kind, batch=batch)
    made: int = row["made"]
    return made


async def add_coupons(connection: Writing, coupons: Sequence[NewCoupon]) -> None:
    """Keep codes of a batch. Raises asyncpg.UniqueViolationError where one of them is there."""
    await connection.copy_records_to_table("coupon", records=coupons, columns=_COLUMNS)
    first = coupons[0]
    await _queries.grow_batch(connection, kind=first.kind, batch=first.batch, made=len(coupons))


async def tell_issued(connection: Writing, member_ids: Sequence[int], bodies: Sequence[str], now: datetime) -> None:
    """An event ``coupon.issued`` for each of these members; ``bodies`` are JSON objects."""
    await _queries.tell_issued(connection, member_ids=member_ids, bodies=bodies, now=now)


async def finish_batch(connection: Writing, kind: str, batch: str, now: datetime) -> None:
    """All of a batch is made."""
    await _queries.finish_batch(connection, kind=kind, batch=batch, now=now)


async def batches(connection: Reading, kind: str) -> list[BatchRow]:
    """Batches of a kind, newest first."""
    return [BatchRow(*row) async for row in _queries.batches(connection, kind=kind)]


async def by_code(connection: Reading, code: str, code_hash: int) -> CouponRow | None:
    """One code; None where there is none."""
    row = await _queries.coupon_by_code(connection, code=code, code_hash=code_hash)
    return None if row is None else CouponRow(*row)


async def void_coupon(connection: Writing, code: str, code_hash: int, now: datetime) -> bool:
    """A code is worth nothing any more; False where there is none."""
    there: bool = await _queries.void_coupon(connection, code=code, code_hash=code_hash, now=now)
    return there


async def exported(connection: Reading, kind: str, batch: str | None) -> AsyncIterator[ExportedRow]:
    """Every issued code of a kind, or of one batch, one by one within the caller's transaction: memory here does not
    grow with their number."""
    cursor = await connection.cursor(_queries.exported.sql, kind, batch)
    while rows := await cursor.fetch(_EXPORTED):
        for row in rows:
            yield ExportedRow(*row)


async def counted(connection: Reading, kind: str) -> Counted:
    """What became of a kind's coupons, from the ledger of uses."""
    return Counted(*await _queries.counted(connection, kind=kind))


async def uses_of(
    connection: Reading, code: str, code_hash: int, before: tuple[datetime, int, str] | None, rows: int
) -> list[UseRow]:
    """Uses of one code, newest first."""
    at, act, what = before or (None, None, None)
    found = _queries.uses_of(
        connection, code=code, code_hash=code_hash, before_at=at, before_act=act, before_what=what, rows=rows
    )
    return [UseRow(*row) async for row in found]


async def of_members(
    connection: Reading, members: Sequence[int], before: tuple[datetime, str] | None, rows: int,
    *, good_at: datetime | None = None, begun_at: datetime | None = None,
) -> list[MineRow]:  # fmt: skip
    """Coupons of these members, newest first. ``good_at``: those alone that are not used up, void or over then;
    ``begun_at``: those alone that have begun."""
    at, code = before or (None, None)
    found = _queries.of_members(
        connection, members=members, before_at=at, before_code=code, rows=rows, good_at=good_at, begun_at=begun_at
    )
    return [MineRow(*row) async for row in found]


async def without_code_in_segment(
    connection: Reading, kind: str, batch: str, segment: str, after: int, rows: int
) -> tuple[int | None, list[int]]:
    """The next cards of a segment: the last of them, None after the end; and which active people they are by now, each
    once, who have no code of this batch."""
    found = [
        (row["card"], row["person"])
        async for row in _queries.members_in_segment(
            connection, kind=kind, batch=batch, segment=segment, after=after, rows=rows
        )
    ]
    return found[-1][0] if found else None, sorted({person for _, person in found if person is not None})


async def without_code(connection: Reading, kind: str, batch: str, members: Sequence[int]) -> list[int]:
    """Those of these members who are active and have no code of this batch, as who they are by now."""
    found = _queries.living_members(connection, kind=kind, batch=batch, members=members)
    return [row["member_id"] async for row in found]
