"""Short words for stories about points: what a shop does over and over, and what must be refused."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from goen.actions.points import sweeps

TOKYO = ZoneInfo("Asia/Tokyo")


def tokyo(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """An instant by the shop's clock."""
    return datetime(year, month, day, hour, minute, second, tzinfo=TOKYO)


def at(retailer: Any, day: date | str, hour: int = 12, minute: int = 0, second: int = 0) -> None:
    """Set the clock to a time of a day in Tokyo."""
    day = date.fromisoformat(day) if isinstance(day, str) else day
    retailer.clock.set(datetime.combine(day, time(hour, minute, second), TOKYO))


def now(retailer: Any) -> str:
    return retailer.clock.now().isoformat()


def named(member: dict[str, Any]) -> dict[str, str]:
    return {"kind": "member_id", "value": member["id"]}


def refused(answer: Any, code: str, **fields: Any) -> dict[str, Any]:
    """The answer is this refusal, with these fields."""
    body = answer.json()
    assert answer.status_code >= 400, answer.text
    assert body["code"] == code, answer.text
    assert {name: body.get(name) for name in fields} == fields
    return body


def ok(answer: Any, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    return answer.json()


def lines(*amounts: int, **changes: Any) -> list[dict[str, Any]]:
    return [{"line": n, "amount": amount, **changes} for n, amount in enumerate(amounts, 1)]


async def programme(retailer: Any, **settings: Any) -> int:
    """A new version of the programme that counts from now on; gives its number."""
    body = {"starts_at": (retailer.clock.now() + timedelta(seconds=2)).isoformat(), **settings}
    version = ok(await retailer.server.put("/v1/programme", json=body))["version"]
    retailer.clock.advance(seconds=2)
    return version


async def gives(retailer: Any, member: dict[str, Any], points: int, **changes: Any) -> dict[str, Any]:
    """Points by hand."""
    body = {"member": named(member), "points": points, "reason": "correction", **changes}
    return ok(await retailer.act("/v1/adjustments", body), 201)


async def orders(retailer: Any, amount: int, member: dict[str, Any] | None, **changes: Any) -> dict[str, Any]:
    """A web order of one line, or of ``lines``."""
    return await retailer.buys(amount, member, shop="web", status="placed", **changes)


async def ships(retailer: Any, order: dict[str, Any], *parts: tuple[int, float]) -> dict[str, Any]:
    """All of an order is paid and shipped, or these quantities of lines."""
    body: dict[str, Any] = {"occurred_at": now(retailer)}
    if parts:
        body["lines"] = [{"line": line, "quantity": quantity} for line, quantity in parts]
    return ok(await retailer.act(f"/v1/purchases/{order['id']}/complete", body))


async def cancels(retailer: Any, sale: dict[str, Any]) -> dict[str, Any]:
    return ok(await retailer.act(f"/v1/purchases/{sale['id']}/cancel", {"occurred_at": now(retailer)}))


async def revives(retailer: Any, sale: dict[str, Any]) -> dict[str, Any]:
    return ok(await retailer.act(f"/v1/purchases/{sale['id']}/revive", {"occurred_at": now(retailer)}))


async def return_of(retailer: Any, sale: dict[str, Any], *parts: tuple[int, float], **changes: Any) -> Any:
    """Ask for these quantities of lines (all of line 1) to be taken back; gives the response."""
    body = {
        "external_id": f"r-{retailer.number()}",
        "occurred_at": now(retailer),
        "lines": [{"line": line, "quantity": quantity} for line, quantity in parts or ((1, 1),)],
        **changes,
    }
    return await retailer.server.post(f"/v1/purchases/{sale['id']}/returns", json=body)


async def takes_back(retailer: Any, sale: dict[str, Any], *parts: tuple[int, float], **changes: Any) -> dict[str, Any]:
    """A return that must be accepted."""
    return ok(await return_of(retailer, sale, *parts, **changes), 201)


async def lots(retailer: Any, member: dict[str, Any]) -> list[dict[str, Any]]:
    return ok(await retailer.readonly.get(f"/v1/members/{member['id']}/lots"))["items"]


async def dates(retailer: Any, member: dict[str, Any]) -> dict[str, int]:
    """Points by last day; a debt under "owed"."""
    found: dict[str, int] = {}
    for lot in await lots(retailer, member):
        key = "owed" if lot["points"] < 0 else lot["expires_on"]
        found[key] = found.get(key, 0) + lot["points"]
    return found


async def entries(retailer: Any, member: dict[str, Any]) -> list[dict[str, Any]]:
    """A member's movements, oldest first."""
    items = ok(await retailer.readonly.get(f"/v1/members/{member['id']}/entries?limit=100"))["items"]
    return items[::-1]


async def told(owner: Any, topic: str) -> list[dict[str, Any]]:
    """The events of a topic, whether the relay has passed them on by now or not."""
    rows = await owner.fetch(
        "select body from (select topic, body from outbox union all select topic, body from feed) x where topic = $1",
        topic,
    )
    return [json.loads(row["body"]) for row in rows]


async def sweep(retailer: Any) -> None:
    """Run the jobs that book what came due."""
    services = retailer.services
    for job in (sweeps.release_due_holds, sweeps.confirm_due, sweeps.expire_due):
        while await job(services.database, services.till, services.context, retailer.clock.now()):
            pass
