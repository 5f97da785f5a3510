"""Ready retailers: each loads into an empty database, has no errors, and earns what its own examples say."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from goen.actions.tiers.counting import AFTER
from goen.actions.tiers.runs import advance
from goen.channels.ready import DEMO, NAMES, Ready, folder_of, read
from goen.cli.importing import Books
from goen.cli.ready import carry_out, plan
from goen.jobs.schedule import end_referrals, give_occasions, greet_members

from .test_standing import runs
from .words import named, ok, tokyo


def books(retailer: Any) -> Books:
    services = retailer.services
    return Books(services.database, services.clock, services.context, services.till)


async def loaded(retailer: Any, name: str) -> Ready:
    """The ready retailer in these books, in force, with its tiers counted."""
    documents = read(folder_of(name))
    await carry_out(await plan(books(retailer), documents))
    retailer.clock.advance(seconds=AFTER.seconds + 3)
    await advance(retailer.services.database, retailer.services.context, retailer.clock.now, asyncio.Event())
    return documents


@pytest.mark.parametrize("name", [*NAMES, str(DEMO)], ids=lambda name: Path(name).name)
async def test_it_loads_once_reads_well_and_earns_what_its_examples_say(retailer, name):
    retailer.clock.set(tokyo(2026, 11, 22, 12))
    documents = read(folder_of(name))
    assert {step.state for step in await plan(books(retailer), documents)} == {"new"}
    await loaded(retailer, name)
    assert {step.state for step in await plan(books(retailer), documents)} == {"there"}
    for campaign in documents.campaigns:
        told = (await retailer.server.get(f"/v1/campaigns/{campaign.code}")).json()
        assert told["state"] == "live"
        assert [each for each in told["checks"]["findings"] if each["level"] == "error"] == []
    for code, rule in documents.standing.items():
        kept = (await retailer.server.get(f"/v1/standing/{code}")).json()
        assert (kept["state"], kept["when"]["kind"]) == ("live", rule.kind)
    for kind in documents.coupons:
        assert (await retailer.server.get(f"/v1/coupon_kinds/{kind.code}")).status_code == 200
    assert (await retailer.server.get("/v1/terms")).json()["holds"] == documents.terms.version
    for language in ("ja", "en"):
        told = (await retailer.server.get("/v1/programme", headers={"Accept-Language": language})).json()
        assert told["name"] == documents.programme.name
        assert all(tier.name in told["text"] for tier in documents.programme.tiers.values())
        assert "{" not in told["text"]
    await _earns(retailer, documents)


async def _earns(retailer: Any, documents: Ready) -> None:
    for product in documents.products:
        body = {"name": product.name, "clearance": product.clearance, "tags": list(product.tags)}
        assert (await retailer.server.put(f"/v1/products/{product.sku}", json=body)).status_code in (200, 201)
    assert documents.examples
    ladder = next(iter(documents.programme.tier_programmes), None)
    for example in sorted(documents.examples, key=lambda each: each.at):
        retailer.clock.set(max(example.at, retailer.clock.now()))
        someone = await retailer.member(birth_date=f"1990-{example.birth_month or 7:02}-15")
        if example.tier is not None:
            given = {"tier": example.tier, "reason": "計算例"}
            answer = await retailer.server.put(f"/v1/members/{someone['id']}/tiers/{ladder}", json=given)
            assert answer.status_code == 200, answer.text
        lines = [msgspec.to_builtins(item.line(n)) for n, item in enumerate(example.lines, start=1)]
        for line in lines:
            line.update(quantity=int(line["quantity"]), tax_rate=int(line["tax_rate"]))
        sale = retailer.sale(
            0, someone, lines=lines, occurred_at=example.at.isoformat(),
            shop="web" if example.channel == "ec" else "shibuya",
            status="placed" if example.channel == "ec" else "completed",
        )  # fmt: skip
        quoted = await retailer.server.post("/v1/quotes", json=sale)
        sold = await retailer.server.post("/v1/purchases", json=sale)
        assert sold.status_code == 201, sold.text
        for answer in (quoted.json()["points"], sold.json()["points"]):
            assert answer["earned"] + answer["pending"] == example.earns, (example.says, answer["breakdown"])
        cards = (await retailer.server.get(f"/v1/members/{someone['id']}/stamps")).json()["items"]
        assert sum(card["stamps"] for card in cards) == example.stamps, example.says
        assert f"{example.earns}ポイント" in example.says
        assert not example.stamps or f"スタンプ{example.stamps}個" in example.says


async def test_grocery_points_of_clearance_food_are_limited_time(retailer):
    retailer.clock.set(tokyo(2026, 11, 24, 19))
    await loaded(retailer, "grocery")
    await retailer.server.put("/v1/products/X", json={"name": "見切り品", "clearance": True})
    someone = await retailer.member()
    line = {"line": 1, "sku": "X", "amount": 216, "quantity": 2, "tax_rate": 8}
    await retailer.buys(216, someone, lines=[line])
    lots = (await retailer.server.get(f"/v1/members/{someone['id']}/lots")).json()["items"]
    assert sorted((each["kind"], each["points"]) for each in lots) == [("limited", 10), ("regular", 1)]


async def test_grocery_fills_a_stamp_card_with_one_stamp_a_day(retailer):
    retailer.clock.set(tokyo(2026, 11, 24, 15))
    await loaded(retailer, "grocery")
    someone = await retailer.member()
    earned = []
    for _ in range(10):
        sale = await retailer.buys(2200, someone)
        assert (await retailer.buys(2200, someone))["points"]["earned"] <= 50, "a second sale of the day has no stamp"
        earned.append(sum(x["points"] for x in sale["points"]["breakdown"] if x["rule"] == "campaign:stamp-card"))
        retailer.clock.advance(days=1)
    assert earned == [0] * 9 + [100]


async def test_cosmetics_gives_for_birthdays_joining_and_friends(retailer):
    retailer.clock.set(tokyo(2026, 11, 22, 12))
    await loaded(retailer, "cosmetics")
    hanako = await retailer.member(birth_date="1990-12-24")
    retailer.clock.advance(seconds=30)
    assert await runs(retailer, greet_members) == [1]
    assert await retailer.points(hanako) == 100
    told = (await retailer.server.get(f"/v1/members/{hanako['id']}/referral_code")).json()
    friend = await retailer.member(birth_date="1985-05-05")
    ok(await retailer.act("/v1/referrals", {"member": named(friend), "code": told["code"]}), 201)
    retailer.clock.advance(seconds=30)
    assert await runs(retailer, greet_members) == [1]
    await retailer.buys(5500, friend)
    retailer.clock.set(tokyo(2026, 12, 1, 12))
    await runs(retailer, greet_members, give_occasions, end_referrals)
    assert await retailer.points(hanako) == 100 + 500
    retailer.clock.set(tokyo(2026, 12, 8, 12))
    await runs(retailer, greet_members, give_occasions, end_referrals)
    assert await retailer.points(hanako) == 100 + 500 + 500
    assert await retailer.points(friend) == 100 + 100 + 300


async def test_what_differs_is_named_and_nothing_is_written_over_it(retailer):
    retailer.clock.set(tokyo(2026, 11, 22, 12))
    mine = {"code": "third-weekend", "name": "別の企画", "effects": [{"kind": "points", "points": 5}]}
    assert (await retailer.server.post("/v1/campaigns", json=mine)).status_code == 201
    assert (await retailer.server.put("/v1/programme", json={"earning": {"unit_points": 3}})).status_code == 200
    steps = {(each.kind, each.name): each.state for each in await plan(books(retailer), read(folder_of("apparel")))}
    assert {name for name, state in steps.items() if state == "other"} == {
        ("programme", "メンバーズカード"), ("campaign", "third-weekend"),
    }  # fmt: skip
    welcome = {"name": "別の特典", "points": 5, "when": {"kind": "welcome"}}
    assert (await retailer.server.put("/v1/standing/welcome", json=welcome)).status_code == 201
    steps = {(each.kind, each.name): each.state for each in await plan(books(retailer), read(folder_of("cosmetics")))}
    assert (steps["standing rule", "welcome"], steps["standing rule", "birthday"]) == ("other", "new")


async def test_what_was_interrupted_is_gone_on_with(retailer):
    retailer.clock.set(tokyo(2026, 11, 22, 12))
    documents = read(folder_of("cosmetics"))
    steps = await plan(books(retailer), documents)
    await carry_out(steps[:4])
    again = await plan(books(retailer), documents)
    assert [each.state for each in again[:4]] == ["there"] * 4
    await carry_out(again)
    assert {each.state for each in await plan(books(retailer), documents)} == {"there"}
    # A campaign that somebody has stopped since stays stopped.
    assert (await retailer.server.post("/v1/campaigns/refill/stop", json={})).status_code == 200
    assert (await retailer.server.post("/v1/standing/birthday/stop", json={})).status_code == 200
    await carry_out(await plan(books(retailer), documents))
    assert (await retailer.server.get("/v1/campaigns/refill")).json()["state"] in ("live", "stopped")
    retailer.clock.advance(seconds=5)
    assert (await retailer.server.get("/v1/campaigns/refill")).json()["state"] == "stopped"
    assert (await retailer.server.get("/v1/standing/birthday")).json()["state"] == "stopped"
