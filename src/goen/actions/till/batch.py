"""One batch: read, decide each act in turn, write once.

First without a lock: the commit checks that every account, purchase, key and limit is as it was read.
If something moved, the batch is rolled back whole, read again under lock and decided again; so it ends
the same as if its acts had come one after the other. One refused act never fails its neighbours.

A refused act writes nothing, so no commit checks it. Before a refusal is told, the act's key is looked up
(a repeat gets its first answer, however little is left to decide on) and so is whether the books moved
while they were read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime

import asyncpg

from goen.actions.till.act import Act, Answer, Stored, digest_of, members_of
from goen.actions.till.books import Books, lock_accounts, write
from goen.actions.till.desk import UNRESOLVED, Desk, Freed, NextBatch
from goen.actions.till.errors import Conflict
from goen.actions.till.facts import FactsNotLoaded
from goen.actions.till.posting import Rows
from goen.database.pool import Writing
from goen.database.queries import load
from goen.ledger.errors import LotsNotLoaded
from goen.members.ids import member_id_of
from goen.vocabulary.refusal import Refusal

_SQL = load(__package__)

#: Of an act: its answer, why it was refused, or that it has to wait for the next batch.
Outcome = Answer | Refusal | NextBatch | Exception

#: Errors that say "what was read has moved on": class GO is ours, the others are the database's.
_MOVED = {"GO001", "GO002", "GO003", "GO004", "40001", "40P01"}
_CAREFUL_ATTEMPTS = 8
#: After so many draws that a limit no longer covered, campaigns do without it (architecture, 5).
_LIMIT_ATTEMPTS = 3
_LIMIT_SHORT = "GO003"


class _Moved(Exception):  # noqa: N818 - a signal to read again under lock
    """What was read in several statements does not belong to one moment."""


class Batch:
    """The acts of one commit, and their outcomes by position once :meth:`run` returns."""

    def __init__(
        self,
        acts: Sequence[Act],
        act_ids: Sequence[int],
        *,
        now: Callable[[], datetime],
        day_of: Callable[[datetime], date],
        freed: Freed,
    ) -> None:
        self.acts = acts
        self.act_ids = act_ids
        self.outcomes: list[Outcome] = []
        self.events: list[tuple[int, int]] = []
        self._now = now
        self._day_of = day_of
        self._freed = freed
        self._short = 0

    async def run(self, connection: Writing, suspects: Sequence[Act]) -> None:
        """Decide and commit. ``suspects`` are acts whose keys may have been used before."""
        try:
            await self._attempt(connection, suspects)
        except _Moved:
            await self._carefully(connection)
        except asyncpg.PostgresError as error:
            if error.sqlstate not in _MOVED:
                raise
            self._short += error.sqlstate == _LIMIT_SHORT
            await self._carefully(connection)

    async def _carefully(self, connection: Writing) -> None:
        for attempt in range(_CAREFUL_ATTEMPTS):
            try:
                async with connection.transaction():
                    # What is wanted tells whom to lock; what is decided on is read after the lock.
                    first = self._books()
                    await first.read(connection, self.acts, ())
                    await lock_accounts(connection, first.accounts)
                    await self._attempt(connection, self.acts, locked=True)
                return
            except asyncpg.PostgresError as error:
                if error.sqlstate not in _MOVED or attempt == _CAREFUL_ATTEMPTS - 1:
                    raise
                self._short += error.sqlstate == _LIMIT_SHORT

    def _books(self) -> Books:
        now = self._now()
        books = Books(now, self._day_of(now))
        books.limits_closed = self._short >= _LIMIT_ATTEMPTS
        return books

    async def _attempt(self, connection: Writing, suspects: Sequence[Act], *, locked: bool = False) -> None:
        books, rows = self._books(), Rows()
        await books.read(connection, self.acts, suspects)
        self.outcomes = [
            await self._decide(connection, act, act_id, books, rows)
            for act, act_id in zip(self.acts, self.act_ids, strict=True)
        ]
        refused = [act for act, o in zip(self.acts, self.outcomes, strict=True) if _in_doubt(act, o, books)]
        if refused:
            if await books.read_keys(connection, refused):
                await self._attempt(connection, [*suspects, *refused], locked=locked)
                return
            if not locked and (self._faults() or await books.moved(connection)):
                raise _Moved
        if rows.acts:
            await write(
                connection,
                rows.arguments(books.now, books.accounts, books.lots),
                rows.more(books.now),
                rows.tier_rows(),
            )
        self.events = [(event[0], event[1]) for event in rows.events]

    def _faults(self) -> bool:
        return any(isinstance(o, Exception) and not isinstance(o, Refusal | NextBatch) for o in self.outcomes)

    async def _decide(self, connection: Writing, act: Act, act_id: int, books: Books, rows: Rows) -> Outcome:
        while True:
            desk = Desk(books, rows, act_id, self._freed)
            try:
                if act.key in books.stored:
                    return await self._again(connection, act, books, desk)
                if act.only_repeats is not None:
                    return act.only_repeats
                decided = act.decide(desk)
                request = decided.request or act.request(desk)
                desk.accept()
                rows.add_act(act, desk.act_id, digest_of(request), request.decode(), decided)
                return Answer(decided.status, decided.body)
            except LotsNotLoaded as wanted:
                if books.has_lots(wanted.member_id, wanted.lot_ids):
                    return wanted  # Account and lots were read at different moments.
                await books.load_lots(connection, wanted.member_id, wanted.lot_ids)
            except FactsNotLoaded as wanted:
                await books.load_facts(connection, wanted)
            except (Refusal, NextBatch) as outcome:
                return outcome
            except Exception as error:
                return error

    async def _again(self, connection: Writing, act: Act, books: Books, desk: Desk) -> Outcome:
        stored = books.stored[act.key]
        if stored.kind != act.kind:
            return Conflict(["operation"])
        if stored.digest != digest_of(act.request(desk)):
            if fields := act.differing(desk, stored):
                return Conflict(fields)
            if fields := await self._never_theirs(connection, act, stored, desk):
                return Conflict(fields)
        return Answer(stored.status, stored.answer, replayed=True)

    async def _never_theirs(self, connection: Writing, act: Act, stored: Stored, desk: Desk) -> list[str]:
        """Fields that name nobody, by a name that those whom the first request named never had: it cannot have
        vanished since."""
        asked, before = act.asked(desk), members_of(stored.request)
        numbers = [member_id_of(who) for who in before.values()]
        for presented in dict.fromkeys(desk.unknown):
            if numbers and presented.hash is not None:
                name = (presented.kind, presented.normal, presented.shop_id or None)
                if not await connection.fetchval(_SQL.had_name.sql, numbers, *name):
                    return [field for field in before if getattr(asked, field) == UNRESOLVED]
        return []


def _in_doubt(act: Act, outcome: Outcome, books: Books) -> bool:
    """Whether this act gets no answer of its own, for another reason than a key that was looked up."""
    return isinstance(outcome, Exception) and not isinstance(outcome, NextBatch) and act.key not in books.stored
