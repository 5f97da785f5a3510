"""Prizes and check-ins under a race of two tills: a prize is won once, a visit counts once, a birthday comes once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx

from goen.jobs.model import Means
from goen.jobs.schedule import give_occasions
from races.conftest import Pair
from races.ledger import assert_books_agree
from races.test_campaign_limits import slow, unguarded
from stories.test_standing import rule

ENTRIES, PRIZES, EACH = 60, 5, 50


async def draw(pair: Pair) -> None:
    """A draw in which every ticket wins while prizes last."""
    start = pair.one.clock.now()
    prize = {"code": "p", "name": "賞", "count": PRIZES, "odds": 100, "gives": {"kind": "points", "points": EACH}}
    body = {"name": "先着抽選", "method": "instant", "prizes": [prize], "entrance": {"kind": "day"}}
    body |= {"starts_at": start.isoformat(), "ends_at": (start + timedelta(days=1)).isoformat()}
    assert (await pair.one.server.put("/v1/draws/race", json=body)).status_code == 200
    assert (await pair.one.server.post("/v1/draws/race/activate", json={})).status_code == 200


def named(member: dict[str, Any]) -> dict[str, Any]:
    return {"member": {"kind": "member_id", "value": member["id"]}}


async def rush(pair: Pair, people: list[dict[str, Any]]) -> int:
    """Everybody enters at once, over both instances; gives how many have won."""
    answers: list[httpx.Response] = await asyncio.gather(
        *(pair.either(n).act("/v1/draws/race/entries", named(member)) for n, member in enumerate(people))
    )
    assert {answer.status_code for answer in answers} == {201}, [x.text for x in answers if x.status_code != 201][:2]
    return sum(ticket["prize"] is not None for answer in answers for ticket in answer.json()["tickets"])


async def test_without_the_guard_more_prizes_are_won_than_there_are(pair: Pair, owner: Any) -> None:
    await draw(pair)
    people = [await pair.one.member() for _ in range(ENTRIES)]
    await pair.warm()
    await slow(owner)
    await unguarded(owner)
    assert await rush(pair, people) > PRIZES


async def test_as_many_prizes_are_won_as_there_are(pair: Pair, owner: Any) -> None:
    await draw(pair)
    people = [await pair.one.member() for _ in range(ENTRIES)]
    await pair.warm()
    await slow(owner)
    assert await rush(pair, people) == PRIZES
    assert await owner.fetchval("select count(*) from prize_win") == PRIZES
    assert await owner.fetchval("select sum(points) from entry where kind = 'bonus'") == PRIZES * EACH
    await assert_books_agree(owner, pair.one.services.database)


async def test_rule_37_a_hundred_check_ins_at_two_tills_are_one(pair: Pair, owner: Any) -> None:
    await rule(pair.one, "hi", "visit", 5)
    member = await pair.one.member()
    await pair.warm()
    await slow(owner)
    ask = named(member) | {"shop": "shibuya"}
    answers = await asyncio.gather(*(pair.either(n).act("/v1/visits", ask) for n in range(100)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 99
    assert {answer.json().get("reason") for answer in answers} == {None, "today"}
    assert await owner.fetchval("select count(*) from visit") == 1
    await assert_books_agree(owner, pair.one.services.database)


async def test_rule_36_two_workers_give_each_birthday_once(pair: Pair, owner: Any) -> None:
    await rule(pair.one, "bd", "birthday", 100)
    for _ in range(30):
        await pair.one.member(birth_date="1990-11-24")
    await slow(owner)
    ground = [each.services for each in pair]
    means = [Means(each.database, each.till, each.context, pair.one.clock) for each in ground]
    await asyncio.gather(*map(give_occasions, means))
    assert await owner.fetchval("select count(*) from standing_grant") == 30
    assert await owner.fetchval("select sum(points) from entry where kind = 'bonus'") == 3000
    await assert_books_agree(owner, pair.one.services.database)
