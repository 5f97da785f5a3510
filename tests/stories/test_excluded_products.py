"""Rule 3: a product that earns nothing earns nothing on any line, and what was decided once stays."""

from __future__ import annotations

import pytest

from .test_campaigns import back, live, points_of
from .test_quotes import quote

LINES = [{"line": 1, "amount": 11_000, "sku": "TOBACCO"}, {"line": 2, "amount": 5500, "sku": "TEA"}]


async def put(retailer, points, sku="TOBACCO"):
    answer = await retailer.server.put(f"/v1/products/{sku}", json={"name": "商品", "points": points})
    assert answer.status_code in (200, 201), answer.text


async def test_a_product_that_earns_nothing_earns_in_no_sale_quote_or_campaign(retailer):
    member = await retailer.member()
    await put(retailer, False)
    await live(retailer)
    sale = retailer.sale(0, member, lines=LINES)
    assert points_of(await quote(retailer.server, sale)) == {"base": 50, "campaign:double": 50}
    answer = await retailer.server.post("/v1/purchases", json=sale)
    assert points_of(answer.json()) == {"base": 50, "campaign:double": 50}
    await put(retailer, True)
    again = await retailer.server.post("/v1/purchases", json=sale)
    assert (again.status_code, again.content) == (201, answer.content)
    assert points_of(await retailer.buys(0, member, lines=LINES)) == {"base": 150, "campaign:double": 150}


async def test_what_a_product_earned_is_taken_back_as_it_was_decided(retailer):
    member = await retailer.member()
    before = await retailer.buys(0, member, lines=LINES)
    await put(retailer, False)
    after = await retailer.buys(0, member, lines=LINES)
    assert (before["points"]["earned"], after["points"]["earned"]) == (150, 50)
    assert (await back(retailer, before))["points"]["earned_reversed"] == 100
    await put(retailer, True)
    assert (await back(retailer, after))["points"]["earned_reversed"] == 0
    assert await retailer.points(member) == 100


async def test_a_claim_counts_the_products_as_the_sale_did(retailer):
    await put(retailer, False)
    sale = await retailer.buys(0, lines=LINES)
    await put(retailer, True)
    await put(retailer, False, "TEA")
    member = await retailer.member()
    claim = {"member": {"kind": "member_id", "value": member["id"]}}
    claimed = await retailer.act(f"/v1/purchases/{sale['id']}/claim", claim)
    assert claimed.json()["points"]["earned"] == 50


@pytest.mark.parametrize("campaign", [False, True])
async def test_a_changed_order_keeps_what_its_products_were_and_looks_at_new_ones(retailer, campaign):
    if campaign:
        await live(retailer)
    member = await retailer.member()
    await put(retailer, False)
    order = await retailer.buys(0, member, lines=LINES, status="placed", shop="web")
    times = 2 if campaign else 1
    assert order["points"]["pending"] == 50 * times
    await put(retailer, True)
    await put(retailer, False, "TEA")
    await put(retailer, False, "COFFEE")
    more = [*LINES, {"line": 3, "amount": 2200, "sku": "COFFEE"}, {"line": 4, "amount": 1100, "sku": "CAKE"}]
    for _ in range(2):
        changed = await retailer.server.put(
            f"/v1/purchases/{order['id']}/lines", json={"lines": more},
            headers={"Idempotency-Key": f"k-{retailer.number()}"},
        )  # fmt: skip
        assert changed.json()["points"]["pending"] == 60 * times, changed.text
        await put(retailer, True, "COFFEE")
    document = (await retailer.server.get(f"/v1/purchases/{order['id']}")).json()
    assert all(line.get("points", True) for line in document["lines"]), "the document stays as it was sent"
