"""Questions that arrive together become one, and none is answered from before it was asked."""

import asyncio

import pytest

from goen.database.coalescer import Coalescer


class Slow:
    """A source whose state changes, and whose readings take until they are let go."""

    def __init__(self):
        self.state = 0
        self.loads = []
        self.go = asyncio.Event()
        self.go.set()

    async def load(self, questions):
        seen = self.state
        self.loads.append(list(questions))
        await self.go.wait()
        return [ValueError(q) if q < 0 else (q, seen) for q in questions]


async def test_questions_of_one_moment_go_together():
    slow = Slow()
    coalescer = Coalescer(slow.load)
    assert await asyncio.gather(*(coalescer.ask(n) for n in range(100))) == [(n, 0) for n in range(100)]
    assert slow.loads == [list(range(100))]


async def test_a_question_that_comes_during_a_reading_is_not_answered_by_it():
    slow = Slow()
    coalescer = Coalescer(slow.load, queries=1)
    slow.go.clear()
    early = asyncio.create_task(coalescer.ask(1))
    await asyncio.sleep(0.01)
    slow.state = 7
    late = [asyncio.create_task(coalescer.ask(1)) for _ in range(3)]
    await asyncio.sleep(0.01)
    assert slow.loads == [[1]]
    slow.go.set()
    assert await early == (1, 0)
    assert await asyncio.gather(*late) == [(1, 7)] * 3
    assert slow.loads == [[1], [1, 1, 1]]


async def test_no_more_run_side_by_side_than_allowed_and_none_is_larger():
    slow = Slow()
    coalescer = Coalescer(slow.load, queries=2, together_max=3)
    slow.go.clear()
    tasks = [asyncio.create_task(coalescer.ask(n)) for n in range(10)]
    await asyncio.sleep(0.01)
    assert slow.loads == [[0, 1, 2], [3, 4, 5]]
    slow.go.set()
    assert await asyncio.gather(*tasks) == [(n, 0) for n in range(10)]
    assert sorted(map(len, slow.loads)) == [1, 3, 3, 3]


async def test_one_bad_question_fails_alone():
    coalescer = Coalescer(Slow().load)
    good, bad = await asyncio.gather(coalescer.ask(1), coalescer.ask(-1), return_exceptions=True)
    assert good == (1, 0)
    assert isinstance(bad, ValueError)


async def test_a_failed_reading_is_told_to_all_and_the_next_one_works():
    async def load(questions):
        if 0 in questions:
            raise ConnectionError
        return questions

    coalescer = Coalescer(load, queries=1)
    failed = await asyncio.gather(coalescer.ask(0), coalescer.ask(1), return_exceptions=True)
    assert [type(each) for each in failed] == [ConnectionError, ConnectionError]
    assert await coalescer.ask(2) == 2


async def test_an_asker_that_leaves_disturbs_nobody():
    slow = Slow()
    coalescer = Coalescer(slow.load)
    slow.go.clear()
    leaving, staying = (asyncio.create_task(coalescer.ask(n)) for n in (1, 2))
    await asyncio.sleep(0.01)
    leaving.cancel()
    slow.go.set()
    assert await staying == (2, 0)
    with pytest.raises(asyncio.CancelledError):
        await leaving
