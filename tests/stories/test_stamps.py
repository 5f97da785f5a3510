"""Stamp cards over HTTP: full, returned, cancelled, revived, merged and parted, in a household, tried on the past."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from races.ledger import assert_books_agree
from stories.test_backtest import backtest, draft
from stories.test_campaigns import live, points_of, reasons_of
from stories.test_coupons import kind
from stories.test_households import family, leaves
from stories.words import cancels, named, ok, orders, revives, ships, takes_back

CARD = {"kind": "stamps", "full": 3, "points": 300}


async def card(retailer: Any, member: dict[str, Any], code: str = "card") -> tuple[int, int]:
    """Stamps on the member's card and how many cards were full so far."""
    cards = ok(await retailer.readonly.get(f"/v1/members/{member['id']}/stamps"))["items"]
    return next(((each["stamps"], each["cards"]) for each in cards if each["campaign"] == code), (0, 0))


def hint(sale: dict[str, Any]) -> str:
    return next(miss["text"] for miss in sale["points"]["not_applied"] if miss["reason"] == "stamps_to_go")


def given(sale: dict[str, Any]) -> int | None:
    return points_of(sale).get("campaign:card")


async def test_the_third_stamp_fills_the_card_and_the_next_begins(retailer, owner):
    await live(retailer, "card", effects=[CARD], grant={"kind": "limited", "days": 30})
    member = await retailer.member()
    quote = (await retailer.server.post("/v1/quotes", json=retailer.sale(1100, member))).json()
    sales = [await retailer.buys(1100, member) for _ in range(4)]
    assert quote["points"] == sales[0]["points"]
    assert [given(sale) for sale in sales] == [0, 0, 300, 0]
    assert hint(sales[0]) == "キャンペーン（特典 card）: スタンプ 1/3。あと2個でスタンプがいっぱいになります"
    told = [line["text"] for line in sales[2]["points"]["breakdown"]]
    assert told[1] == "キャンペーン（特典 card）: スタンプ1個、カード1枚達成 → 300ポイント"
    assert await card(retailer, member) == (1, 1)
    assert (await retailer.balance(member))["limited"] == 300
    why = ok(await retailer.readonly.get(f"/v1/members/{member['id']}/why"))
    assert "カード1枚達成" in str(why)
    shown = ok(await retailer.readonly.get("/v1/campaigns/card"))
    assert shown["counted"]["stamps"] == 4
    assert (shown["counted"]["cards"], shown["counted"]["card_holders"]) == (1, 1)
    guest = await retailer.buys(1100)
    assert points_of(guest) == {}
    await assert_books_agree(owner, retailer.services.database)


async def test_what_a_return_takes_of_a_card(retailer, owner):
    """The reward is the sale's whose stamp filled the card. An earlier stamp that comes back is owed instead."""
    await live(retailer, "card", effects=[CARD])
    member = await retailer.member()
    first, _, third = [await retailer.buys(1100, member) for _ in range(3)]
    assert await card(retailer, member) == (0, 1)
    # The sale that filled it: its reward goes, and the card is open again.
    assert (await takes_back(retailer, third))["points"]["earned_reversed"] == 310
    assert await card(retailer, member) == (2, 0)
    again = await retailer.buys(1100, member)
    assert given(again) == 300
    # An earlier one: the reward stays, a stamp is owed, and no card gives twice.
    assert (await takes_back(retailer, first))["points"]["earned_reversed"] == 10
    assert await card(retailer, member) == (-1, 1)
    owes = await retailer.buys(1100, member)
    assert (given(owes), await card(retailer, member)) == (0, (0, 1))
    assert [given(await retailer.buys(1100, member)) for _ in range(3)] == [0, 0, 300]
    assert await card(retailer, member) == (0, 2)
    await assert_books_agree(owner, retailer.services.database)


async def test_rule_29_a_cancelled_sale_is_stamped_again_but_no_card_gives_twice(retailer, owner):
    await live(retailer, "card", effects=[CARD])
    member = await retailer.member()
    sales = [await retailer.buys(1100, member) for _ in range(3)]
    before = await retailer.points(member)
    await cancels(retailer, sales[2])
    assert await card(retailer, member) == (2, 0)
    await revives(retailer, sales[2])
    assert (await card(retailer, member), await retailer.points(member)) == ((0, 1), before)
    await cancels(retailer, sales[2])
    other = await retailer.buys(1100, member)
    assert given(other) == 300
    revived = await revives(retailer, sales[2])
    assert given(revived) == 0
    assert await card(retailer, member) == (1, 1)
    assert await retailer.points(member) == before + 10
    # Nearer to full than it was: the next sale has the reward.
    await cancels(retailer, sales[2])
    assert [given(await retailer.buys(1100, member)) for _ in range(2)] == [0, 0]
    assert given(await revives(retailer, sales[2])) == 0
    assert await card(retailer, member) == (3, 1)
    assert given(await retailer.buys(1100, member)) == 300
    assert await card(retailer, member) == (1, 2)
    for sale in (*sales, other):
        await cancels(retailer, sale)
    await assert_books_agree(owner, retailer.services.database)


async def test_a_revived_stamp_draws_no_points_for_a_reward_that_it_does_not_get(retailer, owner):
    await live(retailer, "card", effects=[CARD], limits=[{"measure": "points", "most": 300}])
    budget = "select coalesce(sum(drawn), 0)::int from limit_account where code like 'campaign:card/points/%'"
    member = await retailer.member()
    third = [await retailer.buys(1100, member) for _ in range(3)][2]
    await cancels(retailer, third)
    assert given(await retailer.buys(1100, member)) == 300
    revived = await revives(retailer, third)
    assert (given(revived), await card(retailer, member)) == (0, (1, 1)), "the budget is dry, and not asked"
    assert await owner.fetchval(budget) == 300
    await cancels(retailer, third)
    assert (await owner.fetchval(budget), await card(retailer, member)) == (300, (0, 1))
    await assert_books_agree(owner, retailer.services.database)


async def test_a_revival_after_a_return_in_part_gives_nothing_that_has_run_dry(retailer, owner):
    await kind(retailer, public_code=None)
    limits = [{"measure": "uses", "most": 1}]
    await live(retailer, "thanks", effects=[{"kind": "coupon", "coupon": "haru"}], limits=limits)
    await live(retailer, "card", effects=[CARD | {"of": "line", "full": 2}], limits=limits)
    lines = [{"line": n, "amount": 1100} for n in (1, 2)]
    sale = await retailer.buys(0, member := await retailer.member(), lines=lines)
    assert (len(sale["coupons"]["issued"]), given(sale)) == (1, 300)
    await takes_back(retailer, sale, (2, 1))
    assert await card(retailer, member) == (1, 0)
    await cancels(retailer, sale)
    other = await retailer.buys(0, await retailer.member(), lines=lines)
    assert (len(other["coupons"]["issued"]), given(other)) == (1, 300)
    revived = await revives(retailer, sale)
    assert revived["coupons"]["issued"] == []
    assert {"campaign:thanks", "campaign:card"} <= {m["rule"] for m in revived["points"]["not_applied"]}
    assert await card(retailer, member) == (0, 0)
    assert await retailer.points(member) == 10
    await takes_back(retailer, sale, (1, 1))
    assert await retailer.points(member) == 0
    await assert_books_agree(owner, retailer.services.database)


async def test_a_card_of_pieces_gives_coupons_and_a_return_in_part_takes_the_last(retailer, owner):
    await kind(retailer, public_code=None)
    pieces = {"kind": "stamps", "full": 2, "coupon": "haru", "of": "quantity"}
    await live(retailer, "card", effects=[pieces], conditions={"products": {"categories": ["本"]}})
    member = await retailer.member()
    lines = [{"line": 1, "amount": 5500, "quantity": 5, "category": "本"}, {"line": 2, "amount": 1100}]
    order = await orders(retailer, 0, member, lines=lines)
    assert order["coupons"]["issued"] == []
    assert await card(retailer, member) == (1, 2)
    done = await ships(retailer, order)
    assert len(done["coupons"]["issued"]) == 2
    await takes_back(retailer, order, (1, 2))
    assert await card(retailer, member) == (1, 1)
    mine = (await retailer.server.get(f"/v1/members/{member['id']}/coupons")).json()["items"]
    states = {each["code"]: each["state"] for each in mine}
    assert [states[code] for code in done["coupons"]["issued"]] == ["usable", "void"]
    await takes_back(retailer, order, (1, 3), (2, 1))
    assert await card(retailer, member) == (0, 0)
    await assert_books_agree(owner, retailer.services.database)


async def test_stamps_end_and_a_card_stops_after_its_last_time(retailer):
    await live(retailer, "card", effects=[CARD | {"days": 10, "cards": 2}])
    member = await retailer.member()
    await retailer.buys(1100, member)
    retailer.clock.advance(days=10)
    assert given(await retailer.buys(1100, member)) == 0
    assert await card(retailer, member) == (2, 0)
    retailer.clock.advance(days=1)
    assert await card(retailer, member) == (1, 0)
    items = ok(await retailer.readonly.get(f"/v1/members/{member['id']}/stamps"))["items"]
    assert (items[0]["ends_on"], items[0]["missing"], items[0]["full"]) == ("2026-12-12", 2, 3)
    assert [given(await retailer.buys(1100, member)) for _ in range(6)] == [0, 300, 0, 0, 300, None]
    last = await retailer.buys(1100, member)
    assert reasons_of(last) == {"campaign:card": "cards_full"}
    items = ok(await retailer.readonly.get(f"/v1/members/{member['id']}/stamps"))["items"]
    assert (items[0]["stamps"], items[0]["missing"], items[0]["open"]) == (0, None, False)


async def test_a_changed_order_is_stamped_anew(retailer, owner):
    await live(retailer, "card", effects=[CARD | {"of": "line"}])
    member = await retailer.member()
    lines = [{"line": n, "amount": 1100} for n in range(1, 5)]
    order = await orders(retailer, 0, member, lines=lines)
    assert (order["points"]["pending"], await card(retailer, member)) == (340, (1, 1))
    changed = await retailer.server.put(
        f"/v1/purchases/{order['id']}/lines", json={"lines": lines[:2]}, headers={"Idempotency-Key": "c-1"}
    )
    assert ok(changed)["points"]["pending"] == 20
    assert await card(retailer, member) == (2, 0)
    changed = await retailer.server.put(
        f"/v1/purchases/{order['id']}/lines", json={"lines": lines}, headers={"Idempotency-Key": "c-2"}
    )
    assert ok(changed)["points"]["pending"] == 340
    assert (await cancels(retailer, order), await card(retailer, member))[1] == (0, 0)
    await assert_books_agree(owner, retailer.services.database)


async def test_merged_cards_add_up_and_part_again(retailer, owner):
    await live(retailer, "card", effects=[CARD])
    survivor, source = await retailer.member(), await retailer.member()
    await retailer.buys(1100, survivor)
    await retailer.buys(1100, source)
    body = {"source": named(source), "reason": "同一人物"}
    merge = ok(await retailer.act(f"/v1/members/{survivor['id']}/merges", body), 201)
    assert await card(retailer, survivor) == await card(retailer, source) == (2, 0)
    assert given(await retailer.buys(1100, source)) == 300
    assert await card(retailer, survivor) == (0, 1)
    ok(await retailer.act(f"/v1/merges/{merge['id']}/undo", {"reason": "別人でした"}))
    # The source's card filled with a stamp of the survivor's, and owes it now.
    assert (await card(retailer, survivor), await card(retailer, source)) == ((1, 0), (-1, 1))
    await assert_books_agree(owner, retailer.services.database)


async def test_full_cards_of_merged_members_count_each(retailer, owner):
    await live(retailer, "card", effects=[CARD | {"cards": 2}])
    survivor, source = await retailer.member(), await retailer.member()
    for member in (survivor, source):
        assert [given(await retailer.buys(1100, member)) for _ in range(3)] == [0, 0, 300]
    body = {"source": named(source), "reason": "同一人物"}
    ok(await retailer.act(f"/v1/members/{survivor['id']}/merges", body), 201)
    assert await card(retailer, survivor) == (0, 2)
    assert reasons_of(await retailer.buys(1100, survivor)) == {"campaign:card": "cards_full"}
    await assert_books_agree(owner, retailer.services.database)


async def test_back_tested_the_card_gives_what_the_ledger_has(retailer):
    members = [await retailer.member() for _ in range(2)]
    await live(retailer, "card", effects=[CARD | {"days": 30}])
    sales = []
    for n in range(8):
        sales.append(await retailer.buys(1100, members[n % 2]))
        retailer.clock.advance(hours=5)
    assert sum(given(sale) or 0 for sale in sales) == 600
    ran = await backtest(retailer, "card")
    assert (ran["points"], ran["stamps"], ran["cards"], ran["touched"]) == (600, 8, 2, 8)
    await draft(retailer, "tried", effects=[CARD | {"full": 2, "cards": 1}])
    tried = await backtest(retailer, "tried")
    assert (tried["points"], tried["cards"], tried["missed"]) == (600, 2, {"cards_full": 4})


async def test_in_a_household_each_person_has_a_card_of_their_own(retailer, owner):
    await live(retailer, "card", effects=[CARD])
    mother, son, home = await family(retailer)
    before = await retailer.points(mother)
    assert [given(await retailer.buys(1100, each)) for each in (mother, son, mother, son)] == [0] * 4
    assert await card(retailer, mother) == await card(retailer, son) == (2, 0)
    assert given(await retailer.buys(1100, son)) == 300
    assert (await card(retailer, mother), await card(retailer, son)) == ((2, 0), (0, 1))
    assert await retailer.points(mother) == await retailer.points(son) == before + 50 + 300, "the points are the pool's"
    exports = [ok(await retailer.server.get(f"/v1/members/{each['id']}/export")) for each in (mother, son)]
    assert [sum(x["stamps"] for x in each["stamps"]) for each in exports] == [2, 3]
    assert [sum(x["cards"] for x in each["stamps"]) for each in exports] == [0, 1]
    ok(await leaves(retailer, home, son))
    assert await card(retailer, son) == (0, 1), "a card goes with its person"
    await assert_books_agree(owner, retailer.services.database)


async def test_a_claimed_order_that_changes_stays_on_the_card_of_who_claimed_it(retailer, owner):
    await live(
        retailer, "card", effects=[CARD | {"of": "line"}], limits=[{"measure": "uses", "most": 5, "per": ["member"]}]
    )
    _, son, _ = await family(retailer)
    lines = [{"line": n, "amount": 1100} for n in range(1, 5)]
    order = await orders(retailer, 0, None, lines=lines[:2])
    ok(await retailer.act(f"/v1/purchases/{order['id']}/claim", {"member": named(son)}))
    assert await card(retailer, son) == (2, 0)
    held = "select distinct anchor from limit_account where code like 'campaign:card/%' and drawn > 0"
    before = await owner.fetch(held)
    for goods, found in ((lines, (1, 1)), (lines[:1], (1, 0))):
        changed = await retailer.server.put(
            f"/v1/purchases/{order['id']}/lines", json={"lines": goods},
            headers={"Idempotency-Key": f"c-{len(goods)}"},
        )  # fmt: skip
        ok(changed)
        assert (await card(retailer, son), await owner.fetch(held)) == (found, before)
    await cancels(retailer, order)
    assert await card(retailer, son) == (0, 0)
    await assert_books_agree(owner, retailer.services.database)


async def test_rule_56_stamps_and_discounts_are_disclosed_and_nothing_personal_stays_with_them(retailer, owner):
    await live(retailer, "card", effects=[CARD])
    await live(retailer, "off", effects=[{"kind": "discount", "yen": 300}])
    member, other = await retailer.member(), await retailer.member()
    sale = await retailer.buys(1100, member, offers=["off"])
    await retailer.buys(1100, other, offers=["off"])
    await takes_back(retailer, sale)
    export = ok(await retailer.server.get(f"/v1/members/{member['id']}/export"))
    told = [(x["campaign"], x["stamps"], x["cards"], x["purchase_id"]) for x in export["stamps"]]
    assert told == [("card", 1, 0, sale["id"]), ("card", -1, 0, sale["id"])]
    told = [(x["campaign"], x["what"], x["amount"], x["shop"]) for x in export["offers"]]
    assert told == [("off", "use", 300, "shibuya"), ("off", "back", -300, "shibuya")]
    page = (await retailer.server.get(f"/v1/members/{member['id']}/disclosure")).text
    assert "スタンプカード" in page
    assert "キャンペーンの値引き・プレゼント" in page
    erased = await retailer.server.post(f"/v1/members/{member['id']}/erase", json={"reason": "書面によるご請求"})
    assert ok(erased)["name"] is None
    left = ok(await retailer.server.get(f"/v1/members/{member['id']}/export"))
    assert (left["member"]["name"], len(left["stamps"]), len(left["offers"])) == (None, 2, 2)
    assert await owner.fetchval("select sum(amount) from offer_use where campaign = 'off'") == 300, (
        "and counters stay right"
    )
    await assert_books_agree(owner, retailer.services.database)


@pytest.mark.parametrize(
    "effects",
    [
        [{"kind": "stamps", "full": 3}],
        [{"kind": "stamps", "full": 3, "points": 1, "gift": "タオル"}],
        [CARD, CARD],
        [{"kind": "stamps", "full": 3, "coupon": "a"}, {"kind": "coupon", "coupon": "b"}],
    ],
)
async def test_a_card_that_contradicts_itself_is_refused(retailer, effects):
    body = {"code": "card", "name": "カード", "effects": effects}
    answer = await retailer.server.post("/v1/campaigns", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


async def test_the_events_tell_of_stamps(retailer, owner):
    await live(retailer, "card", effects=[CARD], ends_at=(retailer.clock.now() + timedelta(days=9)).isoformat())
    member = await retailer.member()
    for _ in range(3):
        sale = await retailer.buys(1100, member)
    await takes_back(retailer, sale)
    query = "select body::json->>'stamps' || '/' || (body::json->>'cards') as told from (select topic, body from outbox"
    query += " union all select topic, body from feed) x where topic = 'stamps.moved'"
    assert sorted(row["told"] for row in await owner.fetch(query)) == ["-1/-1", "1/0", "1/0", "1/1"]


async def test_a_sale_that_fills_hundreds_of_cards_gives_all_their_coupons(retailer, owner):
    await kind(retailer)
    pieces = {"kind": "stamps", "full": 2, "coupon": "haru", "of": "quantity"}
    for code in ("red", "green", "blue"):
        await live(retailer, code, effects=[pieces])
    member = await retailer.member()
    lines = [{"line": 1, "amount": 5500, "quantity": 500}]
    sale = await retailer.buys(0, member, lines=lines)
    assert len(sale["coupons"]["issued"]) == 300, "a hundred cards of each campaign in one sale"
    told = "select count(*) from (select topic from outbox union all select topic from feed) e where topic = $1"
    assert await owner.fetchval(told, "coupon.issued") == 300
    await assert_books_agree(owner, retailer.services.database)
