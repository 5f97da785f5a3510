"""Rules 24 to 28, 30 and 31 over HTTP: what comes back, to whom, and from what."""

import itertools

import pytest

from goen.readings.overview import closed_through
from stories.words import (
    at,
    cancels,
    dates,
    entries,
    gives,
    lines,
    lots,
    named,
    now,
    ok,
    orders,
    programme,
    refused,
    return_of,
    ships,
    sweep,
    takes_back,
)


def totals(*returns):
    """What several returns gave and took in all."""
    names = ("earned_reversed", "pending_reversed", "used_restored", "expired_lost", "shortage")
    points = {name: sum(r["points"][name] for r in returns) for name in names}
    return points | {"money": sum(r["refund"]["money"] for r in returns)}


async def test_rule_24_a_return_by_receipt_in_another_shop(retailer):
    member = await retailer.member()
    sale = await retailer.buys(2200, member)
    body = {
        "external_id": "back-1", "occurred_at": now(retailer), "lines": [{"line": 1}], "shop": "yokohama",
        "purchase": {"shop": "shibuya", "external_id": sale["external_id"]},
    }  # fmt: skip
    back = ok(await retailer.yokohama.post("/v1/returns", json=body), 201)
    assert (back["shop"], back["purchase_id"], back["refund"]["money"]) == ("yokohama", sale["id"], 2200)
    assert back["points"]["earned_reversed"] == 20
    again = await retailer.yokohama.post("/v1/returns", json=body)
    assert (again.status_code, again.json(), again.headers["Idempotent-Replayed"]) == (201, back, "true")
    other = await retailer.yokohama.post("/v1/returns", json=body | {"external_id": "back-2"})
    refused(other, "return_exceeds_purchase", status=409)
    unknown = body | {"external_id": "back-3", "purchase": {"shop": "shibuya", "external_id": "nobody's"}}
    assert (await retailer.yokohama.post("/v1/returns", json=unknown)).json()["code"] == "unknown_purchase"


async def test_rule_24_a_return_without_its_sale_is_valued_at_the_usual_rate(retailer, owner):
    member = await retailer.member()
    tiers = {"gold": {"multiplier": 1, "mode": "add"}}
    await programme(retailer, tiers=tiers, earning={"shops": {"shibuya": {"multiplier": 9}}, "categories": {"food": 3}})
    await owner.execute("update member set tier = 'gold' where number = $1", member["number"])
    await gives(retailer, member, 500)
    body = {
        "external_id": "unlinked-1", "occurred_at": now(retailer), "purchase": None, "member": named(member),
        "lines": [{"line": 1, "amount": 2200}, {"line": 2, "amount": 1080, "tax_rate": 8, "category": "food"},
                  {"line": 3, "amount": 9999, "points": False}],
    }  # fmt: skip
    back = ok(await retailer.shibuya.post("/v1/returns", json=body), 201)
    assert back["points"]["earned_reversed"] == (20 + 30) * 2
    assert (back["refund"]["money"], back["purchase_id"]) == (2200 + 1080 + 9999, None)
    assert [w["code"] for w in back["warnings"]] == ["unlinked"]
    assert await retailer.points(member) == 400
    assert (await entries(retailer, member))[-1]["kind"] == "return_earned"
    guest = ok(await retailer.shibuya.post("/v1/returns", json=body | {"external_id": "u-2", "member": None}), 201)
    assert (guest["member"], guest["points"]["earned_reversed"]) == (None, 0)
    bare = body | {"external_id": "u-3", "lines": [{"line": 1}]}
    refused(await retailer.shibuya.post("/v1/returns", json=bare), "invalid_request")


BASKET = [
    {"line": 1, "amount": 3333, "quantity": 3},
    {"line": 2, "amount": 1079, "tax_rate": 8},
    {"line": 3, "amount": 990, "tax_included": False},
]


@pytest.mark.parametrize("order", list(itertools.permutations(((1, 2), (1, 1), (2, 1), (3, 1))))[::5])
async def test_rule_25_any_split_in_any_order_adds_up_to_the_whole(retailer, order):
    member, twin = await retailer.member(), await retailer.member()
    for each in (member, twin):
        await gives(retailer, each, 777, expires_on="2027-05-05")
    await programme(retailer, earning={"unit_amount": 7, "rounding": "half_up"})
    more = {"lines": BASKET, "discounts": [{"amount": 321}], "postage": 500, "use_points": 777}
    sale, other = await retailer.buys(member=member, **more), await retailer.buys(member=twin, **more)
    parts = [await takes_back(retailer, sale, part) for part in order]
    whole = await takes_back(retailer, other, (1, 3), (2, 1), (3, 1))
    assert totals(*parts) == totals(whole)
    assert totals(whole) == {
        "earned_reversed": sale["points"]["earned"], "pending_reversed": 0, "used_restored": 777, "expired_lost": 0,
        "shortage": 0, "money": sale["payable"],
    }  # fmt: skip
    assert await dates(retailer, member) == {"2027-05-05": 777}
    refused(await return_of(retailer, sale, (2, 1)), "return_exceeds_purchase")


async def test_rule_25_returns_around_a_completion_and_an_expiry_add_up(retailer):
    member = await retailer.member()
    await programme(retailer, expiry={"mode": "days", "days": 5}, provisional_days=1)
    order = await orders(retailer, 0, member, lines=lines(11_000, 22_000, 33_000))
    first = await takes_back(retailer, order, (1, 1))
    await ships(retailer, order)
    second = await takes_back(retailer, order, (2, 1))
    at(retailer, "2026-11-24")
    await sweep(retailer)
    assert await retailer.points(member) == 300
    at(retailer, "2026-12-20")
    await sweep(retailer)
    third = await takes_back(retailer, order, (3, 1))
    assert totals(first, second, third) == {
        "earned_reversed": 300, "pending_reversed": 300, "used_restored": 0, "expired_lost": 0, "shortage": 0,
        "money": 66_000,
    }  # fmt: skip
    assert await lots(retailer, member) == []


async def test_rule_25_nothing_is_returned_twice(retailer):
    member = await retailer.member()
    sale = await retailer.buys(member=member, lines=lines(1100, 1100, quantity=2))
    await takes_back(retailer, sale, (1, 1))
    refused(await return_of(retailer, sale, (1, 2)), "return_exceeds_purchase", status=409)
    await takes_back(retailer, sale, (1, 1), (2, 2))
    for part in ((1, 1), (2, 1)):
        refused(await return_of(retailer, sale, part), "return_exceeds_purchase")
    refused(await return_of(retailer, sale, (3, 1)), "invalid_request")
    assert await retailer.points(member) == 0


async def test_rule_26_used_points_go_back_to_their_lots_and_expired_ones_are_lost(retailer):
    member = await retailer.member()
    await gives(retailer, member, 100, expires_on="2026-11-30")
    await gives(retailer, member, 100, expires_on="2026-12-31")
    await gives(retailer, member, 50, kind="limited", expires_on="2027-01-31")
    sale = await retailer.buys(5000, member, use_points=220)
    assert await dates(retailer, member) == {"2026-12-31": 30, "2027-11-30": 43}
    at(retailer, "2026-12-01")
    back = await takes_back(retailer, sale)
    assert (back["points"]["used_restored"], back["points"]["expired_lost"]) == (120, 100)
    assert sorted((lot["expires_on"], lot["points"]) for lot in back["points"]["lots"]) == [
        ("2026-12-31", 70), ("2027-01-31", 50),
    ]  # fmt: skip
    assert await dates(retailer, member) == {"2026-12-31": 100, "2027-01-31": 50}


async def test_rule_26_expired_ones_come_back_for_days_of_grace(retailer):
    member = await retailer.member()
    await programme(retailer, returns={"expired_used": "grace", "grace_days": 14})
    await gives(retailer, member, 100, expires_on="2026-11-30")
    sale = await retailer.buys(5000, member, use_points=100)
    at(retailer, "2026-12-10")
    back = await takes_back(retailer, sale)
    assert (back["points"]["used_restored"], back["points"]["expired_lost"]) == (100, 0)
    assert await dates(retailer, member) == {"2026-12-24": 100}


async def test_rule_27_money_first_points_last(retailer):
    member = await retailer.member()
    await gives(retailer, member, 800)
    sale = await retailer.buys(member=member, lines=lines(1000, 1000), use_points=800)
    first, second = await takes_back(retailer, sale, (1, 1)), await takes_back(retailer, sale, (2, 1))
    assert [(r["refund"]["money"], r["points"]["used_restored"]) for r in (first, second)] == [(1000, 0), (200, 800)]


async def test_rule_27_or_pro_rata(retailer):
    member = await retailer.member()
    await programme(retailer, returns={"partial": "pro_rata"})
    await gives(retailer, member, 800)
    sale = await retailer.buys(member=member, lines=lines(1500, 500), use_points=800)
    first, second = await takes_back(retailer, sale, (1, 1)), await takes_back(retailer, sale, (2, 1))
    assert [(r["refund"]["money"], r["points"]["used_restored"]) for r in (first, second)] == [(900, 600), (300, 200)]


async def spent(retailer, shortage):
    """A member who earned 100 points on a sale and has spent 70 of them."""
    await programme(retailer, returns={"shortage": shortage}, expiry={"mode": "none"})
    member = await retailer.member()
    sale = await retailer.buys(member=member, lines=lines(5500, 5500))
    await retailer.buys(70, member, use_points=70)
    return member, sale


async def test_rule_28_a_shortage_is_owed_and_blocks_spending_until_it_is_earned(retailer):
    member, sale = await spent(retailer, "debt")
    back = await takes_back(retailer, sale, (1, 1), (2, 1))
    assert (back["points"]["earned_reversed"], back["points"]["shortage"], back["refund"]["money"]) == (100, 70, 11_000)
    assert back["balance"]["available"] == -70
    answer = await retailer.server.post("/v1/purchases", json=retailer.sale(100, member, use_points=1))
    refused(answer, "spending_blocked", debt=70)
    await retailer.buys(5500, member)
    assert await dates(retailer, member) == {"owed": -20}
    await gives(retailer, member, 25)
    assert await dates(retailer, member) == {None: 5}
    ok(await retailer.server.post("/v1/purchases", json=retailer.sale(100, member, use_points=5)), 201)


async def test_rule_28_who_owes_is_listed_every_day(retailer):
    listed = await retailer.server.get("/v1/debts")
    assert ok(listed)["items"] == []
    owing = []
    for _ in range(3):
        member, sale = await spent(retailer, "debt")
        await takes_back(retailer, sale, (1, 1), (2, 1))
        owing.append((member["id"], 70, sale["id"]))
    first = ok(await retailer.server.get("/v1/debts?limit=2"))
    assert (first["members"], first["owed"]) == (3, 210)
    rest = ok(await retailer.server.get(f"/v1/debts?limit=2&cursor={first['next_cursor']}"))
    found = [(each["member_id"], each["owed"], each["purchase_id"]) for each in first["items"] + rest["items"]]
    assert found == owing
    assert rest["next_cursor"] is None
    await gives(retailer, member, 70)
    assert ok(await retailer.server.get("/v1/debts"))["members"] == 2


async def test_rule_28_a_shortage_lowers_the_refund_in_money(retailer):
    member, sale = await spent(retailer, "money")
    first, second = await takes_back(retailer, sale, (1, 1)), await takes_back(retailer, sale, (2, 1))
    assert (first["refund"]["money"], first["points"]["earned_reversed"], first["points"]["shortage"]) == (5480, 30, 20)
    assert (second["refund"]["money"], second["points"]["earned_reversed"], second["points"]["shortage"]) == (
        5450,
        0,
        50,
    )
    assert await retailer.points(member) == 0


async def test_rule_28_a_shortage_is_refused_and_nothing_happens(retailer):
    member, sale = await spent(retailer, "refuse")
    answer = await return_of(retailer, sale, (1, 1), (2, 1))
    refused(answer, "not_enough_points", asked=100, available=30)
    assert await retailer.points(member) == 30
    await gives(retailer, member, 70)
    assert (await takes_back(retailer, sale, (1, 1), (2, 1)))["balance"]["available"] == 0


async def test_rule_28_no_path_skips_the_check(retailer):
    member, sale = await spent(retailer, "debt")
    assert (await cancels(retailer, sale))["balance"]["available"] == -70
    order = await orders(retailer, 2200, member)
    await ships(retailer, order)
    assert await dates(retailer, member) == {"owed": -50}
    gift = {"from": named(member), "to": named(await retailer.member()), "points": 1}
    refused(await retailer.act("/v1/transfers", gift), "spending_blocked")
    take = {"member": named(member), "points": -1, "reason": "correction"}
    refused(await retailer.act("/v1/adjustments", take), "spending_blocked")


async def test_rule_28_held_points_freed_by_a_cancel_fill_a_debt_first(retailer):
    member, sale = await spent(retailer, "debt")
    order = await orders(retailer, 5500, member, use_points=30)
    await takes_back(retailer, sale, (1, 1), (2, 1))
    assert await dates(retailer, member) == {None: 30, "owed": -100}
    await cancels(retailer, order)
    assert await dates(retailer, member) == {"owed": -70}


@pytest.mark.parametrize(("choice", "kept"), [("take_back", 0), ("keep", 500)])
async def test_rule_30_a_threshold_is_tested_on_what_remains(retailer, choice, kept):
    member = await retailer.member()
    threshold = {"code": "5000", "amount": 5000, "points": 500}
    await programme(retailer, earning={"thresholds": [threshold]}, returns={"thresholds": choice})
    sale = await retailer.buys(member=member, lines=lines(3300, 2750))
    assert sale["points"]["earned"] == 55 + 500
    await takes_back(retailer, sale, (2, 1))
    assert await retailer.points(member) == 30 + kept
    await takes_back(retailer, sale, (1, 1))
    assert await retailer.points(member) == 0


async def test_rule_25_goods_that_come_back_while_the_money_stays_earn_nothing(retailer):
    member = await retailer.member()
    sale = await retailer.buys(member=member, lines=lines(1100, 1100))
    back = ok(await return_of(retailer, sale, lines=[{"line": 1, "quantity": 1, "amount": 0}]), 201)
    assert (back["refund"]["money"], back["points"]["earned_reversed"]) == (0, 10)
    refused(
        await return_of(retailer, sale, lines=[{"line": 1, "quantity": 0, "amount": 1101}]), "return_exceeds_purchase"
    )


async def test_rule_24_a_guests_goods_come_back_for_money_alone(retailer):
    sale = await retailer.buys(member=None, lines=lines(1100, 1100))
    back = await takes_back(retailer, sale, (1, 1))
    assert (back["member"], back["balance"], back["refund"]["money"]) == (None, None, 1100)
    assert (await takes_back(retailer, sale, (2, 1)))["points"]["earned_reversed"] == 0
    refused(await return_of(retailer, sale, (2, 1)), "return_exceeds_purchase")


async def test_what_is_late_for_a_closed_period_books_into_the_open_one(retailer, owner):
    member = await retailer.member()
    sale = await retailer.buys(5500, member)
    at(retailer, "2026-12-03")
    await owner.execute("update installation set closed_through = '2026-11-30'")
    async with retailer.services.database.reading() as connection:
        retailer.services.context.closed_through = await closed_through(connection)
    late = await retailer.buys(1100, member, occurred_at="2026-11-25T10:00:00+09:00")
    assert late["booked_on"] == "2026-12-01"
    back = await takes_back(retailer, sale, business_date="2026-11-28", occurred_at="2026-11-28T10:00:00+09:00")
    assert back["booked_on"] == "2026-12-01"
    booked = [(e["points"], e["booked_on"]) for e in await entries(retailer, member)]
    assert booked == [(50, "2026-11-22"), (10, "2026-12-01"), (-50, "2026-12-01")]
    assert await dates(retailer, member) == {"2027-11-30": 10}
