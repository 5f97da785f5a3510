"""The only place that touches the tables of staff."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from goen.database.pool import Reading, Writing
from goen.database.queries import load
from goen.staff.model import Session, Staff, StaffRow, Stage

_queries = load(__package__)


class Attempt(NamedTuple):
    """An attempt at signing in, counted; ``kept`` is the hash to compare with."""

    staff_id: int
    kept: str | None
    locked: bool


class Clerk(NamedTuple):
    """Somebody who may serve at a terminal."""

    staff_id: int
    login: str
    name: str


class TakenCode(NamedTuple):
    """What a used terminal code stood for."""

    shop_id: int
    device: str
    made_by: str


async def add(connection: Writing, **values: Any) -> int | None:
    """Somebody new: login, name, role, password_hash, pin_hash, now; None where the login is taken."""
    staff_id: int | None = await _queries.add_staff(connection, **values)
    return staff_id


async def bind_shops(connection: Writing, staff_id: int, shop_ids: Sequence[int]) -> None:
    """These shops are theirs."""
    await _queries.bind_shops(connection, staff_id=staff_id, shop_ids=shop_ids)


async def set_secrets(
    connection: Writing, staff_id: int, password_hash: str | None, pin_hash: str | None, *, end: bool
) -> None:
    """Another password or PIN; ``end`` signs out everywhere."""
    await _queries.set_secrets(connection, staff_id=staff_id, password_hash=password_hash, pin_hash=pin_hash)
    if end:
        await _queries.end_sessions(connection, staff_id=staff_id)


async def set_second(connection: Writing, staff_id: int, secret: str | None, step: int = 0) -> None:
    """The second factor, or none; ``step`` is used up."""
    await _queries.set_second(connection, staff_id=staff_id, totp_secret=secret, totp_step=step)


async def disable(connection: Writing, staff_id: int, now: datetime) -> None:
    """Nobody signs in as them any more, and whoever has is signed out."""
    await _queries.disable(connection, staff_id=staff_id, now=now)
    await _queries.end_sessions(connection, staff_id=staff_id)


async def try_password(connection: Writing, login: str, now: datetime, most: int, until: datetime) -> Attempt | None:
    """Count an attempt at a password; None where nobody has the login."""
    row = await _queries.try_password(connection, login=login, now=now, failures_max=most, until=until)
    return None if row is None else Attempt(*row.values())


async def try_pin(connection: Writing, staff_id: int, now: datetime, most: int, until: datetime) -> Attempt | None:
    """Count an attempt at a PIN."""
    row = await _queries.try_pin(connection, staff_id=staff_id, now=now, failures_max=most, until=until)
    return None if row is None else Attempt(*row.values())


async def count_attempt(connection: Writing, quota_hash: bytes, now: datetime, over: datetime) -> int:
    """Count an attempt at a door; gives how many there were since the window began, which is not before ``over``."""
    asked: int = await _queries.count_attempt(connection, quota_hash=quota_hash, now=now, over=over)
    return asked


async def forgive(connection: Writing, staff_id: int) -> None:
    """The sign-in is whole: wrong attempts before it count no more."""
    await _queries.forgive(connection, staff_id=staff_id)


async def uncount(connection: Writing, staff_id: int, most: int) -> None:
    """One attempt was right, and the next step is due: it alone counts no more."""
    await _queries.uncount(connection, staff_id=staff_id, failures_max=most)


async def forgive_pin(connection: Writing, staff_id: int) -> None:
    """The PIN was right."""
    await _queries.forgive_pin(connection, staff_id=staff_id)


async def second_of(connection: Writing, staff_id: int) -> tuple[str | None, int]:
    """The second factor's secret and the last step used, locked until the transaction ends."""
    row = await _queries.second_of(connection, staff_id=staff_id)
    return row["totp_secret"], row["totp_step"]


async def by_login(connection: Reading, login: str) -> Staff | None:
    """Somebody who works here, or None."""
    return _staff(await _queries.member_of_staff(connection, login=login))


async def by_id(connection: Reading, staff_id: int) -> Staff | None:
    """The same by number."""
    return _staff(await _queries.member_by_id(connection, staff_id=staff_id))


async def everybody(connection: Reading) -> list[StaffRow]:
    """All who work or worked here."""
    return [StaffRow(**{**row, "shops": tuple(row["shops"])}) async for row in _queries.all_staff(connection)]


async def clerks(connection: Reading, shop_id: int) -> list[Clerk]:
    """Who may serve at this shop's terminals."""
    return [Clerk(*row) async for row in _queries.clerks(connection, shop_id=shop_id)]


async def open_session(
    connection: Writing, token_hash: bytes, staff_id: int, stage: Stage, now: datetime, ends_at: datetime
) -> None:
    """Sign a browser in."""
    await _queries.open_session(
        connection, token_hash=token_hash, staff_id=staff_id, stage=stage, now=now, ends_at=ends_at
    )


async def session(
    connection: Reading, token_hash: bytes, now: datetime, rested: datetime
) -> tuple[Session, datetime] | None:
    """Who is behind a token, and when it was last seen; None where nobody is (any more)."""
    row = await _queries.session(connection, token_hash=token_hash, now=now, rested=rested)
    if row is None:
        return None
    values = dict(row)
    stage, ends_at, seen_at = values.pop("stage"), values.pop("ends_at"), values.pop("seen_at")
    staff = _staff(values)
    assert staff is not None
    return Session(staff, stage, ends_at), seen_at


async def touch(connection: Writing, token_hash: bytes, now: datetime) -> None:
    """The session was seen just now."""
    await _queries.touch(connection, token_hash=token_hash, now=now)


async def close_session(connection: Writing, token_hash: bytes) -> None:
    """Sign a browser out."""
    await _queries.close_session(connection, token_hash=token_hash)


async def add_code(
    connection: Writing, code_hash: bytes, shop_id: int, device: str, made_by: str, now: datetime, ends_at: datetime
) -> None:
    """Keep a code that enrols one terminal."""
    await _queries.add_code(
        connection, code_hash=code_hash, shop_id=shop_id, device=device, made_by=made_by, now=now, ends_at=ends_at
    )


async def take_code(connection: Writing, code_hash: bytes, now: datetime) -> TakenCode | None:
    """Use a code up; None where it is none."""
    row = await _queries.take_code(connection, code_hash=code_hash, now=now)
    return None if row is None else TakenCode(*row.values())


async def audit(connection: Writing, *, author: str, action: str, details: object, now: datetime) -> None:
    """Write down who did what."""
    await _queries.audit(
        connection, author=author, action=action, details=msgspec.json.encode(details).decode(), now=now
    )


def _staff(row: Any) -> Staff | None:
    if row is None:
        return None
    values = dict(row)
    values["shops"] = frozenset(values["shops"])
    return Staff(**values)
