"""A marketer's task from the docs alone: the campaign of docs/concepts/campaigns.md from the idea to its figures.

Double points on the web shop in Kanto on rainy weekdays for silver and up, at most 500 P each and 200,000 P in all, not
with coupons, for two weeks.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from goen.actions.keys import create_key

from .test_campaigns import points_of, reasons_of
from .test_tiers import programme

DOCS = Path(__file__).parents[2] / "docs/concepts/campaigns.md"


def of_the_docs() -> dict[str, Any]:
    """The campaign as the page shows it."""
    shown = re.search(r"```json\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.S)
    assert shown is not None
    body: dict[str, Any] = json.loads(shown[1])
    return body


def ok(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def weather(retailer: Any, value: str) -> None:
    ok(await retailer.server.put("/v1/signals/weather", json={"value": value, "place": "関東", "source": "jma"}))


async def test_double_points_on_rainy_weekdays_from_the_idea_to_the_figures(retailer: Any, owner: Any) -> None:
    server, clock = retailer.server, retailer.clock
    ok(await server.put("/v1/shops/web", json={"name": "オンラインストア", "kind": "ec", "region": "関東"}))
    await programme(retailer, campaigns={"approval_above": 900})
    silver, plain = await retailer.member(), await retailer.member()
    assert (await retailer.buys(11_000, silver))["member"]["tier"] == "silver"
    coupon = {"code": "haru", "name": "300円引き", "public_code": "HARU300", "effect": {"kind": "amount", "yen": 300}}
    ok(await server.post("/v1/coupon_kinds", json=coupon), 201)

    # What would it have cost last week? Of five sales on a rainy Tuesday and a fine Wednesday it is for one.
    clock.set(datetime(2026, 11, 24, 3, tzinfo=UTC))
    await weather(retailer, "rain")
    await retailer.buys(22_000, silver, shop="web")
    await retailer.buys(22_000, silver)
    await retailer.buys(5_500, plain, shop="web")
    await retailer.buys(22_000, silver, shop="web", coupons=["HARU300"])
    clock.set(datetime(2026, 11, 25, 3, tzinfo=UTC))
    await weather(retailer, "fine")
    await retailer.buys(22_000, silver, shop="web")

    made = ok(await server.post("/v1/campaigns", json=of_the_docs()), 201)
    code, checks = made["code"], made["checks"]
    assert made["state"] == "draft"
    assert [each for each in checks["findings"] if each["level"] == "error"] == []
    assert (checks["worst_case"]["points"], checks["needs_approval"]) == (1_000, True), "500 for each of two members"
    assert checks["law"]["premiums"] == "discount"
    past = ok(await server.post(f"/v1/campaigns/{code}/backtest", json={"from": "2026-11-24", "to": "2026-11-25"}))
    assert (past["purchases"], past["touched"], past["points"], past["yen"]) == (5, 1, 200, 200)
    assert past["by_channel"] == {"ec": {"purchases": 1, "points": 200, "discount": 0}}
    basket = retailer.sale(11_000, silver, shop="web", at="2026-12-03T12:00:00+09:00")
    del basket["external_id"]
    tried = ok(await server.post(f"/v1/campaigns/{code}/dry_run", json=basket))
    assert {miss["rule"]: miss["reason"] for miss in tried["points"]["not_applied"]}[f"campaign:{code}"] == "signal"

    # Somebody else has to approve it; then it starts by itself.
    assert ok(await server.post(f"/v1/campaigns/{code}/activate", json={}))["state"] == "waiting"
    key = await create_key(
        retailer.services.database, integration="head", role="server", shop=None, device=None, author="test",
        now=clock.now(),
    )  # fmt: skip
    other = {"Authorization": f"Bearer {key}"}
    assert ok(await server.post(f"/v1/campaigns/{code}/approve", json={}, headers=other))["state"] == "scheduled"

    clock.set(datetime(2026, 12, 1, 3, tzinfo=UTC))
    await weather(retailer, "rain")
    rule = f"campaign:{code}"
    given = points_of(await retailer.buys(22_000, silver, shop="web"))[rule]
    assert given == 200
    for misses in (
        await retailer.buys(22_000, silver),
        await retailer.buys(5_500, plain, shop="web"),
        await retailer.buys(22_000, silver, shop="web", coupons=["HARU300"]),
    ):
        assert reasons_of(misses)[rule] in {"not_a_web_shop", "not_this_tier", "with_coupon"}
    most = await retailer.buys(110_000, silver, shop="web")
    assert points_of(most)[rule] == 300, "no more than 500 points for each member"
    assert reasons_of(await retailer.buys(22_000, silver, shop="web"))[rule] == "limit_reached"
    clock.set(datetime(2026, 12, 5, 3, tzinfo=UTC))
    assert reasons_of(await retailer.buys(22_000, silver, shop="web"))[rule] == "not_this_day"

    ok(await server.post(f"/v1/campaigns/{code}/stop", json={}))
    clock.set(datetime(2026, 12, 7, 3, tzinfo=UTC))
    assert rule not in {*points_of(sale := await retailer.buys(22_000, silver, shop="web")), *reasons_of(sale)}
    after = ok(await server.get(f"/v1/campaigns/{code}"))
    assert after["state"] == "stopped"
    assert [(each["limit"], each["drawn"]) for each in after["drawn"]] == [("points/all", 500)]
    ledger = await owner.fetchval(
        "select sum((a->>'points')::int)::int from purchase, json_array_elements(decision::json->'awards') a"
        " where a->>'rule' = $1",
        rule,
    )
    assert ledger == 500
