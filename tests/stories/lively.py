"""A story with a bit of everything, for whoever needs a ledger that has lived."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from goen.actions.points.sweeps import confirm_due, expire_due, release_due_holds
from goen.actions.tiers.counting import AFTER
from goen.actions.tiers.runs import advance

from .conftest import Retailer


def _ok(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


async def lively(retailer: Retailer) -> dict[str, dict[str, Any]]:
    """Sales, orders, holds, returns, cancels, claims, transfers, debts, expiries; gives members by what they are."""
    server, clock = retailer.server, retailer.clock

    def ref(member: dict[str, Any]) -> dict[str, str]:
        return {"kind": "member_id", "value": member["id"]}

    def now() -> dict[str, str]:
        return {"occurred_at": clock.now().isoformat()}

    async def returns(sale: dict[str, Any], *lines: tuple[int, int]) -> None:
        body = {"external_id": f"r-{retailer.number()}", **now()}
        body |= {"lines": [{"line": line, "quantity": quantity} for line, quantity in lines]}
        _ok(await server.post(f"/v1/purchases/{sale['id']}/returns", json=body))

    async def order(member: dict[str, Any], amount: int, use: int = 0) -> dict[str, Any]:
        return await retailer.buys(amount, member, shop="web", status="placed", use_points=use)

    programme = {"provisional_days": 7, "starts_at": "2026-11-22T03:00:02Z"}
    _ok(await server.put("/v1/programme", json=programme))
    buyer, owing, sender = [await retailer.member() for _ in range(3)]
    clock.advance(minutes=1)
    for client in (retailer.services,):
        async with client.database.reading() as connection:
            from goen.readings.programme import refresh

            await refresh(client.programmes, connection)

    stamps = {"code": "stamps", "name": "スタンプ", "effects": [{"kind": "stamps", "full": 2, "gift": "タオル"}]}
    _ok(await server.post("/v1/campaigns", json=stamps))
    limits = [{"measure": "uses", "most": 9}, {"measure": "yen", "most": 900, "per": ["member", "day"]}]
    off = {"code": "off", "name": "値引き", "effects": [{"kind": "discount", "yen": 100}], "limits": limits}
    _ok(await server.post("/v1/campaigns", json=off))
    for made in ("stamps", "off"):
        _ok(await server.post(f"/v1/campaigns/{made}/activate", json={}))
    clock.advance(seconds=3)
    two = [{"line": 1, "amount": 55_000, "quantity": 5}, {"line": 2, "amount": 11_000, "quantity": 1}]
    big = await retailer.buys(0, buyer, lines=two)
    used = await retailer.buys(5500, buyer, use_points=120)
    await returns(big, (1, 2))
    await returns(used, (1, 1))
    till = retailer.sale(3300, buyer, use_points=30)
    _ok(await retailer.shibuya.post("/v1/purchases", json=till))

    for points in (10, 11, 12, 13):
        body = {"member": ref(buyer), "points": points, "shop": "web", "expires_in": 600 if points == 13 else 86_400}
        hold = _ok(await retailer.act("/v1/holds", body))
        if points == 10:
            _ok(await retailer.act(f"/v1/holds/{hold['id']}/capture", {"points": 4}))
        elif points == 11:
            _ok(await retailer.act(f"/v1/holds/{hold['id']}/release"))

    orders = [await order(buyer, 2200, 20) for _ in range(6)]
    for number in (0, 1):
        _ok(await retailer.act(f"/v1/purchases/{orders[number]['id']}/complete", now()))
    for number in (1, 2, 3):
        _ok(await retailer.act(f"/v1/purchases/{orders[number]['id']}/cancel", now()))
    _ok(await retailer.act(f"/v1/purchases/{orders[1]['id']}/revive", now()))
    _ok(await retailer.act(f"/v1/purchases/{orders[2]['id']}/revive", now()))
    lines = {"lines": [{"line": 1, "amount": 3300}], "use_points": 5}
    changed = await server.put(
        f"/v1/purchases/{orders[4]['id']}/lines", json=lines, headers={"Idempotency-Key": "changed"}
    )
    _ok(changed)
    await returns(orders[5], (1, 1))

    for _ in range(2):
        taken = await retailer.buys(1100, buyer, offers=["off"])
    _ok(await retailer.act(f"/v1/purchases/{taken['id']}/cancel", now()))
    kind = {"code": "own", "name": "お一人様1回", "effect": {"kind": "amount", "yen": 100}, "uses": {"each": 2}}
    _ok(await server.post("/v1/coupon_kinds", json=kind))
    (code,) = _ok(await server.post("/v1/coupon_kinds/own/issue", json={"batch": "b", "count": 1}))["codes"]
    for _ in range(2):
        with_coupon = await retailer.buys(1100, buyer, coupons=[code])
    _ok(await retailer.act(f"/v1/purchases/{with_coupon['id']}/cancel", now()))
    _ok(await server.put("/v1/rewards/towel", json={"name": "タオル", "points": 1, "delivery": "pickup", "stock": 5}))
    path = f"/v1/members/{buyer['id']}/reward_orders"
    taken = [_ok(await retailer.act(path, {"reward": "towel"})) for _ in range(2)]
    _ok(await retailer.act(f"/v1/reward_orders/{taken[0]['id']}/cancel"))

    hello = {"name": "来店ポイント", "points": 3, "when": {"kind": "visit"}}
    _ok(await server.put("/v1/standing/hello", json=hello))
    _ok(await server.post("/v1/standing/hello/activate", json={}))
    _ok(await retailer.act("/v1/visits", {"member": ref(buyer), "shop": "shibuya"}))
    prize = {"code": "p", "name": "10ポイント", "count": 9, "odds": 100, "gives": {"kind": "points", "points": 10}}
    lot = {"name": "抽選", "method": "instant", "prizes": [prize], "entrance": {"kind": "day"}}
    lot |= {"starts_at": "2026-01-01T00:00:00+09:00", "ends_at": "2036-01-01T00:00:00+09:00"}
    _ok(await server.put("/v1/draws/lot", json=lot))
    _ok(await server.post("/v1/draws/lot/activate", json={}))
    _ok(await retailer.act("/v1/draws/lot/entries", {"member": ref(buyer)}))

    guests = [await retailer.buys(2200) for _ in range(2)]
    _ok(await retailer.act(f"/v1/purchases/{guests[0]['id']}/claim", {"member": ref(buyer)}))
    await returns(guests[1], (1, 1))
    unlinked = {"external_id": "u-1", "shop": "shibuya", "purchase": None, "member": ref(buyer), **now()}
    _ok(await server.post("/v1/returns", json=unlinked | {"lines": [{"line": 1, "amount": 1100}]}))

    debtor = await retailer.buys(11_000, owing)
    await retailer.buys(1100, owing, use_points=90)
    await retailer.buys(1100, owing, use_points=50, offline=True)
    await returns(debtor, (1, 1))

    for points, reason, more in (
        (500, "migration", {}), (40, "promotion", {"kind": "limited", "expires_on": "2026-11-25"}),
        (-7, "correction", {}),
    ):  # fmt: skip
        body = {"member": ref(sender), "points": points, "reason": reason, **more}
        _ok(await retailer.act("/v1/adjustments", body))
    _ok(await retailer.act("/v1/transfers", {"from": ref(sender), "to": ref(buyer), "points": 100}))

    head, spouse = await retailer.member(), await retailer.member()
    await retailer.buys(11_000, spouse)
    yes = {"given": True}
    home = (await server.post("/v1/households", json={"head": ref(head), "consent": yes})).json()
    joins = {"member": ref(spouse), "head_consent": yes, "member_consent": yes}
    _ok(await server.post(f"/v1/households/{home['id']}/members", json=joins))
    await retailer.buys(11_000, spouse)
    await retailer.buys(2200, head, use_points=150)

    soon = {"member": ref(sender), "points": 60, "reason": "goodwill", "expires_on": "2026-11-30"}
    _ok(await retailer.act("/v1/adjustments", soon))
    await retailer.buys(1100, sender, use_points=15)
    clock.advance(days=20)
    services = retailer.services
    for sweep in (release_due_holds, confirm_due, expire_due):
        while await sweep(services.database, services.till, services.context, clock.now()):
            pass
    await retailer.buys(1100, sender, use_points=15)
    survivor, merged, parted = [await retailer.member() for _ in range(3)]
    for member in (survivor, merged, parted):
        await retailer.buys(22_000, member)
        await order(member, 2200, 20)
        body = {"member": ref(member), "points": 30, "shop": "web", "expires_in": 86_400}
        _ok(await retailer.act("/v1/holds", body))
    done = [
        _ok(await retailer.act(f"/v1/members/{survivor['id']}/merges", {"source": ref(gone), "reason": "同一人物"}))
        for gone in (merged, parted)
    ]
    for member in (survivor, merged, parted):
        await retailer.buys(3300, member, use_points=50)
        await order(member, 5500, 30)
    _ok(await retailer.act(f"/v1/merges/{done[1]['id']}/undo"))
    await retailer.buys(3300, parted, use_points=50)
    await _tiers(retailer)
    await returns(await retailer.buys(3300, sender), (1, 1))
    await order(sender, 5500, 0)
    return {
        "buyer": buyer, "owing": owing, "sender": sender, "survivor": survivor, "merged": merged, "parted": parted,
    }  # fmt: skip


async def _tiers(retailer: Any) -> None:
    """The programme gets tiers; what was bought before counts for them."""
    ladder = {"levels": [{"tier": "silver", "reach": 30_000}]}
    body = {"provisional_days": 7, "tiers": {"silver": {"name": "シルバー"}}, "tier_programmes": {"rank": ladder}}
    _ok(await retailer.server.put("/v1/programme", json=body))
    retailer.clock.advance(seconds=AFTER.seconds + 3)
    services = retailer.services
    await advance(services.database, services.context, retailer.clock.now, asyncio.Event())
