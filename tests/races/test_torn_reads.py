"""What one till reads in several statements, another till changes in between.

The commit checks the books' versions, so nothing wrong is written over another's work. These stories are
about what that check alone does not see: rows read before the versions were, refusals, which write
nothing and so are never checked, and faults that come of two moments mixed.
"""

from __future__ import annotations

import asyncio
from typing import Any

from races.conftest import Pair
from races.gates import stopping_before
from races.ledger import assert_books_agree, traces
from stories.conftest import Retailer

ACCOUNT = r"\bmember_account\b"
LOTS = r"^(?!.*member_account).*\blot [ol]\b"
HOLDS = r"\bfrom hold h\b"


async def given(at: Retailer, member: dict[str, Any], points: int) -> None:
    body = {"member": {"kind": "member_id", "value": member["id"]}, "points": points, "reason": "migration"}
    assert (await at.act("/v1/adjustments", body)).status_code == 201


async def held(at: Retailer, member: dict[str, Any], points: int, seconds: int = 600) -> str:
    who = {"kind": "member_id", "value": member["id"]}
    answer = await at.act("/v1/holds", {"member": who, "points": points, "shop": "web", "expires_in": seconds})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def test_rule_21_a_hold_that_ends_while_another_till_reads_it_ends_once(pair: Pair, owner: Any) -> None:
    member = await pair.one.member()
    await given(pair.one, member, 500)
    await held(pair.one, member, 300)  # From the same lot: without it a second end would be refused by a check.
    hold = await held(pair.one, member, 100)
    await pair.warm()
    with stopping_before(ACCOUNT, pair.one.services.database) as gate:
        capture = asyncio.create_task(pair.one.act(f"/v1/holds/{hold}/capture"))
        await gate.reached()
        assert (await pair.two.act(f"/v1/holds/{hold}/release")).status_code == 200
        gate.open()
        refused = await capture
    assert (refused.status_code, refused.json()["code"]) == (409, "hold_state")
    assert await pair.one.balance(member) | {"available": 200, "held": 300} == await pair.one.balance(member)
    await assert_books_agree(owner, pair.one.services.database)


async def test_a_spend_that_read_half_of_anothers_is_refused_and_no_fault(pair: Pair, owner: Any) -> None:
    member = await pair.one.member()
    await given(pair.one, member, 500)
    await pair.warm()
    with stopping_before(LOTS, pair.one.services.database) as gate:
        late = asyncio.create_task(
            pair.one.server.post("/v1/purchases", json=pair.one.sale(1100, member, use_points=500))
        )
        await gate.reached()
        await pair.two.buys(550, member, use_points=500)
        gate.open()
        refused = await late
    assert (refused.status_code, refused.json()["code"]) == (409, "not_enough_points")
    await assert_books_agree(owner, pair.one.services.database)


async def test_an_earning_whose_debt_another_till_fills_meanwhile_is_posted(pair: Pair, owner: Any) -> None:
    member = await pair.one.member()
    await pair.one.buys(1100, member, use_points=100, offline=True)
    await pair.warm()
    with stopping_before(LOTS, pair.one.services.database) as gate:
        late = asyncio.create_task(pair.one.buys(11_000, member))
        await gate.reached()
        await given(pair.two, member, 500)
        gate.open()
        await asyncio.wait_for(late, 10)
    await assert_books_agree(owner, pair.one.services.database)


async def test_a_hold_that_ran_out_is_free_for_one_till_while_the_other_books_it(pair: Pair, owner: Any) -> None:
    member = await pair.one.member()
    await given(pair.one, member, 500)
    await held(pair.one, member, 500, seconds=60)
    await pair.warm()
    pair.one.clock.advance(minutes=2)
    with stopping_before(HOLDS, pair.one.services.database) as gate:
        late = asyncio.create_task(
            pair.one.server.post("/v1/purchases", json=pair.one.sale(550, member, use_points=500))
        )
        await gate.reached()
        await pair.two.buys(1100, member)  # Opening the books frees the hold.
        gate.open()
        spent = await late
    assert spent.status_code == 201, spent.text
    await assert_books_agree(owner, pair.one.services.database)


async def test_a_repeat_that_crosses_its_first_gets_the_firsts_answer(pair: Pair, owner: Any) -> None:
    member = await pair.one.member()
    await given(pair.one, member, 500)
    await pair.warm()
    body = pair.one.sale(1100, member, use_points=500)
    with stopping_before(ACCOUNT, pair.one.services.database) as gate:
        late = asyncio.create_task(pair.one.server.post("/v1/purchases", json=body))
        await gate.reached()
        first = await pair.two.server.post("/v1/purchases", json=body)
        before = await traces(owner)
        gate.open()
        repeat = await late
    assert (first.status_code, repeat.status_code) == (201, 201), repeat.text
    assert repeat.content == first.content
    assert await traces(owner) == before
    await assert_books_agree(owner, pair.one.services.database)
