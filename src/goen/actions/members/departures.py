"""The list of who has left, kept outside of the database, so that a restored copy lets them go again.

A copy from before somebody's erasure brings the person back. So beside every copy that ``goen backup`` took, and in
the data folder, stands a file with a line per departure: numbers and moments, nothing personal. It is written again
whenever somebody is erased at once, and every hour by the jobs.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path

import msgspec

from goen.actions.members.erase import erase_all
from goen.actions.members.leave import depart
from goen.database.pool import Database, Reading
from goen.database.queries import load
from goen.members import leaving
from goen.members.errors import UnknownMember
from goen.members.leaving import Departure
from goen.members.retention import Retention
from goen.vocabulary.clock import Instant

_queries = load(__package__, "departures.sql")

#: The name of the list in a copy's folder and in the data folder.
LIST = "departures.jsonl"
AUTHOR = "restore"


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One departure. ``books`` is the mark of the installation that it belongs to."""

    books: str
    member_id: int
    withdrawn_at: datetime
    erase_on: date | None = None
    erased_at: datetime | None = None

    @property
    def at(self) -> datetime:
        """When the last of it happened."""
        return self.erased_at or self.withdrawn_at


class Copy(msgspec.Struct, frozen=True):
    """A copy that was taken and is still there, as far as the database knows."""

    copy_id: int
    folder: str
    taken_at: datetime
    keep_until: date | None


async def copies(connection: Reading) -> list[Copy]:
    """Copies that nobody has said to be gone, oldest first."""
    return [Copy(*row) async for row in _queries.copies(connection)]


async def note_copy(database: Database, folder: Path, taken_at: Instant, keep_until: date | None) -> None:
    """Remember that a copy stands in this folder. The same folder twice is one copy."""
    async with database.writing() as connection:
        await _queries.note_copy(connection, folder=str(folder), taken_at=taken_at, keep_until=keep_until)


async def copy_gone(database: Database, copy_id: int, now: Instant) -> None:
    """Remember that a copy is gone."""
    async with database.writing() as connection:
        await _queries.copy_gone(connection, copy_id=copy_id, now=now)


async def carry(database: Database, retention: Retention, now: Instant) -> list[Path]:
    """Write the list beside every copy and into the data folder; gives the places that could not be reached."""
    async with database.reading() as connection:
        mark = await _queries.mark(connection)
        known = await copies(connection)
        reach = retention.departures_listed
        oldest = None if reach is None else min([now - reach, *(each.taken_at for each in known)])
        lines = [_line(mark, each) for each in await leaving.departures(connection, oldest)]
    places = [(Path(each.folder), each.taken_at) for each in known]
    if retention.list_file is not None:
        places.append((retention.list_file.parent, datetime.min.replace(tzinfo=now.tzinfo)))
    return await asyncio.to_thread(_write_all, lines, places)


def _line(mark: str, departure: Departure) -> Line:
    return Line(mark, departure.member_id, departure.withdrawn_at, departure.erase_on, departure.erased_at)


def _write_all(lines: Sequence[Line], places: Sequence[tuple[Path, datetime]]) -> list[Path]:
    missed: list[Path] = []
    for folder, after in places:
        content = b"".join(msgspec.json.encode(line) + b"\n" for line in lines if line.at > after)
        try:
            if folder.is_dir():
                _replace(folder / LIST, content)
            else:
                missed.append(folder)
        except OSError:
            missed.append(folder)
    return missed


def _replace(path: Path, content: bytes) -> None:
    """The file has this content from one moment to the next, or stays as it is."""
    with suppress(FileNotFoundError):
        if path.read_bytes() == content:
            return
    part = path.with_name(f".{path.name}.part")
    with open(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def read_list(path: Path) -> list[Line]:
    """The lines of a list. Raises ValueError where it is none."""
    return [msgspec.json.decode(line, type=Line) for line in path.read_bytes().splitlines() if line.strip()]


async def replay(database: Database, lines: Iterable[Line], taken_at: Instant, now: Instant) -> tuple[int, int]:
    """Let everybody go again who left after the copy was taken; gives how many withdrew and how many were erased.

    Lines of other books, and of what the copy knows itself, are passed by.
    """
    async with database.reading() as connection:
        mark = await _queries.mark(connection)
    latest: dict[int, Line] = {}
    for line in lines:
        before = latest.get(line.member_id)
        if line.books == mark and line.at > taken_at and (before is None or before.at < line.at):
            latest[line.member_id] = line
    withdrawn = erased = 0
    for line in latest.values():
        async with database.transaction() as connection:
            erase_on = line.erase_on or line.withdrawn_at.date()
            try:
                await depart(connection, line.member_id, AUTHOR, line.withdrawn_at, erase_on)
            except UnknownMember:
                continue
            withdrawn += 1
            if line.erased_at is not None:
                ours = await leaving.still_here(connection, [line.member_id])
                await erase_all(connection, ours, AUTHOR, None, now)
                erased += len(ours)
    return withdrawn, erased
