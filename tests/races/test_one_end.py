"""What may happen once happens once, whoever else tries at the same moment."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from goen.actions.points.sweeps import release_due_holds
from races.conftest import Pair
from races.ledger import assert_books_agree

ROUNDS = 6


async def given(pair: Pair, points: int) -> dict[str, Any]:
    member = await pair.one.member()
    body = {"member": {"kind": "member_id", "value": member["id"]}, "points": points, "reason": "migration"}
    assert (await pair.one.act("/v1/adjustments", body)).status_code == 201
    return member


def codes(answers: list[httpx.Response]) -> Counter[str]:
    return Counter("done" if answer.is_success else answer.json()["code"] for answer in answers)


async def at_once(*requests: Awaitable[httpx.Response]) -> list[httpx.Response]:
    return await asyncio.gather(*requests)


async def test_rule_43_spending_without_proof_keeps_its_daily_limit_under_a_race(pair: Pair, owner: Any) -> None:
    member = await given(pair, 50_000)
    await pair.warm()
    names = [{"kind": "member_id", "value": member["id"]}, {"kind": "card", "value": member["identifiers"][0]["value"]}]

    def spend(n: int) -> Awaitable[httpx.Response]:
        at, who = pair.either(n), {"member": names[n // 2 % 2]}
        if n % 3 == 0:
            hold = who | {"points": 90, "shop": "shibuya", "expires_in": 600}
            return at.shibuya.post("/v1/holds", json=hold, headers={"Idempotency-Key": f"hold-{n}"})
        return at.shibuya.post("/v1/purchases", json=at.sale(1100, use_points=90) | who)

    answers = await at_once(*map(spend, range(200)))
    assert codes(answers) == {"done": 11, "proof_required": 189}
    assert await owner.fetchval("select drawn from limit_account where code = 'unproven_spend'") == 990
    await assert_books_agree(owner, pair.one.services.database)


async def test_rule_39_a_receipt_is_claimed_by_one_of_many(pair: Pair, owner: Any) -> None:
    people = [await pair.one.member() for _ in range(8)]
    await pair.warm()
    for _ in range(ROUNDS):
        sale = await pair.one.buys(11_000)
        answers = await at_once(
            *(
                pair.either(n).act(
                    f"/v1/purchases/{sale['id']}/claim", {"member": {"kind": "member_id", "value": person["id"]}}
                )
                for n, person in enumerate(people)
            )
        )
        assert codes(answers) == {"done": 1, "claim_not_possible": len(people) - 1}
    assert sum([await pair.one.points(person) for person in people]) == ROUNDS * 100
    await assert_books_agree(owner, pair.one.services.database)


async def test_nothing_is_returned_twice(pair: Pair, owner: Any) -> None:
    member = await given(pair, 1000)
    await pair.warm()
    for _ in range(ROUNDS):
        sale = await pair.one.buys(11_000, member, use_points=100)
        before = await pair.one.points(member)

        def bring_back(n: int, sale: dict[str, Any] = sale) -> Awaitable[httpx.Response]:
            at = pair.either(n)
            body = {
                "external_id": f"r-{at.number()}",
                "occurred_at": at.clock.now().isoformat(),
                "lines": [{"line": 1, "quantity": 1}],
            }
            if n % 4 < 2:
                return at.server.post(f"/v1/purchases/{sale['id']}/returns", json=body)
            receipt = {"shop": sale["shop"], "external_id": sale["external_id"]}
            return at.server.post("/v1/returns", json=body | {"purchase": receipt})

        answers = await at_once(*map(bring_back, range(12)))
        assert codes(answers) == {"done": 1, "return_exceeds_purchase": 11}
        assert await pair.one.points(member) == before + 100 - sale["points"]["earned"]
    await assert_books_agree(owner, pair.one.services.database)


async def test_rule_21_a_hold_is_captured_or_released_or_runs_out(pair: Pair, owner: Any) -> None:
    member = await given(pair, 1000)
    await pair.warm()
    start = pair.one.clock.now()
    ends: Counter[str] = Counter()
    for n in range(ROUNDS * 3):
        pair.one.clock.set(start + timedelta(hours=n))
        who = {"kind": "member_id", "value": member["id"]}
        hold = {"member": who, "points": 10, "shop": "web", "expires_in": 60}
        placed = (await pair.one.act("/v1/holds", hold)).json()
        before = await pair.one.balance(member)
        # In two rounds of three it still runs; then only the sweep or the opening of the books may end it.
        if n % 3 == 2:
            pair.one.clock.advance(minutes=2)
        path, now = f"/v1/holds/{placed['id']}", pair.one.clock.now()

        async def sweep(at: Any, now: Any = now) -> None:
            services = at.services
            await release_due_holds(services.database, services.till, services.context, now)

        requests = [pair.either(i).act(f"{path}/{('capture', 'release')[i // 2 % 2]}") for i in range(n % 2, 10)]
        *answers, _, _ = await asyncio.gather(*requests, sweep(pair.one), sweep(pair.two))
        status = await owner.fetchval("select status from hold where hold_id = $1", placed["id"])
        assert codes(answers)["done"] == (0 if status == "expired" else 1), codes(answers)
        assert codes(answers).keys() <= {"done", "hold_state"}
        assert (status == "expired") == (n % 3 == 2)
        after = await pair.one.balance(member)
        assert after["held"] == 0
        assert after["available"] == before["available"] + (0 if status == "captured" else 10)
        ends[status] += 1
    assert ends.keys() >= {"captured", "expired"}
    await assert_books_agree(owner, pair.one.services.database)


@pytest.mark.parametrize("use_points", [0, 100])
async def test_rule_9_an_order_is_completed_or_cancelled(pair: Pair, owner: Any, use_points: int) -> None:
    member = await given(pair, 1000)
    await pair.warm()
    for n in range(ROUNDS):
        order = await pair.one.buys(11_000, member, shop="web", status="placed", use_points=use_points)
        before = await pair.one.balance(member)
        at = {"occurred_at": pair.one.clock.now().isoformat()}
        ways = ("complete", "cancel")
        answers = await at_once(
            *(pair.either(i).act(f"/v1/purchases/{order['id']}/{ways[(i // 2 + n) % 2]}", at) for i in range(8))
        )
        # A cancel after the completion is in order; a completion after the cancel is not, nor a second of either.
        status = await owner.fetchval("select status from purchase where purchase_id = $1", order["id"])
        assert status == "cancelled"
        assert codes(answers)["done"] in (1, 2)
        assert codes(answers).keys() == {"done", "purchase_state"}
        after = await pair.one.balance(member)
        assert after["available"] == before["available"] + use_points
        assert (after["held"], after["pending"]) == (0, 0)
    await assert_books_agree(owner, pair.one.services.database)
