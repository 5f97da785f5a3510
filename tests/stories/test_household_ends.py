"""Rule 40: what still comes back once somebody has left a household, or all have."""

from __future__ import annotations

from typing import Any

import pytest

from goen.actions.members import households
from goen.actions.points.pools import PoolOwnPoints, SplitPoints, give_back_due, pool_due
from goen.members.households import unpooled
from goen.members.ids import member_id_of
from stories.test_households import joins, leaves, make, sound
from stories.test_merges import merges
from stories.words import cancels, gives, ok, ships, takes_back


async def sweep(retailer: Any) -> int:
    """The minute's job; gives for how many something moved."""
    services = retailer.services
    ground = (services.database, services.till, services.context)
    return (await pool_due(*ground, 0))[1] + (await give_back_due(*ground, 0))[1]


async def dissolved(retailer: Any, **sale: Any) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any], Any]:
    """A mother, her son, their household of 300 points that has ended, and a sale of the son's from before that."""
    mother, son = await retailer.member(), await retailer.member()
    await gives(retailer, mother, 300)
    home = await make(retailer, mother)
    await joins(retailer, home, son, may_spend=True)
    bought = await retailer.buys(11_000, son, **sale)
    assert (await retailer.server.delete(f"/v1/households/{home['id']}")).status_code == 204
    return mother, son, home, bought


async def test_what_comes_back_to_a_dissolved_household_goes_to_its_head(retailer):
    mother, son, home, bought = await dissolved(retailer, use_points=200)
    assert await retailer.points(mother) == 300 - 200 + 98
    assert (await takes_back(retailer, bought))["points"]["used_restored"] == 200
    assert await sweep(retailer) == 1
    assert await sweep(retailer) == 0
    assert [await retailer.points(each) for each in (mother, son, home)] == [300, 0, 0]
    await sound(retailer)


async def test_what_a_return_takes_from_a_dissolved_household_is_paid_by_its_head(retailer):
    mother, _, home, bought = await dissolved(retailer)
    assert await retailer.points(mother) == 400
    await takes_back(retailer, bought)
    assert await retailer.points(home) == -100
    # Merged since, the head is found all the same.
    elder = await retailer.member()
    await merges(retailer, elder, mother)
    assert await sweep(retailer) == 1
    assert [await retailer.points(each) for each in (elder, home)] == [300, 0]
    await sound(retailer)


async def test_a_head_of_another_household_by_now_brings_it_there(retailer):
    mother, son, home, bought = await dissolved(retailer, use_points=200)
    new = await make(retailer, son)
    await joins(retailer, new, mother)
    await cancels(retailer, bought)
    await sweep(retailer)
    assert [await retailer.points(each) for each in (mother, son, home)] == [300, 300, 0]
    await sound(retailer)


@pytest.mark.parametrize("head_leaves", [True, False])
async def test_a_head_who_has_left_gets_nothing_any_more(retailer, head_leaves):
    mother, son, home, bought = await dissolved(retailer, use_points=200)
    gone = mother if head_leaves else son
    assert (await retailer.server.delete(f"/v1/members/{gone['id']}")).status_code == 204
    await takes_back(retailer, bought)
    assert await sweep(retailer) == (0 if head_leaves else 1)
    assert await retailer.points(home) == (102 if head_leaves else 0)
    await sound(retailer)


async def test_a_sweep_that_looked_before_somebody_left_takes_no_split_back(retailer):
    mother, son = await retailer.member(), await retailer.member()
    order = await retailer.buys(11_000, son, shop="web", status="placed")
    await gives(retailer, mother, 300)
    home = await make(retailer, mother)
    await joins(retailer, home, son)
    await ships(retailer, order)
    services, home_id, son_id = retailer.services, member_id_of(home["id"]), member_id_of(son["id"])
    async with services.database.reading() as connection:
        [late] = await unpooled(connection, 0, 10)
    # The sweep has seen the hundred points of the order; before it moves them, the son is on his way with the split.
    await households.begin_leaving(services.database, home_id, son_id, 150)
    await services.till.post(SplitPoints(services.context, home_id, son_id, "leave 1", 150))
    await services.till.post(PoolOwnPoints(services.context, late))
    ok(await leaves(retailer, home, son, split=150))
    assert [await retailer.points(each) for each in (mother, son)] == [150, 250]
    await sound(retailer)
