"""Asked twice, done once, also where the repeat arrives at another process than the first request."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from races.conftest import Pair
from races.ledger import assert_books_agree, traces
from stories.acts import ACTS

every_act = pytest.mark.parametrize("act", ACTS)


@every_act
async def test_two_tills_asked_for_the_same_at_once_do_it_once(pair: Pair, owner: Any, act: str) -> None:
    await pair.warm()
    for _ in range(3):
        asked = await ACTS[act](pair.one)
        before = await traces(owner)
        answers = await asyncio.gather(*(asked.send(pair.either(n).server) for n in range(60)))
        assert {a.status_code for a in answers} <= {200, 201}, answers[0].text
        assert len({a.content for a in answers}) == 1
        assert sum("Idempotent-Replayed" not in a.headers for a in answers) == 1
        after = await traces(owner)
        assert (after["act"], after["act_key"]) == (before["act"] + 1, before["act_key"] + 1)
    await assert_books_agree(owner, pair.one.services.database)


@every_act
async def test_a_repeat_at_a_process_that_never_saw_the_first_gets_its_answer(pair: Pair, owner: Any, act: str) -> None:
    """The act can be done once only: what a fresh process would decide now is a refusal, or something else."""
    asked = await ACTS[act](pair.one)
    first = await asked.send(pair.one.server)
    assert first.is_success, first.text
    before = await traces(owner)
    again = await asked.send(pair.two.server)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    if asked.fields:
        other = await asked.send(pair.two.server, asked.other)
        assert (other.status_code, sorted(other.json()["fields"])) == (409, sorted(asked.fields))
    assert await traces(owner) == before


@pytest.mark.slow
async def test_two_queues_with_the_same_thousand_sales_and_a_crowd_of_acts_are_posted_once(
    pair: Pair, owner: Any
) -> None:
    """Two tills replay one queue at once, in opposite order, a piece of it as a batch."""
    asked = [await make(pair.one) for make in ACTS.values() for _ in range(4)]
    people = [await pair.one.member() for _ in range(10)]
    items = [pair.one.sale(1100, people[n % 10]) for n in range(1000)]
    before = await traces(owner)
    batch, backwards = {"items": items}, {"items": items[::-1]}
    first, second, *answers = await asyncio.gather(
        pair.one.shibuya.post("/v1/purchases/batch", json=batch),
        pair.two.shibuya.post("/v1/purchases/batch", json=backwards),
        *(each.send(pair.one.server) for each in asked),
        *(each.send(pair.two.server) for each in reversed(asked)),
    )
    assert first.json()["items"] == second.json()["items"][::-1]
    assert {item["status"] for item in first.json()["items"]} == {201}
    here, there = answers[: len(asked)], answers[len(asked) :][::-1]
    assert all(answer.is_success for answer in answers)
    assert [a.content for a in here] == [a.content for a in there]
    after = await traces(owner)
    assert after["act"] == before["act"] + len(items) + len(asked)
    assert [await pair.two.points(person) for person in people] == [1000] * 10
    await assert_books_agree(owner, pair.one.services.database)
