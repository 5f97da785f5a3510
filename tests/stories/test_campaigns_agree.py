"""Dry run = quote = sale, for random programmes, campaigns and baskets, over the whole application."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earning.builders import campaigns, lines, programmes
from goen.earning.programme import to_builtins
from races.ledger import assert_books_agree

from .test_campaigns import back
from .test_quotes import quoted

SEEDS = 12


def drawn(strategy: Any, seed: int) -> Any:
    """One example of a strategy, always the same for a seed."""
    found = []

    @settings(database=None, max_examples=seed % 9 + 2, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def collect(data: Any) -> None:
        found.append(data.draw(strategy))

    collect()
    return random.Random(seed).choice(found)


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_dry_run_quote_and_sale_agree_and_returns_add_up(retailer, owner, seed):
    server = retailer.server
    programme = to_builtins(msgspec.structs.replace(drawn(programmes, seed), starts_at=None))
    assert (await server.put("/v1/programme", json=programme)).status_code == 200
    retailer.clock.advance(seconds=3)
    made = drawn(campaigns, seed + 1000)
    for body in made:
        answer = await server.post("/v1/campaigns", json=body)
        assert answer.status_code == 201, answer.text
    for body in made[1:]:
        assert (await server.post(f"/v1/campaigns/{body['code']}/activate", json={})).status_code == 200
    retailer.clock.advance(seconds=3)
    member = await retailer.member()
    bought = msgspec.json.decode(msgspec.json.Encoder(decimal_format="number").encode(drawn(lines, seed + 2000)))
    basket = quoted(retailer, 0, member, lines=bought, shop="web")
    tomorrow = retailer.clock.now() + timedelta(days=1)
    told = await server.post("/v1/campaigns/c0/dry_run", json=basket | {"at": tomorrow.isoformat()})
    assert told.status_code == 200, told.text
    assert (await server.post("/v1/campaigns/c0/activate", json={})).status_code == 200
    retailer.clock.set(tomorrow)
    basket["occurred_at"] = tomorrow.isoformat()
    quote = await server.post("/v1/quotes", json=basket)
    sale = await retailer.buys(0, member, **{k: v for k, v in basket.items() if k != "member"})
    assert told.json()["points"] == quote.json()["points"] == sale["points"]
    order = await retailer.buys(0, member, lines=bought, shop="web", status="placed")
    for line in bought:
        await back(retailer, sale, line.get("quantity", 1), line["line"])
    now = {"occurred_at": retailer.clock.now().isoformat()}
    assert (await retailer.act(f"/v1/purchases/{order['id']}/complete", now)).status_code == 200
    assert (await retailer.act(f"/v1/purchases/{order['id']}/cancel", now)).status_code == 200
    assert await retailer.points(member) == 0
    assert await owner.fetchval("select coalesce(sum(drawn), 0)::int from limit_account") == 0
    await assert_books_agree(owner, retailer.services.database)
