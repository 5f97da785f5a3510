"""A gift's stock under a race: the last piece is one sale's; the others stand, told that they had none."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from races.conftest import Pair
from races.ledger import assert_books_agree
from races.test_campaign_limits import slow, unguarded

STOCK, SALES = 5, 60


async def gift(pair: Pair) -> None:
    body = {
        "code": "race", "name": "先着", "effects": [{"kind": "gift", "name": "タオル"}],
        "limits": [{"measure": "uses", "most": STOCK}],
    }  # fmt: skip
    assert (await pair.one.server.post("/v1/campaigns", json=body)).status_code == 201
    assert (await pair.one.server.post("/v1/campaigns/race/activate", json={})).status_code == 200
    await asyncio.sleep(1)  # Instances read changes twice a second.
    pair.one.clock.advance(seconds=3)


async def given(pair: Pair) -> tuple[int, int]:
    """Sales that had the gift, and those that took it although it was gone."""

    async def buy(n: int) -> httpx.Response:
        at = pair.either(n)
        return await at.server.post("/v1/purchases", json=at.sale(110, offers=["race"]))

    answers: list[httpx.Response] = await asyncio.gather(*map(buy, range(SALES)))
    assert {answer.status_code for answer in answers} == {201}
    offers: list[dict[str, Any]] = [answer.json()["offers"][0] for answer in answers]
    over = sum(each["over"] for each in offers)
    return len(offers) - over, over


async def test_without_the_guard_more_is_given_than_there_is(pair: Pair, owner: Any) -> None:
    await gift(pair)
    await pair.warm()
    await slow(owner)
    await unguarded(owner)
    assert (await given(pair))[0] > STOCK


async def test_the_stock_is_given_and_no_more(pair: Pair, owner: Any) -> None:
    await gift(pair)
    await slow(owner)
    had, over = await given(pair)
    drawn = await owner.fetchval("select drawn from limit_account where code = 'campaign:race/uses/all'")
    assert drawn == had <= STOCK
    assert had + over == SALES
    told = (await pair.one.server.get("/v1/campaigns/race")).json()["counted"]
    assert (told["uses"], told["over"], told["gifts"]) == (had, over, SALES)
    await assert_books_agree(owner, pair.one.services.database)
