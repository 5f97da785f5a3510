"""Changing the programme: a new version that starts a moment ahead; none is ever edited."""

from __future__ import annotations

from datetime import UTC, timedelta

import msgspec

from goen.database.migrate import installation
from goen.database.pool import Database, Writing
from goen.earning.catalogue import BEGINNING, Programmes, Version
from goen.earning.checks import validate
from goen.earning.evaluate import compile_programme
from goen.earning.programme import DEFAULT, Programme, to_json
from goen.earning.words import problem_text
from goen.shops import store
from goen.vocabulary.clock import Instant
from goen.vocabulary.refusal import InvalidRequest, Refusal

#: So that every process has read a version before it counts (each reads once a second).
AHEAD = timedelta(seconds=2)
FARTHEST = timedelta(days=3650)


class ProgrammeOvertaken(Refusal):
    """Somebody else has kept a version since this one was begun."""

    code = "programme_overtaken"

    def __init__(self, version: int) -> None:
        super().__init__(f"Version {version} was kept meanwhile; begin from that one.", version=version)


async def apply_programme(
    database: Database,
    programmes: Programmes,
    asked: Programme,
    *,
    author: str,
    now: Instant,
    newest: int | None = None,
) -> Version:
    """Keep ``asked`` as the next version, from its ``starts_at`` or as soon as may be.

    ``asked.version`` is not looked at: the store numbers versions. ``newest``: the last version when ``asked`` was
    written; None: whichever is the last by now.

    Raises:
        InvalidRequest: ``starts_at`` is less than 2 seconds ahead, the currency is not that of the books,
            or the settings contradict one another.
        ProgrammeOvertaken: there is a later version than ``newest``.
    """
    starts_at = _start(asked.starts_at or now + AHEAD, now)
    for problem in validate(asked):
        if problem.level == "error":
            raise InvalidRequest(problem.field, problem_text(problem, asked.language))
    async with database.transaction() as connection:
        books = await installation(connection)
        if asked.currency != books.currency:
            raise InvalidRequest("currency", f"is {books.currency}, in which these books are kept")
        number = await store.next_programme(connection)
        if newest not in (None, number - 1):
            raise ProgrammeOvertaken(number - 1)
        programme = msgspec.structs.replace(asked, version=number, starts_at=starts_at)
        version = Version(number, starts_at, compile_programme(programme))
        await _keep(connection, programme, author)
        await store.audit(
            connection,
            at=now,
            author=author,
            action="programme.applied",
            details={"version": number, "starts_at": starts_at},
        )
    programmes.add(version)
    return version


def _start(given: Instant, now: Instant) -> Instant:
    if given.tzinfo is None:
        raise InvalidRequest("starts_at", "needs an offset, as in 2026-11-22T12:00:00+09:00")
    if not now + AHEAD <= given <= now + FARTHEST:
        raise InvalidRequest(
            "starts_at",
            f"is at least {AHEAD.seconds} seconds ahead of {now.isoformat(timespec='seconds')}, "
            f"and {FARTHEST.days} days at most",
        )
    return given.astimezone(UTC)


async def ensure_programme(database: Database) -> None:
    """Give a database without any version its first one: the default, from the beginning of time."""
    async with database.transaction() as connection:
        if await store.next_programme(connection) > 1:
            return
        books = await installation(connection)
        first = msgspec.structs.replace(DEFAULT, version=1, starts_at=BEGINNING, currency=books.currency)
        await _keep(connection, first, "goen")


async def _keep(connection: Writing, programme: Programme, author: str) -> None:
    assert programme.starts_at is not None
    await store.add_programme(
        connection,
        version=programme.version,
        starts_at=programme.starts_at,
        document=to_json(programme).decode(),
        made_by=author,
    )
