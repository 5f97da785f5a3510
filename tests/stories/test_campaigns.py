"""Campaigns over HTTP: made, live, earned by, run dry, returned, stopped; with reasons at every step."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import msgspec
import pytest

from goen.actions.points.claims import ClaimPurchase
from goen.actions.points.proof import SHOWN
from goen.actions.points.record_purchase import RecordPurchase
from goen.actions.points.returns import AnyReturnAsk, PurchaseRef, ReturnedLine, ReturnGoods
from goen.identity.presented import presented
from goen.members.ids import member_id_of
from goen.purchases.model import Line, Purchase
from goen.shops.model import Principal
from races.ledger import assert_books_agree

from .test_quotes import quote, quoted


async def live(retailer, code="double", wait=True, **fields):
    """A campaign, created and activated; two seconds later it counts."""
    body = {"code": code, "name": f"特典 {code}", "effects": [{"kind": "rate", "multiplier": 2}]} | fields
    made = await retailer.server.post("/v1/campaigns", json=body)
    assert made.status_code == 201, made.text
    return await activated(retailer, code, wait)


async def activated(retailer, code, wait=True):
    answer = await retailer.server.post(f"/v1/campaigns/{code}/activate", json={})
    assert answer.status_code == 200, answer.text
    if wait:
        retailer.clock.advance(seconds=3)
    return answer.json()


def points_of(sale):
    return {line["rule"]: line["points"] for line in sale["points"]["breakdown"]}


def reasons_of(sale):
    return {miss["rule"]: miss["reason"] for miss in sale["points"]["not_applied"]}


async def back(retailer, sale, quantity=1, line=1, **more):
    body = {"external_id": f"r-{retailer.number()}", "occurred_at": retailer.clock.now().isoformat()}
    body |= {"lines": [{"line": line, "quantity": quantity, **more}]}
    answer = await retailer.server.post(f"/v1/purchases/{sale['id']}/returns", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def drawn(owner, code):
    query = "select coalesce(sum(drawn), 0)::int from limit_account where code like $1"
    return await owner.fetchval(query, f"campaign:{code}/%")


async def test_double_points_from_activation_until_the_stop(retailer, owner):
    member = await retailer.member()
    before = await retailer.buys(11_000, member)
    assert points_of(before) == {"base": 100}
    assert (await live(retailer, wait=False))["state"] == "scheduled"
    assert points_of(await retailer.buys(11_000, member)) == {"base": 100}
    retailer.clock.advance(seconds=3)
    during = await retailer.buys(11_000, member)
    assert points_of(during) == {"base": 100, "campaign:double": 100}
    text = during["points"]["breakdown"][1]["text"]
    assert text == "キャンペーン（特典 double）: 10,000円、100円につき1ポイント → 100ポイント"
    assert during["points"]["breakdown"][1]["version"] == 1
    stopped = await retailer.server.post("/v1/campaigns/double/stop", json={})
    assert stopped.json()["state"] == "stopped"
    late = retailer.clock.now().isoformat()
    retailer.clock.advance(seconds=3)
    assert points_of(await retailer.buys(11_000, member)) == {"base": 100}
    # A sale of a till that was offline still earns by the rules of its own time.
    assert points_of(await retailer.buys(11_000, member, occurred_at=late)) == {"base": 100, "campaign:double": 100}
    await assert_books_agree(owner, retailer.services.database)


async def test_rule_25_returns_in_parts_take_back_what_the_campaign_gave_and_the_budget_has_it_again(retailer, owner):
    steps = {"kind": "steps", "steps": [{"from": 3000, "points": 50}, {"from": 9000, "points": 300}]}
    await live(retailer, effects=[steps], limits=[{"measure": "points", "most": 1000}, {"measure": "uses", "most": 9}])
    member = await retailer.member()
    sale = await retailer.buys(0, member, lines=[{"line": 1, "amount": 9900, "quantity": 3}])
    assert points_of(sale) == {"base": 90, "campaign:double": 300}
    assert await drawn(owner, "double") == 301
    first = await back(retailer, sale)
    assert first["points"]["earned_reversed"] == 30 + 250
    assert await drawn(owner, "double") == 51
    second = await back(retailer, sale)
    assert second["points"]["earned_reversed"] == 30
    last = await back(retailer, sale)
    assert last["points"]["earned_reversed"] == 30 + 50
    assert await drawn(owner, "double") == 0
    assert await retailer.points(member) == 0
    await assert_books_agree(owner, retailer.services.database)


async def test_rule_13_limited_points_are_a_lot_of_their_own_through_order_return_cancel_and_revival(retailer, owner):
    await live(retailer, "fest", grant={"kind": "limited", "days": 14}, funder="maker-a",
               effects=[{"kind": "points", "points": 500}])  # fmt: skip
    member = await retailer.member()
    lines = [{"line": 1, "amount": 5500}, {"line": 2, "amount": 5500}]
    order = await retailer.buys(0, member, shop="web", status="placed", lines=lines)
    assert order["points"]["pending"] == 600
    path = f"/v1/purchases/{order['id']}"
    now = {"occurred_at": retailer.clock.now().isoformat()}
    assert (await retailer.act(f"{path}/complete", now)).status_code == 200
    query = "select kind, points, expires_on::text, rule, funder from lot where remaining > 0 order by lot_id"
    lots = [tuple(row) for row in await owner.fetch(query)]
    assert lots == [("regular", 100, "2027-11-30", "base", None),
                    ("limited", 500, "2026-12-06", "campaign:fest", "maker-a")]  # fmt: skip
    assert (await retailer.balance(member))["limited"] == 500
    returned = await back(retailer, order)
    assert returned["points"]["earned_reversed"] == 50
    assert (await retailer.act(f"{path}/cancel", now)).status_code == 200
    assert await retailer.points(member) == 0
    assert (await retailer.act(f"{path}/revive", now)).status_code == 200
    assert [tuple(row)[:4] for row in await owner.fetch(query)] == [
        ("regular", 50, "2027-11-30", "base"),
        ("limited", 500, "2026-12-06", "campaign:fest"),
    ]
    assert (await back(retailer, order, line=2))["points"]["earned_reversed"] == 550
    assert await retailer.points(member) == 0
    await assert_books_agree(owner, retailer.services.database)


async def test_a_budget_that_runs_dry_never_refuses_a_sale(retailer, owner):
    await live(retailer, effects=[{"kind": "points", "points": 300}], limits=[{"measure": "yen", "most": 700}])
    member = await retailer.member()
    sales = [await retailer.buys(1100, member) for _ in range(4)]
    assert [points_of(sale).get("campaign:double") for sale in sales] == [300, 300, 100, None]
    assert sales[2]["points"]["breakdown"][1]["text"].endswith("（上限適用）")
    missed = sales[3]["points"]["not_applied"][0]
    assert (missed["rule"], missed["reason"]) == ("campaign:double", "limit_reached")
    assert missed["text"] == "キャンペーン（特典 double）: 進呈の上限に達しました"
    shown = (await retailer.readonly.get("/v1/campaigns/double")).json()["drawn"]
    assert shown == [{"limit": "yen/all", "period": "", "drawn": 700}]
    # What comes back may be given to the next.
    assert (await retailer.act(f"/v1/purchases/{sales[0]['id']}/cancel", at(retailer))).status_code == 200
    assert points_of(await retailer.buys(1100, member))["campaign:double"] == 300
    # A revival draws again and gets what is left: nothing.
    revived = await retailer.act(f"/v1/purchases/{sales[0]['id']}/revive", at(retailer))
    assert revived.json()["points"]["earned"] == 10
    await assert_books_agree(owner, retailer.services.database)


def at(retailer):
    return {"occurred_at": retailer.clock.now().isoformat()}


@pytest.mark.parametrize("placed", [False, True])
@pytest.mark.parametrize("grant", [{}, {"grant": {"kind": "limited", "days": 30}}])
async def test_a_revival_has_its_base_again_where_a_replacing_rate_has_run_dry(retailer, owner, placed, grant):
    instead = {"kind": "rate", "mode": "replace", "percent": 5}
    await live(retailer, "five", effects=[instead], limits=[{"measure": "points", "most": 150}], **grant)
    await live(retailer, "more", effects=[{"kind": "points", "points": 7}])
    member, other = await retailer.member(), await retailer.member()
    shop = {"shop": "web", "status": "placed"} if placed else {}
    lines = [{"line": 1, "amount": 1100}, {"line": 2, "amount": 1100}]
    sale = await retailer.buys(0, member, lines=lines, **shop)
    assert points_of(sale) == {"campaign:five": 100, "campaign:more": 7}
    path = f"/v1/purchases/{sale['id']}"
    if not placed:  # Half of it comes back first: 1,000 of base are left.
        assert (await back(retailer, sale))["points"]["earned_reversed"] == 50
    assert (await retailer.act(f"{path}/cancel", at(retailer))).status_code == 200
    await retailer.buys(3190, other)
    assert await drawn(owner, "five") == 145
    revived = (await retailer.act(f"{path}/revive", at(retailer))).json()
    # What the return took had been given: the breakdown goes on telling it, so that it sums to what there was.
    took = {} if placed else {"campaign:five": 50, "base": 10} if grant else {"campaign:five": 40}
    left = {rule: points for rule, points in points_of(revived).items() if rule != "returned"}
    assert left == {"base": 20, "campaign:more": 7} | took
    assert reasons_of(revived) == {"campaign:five": "limit_reached"}
    assert await drawn(owner, "five") == 145
    if placed:
        assert (revived["points"]["pending"], revived["points"]["earned"]) == (27, 0)
        assert (await retailer.act(f"{path}/complete", at(retailer))).status_code == 200
        assert await retailer.points(member) == 27
        assert (await back(retailer, sale))["points"]["earned_reversed"] == 10
    else:
        assert await retailer.points(member) == 17
    assert (await back(retailer, sale, line=2))["points"]["earned_reversed"] == 17
    assert await retailer.points(member) == 0
    await assert_books_agree(owner, retailer.services.database)


async def test_limits_per_member_shop_and_day(retailer):
    limits = [{"measure": "uses", "most": 1, "per": ["member", "day"]}, {"measure": "uses", "most": 2, "per": ["shop"]}]
    await live(retailer, effects=[{"kind": "points", "points": 50}], limits=limits)
    one, two, three = [await retailer.member() for _ in range(3)]

    async def given(member, shop="shibuya"):
        return points_of(await retailer.buys(1100, member, shop=shop)).get("campaign:double", 0)

    assert [await given(one), await given(one), await given(two), await given(three)] == [50, 0, 50, 0]
    assert await given(three, "yokohama") == 50
    retailer.clock.advance(days=1)
    assert [await given(one), await given(one, "yokohama"), await given(one, "yokohama")] == [0, 50, 0]


async def test_rule_31_first_and_nth_purchase_count_what_was_not_returned(retailer):
    await live(retailer, "first", effects=[{"kind": "points", "points": 500}], conditions={"first_purchase": "ever"})
    await live(retailer, "web", effects=[{"kind": "points", "points": 200}], conditions={"first_purchase": "channel"})
    await live(retailer, "third", effects=[{"kind": "points", "points": 100}], conditions={"nth_purchase": [3]})
    member = await retailer.member()
    first = await retailer.buys(1100, member)
    assert points_of(first) == {"base": 10, "campaign:first": 500, "campaign:web": 200}
    assert reasons_of(first) == {"campaign:third": "not_nth_purchase"}
    await back(retailer, first)
    again = await retailer.buys(1100, member)
    assert points_of(again) == {"base": 10, "campaign:first": 500, "campaign:web": 200}
    online = await retailer.buys(1100, member, shop="web", status="placed")
    assert points_of(online) == {"base": 10, "campaign:web": 200}
    assert points_of(await retailer.buys(1100, member)) == {"base": 10, "campaign:third": 100}


async def test_two_first_purchases_at_once_are_one(retailer):
    await live(retailer, "first", effects=[{"kind": "points", "points": 500}], conditions={"first_purchase": "ever"})
    member = await retailer.member()
    sales = await asyncio.gather(*(retailer.buys(1100, member) for _ in range(12)))
    assert sum(points_of(sale).get("campaign:first", 0) for sale in sales) == 500


async def test_traits_products_regions_and_signals(retailer):
    server = retailer.server
    put = await server.put("/v1/shops/shibuya", json={"name": "渋谷店", "region": "関東"})
    assert put.json()["region"] == "関東"
    product = {"name": "美容液", "brand": "花", "maker": "甲", "tags": ["新製品"], "clearance": True}
    assert (await server.put("/v1/products/B-1", json=product)).status_code == 201
    await live(retailer, "birth", conditions={"birth_month": True}, effects=[{"kind": "points", "points": 1}])
    await live(retailer, "brand", conditions={"products": {"brands": ["花"], "tags": ["新製品"]}})
    await live(retailer, "bargain", effects=[{"kind": "rate", "mode": "replace", "percent": 0.1}],
               conditions={"products": {"clearance": True}})  # fmt: skip
    await live(retailer, "rain", effects=[{"kind": "points", "points": 2}],
               conditions={"regions": ["関東"], "signals": [{"name": "weather", "is": ["rain"]}]})  # fmt: skip
    member = await retailer.member(birth_date="1990-11-03")
    lines = [{"line": 1, "amount": 11_000, "sku": "B-1"}, {"line": 2, "amount": 11_000, "sku": "B-2"}]
    sale = await retailer.buys(0, member, lines=lines)
    assert points_of(sale) == {"base": 100, "campaign:birth": 1, "campaign:bargain": 10, "campaign:brand": 100}
    assert reasons_of(sale) == {"campaign:rain": "signal"}
    signal = {"value": "rain", "place": "関東", "source": "test"}
    assert (await server.put("/v1/signals/weather", json=signal)).json()["items"][0]["value"] == "rain"
    assert points_of(await retailer.buys(1100, member))["campaign:rain"] == 2
    elsewhere = await retailer.buys(1100, member, shop="yokohama")
    assert reasons_of(elsewhere)["campaign:rain"] == "not_this_region"


async def test_segments_are_those_that_were_put(retailer):
    await live(retailer, effects=[{"kind": "points", "points": 5}],
               conditions={"segments": ["vip"], "not_segments": ["staff"]})  # fmt: skip
    member = await retailer.member()
    path = f"/v1/members/{member['id']}/segments"
    for segments, reason in ((["vip"], None), (["staff", "vip"], "not_in_segment"), ([], "not_in_segment")):
        put = await retailer.server.put(path, json={"segments": segments})
        assert put.json() == (await retailer.readonly.get(path)).json() == {"segments": segments}
        assert reasons_of(await retailer.buys(1100, member)).get("campaign:double") == reason
    refused = await retailer.shibuya.put(path, json={"segments": []})
    assert refused.status_code == 403


async def test_a_change_that_leaves_too_little_is_refused(retailer):
    await live(retailer)
    for change, field in (({"name": None}, "name"), ({"effects": None}, "effects"), ({"code": "x"}, "code")):
        answer = await retailer.server.patch("/v1/campaigns/double", json=change)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_a_quote_and_a_dry_run_say_what_the_sale_then_earns(retailer):
    steps = {"kind": "steps", "steps": [{"from": 1000, "points": 10}, {"from": 1400, "points": 60}]}
    body = {"code": "c", "name": "お買い得", "effects": [steps], "limits": [{"measure": "points", "most": 100}]}
    assert (await retailer.server.post("/v1/campaigns", json=body)).status_code == 201
    member = await retailer.member()
    told = await retailer.server.post("/v1/campaigns/c/dry_run", json=quoted(retailer, 1100, member))
    assert told.status_code == 200, told.text
    before = (await quote(retailer.server, quoted(retailer, 1100, member)))["points"]
    assert before["breakdown"] == [line for line in told.json()["points"]["breakdown"] if line["rule"] == "base"]
    await activated(retailer, "c")
    now = await quote(retailer.server, quoted(retailer, 1100, member))
    done = await retailer.buys(1100, member)
    assert told.json()["points"] == now["points"] == done["points"]
    assert points_of(done) == {"base": 10, "campaign:c": 10}
    assert {"rule": "campaign:c", "missing": 400, "points": 50} in now["next"]
    shown = await retailer.server.get(f"/v1/purchases/{done['id']}")
    for points in (done["points"], shown.json()["points"]):  # 400 yen of the base, which is 440 yen at the till.
        assert points["not_applied"][-1]["text"].endswith("あと400円（税抜）でさらに50ポイント進呈")


async def test_rule_7_a_changed_order_is_decided_by_the_campaigns_of_its_own_time(retailer, owner):
    await live(retailer, effects=[{"kind": "every", "amount": 1000, "points": 10}],
               limits=[{"measure": "points", "most": 100}])  # fmt: skip
    member = await retailer.member()
    order = await retailer.buys(5500, member, shop="web", status="placed")
    assert points_of(order) == {"base": 50, "campaign:double": 50}
    stopped = await retailer.server.post("/v1/campaigns/double/stop", json={})
    assert stopped.status_code == 200
    retailer.clock.advance(hours=1)
    path = f"/v1/purchases/{order['id']}/lines"
    body = {"lines": [{"line": 1, "amount": 16_500}]}
    changed = await retailer.server.put(path, json=body, headers={"Idempotency-Key": "k1"})
    assert points_of(changed.json()) == {"base": 150, "campaign:double": 100}
    assert await drawn(owner, "double") == 100
    body = {"lines": [{"line": 1, "amount": 2200}]}
    changed = await retailer.server.put(path, json=body, headers={"Idempotency-Key": "k2"})
    assert points_of(changed.json()) == {"base": 20, "campaign:double": 20}
    assert await drawn(owner, "double") == 20
    await assert_books_agree(owner, retailer.services.database)


async def test_rule_11_a_claimed_receipt_earns_by_the_campaigns_of_the_sale(retailer, owner):
    await retailer.server.put("/v1/products/B-1", json={"name": "美容液", "brand": "花"})
    await live(retailer, conditions={"products": {"brands": ["花"]}, "first_purchase": "ever"},
               limits=[{"measure": "points", "most": 50}], grant={"kind": "limited"})  # fmt: skip
    sale = await retailer.buys(0, lines=[{"line": 1, "amount": 11_000, "sku": "B-1"}])
    await retailer.server.post("/v1/campaigns/double/stop", json={})
    retailer.clock.advance(days=1)
    member = await retailer.member()
    claim = {"member": {"kind": "member_id", "value": member["id"]}}
    claimed = await retailer.act(f"/v1/purchases/{sale['id']}/claim", claim)
    assert points_of(claimed.json()) == {"base": 100, "campaign:double": 50}
    await back(retailer, sale)
    assert await retailer.points(member) == 0
    assert await drawn(owner, "double") == 0
    await assert_books_agree(owner, retailer.services.database)


async def test_a_change_is_a_new_version_that_counts_once_activated(retailer):
    await live(retailer, conditions={"shops": ["shibuya"], "amount_min": 500})
    member = await retailer.member()
    changed = await retailer.server.patch(
        "/v1/campaigns/double", json={"name": "三倍", "effects": [{"kind": "rate", "multiplier": 3}],
                                      "conditions": {"amount_min": None}}
    )  # fmt: skip
    assert changed.status_code == 200, changed.text
    shown = changed.json()
    assert (shown["version"], shown["live_version"], shown["conditions"]) == (2, 1, {"shops": ["shibuya"]})
    assert points_of(await retailer.buys(1100, member)) == {"base": 10, "campaign:double": 10}
    old = await retailer.buys(1100, member)
    await activated(retailer, "double")
    new = await retailer.buys(1100, member)
    assert points_of(new) == {"base": 10, "campaign:double": 20}
    assert new["points"]["breakdown"][1]["version"] == 2
    assert (await back(retailer, old))["points"]["earned_reversed"] == 20
    listed = (await retailer.server.get("/v1/campaigns")).json()["items"]
    assert [(each["code"], each["version"], each["state"]) for each in listed] == [("double", 2, "live")]


async def test_above_the_programmes_limit_a_second_person_approves(retailer):
    from goen.actions.keys import create_key

    body = {"campaigns": {"approval_above": 10_000}}
    assert (await retailer.server.put("/v1/programme", json=body)).status_code == 200
    retailer.clock.advance(seconds=3)
    small = {"effects": [{"kind": "points", "points": 10}], "limits": [{"measure": "points", "most": 10_000}]}
    assert (await live(retailer, "small", **small))["state"] != "waiting"
    large = await live(retailer, "large", limits=[{"measure": "points", "most": 10_001}])
    assert (large["state"], large["checks"]["needs_approval"]) == ("waiting", True)
    assert large["checks"]["worst_case"] == {"points": 10_001, "yen": 10_001, "per_sale": None, "bound": "points/all"}
    assert (await live(retailer, "open"))["state"] == "waiting"
    member = await retailer.member()
    assert points_of(await retailer.buys(1100, member)) == {"base": 10, "campaign:small": 10}
    alone = await retailer.server.post("/v1/campaigns/large/approve", json={})
    assert (alone.status_code, alone.json()["code"]) == (409, "second_person_needed")
    key = await create_key(retailer.services.database, integration="head", role="server", shop=None, device=None,
                           author="test", now=retailer.clock.now())  # fmt: skip
    other = {"Authorization": f"Bearer {key}"}
    approved = await retailer.server.post("/v1/campaigns/large/approve", json={}, headers=other)
    assert approved.status_code == 200, approved.text
    assert approved.json()["approved_by"] == ["head"]
    retailer.clock.advance(seconds=3)
    assert points_of(await retailer.buys(1100, member)) == {"base": 10, "campaign:large": 10, "campaign:small": 10}


async def test_coupons_above_the_limit_wait_for_a_second_person(retailer):
    body = {"campaigns": {"approval_above": 10_000}}
    assert (await retailer.server.put("/v1/programme", json=body)).status_code == 200
    kind = {"code": "big", "name": "5万円引き", "effect": {"kind": "amount", "yen": 50_000}}
    assert (await retailer.server.post("/v1/coupon_kinds", json=kind)).status_code == 201
    retailer.clock.advance(seconds=3)
    most = [{"measure": "uses", "most": 100_000}]
    for code, effect in (
        ("each", {"kind": "coupon", "coupon": "big"}),
        ("card", {"kind": "stamps", "full": 2, "coupon": "big"}),
    ):
        told = await live(retailer, code, effects=[effect], limits=most)
        assert (told["state"], told["checks"]["worst_case"]["yen"]) == ("waiting", 5_000_000_000)
    small = [{"measure": "uses", "most": 1}]
    smaller = {"effect": {"kind": "amount", "yen": 10_000}}
    assert (await retailer.server.patch("/v1/coupon_kinds/big", json=smaller)).status_code == 200
    told = await live(retailer, "one", effects=[{"kind": "coupon", "coupon": "big"}], limits=small)
    assert (told["state"] != "waiting", told["checks"]["worst_case"]["yen"]) == (True, 10_000)


async def test_the_worst_case_counts_everybody_who_may_earn(retailer):
    members = [await retailer.member(), await retailer.member(), await retailer.member(provisional=True)]
    frozen = await retailer.server.post(f"/v1/members/{members[1]['id']}/freeze", json={"reason": "紛失"})
    assert frozen.json()["status"] == "frozen"
    gone = await retailer.member()
    assert (await retailer.server.delete(f"/v1/members/{gone['id']}")).status_code == 204
    body = {"campaigns": {"approval_above": 299}}
    assert (await retailer.server.put("/v1/programme", json=body)).status_code == 200
    retailer.clock.advance(seconds=3)
    most = {"limits": [{"measure": "points", "most": 100, "per": ["member"]}]}
    told = await live(retailer, "each", ends_at="2026-12-31T00:00:00+09:00", **most)
    assert (told["checks"]["worst_case"]["points"], told["state"]) == (300, "waiting")
    for member in members[1:]:
        assert (await retailer.buys(1100, member))["points"]["earned"] == 10
    on = await live(retailer, "on", **most)
    assert (on["checks"]["worst_case"]["points"], on["state"]) == (None, "waiting")


async def test_checks_name_overlaps_and_what_nothing_bounds(retailer):
    await live(retailer, "shop", conditions={"shops": ["shibuya"]}, stacking={"group": "g"})
    await live(retailer, "web", conditions={"channels": ["ec"]})
    answer = await retailer.server.post(
        "/v1/campaigns",
        json={"code": "x", "name": "重複", "effects": [{"kind": "points", "points": 300}],
              "conditions": {"shops": ["shibuya"]}, "stacking": {"group": "g"}},
    )  # fmt: skip
    checks = answer.json()["checks"]
    assert checks["overlaps"] == [{"code": "shop", "version": 1, "how": "group"}]
    assert checks["law"] == {"premiums": "discount", "payment_services": "outside", "warnings": []}
    assert [finding["code"] for finding in checks["findings"]] == ["unbounded"]
    assert checks["worst_case"]["per_sale"] == 300


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"effects": [{"kind": "rate"}]}, "effects.0"),
        ({"effects": [{"kind": "rate", "multiplier": 1}]}, "effects.0.multiplier"),
        ({"effects": []}, "effects"),
        ({"effects": [{"kind": "points", "points": 0}]}, "effects.0.points"),
        ({"starts_at": "2026-12-01T00:00:00+09:00", "ends_at": "2026-11-01T00:00:00+09:00"}, "ends_at"),
        ({"limits": [{"measure": "points", "most": 1}] * 2}, "limits.1"),
        ({"grant": {"days": 3}}, "grant.kind"),
        ({"conditions": {"signals": [{"name": "w"}]}}, "conditions.signals.0"),
        ({"conditions": {"products": {}}}, "conditions.products"),
        ({"conditions": {"rain": True}}, "conditions.rain"),
        ({"code": "a/b"}, "code"),
    ],
)
async def test_what_contradicts_itself_is_refused_by_name(retailer, change, field):
    body = {"code": "x", "name": "x", "effects": [{"kind": "points", "points": 1}]} | change
    answer = await retailer.server.post("/v1/campaigns", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_refusals_and_roles(retailer):
    await live(retailer)
    post, get = retailer.server.post, retailer.server.get
    body = {"code": "double", "name": "x", "effects": [{"kind": "points", "points": 1}]}
    for answer, status, code in (
        (await post("/v1/campaigns", json=body), 409, "campaign_exists"),
        (await get("/v1/campaigns/none"), 404, "unknown_campaign"),
        (await post("/v1/campaigns/none/activate", json={}), 404, "unknown_campaign"),
        (await post("/v1/campaigns/none/dry_run", json=quoted(retailer)), 404, "unknown_campaign"),
        (await retailer.shibuya.post("/v1/campaigns", json=body), 403, "forbidden"),
        (await retailer.web.put("/v1/signals/weather", json={"value": 1}), 403, "forbidden"),
        (await retailer.readonly.post("/v1/campaigns/double/stop", json={}), 403, "forbidden"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    draft = await post("/v1/campaigns", json=body | {"code": "draft"})
    assert draft.json()["state"] == "draft"
    assert (await post("/v1/campaigns/draft/stop", json={})).json()["code"] == "campaign_state"


async def test_what_one_act_of_a_batch_gives_back_or_buys_the_next_one_sees(retailer, owner):
    """A claim asks for limits and history only once it is decided, behind others of the same commit."""
    most = [{"measure": "points", "most": 50}]
    await live(retailer, "one", effects=[{"kind": "points", "points": 70}], limits=most)
    await live(retailer, "first", effects=[{"kind": "points", "points": 500}], conditions={"first_purchase": "ever"})
    other, member = await retailer.member(), await retailer.member()
    drew, receipt = await retailer.buys(1100, other), await retailer.buys(1100)
    services, now = retailer.services, retailer.clock.now()
    key, shop = Principal(1, "server", "server"), services.context.shops.by_code("shibuya")
    card = presented("card", member["identifiers"][0]["value"], member_id_of=member_id_of)

    def sale(moment):
        ask = Purchase(
            shop="shibuya", external_id=f"x-{moment}", occurred_at=moment, lines=(Line(line=1, amount=1100),)
        )
        return RecordPurchase(ask, shop, card, key, services.context, proven=SHOWN, now=now)

    whole = AnyReturnAsk(
        external_id="r-1", occurred_at=now, lines=(ReturnedLine(line=1),), purchase=PurchaseRef(id=drew["id"])
    )
    acts = [
        sale(now - timedelta(days=2)),  # While this is committed the others gather.
        ReturnGoods(whole, shop, key, services.context, now, sold_at=None),
        sale(now - timedelta(days=1)),
        ClaimPurchase(receipt["id"], card, "k-1", key, services.context, now),
    ]
    answers = await asyncio.gather(*map(services.till.post, acts))
    told = [points_of(msgspec.json.decode(answer.body)) for answer in answers[2:]]
    # The sales of days before came by no campaign; the claimed one is not the first any more.
    assert told == [{"base": 10}, {"base": 10, "campaign:one": 50}]
    assert await drawn(owner, "one") == 50
    await assert_books_agree(owner, retailer.services.database)
