"""Draws over HTTP: odds published, seed sealed and revealed, stock never exceeded, the caps of the law kept."""

from __future__ import annotations

import asyncio
import hmac
import json
from datetime import timedelta
from hashlib import sha256

from goen.jobs.schedule import decide_draws

from .acts import given
from .test_coupons import kind
from .test_rewards import proven
from .test_standing import runs
from .words import cancels, named, ok, programme, refused

FIFTY = {"code": "p50", "name": "50ポイント", "count": 3, "odds": 100, "gives": {"kind": "points", "points": 50}}
MUG = {"code": "mug", "name": "マグカップ", "name_en": "Mug", "count": 2, "value": 800, "gives": {"kind": "gift"}}


async def draw(retailer, code="lot", live=True, **fields):
    start = retailer.clock.now()
    body = {
        "name": "冬の抽選会", "method": "instant", "prizes": [FIFTY], "entrance": {"kind": "day"},
        "starts_at": start.isoformat(), "ends_at": (start + timedelta(days=7)).isoformat(),
    } | fields  # fmt: skip
    made = ok(await retailer.server.put(f"/v1/draws/{code}", json=body))
    if live:
        made = ok(await retailer.server.post(f"/v1/draws/{code}/activate", json={}))
    return made


async def enters(retailer, member, code="lot", client=None, key=None, **fields):
    headers = {"Idempotency-Key": key or f"draw-{retailer.number()}"}
    body = {"member": named(member), **fields}
    return await (client or retailer.server).post(f"/v1/draws/{code}/entries", json=body, headers=headers)


async def over(retailer):
    retailer.clock.advance(days=7, minutes=2)
    return await runs(retailer, decide_draws, decide_draws)


async def entries(retailer, code="lot", **query):
    return ok(await retailer.readonly.get(f"/v1/draws/{code}/entries", params={"limit": 100, **query}))["items"]


async def test_an_instant_draw_gives_what_its_sealed_seed_says_once_a_day(retailer):
    prizes = [FIFTY | {"odds": 40, "count": 100}, MUG | {"odds": 30, "count": 100}]
    made = await draw(retailer, prizes=prizes, wins_max=None)
    assert (made["state"], made["seed"], len(made["seed_hash"])) == ("live", None, 64)
    assert made["text"] == [
        "お一人様1日1口（お買い物は不要です）", "50ポイント: 当選確率40%（100名様分、なくなり次第終了）",
        "マグカップ: 当選確率30%（100名様分、なくなり次第終了）",
    ]  # fmt: skip
    people = [await retailer.member() for _ in range(12)]
    first = await enters(retailer, people[0], key="once")
    assert (await enters(retailer, people[0], key="once")).content == first.content
    refused(await enters(retailer, people[0]), "draw_entry_not_possible", reason="already")
    for member in people[1:]:
        ok(await enters(retailer, member), 201)
    assert await over(retailer) == [0, 0]
    told = ok(await retailer.readonly.get("/v1/draws/lot", headers={"Accept-Language": "en"}))
    seed = bytes.fromhex(told["seed"])
    assert (told["state"], sha256(seed).hexdigest()) == ("drawn", made["seed_hash"])
    seen = await entries(retailer)
    assert len(seen) == 12
    for entry in seen:
        share = int.from_bytes(hmac.digest(seed, f"{entry['id']}/1".encode(), sha256), "big") / 2**256
        expected = "p50" if share < 0.4 else "mug" if share < 0.7 else None
        assert [each["prize"] for each in entry["won"]] == ([expected] if expected else []), share
    won = {each["code"]: each["won"] for each in told["standing"]}
    assert sum([await retailer.points(each) for each in people]) == 50 * won["p50"]
    refused(await enters(retailer, people[0]), "draw_entry_not_possible", reason="over")
    await proven(retailer)


async def test_a_prize_in_words_and_a_coupon_as_prize(retailer):
    await kind(retailer, code="c100")
    coupon = {"code": "c", "name": "クーポン", "count": 1, "odds": 100, "value": 100}
    await draw(retailer, "c", prizes=[coupon | {"gives": {"kind": "coupon", "coupon": "c100"}}])
    member, other = await retailer.member(), await retailer.member()
    [ticket] = ok(await enters(retailer, member, "c"), 201)["tickets"]
    assert (ticket["prize"], ticket["text"]) == ("c", "当選: クーポン")
    items = ok(await retailer.server.get(f"/v1/members/{member['id']}/coupons"))["items"]
    assert [each["code"] for each in items] == [ticket["coupon"]]
    [lost] = ok(await enters(retailer, other, "c"), 201)["tickets"]
    assert (lost["prize"], lost["text"]) == (None, "残念ながらはずれです")
    await draw(retailer, "p")
    ok(await enters(retailer, member, "p"), 201)
    [entry] = ok(await retailer.server.get(f"/v1/members/{member['id']}/entries"))["items"]
    assert (entry["kind"], entry["points"], entry["text"]) == ("bonus", 50, "ボーナスポイント（抽選の賞品）")
    await proven(retailer)


async def test_tickets_for_points_are_paid_and_a_till_proves_it(retailer):
    member = await retailer.member()
    await given(retailer, member, 3000)
    await draw(
        retailer, entrance={"kind": "points", "points": 600}, expected_sales=1_000_000, tickets_max=4, wins_max=2
    )
    refused(await enters(retailer, member, client=retailer.shibuya, tickets=2), "proof_required")
    made = ok(await enters(retailer, member, tickets=3), 201)
    assert (made["points"], [each["prize"] for each in made["tickets"]]) == (1800, ["p50", "p50", None])
    assert made["balance"]["available"] == 3000 - 1800 + 100
    refused(await enters(retailer, member, tickets=2), "draw_entry_not_possible", reason="tickets_max")
    refused(await enters(retailer, member, purchase="p_1_1"), "invalid_request")
    texts = [each["text"] for each in ok(await retailer.server.get(f"/v1/members/{member['id']}/entries"))["items"]]
    assert "ポイント利用（抽選への応募）" in texts
    await proven(retailer)


async def test_a_draw_by_purchases_is_decided_at_the_end_without_what_came_back(retailer):
    prizes = [MUG, FIFTY | {"odds": None, "count": 1, "gives": {"kind": "points", "points": 500}}]
    made = await draw(
        retailer, method="end", prizes=prizes, entrance={"kind": "purchase", "every": 1000}, expected_sales=1_000_000
    )  # fmt: skip
    assert made["text"][1] == "マグカップ: 応募期間終了後、抽選で2名様"
    people = [await retailer.member() for _ in range(5)]
    sales = [await retailer.buys(1100 * (n + 1), member) for n, member in enumerate(people)]
    for member, sale in zip(people, sales, strict=True):
        told = ok(await enters(retailer, member, purchase=sale["id"]), 201)
        assert told["tickets"][0]["text"] == "応募を受け付けました"
    assert len(told["tickets"]) == 5
    refused(await enters(retailer, people[0], purchase=sales[0]["id"]), "draw_entry_not_possible", reason="already")
    refused(await enters(retailer, people[0], purchase=sales[1]["id"]), "draw_entry_not_possible", reason="not_theirs")
    small = await retailer.buys(550, people[0])
    refused(await enters(retailer, people[0], purchase=small["id"]), "draw_entry_not_possible", reason="too_little")
    order = await retailer.buys(5500, people[0], shop="web", status="placed")
    refused(await enters(retailer, people[0], purchase=order["id"]), "draw_entry_not_possible", reason="purchase_state")
    for sale in sales[3:]:
        await cancels(retailer, sale)
    assert await over(retailer) == [3, 0]
    won = {each["member_id"]: each["won"] for each in await entries(retailer, won=True)}
    assert set(won) == {each["id"] for each in people[:3]}
    assert sorted(prize["prize"] for each in won.values() for prize in each) == ["mug", "mug", "p50"]
    seed = bytes.fromhex(ok(await retailer.readonly.get("/v1/draws/lot"))["seed"])
    standing = [e for e in await entries(retailer) if e["member_id"] in won]
    ranked = sorted(
        ((e, n) for e in standing for n in range(1, e["tickets"] + 1)),
        key=lambda each: hmac.digest(seed, f"{each[0]['id']}/{each[1]}".encode(), sha256),
    )
    first = list(dict.fromkeys(e["member_id"] for e, _ in ranked))
    assert [won[each][0]["prize"] for each in first] == ["mug", "mug", "p50"]
    await proven(retailer)


async def test_the_last_prize_is_won_once_however_many_enter_at_once(retailer):
    await draw(retailer, prizes=[FIFTY])
    people = [await retailer.member() for _ in range(40)]
    answers = await asyncio.gather(*(enters(retailer, member) for member in people))
    won = [ok(each, 201)["tickets"][0]["prize"] for each in answers]
    assert (won.count("p50"), won.count(None)) == (3, 37)
    assert sum([await retailer.points(each) for each in people]) == 150


async def test_rule_53_what_is_above_the_caps_does_not_go_live(retailer):
    by_purchase = {"entrance": {"kind": "purchase", "every": 100}, "expected_sales": 1_000_000}
    for changes, field, code in (
        ({"prizes": [MUG | {"odds": 1, "value": 2001}], **by_purchase}, "prizes.0.value", "prize_above_cap"),
        ({"prizes": [FIFTY | {"gives": {"kind": "points", "points": 2001}}], **by_purchase}, "prizes.0.value", None),
        ({"prizes": [MUG | {"odds": 1, "count": 26}], **by_purchase}, "expected_sales", "prizes_above_cap"),
        (by_purchase | {"expected_sales": None}, "expected_sales", "expected_sales_missing"),
        ({"prizes": [FIFTY, FIFTY]}, "prizes", "same_code_twice"),
        ({"prizes": [FIFTY | {"odds": None}]}, "prizes.0.odds", "odds_of_instant"),
    ):
        made = await draw(retailer, "wrong", live=False, **changes)
        findings = {(each["field"], each["code"]) for each in made["findings"]}
        assert code is None or (field, code) in findings, made["findings"]
        answer = await retailer.server.post("/v1/draws/wrong/activate", json={})
        assert refused(answer, "invalid_request")["errors"][0]["field"] == field
    for odds in ("1E+999999999", "100.1", "0.0000001", "0"):
        prizes = [MUG | {"odds": "ODDS"}]
        body = {k: made[k] for k in ("name", "method", "entrance", "starts_at", "ends_at")} | {"prizes": prizes}
        sent = json.dumps(body).replace('"ODDS"', odds)
        answer = await retailer.server.put("/v1/draws/odd", content=sent, headers={"Content-Type": "application/json"})
        assert refused(answer, "invalid_request")["errors"][0]["field"] == "prizes.0.odds", odds
    ok(await retailer.server.get("/v1/draws"))
    dear = await draw(retailer, "open", prizes=[MUG | {"odds": 1, "value": 300_000}])
    assert dear["findings"] == []  # Without a purchase it is an open draw.
    changed = await retailer.server.put("/v1/draws/open", json={k: dear[k] for k in (
        "name", "method", "prizes", "entrance", "starts_at", "ends_at",
    )})  # fmt: skip
    refused(changed, "draw_state", state="live")
    await programme(retailer, campaigns={"approval_above": 1000})
    await draw(retailer, "big", live=False, prizes=[MUG | {"odds": 1}])
    refused(await retailer.server.post("/v1/draws/big/activate", json={}), "second_person_needed")
    refused(await retailer.server.post("/v1/draws/big/stop", json={}), "draw_state", state="draft")
    assert ok(await retailer.server.post("/v1/draws/open/stop", json={}))["state"] == "stopped"
    refused(await enters(retailer, await retailer.member(), "open"), "draw_entry_not_possible", reason="not_live")
    refused(await enters(retailer, await retailer.member(), "none"), "unknown_draw", status=404)
