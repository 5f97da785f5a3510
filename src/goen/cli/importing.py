"""From a file to the books: what ``goen import`` and the demo retailer share."""

from __future__ import annotations

import gc
import hashlib
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from goen.actions.imports.balances import Balances
from goen.actions.imports.job import Counts, Job, Kind, Reader, note_refused_file, open_job
from goen.actions.imports.members import Members
from goen.actions.imports.pace import watching
from goen.actions.imports.purchases import Purchases, Report
from goen.actions.points.context import Context
from goen.actions.points.holds import tells_of
from goen.actions.programme import ensure_programme
from goen.actions.tiers.counting import counted_since
from goen.actions.till.till import Till
from goen.channels.files.balances import read_balances
from goen.channels.files.errors import BadFile
from goen.channels.files.mapping import Mapping, recognise
from goen.channels.files.members import read_members
from goen.channels.files.purchases import read_receipts
from goen.channels.files.readers import Shape, Table, open_table
from goen.channels.files.refused import RefusedRows
from goen.database.migrate import installation
from goen.database.pool import Database
from goen.earning.campaigns.catalogue import Campaigns
from goen.earning.campaigns.signals import Signals
from goen.earning.catalogue import Programmes
from goen.readings import campaigns, programme
from goen.readings.overview import closed_through
from goen.shops.directory import ShopDirectory
from goen.vocabulary.clock import Clock

#: What the database's server calls an import's connections; giving way looks for others.
NAME = "goen import"


def settle_process(niceness: int) -> None:
    """Make this process one that imports: tills go first where processors are short, and what is loaded by
    now is not looked at again by the garbage collector (a fifth of the time otherwise)."""
    with suppress(OSError):
        os.nice(niceness)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@dataclass(frozen=True)
class Books:
    """An open database with a till of this process's own, and what acts know of shops and programme."""

    database: Database
    clock: Clock
    context: Context
    till: Till

    @property
    def zone(self) -> tzinfo:
        """Where times without an offset are local."""
        return self.context.zone


@asynccontextmanager
async def open_books(database: Database, clock: Clock) -> AsyncIterator[Books]:
    """Ready to post; what is under way is finished at the end. A first programme is written where there is none."""
    await ensure_programme(database)
    shops, programmes, live, signals = ShopDirectory(), Programmes(), Campaigns(), Signals()
    async with database.reading() as connection:
        kept = await installation(connection)
        await shops.refresh(connection)
        await programme.refresh(programmes, connection)
        await campaigns.refresh(live, signals, connection, clock.now())
        closed = await closed_through(connection)
        counted = await counted_since(connection)
    context = Context(shops, programmes, ZoneInfo(kept.timezone), kept.currency, closed, live, signals, counted)
    async with database.reading() as connection:
        await context.exclusions.refresh(connection)
    # The till's default of two connections and batches of 128 acts leaves others their turn: a batch is a
    # few hundredths of a second.
    till = Till(database, clock, context.day_of, freed=tells_of(context))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(till.close)
        yield Books(database, clock, context, till)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What to import and how. ``mapping`` None: the file must be recognised by its header."""

    kind: Kind
    path: Path
    mapping: Mapping | None = None
    encoding: str | None = None
    shop: str | None = None
    enrol: bool = False
    dry_run: bool = False
    refused: Path | None = None
    author: str = "goen import"


@dataclass(frozen=True)
class Outcome:
    """What an import came to. ``import_id`` None for a dry run; ``refused`` where rows were written there."""

    import_id: int | None
    counts: Counts
    refused: Path | None
    mapping: Mapping
    resumed_after: int = 0


async def import_file(
    books: Books,
    wanted: Wanted,
    *,
    report: Report = lambda _row, _counts: None,
    rows: Callable[[int], None] = lambda _: None,
) -> Outcome:
    """Import a file, or go on with an import of it that was interrupted.

    ``rows`` is told about how many rows there are, ``report`` the last one done. Raises
    :class:`BadFile` before anything is written.
    """
    table, mapping = opened(wanted)
    rows(table.rows_about())
    job = None if wanted.dry_run else await open_job(books.database, _reader(wanted, table, mapping), books.clock)
    resumed = job.checkpoint if job else 0
    path = wanted.refused or wanted.path.with_name(f"{wanted.path.name.partition('.')[0]}.refused.csv")
    with RefusedRows(path, table, keep=resumed > 0) as refused:
        import_id = job.import_id if job else None
        await note_refused_file(books.database, str(path.absolute()), import_id, books.clock)
        counts = await _run(books, wanted, table, mapping, job, refused, report)
        written = path if counts.refused else None
    return Outcome(job.import_id if job else None, counts, written, mapping, resumed)


def opened(wanted: Wanted) -> tuple[Table, Mapping]:
    """The file and what its columns mean. Raises :class:`BadFile`."""
    mapping = wanted.mapping
    shape = mapping.shape if mapping else Shape()
    if wanted.encoding:
        shape = Shape(wanted.encoding, shape.delimiter, shape.header)
    table = open_table(wanted.path, shape)
    mapping = mapping or recognise(table.header, wanted.kind)
    if mapping is None:
        names = "、".join(table.header[:12])
        raise BadFile(
            f"{wanted.path.name} is no file of {wanted.kind} that Goen knows by its columns ({names} …); say --mapping"
        )
    if mapping.kind != wanted.kind:
        raise BadFile(f"the mapping is for {mapping.kind}, not for {wanted.kind}")
    return table, mapping


async def _run(
    books: Books,
    wanted: Wanted,
    table: Table,
    mapping: Mapping,
    job: Job | None,
    refused: RefusedRows,
    report: Report,
) -> Counts:
    after = job.checkpoint if job else 0
    flush = refused.flush
    if wanted.kind == "purchases":
        async with watching(books.database.dsn) as pace:
            sales = Purchases(
                books.database, books.till, books.context, books.clock, job, refused,
                enrol=wanted.enrol, flush=flush, give_way=pace.give_way,
            )  # fmt: skip
            receipts = read_receipts(table, mapping, sales.refuse, zone=books.zone, shop=wanted.shop, after_row=after)
            return await sales.run(receipts, report)
    if wanted.kind == "balances":
        brought = Balances(
            books.database, books.till, books.context, books.clock, job, refused, enrol=wanted.enrol, flush=flush
        )
        return await brought.run(
            read_balances(table, mapping, brought.refuse, shop=wanted.shop, after_row=after), report
        )
    people = Members(books.database, books.context, books.clock, job, refused, flush=flush)
    newcomers = read_members(table, mapping, people.refuse, zone=books.zone, shop=wanted.shop, after_row=after)
    return await people.run(newcomers, report)


def _reader(wanted: Wanted, table: Table, mapping: Mapping) -> Reader:
    options = {"encoding": table.encoding, "shop": wanted.shop, "enrol": wanted.enrol}
    request = msgspec.json.encode({"mapping": mapping, "options": options}, order="deterministic")
    digest = hashlib.sha256(request)
    with wanted.path.open("rb") as content:
        while piece := content.read(1 << 20):
            digest.update(piece)
    return Reader(wanted.kind, wanted.path.name, digest.hexdigest(), request.decode(), wanted.author)
