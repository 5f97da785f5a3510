"""Rule 46: provisional members earn now and register later, or their points lapse and are reported."""

from __future__ import annotations

import asyncio

from goen.actions.points.lapses import lapse_due
from goen.actions.proof import prove

from .acts import named


def code(answer):
    return answer.json()["code"]


async def lapse(retailer):
    services = retailer.services
    done = 0
    while did := await lapse_due(services.database, services.till, services.context, retailer.clock.now()):
        done += did
    return done


async def register(retailer, member, **body):
    return await retailer.web.post(f"/v1/members/{member['id']}/register", json=body)


async def whole(retailer, member):
    return (await retailer.server.get(f"/v1/members/{member['id']}")).json()


async def test_rule_46_a_provisional_member_earns_and_spends_after_registering(retailer):
    member = await retailer.member(provisional=True)
    assert (member["status"], member["register_by"]) == ("provisional", "2027-02-20")
    await retailer.buys(11_000, member)
    refused = await retailer.server.post("/v1/purchases", json=retailer.sale(1100, member, use_points=50))
    assert (refused.status_code, code(refused), refused.json()["reason"]) == (409, "spending_blocked", "not_registered")
    quote = await retailer.server.post("/v1/quotes", json=retailer.sale(1100, member))
    assert quote.json()["usable"]["max"] == 0
    hold = {"member": named(member), "points": 10, "shop": "web", "expires_in": 60}
    assert code(await retailer.act("/v1/holds", hold)) == "spending_blocked"
    nameless = await register(retailer, member, name="試験 花子")
    assert (nameless.status_code, code(nameless)) == (422, "invalid_request")
    proof = await retailer.proof("phone", "090-1234-5678")
    phone = {"kind": "phone", "value": "090-1234-5678", "token": proof}
    answer = await register(retailer, member, name="試験 花子", identifiers=[phone], consents={"mail": True})
    assert answer.status_code == 200, answer.text
    done = answer.json()
    assert (done["status"], done["register_by"], done["name"]) == ("active", None, "試験 花子")
    assert done["identifiers"][-1]["verified_at"]
    assert (await register(retailer, member, name="別人")).json()["name"] == "試験 花子"
    await retailer.buys(1100, member, use_points=50)
    retailer.clock.advance(days=200)
    assert await lapse(retailer) == 0


async def test_who_does_not_register_in_time_lapses_by_an_entry_and_is_reported(retailer):
    member, registered = await retailer.member(provisional=True), await retailer.member(provisional=True)
    await retailer.buys(11_000, member)
    await retailer.buys(11_000, registered)
    await register(retailer, registered, identifiers=[{"kind": "email", "value": "a@example.jp"}])
    order = await retailer.buys(5500, member, shop="web", status="placed")
    retailer.clock.advance(days=90)
    assert await lapse(retailer) == 0, "the last day is a whole day"
    retailer.clock.advance(days=1)
    assert await lapse(retailer) == 1
    assert await lapse(retailer) == 0
    assert (await retailer.balance(member))["available"] == 0
    assert (await retailer.balance(member))["pending"] == 50
    assert await retailer.points(registered) == 100
    [entry, *_] = (await retailer.server.get(f"/v1/members/{member['id']}/entries")).json()["items"]
    assert (entry["kind"], entry["points"], entry["balance_after"]) == ("expire", -100, 0)
    report = (await retailer.readonly.get("/v1/member_lapses")).json()
    assert [(each["member_id"], each["points"], each["register_by"]) for each in report["items"]] == [
        (member["id"], 100, "2027-02-20")
    ]
    later = {"from": retailer.clock.advance(seconds=1).isoformat()}
    assert (await retailer.readonly.get("/v1/member_lapses", params=later)).json()["items"] == []
    # The card can still be registered, and what was earned in the new period waits for it.
    done = await retailer.act(
        f"/v1/purchases/{order['id']}/complete", {"occurred_at": retailer.clock.now().isoformat()}
    )
    assert done.status_code == 200, done.text
    assert (await whole(retailer, member))["register_by"] == "2027-05-22"
    await register(retailer, member, identifiers=[{"kind": "email", "value": "b@example.jp"}])
    assert await retailer.points(member) == 50
    assert [problem async for problem in prove(retailer.services.database, retailer.clock.now())] == []


async def test_a_registration_and_a_lapse_at_once_leave_the_points_or_take_them_whole(retailer):
    for n in range(6):
        member = await retailer.member(provisional=True)
        await retailer.buys(11_000, member)
        retailer.clock.advance(days=91)
        mail = {"kind": "email", "value": f"race{n}@example.jp"}
        answer, _ = await asyncio.gather(register(retailer, member, identifiers=[mail]), lapse(retailer))
        assert answer.status_code == 200, answer.text
        assert await retailer.points(member) in (0, 100)
        assert (await whole(retailer, member))["status"] == "active"
    assert [problem async for problem in prove(retailer.services.database, retailer.clock.now())] == []


async def test_a_frozen_provisional_member_is_provisional_again_and_does_not_lapse_meanwhile(retailer):
    member = await retailer.member(provisional=True)
    await retailer.buys(11_000, member)
    path = f"/v1/members/{member['id']}"
    await retailer.server.post(f"{path}/freeze", json={"reason": "調査"})
    retailer.clock.advance(days=100)
    assert await lapse(retailer) == 0
    thawed = await retailer.server.post(f"{path}/unfreeze", json={"reason": "解決"})
    assert thawed.json()["status"] == "provisional"
    assert await lapse(retailer) == 1
    assert await retailer.points(member) == 0


async def test_the_report_has_pages(retailer):
    for _ in range(5):
        await retailer.member(provisional=True)
    retailer.clock.advance(days=91)
    assert await lapse(retailer) == 5
    seen, cursor = [], None
    while True:
        page = (
            await retailer.server.get(
                "/v1/member_lapses", params={"limit": 2, **({"cursor": cursor} if cursor else {})}
            )
        ).json()
        seen += [each["member_id"] for each in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert len(seen) == len(set(seen)) == 5
