"""The only place that touches the tables of standing rules and visit codes, the till's own statements aside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from goen.database.pool import Reading, Writing
from goen.database.queries import load

_queries = load(__package__, "standing.sql")


class StateRow(NamedTuple):
    """A rule and where it stands."""

    code: str
    kind: str
    newest: int
    live_version: int | None
    live_from: datetime | None
    waiting_version: int | None
    waiting_by: str | None
    stopped_at: datetime | None


class RuleRow(NamedTuple):
    """A rule with one version of it; ``document`` is JSON that only :mod:`goen.earning` understands."""

    state: StateRow
    version: int
    document: str
    made_by: str
    made_at: datetime


async def add_rule(connection: Writing, code: str, kind: str) -> bool:
    """Make a rule; False where the code is taken."""
    return await _queries.add_rule(connection, code=code, kind=kind) is not None


async def lock(connection: Writing, code: str) -> StateRow | None:
    """Where a rule stands, held until the end of the transaction."""
    row = await _queries.lock_rule(connection, code=code)
    return None if row is None else StateRow(*row)


async def rule(connection: Reading, code: str, version: int | None = None) -> RuleRow | None:
    row = await _queries.rule(connection, code=code, version=version)
    return None if row is None else _row(row)


async def rules(connection: Reading, after: str, rows: int) -> list[RuleRow]:
    return [_row(row) async for row in _queries.rules(connection, after=after, rows=rows)]


async def waiting(connection: Reading) -> list[RuleRow]:
    """The rules that wait for a second person, by code, in the version that does."""
    return [_row(row) async for row in _queries.waiting(connection)]


async def live_of_kind(connection: Reading, kind: str) -> list[tuple[str, str]]:
    """The rules of a kind that give now, each with its document."""
    return [(row["code"], row["document"]) async for row in _queries.live_of_kind(connection, kind=kind)]


async def add_version(connection: Writing, code: str, version: int, document: str, by: str, now: datetime) -> None:
    """Keep a version; it is the newest."""
    await _queries.add_version(connection, code=code, version=version, document=document, by=by, now=now)
    await _queries.set_newest(connection, code=code, version=version)


async def set_live(connection: Writing, code: str, version: int, now: datetime) -> None:
    await _queries.set_live(connection, code=code, version=version, now=now)


async def set_waiting(connection: Writing, code: str, version: int, by: str) -> None:
    await _queries.set_waiting(connection, code=code, version=version, by=by)


async def set_stopped(connection: Writing, code: str, now: datetime) -> None:
    await _queries.set_stopped(connection, code=code, now=now)


async def totals(connection: Reading, codes: Sequence[str]) -> dict[str, tuple[int, int]]:
    """By rule how often it gave, and how many points in all."""
    found = dict.fromkeys(codes, (0, 0))
    async for code, grants, points in _queries.totals(connection, codes=list(codes)):
        found[code] = grants, points
    return found


async def add_visit_code(
    connection: Writing, code_hash: int, code: str, shop_id: int, expires_at: datetime, by: str, now: datetime
) -> None:
    await _queries.add_visit_code(
        connection, code_hash=code_hash, code=code, shop_id=shop_id, expires_at=expires_at, by=by, now=now
    )


async def purge_visit_codes(connection: Writing, before: datetime, rows: int) -> int:
    """Forget a piece of the codes that expired before then."""
    return int(await _queries.purge_visit_codes(connection, before=before, rows=rows))


def _row(row: tuple[object, ...]) -> RuleRow:
    values = tuple(row)
    return RuleRow(StateRow(*values[:8]), *values[8:])  # type: ignore[arg-type] # in the order of the query


async def add_referral_code(connection: Writing, member_id: int, code_hash: int, code: str, now: datetime) -> str:
    """Keep a member's referral code, unless there is one; gives the one that counts."""
    return str(
        await _queries.add_referral_code(connection, member_id=member_id, code_hash=code_hash, code=code, now=now)
    )
