"""Questions that arrive together become one query.

While a query is under way the next questions gather; then they are asked at once, set-based. No timer: an
idle process asks a lone question straight away. An answer is always read after its question arrived.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Generic, TypeVar

Ask = TypeVar("Ask")
Found = TypeVar("Found")

QUERIES = 2
TOGETHER_MAX = 256


class Coalescer(Generic[Ask, Found]):
    """Asks ``load`` for many at once. One per kind of question and process; any number of tasks may ask.

    ``load`` gets the questions in order and gives as many answers; one that is an exception is raised to its
    asker alone, one that ``load`` itself raises to all. ``queries`` run side by side at most.
    """

    def __init__(
        self,
        load: Callable[[Sequence[Ask]], Awaitable[Sequence[Found | Exception]]],
        *,
        queries: int = QUERIES,
        together_max: int = TOGETHER_MAX,
    ) -> None:
        self._load = load
        self._idle = queries
        self._together_max = together_max
        self._waiting: deque[tuple[Ask, asyncio.Future[Found]]] = deque()
        self._armed = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()

    async def ask(self, question: Ask) -> Found:
        """The answer, read after this call began."""
        answer: asyncio.Future[Found] = self._loop.create_future()
        self._waiting.append((question, answer))
        self._arm()
        return await answer

    def _arm(self) -> None:
        # At the end of this turn of the loop, so that everything that came in with it goes along.
        if self._idle and not self._armed:
            self._armed = True
            self._loop.call_soon(self._start)

    def _start(self) -> None:
        self._armed = False
        while self._idle and self._waiting:
            taken = list(islice(self._waiting, self._together_max))
            for _ in taken:
                self._waiting.popleft()
            self._idle -= 1
            task = self._loop.create_task(self._run(taken))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, taken: list[tuple[Ask, asyncio.Future[Found]]]) -> None:
        try:
            found = await self._load([question for question, _ in taken])
            for (_, answer), one in zip(taken, found, strict=True):
                if answer.done():
                    continue  # The asker has gone.
                if isinstance(one, Exception):
                    answer.set_exception(one)
                else:
                    answer.set_result(one)
        except BaseException as error:
            for _, answer in taken:
                if not answer.done():
                    answer.set_exception(error)
            if not isinstance(error, Exception):
                raise
        finally:
            self._idle += 1
            if self._waiting:
                self._arm()
