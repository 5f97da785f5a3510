"""Quotes: what a sale would do, refused where it would be, and nothing written."""

import asyncio
from datetime import timedelta

from .test_balance import adjusted, held


def quoted(retailer, amount=1100, member=None, **changes):
    body = retailer.sale(amount, member, **changes)
    del body["external_id"]
    return body


async def quote(client, body, status=200):
    answer = await client.post("/v1/quotes", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_a_quote_says_what_the_sale_then_does(retailer):
    member = await retailer.member()
    await adjusted(retailer, member, 500)
    body = quoted(retailer, 5500, member, use_points=100)
    told = await quote(retailer.shibuya, body | {"proof": {"kind": "staff", "value": "0042"}})
    del body["member"]
    done = await retailer.buys(0, member, **body)
    shared = told.keys() & done.keys()
    assert {name: told[name] for name in shared} == {name: done[name] for name in shared}
    assert done.keys() - shared == {"id", "external_id", "recorded_at"}
    assert told.keys() - shared == {"usable", "next"}
    assert told["usable"] == {"min": 1, "unit": 1, "max": 500}


async def test_nothing_is_written(retailer, owner):
    member = await retailer.member()
    await adjusted(retailer, member, 500)

    async def counts():
        tables = ("act", "act_key", "entry", "lot", "lot_move", "hold", "purchase", "outbox", "limit_account", "feed")
        found = {}
        for table in tables:
            found[table] = await owner.fetchval(f"select count(*) from {table}")
        found["outbox"] += found.pop("feed")
        return found, await owner.fetch("select * from member_account order by 1")

    before = await counts()
    bodies = [
        quoted(retailer, 1100, member, use_points=100),
        quoted(retailer, 1100, member, use_points=100, shop="web", status="placed"),
        quoted(retailer, 1100),
        quoted(retailer, 1100, member, use_points=900, offline=True),
    ]
    answers = await asyncio.gather(*(quote(retailer.server, body) for body in bodies * 10))
    assert len(answers) == 40
    assert await counts() == before
    assert (answers[0]["balance"]["available"], answers[1]["balance"]["held"], answers[2]["member"]) == (409, 100, None)
    assert answers[3]["warnings"][0]["code"] == "points_owed"


async def test_quotes_asked_together_do_not_see_each_other(retailer):
    member = await retailer.member()
    await adjusted(retailer, member, 100)
    body = quoted(retailer, 1100, member, use_points=100)
    answers = await asyncio.gather(*(quote(retailer.server, body) for _ in range(50)))
    assert all(answer == answers[0] for answer in answers)


async def test_a_quote_is_refused_as_the_sale_would_be(retailer):
    member = await retailer.member()
    await adjusted(retailer, member, 5000)
    for client, changes, status, code in (
        (retailer.server, {"use_points": 9999, "lines": [{"line": 1, "amount": 20_000}]}, 409, "not_enough_points"),
        (retailer.server, {"use_points": 2000}, 422, "invalid_request"),
        (retailer.server, {"coupons": ["X"]}, 409, "coupon_not_usable"),
        (retailer.server, {"hold": "h_16j_5", "use_points": 5}, 422, "unknown_hold"),
        (retailer.server, {"shop": "nowhere"}, 422, "unknown_shop"),
        (retailer.server, {"member": {"kind": "card", "value": "2999999999999"}}, 422, "unknown_member"),
        (retailer.shibuya, {"shop": "yokohama"}, 403, "forbidden"),
        (retailer.readonly, {}, 403, "forbidden"),
        (retailer.shibuya, {"use_points": 1001, "lines": [{"line": 1, "amount": 9999}]}, 403, "proof_required"),
        (retailer.server, {"at": "2026-11-22T12:00:00"}, 422, "invalid_request"),
        (retailer.server, {"at": "9999-12-31T23:59:59Z"}, 422, "invalid_request"),
    ):
        body = quoted(retailer, 1100, member) | changes
        problem = await quote(client, body, status)
        assert problem["code"] == code, changes


async def test_rule_19_usable_is_what_the_member_has_and_the_sale_takes(retailer):
    member, rich, owing = await retailer.member(), await retailer.member(), await retailer.member()
    assert (await quote(retailer.server, quoted(retailer, 1100, member)))["usable"]["max"] == 0
    await adjusted(retailer, rich, 5000)
    assert (await quote(retailer.server, quoted(retailer, 1100, rich)))["usable"]["max"] == 1100
    await held(retailer, rich, 4400)
    assert (await quote(retailer.server, quoted(retailer, 1100, rich)))["usable"]["max"] == 600
    await retailer.buys(1100, owing, use_points=50, offline=True)
    assert (await quote(retailer.server, quoted(retailer, 1100, owing)))["usable"]["max"] == 0
    assert (await quote(retailer.server, quoted(retailer, 1100)))["usable"]["max"] == 0


async def test_next_says_what_is_missing_for_the_next_point(retailer):
    member = await retailer.member()
    told = await quote(retailer.server, quoted(retailer, 1155, member))
    assert (told["points"]["earned"], told["next"]) == (10, [{"rule": "base", "missing": 50, "points": 1}])
    assert (await quote(retailer.server, quoted(retailer, 1155)))["next"] == []


async def test_at_another_time_other_lots_are_alive(retailer):
    member = await retailer.member()
    await adjusted(retailer, member, 40, expires_on="2026-11-30")
    later = (retailer.clock.now() + timedelta(days=30)).isoformat()
    now, then = await asyncio.gather(
        quote(retailer.server, quoted(retailer, 1100, member)),
        quote(retailer.server, quoted(retailer, 1100, member, at=later)),
    )
    assert (now["balance"]["available"], then["balance"]["available"]) == (50, 10)
    assert (now["booked_on"], then["booked_on"]) == ("2026-11-22", "2026-12-22")


async def test_a_token_serves_a_quote_and_the_sale_after_it(retailer, owner):
    import jwt

    await owner.execute("update shop set linking_secret = $1 where code = 'web'", "s" * 40)
    async with retailer.services.database.reading() as connection:
        await retailer.services.shops.refresh(connection)
    member = await retailer.member(identifiers=[{"kind": "ec", "shop": "web", "value": "account-1"}])
    now = retailer.clock.now()
    token = jwt.encode(
        {"iss": "web", "aud": "goen", "sub": "account-1", "exp": now + timedelta(minutes=5), "jti": "one"},
        "s" * 40,
        "HS256",
    )
    ref = {"kind": "ec", "shop": "web", "token": token}
    for _ in range(2):
        told = await quote(retailer.web, quoted(retailer, 1100, shop="web") | {"member": ref})
        assert told["member"]["id"] == member["id"]
    done = await retailer.web.post("/v1/purchases", json=retailer.sale(1100, shop="web") | {"member": ref})
    assert done.status_code == 201, done.text


async def test_a_quote_for_a_moment_that_no_sale_may_have_is_refused_like_the_sale(retailer):
    member = await retailer.member()
    for days in (2, 400):
        body = retailer.sale(1100, member, occurred_at=(retailer.clock.now() + timedelta(days=days)).isoformat())
        sale = await retailer.server.post("/v1/purchases", json=body)
        quoted = await retailer.server.post("/v1/quotes", json=body)
        assert (quoted.status_code, quoted.json()["code"]) == (sale.status_code, sale.json()["code"])
        assert sale.status_code == 422
