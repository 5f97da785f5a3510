"""Every act that moves points, made ready to be asked for: what is sent, and the same with other content."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass
class Asked:
    """A request as a till or web shop sends it, and sends again."""

    path: str
    body: dict[str, Any]
    #: Other content under the same key, and the paths at which it differs.
    other: dict[str, Any]
    fields: list[str]
    method: str = "POST"
    key: str | None = None

    async def send(self, client: httpx.AsyncClient, body: dict[str, Any] | None = None) -> httpx.Response:
        headers = {} if self.key is None else {"Idempotency-Key": self.key}
        return await client.request(self.method, self.path, json=self.body if body is None else body, headers=headers)


async def rich(at: Any) -> dict[str, Any]:
    """A member with 1,000 points."""
    member = await at.member()
    await given(at, member, 1000)
    return member


async def given(at: Any, member: dict[str, Any], points: int) -> None:
    body = {"member": named(member), "points": points, "reason": "migration"}
    answer = await at.act("/v1/adjustments", body)
    assert answer.status_code == 201, answer.text


def named(member: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "member_id", "value": member["id"]}


async def held(at: Any, member: dict[str, Any], points: int, seconds: int = 600) -> dict[str, Any]:
    body = {"member": named(member), "points": points, "shop": "web", "expires_in": seconds}
    answer = await at.act("/v1/holds", body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def lines(*amounts: int) -> list[dict[str, Any]]:
    return [{"line": n, "amount": amount} for n, amount in enumerate(amounts, 1)]


def now(at: Any) -> dict[str, Any]:
    return {"occurred_at": at.clock.now().isoformat()}


def key(at: Any) -> str:
    return f"act-{at.number()}"


async def sale(at: Any) -> Asked:
    body = at.sale(member=await rich(at), use_points=1000, lines=lines(1100, 2200))
    return Asked("/v1/purchases", body, body | {"lines": lines(1100, 2300), "staff": "7"}, ["lines.1.amount", "staff"])


async def guest_sale(at: Any) -> Asked:
    body = at.sale(1100)
    return Asked("/v1/purchases", body, body | {"postage": 100}, ["postage"])


async def order(at: Any) -> Asked:
    body = at.sale(5500, await rich(at), shop="web", status="placed", use_points=1000)
    return Asked("/v1/purchases", body, body | {"use_points": 999}, ["use_points"])


async def linked_return(at: Any) -> Asked:
    bought = await at.buys(3300, await rich(at), use_points=1000)
    body = now(at) | {"external_id": f"r-{at.number()}", "lines": [{"line": 1, "quantity": 1}]}
    return Asked(f"/v1/purchases/{bought['id']}/returns", body, body | {"reason": "broken"}, ["reason"])


async def unlinked_return(at: Any) -> Asked:
    body = now(at) | {"external_id": f"r-{at.number()}", "shop": "shibuya", "purchase": None}
    body |= {"member": named(await rich(at)), "lines": [{"line": 1, "amount": 11_000}]}
    return Asked("/v1/returns", body, body | {"reason": "broken"}, ["reason"])


async def hold(at: Any) -> Asked:
    body = {"member": named(await rich(at)), "points": 1000, "shop": "web", "expires_in": 600}
    return Asked("/v1/holds", body, body | {"points": 900, "reference": "x"}, ["points", "reference"], key=key(at))


async def capture(at: Any) -> Asked:
    placed = await held(at, await rich(at), 1000)
    return Asked(f"/v1/holds/{placed['id']}/capture", {"points": 900}, {"points": 800}, ["points"], key=key(at))


async def release(at: Any) -> Asked:
    member = await rich(at)
    placed = await held(at, member, 600)
    return Asked(f"/v1/holds/{placed['id']}/release", {}, {}, [], key=key(at))


async def adjustment(at: Any) -> Asked:
    body = {"member": named(await rich(at)), "points": -1000, "reason": "correction", "note": "誤登録の訂正"}
    return Asked("/v1/adjustments", body, body | {"points": -999}, ["points"], key=key(at))


async def transfer(at: Any) -> Asked:
    body = {"from": named(await rich(at)), "to": named(await at.member()), "points": 1000}
    return Asked("/v1/transfers", body, body | {"points": 10}, ["points"], key=key(at))


async def completion(at: Any) -> Asked:
    placed = await at.buys(5500, await rich(at), shop="web", status="placed", use_points=1000)
    other = now(at) | {"lines": [{"line": 1, "quantity": 1}]}
    return Asked(f"/v1/purchases/{placed['id']}/complete", now(at), other, ["lines"], key=key(at))


async def change(at: Any) -> Asked:
    placed = await at.buys(5500, await rich(at), shop="web", status="placed", use_points=500)
    body = {"lines": lines(6600), "use_points": 1000}
    path = f"/v1/purchases/{placed['id']}/lines"
    return Asked(path, body, body | {"use_points": 0}, ["use_points"], method="PUT", key=key(at))


async def cancel(at: Any) -> Asked:
    bought = await at.buys(3300, await rich(at), use_points=1000)
    path = f"/v1/purchases/{bought['id']}/cancel"
    return Asked(path, now(at), now(at) | {"reason": "x"}, ["reason"], key=key(at))


async def revival(at: Any) -> Asked:
    bought = await at.buys(3300, await rich(at), use_points=1000)
    assert (await at.act(f"/v1/purchases/{bought['id']}/cancel", now(at))).status_code == 200
    path = f"/v1/purchases/{bought['id']}/revive"
    return Asked(path, now(at), now(at) | {"reason": "x"}, ["reason"], key=key(at))


async def claim(at: Any) -> Asked:
    bought = await at.buys(11_000)
    body, other = {"member": named(await at.member())}, {"member": named(await at.member())}
    return Asked(f"/v1/purchases/{bought['id']}/claim", body, other, ["member.value"], key=key(at))


async def merge(at: Any) -> Asked:
    survivor, source = await rich(at), await rich(at)
    await held(at, source, 300)
    body = {"source": named(source), "reason": "同一人物"}
    return Asked(f"/v1/members/{survivor['id']}/merges", body, body | {"reason": "x"}, ["reason"], key=key(at))


async def unmerge(at: Any) -> Asked:
    asked = await merge(at)
    done = await asked.send(at.server)
    assert done.status_code == 201, done.text
    return Asked(f"/v1/merges/{done.json()['id']}/undo", {}, {"reason": "x"}, ["reason"], key=key(at))


#: Each is asked for in a state in which it can be done once only: a second doing would be seen or refused.
ACTS: dict[str, Callable[[Any], Awaitable[Asked]]] = {
    make.__name__: make
    for make in (
        sale, guest_sale, order, linked_return, unlinked_return, hold, capture, release, adjustment, transfer,
        completion, change, cancel, revival, claim, merge, unmerge,
    )
}  # fmt: skip
