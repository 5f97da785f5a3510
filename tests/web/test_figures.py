"""What the figures make of orders that change, of goods that come back, and of sales that are called off."""

from __future__ import annotations

from typing import Any

from web.test_front import buy
from web.test_one_person import told


async def sums(edge: Any) -> tuple[int, int, int, int]:
    """Amount, refunded, earned and used over all hours."""
    await told(edge)
    async with edge.database.reading() as connection:
        row = await connection.fetchrow(
            "select sum(amount) as amount, sum(refunded) as refunded, sum(earned) as earned, sum(used) as used"
            "  from figure_hour"
        )
    return tuple(row)


async def act(edge: Any, path: str, body: dict[str, Any], key: str, method: str = "POST") -> None:
    if method == "POST":
        body = {"occurred_at": edge.clock.now().isoformat(), **body}
    answer = await edge.server.request(method, path, json=body, headers={"Idempotency-Key": key})
    assert answer.status_code in (200, 201), answer.text


async def sale(edge: Any, receipt: str, shop: str = "shibuya") -> str:
    return str((await edge.server.get(f"/v1/purchases?shop={shop}&external_id={receipt}")).json()["id"])


async def test_a_sale_cancelled_after_partial_returns_goes_back_once(staffed: Any) -> None:
    await buy(staffed, 1)
    lines = [{"line": 1, "amount": 1100}, {"line": 2, "amount": 550, "quantity": 5}]
    await buy(staffed, 1, external_id="r2", lines=lines, use_points=10)
    path = f"/v1/purchases/{await sale(staffed, 'r2')}"
    assert (await sums(staffed))[:2] == (1100 + 1650, 0)
    await act(staffed, f"{path}/returns", {"external_id": "b1", "lines": [{"line": 2, "quantity": 2}]}, "b1")
    assert (await sums(staffed))[:2] == (2750, 220)
    await act(staffed, f"{path}/returns", {"external_id": "b2", "lines": [{"line": 2, "quantity": 3}]}, "b2")
    assert (await sums(staffed))[:2] == (2750, 550)
    await act(staffed, f"{path}/cancel", {}, "c")
    assert (await sums(staffed))[:2] == (2750, 1650)
    await act(staffed, f"{path}/revive", {}, "v")
    assert (await sums(staffed))[:2] == (2750, 550)
    await act(staffed, f"{path}/returns", {"external_id": "b3", "lines": [{"line": 1, "quantity": 1}]}, "b3")
    assert (await sums(staffed))[:2] == (2750, 1650)  # Points that paid for it included.


async def test_an_order_counts_as_it_was_last_changed(staffed: Any) -> None:
    await buy(staffed, 1)
    await buy(staffed, 1, external_id="w1", shop="web", status="placed", use_points=4)
    assert await sums(staffed) == (2200, 0, 10 + 9, 4)
    path = f"/v1/purchases/{await sale(staffed, 'w1', 'web')}"
    await act(staffed, f"{path}/lines", {"lines": [{"line": 1, "amount": 3300}], "use_points": 6}, "l", "PUT")
    assert await sums(staffed) == (1100 + 3300, 0, 10 + 29, 6)
    await act(staffed, f"{path}/cancel", {}, "c")
    assert (await sums(staffed))[:2] == (4400, 3300)
