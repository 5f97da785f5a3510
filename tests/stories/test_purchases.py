"""Sales over HTTP: exactly once, explainable, and refused with a reason."""

import asyncio


async def test_a_sale_earns_one_point_per_hundred_yen_without_tax(retailer):
    member = await retailer.member()
    answer = await retailer.buys(1100, member)
    assert answer["points"]["earned"] == 10
    assert answer["balance"] == {"available": 10, "pending": 0, "held": 0}
    assert answer["receipt"] == ["今回ポイント 10P", "累計ポイント 10P"]
    assert sum(line["points"] for line in answer["points"]["breakdown"]) == 10


async def test_two_hundred_identical_requests_make_one_sale(retailer):
    member = await retailer.member()
    body = retailer.sale(1100, member)
    answers = await asyncio.gather(*(retailer.server.post("/v1/purchases", json=body) for _ in range(200)))
    assert {a.status_code for a in answers} == {201}
    assert len({a.content for a in answers}) == 1
    assert sum("Idempotent-Replayed" not in a.headers for a in answers) == 1


async def test_other_content_under_the_same_receipt_names_the_fields(retailer):
    member = await retailer.member()
    body = retailer.sale(1100, member)
    first = await retailer.server.post("/v1/purchases", json=body)
    assert first.status_code == 201, first.text
    written_out = body | {"postage": 0, "status": "completed", "lines": [{"amount": 1100, "line": 1, "tax_rate": 10.0}]}
    again = await retailer.server.post("/v1/purchases", json=written_out)
    assert (again.status_code, again.content) == (201, first.content)
    other = body | {"lines": [{"line": 1, "amount": 1200}], "staff": "7"}
    refused = await retailer.server.post("/v1/purchases", json=other)
    assert refused.status_code == 409
    assert refused.json()["code"] == "conflict"
    assert refused.json()["fields"] == ["lines.0.amount", "staff"]


async def test_rule_11_a_guest_sale_earns_nothing(retailer):
    answer = await retailer.buys(1100)
    assert answer["member"] is None
    assert answer["points"]["earned"] == 0
    assert answer["points"]["breakdown"] == []


async def test_points_pay_and_are_drawn(retailer):
    member = await retailer.member()
    await retailer.buys(110_000, member)
    answer = await retailer.buys(1100, member, use_points=500)
    assert (answer["payable"], answer["points"]["used"], answer["points"]["earned"]) == (600, 500, 5)
    refused = await retailer.server.post("/v1/purchases", json=retailer.sale(99_999, member, use_points=5000))
    assert refused.status_code == 409
    assert refused.json() | {"code": "not_enough_points", "asked": 5000, "available": 505} == refused.json()
