"""A coupon under a race of stores and the web shop: one use stays one, and ten stay ten."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from races.conftest import Pair
from races.gates import stopping_before
from races.ledger import assert_books_agree
from races.test_campaign_limits import slow, unguarded

SALES, YEN = 60, 300


async def kind(pair: Pair, **changes: Any) -> None:
    """300 yen off."""
    body = {"code": "race", "name": "先着300円引き", "effect": {"kind": "amount", "yen": YEN}} | changes
    answer = await pair.one.server.post("/v1/coupon_kinds", json=body)
    assert answer.status_code == 201, answer.text


async def one_code(pair: Pair) -> str:
    answer = await pair.one.server.post("/v1/coupon_kinds/race/issue", json={"batch": "b", "count": 1})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["codes"][0])


async def rush(pair: Pair, people: list[dict[str, Any]], code: str) -> list[httpx.Response]:
    """Sales with the coupon, all at once, in stores and on the web, over both instances."""

    async def buy(n: int) -> httpx.Response:
        at = pair.either(n)
        shop, client = ("web", at.web) if n % 3 == 0 else ("shibuya", at.shibuya)
        body = at.sale(1100, people[n % len(people)], shop=shop, coupons=[code])
        return await client.post("/v1/purchases", json=body)

    return await asyncio.gather(*map(buy, range(SALES)))


def used(answers: list[httpx.Response]) -> int:
    """How many sales had the coupon; the others were refused, and told why."""
    refused = [answer.json() for answer in answers if answer.status_code != 201]
    assert {(r["code"], r["status"]) for r in refused} <= {("coupon_not_usable", 409)}, refused[:3]
    assert {r["reason"] for r in refused} <= {"used", "used_up", "member_limit"}
    sales = [answer.json() for answer in answers if answer.status_code == 201]
    assert all(sale["coupons"]["used"][0]["amount"] == YEN and sale["payable"] == 800 for sale in sales)
    return len(sales)


async def ledger(owner: Any) -> tuple[int, int]:
    """Uses less those given back, and what the limit accounts have drawn."""
    lines = await owner.fetchval(
        "select count(*) filter (where what = 'use') - count(*) filter (where what = 'back') from coupon_use"
    )
    return lines, await owner.fetchval(
        "select coalesce(sum(drawn), 0)::bigint from limit_account where code ~ '^coupon:'"
    )


async def test_without_the_guard_one_coupon_is_used_more_than_once(pair: Pair, owner: Any) -> None:
    await kind(pair)
    code = await one_code(pair)
    people = [await pair.one.member() for _ in range(SALES)]
    await pair.warm()
    await slow(owner)
    await unguarded(owner)
    assert used(await rush(pair, people, code)) > 1


async def test_one_coupon_is_used_once_in_store_or_on_the_web(pair: Pair, owner: Any) -> None:
    await kind(pair)
    code = await one_code(pair)
    people = [await pair.one.member() for _ in range(SALES)]
    await pair.warm()
    await slow(owner)
    assert used(await rush(pair, people, code)) == 1
    assert await ledger(owner) == (1, 1)
    await assert_books_agree(owner, pair.one.services.database)


@pytest.mark.parametrize("uses", [{"total": 10}, {"per_member": 2}])
async def test_a_public_code_is_used_as_often_as_it_may_be(pair: Pair, owner: Any, uses: dict[str, int]) -> None:
    await kind(pair, public_code="SENCHAKU", uses=uses)
    people = [await pair.one.member() for _ in range(SALES if "total" in uses else 5)]
    await pair.warm()
    await slow(owner)
    answers = await rush(pair, people, "senchaku")
    assert used(answers) == 10
    assert await ledger(owner) == (10, 10)
    await assert_books_agree(owner, pair.one.services.database)

    async def cancel(sale: dict[str, Any]) -> None:
        done = await pair.two.act(f"/v1/purchases/{sale['id']}/cancel", {"occurred_at": sale["recorded_at"]})
        assert done.status_code == 200, done.text

    await asyncio.gather(*(cancel(answer.json()) for answer in answers if answer.status_code == 201))
    assert await ledger(owner) == (0, 0)
    assert used(await rush(pair, people, "senchaku")) == 10


async def unguarded_codes(owner: Any) -> None:
    """In this test's database alone: a use looks at the code only as it was read."""
    await owner.execute(
        "create or replace function guard_coupon(hash bigint, named text) returns void language sql as ''"
    )


async def void_or_use(pair: Pair, code: str, statement: str, voiding: Any) -> tuple[httpx.Response, Any]:
    """A sale stops before a statement while the code is voided at another instance; answers of both."""
    member = await pair.one.member()
    with stopping_before(statement, pair.one.services.database) as gate:
        body = pair.one.sale(1100, member, coupons=[code])
        sale = asyncio.ensure_future(pair.one.server.post("/v1/purchases", json=body))
        await gate.reached()
        voided = asyncio.ensure_future(voiding())
        await asyncio.wait([voided], timeout=1)
        gate.open()
        return await sale, await voided


async def state(owner: Any, code: str) -> tuple[bool, int]:
    """Whether a code is void, and how often it is used."""
    plain = code.replace("-", "")
    uses = await owner.fetchval("select count(*) from coupon_use where code = $1 and what = 'use'", plain)
    return await owner.fetchval("select void_at is not null from coupon where code = $1", plain), uses


@pytest.mark.parametrize("guarded", [False, True])
async def test_a_code_that_is_voided_meanwhile_is_not_used(pair: Pair, owner: Any, guarded: bool) -> None:
    await kind(pair)
    code = await one_code(pair)
    if not guarded:
        await unguarded_codes(owner)

    async def void() -> None:
        answer = await pair.two.server.post(f"/v1/coupons/{code}/void", json={"reason": "不正"})
        assert answer.is_success, answer.text

    sale, _ = await void_or_use(pair, code, "post_batch", void)
    if not guarded:
        assert (sale.status_code, await state(owner, code)) == (201, (True, 1))
        return
    assert (sale.status_code, sale.json()["reason"]) == (409, "void")
    assert await state(owner, code) == (True, 0)
    await assert_books_agree(owner, pair.one.services.database)


@pytest.mark.parametrize("guarded", [False, True])
async def test_a_code_that_is_used_meanwhile_is_not_taken_back(pair: Pair, owner: Any, guarded: bool) -> None:
    """The sale that it was issued for falls away at another instance in the moment in which it is used."""
    await kind(pair)
    campaign = {"code": "next", "name": "次回クーポン", "effects": [{"kind": "coupon", "coupon": "race"}]}
    assert (await pair.one.server.post("/v1/campaigns", json=campaign)).status_code == 201
    assert (await pair.one.server.post("/v1/campaigns/next/activate", json={})).status_code == 200
    pair.one.clock.advance(seconds=3)
    first = await pair.one.buys(1100, await pair.one.member())
    (code,) = first["coupons"]["issued"]
    if not guarded:
        await unguarded_codes(owner)

    async def cancel() -> None:
        done = await pair.two.act(f"/v1/purchases/{first['id']}/cancel", {"occurred_at": first["recorded_at"]})
        assert done.status_code == 200, done.text

    # Two sales of one member wait for each other anyway: here somebody else has the code, as in a household.
    await owner.execute("update coupon set member_id = null where code = $1", code.replace("-", ""))
    sale, _ = await void_or_use(pair, code, "insert into coupon_use", cancel)
    assert sale.status_code == 201
    assert await state(owner, code) == (not guarded, 1)
