"""An import as a row: what is read, how far it is, what it came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

import msgspec

from goen.database.pool import Database
from goen.database.queries import load
from goen.shops.model import Principal
from goen.vocabulary.clock import Clock
from goen.vocabulary.refusal import Refusal

SQL = load(__package__)

Kind = Literal["members", "purchases", "balances"]


class UnknownImport(Refusal):
    """There is no import of this number."""

    code = "unknown_import"

    def __init__(self, import_id: int) -> None:
        super().__init__(f"There is no import {import_id}.")


class Counts(msgspec.Struct):
    """What an import came to. ``already``: documents that were there before; ``sold`` and ``returned`` are
    minor units; ``owed`` points that an undo could not take back because they were spent."""

    rows: int = 0
    refused: int = 0
    sales: int = 0
    guests: int = 0
    orders_completed: int = 0
    returns: int = 0
    returns_unlinked: int = 0
    members: int = 0
    balances: int = 0
    already: int = 0
    sold: int = 0
    returned: int = 0
    points: int = 0
    reasons: dict[str, int] = msgspec.field(default_factory=dict)

    def refuse(self, code: str) -> None:
        """Count one refused row."""
        self.refused += 1
        self.reasons[code] = self.reasons.get(code, 0) + 1


class Job(NamedTuple):
    """An import as the table has it."""

    import_id: int
    kind: Kind
    state: str
    file_name: str
    counts: Counts
    checkpoint: int
    author: str
    started_at: datetime
    changed_at: datetime

    @property
    def principal(self) -> Principal:
        """Who posts: a server's rights, under a name that undoing finds again."""
        return Principal(0, integration_of(self.import_id), "server")


def integration_of(import_id: int) -> str:
    """The integration under which an import's acts stand."""
    return f"import:{import_id}"


@dataclass(frozen=True)
class Reader:
    """What identifies an import: the file and how it is read. ``request`` holds mapping and options as JSON."""

    kind: Kind
    file_name: str
    digest: str
    request: str
    author: str


async def open_job(database: Database, reader: Reader, clock: Clock) -> Job:
    """The unfinished import of this very file, to go on with, or a new one."""
    async with database.writing() as connection:
        row = await SQL.unfinished_job(connection, digest=reader.digest)
        if row is None:
            row = await SQL.add_job(
                connection,
                kind=reader.kind,
                file_name=reader.file_name,
                digest=reader.digest,
                request=reader.request,
                author=reader.author,
                now=clock.now(),
            )
    return _job(row)


async def find_job(database: Database, import_id: int) -> Job:
    """One import. Raises :class:`UnknownImport`."""
    async with database.reading() as connection:
        row = await SQL.job(connection, import_id=import_id)
    if row is None:
        raise UnknownImport(import_id)
    return _job(row)


async def all_jobs(database: Database) -> Sequence[Job]:
    """The latest hundred imports, newest first."""
    async with database.reading() as connection:
        return [_job(row) async for row in SQL.jobs(connection)]


async def note_job(
    database: Database, job: Job, clock: Clock, *, checkpoint: int, counts: Counts, state: str = "running"
) -> None:
    """Write down how far an import is: a restart begins after ``checkpoint``."""
    async with database.writing() as connection:
        await SQL.note_job(
            connection,
            import_id=job.import_id,
            checkpoint=checkpoint,
            counts=msgspec.json.encode(counts).decode(),
            state=state,
            now=clock.now(),
        )


async def note_refused_file(database: Database, path: str, import_id: int | None, clock: Clock) -> None:
    """Remember where the refused rows of an import stand (None: of a trial run): they are personal data, and go with
    their person or in their time."""
    async with database.writing() as connection:
        await SQL.note_refused_file(connection, path=path, import_id=import_id, now=clock.now())


async def refused_files(database: Database, jobs: Sequence[Job]) -> dict[int, str]:
    """By import the path of its file of refused rows, on the machine where it ran; of those that refused any."""
    wanted = [job.import_id for job in jobs if job.counts.refused]
    async with database.reading() as connection:
        return {row["import_id"]: row["path"] async for row in SQL.refused_files_of(connection, import_ids=wanted)}


def _job(row: Any) -> Job:
    values = dict(row)
    values["counts"] = msgspec.json.decode(values["counts"], type=Counts)
    return Job(**values)
