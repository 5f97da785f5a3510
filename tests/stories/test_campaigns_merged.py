"""Campaigns beside merges and households: whose lots, whose limits, whose history (rules 13, 31, 35, 40, 45)."""

from __future__ import annotations

import asyncio
from typing import Any

from races.ledger import assert_books_agree

from .test_campaigns import drawn, live, points_of, reasons_of
from .test_households import family, joins, leaves, make, sound
from .test_merges import card, merges, parts, shows
from .words import cancels, gives, ok, orders, programme, refused, revives, ships, sweep, takes_back

LOTS = """select kind, granted_on, grant_year, expires_on, points, remaining, held, expired, rule, funder
            from lot where member_id = (select member_id from member where number = $1) and open
           order by expires_on, kind, rule, remaining, points"""


async def books(owner: Any, member: dict[str, Any]) -> list[tuple[Any, ...]]:
    """A member's open lots, with everything but their numbers."""
    return [tuple(row) for row in await owner.fetch(LOTS, member["number"])]


async def test_rule_45_campaign_lots_of_each_side_are_its_never_merged_twins_after_an_undo(retailer, owner):
    await programme(retailer, provisional_days=3, claim_window_days=30)
    steps = {"kind": "steps", "steps": [{"from": 1000, "points": 70}, {"from": 5000, "points": 400}]}
    await live(retailer, "fest", effects=[steps], grant={"kind": "limited", "days": 20}, funder="maker-a")
    await live(retailer, "maker", funder="maker-b", effects=[{"kind": "points", "points": 30, "per": "unit"}],
               conditions={"amount_min": 2000})  # fmt: skip
    survivor, source, one, other = [await retailer.member() for _ in range(4)]
    two = [{"line": 1, "amount": 3300}, {"line": 2, "amount": 4400, "quantity": 2}]

    async def each(verb: Any, left: Any, right: Any, *more: Any, **changes: Any) -> tuple[Any, Any]:
        """Of the pair and of the twin the same."""
        return await verb(retailer, left, *more, **changes), await verb(retailer, right, *more, **changes)

    async def buys(retailer: Any, member: Any, amount: int, **changes: Any) -> Any:
        return await retailer.buys(amount, member, **changes)

    async def places(retailer: Any, member: Any, amount: int, **changes: Any) -> Any:
        return await orders(retailer, amount, member, **changes)

    async def claims(retailer: Any, member: Any) -> Any:
        bought = await retailer.buys(5500)
        return ok(await retailer.act(f"/v1/purchases/{bought['id']}/claim", {"member": card(member)}))

    # Before: a sale and an order in flight on either side.
    early = await each(buys, source, other, 0, lines=two)
    flying = await each(places, source, other, 0, lines=two)
    await each(buys, survivor, one, 2200)
    merge = await merges(retailer, survivor, source)
    # Campaign points move with kind, dates, funder and rule.
    assert {lot[8:] for lot in await books(owner, survivor)} == {
        ("base", None), ("campaign:fest", "maker-a"), ("campaign:maker", "maker-b"),
    }  # fmt: skip

    retailer.clock.advance(days=2)
    sold = await each(buys, source, other, 0, lines=two)
    assert points_of(sold[0]) == points_of(sold[1]) == {"base": 70, "campaign:fest": 400, "campaign:maker": 90}
    late = await each(places, survivor, one, 0, lines=two)
    await each(claims, source, other)
    spent = await each(buys, survivor, one, 3300, use_points=100)
    for order in flying:
        await ships(retailer, order, (1, 1))
    for early_one in early:
        assert (await takes_back(retailer, early_one, (2, 1)))["points"]["earned_reversed"] > 0
    for sale in sold:
        await cancels(retailer, sale)
        assert points_of(await revives(retailer, sale)) == points_of(sold[0])
    for sale in spent:
        await takes_back(retailer, sale)
    retailer.clock.advance(days=4)
    await sweep(retailer)
    for order in (*flying, *late):
        await ships(retailer, order)
    undone = await parts(retailer, merge)
    assert undone["excess"] == []

    async def are_twins() -> None:
        for real, twin in ((survivor, one), (source, other)):
            assert await books(owner, real) == await books(owner, twin)
            assert await retailer.balance(real) == await retailer.balance(twin)
        await assert_books_agree(owner, retailer.services.database)
        await sound(retailer)

    await are_twins()
    # What comes later is told by the right lots: provisional points confirm, goods come back, points run out.
    retailer.clock.advance(days=4)
    await sweep(retailer)
    await are_twins()
    for sale in (*flying, *late):
        await takes_back(retailer, sale, (1, 1))
    for sale in sold:
        assert (await takes_back(retailer, sale, (2, 2)))["points"]["earned_reversed"] > 0
    await are_twins()
    retailer.clock.advance(days=30)
    await sweep(retailer)
    await are_twins()
    assert {lot[8:] for lot in await books(owner, source)} == {("base", None), ("campaign:maker", "maker-b")}


async def test_rule_35_limits_of_members_who_are_one_are_one_and_part_with_them(retailer, owner):
    limits = [{"measure": "points", "most": 120, "per": ["member"]}, {"measure": "points", "most": 1000}]
    await live(retailer, "c", effects=[{"kind": "points", "points": 50}], limits=limits)
    survivor, source = await retailer.member(), await retailer.member()

    async def given(member: dict[str, Any]) -> int:
        return points_of(await shows(retailer, card(member), 1100)).get("campaign:c", 0)

    first = await shows(retailer, card(source), 1100)
    assert (points_of(first)["campaign:c"], await given(survivor)) == (50, 50)
    merge = await merges(retailer, survivor, source)
    # 100 of 120 are drawn, by two cards: the third sale gets the rest whoever shows a card.
    quoted = ok(await retailer.server.post("/v1/quotes", json=retailer.sale(1100) | {"member": card(source)}))
    assert points_of(quoted)["campaign:c"] == 20
    third = await shows(retailer, card(source), 1100)
    assert (points_of(third)["campaign:c"], await given(survivor), await given(source)) == (20, 0, 0)
    assert await drawn(owner, "c") == 240
    # What comes back is there for both, and a changed order or a revival asks both accounts.
    await takes_back(retailer, first)
    assert await drawn(owner, "c") == 140
    order = await orders(retailer, 1100, survivor)
    assert points_of(order)["campaign:c"] == 50
    changed = await retailer.server.put(
        f"/v1/purchases/{order['id']}/lines", json={"lines": [{"line": 1, "amount": 2200}]},
        headers={"Idempotency-Key": "k1"},
    )  # fmt: skip
    assert points_of(ok(changed))["campaign:c"] == 50
    await cancels(retailer, order)
    assert await given(source) == 50
    assert (await revives(retailer, order))["points"]["pending"] == 20
    await cancels(retailer, order)
    assert await drawn(owner, "c") == 240
    await parts(retailer, merge)
    # Each side has what its own card drew: 50 of the survivor, 20 and 50 of the other.
    assert [await given(survivor), await given(survivor), await given(survivor)] == [50, 20, 0]
    assert [await given(source), await given(source)] == [50, 0]
    await takes_back(retailer, third)
    assert await given(source) == 20
    await assert_books_agree(owner, retailer.services.database)
    await sound(retailer)


async def test_two_cards_of_one_person_at_two_tills_at_once_draw_one_limit(retailer, owner):
    limits = [{"measure": "uses", "most": 3, "per": ["member"]}]
    await live(retailer, "c", effects=[{"kind": "points", "points": 50}], limits=limits)
    survivor, source = await retailer.member(), await retailer.member()
    await merges(retailer, survivor, source)
    sales = await asyncio.gather(
        *(shows(retailer, card(member), 1100) for _ in range(6) for member in (survivor, source))
    )
    assert sum(points_of(sale).get("campaign:c", 0) for sale in sales) == 150
    assert await drawn(owner, "c") == 3


async def test_rule_35_history_and_segments_are_those_of_both_while_they_are_one(retailer):
    first = {"first_purchase": "ever"}
    await live(retailer, "first", effects=[{"kind": "points", "points": 500}], conditions=first)
    await live(retailer, "vip", effects=[{"kind": "points", "points": 7}], conditions={"segments": ["vip"]})
    survivor, source = await retailer.member(), await retailer.member()
    path = "/v1/members/{}/segments"
    await retailer.server.put(path.format(source["id"]), json={"segments": ["vip"]})
    await shows(retailer, card(source), 1100)
    merge = await merges(retailer, survivor, source)
    assert ok(await retailer.server.get(path.format(survivor["id"]))) == {"segments": ["vip"]}
    sale = await shows(retailer, card(survivor), 1100)
    assert points_of(sale) == {"base": 10, "campaign:vip": 7}
    assert reasons_of(sale) == {"campaign:first": "not_first_purchase"}
    await takes_back(retailer, sale)
    await parts(retailer, merge)
    # The survivor's own card never bought what stayed; the source's did.
    assert points_of(await shows(retailer, card(survivor), 1100)) == {"base": 10, "campaign:first": 500}
    assert points_of(await shows(retailer, card(source), 1100)) == {"base": 10, "campaign:vip": 7}
    again = await merges(retailer, survivor, source)
    ok(await retailer.server.put(path.format(source["id"]), json={"segments": ["new"]}))
    for member in (survivor, source):
        assert ok(await retailer.server.get(path.format(member["id"]))) == {"segments": ["new"]}
        assert points_of(await shows(retailer, card(member), 1100)) == {"base": 10}
    await parts(retailer, again)


async def test_rule_40_in_a_household_limits_history_and_birthdays_are_each_persons_own(retailer, owner):
    limits = [{"measure": "uses", "most": 1, "per": ["member"]}, {"measure": "points", "most": 1000}]
    await live(retailer, "c", effects=[{"kind": "points", "points": 50}], limits=limits, grant={"kind": "limited"})
    await live(retailer, "first", effects=[{"kind": "points", "points": 500}], conditions={"first_purchase": "ever"})
    await live(retailer, "birth", effects=[{"kind": "points", "points": 3}], conditions={"birth_month": True})
    mother = await retailer.member(birth_date="1970-11-03")
    son = await retailer.member(birth_date="2000-05-05")
    await retailer.buys(1100, mother)
    home = await make(retailer, mother)
    await joins(retailer, home, son)
    assert points_of(await retailer.buys(1100, mother)) == {"base": 10, "campaign:birth": 3}
    first = await retailer.buys(1100, son)
    assert points_of(first) == {"base": 10, "campaign:c": 50, "campaign:first": 500}
    assert points_of(await retailer.buys(1100, son)) == {"base": 10}
    assert await drawn(owner, "c") == 102
    # The limit follows the person, into the household and out of it again, and so does what comes back.
    await takes_back(retailer, first)
    order = await orders(retailer, 1100, son)
    assert points_of(order) == {"base": 10, "campaign:c": 50}
    changed = await retailer.server.put(
        f"/v1/purchases/{order['id']}/lines", json={"lines": [{"line": 1, "amount": 2200}]},
        headers={"Idempotency-Key": "k1"},
    )  # fmt: skip
    assert points_of(ok(changed)) == {"base": 20, "campaign:c": 50}
    assert (await leaves(retailer, home, son)).status_code == 200
    assert points_of(await retailer.buys(1100, son)) == {"base": 10}
    await cancels(retailer, order)
    assert points_of(await retailer.buys(1100, son)) == {"base": 10, "campaign:c": 50}
    await assert_books_agree(owner, retailer.services.database)


async def test_rule_43_a_household_has_one_limit_of_spending_without_proof(retailer):
    await programme(retailer, unproven_spend_per_day=100)
    mother, son = await retailer.member(), await retailer.member()
    await gives(retailer, mother, 1000)
    home = await make(retailer, mother)
    await joins(retailer, home, son, may_spend=True)

    async def spends(member: dict[str, Any], points: int) -> Any:
        return await retailer.shibuya.post("/v1/purchases", json=retailer.sale(1100, member, use_points=points))

    ok(await spends(mother, 60), 201)
    refused(await spends(mother, 60), "proof_required", spent_today=60)
    refused(await spends(son, 60), "proof_required", spent_today=60)
    sale = ok(await spends(son, 40), 201)
    refused(await spends(mother, 1), "proof_required", spent_today=100)
    await cancels(retailer, sale)
    ok(await spends(mother, 30), 201)
    ok(await spends(son, 10), 201)
    refused(await spends(son, 1), "proof_required", spent_today=100)


async def test_a_revived_claim_of_a_household_draws_on_its_persons_limit(retailer):
    await programme(retailer, claim_window_days=30)
    await live(retailer, limits=[{"measure": "points", "most": 100, "per": ["member"]}])
    mother, son, _ = await family(retailer)
    receipt = await retailer.buys(11_000)
    claim = {"member": {"kind": "member_id", "value": son["id"]}}
    assert points_of(ok(await retailer.act(f"/v1/purchases/{receipt['id']}/claim", claim)))["campaign:double"] == 100
    await cancels(retailer, receipt)
    assert points_of(await retailer.buys(5500, son))["campaign:double"] == 50
    assert points_of(await retailer.buys(11_000, mother))["campaign:double"] == 100, "the mother has a limit of her own"
    assert points_of(await revives(retailer, receipt))["campaign:double"] == 50
    await sound(retailer)
