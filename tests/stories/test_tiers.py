"""Tiers over HTTP: reached in the sale, lost on evaluation days, given by hand, told everywhere (rules 32 to 35)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from goen.actions.tiers.counting import AFTER
from goen.actions.tiers.runs import advance
from races.ledger import assert_books_agree
from stories.words import told

from .acts import now

TIERS = {
    "silver": {"name": "シルバー", "multiplier": 0.5},
    "gold": {"name": "ゴールド", "multiplier": 1},
    "fan": {"name": "ファン"},
}
RANK = {
    "name": "会員ランク",
    "levels": [{"tier": "silver", "reach": 10_000}, {"tier": "gold", "reach": 30_000, "keep": 20_000}],
    "window": {"kind": "rolling", "months": 12},
    "evaluation_days": ["01"],
}


async def programme(retailer: Any, **fields: Any) -> dict[str, Any]:
    """A version of the programme with ladders, in force and with all earlier sales counted."""
    body = {"tiers": TIERS, "tier_programmes": {"rank": RANK}} | fields
    answer = await retailer.server.put("/v1/programme", json=body)
    assert answer.status_code == 200, answer.text
    retailer.clock.advance(seconds=AFTER.seconds + 3)
    await keep(retailer)
    return answer.json()


async def keep(retailer: Any) -> int:
    """What the worker's job does."""
    services = retailer.services
    return await advance(services.database, services.context, retailer.clock.now, asyncio.Event())


async def tier(retailer: Any, member: dict[str, Any]) -> str | None:
    answer = await retailer.server.get(f"/v1/members/{member['id']}")
    return answer.json()["tier"]


async def test_a_tier_is_reached_in_the_commit_of_the_sale(retailer, owner):
    await programme(retailer)
    member = await retailer.member()
    first = await retailer.buys(8_800, member)
    assert first["member"]["tier"] is None
    assert first["tiers"] == [
        {
            "programme": "rank", "code": None, "name": None, "measure": "amount", "measured": 8_000, "changed": False,
            "next": {"code": "silver", "name": "シルバー", "reach": 10_000, "missing": 2_000},
        }
    ]  # fmt: skip
    second = await retailer.buys(2_200, member)
    assert second["member"]["tier"] == "silver"
    assert second["points"]["earned"] == 20, "it is earned by the tier as of the order (rule 8)"
    assert second["tiers"][0]["changed"] is True
    assert second["tiers"][0]["next"]["missing"] == 20_000
    third = await retailer.buys(2_200, member)
    assert third["points"]["earned"] == 30
    assert await tier(retailer, member) == "silver"
    events = await told(owner, "tier.changed")
    assert [(x["member_id"], x["from"], x["tier"], x["why"]) for x in events] == [
        (member["id"], None, "silver", "reached")
    ]
    await assert_books_agree(owner, retailer.services.database)


async def test_nothing_is_read_or_written_without_ladders(retailer, owner):
    sale = await retailer.buys(110_000, await retailer.member())
    assert "tiers" not in sale
    assert await owner.fetchval("select count(*) from tier_measure") == 0


async def test_sales_from_before_the_ladders_count_once_they_are_there(retailer, owner):
    member = await retailer.member()
    sale = await retailer.buys(44_000, member)
    body = {"external_id": "r-1", "occurred_at": retailer.clock.now().isoformat()}
    body["lines"] = [{"line": 1, "quantity": 1, "amount": 11_000}]
    assert (await retailer.server.post(f"/v1/purchases/{sale['id']}/returns", json=body)).status_code == 201
    await programme(retailer)
    assert await tier(retailer, member) == "gold"
    assert await owner.fetchval("select net from tier_measure") == 30_000


async def progress(retailer: Any, member: dict[str, Any], code: str = "rank") -> dict[str, Any]:
    answer = await retailer.server.get(f"/v1/members/{member['id']}/tiers")
    assert answer.status_code == 200, answer.text
    return next(x for x in answer.json()["items"] if x["progress"]["programme"] == code)


async def history(retailer: Any, member: dict[str, Any]) -> list[tuple[str | None, str | None, str]]:
    answer = await retailer.server.get(f"/v1/members/{member['id']}/tiers")
    return [(x["from"], x["tier"], x["why"]) for x in answer.json()["history"]]


async def back(retailer: Any, sale: dict[str, Any], quantity: int = 1) -> None:
    body = {"external_id": f"r-{retailer.number()}", "occurred_at": retailer.clock.now().isoformat()}
    body["lines"] = [{"line": 1, "quantity": quantity}]
    answer = await retailer.server.post(f"/v1/purchases/{sale['id']}/returns", json=body)
    assert answer.status_code == 201, answer.text


async def test_a_return_lowers_the_measure_and_the_tier_only_on_the_evaluation_day(retailer):
    """Rule 31: the rank falls only at the next evaluation."""
    await programme(retailer)
    member = await retailer.member()
    sale = await retailer.buys(33_000, member)
    assert await tier(retailer, member) == "gold"
    await back(retailer, sale)
    assert (await progress(retailer, member))["progress"]["measured"] == 0
    assert await tier(retailer, member) == "gold"
    retailer.clock.advance(days=5)
    assert await keep(retailer) == 0
    retailer.clock.advance(days=4)
    assert await keep(retailer) == 1
    assert await tier(retailer, member) is None
    assert await history(retailer, member) == [("gold", None, "not_kept"), (None, "gold", "reached")]


async def test_what_keeps_a_tier_is_another_threshold(retailer):
    await programme(retailer)
    member = await retailer.member()
    await retailer.buys(22_000, member)
    last = await retailer.buys(11_000, member)
    await back(retailer, last)
    retailer.clock.advance(days=9)
    await keep(retailer)
    assert await tier(retailer, member) == "gold"


async def test_an_order_counts_once_it_is_shipped_and_not_once_it_is_cancelled(retailer):
    await programme(retailer)
    member = await retailer.member()
    order = await retailer.buys(11_000, member, shop="web", status="placed")
    assert await tier(retailer, member) is None
    done = await retailer.act(f"/v1/purchases/{order['id']}/complete", now(retailer))
    assert done.json()["member"]["tier"] == "silver"
    assert done.json()["tiers"][0]["changed"] is True
    gone = await retailer.act(f"/v1/purchases/{order['id']}/cancel", now(retailer))
    assert gone.json()["tiers"][0]["measured"] == 0
    assert gone.json()["member"]["tier"] == "silver"


async def test_postage_does_not_count_and_tax_may(retailer):
    await programme(retailer, tier_programmes={"rank": RANK | {"tax": "included"}})
    member = await retailer.member()
    sale = await retailer.buys(9_900, member, postage=550)
    assert sale["tiers"][0]["measured"] == 9_900


async def test_a_claimed_receipt_counts_for_who_claims_it(retailer):
    await programme(retailer)
    member = await retailer.member()
    sale = await retailer.buys(11_000)
    body = {"member": {"kind": "member_id", "value": member["id"]}}
    assert (await retailer.act(f"/v1/purchases/{sale['id']}/claim", body)).json()["member"]["tier"] == "silver"
    assert await tier(retailer, member) == "silver"


async def test_quote_and_balance_tell_what_is_missing(retailer):
    await programme(retailer)
    member = await retailer.member()
    answer = await retailer.server.post("/v1/quotes", json=retailer.sale(5_500, member))
    assert answer.json()["tiers"][0]["next"] == {
        "code": "silver",
        "name": "シルバー",
        "reach": 10_000,
        "missing": 5_000,
    }
    assert (await retailer.balance(member))["tier"]["next"]["missing"] == 10_000
    await retailer.buys(33_000, member)
    told = (await retailer.balance(member))["tier"]
    assert (told["code"], told["name"], told["next"]) == ("gold", "ゴールド", None)


async def test_several_programmes_of_tiers_stand_side_by_side(retailer):
    visits = {"levels": [{"tier": "fan", "reach": 2}], "measure": "count", "window": {"kind": "lifetime"}}
    await programme(retailer, tier_programmes={"rank": RANK, "visits": visits})
    body = {"code": "fans", "name": "ファン特典", "effects": [{"kind": "rate", "multiplier": 2}]}
    body["conditions"] = {"tiers": ["fan"]}
    assert (await retailer.server.post("/v1/campaigns", json=body)).status_code == 201
    assert (await retailer.server.post("/v1/campaigns/fans/activate", json={})).status_code == 200
    retailer.clock.advance(seconds=3)
    member = await retailer.member()
    await retailer.buys(1_100, member)
    second = await retailer.buys(1_100, member)
    assert second["points"]["earned"] == 10, "the tier as of the order (rule 8)"
    assert [x["code"] for x in second["tiers"]] == [None, "fan"]
    assert (await retailer.buys(1_100, member))["points"]["earned"] == 20
    assert await tier(retailer, member) is None, "the tier of the first programme is the member's tier"


async def test_the_tier_of_the_first_programme_is_no_tier_of_the_second(retailer, owner):
    visits = {"levels": [{"tier": "fan", "reach": 2}], "measure": "count", "window": {"kind": "lifetime"}}
    await programme(retailer, tier_programmes={"rank": RANK, "visits": visits})
    member = await retailer.member()
    # As an import gives it: *the* tier, and nothing on any ladder.
    await owner.execute("update member set tier = 'gold' where member_id = $1", int(member["id"].split("_")[1]))
    first, second = await retailer.buys(1_100, member), await retailer.buys(1_100, member)
    assert [[x["code"] for x in sale["tiers"]] for sale in (first, second)] == [["gold", None], ["gold", "fan"]]
    (event,) = await told(owner, "tier.changed")
    assert (event["programme"], event["from"], event["tier"]) == ("visits", None, "fan")


async def test_a_coupon_may_ask_for_a_tier_of_any_programme(retailer):
    visits = {"levels": [{"tier": "fan", "reach": 2}], "measure": "count", "window": {"kind": "lifetime"}}
    await programme(retailer, tier_programmes={"rank": RANK, "visits": visits})
    body = {"code": "fans", "name": "ファン様300円引き", "public_code": "FAN300", "conditions": {"tiers": ["fan"]}}
    body["effect"] = {"kind": "amount", "yen": 300}
    assert (await retailer.server.post("/v1/coupon_kinds", json=body)).status_code == 201
    member = await retailer.member()
    ask = {"code": "FAN300", "shop": "shibuya", "member": {"kind": "member_id", "value": member["id"]}}
    goods = {"lines": [{"line": 1, "amount": 1_100}]}
    for usable in (False, True):
        for more in ({}, goods):
            answer = await retailer.server.post("/v1/coupons/validate", json=ask | more)
            assert answer.json()["usable"] is usable, answer.text
        body = retailer.sale(1_100, member, coupons=["FAN300"])
        assert (await retailer.server.post("/v1/quotes", json=body)).is_success is usable
        assert (await retailer.server.post("/v1/purchases", json=body)).is_success is usable
        for _ in range(2):
            await retailer.buys(1_100, member)


async def give(retailer: Any, member: dict[str, Any], tier: str | None, **fields: Any) -> dict[str, Any]:
    body = {"tier": tier, "reason": "お得意様"} | fields
    answer = await retailer.server.put(f"/v1/members/{member['id']}/tiers/rank", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_tier_by_hand_ends_on_its_day_and_is_audited(retailer, owner):
    await programme(retailer)
    member = await retailer.member()
    until = (retailer.clock.now() + timedelta(days=20)).date().isoformat()
    told = await give(retailer, member, "gold", until=until, author="店長")
    assert told["items"][0]["by_hand"] == {"tier": "gold", "mode": "fixed", "until": until}
    assert await tier(retailer, member) == "gold"
    audit = await owner.fetchrow("select author, reason from audit where action = 'member.tier_given'")
    assert (audit["author"], audit["reason"]) == ("店長", "お得意様")
    retailer.clock.advance(days=10)  # The first of the month is an evaluation day.
    await keep(retailer)
    assert await tier(retailer, member) == "gold"
    await retailer.buys(11_000, member)
    retailer.clock.advance(days=12)
    await keep(retailer)
    assert await tier(retailer, member) == "silver", "the measure counts again"
    assert (await history(retailer, member))[0] == ("gold", "silver", "manual_ended")


async def test_a_floor_by_hand_lets_rise_and_not_fall(retailer):
    await programme(retailer)
    member = await retailer.member()
    await give(retailer, member, "silver", mode="floor")
    sale = await retailer.buys(33_000, member)
    assert await tier(retailer, member) == "gold"
    await back(retailer, sale)
    retailer.clock.advance(days=9)
    await keep(retailer)
    assert await tier(retailer, member) == "silver"
    await give(retailer, member, None)
    assert await tier(retailer, member) is None


async def test_a_tier_by_hand_leaves_what_was_won_before_it(retailer):
    """Rules 33, 34: the window that won it is over, and it holds all the same."""
    year = {"window": {"kind": "year", "first_month": 1}, "evaluation_days": ["01-01"], "hold_cycles": 1}
    await programme(retailer, tier_programmes={"rank": RANK | year})
    member, other = await retailer.member(), await retailer.member()
    await retailer.buys(11_000, member)
    kept = (await progress(retailer, member))["kept_until"]
    until = (retailer.clock.now() + timedelta(days=60)).date().isoformat()
    await give(retailer, member, "gold", until=until)
    await give(retailer, other, "gold", until=until)
    assert (await progress(retailer, member))["kept_until"] is None
    retailer.clock.advance(days=62)
    await keep(retailer)
    assert [await tier(retailer, x) for x in (member, other)] == ["silver", None]
    assert (await progress(retailer, member))["kept_until"] == kept
    retailer.clock.advance(days=366)
    await keep(retailer)
    assert await tier(retailer, member) is None


async def test_what_an_evaluation_day_would_have_taken_is_gone_after_a_tier_by_hand(retailer):
    await programme(retailer)
    member = await retailer.member()
    await back(retailer, await retailer.buys(33_000, member))
    await give(retailer, member, "gold", until=(retailer.clock.now() + timedelta(days=20)).date().isoformat())
    await give(retailer, member, "gold", mode="floor")
    retailer.clock.advance(days=9)
    await keep(retailer)
    assert await tier(retailer, member) == "gold"
    await give(retailer, member, None)
    assert await tier(retailer, member) is None
    assert (await history(retailer, member))[0] == ("gold", None, "manual_ended")


async def test_a_leave_of_absence_keeps_the_tier(retailer):
    await programme(retailer)
    member = await retailer.member()
    await back(retailer, await retailer.buys(33_000, member))
    body = {"until": (retailer.clock.now() + timedelta(days=20)).date().isoformat(), "reason": "育児休暇"}
    answer = await retailer.server.put(f"/v1/members/{member['id']}/tiers/rank/pause", json=body)
    assert answer.status_code == 200, answer.text
    retailer.clock.advance(days=9)
    await keep(retailer)
    assert await tier(retailer, member) == "gold"
    retailer.clock.advance(days=31)
    await keep(retailer)
    assert await tier(retailer, member) is None


async def test_a_preview_is_what_the_run_does(retailer):
    await programme(retailer, tier_programmes={"rank": RANK | {"evaluation_days": ["06-01"]}})
    members = [await retailer.member() for _ in range(5)]
    for n, member in enumerate(members):
        sale = await retailer.buys(11_000 * (n + 1), member)
        if n % 2:
            await back(retailer, sale)
    levels = [{"tier": "silver", "reach": 40_000}, {"tier": "gold", "reach": 50_000}]
    draft = RANK | {"levels": levels, "evaluation_days": ["06-01"]}
    body = {"programme": "rank", "draft": draft, "on": "2027-06-01", "limit": 2}
    told = (await retailer.server.post("/v1/tiers/preview", json=body)).json()
    counts = {(x["from"], x["tier"]): x["members"] for x in told["counts"]}
    assert counts == {("silver", None): 2, ("gold", None): 2}
    assert [x["member"] for x in told["items"]] == [members[0]["id"], members[1]["id"]]
    more = (await retailer.server.post("/v1/tiers/preview", json=body | {"cursor": told["next_cursor"]})).json()
    assert [x["member"] for x in more["items"]] == [members[2]["id"], members[3]["id"]]
    assert more["next_cursor"] is None
    assert await tier(retailer, members[0]) == "silver", "nothing was written"
    early = (await retailer.server.post("/v1/tiers/preview", json=body | {"on": "2027-05-31"})).json()
    assert early["counts"] == [], "what was won holds until the first evaluation day after it"
    await programme(retailer, tier_programmes={"rank": draft})
    retailer.clock.advance(days=191)
    await keep(retailer)
    done: dict[Any, int] = {}
    for member in members:
        for before, after, why in await history(retailer, member):
            if why == "not_kept":
                done[before, after] = done.get((before, after), 0) + 1
    assert done == counts


async def test_a_run_asked_for_is_carried_once(retailer, owner):
    await programme(retailer, tier_programmes={"rank": RANK | {"evaluation_days": []}})
    member = await retailer.member()
    await back(retailer, await retailer.buys(33_000, member))
    answer = await retailer.server.post("/v1/tiers/runs", json={"programme": "rank", "reason": "制度改定"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["items"][0]["finished_at"] is None
    assert [await keep(retailer), await keep(retailer)] == [1, 0]
    assert await tier(retailer, member) is None
    runs = (await retailer.server.get("/v1/tiers/runs")).json()["items"]
    assert [(x["kind"], x["lowered"]) for x in runs if x["kind"] == "by_hand"] == [("by_hand", 1)]
    assert await owner.fetchval("select reason from audit where action = 'tiers.run_asked'") == "制度改定"


async def test_a_run_that_was_interrupted_goes_on_where_it_stood(retailer, owner):
    await programme(retailer, tier_programmes={"rank": RANK | {"evaluation_days": []}})
    members = [await retailer.member() for _ in range(3)]
    for member in members:
        await back(retailer, await retailer.buys(33_000, member))
    await retailer.server.post("/v1/tiers/runs", json={"programme": "rank", "reason": "制度改定"})
    done = "update tier_run set through = $1, lowered = 2 where kind like 'by_hand:%'"
    await owner.execute(done, int(members[1]["id"].split("_")[1]))
    assert await keep(retailer) == 1
    assert [await tier(retailer, member) for member in members] == ["gold", "gold", None]
    runs = (await retailer.server.get("/v1/tiers/runs")).json()["items"]
    assert [x["lowered"] for x in runs if x["kind"] == "by_hand"] == [3]


async def test_daily_rising_waits_until_sales_are_old_enough(retailer):
    await programme(retailer, tier_programmes={"rank": RANK | {"up": "daily", "up_after_days": 7}})
    stays, returns = await retailer.member(), await retailer.member()
    await retailer.buys(11_000, stays)
    sale = await retailer.buys(11_000, returns)
    assert await tier(retailer, stays) is None
    retailer.clock.advance(days=6)
    await back(retailer, sale)
    await keep(retailer)
    assert await tier(retailer, stays) is None
    retailer.clock.advance(days=1)
    await keep(retailer)
    assert [await tier(retailer, x) for x in (stays, returns)] == ["silver", None]


async def merged(retailer: Any, into: dict[str, Any], source: dict[str, Any]) -> str:
    body = {"source": {"kind": "member_id", "value": source["id"]}, "reason": "同一人物"}
    answer = await retailer.act(f"/v1/members/{into['id']}/merges", body)
    assert answer.status_code == 201, answer.text
    await keep(retailer)
    return answer.json()["id"]


async def test_merged_both_histories_count_and_parted_each_has_its_own(retailer):
    """Rule 35."""
    await programme(retailer)
    one, other = await retailer.member(), await retailer.member()
    await retailer.buys(22_000, one)
    await retailer.buys(16_500, other)
    merge = await merged(retailer, one, other)
    assert (await progress(retailer, one))["progress"]["measured"] == 35_000
    assert await tier(retailer, one) == "gold"
    assert (await retailer.balance(other))["tier"]["code"] == "gold"
    undone = await retailer.act(f"/v1/merges/{merge}/undo", {"reason": "別人"})
    assert undone.status_code == 200, undone.text
    await keep(retailer)
    assert await tier(retailer, one) == "silver"
    assert await tier(retailer, other) == "silver"
    assert (await progress(retailer, one))["progress"]["measured"] == 20_000
    assert (await history(retailer, one))[0] == ("gold", "silver", "parted")


async def test_a_sale_that_comes_after_its_evaluation_day_still_counts_for_it(retailer, owner):
    year = {"window": {"kind": "year", "first_month": 12}, "evaluation_days": ["12-01"], "hold_cycles": 0}
    await programme(retailer, tier_programmes={"rank": RANK | year})
    kept, won, fixed, poor = [await retailer.member() for _ in range(4)]
    sales = [await retailer.buys(33_000, kept), await retailer.buys(33_000, fixed), await retailer.buys(33_000, poor)]
    for sale in sales:
        await back(retailer, sale)
    then = retailer.clock.now().isoformat()
    await give(retailer, fixed, "silver")
    retailer.clock.advance(days=14)
    await keep(retailer)
    assert [await tier(retailer, x) for x in (kept, won, fixed, poor)] == [None, None, "silver", None]
    # Gold asks 30,000, and 20,000 to keep it.
    late = {"occurred_at": then, "business_date": then[:10], "offline": True}
    for member, amount in ((kept, 22_000), (won, 22_000), (fixed, 22_000), (poor, 5_500)):
        await retailer.buys(amount, member, **late)
    assert await owner.fetchval("select count(*) from tier_due where why = 'late'") == 4
    await keep(retailer)
    assert [await tier(retailer, x) for x in (kept, won, fixed, poor)] == ["gold", "silver", "silver", None]
    assert (await history(retailer, kept))[0] == (None, "gold", "reached")
    assert await keep(retailer) == 0
    await give(retailer, fixed, None)
    assert await tier(retailer, fixed) == "gold"


@pytest.mark.parametrize("gone", ["return", "cancel", "part"])
async def test_rule_31_what_won_a_tier_and_came_back_holds_it_no_longer(retailer, gone):
    year = {"window": {"kind": "year", "first_month": 1}, "evaluation_days": ["01-01"], "hold_cycles": 1}
    await programme(retailer, tier_programmes={"rank": RANK | year})
    member = await retailer.member()
    if gone == "part":
        await retailer.buys(33_000, member)
    sale = await retailer.buys(33_000, member)
    held = (await progress(retailer, member))["kept_until"]
    assert held == "2028-01-01"
    if gone == "cancel":
        answer = await retailer.act(f"/v1/purchases/{sale['id']}/cancel", now(retailer))
        assert answer.json()["member"]["tier"] == "gold", "nobody falls by a return"
    else:
        await back(retailer, sale)
    told = await progress(retailer, member)
    assert (told["progress"]["code"], told["kept_until"]) == ("gold", held if gone == "part" else None)
    retailer.clock.advance(days=45)
    await keep(retailer)
    assert await tier(retailer, member) == ("gold" if gone == "part" else None)


async def test_rule_31_a_return_in_the_next_window_counts_where_the_sale_won(retailer):
    year = {"window": {"kind": "year", "first_month": 12}, "evaluation_days": ["12-01"], "hold_cycles": 2}
    await programme(retailer, tier_programmes={"rank": RANK | year})
    member, other = await retailer.member(), await retailer.member()
    sales = [await retailer.buys(33_000, one) for one in (member, other)]
    retailer.clock.advance(days=20)
    later = await retailer.buys(11_000, other)
    await keep(retailer)
    await back(retailer, sales[0])
    await back(retailer, later)
    assert (await progress(retailer, member))["kept_until"] is None
    assert (await progress(retailer, other))["kept_until"] == "2028-12-01"


async def test_a_later_merge_or_undo_does_not_bring_back_what_an_earlier_one_brought(retailer):
    await programme(retailer)
    one, gold, third = [await retailer.member() for _ in range(3)]
    await back(retailer, await retailer.buys(33_000, gold))
    await merged(retailer, one, gold)
    assert await tier(retailer, one) == "gold"
    retailer.clock.advance(days=9)
    await keep(retailer)
    assert await tier(retailer, one) is None
    merge = await merged(retailer, one, third)
    assert await tier(retailer, one) is None
    assert (await retailer.act(f"/v1/merges/{merge}/undo", {"reason": "別人"})).status_code == 200
    await keep(retailer)
    assert [await tier(retailer, x) for x in (one, third)] == [None, None]


async def test_a_tier_by_hand_comes_with_its_end_and_goes_with_its_card(retailer):
    await programme(retailer)
    members = [await retailer.member() for _ in range(5)]
    until = (retailer.clock.now() + timedelta(days=60)).date().isoformat()
    for member in (members[1], members[3]):
        await give(retailer, member, "gold", until=until)
    await give(retailer, members[4], "silver", until=until)
    undo = await merged(retailer, members[0], members[1])
    await merged(retailer, members[4], members[3])
    told = await progress(retailer, members[0])
    assert (told["progress"]["code"], told["by_hand"]["until"]) == ("gold", until)
    assert (await progress(retailer, members[4]))["by_hand"]["tier"] == "gold"
    merge = await merged(retailer, members[2], members[0])
    assert await tier(retailer, members[2]) == "gold"
    for each in (merge, undo):
        assert (await retailer.act(f"/v1/merges/{each}/undo", {"reason": "別人"})).status_code == 200
        await keep(retailer)
    assert [await tier(retailer, x) for x in members[:3]] == [None, "gold", None]
    assert (await progress(retailer, members[0]))["by_hand"] is None
    retailer.clock.advance(days=61)
    await keep(retailer)
    assert [await tier(retailer, x) for x in (members[1], members[4])] == [None, None]


async def test_two_sales_of_one_commit_raise_once(retailer):
    await programme(retailer)
    member = await retailer.member()
    asked = [retailer.sale(5_500, member) for _ in range(8)]
    answers = await asyncio.gather(*(retailer.server.post("/v1/purchases", json=body) for body in asked))
    assert sorted(a.json()["tiers"][0]["measured"] for a in answers) == [5_000 * n for n in range(1, 9)]
    assert sum(a.json()["tiers"][0]["changed"] for a in answers) == 2
    assert await history(retailer, member) == [("silver", "gold", "reached"), (None, "silver", "reached")]


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/v1/members/m_1/tiers/none", {"tier": "gold", "reason": "x"}, "unknown_tier_programme"),
        ("/v1/members/m_9/tiers/rank", {"tier": "gold", "reason": "x"}, "unknown_member"),
        ("/v1/members/m_1/tiers/rank", {"tier": "fan", "reason": "x"}, "invalid_request"),
        ("/v1/members/m_1/tiers/rank", {"tier": "gold", "reason": "x", "until": "2020-01-01"}, "invalid_request"),
    ],
)
async def test_what_cannot_be_given_is_refused(retailer, path, body, code):
    await programme(retailer)
    await retailer.member()
    answer = await retailer.server.put(path, json=body)
    assert answer.json()["code"] == code, answer.text
