"""Rules 5, 7 to 11, 23, 29 and 39 over HTTP: sales and web orders from placing to completion, and claims."""

import asyncio

import pytest

from goen.actions.proof import prove
from stories.words import (
    at,
    cancels,
    dates,
    entries,
    gives,
    lines,
    named,
    now,
    ok,
    orders,
    programme,
    refused,
    return_of,
    revives,
    ships,
    sweep,
    takes_back,
)


async def test_rule_5_used_points_are_spread_over_mixed_rates_before_each_line_earns(retailer):
    member = await retailer.member()
    await gives(retailer, member, 5000)
    basket = [
        {"line": 1, "amount": 10_800, "tax_rate": 8, "category": "food"},
        {"line": 2, "amount": 22_000, "tax_rate": 10},
        {"line": 3, "amount": 100, "points": False},
    ]
    await programme(retailer, earning={"categories": {"food": 0.5}})
    plain = await retailer.buys(member=member, lines=basket)
    assert plain["points"]["earned"] == 10_000 // 100 // 2 + 20_000 // 100
    paid = await retailer.buys(member=member, lines=basket, use_points=3290)
    # A tenth of each line is paid with points: 1,080 and 2,200 and 10 yen.
    assert paid["points"]["earned"] == 9_000 // 100 // 2 + 18_000 // 100
    assert paid["payable"] == 32_900 - 3290


async def test_rule_5_points_may_earn_where_the_programme_says_so(retailer):
    member = await retailer.member()
    await gives(retailer, member, 1100)
    await programme(retailer, earning={"point_paid": "included"})
    assert (await retailer.buys(1100, member, use_points=1100))["points"]["earned"] == 10


async def test_rule_7_a_return_is_computed_under_the_version_of_the_sale(retailer):
    member = await retailer.member()
    sale = await retailer.buys(member=member, lines=lines(1100, 1100))
    assert sale["points"]["earned"] == 20
    await programme(retailer, earning={"unit_amount": 10})
    assert (await retailer.buys(1100, member))["points"]["earned"] == 100
    first = await takes_back(retailer, sale, (1, 1))
    second = await takes_back(retailer, sale, (2, 1))
    assert [r["points"]["earned_reversed"] for r in (first, second)] == [10, 10]


async def test_rule_7_shipping_and_changing_an_order_keep_the_version_it_was_placed_under(retailer):
    member = await retailer.member()
    order = await orders(retailer, 11_000, member)
    version = order["points"]["breakdown"][0]["version"]
    await programme(retailer, earning={"unit_amount": 10}, provisional_days=5)
    body = {"lines": lines(22_000)}
    changed = ok(await retailer.server.put(
        f"/v1/purchases/{order['id']}/lines", json=body, headers={"Idempotency-Key": "change"}
    ))  # fmt: skip
    assert (changed["total"], changed["points"]["pending"]) == (22_000, 200)
    assert changed["points"]["breakdown"][0]["version"] == version
    assert (await ships(retailer, order))["points"] | {"earned": 200, "pending": 0} == changed["points"] | {
        "earned": 200, "pending": 0,
    }  # fmt: skip


async def test_rule_7_a_late_sale_earns_by_the_rules_of_its_own_time(retailer):
    member = await retailer.member()
    then = now(retailer)
    await programme(retailer, earning={"unit_amount": 10})
    assert (await retailer.buys(1100, member, occurred_at=then))["points"]["earned"] == 10


async def tiered(owner, member, tier):
    await owner.execute("update member set tier = $1 where number = $2", tier, member["number"])


async def test_rule_8_a_tier_adds_to_the_base_or_replaces_it_as_of_the_order(retailer, owner):
    member = await retailer.member()
    tiers = {"gold": {"multiplier": 2, "mode": "add"}, "ruby": {"multiplier": 5, "mode": "replace"}}
    await programme(retailer, tiers=tiers)
    await tiered(owner, member, "gold")
    sale = await retailer.buys(member=member, lines=lines(1100, 1100))
    assert sale["member"]["tier"] == "gold"
    assert {x["rule"]: x["points"] for x in sale["points"]["breakdown"]} == {"base": 20, "tier:gold": 40}
    await tiered(owner, member, "ruby")
    assert {x["rule"]: x["points"] for x in (await retailer.buys(1100, member))["points"]["breakdown"]} == {
        "tier:ruby": 50
    }
    assert (await takes_back(retailer, sale, (1, 1)))["points"]["earned_reversed"] == 30


async def test_a_tier_is_told_by_its_name(retailer, owner):
    member = await retailer.member()
    await programme(retailer, tiers={"gold": {"name": "ゴールド", "multiplier": 2}, "ruby": {"multiplier": 5}})
    for tier, text in (("gold", "「ゴールド」会員特典"), ("ruby", "「ruby」会員特典")):
        await tiered(owner, member, tier)
        sale = await retailer.buys(1100, member)
        kept = ok(await retailer.server.get(f"/v1/purchases/{sale['id']}"))
        for told in (sale, kept):
            assert told["points"]["breakdown"][-1]["text"].startswith(text)


async def test_rule_9_a_store_sale_is_confirmed_at_once_and_an_order_on_shipment(retailer):
    member = await retailer.member()
    assert (await retailer.buys(1100, member))["balance"] == {"available": 10, "pending": 0, "held": 0}
    order = await orders(retailer, 11_000, member, use_points=10)
    assert order["points"]["pending"] == 99
    assert order["balance"] == {"available": 0, "pending": 99, "held": 10}
    done = await ships(retailer, order)
    assert (done["status"], done["points"]["earned"], done["points"]["pending"]) == ("completed", 99, 0)
    assert done["balance"] == {"available": 99, "pending": 0, "held": 0}


async def test_rule_9_a_split_shipment_confirms_the_lines_shipped(retailer):
    member = await retailer.member()
    order = await orders(retailer, 0, member, lines=lines(3300, 2200, 1100, quantity=2))
    steps = []
    for parts in (((1, 1),), ((1, 1), (3, 2)), ((2, 2),)):
        done = await ships(retailer, order, *parts)
        steps.append((done["status"], done["points"]["earned"], done["points"]["pending"]))
    assert steps == [("placed", 15, 45), ("placed", 40, 20), ("completed", 60, 0)]
    refused(
        await retailer.act(f"/v1/purchases/{order['id']}/complete", {"occurred_at": now(retailer)}), "purchase_state"
    )


async def test_rule_9_what_was_shipped_cannot_ship_again(retailer):
    order = await orders(retailer, 0, await retailer.member(), lines=lines(3300, 2200))
    await ships(retailer, order, (1, 1))
    body = {"occurred_at": now(retailer), "lines": [{"line": 1, "quantity": 1}]}
    refused(await retailer.act(f"/v1/purchases/{order['id']}/complete", body), "return_exceeds_purchase")


async def test_rule_9_points_confirm_at_midnight_of_day_n_after_shipment(retailer):
    member = await retailer.member()
    await programme(retailer, provisional_days=7)
    order = await orders(retailer, 0, member, lines=lines(11_000, 2200))
    first = await ships(retailer, order, (1, 1))
    assert (first["points"]["earned"], first["points"]["pending"], first["points"]["confirms_on"]) == (
        0, 120, "2026-11-29",
    )  # fmt: skip
    at(retailer, "2026-11-24")
    await ships(retailer, order, (2, 1))
    at(retailer, "2026-11-28", 23, 59, 59)
    await sweep(retailer)
    assert await retailer.points(member) == 0
    retailer.clock.advance(seconds=1)
    await sweep(retailer)
    assert (await retailer.balance(member))["pending"] == 20
    assert await retailer.points(member) == 100
    at(retailer, "2026-12-05")
    await sweep(retailer)
    moved = await entries(retailer, member)
    assert [(e["points"], e["booked_on"]) for e in moved] == [(100, "2026-11-29"), (20, "2026-12-01")]
    assert set(await dates(retailer, member)) == {"2027-11-30", "2027-12-31"}


async def test_rule_9_an_order_cancelled_while_it_waits_confirms_after_its_revival(retailer):
    member = await retailer.member()
    await programme(retailer, provisional_days=2)
    order = await orders(retailer, 11_000, member)
    await ships(retailer, order)
    await cancels(retailer, order)
    assert (await retailer.balance(member))["pending"] == 0
    at(retailer, "2026-11-26")
    await sweep(retailer)
    await revives(retailer, order)
    assert (await retailer.balance(member))["pending"] == 100
    await sweep(retailer)
    assert await retailer.points(member) == 100


async def test_rule_9_a_return_while_points_wait_takes_provisional_ones_first(retailer):
    member = await retailer.member()
    await programme(retailer, provisional_days=2)
    order = await orders(retailer, 0, member, lines=lines(11_000, 5500))
    await ships(retailer, order)
    back = await takes_back(retailer, order, (2, 1))
    assert (back["points"]["pending_reversed"], back["points"]["earned_reversed"]) == (50, 0)
    at(retailer, "2026-11-24")
    await sweep(retailer)
    assert await retailer.points(member) == 100


async def test_rule_10_provisional_points_are_seen_not_spent_and_do_not_expire(retailer):
    member = await retailer.member()
    await programme(retailer, expiry={"mode": "days", "days": 3})
    order = await orders(retailer, 11_000, member)
    answer = await retailer.server.post("/v1/purchases", json=retailer.sale(100, member, use_points=1))
    refused(answer, "not_enough_points", available=0)
    at(retailer, "2027-01-10")
    await sweep(retailer)
    balance = await retailer.balance(member)
    assert (balance["pending"], balance["available"]) == (100, 0)
    assert await dates(retailer, member) == {}
    await ships(retailer, order)
    assert await dates(retailer, member) == {"2027-01-13": 100}


async def claims(retailer, sale, member, key=None):
    return await retailer.act(f"/v1/purchases/{sale['id']}/claim", {"member": named(member)}, key)


async def test_rule_11_and_39_a_guest_sale_is_claimed_once(retailer):
    first, second = await retailer.member(), await retailer.member()
    sale = await retailer.buys(1100)
    done = ok(await claims(retailer, sale, first, "claim"))
    assert (done["points"]["earned"], done["member"]["id"]) == (10, first["id"])
    again = await claims(retailer, sale, first, "claim")
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (done, "true")
    for member in (first, second):
        refused(await claims(retailer, sale, member), "claim_not_possible", reason="already_attached")
    named_sale = await retailer.buys(1100, first)
    refused(await claims(retailer, named_sale, second), "claim_not_possible", reason="already_attached")
    assert await retailer.points(second) == 0


async def test_rule_39_two_members_at_once_and_one_has_the_receipt(retailer):
    members = [await retailer.member() for _ in range(8)]
    sale = await retailer.buys(1100)
    answers = await asyncio.gather(*(claims(retailer, sale, member) for member in members))
    assert sorted(a.status_code for a in answers) == [200] + [409] * 7
    assert sum([await retailer.points(member) for member in members]) == 10


async def test_rule_39_the_last_day_of_the_window_counts_and_the_next_does_not(retailer):
    member = await retailer.member()
    early, late = await retailer.buys(1100), await retailer.buys(2200)
    at(retailer, "2026-12-22", 23, 59, 59)
    ok(await claims(retailer, early, member))
    retailer.clock.advance(seconds=1)
    refused(await claims(retailer, late, member), "claim_not_possible", reason="too_late")


async def test_rule_39_rule_and_dates_are_those_of_the_sale(retailer):
    member = await retailer.member()
    sale = await retailer.buys(1100)
    at(retailer, "2026-12-05")
    await programme(retailer, earning={"unit_amount": 10}, claim_window_days=0)
    assert ok(await claims(retailer, sale, member))["points"]["earned"] == 10
    assert await dates(retailer, member) == {"2027-11-30": 10}
    assert (await entries(retailer, member))[-1]["occurred_at"].startswith("2026-11-22")


async def test_rule_39_returned_or_cancelled_goods_are_not_claimed(retailer):
    member = await retailer.member()
    sale, other = await retailer.buys(member=None, lines=lines(1100, 1100)), await retailer.buys(1100)
    await takes_back(retailer, sale, (1, 1))
    refused(await claims(retailer, sale, member), "claim_not_possible", reason="returned")
    await cancels(retailer, other)
    refused(await claims(retailer, other, member), "claim_not_possible", reason="cancelled")


async def test_rule_39_a_claimed_sale_comes_back_like_any_other(retailer):
    member = await retailer.member()
    sale = await retailer.buys(member=None, lines=lines(1100, 2200))
    ok(await claims(retailer, sale, member))
    assert (await takes_back(retailer, sale, (2, 1)))["points"]["earned_reversed"] == 20
    await cancels(retailer, sale)
    assert await retailer.points(member) == 0
    await revives(retailer, sale)
    assert await retailer.points(member) == 10


async def test_rule_39_a_guests_order_is_claimed_as_far_as_it_has_come(retailer):
    member = await retailer.member()
    order = await orders(retailer, 0, None, lines=lines(1100, 2200))
    await ships(retailer, order, (1, 1))
    done = ok(await claims(retailer, order, member))
    assert (done["points"]["earned"], done["points"]["pending"]) == (10, 20)
    body = {"occurred_at": now(retailer), "lines": [{"line": 1, "quantity": 1}]}
    refused(await retailer.act(f"/v1/purchases/{order['id']}/complete", body), "return_exceeds_purchase")
    assert (await ships(retailer, order, (2, 1)))["points"]["earned"] == 30


async def test_rule_9_a_guests_order_waits_as_long_as_anybodys_when_it_is_claimed(retailer):
    await programme(retailer, provisional_days=14)
    member = await retailer.member()
    partly, whole = [await orders(retailer, 0, None, lines=lines(1100, 2200)) for _ in range(2)]
    await ships(retailer, partly, (1, 1))
    await ships(retailer, whole)
    for order, days in ((partly, 0), (whole, 7)):
        retailer.clock.advance(days=days)
        points = ok(await claims(retailer, order, member))["points"]
        assert (points["earned"], points["pending"]) == (0, 30)
    retailer.clock.advance(days=7)
    await sweep(retailer)
    assert await retailer.points(member) == 10 + 30
    await ships(retailer, partly, (2, 1))
    retailer.clock.advance(days=14)
    await sweep(retailer)
    assert await retailer.points(member) == 60
    late = await orders(retailer, 1100, None)
    await ships(retailer, late)
    retailer.clock.advance(days=14)
    assert ok(await claims(retailer, late, member))["points"]["earned"] == 10


async def test_rule_39_a_guests_order_changed_before_the_claim_stays_changed(retailer):
    member = await retailer.member()
    order = await orders(retailer, 1100, None)
    headers = {"Idempotency-Key": "guest-change"}
    ok(await retailer.server.put(f"/v1/purchases/{order['id']}/lines", json={"lines": lines(3300)}, headers=headers))
    assert ok(await claims(retailer, order, member))["points"]["pending"] == 30
    changed = ok(await retailer.server.put(
        f"/v1/purchases/{order['id']}/lines", json={"lines": lines(4400)}, headers={"Idempotency-Key": "later"}
    ))  # fmt: skip
    assert changed["points"]["pending"] == 40


async def test_rule_23_many_orders_of_one_member_completed_at_once_add_all_of_them(retailer):
    member = await retailer.member()
    placed = [await orders(retailer, 1100 * n, member) for n in range(1, 31)]
    await asyncio.gather(*(ships(retailer, order) for order in placed))
    balance = await retailer.balance(member)
    assert (balance["available"], balance["pending"]) == (10 * sum(range(1, 31)), 0)
    await asyncio.gather(*(cancels(retailer, order) for order in placed))
    assert await retailer.points(member) == 0


async def changes(retailer, order, key=None, client=None, **body):
    headers = {"Idempotency-Key": key or f"change-{retailer.number()}"}
    return await (client or retailer.server).put(f"/v1/purchases/{order['id']}/lines", json=body, headers=headers)


async def test_a_changed_order_holds_more_or_fewer_points(retailer):
    member = await retailer.member()
    await gives(retailer, member, 1000)
    order = await orders(retailer, 5500, member, use_points=300)
    more = ok(await changes(retailer, order, lines=lines(5500), use_points=900))
    assert more["balance"] == {"available": 100, "pending": 41, "held": 900}
    refused(await changes(retailer, order, lines=lines(5500), use_points=1001), "not_enough_points", available=100)
    less = ok(await changes(retailer, order, lines=lines(5500), use_points=0))
    assert less["balance"] == {"available": 1000, "pending": 50, "held": 0}
    again = ok(await changes(retailer, order, "last", lines=lines(1100), use_points=500))
    assert again["balance"] == {"available": 500, "pending": 5, "held": 500}
    refused(await changes(retailer, order, "last", lines=lines(2200), use_points=500), "conflict",
            fields=["lines.0.amount"])  # fmt: skip
    done = await ships(retailer, order)
    assert done["balance"] == {"available": 505, "pending": 0, "held": 0}
    refused(await changes(retailer, order, lines=lines(1100)), "purchase_state", status=409)


async def test_rule_29_a_revival_takes_the_points_again_first(retailer):
    member = await retailer.member()
    await gives(retailer, member, 500)
    sale = await retailer.buys(1100, member, use_points=500)
    cancelled = await cancels(retailer, sale)
    assert (cancelled["status"], cancelled["balance"]["available"]) == ("cancelled", 500)
    assert (await revives(retailer, sale))["balance"]["available"] == 5
    await cancels(retailer, sale)
    other = await retailer.buys(1100, member, use_points=400)
    answer = await retailer.act(f"/v1/purchases/{sale['id']}/revive", {"occurred_at": now(retailer)})
    refused(answer, "not_enough_points", asked=500, available=106)
    await cancels(retailer, other)
    assert (await revives(retailer, sale))["status"] == "completed"
    refused(await retailer.act(f"/v1/purchases/{sale['id']}/revive", {"occurred_at": now(retailer)}), "purchase_state")


async def test_rule_29_an_order_holds_its_points_again_and_earns_as_before(retailer):
    member = await retailer.member()
    await gives(retailer, member, 500)
    order = await orders(retailer, 5500, member, use_points=500)
    assert (await cancels(retailer, order))["balance"] == {"available": 500, "pending": 0, "held": 0}
    refused(await return_of(retailer, order), "purchase_state", status=409)
    back = await revives(retailer, order)
    assert (back["status"], back["balance"]) == ("placed", {"available": 0, "pending": 45, "held": 500})
    await ships(retailer, order)
    assert await retailer.points(member) == 45


async def test_rule_29_points_lost_to_expiry_by_a_cancel_are_not_asked_for_again(retailer):
    member = await retailer.member()
    await gives(retailer, member, 500, expires_on="2026-11-30")
    sale = await retailer.buys(1100, member, use_points=500)
    at(retailer, "2026-12-01")
    assert (await cancels(retailer, sale))["balance"]["available"] == 0
    assert (await revives(retailer, sale))["balance"]["available"] == 5
    back = await takes_back(retailer, sale)
    assert (back["points"]["used_restored"], back["points"]["expired_lost"]) == (0, 500)


async def test_rule_29_revived_earnings_have_the_dates_they_had(retailer):
    member = await retailer.member()
    order = await orders(retailer, 11_000, member)
    at(retailer, "2026-12-20")
    await ships(retailer, order)
    assert await dates(retailer, member) == {"2027-12-31": 100}
    at(retailer, "2027-02-01")
    await cancels(retailer, order)
    await revives(retailer, order)
    assert await dates(retailer, member) == {"2027-12-31": 100}


async def test_rule_29_what_a_cancel_took_from_other_points_is_there_again_though_the_own_dates_are_over(retailer):
    member = await retailer.member()
    sale = await retailer.buys(11_000, member)
    await retailer.buys(1100, member, use_points=60)
    await gives(retailer, member, 500)
    first = await dates(retailer, member)
    at(retailer, "2028-01-10")
    await sweep(retailer)
    await gives(retailer, member, 500)
    before = await dates(retailer, member)
    assert list(first) == ["2027-11-30"], "spent from, and over"
    assert before == {"2029-01-31": 500}
    await cancels(retailer, sale)
    assert await dates(retailer, member) == {"2029-01-31": 440}
    await revives(retailer, sale)
    assert await retailer.points(member) == 500, "the 60 that others had paid for; the 40 are over as before"
    await sweep(retailer)
    assert await dates(retailer, member) == {"2029-01-31": 500}
    await cancels(retailer, sale)
    await revives(retailer, sale)
    assert await retailer.points(member) == 500


async def test_rule_29_each_shipment_s_points_come_again_with_their_own_date(retailer):
    member = await retailer.member()
    order = await orders(retailer, 0, member, lines=lines(11_000, 22_000))
    await ships(retailer, order, (1, 1))
    at(retailer, "2026-12-20")
    await ships(retailer, order, (2, 1))
    before = {"2027-11-30": 100, "2027-12-31": 200}
    assert await dates(retailer, member) == before
    await cancels(retailer, order)
    await revives(retailer, order)
    assert await dates(retailer, member) == before
    at(retailer, "2027-12-10")
    await sweep(retailer)
    await cancels(retailer, order)
    await revives(retailer, order)
    assert await retailer.points(member) == 200
    await sweep(retailer)
    assert await dates(retailer, member) == {"2027-12-31": 200}


@pytest.mark.parametrize("shipped", [False, True])
async def test_an_order_sent_by_an_offline_shop_lives_like_any_other(retailer, shipped):
    member = await retailer.member()
    await gives(retailer, member, 100)
    order = await orders(retailer, 5500, member, use_points=300, offline=True)
    assert [w["code"] for w in order["warnings"]] == ["points_owed"]
    assert await dates(retailer, member) == {"owed": -200}
    if shipped:
        await ships(retailer, order)
    else:
        ok(await changes(retailer, order, lines=lines(5500), use_points=100))
        assert await dates(retailer, member) == {}
    await cancels(retailer, order)
    assert await retailer.points(member) == 100
    if not shipped:
        revived = await revives(retailer, order)
        assert revived["balance"] == {"available": 0, "pending": 49, "held": 100}


async def test_rule_24_an_order_returned_before_it_ships_frees_its_points(retailer):
    member = await retailer.member()
    await gives(retailer, member, 800)
    order = await orders(retailer, 0, member, lines=lines(1100, 1100), use_points=800)
    half = await takes_back(retailer, order, (1, 1))
    # 2,200 yen less 800 points earned 12; what remains, 1,100 less 800, earns 2.
    assert (half["refund"]["money"], half["points"]["used_restored"], half["points"]["pending_reversed"]) == (
        1100,
        0,
        10,
    )
    whole = await takes_back(retailer, order, (2, 1))
    assert (whole["refund"]["money"], whole["points"]["used_restored"]) == (300, 800)
    assert whole["balance"] == {"available": 800, "pending": 0, "held": 0}
    assert (await ships(retailer, order))["status"] == "completed"
    assert await retailer.points(member) == 800


async def test_rule_39_a_claimed_order_holds_points_like_any_other(retailer):
    member = await retailer.member()
    await gives(retailer, member, 1000)
    order = await orders(retailer, 1100, None)
    ok(await claims(retailer, order, member))
    assert ok(await changes(retailer, order, lines=lines(1100), use_points=600))["balance"]["held"] == 600
    assert ok(await changes(retailer, order, lines=lines(1100), use_points=200))["balance"]["held"] == 200
    await cancels(retailer, order)
    await revives(retailer, order)
    assert (await ships(retailer, order))["balance"] == {"available": 808, "pending": 0, "held": 0}


async def test_an_order_placed_and_completed_at_once_ends_complete(retailer):
    """Two acts on one new order may stand in one batch of the till."""
    member = await retailer.member()
    first = await orders(retailer, 1100, member)
    head, number = first["id"].rsplit("_", 1)
    ahead = {"id": f"{head}_{int(number) + 2}"}  # An order takes a number, and so do its earnings.
    placed, done = await asyncio.gather(orders(retailer, 1100, member), ships(retailer, ahead))
    assert (placed["id"], placed["status"], done["status"]) == (ahead["id"], "placed", "completed")
    assert (await retailer.balance(member))["pending"] == 10


@pytest.mark.parametrize("parts", [[(1, 1), (2, 1)], [(2, 1)]])
async def test_rule_26_held_points_that_expire_before_the_order_is_returned_were_never_spent(retailer, parts):
    member = await retailer.member()
    await programme(retailer, expiry={"mode": "days", "days": 3}, returns={"partial": "pro_rata"})
    await gives(retailer, member, 120)
    order = await orders(retailer, 0, member, lines=lines(1100, 1100), use_points=120)
    retailer.clock.advance(days=10)
    back = await takes_back(retailer, order, *parts)
    assert back["points"]["expired_lost"] == 60 * len(parts)
    await sweep(retailer)
    if len(parts) == 1:
        assert (await ships(retailer, order))["points"]["used"] == 60, "half of it came back"
    assert [problem async for problem in prove(retailer.services.database, retailer.clock.now())] == []


async def test_every_answer_tells_what_is_left_as_a_later_look_does(retailer):
    async def told(answer):
        sale = ok(answer)
        seen = ok(await retailer.server.get(f"/v1/purchases/{sale['id']}"))
        assert (sale["coupons"], sale["balance"]) == (seen["coupons"], seen["balance"])
        for name in ("used", "earned", "pending"):
            assert sale["points"][name] == seen["points"][name], name
        left = [(line["rule"], line["points"]) for line in sale["points"]["breakdown"]]
        assert left == [(line["rule"], line["points"]) for line in seen["points"]["breakdown"]]
        assert sum(points for _, points in left) == sale["points"]["earned"] + sale["points"]["pending"]
        return sale["points"]

    async def returns(sale, *numbers):
        body = {"occurred_at": now(retailer), "external_id": f"r-{retailer.number()}"}
        body |= {"lines": [{"line": n, "quantity": 1} for n in numbers]}
        ok(await retailer.server.post(f"/v1/purchases/{sale['id']}/returns", json=body), 201)

    member = await retailer.member()
    await gives(retailer, member, 1000)
    sale = await retailer.buys(0, member, lines=lines(1100, 2200), use_points=300)
    path = f"/v1/purchases/{sale['id']}"
    assert (await told(await retailer.act(f"{path}/cancel", {"occurred_at": now(retailer)})))["used"] == 0
    assert (await told(await retailer.act(f"{path}/revive", {"occurred_at": now(retailer)})))["used"] == 300
    await returns(sale, 1, 2)
    assert (await told(await retailer.act(f"{path}/cancel", {"occurred_at": now(retailer)})))["used"] == 0
    order = await retailer.buys(0, member, lines=lines(1100, 2200), status="placed", shop="web")
    await returns(order, 1)
    done = await told(await retailer.act(f"/v1/purchases/{order['id']}/complete", {"occurred_at": now(retailer)}))
    assert (done["earned"], [line["rule"] for line in done["breakdown"]]) == (20, ["base", "returned"])
