"""A merge while both members buy at two tills loses and doubles nothing, nor does its undo (rule 45)."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import httpx
import pytest

from races.conftest import Pair
from races.ledger import assert_books_agree
from races.test_overspend import slow_posting

BALANCE, SALES = 1000, 60
#: What a member may be told while becoming another; asked again each of these goes through or is refused for good.
MAY_REFUSE = {"not_enough_points", "spending_blocked"}


async def two(pair: Pair) -> list[dict[str, Any]]:
    """Two members with 1,000 points each; both tills have their connections open."""
    people = [await pair.one.member() for _ in range(2)]
    for person in people:
        given = {"member": {"kind": "member_id", "value": person["id"]}, "points": BALANCE, "reason": "migration"}
        assert (await pair.one.act("/v1/adjustments", given)).status_code == 201
    await pair.warm()
    return people


def card(person: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "card", "value": person["identifiers"][1]["value"]}


async def trading(pair: Pair, people: list[dict[str, Any]]) -> list[tuple[httpx.Response, int]]:
    """Sales, spends, orders and holds of both, dealt out over two tills; each with what a success used."""
    chance = random.Random(45)

    async def act(n: int) -> tuple[httpx.Response, int]:
        at, who = pair.either(n), {"member": card(people[n // 2 % 2])}
        await asyncio.sleep(chance.random() / 5)
        if n % 5 == 4:
            body = who | {"points": 10, "shop": "web", "expires_in": 600}
            return await at.server.post("/v1/holds", json=body, headers={"Idempotency-Key": f"hold-{n}"}), 0
        use = 20 if n % 3 else 0
        status = "placed" if n % 4 == 3 else "completed"
        body = at.sale(1100, use_points=use, status=status) | who
        answer = await at.server.post("/v1/purchases", json=body)
        return answer, use if status == "completed" else 0

    return await asyncio.gather(*map(act, range(SALES)))


async def merge(pair: Pair, people: list[dict[str, Any]], after: float) -> httpx.Response:
    await asyncio.sleep(after)
    body = {"source": card(people[1]), "reason": "同一人物"}
    return await pair.two.act(f"/v1/members/{people[0]['id']}/merges", body)


async def undo(pair: Pair, merged: dict[str, Any], after: float) -> httpx.Response:
    await asyncio.sleep(after)
    return await pair.one.act(f"/v1/merges/{merged['id']}/undo", {})


def came_to(done: list[tuple[httpx.Response, int]]) -> int:
    """What the balance of both together must be after these."""
    total = 2 * BALANCE
    for answer, used in done:
        assert answer.is_success or answer.json()["code"] in MAY_REFUSE, answer.text
        if answer.is_success and "points" in answer.json() and isinstance(answer.json()["points"], dict):
            total += answer.json()["points"]["earned"] - used
    return total


async def booked(owner: Any) -> int:
    return await owner.fetchval(
        "select sum(a.booked) from member_account a join member m using (member_id)"
        " where exists (select from entry e where e.member_id = a.member_id and e.kind = 'adjust')"
    )


async def test_a_merge_while_both_buy_at_two_tills_loses_and_doubles_nothing(pair: Pair, owner: Any) -> None:
    people = await two(pair)
    done, merged = await asyncio.gather(trading(pair, people), merge(pair, people, 0.08))
    assert merged.status_code == 201, merged.text
    assert await booked(owner) == came_to(done)
    assert await owner.fetchval("select count(*) from lot where open and member_id <> $1 and member_id in"
                                " (select member_id from member where status = 'merged')", 0) == 0  # fmt: skip
    await assert_books_agree(owner, pair.one.services.database)


async def test_an_undo_while_both_buy_at_two_tills_loses_and_doubles_nothing(pair: Pair, owner: Any) -> None:
    people = await two(pair)
    merged = (await merge(pair, people, 0)).json()
    done, undone = await asyncio.gather(trading(pair, people), undo(pair, merged, 0.08))
    assert undone.status_code == 200, undone.text
    assert undone.json()["excess"] == []
    assert await booked(owner) == came_to(done) + undone.json()["revived"]
    await assert_books_agree(owner, pair.one.services.database)


async def test_merged_and_parted_again_and_again_while_both_buy(pair: Pair, owner: Any) -> None:
    people = await two(pair)

    async def back_and_forth() -> None:
        for n in range(4):
            merged = await merge(pair, people[:: 1 - 2 * (n % 2)], 0.02)
            assert merged.status_code == 201, merged.text
            assert (await undo(pair, merged.json(), 0.02)).status_code == 200

    done, _ = await asyncio.gather(trading(pair, people), back_and_forth())
    assert await booked(owner) == came_to(done)
    await assert_books_agree(owner, pair.one.services.database)


async def test_of_two_merges_and_of_two_undos_at_once_one_is_done(pair: Pair, owner: Any) -> None:
    people = await two(pair)
    path, body = f"/v1/members/{people[0]['id']}/merges", {"source": card(people[1]), "reason": "x"}
    answers = await asyncio.gather(*(pair.either(n).act(path, body) for n in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422, 422, 422]
    merged = next(answer.json() for answer in answers if answer.is_success)
    answers = await asyncio.gather(*(pair.either(n).act(f"/v1/merges/{merged['id']}/undo") for n in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]
    assert {answer.json()["code"] for answer in answers if not answer.is_success} == {"merge_undone"}
    await assert_books_agree(owner, pair.one.services.database)


async def test_two_who_are_merged_into_each_other_at_once_become_one(pair: Pair, owner: Any) -> None:
    people = await two(pair)
    ways = (people, people[::-1])
    answers = await asyncio.gather(*(
        pair.either(n).act(f"/v1/members/{into['id']}/merges", {"source": card(gone), "reason": "x"})
        for n, (into, gone) in enumerate(ways)
    ))  # fmt: skip
    assert sorted(answer.status_code for answer in answers) == [201, 422]
    assert [await pair.one.points(person) for person in people] == [2 * BALANCE] * 2
    await assert_books_agree(owner, pair.one.services.database)


@pytest.mark.parametrize("guarded", [False, True])
async def test_it_is_the_version_of_the_accounts_that_guards_a_merge(pair: Pair, owner: Any, guarded: bool) -> None:
    """With a slow disk and without that guard a merge and a sale write over each other; with it they do not."""
    people = await two(pair)
    await slow_posting(owner, guarded=guarded)
    done, merged = await asyncio.gather(trading(pair, people), merge(pair, people, 0.08), return_exceptions=not guarded)
    if guarded:
        assert merged.status_code == 201, merged.text
        assert await booked(owner) == came_to(done)
        await assert_books_agree(owner, pair.one.services.database)
    else:
        with pytest.raises(AssertionError):
            await assert_books_agree(owner, pair.one.services.database)
