"""The last stamp of a card under a race: one full card gives one reward, whichever tills stamp it at once."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import httpx

from goen.members.ids import member_id_of
from races.conftest import Pair
from races.ledger import assert_books_agree
from races.test_campaign_limits import slow, unguarded

FULL, SALES = 4, 24


async def stamp_card(pair: Pair) -> None:
    effect = {"kind": "stamps", "full": FULL, "points": 50}
    body = {"code": "race", "name": "スタンプ", "effects": [effect]}
    assert (await pair.one.server.post("/v1/campaigns", json=body)).status_code == 201
    assert (await pair.one.server.post("/v1/campaigns/race/activate", json={})).status_code == 200
    await asyncio.sleep(1)  # Instances read changes twice a second.
    pair.one.clock.advance(seconds=3)


async def rewards(pair: Pair, member: dict[str, Any]) -> int:
    """Cards that sales at two tills at once have filled."""

    async def buy(n: int) -> httpx.Response:
        at = pair.either(n)
        return await at.server.post("/v1/purchases", json=at.sale(110, member))

    answers = await asyncio.gather(*map(buy, range(SALES)))
    assert {answer.status_code for answer in answers} == {201}
    points = [line["points"] for answer in answers for line in answer.json()["points"]["breakdown"]]
    return sum(each >= 50 for each in points)


async def grabs(pair: Pair, member: dict[str, Any]) -> int:
    """Two processes that both believe that theirs is the stamp which fills card 1; how many get its reward."""
    draw = "select draw_limits(now(), array[($1, 'campaign:race/cards', '1', $2, 1, 1)::posted_limit])"

    async def grab(n: int) -> bool:
        try:
            async with pair.either(n).services.database.transaction() as connection:
                await connection.fetch(draw, member_id_of(member["id"]), 10**9 + n)
        except asyncpg.PostgresError as error:
            if error.sqlstate != "GO003":
                raise
            return False
        return True

    return sum(await asyncio.gather(*map(grab, range(8))))


async def test_a_cards_reward_is_one_and_without_the_guard_it_is_many(pair: Pair, owner: Any) -> None:
    assert await grabs(pair, await pair.one.member()) == 1
    await unguarded(owner)
    assert await grabs(pair, await pair.one.member()) > 1


async def test_two_tills_fill_each_card_once(pair: Pair, owner: Any) -> None:
    await stamp_card(pair)
    await pair.warm()
    await slow(owner)
    member = await pair.one.member()
    assert await rewards(pair, member) == SALES // FULL
    query = "select period::int, drawn from limit_account where code = 'campaign:race/cards' order by 1"
    assert [tuple(row) for row in await owner.fetch(query)] == [(n, 1) for n in range(1, SALES // FULL + 1)]
    await assert_books_agree(owner, pair.one.services.database)
