"""Standing rules over HTTP: birthdays, welcomes, visits, referrals, reviews, surveys, lapses; each once, and told."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta

import pytest

from goen.jobs.model import Means
from goen.jobs.schedule import end_referrals, give_occasions, greet_members

from .test_rewards import proven
from .words import at, cancels, named, ok, orders, programme, refused, ships


async def rule(retailer, code, kind, points=100, live=True, status=201, **fields):
    """A standing rule that gives from now on; what belongs to its kind goes by ``when``."""
    when = {"kind": kind} | fields.pop("when", {})
    body = {"name": f"規則 {code}", "points": points, "when": when} | fields
    made = ok(await retailer.server.put(f"/v1/standing/{code}", json=body), status)
    if live:
        made = ok(await retailer.server.post(f"/v1/standing/{code}/activate", json={}))
        assert made["state"] in ("live", "scheduled"), made
    return made


async def runs(retailer, *jobs):
    """The worker's turn; gives how much each job did."""
    services = retailer.services
    means = Means(services.database, services.till, services.context, retailer.clock)
    return [await job(means) for job in jobs]


async def kept(retailer, code):
    """How often a rule gave, and how many points."""
    told = ok(await retailer.readonly.get(f"/v1/standing/{code}"))
    return told["grants"], told["granted"]


async def visits(retailer, member, client=None, **fields):
    headers = {"Idempotency-Key": fields.pop("key", None) or f"visit-{retailer.number()}"}
    return await (client or retailer.shibuya).post(
        "/v1/visits", json={"member": named(member), **fields}, headers=headers
    )


async def merged(retailer, into, source):
    body = {"source": named(source), "reason": "本人からの申し出"}
    return ok(await retailer.act(f"/v1/members/{into['id']}/merges", body), 201)


# Birthday (rule 36) --------------------------------------------------------------------------------


async def test_rule_36_a_birthday_is_given_once_a_calendar_year_even_if_the_date_is_edited(retailer):
    member = await retailer.member(birth_date="1990-12-24")
    await retailer.member(birth_date="1990-01-24")
    await rule(retailer, "bd", "birthday", grant={"kind": "limited", "days": 30})
    assert await runs(retailer, give_occasions) == [0]
    at(retailer, "2026-12-01")
    assert await runs(retailer, give_occasions, give_occasions) == [1, 0]
    balance = await retailer.balance(member)
    assert (balance["available"], balance["limited"]) == (100, 100)
    [lot] = ok(await retailer.server.get(f"/v1/members/{member['id']}/lots"))["items"]
    assert (lot["kind"], lot["expires_on"]) == ("limited", "2026-12-31")
    [entry] = ok(await retailer.server.get(f"/v1/members/{member['id']}/entries"))["items"]
    assert (entry["kind"], entry["points"], entry["text"]) == ("bonus", 100, "ボーナスポイント（お誕生日特典）")
    why = ok(await retailer.server.get(f"/v1/members/{member['id']}/why"))
    assert "お誕生日特典" in why["lots"][0]["text"]
    assert why["movements"] == [{"points": 100, "text": "ボーナスポイント"}]
    english = await retailer.server.get(f"/v1/members/{member['id']}/why", headers={"Accept-Language": "en"})
    assert "birthday" in english.json()["lots"][0]["text"]
    ok(await retailer.server.patch(f"/v1/members/{member['id']}", json={"birth_date": "1990-12-25"}))
    at(retailer, "2026-12-02")
    assert await runs(retailer, give_occasions) == [0]
    at(retailer, "2027-01-05")
    ok(await retailer.server.patch(f"/v1/members/{member['id']}", json={"birth_date": "1990-01-01"}))
    assert await runs(retailer, give_occasions) == [2]
    assert await kept(retailer, "bd") == (3, 300)
    await proven(retailer)


async def test_rule_36_members_who_are_one_by_now_have_one_birthday(retailer):
    one, two = await retailer.member(birth_date="1990-11-24"), await retailer.member(birth_date="1990-11-24")
    await rule(retailer, "bd", "birthday")
    assert await runs(retailer, give_occasions) == [2]
    merge = await merged(retailer, one, two)
    assert await retailer.points(one) == 200
    at(retailer, "2026-11-23")
    assert await runs(retailer, give_occasions) == [0]
    at(retailer, "2027-11-02")
    assert await runs(retailer, give_occasions) == [1]
    ok(await retailer.act(f"/v1/merges/{merge['id']}/undo"))
    assert [await retailer.points(each) for each in (one, two)] == [200, 100]
    at(retailer, "2027-11-03")
    assert await runs(retailer, give_occasions) == [1]  # The other card has had none of this year.
    await proven(retailer)


async def test_rule_36_one_person_is_not_given_twice_by_the_card_merged_in(retailer):
    one, two = await retailer.member(), await retailer.member(birth_date="1990-11-24")
    await rule(retailer, "bd", "birthday")
    assert await runs(retailer, give_occasions) == [1]
    await merged(retailer, one, two)
    ok(await retailer.server.patch(f"/v1/members/{one['id']}", json={"birth_date": "1990-11-24"}))
    at(retailer, "2026-11-23")
    assert await runs(retailer, give_occasions) == [0]
    assert await retailer.points(one) == 100


async def test_rule_36_who_joins_after_the_days_sweep_has_the_birthday_still(retailer):
    await rule(retailer, "bd", "birthday")
    at(retailer, "2026-11-30")
    quiet = await retailer.member()
    assert await runs(retailer, give_occasions, greet_members) == [0, 0]
    late, other = await retailer.member(birth_date="1990-11-02"), await retailer.member(birth_date="1990-12-02")
    assert await runs(retailer, give_occasions, greet_members, greet_members) == [0, 1, 0]
    ok(await retailer.server.patch(f"/v1/members/{quiet['id']}", json={"birth_date": "1990-11-30"}))
    at(retailer, "2026-12-01")
    assert await runs(retailer, give_occasions) == [2]
    assert [await retailer.points(each) for each in (late, other, quiet)] == [100, 100, 100]
    assert ok(await retailer.server.get("/v1/standing/bd"))["grants"] == 3
    await proven(retailer)


async def test_rule_36_one_birthday_rule_after_the_other_gives_one_birthday_a_year(retailer):
    one, two = await retailer.member(birth_date="1990-12-30"), await retailer.member(birth_date="1990-11-30")
    turn = "2027-01-01T00:00:00+09:00"
    await rule(retailer, "bd-2026", "birthday", when={"on": "day"}, ends_at=turn)
    await rule(retailer, "bd-2027", "birthday", when={"on": "day"}, starts_at=turn)
    await rule(retailer, "more", "birthday", 500)
    for code, others in (("bd-2027", "more"), ("more", "bd-2026, bd-2027")):
        findings = ok(await retailer.readonly.get(f"/v1/standing/{code}"))["checks"]["findings"]
        [told] = [each for each in findings if each["code"] == "one_birthday"]
        assert (told["level"], told["field"]) == ("warning", "when.kind")
        assert f"（{others}）" in told["text"]
    assert await runs(retailer, give_occasions) == [1]
    at(retailer, "2026-11-30")
    assert await runs(retailer, give_occasions) == [0]  # The other rule gave it.
    other = await retailer.member()
    await merged(retailer, other, two)
    ok(await retailer.server.patch(f"/v1/members/{other['id']}", json={"birth_date": "1990-11-30"}))
    at(retailer, "2026-12-30")
    assert await runs(retailer, give_occasions) == [1]
    at(retailer, "2027-01-02")
    assert await runs(retailer, give_occasions) == [0]
    assert [await retailer.points(each) for each in (one, other)] == [100, 500]
    await proven(retailer)


# Welcome -------------------------------------------------------------------------------------------


async def test_a_welcome_greets_who_registers_and_nobody_twice(retailer):
    before = await retailer.member()
    retailer.clock.advance(minutes=1)
    await rule(retailer, "hello", "welcome", 300)
    retailer.clock.advance(minutes=1)
    member = await retailer.member()
    guest = ok(await retailer.server.post("/v1/members", json={"provisional": True}), 201)
    assert await runs(retailer, greet_members, greet_members) == [1, 0]
    assert [await retailer.points(each) for each in (before, member, guest)] == [0, 300, 0]
    proof = await retailer.proof("phone", "090-1234-5678")
    body = {"name": "登録 花子", "identifiers": [{"kind": "phone", "value": "090-1234-5678", "token": proof}]}
    ok(await retailer.web.post(f"/v1/members/{guest['id']}/register", json=body))
    assert await runs(retailer, greet_members) == [1]
    assert await retailer.points(guest) == 300
    ok(await retailer.server.post("/v1/standing/hello/stop", json={}))
    retailer.clock.advance(minutes=1)
    await retailer.member()
    assert await runs(retailer, greet_members) == [0]
    await proven(retailer)


async def test_who_registered_while_the_worker_was_down_is_greeted_by_the_days_sweep(retailer):
    await rule(retailer, "hello", "welcome", 300)
    early, told = await retailer.member(), await retailer.member()
    ok(await retailer.server.put(f"/v1/members/{early['id']}/segments", json={"segments": ["app"]}))
    retailer.clock.advance(minutes=11)
    assert await runs(retailer, greet_members, give_occasions, give_occasions) == [0, 2, 0]
    assert [await retailer.points(each) for each in (early, told)] == [300, 300]


async def test_in_a_household_occasions_are_each_persons_own_and_points_the_pools(retailer):
    yes = {"given": True}
    head, spouse = await retailer.member(birth_date="1990-11-24"), await retailer.member(birth_date="1991-11-03")
    home = ok(await retailer.server.post("/v1/households", json={"head": named(head), "consent": yes}), 201)
    join = {"member": named(spouse), "head_consent": yes, "member_consent": yes}
    await retailer.server.post(f"/v1/households/{home['id']}/members", json=join)
    await rule(retailer, "bd", "birthday", 100)
    await rule(retailer, "hi", "visit", 5)
    await rule(retailer, "friends", "referral", 500)
    answer = await refers(retailer, await code_of(retailer, head), spouse)
    refused(answer, "referral_not_possible", reason="same_household")
    assert await runs(retailer, give_occasions) == [2]
    for member in (head, spouse):
        ok(await visits(retailer, member), 201)
        refused(await visits(retailer, member), "visit_not_possible", reason="today")
    assert [await retailer.points(each) for each in (head, spouse)] == [210, 210]
    await proven(retailer)


# Visits (rule 37) ----------------------------------------------------------------------------------


async def test_rule_37_a_visit_counts_once_a_day_and_shop(retailer):
    member = await retailer.member()
    refused(await visits(retailer, member), "visit_not_possible", reason="no_rule")
    await rule(retailer, "hi", "visit", 5, who={"shops": ["shibuya", "yokohama"]})
    first = ok(await visits(retailer, member, key="once"), 201)
    assert (first["points"], first["rule"], first["shop"], first["balance"]["available"]) == (5, "hi", "shibuya", 5)
    assert ok(await visits(retailer, member, key="once"), 201) == first
    refused(await visits(retailer, member), "visit_not_possible", reason="today")
    ok(await visits(retailer, member, retailer.yokohama), 201)
    refused(await visits(retailer, member, retailer.web), "visit_not_possible", reason="no_rule")
    assert (await visits(retailer, member, shop="yokohama")).status_code == 403
    at(retailer, "2026-11-23", 0)
    ok(await visits(retailer, member), 201)
    [entry, *_] = ok(await retailer.server.get(f"/v1/members/{member['id']}/entries"))["items"]
    assert entry["text"] == "ボーナスポイント（来店ポイント 渋谷店）"
    assert await kept(retailer, "hi") == (3, 15)
    export = ok(await retailer.server.get(f"/v1/members/{member['id']}/export"))
    assert [(each["shop"], each["by"]) for each in export["visits"]] == [
        ("shibuya", "staff"), ("yokohama", "staff"), ("shibuya", "staff"),
    ]  # fmt: skip
    await proven(retailer)


async def test_rule_37_a_lock_of_hours_reaches_over_midnight_and_a_programme_over_shops(retailer):
    member = await retailer.member()
    await rule(retailer, "hi", "visit", 5, when={"per": "programme", "lock_hours": 10})
    at(retailer, "2026-11-23", 20)
    ok(await visits(retailer, member), 201)
    at(retailer, "2026-11-24", 1)
    soon = refused(await visits(retailer, member, retailer.yokohama), "visit_not_possible", reason="too_soon")
    assert datetime.fromisoformat(soon["next_at"]).hour == 21  # UTC: six in the morning.
    at(retailer, "2026-11-24", 6)
    ok(await visits(retailer, member, retailer.yokohama), 201)
    at(retailer, "2026-11-24", 17)
    refused(await visits(retailer, member), "visit_not_possible", reason="today")


async def test_rule_37_of_two_rules_the_better_gives_and_the_visit_counts_for_both(retailer):
    member = await retailer.member()
    await rule(retailer, "all", "visit", 5, when={"per": "programme"})
    await rule(retailer, "here", "visit", 20, who={"shops": ["shibuya"]}, limits=[{"measure": "points", "most": 30}])
    assert ok(await visits(retailer, member), 201)["rule"] == "here"
    refused(await visits(retailer, member, retailer.yokohama), "visit_not_possible", reason="today")
    others = [await retailer.member() for _ in range(2)]
    told = [ok(await visits(retailer, each), 201) for each in others]
    assert [(each["rule"], each["points"]) for each in told] == [("here", 10), ("all", 5)]
    await proven(retailer)


async def test_rule_37_a_code_on_the_wall_expires_and_belongs_to_its_shop(retailer):
    member = await retailer.member()
    await rule(retailer, "hi", "visit", 5)
    code = ok(await retailer.shibuya.post("/v1/visit_codes", json={"expires_in": 60}), 201)["code"]
    ask = {"client": retailer.server, "code": code.lower()}
    refused(await visits(retailer, member, shop="yokohama", **ask), "visit_not_possible", reason="code_elsewhere")
    refused(await visits(retailer, member, code="NOBODY"), "visit_not_possible", reason="code_unknown")
    assert ok(await visits(retailer, member, shop="shibuya", **ask), 201)["points"] == 5
    other = await retailer.member()
    retailer.clock.advance(seconds=60)
    refused(await visits(retailer, other, shop="shibuya", **ask), "visit_not_possible", reason="code_expired")
    await rule(retailer, "hi", "visit", 5, when={"by_code": False}, status=200)
    code = ok(await retailer.shibuya.post("/v1/visit_codes", json={}), 201)["code"]
    refused(await visits(retailer, other, code=code), "visit_not_possible", reason="staff_only")
    assert (await retailer.shibuya.post("/v1/visit_codes", json={"shop": "yokohama"})).status_code == 403


async def test_rule_37_a_hundred_check_ins_at_once_are_one(retailer):
    member = await retailer.member()
    await rule(retailer, "hi", "visit", 5)
    answers = await asyncio.gather(*(visits(retailer, member) for _ in range(100)))
    assert sorted(each.status_code for each in answers) == [201] + [409] * 99
    assert (await retailer.points(member), await kept(retailer, "hi")) == (5, (1, 5))


# Referrals (rule 38) -------------------------------------------------------------------------------


async def code_of(retailer, member):
    return ok(await retailer.web.get(f"/v1/members/{member['id']}/referral_code"))["code"]


async def refers(retailer, code, friend, **fields):
    return await retailer.act("/v1/referrals", {"member": named(friend), "code": code, **fields})


async def told(retailer, member):
    items = ok(await retailer.server.get(f"/v1/members/{member['id']}/referrals"))["items"]
    return [(each["state"], each["reason"]) for each in items]


async def test_rule_38_both_are_paid_at_the_friends_first_shipped_unreturned_order(retailer):
    await rule(retailer, "friends", "referral", 500, when={"friend_points": 300, "amount_min": 1000})
    host, friend = await retailer.member(), await retailer.member()
    code = await code_of(retailer, host)
    assert await code_of(retailer, host) == code
    made = ok(await refers(retailer, code, friend), 201)
    assert (made["state"], made["points"], made["until"]) == ("pending", 0, "2027-02-20")
    refused(await refers(retailer, code, friend), "referral_not_possible", reason="already_referred")
    order = await orders(retailer, 3300, friend)
    assert await runs(retailer, end_referrals) == [0]
    await ships(retailer, order)
    back = {
        "external_id": "r-1",
        "occurred_at": retailer.clock.now().isoformat(),
        "lines": [{"line": 1, "quantity": 1}],
    }
    ok(await retailer.server.post(f"/v1/purchases/{order['id']}/returns", json=back), 201)
    await retailer.buys(550, friend)
    assert await runs(retailer, end_referrals) == [0]
    await retailer.buys(1100, friend)
    before = await retailer.points(friend)
    assert await runs(retailer, end_referrals, end_referrals) == [1, 0]
    assert (await retailer.points(host), await retailer.points(friend) - before) == (500, 300)
    assert await told(retailer, host) == [("paid", None)]
    assert await kept(retailer, "friends") == (2, 800)
    for member, side in ((host, "referrer"), (friend, "friend")):
        export = await retailer.server.get(f"/v1/members/{member['id']}/export")
        [referral] = export.json()["referrals"]
        assert (referral["side"], referral["state"]) == (side, "paid")
        assert (friend if member is host else host)["id"] not in export.text.replace("audit", "")
    page = await retailer.server.get(f"/v1/members/{host['id']}/disclosure", headers={"Accept-Language": "ja"})
    assert "お友だちを紹介" in page.text
    [entry] = ok(await retailer.server.get(f"/v1/members/{host['id']}/entries"))["items"]
    assert entry["text"] == "ボーナスポイント（お友だち紹介特典）"
    await proven(retailer)


async def test_rule_38_no_late_entry_no_self_and_nobody_of_one_address_phone_device_or_household(retailer):
    address, birth = "東京都渋谷区渋谷1-1-1 ハイツ201", {"kana": "シケン ハナコ", "birth_date": "1990-01-02"}
    host = await retailer.member(address=address, **birth)
    await retailer.server.post(f"/v1/members/{host['id']}/identifiers", json={"kind": "phone", "value": "09011112222"})
    code = await code_of(retailer, host)
    friend = await retailer.member()
    refused(await refers(retailer, code, friend), "referral_not_possible", reason="no_rule")
    await rule(retailer, "friends", "referral", 500, when={"enter_days": 3})
    refused(await refers(retailer, "NOBODY", friend), "referral_not_possible", reason="code_unknown")
    refused(await refers(retailer, code, host), "referral_not_possible", reason="same_person")
    twin = await retailer.member(kana="しけん はなこ", birth_date="1990-01-02")
    refused(await refers(retailer, code, twin), "referral_not_possible", reason="same_person")
    near = await retailer.member(address="渋谷区渋谷１丁目１番１号", postal_code="150-0002")
    refused(await refers(retailer, code, near), "referral_not_possible", reason="same_address")
    phone = await retailer.member()
    await retailer.server.post(
        f"/v1/members/{phone['id']}/identifiers", json={"kind": "phone", "value": "090-1111-2222"}
    )
    refused(await refers(retailer, code, phone), "referral_not_possible", reason="same_contact")
    ok(await refers(retailer, code, friend, device="phone-1"), 201)
    other = await retailer.member()
    refused(await refers(retailer, code, other, device="phone-1"), "referral_not_possible", reason="same_device")
    buyer = await retailer.member()
    await retailer.buys(1100, buyer)
    refused(await refers(retailer, code, buyer), "referral_not_possible", reason="has_bought")
    retailer.clock.advance(days=4)
    late = refused(await refers(retailer, code, other), "referral_not_possible", reason="late")
    assert late["until"] == "2026-11-25"
    gone = await retailer.member()
    await retailer.server.delete(f"/v1/members/{host['id']}")
    refused(await refers(retailer, code, gone), "referral_not_possible", reason="referrer_left")


async def test_rule_38_a_referrer_is_paid_for_so_many_and_a_merge_or_the_end_of_time_voids(retailer):
    await rule(
        retailer, "friends", "referral", 500, when={"referrer_max": 1, "friend_points": 50, "friend_at": "entered"}
    )
    host = await retailer.member()
    code = await code_of(retailer, host)
    friends = [await retailer.member() for _ in range(4)]
    for friend in friends:
        assert ok(await refers(retailer, code, friend), 201)["points"] == 50
    for friend in friends[:3]:
        await retailer.buys(1100, friend)
    await merged(retailer, host, friends[2])
    assert await runs(retailer, end_referrals) == [3]
    at(retailer, "2027-03-01")
    assert await runs(retailer, end_referrals) == [1]
    assert sorted(await told(retailer, host), key=str) == [
        ("lapsed", None), ("paid", None), ("void", "referrer_max"), ("void", "same_person"),
    ]  # fmt: skip
    refused(await refers(retailer, code, await retailer.member()), "referral_not_possible", reason="referrer_max")
    assert await kept(retailer, "friends") == (5, 700)
    await proven(retailer)


async def test_rule_38_a_limit_of_the_day_puts_a_referral_off_and_a_budget_ends_it(retailer):
    daily = {"measure": "uses", "most": 1, "per": ["day"]}
    await rule(retailer, "friends", "referral", 500, limits=[daily, {"measure": "points", "most": 1000}])
    host = await retailer.member()
    code = await code_of(retailer, host)
    friends = [await retailer.member() for _ in range(3)]
    for friend in friends:
        ok(await refers(retailer, code, friend), 201)
        await retailer.buys(1100, friend)
    assert await runs(retailer, end_referrals, end_referrals) == [1, 0]
    at(retailer, "2026-11-23")
    assert await runs(retailer, end_referrals) == [2]
    assert sorted(await told(retailer, host), key=str) == [
        ("paid", None), ("paid", None), ("void", "limit_reached"),
    ]  # fmt: skip
    assert await retailer.points(host) == 1000
    await proven(retailer)


async def test_rule_38_an_order_in_time_counts_when_it_is_shipped_and_held_from_then_on(retailer):
    await rule(retailer, "friends", "referral", 500, when={"buy_days": 10, "hold_days": 8})
    host, friend, idle = [await retailer.member() for _ in range(3)]
    code = await code_of(retailer, host)
    for each in (friend, idle):
        ok(await refers(retailer, code, each), 201)
    at(retailer, "2026-12-02")  # The last day.
    order = await orders(retailer, 3300, friend)
    at(retailer, "2026-12-20")
    assert await runs(retailer, end_referrals) == [1]
    assert sorted(await told(retailer, host)) == [("lapsed", None), ("pending", None)]
    await ships(retailer, order)
    at(retailer, "2026-12-27")
    assert await runs(retailer, end_referrals) == [0]
    at(retailer, "2026-12-28")
    assert await runs(retailer, end_referrals) == [1]
    assert await retailer.points(host) == 500
    await proven(retailer)


# Reviews, surveys, win-back ------------------------------------------------------------------------


async def test_an_order_that_is_never_shipped_ends_its_referral(retailer):
    await rule(retailer, "friends", "referral", 500, when={"buy_days": 10})
    host, friend = await retailer.member(), await retailer.member()
    ok(await refers(retailer, await code_of(retailer, host), friend), 201)
    order = await orders(retailer, 3300, friend)
    at(retailer, "2027-05-31")  # 180 days after the last day, 2 December.
    assert await runs(retailer, end_referrals) == [0]
    at(retailer, "2027-06-01")
    assert await runs(retailer, end_referrals) == [1]
    assert await told(retailer, host) == [("lapsed", "not_shipped")]
    await ships(retailer, order)
    assert await runs(retailer, end_referrals) == [0]
    await proven(retailer)


async def reports(retailer, path, member, subject, **fields):
    return await retailer.act(path, {"member": named(member), "subject": subject, **fields})


async def test_a_review_is_rewarded_once_for_each_product_that_was_bought(retailer):
    member = await retailer.member()
    refused(await reports(retailer, "/v1/reviews", member, "A-1"), "not_rewarded", reason="no_rule")
    await rule(retailer, "review", "review", 30, when={"bought": True}, limits=[
        {"measure": "uses", "most": 2, "per": ["member", "month"]},
    ])  # fmt: skip
    refused(await reports(retailer, "/v1/reviews", member, "A-1"), "not_rewarded", reason="not_bought")
    for sku in ("A-1", "A-2", "A-3"):
        await retailer.buys(1100, member, lines=[{"line": 1, "amount": 1100, "sku": sku}])
    before = await retailer.points(member)
    assert ok(await reports(retailer, "/v1/reviews", member, "A-1"), 201)["points"] == 30
    refused(await reports(retailer, "/v1/reviews", member, "A-1"), "not_rewarded", reason="already")
    ok(await reports(retailer, "/v1/reviews", member, "A-2", shop="web"), 201)
    refused(await reports(retailer, "/v1/reviews", member, "A-3"), "not_rewarded", reason="limit_reached")
    assert await retailer.points(member) - before == 60
    await proven(retailer)


async def test_a_survey_is_rewarded_once_and_only_the_ones_named(retailer):
    member, outsider = await retailer.member(), await retailer.member()
    ok(await retailer.server.put(f"/v1/members/{member['id']}/segments", json={"segments": ["app"]}))
    await rule(retailer, "ask", "survey", 50, when={"subjects": ["2026-autumn"]}, who={"segments": ["app"]})
    refused(await reports(retailer, "/v1/survey_answers", member, "other"), "not_rewarded", reason="no_rule")
    refused(
        await reports(retailer, "/v1/survey_answers", outsider, "2026-autumn"),
        "not_rewarded",
        reason="not_this_segment",
    )
    ok(await reports(retailer, "/v1/survey_answers", member, "2026-autumn"), 201)
    refused(await reports(retailer, "/v1/survey_answers", member, "2026-autumn"), "not_rewarded", reason="already")
    assert await kept(retailer, "ask") == (1, 50)


async def test_a_lapse_is_answered_once_and_again_after_the_next_one(retailer):
    member, never = await retailer.member(), await retailer.member()
    await retailer.buys(1100, member)
    start = await retailer.points(member)
    await rule(
        retailer, "back", "win_back", 200, when={"days": 30, "days_max": 60}, grant={"kind": "limited", "days": 14}
    )
    day = date(2026, 11, 22)
    for away, given in ((29, 0), (30, 1), (31, 0)):
        at(retailer, day + timedelta(days=away))
        assert await runs(retailer, give_occasions) == [given], away
    await retailer.buys(1100, member)
    at(retailer, day + timedelta(days=31 + 30))
    assert await runs(retailer, give_occasions) == [1]
    at(retailer, day + timedelta(days=31 + 61))
    assert await runs(retailer, give_occasions) == [0]
    assert (await kept(retailer, "back"), await retailer.points(never), start) == ((2, 400), 0, 10)
    await proven(retailer)


async def test_a_lapse_is_not_answered_again_where_the_last_purchase_comes_back(retailer):
    member, other = await retailer.member(), await retailer.member()
    await retailer.buys(1100, member)
    at(retailer, "2026-11-30")
    last = await retailer.buys(1100, member)
    await rule(retailer, "back", "win_back", 200, when={"days": 30})
    at(retailer, "2026-12-30")
    assert await runs(retailer, give_occasions) == [1]
    await cancels(retailer, last)
    await merged(retailer, other, member)
    at(retailer, "2026-12-31")
    assert await runs(retailer, give_occasions) == [0]
    assert await kept(retailer, "back") == (1, 200)
    await proven(retailer)


# Rules as data -------------------------------------------------------------------------------------


async def test_a_rule_has_versions_states_checks_and_waits_for_a_second_person(retailer):
    await programme(retailer, campaigns={"approval_above": 1000})
    made = await rule(retailer, "bd", "birthday", live=False)
    assert (made["state"], made["version"], made["grants"], made["granted"]) == ("draft", 1, 0, 0)
    assert made["checks"]["law"]["premiums"] == "discount"
    refused(await retailer.server.post("/v1/standing/bd/stop", json={}), "standing_rule_state", state="draft")
    assert ok(await retailer.server.post("/v1/standing/bd/activate", json={}))["state"] == "waiting"
    refused(await retailer.server.post("/v1/standing/bd/approve", json={}), "second_person_needed")
    await rule(retailer, "bd", "birthday", 200, live=False, status=200, limits=[{"measure": "points", "most": 1000}])
    live = ok(await retailer.server.post("/v1/standing/bd/activate", json={}))
    assert (live["state"], live["live_version"], live["checks"]["worst_case"]["points"]) == ("live", 2, 1000)
    again = await rule(
        retailer, "bd", "birthday", 200, live=False, status=200, limits=[{"measure": "points", "most": 1000}]
    )
    assert again["newest_version"] == 2
    body = {"name": "規則", "points": 1, "when": {"kind": "visit"}}
    assert (await retailer.server.put("/v1/standing/bd", json=body)).json()["code"] == "invalid_request"
    assert [each["code"] for each in ok(await retailer.readonly.get("/v1/standing"))["items"]] == ["bd"]
    refused(await retailer.server.get("/v1/standing/none"), "unknown_standing_rule", status=404)
    refused(await retailer.server.get("/v1/standing/bd?version=9"), "unknown_standing_rule", status=404)
    stopped = ok(await retailer.server.post("/v1/standing/bd/stop", json={}))
    assert (stopped["state"], stopped["live_version"]) == ("stopped", None)
    over = {"name": "規則", "points": 1, "when": {"kind": "visit"}, "ends_at": "2026-01-01T00:00:00+09:00"}
    ok(await retailer.server.put("/v1/standing/over", json=over), 201)
    refused(await retailer.server.post("/v1/standing/over/activate", json={}), "standing_rule_state", state="ended")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"limits": [{"measure": "uses", "most": 1}] * 2}, "limits.1"),
        ({"grant": {"kind": "regular", "days": 3}}, "grant.kind"),
        ({"starts_at": "2026-12-01T00:00:00Z", "ends_at": "2026-11-01T00:00:00Z"}, "ends_at"),
    ],
)
async def test_a_rule_that_contradicts_itself_is_refused(retailer, fields, field):
    body = {"name": "規則", "points": 1, "when": {"kind": "visit"}} | fields
    answer = await retailer.server.put("/v1/standing/wrong", json=body)
    assert refused(answer, "invalid_request")["errors"][0]["field"] == field


# Templates of campaigns ----------------------------------------------------------------------------


async def test_rule_41_staff_earn_at_a_rate_of_their_own_up_to_a_month(retailer):
    member = await retailer.member()
    ok(await retailer.server.put(f"/v1/members/{member['id']}/segments", json={"segments": ["staff"]}))
    listed = ok(await retailer.readonly.get("/v1/campaign_templates"))["items"]
    [staff] = [each for each in listed if each["kind"] == "staff"]
    assert [(p["name"], p["required"], p["default"]) for p in staff["parameters"]] == [
        ("percent", True, None), ("points_per_month", True, None), ("segment", False, "staff"),
    ]  # fmt: skip
    body = {"code": "staff", "template": {"kind": "staff", "percent": 3, "points_per_month": 50}}
    made = ok(await retailer.server.post("/v1/campaign_templates", json=body), 201)
    assert (made["state"], made["checks"]["findings"][0]["code"]) == ("draft", "unbounded")
    refused(await retailer.server.post("/v1/campaign_templates", json=body), "campaign_exists")
    ok(await retailer.server.post("/v1/campaigns/staff/activate", json={}))
    retailer.clock.advance(seconds=3)
    sales = [await retailer.buys(1100, member) for _ in range(3)]
    assert [sale["points"]["earned"] for sale in sales] == [30, 20, 10]
    wrong = {"code": "days", "template": {"kind": "double_days"}}
    answer = refused(await retailer.server.post("/v1/campaign_templates", json=wrong), "invalid_request")
    assert answer["errors"][0]["field"] == "template.days_of_month"


async def test_rule_38_a_claimed_receipt_is_an_order_and_returns_lower_it(retailer):
    await rule(retailer, "friends", "referral", 500, when={"amount_min": 1000})
    host, friend = await retailer.member(), await retailer.member()
    ok(await refers(retailer, await code_of(retailer, host), friend), 201)
    guest = await retailer.buys(2200, lines=[{"line": 1, "amount": 1500}, {"line": 2, "amount": 700}])
    ok(await retailer.act(f"/v1/purchases/{guest['id']}/claim", {"member": named(friend)}))
    back = {
        "external_id": "r-1",
        "occurred_at": retailer.clock.now().isoformat(),
        "lines": [{"line": 1, "quantity": 1}],
    }
    ok(await retailer.server.post(f"/v1/purchases/{guest['id']}/returns", json=back), 201)
    assert await runs(retailer, end_referrals) == [0]
    await retailer.buys(1000, friend)
    assert await runs(retailer, end_referrals) == [1]
    assert await retailer.points(host) == 500
