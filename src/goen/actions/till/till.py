"""The till gathers acts while a commit is under way and posts them together.

No timer: an idle till commits a lone act at once. Two connections keep the database busy while the next
batch gathers. Acts that share a token (the same member, as presented) never stand in two batches at once,
so a hot member makes large batches instead of conflicts. Every caller is answered after its own commit.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import NamedTuple

import asyncpg
import structlog

from goen.actions.till.act import Act, Answer, Key
from goen.actions.till.batch import Batch
from goen.actions.till.desk import Freed, NextBatch
from goen.actions.till.errors import TillClosed
from goen.database.pool import Database, Writing
from goen.vocabulary.clock import Clock

BATCH_MAX = 128
CONNECTIONS = 2
#: A till takes act ids from the sequence by the thousand (0001_ledger.sql).
ACT_IDS = 1000
#: Keys used lately: a repeat among them is looked up first instead of failing its batch.
_RECENT_KEYS = 65_536
#: How long a caller waits for a database that went away; then it is told, and may ask again.
_PATIENCE_SECONDS = 20.0
#: The connection broke or the server restarts: nobody knows whether the batch was committed. The driver's
#: internal error is one of them: it comes of a line that breaks between two steps of one statement.
_LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
)
#: Every look-up of a batch is by key. A plan made while tables were small must not scan them once they are not.
_PLANS = "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off"

_log = structlog.get_logger(__name__)


class _Waiting(NamedTuple):
    act: Act
    answer: asyncio.Future[Answer]
    suspect: bool


class Till:
    """Posts acts for one process. ``post`` may be called by any number of tasks at once."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        day_of: Callable[[datetime], date],
        *,
        freed: Freed,
        wake: Callable[[Sequence[tuple[int, int]]], None] = lambda _: None,
        connections: int = CONNECTIONS,
        batch_max: int = BATCH_MAX,
    ) -> None:
        """``day_of`` gives the programme's day of an instant; ``freed`` tells of holds that ran out; ``wake`` is told
        the outbox rows just committed."""
        self._database = database
        self._clock = clock
        self._day_of = day_of
        self._freed = freed
        self._wake = wake
        self._batch_max = batch_max
        self._queue: deque[_Waiting] = deque()
        self._idle = connections
        self._armed = False
        self._busy: set[int | str] = set()
        self._under_way: dict[Key, asyncio.Future[Answer]] = {}
        self._recent: OrderedDict[Key, None] = OrderedDict()
        self._ids = range(0)
        self._spare: list[Writing] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._loop = asyncio.get_running_loop()

    async def post(self, act: Act) -> Answer:
        """Do the act, once; asked again with the same key, give the first answer again.

        Raises the act's Refusal, Conflict for the same key with other content, or TillClosed.
        """
        if self._closed:
            raise TillClosed
        suspect = act.key in self._recent or act.only_repeats is not None
        while (twin := self._under_way.get(act.key)) is not None:
            # A concurrent twin waits for the first; if that was refused, the key is free and it tries itself.
            await asyncio.wait([twin])
            suspect = True
            if not twin.cancelled() and twin.exception() is None:
                break
        answer: asyncio.Future[Answer] = self._loop.create_future()
        self._under_way.setdefault(act.key, answer)
        try:
            self._queue.append(_Waiting(act, answer, suspect))
            self._arm()
            return await answer
        finally:
            if self._under_way.get(act.key) is answer:
                del self._under_way[act.key]
            if not answer.done():
                answer.cancel()

    async def close(self) -> None:
        """Take no more acts; finish those under way."""
        self._closed = True
        while self._tasks or self._queue:
            await asyncio.wait(self._tasks) if self._tasks else await asyncio.sleep(0.001)
        while self._spare:
            await self._database.writers.release(self._spare.pop())

    def _arm(self) -> None:
        if not self._armed and self._idle:
            self._armed = True
            self._loop.call_soon(self._start)

    def _start(self) -> None:
        self._armed = False
        while self._idle and (taken := self._take()):
            self._idle -= 1
            task = self._loop.create_task(self._run(taken))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _take(self) -> list[_Waiting]:
        """The next acts in order, leaving those whose member stands in a batch under way."""
        taken: list[_Waiting] = []
        later: list[_Waiting] = []
        blocked: set[int | str] = set()
        queue = self._queue
        while queue and len(taken) < self._batch_max:
            waiting = queue.popleft()
            if waiting.answer.done():
                continue  # The caller left before anything was done; a repeat of it may stand behind.
            token = waiting.act.token
            if token is not None and (token in self._busy or token in blocked):
                blocked.add(token)
                later.append(waiting)
            else:
                taken.append(waiting)
        queue.extendleft(reversed(later))
        # At once, not when the batch's task first runs: the other connection takes its batch before that.
        self._busy.update(w.act.token for w in taken if w.act.token is not None)
        return taken

    async def _run(self, taken: list[_Waiting]) -> None:
        tokens = {w.act.token for w in taken if w.act.token is not None}
        try:
            await self._post(taken)
        except BaseException as error:
            for waiting in taken:
                if not waiting.answer.done():
                    waiting.answer.set_exception(error)
            if not isinstance(error, Exception):
                raise
        finally:
            self._busy -= tokens
            self._idle += 1
            if self._queue:
                self._arm()

    async def _post(self, taken: list[_Waiting]) -> None:
        """Post, and if the connection is lost ask again: what was committed answers as a repeat."""
        suspects = [w.act for w in taken if w.suspect]
        give_up, pause = self._loop.time() + _PATIENCE_SECONDS, 0.05
        while True:
            try:
                batch = await self._commit([w.act for w in taken], suspects)
                break
            except _LOST:
                if self._loop.time() > give_up:
                    raise
                suspects = [w.act for w in taken]
                await asyncio.sleep(pause)
                pause = min(pause * 2, 1.0)
            except asyncpg.PostgresError as error:
                if len(taken) == 1:
                    raise
                _log.warning("batch_split", sqlstate=error.sqlstate, acts=len(taken), detail=str(error))
                half = len(taken) // 2
                for part in (taken[:half], taken[half:]):
                    try:
                        await self._post(part)
                    except Exception as fault:
                        self._fail(part, fault)
                return
        self._answer(taken, batch)

    async def _commit(self, acts: list[Act], suspects: list[Act]) -> Batch:
        """One batch on one of the till's own connections; one that saw an error is not used again."""
        connection = self._spare.pop() if self._spare else await self._opened()
        try:
            batch = Batch(
                acts,
                await self._act_ids(connection, len(acts)),
                now=self._clock.now,
                day_of=self._day_of,
                freed=self._freed,
            )
            await batch.run(connection, suspects)
        except BaseException:
            connection.terminate()  # Our plans are not for others of the pool, nor is a line that may be broken.
            await self._database.writers.release(connection)
            raise
        self._spare.append(connection)
        return batch

    async def _opened(self) -> Writing:
        connection: Writing = await self._database.writers.acquire()
        try:
            await connection.execute(_PLANS)
        except BaseException:
            await self._database.writers.release(connection)
            raise
        return connection

    def _answer(self, taken: list[_Waiting], batch: Batch) -> None:
        if batch.events:
            self._wake(batch.events)
        for waiting, outcome in zip(taken, batch.outcomes, strict=True):
            if waiting.answer.done():
                continue  # The caller has gone; a repeat will find the act done.
            if isinstance(outcome, Answer):
                self._remember(waiting.act.key)
                waiting.answer.set_result(outcome)
            elif isinstance(outcome, NextBatch):
                self._queue.appendleft(waiting)
            else:
                waiting.answer.set_exception(outcome)

    def _fail(self, part: list[_Waiting], fault: Exception) -> None:
        for waiting in part:
            if not waiting.answer.done():
                waiting.answer.set_exception(fault)

    def _remember(self, key: Key) -> None:
        self._recent[key] = None
        if len(self._recent) > _RECENT_KEYS:
            self._recent.popitem(last=False)

    async def _act_ids(self, connection: Writing, count: int) -> list[int]:
        """Ids for a batch's acts, from the sequence by the thousand; gaps are nobody's concern."""
        ids: list[int] = []
        while len(ids) < count:
            if not self._ids:
                first = await connection.fetchval("select nextval('act_id_seq')")
                self._ids = range(first, first + ACT_IDS)
            part = count - len(ids)
            ids += self._ids[:part]
            self._ids = self._ids[part:]
        return ids
