"""Back-tests over HTTP and by command: what a campaign would have given, and what one that ran did give."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from .test_campaigns import live
from .test_tiers import programme
from .words import cancels, orders, takes_back

PLAIN = {"silver": {"name": "シルバー"}, "gold": {"name": "ゴールド"}}


async def backtest(retailer, code, status=200, **body):
    answer = await retailer.server.post(f"/v1/campaigns/{code}/backtest", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def draft(retailer, code, **fields):
    body = {"code": code, "name": f"特典 {code}", "effects": [{"kind": "points", "points": 50}]} | fields
    answer = await retailer.server.post("/v1/campaigns", json=body)
    assert answer.status_code == 201, answer.text


async def test_a_draft_is_tried_on_the_sales_that_were_made(retailer):
    first, second = await retailer.member(), await retailer.member()
    await retailer.buys(5500, first)
    web = await retailer.buys(3300, second, shop="web")
    await takes_back(retailer, web, (1, 1))
    await cancels(retailer, await retailer.buys(9900, second))
    await retailer.buys(1100, second)
    await retailer.buys(5500)
    await draft(retailer, "fifty", conditions={"amount_min": 2000}, starts_at="2027-01-01T00:00:00+09:00")
    found = await backtest(retailer, "fifty")
    assert (found["code"], found["version"], found["from"], found["to"]) == ("fifty", 1, "2026-11-22", "2026-11-22")
    assert (found["purchases"], found["members"]) == (3, 2), "neither a guest's nor a cancelled one"
    assert (found["touched"], found["touched_members"], found["amount"]) == (2, 2, 8800)
    assert (found["points"], found["points_kept"], found["yen"]) == (100, 50, 50)
    assert found["by_shop"] == {
        "shibuya": {"purchases": 1, "points": 50, "discount": 0},
        "web": {"purchases": 1, "points": 50, "discount": 0},
    }
    assert found["missed"] == {"below_amount": 1}
    assert (found["limited"], found["budget_out_on"], found["overlaps"]) == (0, None, {})
    assert await retailer.points(first) == 50, "and nothing was written"


async def test_a_budget_runs_out_on_a_day_and_history_is_counted(retailer):
    members = [await retailer.member() for _ in range(3)]
    await live(retailer, "always", effects=[{"kind": "points", "points": 1}])
    for _ in range(3):
        for member in members:
            await retailer.buys(1100, member)
        retailer.clock.advance(days=1)
    limits = [{"measure": "points", "most": 220}]
    await draft(retailer, "fifty", limits=limits)
    found = await backtest(retailer, "fifty")
    assert (found["points"], found["limited"], found["budget_out_on"]) == (220, 5, "2026-11-23")
    assert found["overlaps"] == {"always": 5}
    assert found["missed"] == {"limit_reached": 4}
    day = await backtest(retailer, "fifty", **{"from": "2026-11-24", "to": "2026-11-30"})
    assert (day["purchases"], day["points"], day["budget_out_on"]) == (3, 150, None)
    await draft(retailer, "second", conditions={"nth_purchase": [2]})
    assert (await backtest(retailer, "second"))["touched"] == 3
    assert (await backtest(retailer, "second", **{"from": "2026-11-23"}))["touched"] == 3, "earlier ones are counted"
    assert (await backtest(retailer, "second", **{"from": "2026-11-24"}))["touched"] == 0


async def test_a_campaign_that_ran_gives_what_the_ledger_has(retailer, owner):
    members = [await retailer.member() for _ in range(4)]
    limits = [{"measure": "points", "most": 60, "per": ["member"]}, {"measure": "points", "most": 150}]
    await live(retailer, "ran", effects=[{"kind": "rate", "multiplier": 2}], limits=limits)
    sales = []
    for n in range(12):
        sales.append(await retailer.buys(1100 * (n % 5 + 1), members[n % 4]))
        retailer.clock.advance(hours=5)
    order = await orders(retailer, 3300, members[0])
    given = sum(
        line["points"] for sale in (*sales, order) for line in sale["points"]["breakdown"]
        if line["rule"] == "campaign:ran"
    )  # fmt: skip
    found = await backtest(retailer, "ran")
    assert found["points"] == found["points_kept"] == given == 150
    drawn = "select drawn from limit_account where code = 'campaign:ran/points/all'"
    assert await owner.fetchval(drawn) == given


async def test_what_cannot_be_tried_is_refused(retailer):
    await draft(retailer, "fifty")
    wrong = {"from": "2026-11-23", "to": "2026-11-22"}
    assert (await backtest(retailer, "fifty", 422, **wrong))["errors"][0]["field"] == "to"
    assert (await backtest(retailer, "nothing", 404))["code"] == "unknown_campaign"
    assert (await backtest(retailer, "fifty", 404, version=2))["code"] == "unknown_campaign"
    assert (await backtest(retailer, "fifty"))["purchases"] == 0
    refused = await retailer.shibuya.post("/v1/campaigns/fifty/backtest", json={})
    assert refused.status_code == 403


@pytest.mark.parametrize("words", [[], ["--from", "2026-11-22"]])
async def test_the_command_prints_it(retailer, database, words):
    await retailer.buys(5500, await retailer.member())
    await draft(retailer, "fifty")
    environment = os.environ | {"GOEN_DATABASE_URL": database.dsn}
    done = subprocess.run(
        [sys.executable, "-m", "goen.cli", "backtest", "fifty", *words],
        env=environment, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "1 sales of 1 members over 5,500 would have got 50 points" in done.stdout


async def test_who_would_have_reached_another_tier_is_counted(retailer, owner):
    levels = [{"tier": "silver", "reach": 30}, {"tier": "gold", "reach": 100}]
    await programme(retailer, tiers=PLAIN, tier_programmes={"rank": {"measure": "points", "levels": levels}})
    near, far, top, back = [await retailer.member() for _ in range(4)]
    await retailer.buys(2200, near)  # 20 points
    await retailer.buys(550, far)  # 5 points
    await retailer.buys(11000, top)  # 100 points
    await takes_back(retailer, await retailer.buys(2200, back), (1, 1))
    await orders(retailer, 3300, far)  # Not complete: it counts nothing yet.
    await draft(retailer, "plus", effects=[{"kind": "points", "points": 15}])
    found = await backtest(retailer, "plus")
    assert found["tiers"] == [{"programme": "rank", "from": None, "to": "silver", "members": 1}]
    await draft(retailer, "much", effects=[{"kind": "points", "points": 95}])
    assert (await backtest(retailer, "much"))["tiers"] == [
        {"programme": "rank", "from": None, "to": "gold", "members": 2},
    ]
    later = await backtest(retailer, "much", **{"from": "2027-11-22", "to": "2027-12-31"})
    assert later["tiers"] == []


async def test_a_campaign_that_ran_moved_nobody_beyond_what_it_gave(retailer, owner):
    ladder = {"measure": "points", "levels": [{"tier": "silver", "reach": 30}]}
    await programme(retailer, tiers=PLAIN, tier_programmes={"rank": ladder})
    await live(retailer, "ran", effects=[{"kind": "points", "points": 15}])
    member = await retailer.member()
    sale = await retailer.buys(2200, member)
    assert sale["member"]["tier"] == "silver"
    assert (await backtest(retailer, "ran"))["tiers"] == []
    changed = {"conditions": {"amount_min": 5000}}
    assert (await retailer.server.patch("/v1/campaigns/ran", json=changed)).status_code == 200
    assert (await backtest(retailer, "ran"))["tiers"] == [
        {"programme": "rank", "from": "silver", "to": None, "members": 1},
    ]


OFF = [{"kind": "discount", "yen": 300}]


async def test_a_discount_is_tried_on_members_and_guests_until_its_budget_is_gone(retailer, owner):
    first, second = await retailer.member(), await retailer.member()
    await retailer.buys(5500, first)
    web = await retailer.buys(3300, second, shop="web")
    await cancels(retailer, await retailer.buys(9900, second))
    await retailer.buys(1100, second)
    await retailer.buys(5500)
    retailer.clock.advance(days=1)
    await retailer.buys(5500, first)
    await retailer.buys(5500, second)
    await takes_back(retailer, web, (1, 1))
    await draft(
        retailer, "off", effects=OFF, conditions={"amount_min": 2000}, limits=[{"measure": "yen", "most": 1000}]
    )
    found = await backtest(retailer, "off")
    assert (found["purchases"], found["members"], found["touched"], found["touched_members"]) == (6, 2, 5, 2)
    assert (found["discount"], found["yen"], found["points"], found["gifts"]) == (1300, 1000, 0, 0), "one came back"
    assert (found["amount"], found["missed"]) == (25300, {"below_amount": 1})
    # 300 + 300 + 300 stand and 100 are left for the last: it is cut.
    assert (found["limited"], found["budget_out_on"]) == (1, None)
    assert found["by_channel"] == {
        "ec": {"purchases": 1, "points": 0, "discount": 300}, "store": {"purchases": 4, "points": 0, "discount": 1000},
    }  # fmt: skip
    uses = [{"measure": "uses", "most": 1}]
    await draft(retailer, "once", effects=OFF, limits=uses, conditions={"channels": ["store"]})
    found = await backtest(retailer, "once")
    assert (found["discount"], found["limited"], found["budget_out_on"]) == (300, 4, "2026-11-22")
    await draft(retailer, "ours", effects=[{"kind": "member_price", "percent": 10}], conditions={"nth_purchase": [2]})
    found = await backtest(retailer, "ours")
    assert (found["discount"], found["missed"]) == (1100, {"not_nth_purchase": 3, "needs_member": 1})
    await draft(retailer, "towel", effects=[{"kind": "gift", "name": "タオル"}], conditions={"channels": ["ec"]})
    found = await backtest(retailer, "towel")
    assert (found["touched"], found["gifts"], found["discount"]) == (1, 1, 0)
    await draft(retailer, "post", effects=[{"kind": "free_postage"}])
    assert (await backtest(retailer, "post"))["missed"] == {"nothing_to_reduce": 6}
    assert await owner.fetchval("select count(*) from offer_use") == 0, "and nothing was written"


async def test_a_discount_that_ran_gives_what_its_ledger_has(retailer, owner):
    members = [await retailer.member() for _ in range(2)]
    limits = [{"measure": "yen", "most": 1000}, {"measure": "uses", "most": 2, "per": ["member"]}]
    await live(retailer, "ran", effects=OFF, limits=limits)
    await live(retailer, "other", effects=[{"kind": "discount", "percent": 10}])
    sales = [await retailer.buys(2200, members[n % 2], offers=["ran", "other"]) for n in range(3)]
    await retailer.buys(2200, members[0])  # It could have had it, and took nothing.
    sales += [await retailer.buys(2200, offers=["ran"])]  # A guest may have no limit of a member's.
    await cancels(retailer, sales[1])
    order = await orders(retailer, 3300, members[1], offers=["ran"])
    for code in ("ran", "other"):
        found = await backtest(retailer, code)
        kept = "select coalesce(sum(amount), 0) from offer_use where campaign = $1 and what in ('use', 'back')"
        assert found["discount"] == found["yen"] == await owner.fetchval(kept, code), code
        assert found["missed"]["not_taken"] == (1 if code == "ran" else 3)
    assert order["offers"][0]["amount"] == 300
    # Another version was not to be had by then: all who could would have it.
    changed = {"effects": [{"kind": "discount", "yen": 100}], "limits": []}
    assert (await retailer.server.patch("/v1/campaigns/ran", json=changed)).status_code == 200
    assert (await backtest(retailer, "ran"))["touched"] == 5


@pytest.mark.parametrize("stacking", [{"group": "g"}, {"exclusive": True}])
async def test_a_discount_is_tried_beside_what_the_sale_took(retailer, stacking):
    await live(retailer, "tenth", effects=[{"kind": "discount", "percent": 10}], stacking=stacking)
    member = await retailer.member()
    await retailer.buys(2200, member, offers=["tenth"])
    await retailer.buys(5500, member, offers=["tenth"])
    await draft(retailer, "off", effects=OFF, stacking=stacking)
    found = await backtest(retailer, "off")
    assert (found["discount"], found["overlaps"]) == (300, {"tenth": 1})
    assert found["missed"] == {"same_group" if "group" in stacking else "exclusive": 1}
