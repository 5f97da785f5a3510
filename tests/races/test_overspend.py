"""No overspend: store, web and checkout reach for the same points at once (rule 22)."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import httpx
import pytest

from races.conftest import Pair
from races.ledger import assert_books_agree

BALANCE, SPEND, SPENDS = 1000, 100, 200


async def storm(pair: Pair, member: dict[str, Any], points: int = SPEND) -> list[httpx.Response]:
    """200 spends at two tills, in the web shop and held at a checkout; over both instances.

    They come within a tenth of a second and name the member by number or card: acts that name somebody the
    same way never stand in two batches of one till at once, so only different names race inside of one.
    """
    names = [{"kind": "member_id", "value": member["id"]}]
    names += [{"kind": each["kind"], "value": each["value"]} for each in member["identifiers"]]
    chance = random.Random(22)

    async def spend(n: int) -> httpx.Response:
        at, who = pair.either(n // 4), {"member": names[n // 8 % len(names)]}
        sale = who | {"use_points": points, "lines": [{"line": 1, "amount": points, "points": False}]}
        await asyncio.sleep(chance.random() / 10)
        if n % 4 < 2:
            till, shop = ((at.shibuya, "shibuya"), (at.yokohama, "yokohama"))[n % 4]
            proof = {"kind": "staff", "value": "0042"}
            return await till.post("/v1/purchases", json=at.sale(shop=shop, proof=proof) | sale)
        if n % 4 == 2:
            return await at.web.post("/v1/purchases", json=at.sale(shop="web", status="placed") | sale)
        hold = who | {"points": points, "shop": "web", "expires_in": 600}
        return await at.web.post("/v1/holds", json=hold, headers={"Idempotency-Key": f"hold-{n}"})

    return await asyncio.gather(*map(spend, range(SPENDS)))


async def rich(pair: Pair) -> dict[str, Any]:
    """A member with 1,000 points; both tills have their connections open."""
    member = await pair.one.member()
    given = {"member": {"kind": "member_id", "value": member["id"]}, "points": BALANCE, "reason": "migration"}
    assert (await pair.one.act("/v1/adjustments", given)).status_code == 201
    await pair.warm()
    return member


async def slow_posting(owner: Any, *, guarded: bool) -> None:
    """In this test's database alone: a posting function with a moment between reading and writing, as a busy
    disk gives it, and unless ``guarded`` without what keeps one batch from writing over another.

    The guards are the versions of accounts and sales, and behind them the keys of a member's own numbers.
    """
    source = await owner.fetchval("select pg_get_functiondef(oid) from pg_proc where proname = 'post_batch'")
    moment = 0.03 if guarded else 0.15  # Without the guards two batches have to meet, however slow the machine.
    await owner.execute(source.replace("begin", f"begin\n  perform pg_sleep({moment});", 1))
    if guarded:
        return
    for function, guard in (
        ("post_accounts", " and a.version = u.version"),
        ("post_home", " and p.version = u.version"),
    ):
        source = await owner.fetchval("select pg_get_functiondef(oid) from pg_proc where proname = $1", function)
        assert guard in source, "the guard that this test takes away has moved"
        await owner.execute(source.replace(guard, ""))
    for table in ("entry", "lot_move", "purchase", "hold"):
        await owner.execute(f"alter table {table} drop constraint {table}_pkey")


def spent(answers: list[httpx.Response], points: int) -> int:
    """What was promised away; every other spend was refused for want of points."""
    refusals = {answer.json()["code"] for answer in answers if answer.status_code != 201}
    assert refusals <= {"not_enough_points"}, refusals
    return points * sum(answer.status_code == 201 for answer in answers)


async def test_without_the_guards_one_balance_is_spent_several_times(pair: Pair, owner: Any) -> None:
    member = await rich(pair)
    await slow_posting(owner, guarded=False)
    answers = await storm(pair, member, BALANCE)
    assert sum(answer.status_code == 201 for answer in answers) > 1
    with pytest.raises(AssertionError, match=" = "):
        await assert_books_agree(owner, pair.one.services.database)


async def test_rule_22_the_guards_let_one_of_them_spend_it(pair: Pair, owner: Any) -> None:
    member = await rich(pair)
    await slow_posting(owner, guarded=True)
    assert spent(await storm(pair, member, BALANCE), BALANCE) == BALANCE
    await assert_books_agree(owner, pair.one.services.database)


@pytest.mark.parametrize("points", [SPEND, 7, BALANCE])
async def test_rule_22_two_hundred_spends_over_store_web_and_holds_take_the_balance_and_no_more(
    pair: Pair, owner: Any, points: int
) -> None:
    member = await rich(pair)
    assert spent(await storm(pair, member, points), points) == BALANCE // points * points
    left = await pair.one.balance(member)
    assert (left["available"], left["pending"]) == (BALANCE % points, 0)
    await assert_books_agree(owner, pair.one.services.database)
