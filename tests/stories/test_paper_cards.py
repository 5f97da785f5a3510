"""Paper cards become digital: once, within the programme's limit, however many ask at once."""

from __future__ import annotations

import asyncio

import pytest

from goen.actions.proof import prove

from .acts import given, named

CARD = "7700-0012 3"


def code(answer):
    return answer.json()["code"]


async def claim(client, member, printed=0, card=CARD, **more):
    body = {"card": card, "member": named(member), "printed_balance": printed, **more}
    return await client.post("/v1/card_claims", json=body)


async def carriers(retailer, card=CARD):
    answer = await retailer.shibuya.post("/v1/members/lookup", json={"kind": "card", "value": card})
    return [each["id"] for each in answer.json()["items"]]


async def proven(retailer):
    found = [problem async for problem in prove(retailer.services.database, retailer.clock.now())]
    assert found == []


async def test_the_printed_balance_becomes_a_lot_of_the_programme_and_the_card_serves_no_more(retailer):
    member = await retailer.member()
    answer = await claim(retailer.shibuya, member, 1200)
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert (body["points"], body["moved"], body["expires_on"]) == (1200, 0, "2027-11-30")
    assert body["balance"]["available"] == 1200
    [entry] = (await retailer.server.get(f"/v1/members/{member['id']}/entries")).json()["items"]
    assert (entry["kind"], entry["points"]) == ("adjust", 1200)
    assert await carriers(retailer) == []
    other = await retailer.member()
    for refused in (
        await retailer.server.post(f"/v1/members/{other['id']}/identifiers", json={"kind": "card", "value": CARD}),
        await retailer.server.post("/v1/members", json={"identifiers": [{"kind": "card", "value": "77000012３"}]}),
    ):
        assert (refused.status_code, code(refused)) == (409, "card_retired")
    sale = await retailer.shibuya.post(
        "/v1/purchases", json=retailer.sale() | {"member": {"kind": "card", "value": CARD}}
    )
    assert code(sale) == "unknown_member"
    await proven(retailer)


async def test_a_claim_asked_again_answers_alike_and_another_is_refused(retailer):
    member, other = await retailer.member(), await retailer.member()
    first = await claim(retailer.shibuya, member, 300)
    again = await retailer.yokohama.post(
        "/v1/card_claims",
        json={"card": "77000０123", "member": {"kind": "card", "value": member["number"]}, "printed_balance": 300},
    )
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    for refused in (await claim(retailer.shibuya, other, 300), await claim(retailer.shibuya, member, 400)):
        assert (refused.status_code, code(refused), refused.json()["reason"]) == (
            409, "claim_not_possible", "already_claimed",
        )  # fmt: skip
    assert await retailer.points(member) == 300
    assert await retailer.points(other) == 0


async def test_of_many_who_claim_one_card_at_once_one_gets_it(retailer):
    members = [await retailer.member() for _ in range(6)]
    answers = await asyncio.gather(*(claim(retailer.shibuya, member, 500) for member in members * 2))
    won = [answer for answer in answers if answer.status_code == 201]
    assert won
    assert len({answer.content for answer in won}) == 1
    assert {answer.json().get("reason") for answer in answers if answer.status_code == 409} == {"already_claimed"}
    assert sum([await retailer.points(member) for member in members]) == 500
    assert await carriers(retailer) == []
    await proven(retailer)


async def test_a_claim_and_an_enrolment_with_the_same_card_at_once_never_both_have_it(retailer):
    for n in range(5):
        card, member = f"660000{n}", await retailer.member()
        claimed, enrolled = await asyncio.gather(
            claim(retailer.shibuya, member, 100, card=card),
            retailer.server.post("/v1/members", json={"identifiers": [{"kind": "card", "value": card}]}),
        )
        assert sorted((claimed.status_code, enrolled.status_code)) == [201, 409], (claimed.text, enrolled.text)
        if claimed.status_code == 201:
            assert code(enrolled) in ("identifier_taken", "card_retired")
            assert await carriers(retailer, card) == []
        else:
            assert claimed.json()["reason"] == "card_of_another"
            assert await carriers(retailer, card) == [enrolled.json()["id"]]
    await proven(retailer)


async def test_above_the_limit_somebody_approves_and_a_refused_card_stays_as_it_was(retailer):
    member = await retailer.member()
    refused = await claim(retailer.shibuya, member, 10_001)
    assert (refused.status_code, refused.json()["reason"], refused.json()["max"]) == (409, "above_limit", 10_000)
    assert await carriers(retailer) == []
    assert code(await claim(retailer.shibuya, member, 10_001, approved_by="店長")) == "forbidden"
    assert (await claim(retailer.server, member, 10_001, approved_by="店長 佐々木")).status_code == 201
    export = (await retailer.server.get(f"/v1/members/{member['id']}/export")).json()
    assert [note["details"]["approved_by"] for note in export["notes"] if note["action"] == "card.claimed"] == [
        "店長 佐々木"
    ]


async def test_a_card_is_claimed_by_any_name_of_a_merged_member(retailer):
    survivor, source = await retailer.member(), await retailer.member()
    body = {"source": named(source), "reason": "同じ人"}
    assert (await retailer.act(f"/v1/members/{survivor['id']}/merges", body)).status_code == 201
    old = {"kind": "card", "value": source["number"]}
    for n, member in enumerate((old, named(source), named(survivor))):
        answer = await retailer.server.post("/v1/card_claims", json={"card": f"99{n}", "member": member,
                                                                     "printed_balance": 100})  # fmt: skip
        assert answer.status_code == 201, answer.text
    assert await retailer.points(survivor) == 300
    await proven(retailer)


async def test_a_member_brings_five_printed_cards(retailer):
    member = await retailer.member()
    answers = [await claim(retailer.shibuya, member, 10, card=f"88{n}") for n in range(6)]
    assert [answer.status_code for answer in answers] == [201] * 5 + [409]
    assert answers[-1].json()["reason"] == "too_many_cards"
    assert await carriers(retailer, "885") == []
    other = await retailer.member()
    assert (await claim(retailer.shibuya, other, 10, card="885")).status_code == 201


async def test_a_card_that_the_member_carries_is_exchanged_and_one_of_another_is_not(retailer):
    member = await retailer.member(identifiers=[{"kind": "card", "value": CARD}])
    other = await retailer.member()
    refused = await claim(retailer.shibuya, other, 10)
    assert (refused.status_code, refused.json()["reason"]) == (409, "card_of_another")
    assert await carriers(retailer) == [member["id"]]
    assert (await claim(retailer.shibuya, member, 10)).status_code == 201
    assert await carriers(retailer) == []
    own = await claim(retailer.shibuya, other, 10, card=other["number"])
    assert (own.status_code, code(own)) == (422, "invalid_request")


async def test_the_points_of_a_provisional_card_move_with_their_dates_and_its_member_goes(retailer):
    card = await retailer.member(provisional=True, identifiers=[{"kind": "card", "value": CARD}])
    await given(retailer, card, 700)
    before = (await retailer.server.get(f"/v1/members/{card['id']}/lots")).json()["items"]
    retailer.clock.advance(days=40)
    member = await retailer.member()
    refused = await claim(retailer.shibuya, member, 700)
    assert refused.json()["reason"] == "balance_known"
    answer = await claim(retailer.shibuya, member)
    assert (answer.json()["moved"], answer.json()["points"], answer.json()["balance"]["available"]) == (700, 0, 700)
    assert (await claim(retailer.yokohama, member)).content == answer.content
    after = (await retailer.server.get(f"/v1/members/{member['id']}/lots")).json()["items"]
    assert [(lot["points"], lot["expires_on"]) for lot in after] == [
        (lot["points"], lot["expires_on"]) for lot in before
    ]
    assert (await retailer.server.get(f"/v1/members/{card['id']}")).json()["status"] == "withdrawn"
    assert await carriers(retailer) == []
    await proven(retailer)


async def test_a_provisional_card_with_an_open_hold_waits(retailer):
    card = await retailer.member(provisional=True, identifiers=[{"kind": "card", "value": CARD}])
    order = await retailer.buys(5500, card, shop="web", status="placed")
    member = await retailer.member()
    refused = await claim(retailer.shibuya, member)
    assert refused.json()["reason"] == "open_orders"
    done = await retailer.act(
        f"/v1/purchases/{order['id']}/complete", {"occurred_at": retailer.clock.now().isoformat()}
    )
    assert done.status_code == 200, done.text
    assert (await claim(retailer.shibuya, member)).json()["moved"] == 50


async def test_a_provisional_taker_stays(retailer):
    taker = await retailer.member(provisional=True)
    assert (await claim(retailer.shibuya, taker, 50)).status_code == 201
    assert (await retailer.server.get(f"/v1/members/{taker['id']}")).json()["status"] == "provisional"


@pytest.mark.parametrize("client", ["shibuya", "web", "server"])
async def test_the_cards_number_is_kept_in_no_answer_request_or_event(retailer, client):
    member = await retailer.member()
    await claim(getattr(retailer, client), member, 5, card="9988776655")
    await asyncio.sleep(0.1)
    async with retailer.services.database.reading() as connection:
        for table in ("act", "outbox", "feed", "audit", "purchase"):
            rows = await connection.fetch(f"select t::text as row from {table} t")
            assert not any("9988776655" in row["row"] for row in rows), table
