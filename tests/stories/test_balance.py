"""What the books say: balances now and then, movements, lots, why, and sales as they stand."""

from datetime import timedelta

import pytest


async def get(client, path, status=200, **options):
    answer = await client.get(path, **options)
    assert answer.status_code == status, answer.text
    return answer.json()


def receipt(member, what=""):
    return f"/v1/members/{member['id']}/{what}"


async def adjusted(retailer, member, points, reason="migration", **changes):
    body = {"member": {"kind": "member_id", "value": member["id"]}, "points": points, "reason": reason, **changes}
    answer = await retailer.act("/v1/adjustments", body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def held(retailer, member, points, expires_in=600, **changes):
    body = {
        "member": {"kind": "member_id", "value": member["id"]},
        "points": points, "shop": "web", "expires_in": expires_in, **changes,
    }  # fmt: skip
    answer = await retailer.act("/v1/holds", body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def returned(retailer, sale, quantity=1):
    body = {
        "external_id": f"r-{retailer.number()}",
        "occurred_at": retailer.clock.now().isoformat(),
        "lines": [{"line": 1, "quantity": quantity}],
    }
    answer = await retailer.server.post(f"/v1/purchases/{sale['id']}/returns", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_balance_has_every_field_of_the_contract(retailer):
    member = await retailer.member()
    assert await retailer.balance(member) == {
        "currency": "JPY", "available": 0, "pending": 0, "held": 0, "limited": 0, "expiring": [], "currency_value": 0,
        "tier": {"code": None, "name": None, "next": None},
    }  # fmt: skip
    await retailer.buys(110_000, member)
    balance = await get(retailer.readonly, receipt(member, "balance"))
    assert (balance["available"], balance["currency_value"], balance["expiring"]) == (1000, 1000, [])


async def test_expiring_tells_the_next_90_days_soonest_first_and_limited_is_part_of_available(retailer):
    member = await retailer.member()
    today = retailer.clock.now().date()
    for points, days, kind in ((5, 90, "regular"), (7, 10, "limited"), (3, 10, "regular"), (100, 91, "limited")):
        await adjusted(retailer, member, points, kind=kind, expires_on=str(today + timedelta(days=days)))
    balance = await retailer.balance(member)
    assert (balance["available"], balance["limited"]) == (115, 107)
    assert balance["expiring"] == [
        {"points": 10, "on": str(today + timedelta(days=10))},
        {"points": 5, "on": str(today + timedelta(days=90))},
    ]


async def test_rule_14_a_lot_dies_at_its_instant_though_no_job_ran(retailer):
    member = await retailer.member()
    await adjusted(retailer, member, 40, expires_on="2026-11-22")
    retailer.clock.advance(hours=11, minutes=59, seconds=59)
    assert await retailer.points(member) == 40
    retailer.clock.advance(seconds=1)
    assert await retailer.points(member) == 0
    lots = await get(retailer.server, receipt(member, "lots"))
    assert [lot["points"] for lot in lots["items"]] == [40], "booked until a job books it out"
    why = await get(retailer.server, receipt(member, "why"))
    assert (why["booked"], why["lapsed"], why["available"]) == (40, 40, 0)


async def test_rule_21_a_hold_frees_its_points_at_its_time_though_no_job_ran(retailer):
    member = await retailer.member()
    await adjusted(retailer, member, 30, kind="limited", expires_on="2026-11-22")
    await adjusted(retailer, member, 70)
    hold = await held(retailer, member, 50, expires_in=600)
    balance = await retailer.balance(member)
    assert (balance["available"], balance["held"], balance["limited"]) == (50, 50, 0)
    retailer.clock.advance(seconds=599)
    assert (await get(retailer.server, f"/v1/holds/{hold['id']}"))["status"] == "open"
    retailer.clock.advance(seconds=1)
    balance = await retailer.balance(member)
    assert (balance["available"], balance["held"], balance["limited"]) == (100, 0, 30)
    assert (await get(retailer.server, f"/v1/holds/{hold['id']}"))["status"] == "expired"
    why = await get(retailer.server, receipt(member, "why"))
    assert (why["held"], why["holds"], why["available"]) == (0, [], 100)
    # Half a day later the limited points, freed in time, are dead as well; the till sees it the same way.
    retailer.clock.advance(hours=12)
    assert (await retailer.balance(member))["available"] == 70
    sale = await retailer.buys(1100, member, use_points=70)
    assert sale["balance"]["available"] == 9


async def test_held_points_do_not_expire_and_do_not_count_as_expiring(retailer):
    member = await retailer.member()
    await adjusted(retailer, member, 30, expires_on="2026-11-22")
    await held(retailer, member, 30, expires_in=30 * 24 * 3600)
    retailer.clock.advance(days=2)
    balance = await retailer.balance(member)
    assert (balance["available"], balance["held"], balance["expiring"]) == (0, 30, [])


async def test_rule_28_a_debt_shows_below_zero_and_is_worth_nothing(retailer):
    member = await retailer.member()
    sale = await retailer.buys(11_000, member)
    await retailer.buys(1100, member, use_points=100)
    await returned(retailer, sale)
    balance = await retailer.balance(member)
    assert (balance["available"], balance["currency_value"], balance["limited"]) == (-91, 0, 0)
    lots = (await get(retailer.server, receipt(member, "lots")))["items"]
    assert sum(lot["points"] for lot in lots) == -91
    assert [lot["kind"] for lot in lots] == ["debt"]
    why = await get(retailer.server, receipt(member, "why"))
    assert (why["owed"], why["booked"]) == (91, -91)


async def test_a_balance_at_every_past_instant_is_what_was_read_then(retailer):
    member, seen = await retailer.member(), []

    async def look():
        seen.append((retailer.clock.now(), await retailer.balance(member)))
        retailer.clock.advance(seconds=60)

    await look()
    sale = await retailer.buys(110_000, member)
    await look()
    await adjusted(retailer, member, 50, kind="limited", expires_on="2026-12-01")
    await look()
    hold = await held(retailer, member, 300)
    await look()
    await retailer.act(f"/v1/holds/{hold['id']}/capture", {"points": 200})
    await look()
    order = await retailer.buys(11_000, member, shop="web", status="placed", use_points=100)
    await look()
    await retailer.act(f"/v1/purchases/{order['id']}/complete", {"occurred_at": retailer.clock.now().isoformat()})
    await look()
    await returned(retailer, sale)
    await look()
    retailer.clock.advance(days=400)
    await look()
    for at, balance in seen:
        then = await get(retailer.server, receipt(member, "balance"), params={"at": at.isoformat()})
        assert then == balance, at
    # A plus sign that was not escaped arrives as a blank.
    raw = seen[1][0].isoformat()
    assert await get(retailer.server, receipt(member, f"balance?at={raw}")) == seen[1][1]


@pytest.mark.parametrize("query", ["at=2030-01-01T00:00:00Z", "at=yesterday", "at=2026-11-22T00:00:00", "when=now"])
async def test_an_instant_that_is_none_is_refused(retailer, query):
    member = await retailer.member()
    problem = await get(retailer.server, receipt(member, f"balance?{query}"), 422)
    assert problem["errors"][0]["field"] == query.partition("=")[0]


@pytest.mark.parametrize("what", ["balance", "balance?at=2026-11-22T00:00:00Z", "entries", "lots", "why"])
@pytest.mark.parametrize("member", ["m_zzzzzz", "m_0", "nobody", "m_7zzzzzzzzzzzz"])
async def test_nobody_has_no_books(retailer, member, what):
    assert (await get(retailer.server, f"/v1/members/{member}/{what}", 404))["code"] == "unknown_member"


async def test_entries_tell_movements_newest_first_and_their_sum_is_the_balance(retailer):
    member = await retailer.member()
    sale = await retailer.buys(110_000, member)
    await retailer.buys(1100, member, use_points=500)
    await adjusted(retailer, member, -7, "correction")
    await returned(retailer, sale)
    entries = (await get(retailer.server, receipt(member, "entries")))["items"]
    assert [(e["kind"], e["points"]) for e in entries] == [
        ("return_earned", -1000), ("adjust", -7), ("earn", 5), ("redeem", -500), ("earn", 1000),
    ]  # fmt: skip
    assert entries[0]["balance_after"] == sum(e["points"] for e in entries) == -502
    assert entries[-1] == {
        "id": entries[-1]["id"], "kind": "earn", "points": 1000, "balance_after": 1000,
        "occurred_at": sale["recorded_at"], "recorded_at": sale["recorded_at"], "booked_on": "2026-11-22",
        "shop": "shibuya", "text": "ポイント付与（渋谷店）", "purchase_id": sale["id"],
    }  # fmt: skip
    assert "purchase_id" not in entries[1]
    english = await get(retailer.server, receipt(member, "entries"), headers={"Accept-Language": "en"})
    assert english["items"][1]["text"] == "Adjustment (correction)"
    pages, cursor = [], ""
    while cursor is not None:
        page = await get(retailer.server, receipt(member, f"entries?limit=2{cursor and '&cursor=' + cursor}"))
        pages.append(page["items"])
        cursor = page["next_cursor"]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [entry for page in pages for entry in page] == entries


async def test_lots_in_spending_order_add_up_page_by_page(retailer):
    member = await retailer.member()
    for points, kind, on in (
        (1, "regular", "2027-03-01"), (2, "limited", "2027-05-01"), (4, "regular", None), (8, "regular", "2027-01-01"),
    ):  # fmt: skip
        await adjusted(retailer, member, points, kind=kind, **({"expires_on": on} if on else {}))
    lots = (await get(retailer.server, receipt(member, "lots")))["items"]
    assert [lot["points"] for lot in lots] == [2, 8, 1, 4]
    assert lots[0] == {
        "points": 2, "kind": "limited", "granted_on": "2026-11-22", "expires_on": "2027-05-01", "grant_year": 2026,
    }  # fmt: skip
    first = await get(retailer.server, receipt(member, "lots?limit=3"))
    rest = await get(retailer.server, receipt(member, f"lots?limit=3&cursor={first['next_cursor']}"))
    assert (first["items"] + rest["items"], rest["next_cursor"]) == (lots, None)


@pytest.mark.parametrize("what", ["entries", "lots"])
@pytest.mark.parametrize("cursor", ["x", "MA", "bnVsbA", "LTE", "WyIiLCIwMDAxLTAxLTAxIl0"])
async def test_a_cursor_of_another_list_is_refused(retailer, what, cursor):
    member = await retailer.member()
    problem = await get(retailer.server, receipt(member, f"{what}?cursor={cursor}"), 422)
    assert problem["errors"][0]["field"] == "cursor"


async def test_why_adds_up_and_says_by_which_rule(retailer):
    member = await retailer.member()
    sale = await retailer.buys(110_000, member)
    await retailer.buys(1100, member, use_points=400)
    await held(retailer, member, 50)
    order = await retailer.buys(2200, member, shop="web", status="placed", use_points=20)
    why = await get(retailer.server, receipt(member, "why"))
    assert why["booked"] == sum(lot["points"] for lot in why["lots"]) == sum(m["points"] for m in why["movements"])
    assert why["booked"] - why["held"] - why["lapsed"] == why["available"] == await retailer.points(member)
    assert sum(hold["points"] for hold in why["holds"]) == why["held"] == 70
    assert [(each["purchase_id"], each["points"]) for each in why["pendings"]] == [(order["id"], why["pending"])]
    first = why["lots"][0]
    assert (first["purchase_id"], first["granted"], first["used"], first["points"], first["held"]) == (
        sale["id"], 1000, 400, 600, 70,
    )  # fmt: skip
    assert first["text"] == (
        "2026年11月22日 渋谷店でのお買い上げ: 1,000ポイント付与、400ポイント利用、"
        "残り600ポイント、うち70ポイント確保中（2027年11月30日まで有効）"
    )
    assert first["arithmetic"] == ["通常ポイント: 100,000円、100円につき1ポイント → 1,000ポイント"]
    assert why["text"][-1] == f"仮ポイントの合計（まだご利用いただけません）: {why['pending']}ポイント"
    english = await get(retailer.server, receipt(member, "why"), headers={"Accept-Language": "en"})
    assert (
        "22 November 2026, purchase at 渋谷店: 1,000 points, 400 used, 600 left, 70 of them set aside"
        in (english["lots"][0]["text"])
    )


async def test_a_sale_as_it_stands_follows_its_returns(retailer):
    member = await retailer.member()
    lines = [{"line": 1, "amount": 1100, "quantity": 2, "name": "タオル"}, {"line": 2, "amount": 550}]
    sale = await retailer.buys(0, member, lines=lines, staff="0042")
    fresh = await get(retailer.server, f"/v1/purchases/{sale['id']}")
    assert {name: fresh[name] for name in sale} == sale
    assert [line["amount"] for line in fresh["lines"]] == [1100, 550]
    assert (fresh["lines"][0]["name"], fresh["staff"], fresh["returns"], fresh["claimed_at"]) == (
        "タオル", "0042", [], None,
    )  # fmt: skip
    back = await returned(retailer, sale)
    now = await get(retailer.server, f"/v1/purchases/{sale['id']}")
    assert now["points"]["earned"] == sale["points"]["earned"] - back["points"]["earned_reversed"]
    assert sum(line["points"] for line in now["points"]["breakdown"]) == now["points"]["earned"]
    assert now["points"]["breakdown"][-1]["rule"] == "returned"
    assert [each["id"] for each in now["returns"]] == [back["id"]]
    assert now["returns"][0]["refund"] == back["refund"]
    assert [float(line["quantity"]) for line in now["returns"][0]["lines"]] == [1]
    assert now["balance"]["available"] == await retailer.points(member)
    receipt_of = await get(
        retailer.server, "/v1/purchases", params={"shop": "shibuya", "external_id": sale["external_id"]}
    )
    assert receipt_of == now


async def test_a_cancelled_order_stands_at_nothing(retailer):
    member = await retailer.member()
    order = await retailer.buys(2200, member, shop="web", status="placed")
    assert order["points"]["pending"] == 20
    body = {"occurred_at": retailer.clock.now().isoformat()}
    answer = await retailer.act(f"/v1/purchases/{order['id']}/cancel", body)
    assert answer.status_code == 200, answer.text
    now = await get(retailer.server, f"/v1/purchases/{order['id']}")
    assert (now["status"], now["points"]["earned"], now["points"]["pending"]) == ("cancelled", 0, 0)
    assert [line["points"] for line in now["points"]["breakdown"]] == [20, -20]


async def test_sales_of_a_member_newest_first_claimed_ones_among_them(retailer):
    member, ids = await retailer.member(), []
    for _ in range(3):
        ids.append((await retailer.buys(1100, member))["id"])
        retailer.clock.advance(days=1)
    guest = await retailer.buys(1100)
    assert (await get(retailer.server, f"/v1/purchases/{guest['id']}"))["member"] is None
    ref = {"member": {"kind": "member_id", "value": member["id"]}}
    claim = await retailer.act(f"/v1/purchases/{guest['id']}/claim", ref)
    assert claim.status_code == 200, claim.text
    ids.append(guest["id"])
    found = await get(retailer.server, f"/v1/purchases?member={member['id']}")
    assert [each["id"] for each in found["items"]] == ids[::-1]
    assert found["items"][0]["member"]["id"] == member["id"]
    assert found["items"][0]["claimed_at"] is not None
    days = await get(retailer.server, f"/v1/purchases?member={member['id']}&from=2026-11-23&to=2026-11-24")
    assert [each["id"] for each in days["items"]] == [ids[2], ids[1]]
    moments = await get(retailer.server, f"/v1/purchases?member={member['id']}&to=2026-11-22T12:00:00%2B09:00")
    assert [each["id"] for each in moments["items"]] == [ids[0]]
    first = await get(retailer.server, f"/v1/purchases?member={member['id']}&limit=3")
    rest = await get(retailer.server, f"/v1/purchases?member={member['id']}&limit=3&cursor={first['next_cursor']}")
    assert [each["id"] for each in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("purchases/p_16j_5", 404, "unknown_purchase"),
        ("purchases/nonsense", 404, "unknown_purchase"),
        ("purchases?shop=shibuya&external_id=none", 404, "unknown_purchase"),
        ("purchases?shop=nowhere&external_id=none", 404, "unknown_shop"),
        ("purchases?member=m_zzz", 404, "unknown_member"),
        ("purchases", 422, "invalid_request"),
        ("purchases?shop=shibuya", 422, "invalid_request"),
        ("purchases?member=m_1&shop=shibuya", 422, "invalid_request"),
        ("purchases?member=m_1&from=2026-13-01", 422, "invalid_request"),
        ("purchases?member=m_1&from=2026-11-01T00:00:00", 422, "invalid_request"),
        ("holds/h_16j_5", 404, "unknown_hold"),
        ("holds/p_16j_5", 404, "unknown_hold"),
    ],
)
async def test_what_is_not_there_says_so(retailer, path, status, code):
    await retailer.member()
    assert (await get(retailer.server, f"/v1/{path}", status))["code"] == code


async def test_a_withdrawn_member_still_reads(retailer):
    member = await retailer.member()
    await retailer.buys(1100, member)
    assert (await retailer.server.delete(f"/v1/members/{member['id']}")).status_code == 204
    assert await retailer.points(member) == 10
    assert len((await get(retailer.server, receipt(member, "entries")))["items"]) == 1


async def test_a_merged_member_reads_the_survivor(retailer, owner):
    gone, stays = await retailer.member(), await retailer.member()
    await retailer.buys(1100, stays)
    await owner.execute(
        "update member set status = 'merged', survivor_id = (select member_id from member where number = $1)"
        " where number = $2",
        stays["number"],
        gone["number"],
    )
    for what in ("balance", "entries", "lots", "why"):
        assert await get(retailer.server, receipt(gone, what)) == await get(retailer.server, receipt(stays, what))
