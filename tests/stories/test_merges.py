"""Rules 35, 44 and 45 over HTTP: two members become one, everything follows, and they are parted again."""

from __future__ import annotations

from typing import Any

import pytest

from stories.conftest import Retailer
from stories.words import (
    at,
    cancels,
    dates,
    entries,
    gives,
    lots,
    named,
    now,
    ok,
    orders,
    refused,
    ships,
    sweep,
    takes_back,
    told,
)


async def merges(
    retailer: Retailer, survivor: dict[str, Any], source: dict[str, Any], **changes: Any
) -> dict[str, Any]:
    body = {"source": named(source), "reason": "同じ電話番号と生年月日", **changes}
    return ok(await retailer.act(f"/v1/members/{survivor['id']}/merges", body), 200 if changes.get("preview") else 201)


async def parts(retailer: Retailer, merge: dict[str, Any]) -> dict[str, Any]:
    return ok(await retailer.act(f"/v1/merges/{merge['id']}/undo", {"reason": "別人だった"}))


def card(member: dict[str, Any]) -> dict[str, str]:
    return {"kind": "card", "value": member["identifiers"][1]["value"]}


async def holds(retailer: Retailer, member: dict[str, Any], points: int) -> dict[str, Any]:
    body = {"member": card(member), "points": points, "shop": "web", "expires_in": 86_400}
    return ok(await retailer.act("/v1/holds", body), 201)


async def shows(retailer: Retailer, who: dict[str, str], amount: int, **changes: Any) -> dict[str, Any]:
    """A sale to whoever shows this."""
    body = retailer.sale(amount, **changes) | {"member": who}
    return ok(await retailer.server.post("/v1/purchases", json=body), 201)


async def reads(retailer: Retailer, path: str) -> Any:
    return ok(await retailer.readonly.get(path))


async def test_rule_45_lots_move_with_their_dates_and_both_ids_read_the_survivor(retailer):
    survivor, source = await retailer.member(), await retailer.member(name="高橋 花子", kana="タカハシ ハナコ")
    await gives(retailer, survivor, 100, expires_on="2027-03-31")
    await gives(retailer, source, 200, expires_on="2026-12-31", kind="limited")
    await gives(retailer, source, 40)
    bought = await retailer.buys(11_000, source)
    before = await dates(retailer, survivor), await dates(retailer, source)

    done = await merges(retailer, survivor, source)
    assert done["moved"] == {"points": 340, "owed": 0, "pending": 0, "held": 0, "lots": 3, "holds": 0}
    assert done["balance"]["available"] == 440
    both = {day: before[0].get(day, 0) + before[1].get(day, 0) for day in before[0].keys() | before[1].keys()}
    for member in (survivor, source):
        assert await dates(retailer, member) == both
        assert (await reads(retailer, f"/v1/members/{member['id']}"))["id"] == survivor["id"]
        assert await retailer.points(member) == 440
        listed = await reads(retailer, f"/v1/purchases?member={member['id']}")
        assert [each["id"] for each in listed["items"]] == [bought["id"]]
        assert listed["items"][0]["member"]["id"] == survivor["id"]
        why = await reads(retailer, f"/v1/members/{member['id']}/why")
        assert why["booked"] == sum(each["points"] for each in why["lots"]) == 440
        assert sum(each["points"] for each in await entries(retailer, member)) == 440
        found = await reads(retailer, f"/v1/members?kind=card&value={card(member)['value']}")
        assert [each["id"] for each in found["items"]] == [survivor["id"]]
        exported = ok(await retailer.server.get(f"/v1/members/{member['id']}/export"))
        assert "member.merged" in {each["action"] for each in exported["notes"]}
    searched = await reads(retailer, "/v1/members?q=タカハシ")
    assert [each["id"] for each in searched["items"]] == [survivor["id"]]
    values = {each["value"] for each in (await reads(retailer, f"/v1/members/{source['id']}"))["identifiers"]}
    assert {card(survivor)["value"], card(source)["value"]} <= values
    kinds = [each["kind"] for each in await entries(retailer, survivor)]
    assert kinds.count("merge_in") == 1
    # Limited points of either go first, whoever shows a card (rule 13).
    await retailer.buys(550, survivor, use_points=150)
    assert (await dates(retailer, survivor))["2026-12-31"] == 50


async def test_rule_45_orders_holds_returns_and_claims_in_flight_follow_the_survivor(retailer):
    survivor, source = await retailer.member(), await retailer.member()
    await gives(retailer, source, 500)
    order = await orders(retailer, 11_000, source, use_points=100)
    called_off = await orders(retailer, 2200, source, use_points=50)
    hold, freed = await holds(retailer, source, 70), await holds(retailer, source, 30)
    bought = await retailer.buys(2200, source, use_points=200)
    receipt = await retailer.buys(3300)

    done = await merges(retailer, survivor, source)
    assert (done["moved"]["held"], done["moved"]["pending"], done["moved"]["holds"]) == (250, 118, 4)
    assert await retailer.balance(survivor) | {"held": 250, "pending": 118} == await retailer.balance(source)
    assert (await reads(retailer, f"/v1/holds/{hold['id']}"))["member"]["id"] == survivor["id"]
    captured = ok(await retailer.act(f"/v1/holds/{hold['id']}/capture"))
    assert (captured["member"]["id"], captured["balance"]["held"]) == (survivor["id"], 180)
    ok(await retailer.act(f"/v1/holds/{freed['id']}/release"))
    shipped = await ships(retailer, order)
    assert (shipped["member"]["id"], shipped["points"]["earned"]) == (survivor["id"], 99)
    await cancels(retailer, called_off)
    back = await takes_back(retailer, bought)
    assert back["points"]["used_restored"] == 200
    claimed = ok(await retailer.act(f"/v1/purchases/{receipt['id']}/claim", {"member": card(source)}))
    assert claimed["member"]["id"] == survivor["id"]
    # 520 given and earned, less 100 and 70 spent and the returned sale's 18, more 99 of the order and 30 claimed.
    assert await retailer.balance(survivor) | {"available": 459, "pending": 0, "held": 0} == (
        await retailer.balance(survivor)
    )


async def test_rule_28_a_debt_of_one_is_filled_from_points_of_the_other(retailer):
    survivor, source = await retailer.member(), await retailer.member()
    await gives(retailer, survivor, 100)
    await retailer.buys(1100, source, use_points=60, offline=True)
    owed = -(await retailer.points(source))
    assert owed > 0
    done = await merges(retailer, survivor, source)
    assert done["moved"]["owed"] == owed
    assert done["balance"]["available"] == 100 - owed
    assert "owed" not in await dates(retailer, survivor)
    undone = await parts(retailer, done)
    assert (undone["source"]["owed"], undone["survivor"]["balance"]["available"]) == (owed, 100)
    assert undone["excess"] == []


async def test_rule_45_an_undo_gives_each_side_what_happened_by_its_own_card(retailer):
    survivor, source = await retailer.member(), await retailer.member()
    await gives(retailer, survivor, 300, expires_on="2027-06-30")
    await gives(retailer, source, 300, expires_on="2027-01-31")
    done = await merges(retailer, survivor, source)
    first = await retailer.buys(1100, survivor, use_points=100)
    second = await shows(retailer, card(source), 11_000)
    held = await holds(retailer, source, 40)
    # The source's points end sooner, and both were spent from them.
    assert (await dates(retailer, survivor))["2027-01-31"] == 200
    await retailer.act("/v1/adjustments", {"member": named(survivor), "points": 7, "reason": "goodwill"})

    undone = await parts(retailer, done)
    assert (await dates(retailer, survivor))["2027-06-30"] == 200
    assert (await dates(retailer, source))["2027-01-31"] == 300
    assert undone["source"]["balance"] == {"available": 360, "pending": 0, "held": 40}
    assert undone["survivor"]["balance"]["available"] == 200 + first["points"]["earned"] + 7
    assert (undone["excess"], undone["revived"], undone["holds"]) == ([], 0, 1)
    assert [(each["points"], each["why"]) for each in undone["unattributed"]] == [(7, "by_hand")]
    for member, sale in ((survivor, first), (source, second)):
        listed = await reads(retailer, f"/v1/purchases?member={member['id']}")
        assert [each["id"] for each in listed["items"]] == [sale["id"]]
        assert (await reads(retailer, f"/v1/purchases/{sale['id']}"))["member"]["id"] == member["id"]
        assert (await reads(retailer, f"/v1/members/{member['id']}"))["id"] == member["id"]
    assert (await reads(retailer, f"/v1/holds/{held['id']}"))["member"]["id"] == source["id"]
    # What comes back goes to the very lots that each side's sale was drawn from.
    await takes_back(retailer, first)
    assert (await dates(retailer, survivor))["2027-06-30"] == 300
    ok(await retailer.act(f"/v1/holds/{held['id']}/capture"))
    assert (await dates(retailer, source))["2027-01-31"] == 260
    refused(await retailer.act(f"/v1/merges/{done['id']}/undo"), "merge_undone")


async def test_rule_45_more_than_a_side_had_is_a_debt_there_and_a_credit_on_the_other(retailer):
    survivor, source = await retailer.member(), await retailer.member()
    await gives(retailer, survivor, 300, expires_on="2027-06-30")
    await gives(retailer, source, 50, expires_on="2027-01-31")
    done = await merges(retailer, survivor, source)
    spent = await shows(retailer, card(source), 220, use_points=200)
    held = await holds(retailer, source, 100)
    undone = await parts(retailer, done)
    assert await dates(retailer, survivor) == {"2027-06-30": 300}
    assert [(each["member_id"], each["points"]) for each in undone["excess"]] == [
        (source["id"], 150), (source["id"], 100),
    ]  # fmt: skip
    assert [each["purchase_id"] for each in undone["excess"]] == [spent["id"], None]
    assert undone["source"]["owed"] == 250
    assert sum([each["points"] for member in (survivor, source) for each in await lots(retailer, member)]) == 150
    # The shop was promised the hold: it is kept, against a debt, and whatever is freed fills it.
    ok(await retailer.act(f"/v1/holds/{held['id']}/capture", {"points": 60}))
    assert await dates(retailer, source) == {"owed": -210}
    await takes_back(retailer, spent)
    assert await dates(retailer, source) == {"owed": -10}


async def test_rule_45_an_undo_comes_after_points_have_expired(retailer):
    survivor, source = await retailer.member(), await retailer.member()
    await gives(retailer, survivor, 100, expires_on="2027-06-30")
    await gives(retailer, source, 100, expires_on="2026-12-31")
    done = await merges(retailer, survivor, source)
    await retailer.buys(1100, survivor, use_points=100)
    at(retailer, "2027-02-01")
    await sweep(retailer)
    await parts(retailer, done)
    await sweep(retailer)
    # As if never merged: the survivor used its own, the source's ran out.
    assert [await retailer.points(member) for member in (survivor, source)] == [9, 0]


async def test_a_shared_phone_is_no_ambiguity_any_more_and_stays_with_the_survivor(retailer):
    phone = {"kind": "phone", "value": "090-1234-5678"}
    survivor, source = await retailer.member(), await retailer.member()
    for member in (survivor, source):
        ok(await retailer.server.post(f"/v1/members/{member['id']}/identifiers", json=phone), 201)
    refused(await retailer.server.post("/v1/purchases", json=retailer.sale(member=None) | {"member": phone}),
            "ambiguous_member")  # fmt: skip
    seen = await merges(retailer, survivor, source, preview=True)
    assert [each["kind"] for each in seen["clashes"]] == ["phone"]
    done = await merges(retailer, survivor, source)
    bought = await shows(retailer, phone, 1100)
    found = ok(await retailer.server.post("/v1/members/lookup", json=phone))
    assert [each["id"] for each in found["items"]] == [survivor["id"]]
    undone = await parts(retailer, done)
    assert [(each["why"], each["purchase_id"]) for each in undone["unattributed"]] == [
        ("shared_identifier", bought["id"])
    ]
    assert await retailer.points(survivor) == 10


async def test_a_preview_needs_no_key_and_a_merge_does(retailer):
    survivor, source = await retailer.member(), await retailer.member()
    path, body = f"/v1/members/{survivor['id']}/merges", {"source": named(source), "reason": "the same person"}
    assert (await retailer.server.post(path, json={**body, "preview": True})).status_code == 200
    answer = await retailer.server.post(path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "missing_idempotency_key"), answer.text


async def test_a_preview_tells_what_would_change_and_changes_nothing(retailer, owner):
    survivor, source = await retailer.member(), await retailer.member()
    await gives(retailer, source, 500)
    order = await orders(retailer, 11_000, source, use_points=100)
    await retailer.buys(5500, survivor)
    await retailer.buys(1100, source)
    tables = ("act", "entry", "audit", "outbox", "member_merge", "feed")
    counts = [await owner.fetchval(f"select count(*) from {table}") for table in tables[:3]]
    seen = await merges(retailer, survivor, source, preview=True)
    assert seen["moved"] == {"points": 510, "owed": 0, "pending": 99, "held": 100, "lots": 2, "holds": 1}
    assert seen["balance"] == {"available": 460, "pending": 99, "held": 100}
    assert [each["points"] for each in seen["lots"]] == [500, 10]
    assert [each["id"] for each in seen["orders"]] == [order["id"]]
    assert seen["tier"]["combined"] == {"purchases": 2, "amount": 6600, "earned": 60}
    assert [await owner.fetchval(f"select count(*) from {table}") for table in tables[:3]] == counts
    assert (await reads(retailer, f"/v1/members/{source['id']}"))["id"] == source["id"]


async def test_what_cannot_be_merged_is_refused_by_name(retailer):
    survivor, source, third = [await retailer.member() for _ in range(3)]
    path = f"/v1/members/{survivor['id']}/merges"
    body = {"source": named(source), "reason": "x"}
    answer = await retailer.act(path, body | {"source": named(survivor)})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "source"
    assert (await retailer.act("/v1/members/m_zzzz/merges", body)).status_code == 404
    assert (await retailer.act(path, body | {"source": {"kind": "member_id", "value": "m_zzzz"}})).status_code == 422
    assert (await retailer.act(path, {"source": named(source)})).status_code == 422
    assert (await retailer.act("/v1/merges/g_1_1/undo")).status_code == 404
    refused(await retailer.shibuya.post(path, json=body, headers={"Idempotency-Key": "k"}), "forbidden")
    ok(await retailer.server.post(f"/v1/members/{source['id']}/freeze", json={"reason": "調査"}))
    refused(await retailer.act(path, body), "member_frozen", member_id=source["id"])
    ok(await retailer.server.post(f"/v1/members/{source['id']}/unfreeze", json={"reason": "済"}))
    assert (await retailer.server.delete(f"/v1/members/{third['id']}")).status_code == 204
    refused(await retailer.act(path, body | {"source": named(third)}), "member_withdrawn")
    await merges(retailer, survivor, source)
    # They are one by now.
    assert (await retailer.act(path, body)).status_code == 422


async def test_rules_40_and_45_a_merged_member_joins_a_household_by_all_its_names(retailer):
    survivor, source, son = await retailer.member(), await retailer.member(), await retailer.member()
    agreed = {"given": True, "wording": "家族会員規約 2026-10", "source": "渋谷店 申込書"}
    home = ok(await retailer.server.post("/v1/households", json={"head": named(son), "consent": agreed}), 201)
    joining = {"head_consent": agreed, "member_consent": agreed, "may_spend": True}
    members = f"/v1/households/{home['id']}/members"
    ok(await retailer.server.post(members, json={"member": named(source), **joining}), 201)
    for one, other in ((survivor, source), (source, survivor)):
        body = {"source": named(other), "reason": "同一人物"}
        answer = await retailer.act(f"/v1/members/{one['id']}/merges", body)
        assert (answer.status_code, answer.json()["reason"]) == (409, "in_household"), "who is in one leaves it first"
    ok(await retailer.server.post(f"{members}/{source['id']}/leave", json={}))
    merge = await merges(retailer, survivor, source)
    ok(await retailer.server.post(members, json={"member": named(survivor), **joining}), 201)

    bought = await shows(retailer, card(source), 11_000)
    assert await retailer.points(son) == await retailer.points(source) == await retailer.points(survivor) == 100
    used = await shows(retailer, card(source), 3_300, use_points=60)
    assert used["points"]["used"] == 60
    for member in (son, source, survivor):
        listed = await reads(retailer, f"/v1/purchases?member={member['id']}")
        assert {each["id"] for each in listed["items"]} == {bought["id"], used["id"]}
    pooled = await retailer.points(son)
    await parts(retailer, merge)
    assert [await retailer.points(each) for each in (son, survivor, source)] == [pooled, pooled, 0]
    await takes_back(retailer, bought)
    assert await retailer.points(son) == pooled - 100, "what a household earned goes back from its pool"
    await shows(retailer, card(source), 1_100)
    assert await retailer.points(source) == 10


async def test_merges_come_apart_from_the_outside_in(retailer):
    a, b, c, d = [await retailer.member() for _ in range(4)]
    for n, member in enumerate((a, b, c, d), 1):
        await gives(retailer, member, 100 * n)
    first = await merges(retailer, b, a)
    second = await merges(retailer, c, b)
    third = await merges(retailer, c, d)
    assert [await retailer.points(each) for each in (a, b, c, d)] == [1000] * 4
    await shows(retailer, card(a), 1100, use_points=30)
    refused(await retailer.act(f"/v1/merges/{first['id']}/undo"), "merge_order", first=second["id"])
    await parts(retailer, second)
    assert [await retailer.points(each) for each in (a, b, c, d)] == [279, 279, 700, 700]
    await parts(retailer, first)
    assert [await retailer.points(each) for each in (a, b, c, d)] == [79, 200, 700, 700]
    await parts(retailer, third)
    assert [await retailer.points(each) for each in (a, b, c, d)] == [79, 200, 300, 400]


async def test_a_balance_at_a_past_instant_is_that_of_whoever_one_was_then(retailer):
    survivor, source = await retailer.member(), await retailer.member()
    await gives(retailer, survivor, 100)
    await gives(retailer, source, 40)
    moments = [retailer.clock.now()]
    retailer.clock.advance(minutes=1)
    done = await merges(retailer, survivor, source)
    moments.append(retailer.clock.now())
    retailer.clock.advance(minutes=1)
    await parts(retailer, done)
    moments.append(retailer.clock.now())
    retailer.clock.advance(minutes=1)

    async def then(member: dict[str, Any], moment: Any) -> int:
        answer = await retailer.readonly.get(f"/v1/members/{member['id']}/balance", params={"at": moment.isoformat()})
        return ok(answer)["available"]

    assert [await then(survivor, moment) for moment in moments] == [100, 140, 100]
    assert [await then(source, moment) for moment in moments] == [40, 140, 40]


async def test_rule_43_spending_without_proof_has_one_limit_for_both_cards(retailer):
    survivor, source = await retailer.member(), await retailer.member()
    for member in (survivor, source):
        await gives(retailer, member, 2000)

    async def spends(member: dict[str, Any], points: int) -> Any:
        body = retailer.sale(1100) | {"member": card(member), "use_points": points}
        return await retailer.shibuya.post("/v1/purchases", json=body)

    ok(await spends(source, 600), 201)
    done = await merges(retailer, survivor, source)
    refused(await spends(survivor, 500), "proof_required", spent_today=600)
    ok(await spends(survivor, 400), 201)
    await parts(retailer, done)
    ok(await spends(survivor, 600), 201)
    refused(await spends(source, 500), "proof_required", spent_today=600)


async def test_a_merged_member_is_changed_named_and_withdrawn_through_either_id(retailer):
    survivor, source = await retailer.member(), await retailer.member()
    await merges(retailer, survivor, source)
    changed = ok(await retailer.server.patch(f"/v1/members/{source['id']}", json={"kana": "サトウ"}))
    assert (changed["id"], changed["kana"]) == (survivor["id"], "サトウ")
    added = {"kind": "line", "value": "U1234567890abcdef1234567890abcdef"}
    ok(await retailer.server.post(f"/v1/members/{source['id']}/identifiers", json=added), 201)
    names = (await reads(retailer, f"/v1/members/{survivor['id']}"))["identifiers"]
    of_source = next(each for each in names if each["value"] == card(source)["value"])
    path = f"/v1/members/{survivor['id']}/identifiers/{of_source['id']}"
    assert (await retailer.server.delete(path)).status_code == 204
    refused(await retailer.server.post("/v1/purchases", json=retailer.sale() | {"member": card(source)}),
            "unknown_member")  # fmt: skip
    assert (await retailer.server.delete(f"/v1/members/{source['id']}")).status_code == 204
    for member in (survivor, source):
        refused(await retailer.act("/v1/adjustments", {"member": named(member), "points": 1, "reason": "goodwill"}),
                "member_withdrawn")  # fmt: skip


@pytest.mark.parametrize("way", ["merged", "undone"])
async def test_the_feed_tells_both(retailer, owner, way):
    survivor, source = await retailer.member(), await retailer.member()
    await gives(retailer, source, 40)
    done = await merges(retailer, survivor, source)
    if way == "undone":
        await parts(retailer, done)
    topic = "member.merged" if way == "merged" else "member.unmerged"
    events = await told(owner, topic)
    assert [each["merge_id"] for each in events] == [done["id"]] * 2, "in the books of both"
    assert sorted(each.get("twin", False) for each in events) == [False, True], "one of them for the merged one alone"
    assert now(retailer)
