"""The only place that touches the tables of campaigns and signals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from goen.database.pool import Reading, Writing
from goen.database.queries import load

_queries = load(__package__, "campaigns.sql")


class CampaignRow(NamedTuple):
    """A campaign with one version of it; ``document`` is JSON that only :mod:`goen.earning` understands."""

    code: str
    newest: int
    waiting: int | None
    waiting_by: str | None
    waiting_from: datetime | None
    version: int
    document: str
    made_by: str
    made_at: datetime


class SignalRow(NamedTuple):
    """A signal as kept; ``value`` is a string, number or truth."""

    place: str
    at: datetime
    value: Any
    source: str | None


async def changes_after(connection: Reading, change: int) -> list[tuple[int, str, int, datetime, str]]:
    """Changes above this number in order: number, code, version, instant, ``live`` or ``stop``."""
    return [tuple(row) async for row in _queries.changes_after(connection, change=change)]


async def versions_changed(connection: Reading, change: int) -> list[tuple[str, int, str]]:
    """Code, version and document of the versions that those changes name."""
    return [tuple(row) async for row in _queries.versions_changed(connection, change=change)]


async def add_change(
    connection: Writing, code: str, version: int, at: datetime, what: str, by: str, now: datetime
) -> int:
    """Keep one more change; gives its number. Other writers wait until this transaction ends."""
    await _queries.lock_changes(connection)
    number: int = await _queries.last_change(connection) + 1
    await _queries.add_change(
        connection, change=number, code=code, version=version, at=at, what=what, made_by=by, made_at=now
    )
    return number


async def add_campaign(connection: Writing, code: str, document: str, by: str, now: datetime) -> bool:
    """Keep a new campaign's first version; False where the code is taken."""
    if await _queries.add_campaign(connection, code=code, now=now) is None:
        return False
    await _queries.add_version(connection, code=code, version=1, document=document, made_by=by, now=now)
    return True


async def add_version(connection: Writing, code: str, version: int, document: str, by: str, now: datetime) -> None:
    """Keep the next version of a campaign."""
    await _queries.add_version(connection, code=code, version=version, document=document, made_by=by, now=now)
    await _queries.set_version(connection, code=code, version=version, now=now)


async def lock(connection: Writing) -> None:
    """One writer of campaigns at a time, until the end of the transaction."""
    await _queries.lock_changes(connection)


async def set_waiting(
    connection: Writing, code: str, version: int | None, by: str | None, start: datetime | None, now: datetime
) -> None:
    """This version waits for approval; None: none does."""
    await _queries.set_waiting(connection, code=code, waiting=version, waiting_by=by, waiting_from=start, now=now)


async def approve(connection: Writing, code: str, version: int, by: str, now: datetime) -> None:
    """Somebody approved this version."""
    await _queries.approve(connection, code=code, version=version, approved_by=by, now=now)


async def approvals(connection: Reading, code: str, version: int) -> list[str]:
    """Who approved this version."""
    return [row["approved_by"] async for row in _queries.approvals(connection, code=code, version=version)]


async def campaign(connection: Reading, code: str, version: int | None = None) -> CampaignRow | None:
    """A campaign and its newest version, or the named one; None where there is none."""
    row = await _queries.campaign(connection, code=code, version=version)
    return None if row is None else CampaignRow(*row)


async def campaigns(connection: Reading, after: str, rows: int) -> list[CampaignRow]:
    """Campaigns by code."""
    return [CampaignRow(*row) async for row in _queries.campaigns(connection, after=after, rows=rows)]


async def waiting(connection: Reading) -> list[str]:
    """The campaigns that wait for a second person, by code."""
    return [row["code"] async for row in _queries.waiting(connection)]


async def drawn_on(connection: Reading, accounts: Sequence[tuple[int, str]]) -> list[tuple[str, str, int]]:
    """What is drawn on shared accounts (anchor, code): code, period and amount."""
    rows = _queries.drawn_on(connection, anchors=[a for a, _ in accounts], codes=[c for _, c in accounts])
    return [tuple(row) async for row in rows]


async def members_earning(connection: Reading) -> int:
    """How many people may earn: registered, provisional and frozen members."""
    count: int = await _queries.members_earning(connection)
    return count


async def signals_after(connection: Reading, change: int, since: datetime) -> list[tuple[int, str, str, datetime, Any]]:
    """Signals above this number about times after ``since``: number, name, place, instant, value."""
    return [
        (*row[:4], msgspec.json.decode(row[4]))
        async for row in _queries.signals_after(connection, change=change, since=since)
    ]


async def put_signal(
    connection: Writing, *, name: str, place: str, at: datetime, value: Any, source: str | None, now: datetime
) -> None:
    """Keep a signal."""
    await _queries.lock_changes(connection)
    change = await _queries.last_signal(connection) + 1
    text = msgspec.json.encode(value).decode()
    await _queries.put_signal(
        connection, name=name, place=place, at=at, value=text, source=source, change=change, now=now
    )


async def signals_now(connection: Reading, name: str, now: datetime) -> list[SignalRow]:
    """What was last said under this name, by place."""
    rows = _queries.signals_now(connection, name=name, now=now)
    return [SignalRow(r["place"], r["at"], msgspec.json.decode(r["value"]), r["source"]) async for r in rows]
