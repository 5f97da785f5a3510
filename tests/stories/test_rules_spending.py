"""Rules 19 to 22, 43 and 48 over HTTP: what points pay, holds, proof, tills without a line, points by hand."""

import asyncio
from datetime import timedelta

import jwt
import pytest

from goen.actions.members.pin import set_pin
from goen.members.ids import member_id_of
from goen.shops.model import Principal
from stories.words import at, dates, entries, gives, lines, lots, named, now, ok, orders, programme, refused, sweep


async def pays(client, retailer, member, points, amount=5000, **changes):
    return await client.post("/v1/purchases", json=retailer.sale(amount, member, use_points=points, **changes))


async def test_rule_19_two_points_pay_one_yen_in_steps_of_two(retailer):
    member = await retailer.member()
    await gives(retailer, member, 1001)
    await programme(retailer, point_value=0.5, use={"min": 10, "unit": 2, "max": 600})
    done = ok(await pays(retailer.server, retailer, member, 400), 201)
    assert (done["payable"], done["points"]["used"]) == (4800, 400)
    for points in (8, 401, 602):
        refused(await pays(retailer.server, retailer, member, points), "use_limit", min=10, unit=2, max=600)


async def test_rule_19_a_cap_by_percent_and_goods_points_may_not_pay_for(retailer):
    member = await retailer.member()
    await gives(retailer, member, 10_000)
    await programme(retailer, use={"max_percent": 50, "excluded_categories": ["tobacco"], "postage": False})
    basket = [{"line": 1, "amount": 3000, "category": "tobacco"}, {"line": 2, "amount": 1000}]
    body = retailer.sale(member=member, lines=basket, postage=500)
    for points, most in ((1001, 1000), (2500, 1000)):
        answer = await retailer.server.post("/v1/purchases", json=body | {"use_points": points})
        refused(answer, "use_limit", max=most)
    ok(await retailer.server.post("/v1/purchases", json=body | {"use_points": 1000}), 201)
    answer = await retailer.server.post("/v1/purchases", json=retailer.sale(1000, member, use_points=501))
    refused(answer, "use_limit", max=500)


async def test_rule_19_more_points_than_there_is_to_pay_are_a_mistake(retailer):
    member = await retailer.member()
    await gives(retailer, member, 10_000)
    answer = await pays(retailer.server, retailer, member, 5001)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "use_points")


async def holds(retailer, member, points, seconds=600, client=None, **changes):
    body = {"member": named(member), "points": points, "shop": "web", "expires_in": seconds, **changes}
    headers = {"Idempotency-Key": f"hold-{retailer.number()}"}
    return await (client or retailer.server).post("/v1/holds", json=body, headers=headers)


async def test_rule_21_a_hold_is_captured_once_and_the_rest_is_freed(retailer):
    member = await retailer.member()
    await gives(retailer, member, 500)
    hold = ok(await holds(retailer, member, 400), 201)
    assert hold["balance"] == {"available": 100, "pending": 0, "held": 400}
    done = ok(await retailer.act(f"/v1/holds/{hold['id']}/capture", {"points": 150}, "capture"))
    assert (done["status"], done["captured"], done["balance"]["available"]) == ("captured", 150, 350)
    again = await retailer.act(f"/v1/holds/{hold['id']}/capture", {"points": 150}, "capture")
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (done, "true")
    refused(await retailer.act(f"/v1/holds/{hold['id']}/release"), "hold_state")
    assert await retailer.points(member) == 350


async def test_rule_21_a_release_by_many_at_once_frees_the_points_once(retailer):
    member = await retailer.member()
    await gives(retailer, member, 1000)
    hold = ok(await holds(retailer, member, 1000, seconds=60), 201)
    answers = await asyncio.gather(*(retailer.act(f"/v1/holds/{hold['id']}/release") for _ in range(20)))
    assert sorted(a.status_code for a in answers) == [200] + [409] * 19
    retailer.clock.advance(seconds=61)
    await sweep(retailer)
    assert await retailer.points(member) == 1000
    assert [e["points"] for e in await entries(retailer, member)] == [1000]


async def test_rule_21_a_hold_frees_its_points_at_its_time_without_any_job(retailer):
    member = await retailer.member()
    await gives(retailer, member, 100)
    hold = ok(await holds(retailer, member, 100, seconds=60), 201)
    retailer.clock.advance(seconds=59)
    refused(await pays(retailer.server, retailer, member, 1), "not_enough_points", available=0)
    retailer.clock.advance(seconds=1)
    assert await retailer.points(member) == 100
    ok(await pays(retailer.server, retailer, member, 100), 201)
    refused(await retailer.act(f"/v1/holds/{hold['id']}/capture"), "hold_state")


async def test_rule_21_held_points_pay_for_the_sale_though_their_day_has_passed(retailer):
    member = await retailer.member()
    await gives(retailer, member, 300, expires_on="2026-11-22")
    hold = ok(await holds(retailer, member, 200, seconds=86_400), 201)
    at(retailer, "2026-11-23", 1)
    assert (await retailer.balance(member))["held"] == 200
    sale = ok(await pays(retailer.server, retailer, member, 150, hold=hold["id"]), 201)
    assert sale["balance"] == {"available": 44, "pending": 0, "held": 0}
    back = await retailer.server.post(
        f"/v1/purchases/{sale['id']}/returns",
        json={"external_id": "r", "occurred_at": now(retailer), "lines": [{"line": 1}]},
    )
    assert (back.json()["points"]["used_restored"], back.json()["points"]["expired_lost"]) == (0, 150)


async def test_rule_21_a_sale_without_points_lets_its_hold_go(retailer):
    member = await retailer.member()
    await gives(retailer, member, 300)
    hold = ok(await holds(retailer, member, 200), 201)
    sale = ok(await pays(retailer.server, retailer, member, 0, hold=hold["id"]), 201)
    assert sale["balance"] == {"available": 345, "pending": 0, "held": 0}
    assert ok(await retailer.readonly.get(f"/v1/holds/{hold['id']}"))["status"] == "released"


async def test_rule_21_a_hold_of_another_member_or_too_small_is_refused(retailer):
    member, other = await retailer.member(), await retailer.member()
    await gives(retailer, member, 300)
    hold = ok(await holds(retailer, member, 200), 201)
    refused(await pays(retailer.server, retailer, other, 100, hold=hold["id"]), "unknown_hold")
    refused(await pays(retailer.server, retailer, member, 201, hold=hold["id"]), "invalid_request")
    order = await orders(retailer, 1100, member, use_points=50)
    own = order["id"].replace("p_", "h_", 1)
    refused(await retailer.act(f"/v1/holds/{own}/release"), "hold_state")


async def test_rule_22_spends_in_store_web_and_holds_at_once_never_exceed_the_balance(retailer):
    member = await retailer.member()
    await gives(retailer, member, 1000)
    asks = [pays(retailer.server, retailer, member, 90, amount=100) for _ in range(10)]
    asks += [pays(retailer.web, retailer, member, 90, amount=100, shop="web", status="placed") for _ in range(10)]
    asks += [holds(retailer, member, 90) for _ in range(10)]
    answers = await asyncio.gather(*asks)
    assert sorted({a.status_code for a in answers}) == [201, 409]
    assert sum(a.status_code == 201 for a in answers) == 11
    balance = await retailer.balance(member)
    assert balance["available"] == 10


async def test_rule_43_a_bare_card_number_spends_little_a_day(retailer):
    member = await retailer.member()
    await gives(retailer, member, 5000)
    till = retailer.shibuya
    ok(await pays(till, retailer, member, 600), 201)
    refused(await pays(till, retailer, member, 401), "proof_required", per_day=1000, spent_today=600)
    ok(await pays(till, retailer, member, 400), 201)
    refused(await holds(retailer, member, 1, client=till, shop="shibuya"), "proof_required", spent_today=1000)
    ok(await pays(till, retailer, member, 500, proof={"kind": "staff", "value": "0042"}), 201)
    ok(await pays(retailer.web, retailer, member, 500, shop="web"), 201)
    refused(await pays(till, retailer, member, 1), "proof_required")
    refused(await pays(till, retailer, member, 1, proof={"kind": "code", "value": "123456"}), "proof_required")
    at(retailer, "2026-11-23", 0)
    ok(await pays(till, retailer, member, 1000), 201)


async def test_rule_43_a_pin_proves(retailer):
    member = await retailer.member()
    await gives(retailer, member, 5000)
    number = member_id_of(member["id"])
    principal = Principal(1, "server", "server")
    await set_pin(retailer.services.database, principal, number, "4711", retailer.clock.now())
    till = retailer.shibuya
    refused(await pays(till, retailer, member, 2000, proof={"kind": "pin", "value": "1147"}), "proof_required")
    ok(await pays(till, retailer, member, 2000, proof={"kind": "pin", "value": "4711"}), 201)


async def test_rule_43_an_order_cannot_be_changed_into_an_unproven_spend(retailer):
    member = await retailer.member()
    await gives(retailer, member, 5000)
    order = ok(await pays(retailer.shibuya, retailer, member, 500, status="placed"), 201)
    path = f"/v1/purchases/{order['id']}/lines"
    body = {"lines": lines(5000), "use_points": 1600}
    answer = await retailer.shibuya.put(path, json=body, headers={"Idempotency-Key": "more"})
    refused(answer, "proof_required", per_day=1000, spent_today=500)
    ok(await retailer.shibuya.put(path, json=body | {"use_points": 1000}, headers={"Idempotency-Key": "some"}))
    refused(await pays(retailer.shibuya, retailer, member, 1), "proof_required", spent_today=1000)
    ok(await retailer.act(f"/v1/purchases/{order['id']}/complete", {"occurred_at": now(retailer)}))


async def test_rule_48_an_offline_sale_is_recorded_in_any_case(retailer):
    member = await retailer.member()
    await gives(retailer, member, 100)
    sale = ok(await pays(retailer.shibuya, retailer, member, 300, offline=True), 201)
    assert [w["code"] for w in sale["warnings"]] == ["points_owed"]
    assert await dates(retailer, member) == {"owed": -158}
    refused(await pays(retailer.server, retailer, member, 1), "spending_blocked", debt=158)
    refused(await holds(retailer, member, 1), "spending_blocked")
    await retailer.buys(33_000, member)
    assert await retailer.points(member) == 142
    unknown = retailer.sale(1100, offline=True, use_points=50) | {"member": {"kind": "card", "value": "2999999999999"}}
    guest = ok(await retailer.shibuya.post("/v1/purchases", json=unknown), 201)
    assert guest["member"] is None
    assert {w["code"] for w in guest["warnings"]} >= {"unknown_member"}


@pytest.mark.parametrize(
    "member",
    [
        {"kind": "phone", "value": "zz"},
        {"kind": "email", "value": "taro@@example.jp"},
        {"kind": "ec", "shop": "web", "token": "a.b.c"},
    ],
)
async def test_rule_48_an_offline_sale_whose_member_cannot_be_read_is_a_guests(retailer, member):
    online = retailer.sale() | {"member": member}
    online = refused(await retailer.shibuya.post("/v1/purchases", json=online), "invalid_request")
    body = retailer.sale(1100, offline=True) | {"member": member}
    first = await retailer.shibuya.post("/v1/purchases", json=body)
    sale = ok(first, 201)
    assert (sale["member"], sale["points"]["earned"]) == (None, 0)
    assert [(w["code"], w["text"]) for w in sale["warnings"]] == [("invalid_request", online["detail"])]
    again = await retailer.shibuya.post("/v1/purchases", json=body)
    assert (again.status_code, again.content) == (201, first.content)
    items = [body, retailer.sale(1100, offline=True) | {"member": member}]
    answer = ok(await retailer.shibuya.post("/v1/purchases/batch", json={"items": items}))
    assert [(item["status"], item["body"]["member"]) for item in answer["items"]] == [(201, None)] * 2
    assert answer["items"][0]["body"] == sale
    for wrong in ({"kind": "phone", "value": ""}, {"kind": "phone", "value": "090-1234-5678", "shop": "web"}):
        body = retailer.sale(1100, offline=True) | {"member": wrong}
        refused(await retailer.shibuya.post("/v1/purchases", json=body), "invalid_request")


async def test_rule_48_an_offline_sale_under_an_old_token_is_a_guests_and_a_repeat_keeps_its_member(retailer):
    secret = retailer.services.shops.by_code("web").linking_secret
    until = int(retailer.clock.now().timestamp()) + 300

    def shown(jti):
        told = {"iss": "web", "aud": "goen", "sub": "u-1", "exp": until, "jti": jti}
        return {"kind": "ec", "shop": "web", "token": jwt.encode(told, secret, "HS256")}

    member = await retailer.member(identifiers=[{"kind": "ec", "shop": "web", "value": "u-1"}])
    body = retailer.sale(1100, offline=True) | {"member": shown("one")}
    first = await retailer.shibuya.post("/v1/purchases", json=body)
    assert ok(first, 201)["member"]["id"] == member["id"]
    late = retailer.sale(1100, offline=True) | {"member": shown("two")}
    for _ in range(2):
        again = await retailer.shibuya.post("/v1/purchases", json=body)
        assert (again.status_code, again.content) == (201, first.content)
        retailer.clock.advance(seconds=301)
    guest = await retailer.shibuya.post("/v1/purchases", json=late)
    assert ok(guest, 201)["member"] is None
    assert "has expired" in guest.json()["warnings"][0]["text"]
    assert (await retailer.shibuya.post("/v1/purchases", json=late)).content == guest.content
    online = retailer.sale() | {"member": shown("two")}
    refused(await retailer.shibuya.post("/v1/purchases", json=online), "invalid_request")


async def test_rule_48_an_offline_sale_takes_what_its_hold_still_has(retailer):
    member = await retailer.member()
    await gives(retailer, member, 100)
    hold = ok(await holds(retailer, member, 60, seconds=60, shop="shibuya"), 201)
    sale = ok(await pays(retailer.shibuya, retailer, member, 90, amount=100, offline=True, hold=hold["id"]), 201)
    assert (sale["balance"], sale["warnings"]) == ({"available": 10, "pending": 0, "held": 0}, [])
    late = ok(await holds(retailer, member, 10, seconds=60, shop="shibuya"), 201)
    retailer.clock.advance(seconds=61)
    sale = ok(await pays(retailer.shibuya, retailer, member, 15, amount=100, offline=True, hold=late["id"]), 201)
    assert [w["code"] for w in sale["warnings"]] == ["points_owed"]
    assert await dates(retailer, member) == {"owed": -5}


async def test_rule_48_a_queue_with_a_wrong_clock_is_set_right(retailer):
    member = await retailer.member()
    wrong = retailer.clock.now() - timedelta(days=400)
    items = [
        retailer.sale(1100, member, occurred_at=(wrong - timedelta(minutes=n)).isoformat(), business_date=day)
        for n, day in ((30, "2025-10-18"), (20, None), (10, "2025-10-18"))
    ]
    items[1].pop("business_date")
    body = {"items": items, "sent_at": wrong.isoformat()}
    answer = ok(await retailer.shibuya.post("/v1/purchases/batch", json=body))
    assert [item["status"] for item in answer["items"]] == [201] * 3
    moved = await entries(retailer, member)
    assert {e["booked_on"] for e in moved} == {"2026-11-22"}
    assert [e["occurred_at"][:16] for e in moved] == ["2026-11-22T02:30", "2026-11-22T02:40", "2026-11-22T02:50"]
    retailer.clock.advance(days=20)
    again = ok(await retailer.shibuya.post("/v1/purchases/batch", json=body | {"sent_at": "2026-01-01T00:00:00Z"}))
    assert again == answer


async def test_rule_48_a_queue_whose_clock_was_put_back_in_between_is_taken(retailer):
    member = await retailer.member()
    ahead = retailer.clock.now() + timedelta(days=3)
    items = [retailer.sale(1100, member, occurred_at=ahead.isoformat()), retailer.sale(2200, member)]
    for item in items:
        item.pop("business_date", None)
    body = {"items": items, "sent_at": retailer.clock.now().isoformat()}
    answer = ok(await retailer.shibuya.post("/v1/purchases/batch", json=body))
    assert [item["status"] for item in answer["items"]] == [201, 201]
    moved = await entries(retailer, member)
    assert [e["occurred_at"][:16] for e in moved] == ["2026-11-22T03:00"] * 2
    retailer.clock.advance(days=20)
    assert ok(await retailer.shibuya.post("/v1/purchases/batch", json=body)) == answer


async def test_a_batch_answers_each_item_for_itself_in_order(retailer):
    member = await retailer.member()
    good, other = retailer.sale(1100, member), retailer.sale(1100, member, shop="yokohama")
    items = [good, good | {"staff": "9"}, other, {"shop": "shibuya"}, retailer.sale(100, member, use_points=9999), good]
    answer = ok(await retailer.shibuya.post("/v1/purchases/batch", json={"items": items}))
    assert [item["status"] for item in answer["items"]] == [201, 409, 403, 422, 422, 201]
    assert answer["items"][0]["body"] == answer["items"][5]["body"]
    assert await retailer.points(member) == 10


@pytest.mark.parametrize("reason", ["goodwill", "promotion", "other", "correction", "migration"])
async def test_adjustments_need_a_reason_and_only_some_take_points(retailer, reason):
    member = await retailer.member()
    body = {"member": named(member), "points": 50, "reason": reason, "note": "お詫び"}
    given = ok(await retailer.act("/v1/adjustments", body), 201)
    assert (given["points"], given["balance"]["available"]) == (50, 50)
    answer = await retailer.act("/v1/adjustments", body | {"points": -20})
    if reason in ("correction", "migration"):
        assert ok(answer, 201)["balance"]["available"] == 30
        refused(await retailer.act("/v1/adjustments", body | {"points": -31}), "not_enough_points", available=30)
    else:
        refused(answer, "invalid_request")
    refused(await retailer.act("/v1/adjustments", body | {"points": 0}), "invalid_request")


async def test_other_adjustments_need_a_note_and_a_date_that_is_not_over(retailer):
    member = await retailer.member()
    body = {"member": named(member), "points": 50, "reason": "other"}
    refused(await retailer.act("/v1/adjustments", body), "invalid_request")
    refused(await retailer.act("/v1/adjustments", body | {"note": "  "}), "invalid_request")
    dated = body | {"note": "周年", "expires_on": "2026-11-22", "kind": "limited"}
    given = ok(await retailer.act("/v1/adjustments", dated, "dated"), 201)
    assert given["expires_on"] == "2026-11-22"
    at(retailer, "2026-11-23")
    again = await retailer.act("/v1/adjustments", dated, "dated")
    assert (again.status_code, again.json()) == (201, given)
    refused(await retailer.act("/v1/adjustments", dated), "invalid_request")


async def test_transfers_keep_dates_and_kinds_and_fill_a_debt(retailer):
    giver, taker = await retailer.member(), await retailer.member()
    await gives(retailer, giver, 100, expires_on="2026-12-31")
    await gives(retailer, giver, 50, expires_on="2027-01-31", kind="limited")
    await retailer.buys(1100, taker, use_points=30, offline=True)
    body = {"from": named(giver), "to": named(taker), "points": 120}
    done = ok(await retailer.act("/v1/transfers", body, "gift"), 201)
    assert (done["from"]["id"], done["to"]["id"], done["balance"]["available"]) == (giver["id"], taker["id"], 30)
    assert await dates(retailer, giver) == {"2026-12-31": 30}
    # 30 were owed, of which the sale itself earned 9; the limited points, first to be sent, filled the rest.
    assert await dates(retailer, taker) == {"2026-12-31": 70, "2027-01-31": 29}
    assert {lot["kind"] for lot in await lots(retailer, taker)} == {"regular", "limited"}
    refused(await retailer.act("/v1/transfers", body), "not_enough_points", available=30)
    refused(await retailer.act("/v1/transfers", body | {"to": named(giver)}), "invalid_request")
    refused(await retailer.act("/v1/transfers", body | {"points": 121}, "gift"), "conflict", fields=["points"])
    refused(await retailer.act("/v1/transfers", body | {"to": named(giver)}, "gift"), "conflict", fields=["to.value"])


async def test_keys_write_their_own_shops_documents_only(retailer):
    member = await retailer.member()
    await gives(retailer, member, 100)
    sale, order = await retailer.buys(1100, member), await orders(retailer, 1100, member)
    key = {"Idempotency-Key": "other"}
    done = {"occurred_at": now(retailer)}
    back = {"external_id": "r", "occurred_at": now(retailer), "lines": [{"line": 1}]}
    hold = ok(await holds(retailer, member, 10), 201)
    for client, method, path, body in (
        (retailer.yokohama, "POST", "/v1/purchases", retailer.sale(1100, member)),
        (retailer.readonly, "POST", "/v1/purchases", retailer.sale(1100, member)),
        (retailer.shibuya, "POST", f"/v1/purchases/{order['id']}/complete", done),
        (retailer.shibuya, "PUT", f"/v1/purchases/{order['id']}/lines", {"lines": lines(1)}),
        (retailer.yokohama, "POST", f"/v1/purchases/{sale['id']}/cancel", done),
        (retailer.yokohama, "POST", f"/v1/purchases/{sale['id']}/revive", done),
        (retailer.yokohama, "POST", f"/v1/purchases/{sale['id']}/claim", {"member": named(member)}),
        (retailer.yokohama, "POST", f"/v1/purchases/{sale['id']}/returns", back),
        (retailer.yokohama, "POST", f"/v1/purchases/{sale['id']}/returns", back | {"shop": "shibuya"}),
        (retailer.shibuya, "POST", f"/v1/holds/{hold['id']}/capture", {}),
        (retailer.shibuya, "POST", f"/v1/holds/{hold['id']}/release", {}),
        (retailer.shibuya, "POST", "/v1/holds", {"member": named(member), "points": 1, "shop": "web", "expires_in": 9}),
        (retailer.shibuya, "POST", "/v1/adjustments", {"member": named(member), "points": 1, "reason": "goodwill"}),
        (retailer.web, "POST", "/v1/transfers", {"from": named(member), "to": named(member), "points": 1}),
    ):
        answer = await client.request(method, path, json=body, headers=key)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), path
    assert (await retailer.balance(member))["available"] == 100


async def test_rule_43_a_cancelled_spend_does_not_count_and_a_revived_one_does(retailer):
    member = await retailer.member()
    await gives(retailer, member, 5000)
    till = retailer.shibuya
    sale = ok(await pays(till, retailer, member, 800), 201)
    proven = ok(await pays(till, retailer, member, 2000, proof={"kind": "staff", "value": "0042"}), 201)
    done = {"occurred_at": now(retailer)}
    for number, cancelled in enumerate((sale, proven)):
        path = f"/v1/purchases/{cancelled['id']}/cancel"
        ok(await till.post(path, json=done, headers={"Idempotency-Key": f"cancel-{number}"}))
    ok(await pays(till, retailer, member, 700), 201)
    path = f"/v1/purchases/{sale['id']}/revive"
    answer = await till.post(path, json=done, headers={"Idempotency-Key": "revive"})
    refused(answer, "proof_required", spent_today=700)
    path = f"/v1/purchases/{proven['id']}/revive"
    ok(await till.post(path, json=done, headers={"Idempotency-Key": "revive"}))
    at(retailer, "2026-11-23")
    path = f"/v1/purchases/{sale['id']}/revive"
    ok(await till.post(path, json=done, headers={"Idempotency-Key": "next day"}))
    refused(await pays(till, retailer, member, 201), "proof_required", spent_today=800)


@pytest.mark.parametrize("job", [True, False], ids=["the job", "the next sale"])
async def test_rule_43_a_hold_that_ran_out_has_spent_nothing(retailer, job):
    member = await retailer.member()
    await gives(retailer, member, 5000)
    till, body = retailer.shibuya, {"member": named(member), "points": 900, "shop": "shibuya", "expires_in": 60}
    ok(await till.post("/v1/holds", json=body, headers={"Idempotency-Key": "hold"}), 201)
    refused(await pays(till, retailer, member, 101), "proof_required", spent_today=900)
    retailer.clock.advance(seconds=61)
    if job:
        await sweep(retailer)
    ok(await pays(till, retailer, member, 1000), 201)
    refused(await pays(till, retailer, member, 1), "proof_required", spent_today=1000)
