"""Asked twice, done once, for ever: by repeats at once, repeats a month later, and other words for the same."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import suppress
from typing import Any

import pytest
import uvicorn

from goen.actions.keys import create_key, revoke_keys
from goen.main import build
from races.ledger import assert_books_agree, traces
from stories import acts
from stories.acts import ACTS, Asked, given, held, named, now, rich

every_act = pytest.mark.parametrize("act", ACTS)


@every_act
async def test_two_hundred_at_once_are_one_act_and_two_hundred_identical_answers(
    retailer: Any, owner: Any, act: str
) -> None:
    asked = await ACTS[act](retailer)
    before = await traces(owner)
    answers = await asyncio.gather(*(asked.send(retailer.server) for _ in range(200)))
    assert len({(a.status_code, a.content) for a in answers}) == 1
    assert answers[0].is_success, answers[0].text
    assert sum("Idempotent-Replayed" not in a.headers for a in answers) == 1
    after = await traces(owner)
    assert (after["act"], after["act_key"]) == (before["act"] + 1, before["act_key"] + 1)
    assert after["entry"] - before["entry"] <= 2  # Used and earned at most, never two hundred times.
    await assert_books_agree(owner, retailer.services.database)


@every_act
async def test_other_content_under_the_same_key_names_the_paths_and_does_nothing(
    retailer: Any, owner: Any, act: str
) -> None:
    asked = await ACTS[act](retailer)
    if not asked.fields:
        pytest.skip("there is nothing in the body to differ")
    first = await asked.send(retailer.server)
    assert first.is_success, first.text
    before = await traces(owner)
    other = await asked.send(retailer.server, asked.other)
    assert (other.status_code, other.json()["code"]) == (409, "conflict"), other.text
    assert sorted(other.json()["fields"]) == sorted(asked.fields)
    assert await traces(owner) == before
    again = await asked.send(retailer.server)
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")


@every_act
async def test_of_two_contents_at_once_under_one_key_one_is_done_and_the_other_a_conflict(
    retailer: Any, owner: Any, act: str
) -> None:
    asked = await ACTS[act](retailer)
    if not asked.fields:
        pytest.skip("there is nothing in the body to differ")
    before = await traces(owner)
    bodies = [(asked.body, asked.other)[n % 2] for n in range(40)]
    answers = await asyncio.gather(*(asked.send(retailer.server, body) for body in bodies))
    done = [answer for answer in answers if answer.is_success]
    refused = [answer for answer in answers if not answer.is_success]
    assert len({answer.content for answer in done}) == 1
    assert (len(done), len(refused)) == (20, 20), refused[0].text
    assert {tuple(sorted(answer.json()["fields"])) for answer in refused} == {tuple(sorted(asked.fields))}
    assert (await traces(owner))["act"] == before["act"] + 1


async def test_a_queue_replayed_after_thirty_days_gets_its_first_answers_and_does_nothing(
    retailer: Any, owner: Any
) -> None:
    queue: list[Asked] = [await make(retailer) for make in ACTS.values() for _ in range(3)]
    first = [await asked.send(retailer.server) for asked in queue]
    assert all(answer.is_success for answer in first)
    before = await traces(owner)
    retailer.clock.advance(days=30)
    again = [await asked.send(retailer.server) for asked in queue]
    for old, new in zip(first, again, strict=True):
        assert (new.status_code, new.content) == (old.status_code, old.content)
        assert new.headers["Idempotent-Replayed"] == "true"
    assert await traces(owner) == before
    await assert_books_agree(owner, retailer.services.database)


async def test_a_thousand_offline_sales_replayed_after_thirty_days_as_one_batch(retailer: Any, owner: Any) -> None:
    people = [await retailer.member() for _ in range(50)]
    cards = [{"kind": "card", "value": person["identifiers"][0]["value"]} for person in people]
    items = [retailer.sale(1100 + n) | {"offline": True, "member": cards[n % 50]} for n in range(1000)]
    batch = {"items": items, "sent_at": retailer.clock.now().isoformat()}
    first = await retailer.shibuya.post("/v1/purchases/batch", json=batch, timeout=60)
    assert {item["status"] for item in first.json()["items"]} == {201}
    assert await retailer.points(people[0]) == sum(
        item["points"]["earned"] for n, item in enumerate(bodies(first)) if n % 50 == 0
    )
    before = await traces(owner)
    retailer.clock.advance(days=30)
    # The device's clock is a year behind by now: what was sent is compared as sent.
    again = await retailer.shibuya.post(
        "/v1/purchases/batch", json=batch | {"sent_at": "2025-12-22T12:00:00+09:00"}, timeout=60
    )
    assert again.json() == first.json()
    one_by_one = [await retailer.shibuya.post("/v1/purchases", json=item) for item in items[::100]]
    assert [answer.json() for answer in one_by_one] == bodies(first)[::100]
    assert await traces(owner) == before
    await assert_books_agree(owner, retailer.services.database)


def bodies(answer: Any) -> list[dict[str, Any]]:
    return [item["body"] for item in answer.json()["items"]]


async def test_a_batch_that_names_one_receipt_twice_records_it_once(retailer: Any, owner: Any) -> None:
    member = await retailer.member()
    body = retailer.sale(1100, member)
    answer = await retailer.shibuya.post("/v1/purchases/batch", json={"items": [body, body, body | {"postage": 1}]})
    first, second, third = answer.json()["items"]
    assert (first["status"], second) == (201, first)
    assert (third["status"], third["body"]["fields"]) == (409, ["postage"])
    assert await retailer.points(member) == 10
    await assert_books_agree(owner, retailer.services.database)


@pytest.mark.parametrize("act", ["sale", "order", "hold", "adjustment", "transfer", "claim", "unlinked_return"])
async def test_naming_the_same_member_by_another_identifier_is_the_same_request(
    retailer: Any, owner: Any, act: str
) -> None:
    asked = await ACTS[act](retailer)
    first = await asked.send(retailer.server)
    before = await traces(owner)
    field = "from" if act == "transfer" else "member"
    whole = await retailer.server.get(f"/v1/members/{asked.body[field]['value']}")
    names = [{"kind": each["kind"], "value": each["value"]} for each in whole.json()["identifiers"]]
    names.append({"kind": "card", "value": whole.json()["number"]})
    for name in names:
        again = await asked.send(retailer.server, asked.body | {field: name})
        assert (again.status_code, again.content) == (first.status_code, first.content)
    assert await traces(owner) == before


@pytest.mark.parametrize("act", ["sale", "hold", "adjustment", "transfer", "claim", "unlinked_return"])
async def test_a_member_who_has_left_since_does_not_change_the_first_answer(retailer: Any, act: str) -> None:
    asked = await ACTS[act](retailer)
    first = await asked.send(retailer.server)
    who = asked.body["from" if act == "transfer" else "member"]["value"]
    assert (await retailer.server.delete(f"/v1/members/{who}")).status_code == 204
    again = await asked.send(retailer.server)
    assert (again.status_code, again.content) == (first.status_code, first.content)


async def test_a_merge_since_does_not_change_the_first_answer(retailer: Any, owner: Any) -> None:
    asked = await acts.sale(retailer)
    first = await asked.send(retailer.server)
    survivor = await retailer.member()
    await owner.execute(
        "update member set status = 'merged', survivor_id = (select max(member_id) from member)"
        " where member_id = (select member_id from purchase)"
    )
    again = await asked.send(retailer.server)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert await retailer.points(survivor) == 0


async def test_points_given_with_a_date_repeat_after_that_date(retailer: Any) -> None:
    member = await retailer.member()
    body = {"member": named(member), "points": 10, "reason": "goodwill", "expires_on": "2026-11-30"}
    first = await retailer.act("/v1/adjustments", body, "dated")
    retailer.clock.advance(days=30)
    again = await retailer.act("/v1/adjustments", body, "dated")
    assert (again.status_code, again.content) == (201, first.content)
    late = await retailer.act("/v1/adjustments", body, "dated anew")
    assert (late.status_code, late.json()["errors"][0]["field"]) == (422, "expires_on")


async def test_a_refused_act_leaves_its_key_free(retailer: Any, owner: Any) -> None:
    member = await retailer.member()
    hold = {"member": named(member), "points": 100, "shop": "web", "expires_in": 600}
    spend = retailer.sale(1100, member, use_points=100)
    before = await traces(owner)
    for _ in range(2):
        refused = await asyncio.gather(
            *(retailer.act("/v1/holds", hold, "once more") for _ in range(20)),
            *(retailer.server.post("/v1/purchases", json=spend) for _ in range(20)),
        )
        assert {answer.json()["code"] for answer in refused} == {"not_enough_points"}
    assert await traces(owner) == before
    await given(retailer, member, 200)
    assert (await retailer.act("/v1/holds", hold | {"points": 50}, "once more")).status_code == 201
    assert (await retailer.server.post("/v1/purchases", json=spend)).status_code == 201


async def test_one_key_for_two_operations_is_a_conflict(retailer: Any, owner: Any) -> None:
    member = await rich(retailer)
    first, second = await held(retailer, member, 100), await held(retailer, member, 100)
    bought = await retailer.buys(1100, member)
    assert (await retailer.act(f"/v1/holds/{first['id']}/capture", {}, "k")).status_code == 200
    assert (await retailer.act(f"/v1/purchases/{bought['id']}/cancel", now(retailer), "c")).status_code == 200
    before = await traces(owner)
    others = [
        await retailer.act(f"/v1/holds/{first['id']}/release", {}, "k"),
        await retailer.act(f"/v1/purchases/{bought['id']}/revive", now(retailer), "c"),
        await retailer.act("/v1/adjustments", {"member": named(member), "points": 1, "reason": "goodwill"}, "k"),
        await retailer.act("/v1/holds", {"member": named(member), "points": 1, "shop": "web", "expires_in": 9}, "c"),
    ]
    for other in others:
        assert (other.status_code, other.json()["code"]) == (409, "conflict"), other.text
        assert other.json()["fields"] == ["operation"]
    same = await retailer.act(f"/v1/holds/{second['id']}/capture", {}, "k")
    assert (same.status_code, same.json()["fields"]) == (409, ["hold"])
    assert await traces(owner) == before


async def test_a_key_belongs_to_its_integration_and_outlives_the_rotation_of_its_secret(retailer: Any) -> None:
    asked = await acts.hold(retailer)
    first = await asked.send(retailer.web)
    database, clock = retailer.services.database, retailer.clock
    old = retailer.web.headers["Authorization"]
    new = await create_key(
        database, integration="web", role="ec", shop="web", device=None, author="test", now=clock.now()
    )
    retailer.web.headers["Authorization"] = f"Bearer {new}"
    again = await asked.send(retailer.web)
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    # Another integration may use the same word for an act of its own.
    other = await asked.send(retailer.server)
    assert (other.status_code, other.json()["code"]) == (409, "not_enough_points")
    await revoke_keys(database, "web", author="test", now=clock.now())
    renewed = await create_key(
        database, integration="web", role="ec", shop="web", device=None, author="test", now=clock.now()
    )
    retailer.web.headers["Authorization"] = f"Bearer {renewed}"
    assert (await asked.send(retailer.web)).content == first.content
    assert old != f"Bearer {renewed}"


@every_act
async def test_a_client_that_gives_up_and_asks_again_gets_one_act(retailer: Any, owner: Any, act: str) -> None:
    asked = await ACTS[act](retailer)
    before = await traces(owner)
    for patience in (0, 0.001, 0.003, 0.006, 0.01):
        impatient = [asyncio.create_task(asked.send(retailer.server)) for _ in range(3)]
        await asyncio.sleep(patience)
        for each in impatient:
            each.cancel()
        await asyncio.gather(*impatient, return_exceptions=True)
    answers = [await asked.send(retailer.server) for _ in range(2)]
    assert answers[0].is_success, answers[0].text
    assert answers[0].content == answers[1].content
    assert (await traces(owner))["act"] == before["act"] + 1
    await assert_books_agree(owner, retailer.services.database)


async def test_a_connection_that_breaks_before_the_answer_changes_nothing(
    retailer: Any, database: Any, owner: Any
) -> None:
    """Over a real socket: the request is sent whole, the line is cut, the till asks again."""
    member = await rich(retailer)
    async with build(retailer.services.database, retailer.clock) as application:
        server = uvicorn.Server(uvicorn.Config(application, lifespan="off", log_level="critical", http="httptools"))
        listening = socket.create_server(("127.0.0.1", 0))
        serving = asyncio.create_task(server.serve([listening]))
        address = listening.getsockname()
        secret = retailer.server.headers["Authorization"]
        sales = [retailer.sale(1100, member, use_points=10) for _ in range(40)]
        for n, sale in enumerate(sales):
            _, writer = await asyncio.open_connection(*address)
            body = json.dumps(sale).encode()
            head = (
                f"POST /v1/purchases HTTP/1.1\r\nhost: goen\r\nauthorization: {secret}\r\n"
                f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
            )
            # Some lines break in the middle of the body, some after it.
            writer.write(head.encode() + (body[: len(body) // 2] if n % 4 == 0 else body))
            with suppress(OSError):
                await writer.drain()
            writer.transport.abort()
        answers = await asyncio.gather(*(retailer.server.post("/v1/purchases", json=sale) for sale in sales))
        assert {answer.status_code for answer in answers} == {201}
        repeats = await asyncio.gather(*(retailer.server.post("/v1/purchases", json=sale) for sale in sales))
        assert [answer.content for answer in repeats] == [answer.content for answer in answers]
        server.should_exit = True
        await serving
    assert await owner.fetchval("select count(*) from purchase") == len(sales)
    assert await retailer.points(member) == 1000 + sum(a.json()["points"]["earned"] - 10 for a in answers)
    await assert_books_agree(owner, retailer.services.database)


async def test_what_a_sale_leaves_to_us_may_be_written_out(retailer: Any) -> None:
    """In the repeat or the first time: its day, the total it came to, and that no tenders were told."""
    day = retailer.services.context.day_of(retailer.clock.now()).isoformat()
    written = {"business_date": day, "total": 1100, "tenders": []}
    for name, value in written.items():
        short = retailer.sale(1100)
        long = short | {name: value}
        for one, other in ((short, long), (long, short)):
            if name == "tenders" and one is long:
                continue  # No tenders do not pay for a sale: refused the first time.
            receipt = {"external_id": f"{name}-{one is short}"}
            first = await retailer.server.post("/v1/purchases", json=one | receipt)
            again = await retailer.server.post("/v1/purchases", json=other | receipt)
            assert (first.status_code, again.status_code) == (201, 201), again.text
            assert again.content == first.content
    wrong = {"business_date": "2026-11-20", "total": 1099, "tenders": [{"kind": "cash", "amount": 1100}]}
    sale = retailer.sale(1100)
    assert (await retailer.server.post("/v1/purchases", json=sale)).status_code == 201
    for name, value in wrong.items():
        other = await retailer.server.post("/v1/purchases", json=sale | {name: value})
        assert (other.status_code, [each.split(".")[0] for each in other.json()["fields"]]) == (409, [name]), other.text
    odd = retailer.sale(1100, total=1000)
    assert (await retailer.server.post("/v1/purchases", json=odd)).status_code == 201
    del odd["total"]
    assert (await retailer.server.post("/v1/purchases", json=odd)).status_code == 409


@pytest.mark.parametrize("gone", ["removed", "withdrawn"])
async def test_a_repeat_for_somebody_unknown_is_another_request_and_one_by_a_name_of_old_is_not(
    retailer: Any, gone: str
) -> None:
    member = await retailer.member()
    path = f"/v1/members/{member['id']}"
    card, phone = {"kind": "card", "value": "2990000012345"}, {"kind": "phone", "value": "09012340099"}
    added = await retailer.server.post(f"{path}/identifiers", json=card)
    assert added.status_code in (200, 201), added.text
    sale = retailer.sale(1100) | {"member": card}
    first = await retailer.server.post("/v1/purchases", json=sale)
    assert first.status_code == 201, first.text

    async def strangers() -> None:
        for who in (
            phone,
            {"kind": "card", "value": "2990000099999"},
            {"kind": "member_id", "value": "m_0000000000000"},
        ):
            other = await retailer.server.post("/v1/purchases", json=sale | {"member": who})
            assert other.status_code == 409, (who, other.text)
        assert [field.partition(".")[0] for field in other.json()["fields"]] == ["member"], who

    await strangers()
    if gone == "removed":
        shown = (await retailer.server.get(path)).json()["identifiers"]
        one = next(each for each in shown if each["value"] == card["value"])
        assert (await retailer.server.delete(f"{path}/identifiers/{one['id']}")).status_code in (200, 204)
    else:
        assert (await retailer.server.delete(path)).status_code == 204
    again = await retailer.server.post("/v1/purchases", json=sale)
    assert (again.status_code, again.content) == (201, first.content), again.text
    await strangers()
