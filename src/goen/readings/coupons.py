"""Which kinds of coupons are there, what became of their codes, and which has a member? Read-only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from goen.database.pool import Reading
from goen.database.queries import load
from goen.earning.campaigns.limits import stand_in
from goen.earning.coupons.codes import code_hash
from goen.earning.coupons.model import CouponKind, from_json
from goen.members.store import segments
from goen.readings import pages
from goen.readings.family import Family
from goen.shops import coupons as store
from goen.shops.coupons import BatchRow, Counted, CouponRow, UseRow
from goen.vocabulary.clock import Instant

_queries = load(__package__, "coupons.sql")
#: ``member_limit``: the person has used as many of the kind as anybody may; ``used_up``: all there are have been used;
#: ``not_in_segment``: the person is in none of the segments that it is for, or in one that it is not for, as of now.
State = Literal["usable", "not_yet", "used", "expired", "void", "member_limit", "used_up", "not_in_segment"]


class Kept(NamedTuple):
    """A version of a kind as kept."""

    kind: CouponKind
    newest: int
    stopped_at: Instant | None
    made_by: str
    made_at: Instant


class Mine(NamedTuple):
    """A member's coupon. ``until`` is the first instant at which it is over; None: it has no end."""

    code: str
    kind: CouponKind
    state: State
    issued_at: Instant
    start: Instant | None
    until: Instant | None


class Counts(NamedTuple):
    """Of one kind: codes issued, uses that were not given back, yen taken off."""

    issued: int
    used: int
    amount: int


async def counts(connection: Reading, kinds: Sequence[str]) -> dict[str, Counts]:
    """What became of the coupons of these kinds, in one look."""
    rows = await connection.fetch(_queries.counts.sql, list(kinds))
    return {row["kind"]: Counts(row["issued"], row["used"], row["amount"]) for row in rows}


async def kept(connection: Reading, code: str, version: int | None = None) -> Kept | None:
    """One kind, or None where there is none of this code and version."""
    row = await store.kind(connection, code, version)
    return None if row is None else _kept(row)


async def listed(connection: Reading, limit: int, cursor: str | None) -> tuple[list[Kept], str | None]:
    """Kinds by code, and the cursor after them."""
    rows = await store.kinds(connection, cursor or "", limit + 1)
    return [_kept(row) for row in rows[:limit]], rows[limit - 1].code if len(rows) > limit else None


async def results(connection: Reading, kind: str) -> tuple[Counted, list[BatchRow]]:
    """What became of a kind's coupons, and the batches they were made in."""
    return await store.counted(connection, kind), await store.batches(connection, kind)


async def uses(
    connection: Reading, code: str, limit: int, cursor: str | None
) -> tuple[CouponRow | None, list[UseRow], str | None]:
    """One code, its uses and returns newest first, and the cursor after them.

    Raises:
        InvalidRequest: a cursor that is none of ours.
    """
    coupon = await store.by_code(connection, code, code_hash(code))
    before = pages.read(cursor, tuple[datetime, int, str]) if cursor else None
    rows = [] if coupon is None else await store.uses_of(connection, code, code_hash(code), before, limit + 1)
    page = rows[:limit]
    more = len(rows) > limit
    return coupon, page, pages.written((page[-1].at, page[-1].act_id, page[-1].what)) if more else None


async def of_member(
    connection: Reading, member: Family, now: Instant, limit: int, cursor: str | None
) -> tuple[list[Mine], str | None]:
    """Coupons of a person, those of cards merged into theirs included, newest first, and the cursor after them.

    Raises:
        InvalidRequest: a cursor that is none of ours.
    """
    before = pages.read(cursor, tuple[datetime, str]) if cursor else None
    rows = await store.of_members(connection, member.members, before, limit + 1)
    page = rows[:limit]
    more = len(rows) > limit
    groups = frozenset(await segments(connection, member.root))
    drawn = await _drawn(connection, {from_json(row.document.encode()).rule for row in page}, member.homes)
    found = [_mine(row, drawn, groups, now) for row in page]
    return found, pages.written((page[-1].issued_at, page[-1].code)) if more else None


def _kept(row: store.KindRow) -> Kept:
    return Kept(from_json(row.document.encode()), row.newest, row.stopped_at, row.made_by, row.made_at)


async def _drawn(connection: Reading, rules: Iterable[str], homes: Sequence[int]) -> dict[str, int]:
    """Uses of these kinds by everybody, and by a person under whichever card, by the name of the account."""
    shared = [f"{rule}/uses/all" for rule in rules]
    own = [(home, f"{rule}/uses/member") for rule in rules for home in homes]
    accounts = [*((stand_in(code), code) for code in shared), *own]
    if not accounts:
        return {}
    anchors, codes = map(list, zip(*accounts, strict=True))
    return {row["code"]: row["drawn"] for row in await connection.fetch(_queries.drawn.sql, anchors, codes)}


def _mine(row: store.MineRow, drawn: Mapping[str, int], groups: frozenset[str], now: Instant) -> Mine:
    kind = from_json(row.document.encode())
    uses, when = kind.uses, kind.conditions
    start = max((at for at in (row.usable_from, kind.starts_at) if at is not None), default=None)
    until = min((at for at in (row.usable_until, kind.ends_at) if at is not None), default=None)
    state: State = "usable"
    if row.uses >= uses.each:
        state = "used"
    elif row.void_at is not None or row.stopped_at is not None:
        state = "void"
    elif until is not None and until <= now:
        state = "expired"
    elif uses.per_member is not None and drawn.get(f"{kind.rule}/uses/member", 0) >= uses.per_member:
        state = "member_limit"
    elif uses.total is not None and drawn.get(f"{kind.rule}/uses/all", 0) >= uses.total:
        state = "used_up"
    elif (when.segments and groups.isdisjoint(when.segments)) or not groups.isdisjoint(when.not_segments):
        state = "not_in_segment"
    elif start is not None and start > now:
        state = "not_yet"
    return Mine(row.code, kind, state, row.issued_at, start, until)
