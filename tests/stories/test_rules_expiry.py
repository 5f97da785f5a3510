"""Rules 12 to 18 over HTTP: when points die, what moves their dates, and that no job is needed for it."""

from stories.words import at, dates, entries, gives, lots, named, now, ok, programme, refused, sweep, takes_back


async def test_rule_12_a_and_b_a_lot_lives_for_days_or_months_or_to_the_end_of_a_month(retailer):
    member = await retailer.member()
    for expiry, last_day in (
        ({"mode": "days", "days": 10}, "2026-12-02"),
        ({"mode": "months", "months": 3}, "2027-02-22"),
        ({"mode": "month_end", "months": 3}, "2027-02-28"),
    ):
        await programme(retailer, expiry=expiry)
        await retailer.buys(110_000, member)
        assert last_day in await dates(retailer, member)


async def test_rule_12_c_all_points_of_a_year_die_on_one_day(retailer):
    member = await retailer.member()
    await programme(retailer, expiry={"mode": "fiscal_year", "year_start_month": 3, "years": 1})
    await retailer.buys(110_000, member)
    at(retailer, "2027-02-28")
    await retailer.buys(110_000, member)
    assert await dates(retailer, member) == {"2028-02-29": 2000}
    at(retailer, "2027-03-01")
    await retailer.buys(110_000, member)
    assert await dates(retailer, member) == {"2028-02-29": 2000, "2029-02-28": 1000}


async def test_rule_12_d_an_activity_moves_the_one_date_of_all_regular_points(retailer):
    member = await retailer.member()
    await programme(retailer, expiry={"mode": "sliding", "months": 12, "activity": ["earn"]})
    await retailer.buys(110_000, member)
    at(retailer, "2027-05-01")
    assert await dates(retailer, member) == {"2027-11-22": 1000}
    await retailer.buys(11_000, member)
    assert await dates(retailer, member) == {"2028-05-01": 1100}
    at(retailer, "2027-06-01")
    await retailer.buys(1100, member, use_points=1100)
    assert await dates(retailer, member) == {}


async def test_rule_12_d_the_end_of_the_month_before_and_uses_that_count(retailer):
    member = await retailer.member()
    expiry = {"mode": "sliding", "months": 12, "slide_to": "end_of_month_before", "activity": ["use"]}
    await programme(retailer, expiry=expiry)
    await retailer.buys(110_000, member)
    assert await dates(retailer, member) == {"2027-10-31": 1000}
    at(retailer, "2027-02-10")
    await retailer.buys(1100, member)
    assert (await dates(retailer, member))["2027-10-31"] == 1000
    await retailer.buys(1100, member, use_points=300)
    assert await dates(retailer, member) == {"2028-01-31": 1000 + 10 + 7 - 300}


async def test_rule_12_d_a_late_sale_and_two_sales_at_once_never_move_a_date_back(retailer):
    member = await retailer.member()
    await programme(retailer, expiry={"mode": "sliding", "months": 12})
    await retailer.buys(110_000, member)
    late = retailer.clock.now().isoformat()
    at(retailer, "2027-01-10")
    today = retailer.sale(1100, member)
    queued = retailer.sale(1100, member, occurred_at=late)
    answer = await retailer.server.post(
        "/v1/purchases/batch", json={"items": [today, queued, retailer.sale(1100, member)]}
    )
    assert {item["status"] for item in answer.json()["items"]} == {201}
    assert await dates(retailer, member) == {"2028-01-10": 1030}


async def test_rule_12_d_points_returned_to_a_spent_up_lot_have_the_common_date_again(retailer):
    member = await retailer.member()
    await programme(retailer, expiry={"mode": "sliding", "months": 2})
    await retailer.buys(110_000, member)
    sale = await retailer.buys(1000, member, use_points=1000)
    at(retailer, "2027-01-15")
    await retailer.buys(110_000, member)
    at(retailer, "2027-02-10")
    back = await takes_back(retailer, sale)
    assert (back["points"]["used_restored"], back["points"]["expired_lost"]) == (1000, 0)
    assert await dates(retailer, member) == {"2027-03-15": 2000}


async def test_rule_12_e_points_that_never_die(retailer):
    member = await retailer.member()
    await programme(retailer, expiry={"mode": "none"})
    await retailer.buys(110_000, member)
    at(retailer, "2066-01-01")
    await sweep(retailer)
    assert await dates(retailer, member) == {None: 1000}
    assert await retailer.points(member) == 1000


async def test_rule_13_limited_points_go_first_nearest_first_and_never_slide(retailer):
    member = await retailer.member()
    await programme(retailer, expiry={"mode": "sliding", "months": 1})
    await gives(retailer, member, 100)
    await gives(retailer, member, 100, kind="limited", expires_on="2027-06-30")
    await gives(retailer, member, 100, kind="limited", expires_on="2027-05-31")
    await retailer.buys(150, member, use_points=150)
    assert await dates(retailer, member) == {"2027-06-30": 50, "2026-12-22": 100}
    await retailer.buys(100_000, member, business_date="2026-11-22", use_points=100)
    kinds = {lot["kind"]: lot for lot in await lots(retailer, member)}
    assert "limited" not in kinds
    at(retailer, "2026-12-01")
    await gives(retailer, member, 10, kind="limited", expires_on="2026-12-10")
    await retailer.buys(1100, member)
    assert (await dates(retailer, member))["2026-12-10"] == 10
    assert (await dates(retailer, member))["2027-01-01"] > 0


async def test_rule_14_alive_at_the_last_second_and_dead_at_midnight_without_any_job(retailer):
    member = await retailer.member()
    await gives(retailer, member, 300, expires_on="2026-12-31")
    at(retailer, "2026-12-31", 23, 59, 59)
    assert await retailer.points(member) == 300
    await retailer.buys(100, member, use_points=100)
    retailer.clock.advance(seconds=1)
    assert await retailer.points(member) == 0
    answer = await retailer.server.post("/v1/purchases", json=retailer.sale(100, member, use_points=1))
    refused(answer, "not_enough_points", asked=1, available=0)


async def test_rule_15_an_expiry_is_dated_the_day_though_the_job_runs_late(retailer):
    member = await retailer.member()
    await gives(retailer, member, 300, expires_on="2026-12-31")
    at(retailer, "2027-01-05", 3)
    await sweep(retailer)
    last = (await entries(retailer, member))[-1]
    assert (last["kind"], last["points"], last["booked_on"]) == ("expire", -300, "2027-01-01")
    assert last["occurred_at"].startswith("2026-12-31T15:00:00")
    assert last["recorded_at"].startswith("2027-01-04T18:00:00")
    await sweep(retailer)
    assert len(await entries(retailer, member)) == 2


async def test_rule_15_what_a_hold_kept_alive_expires_once_it_is_freed_on_the_same_day(retailer):
    member = await retailer.member()
    await gives(retailer, member, 300, expires_on="2026-11-22")
    body = {"member": named(member), "points": 100, "shop": "web", "expires_in": 86_400}
    hold = ok(await retailer.act("/v1/holds", body), 201)
    at(retailer, "2026-11-23", 9)
    await sweep(retailer)
    assert [lot["points"] for lot in await lots(retailer, member)] == [100]
    ok(await retailer.act(f"/v1/holds/{hold['id']}/release"))
    await sweep(retailer)
    assert await lots(retailer, member) == []
    assert [e["points"] for e in await entries(retailer, member)] == [300, -200, -100]


async def test_rule_16_a_switch_of_mode_leaves_old_lots_their_dates(retailer):
    member = await retailer.member()
    await programme(retailer, expiry={"mode": "month_end", "months": 12})
    await retailer.buys(110_000, member)
    await programme(retailer, expiry={"mode": "sliding", "months": 1})
    await retailer.buys(110_000, member)
    at(retailer, "2026-12-01")
    await retailer.buys(110_000, member)
    assert await dates(retailer, member) == {"2027-11-30": 1000, "2027-01-01": 2000}
    await programme(retailer, expiry={"mode": "sliding", "months": 1, "activity": ["purchase"]})
    at(retailer, "2026-12-10")
    await retailer.buys(110_000, member)
    assert await dates(retailer, member) == {"2027-11-30": 1000, "2027-01-10": 3000}
    await programme(retailer, expiry={"mode": "days", "days": 2})
    await retailer.buys(110_000, member)
    assert await dates(retailer, member) == {"2027-11-30": 1000, "2027-01-10": 3000, "2026-12-12": 1000}


async def extends(retailer, **changes):
    body = {"from": "2026-12-01", "to": "2026-12-31", "expires_on": "2027-03-31", "reason": "臨時休業", **changes}
    return await retailer.act("/v1/lot_extensions", body)


async def test_rule_17_lots_of_a_range_live_on_and_have_their_dates_back_when_undone(retailer):
    near, other = await retailer.member(), await retailer.member()
    await gives(retailer, near, 100, expires_on="2026-12-15")
    await gives(retailer, near, 10, expires_on="2027-01-15")
    await gives(retailer, other, 30, expires_on="2026-12-31", kind="limited")
    done = ok(await extends(retailer), 201)
    assert (done["members"], done["lots"], done["points"]) == (2, 2, 0)
    assert await dates(retailer, near) == {"2027-03-31": 100, "2027-01-15": 10}
    assert await dates(retailer, other) == {"2027-03-31": 30}
    undone = ok(await retailer.act(f"/v1/lot_extensions/{done['id']}/undo"))
    assert (undone["members"], undone["lots"], undone["points"]) == (2, 2, 0)
    assert await dates(retailer, near) == {"2026-12-15": 100, "2027-01-15": 10}
    again = await retailer.act(f"/v1/lot_extensions/{done['id']}/undo")
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (undone, "true")


async def test_rule_17_expired_points_are_granted_again_and_taken_back_when_undone(retailer):
    member = await retailer.member()
    await gives(retailer, member, 100, expires_on="2026-12-15")
    at(retailer, "2026-12-16")
    await sweep(retailer)
    await gives(retailer, member, 5, expires_on="2026-12-20")
    at(retailer, "2026-12-25")
    assert await retailer.points(member) == 0
    assert ok(await extends(retailer), 201)["lots"] == 0
    done = ok(await extends(retailer, expired=True), 201)
    assert (done["members"], done["lots"], done["points"]) == (1, 2, 100)
    assert await dates(retailer, member) == {"2027-03-31": 105}
    await retailer.buys(40, member, use_points=40)
    undone = ok(await retailer.act(f"/v1/lot_extensions/{done['id']}/undo"))
    assert undone["points"] == -65
    assert await retailer.points(member) == 0
    assert await lots(retailer, member) == []
    assert [e["points"] for e in await entries(retailer, member)] == [100, -100, 5, 100, -40, -65]


async def test_rule_17_points_granted_again_fill_a_debt_first(retailer):
    member = await retailer.member()
    await gives(retailer, member, 100, expires_on="2026-12-15")
    at(retailer, "2026-12-16")
    await sweep(retailer)
    await retailer.buys(100, member, use_points=30, offline=True)
    assert await dates(retailer, member) == {"owed": -30}
    ok(await extends(retailer, expired=True), 201)
    assert await dates(retailer, member) == {"2027-03-31": 70}


async def test_rule_17_an_extension_is_done_once_and_by_the_back_office_only(retailer):
    member = await retailer.member()
    await gives(retailer, member, 100, expires_on="2026-12-15")
    body = {"from": "2026-12-01", "to": "2026-12-31", "expires_on": "2027-03-31", "reason": "臨時休業"}
    first = await retailer.act("/v1/lot_extensions", body, "holiday")
    await gives(retailer, member, 7, expires_on="2026-12-15")
    again = await retailer.act("/v1/lot_extensions", body, "holiday")
    assert (again.status_code, again.content) == (201, first.content)
    assert await dates(retailer, member) == {"2027-03-31": 100, "2026-12-15": 7}
    refused(await retailer.act("/v1/lot_extensions", body | {"to": "2026-12-30"}, "holiday"), "conflict", fields=["to"])
    for client in (retailer.shibuya, retailer.web, retailer.readonly):
        answer = await client.post("/v1/lot_extensions", json=body, headers={"Idempotency-Key": "mine"})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    refused(await extends(retailer, to="2026-11-30"), "invalid_request")
    refused(await extends(retailer, expires_on="2026-12-31"), "invalid_request")
    assert (await retailer.act("/v1/lot_extensions/x_0_zz/undo")).status_code == 404


async def test_rule_18_the_balance_tells_what_expires_next(retailer):
    member = await retailer.member()
    await gives(retailer, member, 30, expires_on="2026-12-31")
    await gives(retailer, member, 7, expires_on="2026-12-15", kind="limited")
    await gives(retailer, member, 100, expires_on="2027-12-31")
    balance = await retailer.balance(member)
    assert balance["expiring"] == [{"points": 7, "on": "2026-12-15"}, {"points": 30, "on": "2026-12-31"}]
    assert now(retailer)
