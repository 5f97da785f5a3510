"""The table of operations: complete, and true for every operation and every role."""

from __future__ import annotations

from dataclasses import replace

import pytest

from goen.api.call import Answer, Call, Reply
from goen.api.frame import Frame
from goen.api.limits import Limits
from goen.api.metrics import Metrics
from goen.api.operations import BATCH_MAX, EVERY_ROLE, Operation
from goen.api.routing import Router
from goen.api.table import OPERATIONS
from goen.shops.keys import Keyring

from .conftest import ROLES, Edge, client

#: What api.md leaves to our own programs alone.
SERVER_ALONE = {
    "POST /v1/adjustments",
    "POST /v1/transfers",
    "PUT /v1/programme",
    "POST /v1/campaigns",
    "PATCH /v1/campaigns/{code}",
    "POST /v1/campaigns/{code}/activate",
    "POST /v1/campaigns/{code}/approve",
    "POST /v1/campaigns/{code}/stop",
    "PUT /v1/signals/{name}",
    "PUT /v1/shops/{code}",
    "DELETE /v1/members/{id}",
    "POST /v1/members/{id}/erase",
    "GET /v1/members/{id}/export",
    "GET /v1/members/{id}/disclosure",
    "GET /v1/members/{id}/accesses",
    "PUT /v1/wordings/{kind}/{version}",
    "PUT /v1/terms/{version}",
    "DELETE /v1/terms/{version}",
    "POST /v1/terms/{version}/notices",
    "POST /v1/webhook_endpoints",
    "DELETE /v1/webhook_endpoints/{id}",
}
#: POSTs that write nothing, so that a key that only reads may ask them.
QUESTIONS = {"POST /v1/quotes", "POST /v1/members/lookup", "POST /v1/tiers/preview"}
#: Writes of a till and a web shop.
TILLS = {
    "POST /v1/purchases",
    "POST /v1/purchases/batch",
    "POST /v1/purchases/{id}/complete",
    "POST /v1/purchases/{id}/cancel",
    "POST /v1/purchases/{id}/returns",
    "POST /v1/returns",
    "POST /v1/holds",
    "POST /v1/holds/{id}/capture",
    "POST /v1/holds/{id}/release",
    "POST /v1/members",
    "POST /v1/members/{id}/terms",
    "POST /v1/events",
}


def name(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


BY_NAME = {name(each): each for each in OPERATIONS}


def test_the_contract_is_served() -> None:
    contract = """
        POST /v1/members · POST /v1/members/lookup · GET /v1/members · GET /v1/members/{id} · PATCH /v1/members/{id}
        DELETE /v1/members/{id} · POST /v1/members/{id}/identifiers
        DELETE /v1/members/{id}/identifiers/{identifier_id} · GET /v1/members/{id}/balance
        GET /v1/members/{id}/entries · GET /v1/members/{id}/lots · GET /v1/members/{id}/why
        GET /v1/members/{id}/consents · PUT /v1/members/{id}/consents · GET /v1/members/{id}/export
        POST /v1/purchases · POST /v1/quotes · GET /v1/purchases · GET /v1/purchases/{id}
        POST /v1/purchases/{id}/complete · PUT /v1/purchases/{id}/lines · POST /v1/purchases/{id}/cancel
        POST /v1/purchases/{id}/revive · POST /v1/purchases/{id}/returns · POST /v1/returns
        POST /v1/purchases/{id}/claim · POST /v1/purchases/batch · POST /v1/holds · GET /v1/holds/{id}
        POST /v1/holds/{id}/capture · POST /v1/holds/{id}/release · POST /v1/adjustments · POST /v1/transfers
        GET /v1/programme · PUT /v1/programme · GET /v1/campaigns · POST /v1/campaigns · PATCH /v1/campaigns/{code}
        POST /v1/campaigns/{code}/activate · POST /v1/campaigns/{code}/approve · POST /v1/campaigns/{code}/stop
        PUT /v1/signals/{name} · PUT /v1/shops/{code} · PUT /v1/products/{sku}
        PUT /v1/inventory/{shop}/{sku} · POST /v1/events · POST /v1/webhook_endpoints
        GET /v1/webhook_endpoints · DELETE /v1/webhook_endpoints/{id} · GET /v1/stream
    """
    wanted = {each.strip() for line in contract.split("\n") for each in line.split("·") if each.strip()}
    assert wanted - set(BY_NAME) == set()


def test_every_operation_says_what_it_is() -> None:
    Router(OPERATIONS)  # Refuses one that is listed twice.
    for operation in OPERATIONS:
        assert operation.summary, name(operation)
        assert operation.roles, name(operation)
        assert operation.roles <= EVERY_ROLE
        assert operation.path.startswith("/v1/")
        if operation.method in ("GET", "DELETE"):
            assert operation.request is None, name(operation)
        if operation.method == "GET":
            assert operation.key == "none"
            assert not operation.posting
        nothing = operation.status == 204
        no_json = operation.content_type in ("text/event-stream", "text/html")
        assert (operation.answer is None) == (nothing or no_json), name(operation)
        assert operation.body_max == (BATCH_MAX if operation.path.endswith("/batch") else 1024 * 1024)


def test_writes_of_points_are_recognised_when_asked_twice() -> None:
    for operation in OPERATIONS:
        # In a batch each sale is a document with a key of its own.
        if operation.posting and name(operation) not in QUESTIONS | {"POST /v1/purchases/batch"}:
            assert operation.key != "none", name(operation)


def test_without_a_key_only_the_terms_are_read() -> None:
    assert {name(each) for each in OPERATIONS if each.public} == {"GET /v1/terms", "GET /v1/terms/{version}"}


async def test_a_key_that_is_none_is_refused_there_too(edge: Edge) -> None:
    assert (await client(edge.application, None).get("/v1/terms")).status_code == 200
    assert (await client(edge.application, "goen_none").get("/v1/terms")).status_code == 401
    assert (await client(edge.application, None).get("/v1/shops")).status_code == 401


async def test_no_operation_lets_an_unknown_parameter_through(edge: Edge) -> None:
    for operation in OPERATIONS:
        address = operation.path.replace("{", "").replace("}", "") + "?linit=5"
        headers = {"Idempotency-Key": "k"}
        answer = await edge.server.request(operation.method, address, json={}, headers=headers)
        if "server" not in operation.roles:
            answer = await edge.pos.request(operation.method, address, json={}, headers=headers)
        assert answer.status_code == 422, (name(operation), answer.text)
        assert answer.json()["errors"][0]["field"] == "linit", (name(operation), answer.text)


@pytest.mark.parametrize("path", ["shops", "webhook_endpoints", "campaign_templates", "terms"])
async def test_lists_come_in_pages(edge: Edge, path: str) -> None:
    for number in range(2):
        body = {"url": f"https://example.com/{number}", "topics": []}
        assert (await edge.server.post("/v1/webhook_endpoints", json=body)).status_code == 201
        terms = {"holds_from": f"2030-0{number + 1}-01", "notice_on": "2029-12-01", "text": {"ja": "約款"}}
        assert (await edge.server.put(f"/v1/terms/v{number}", json=terms)).status_code in (200, 201)
    whole = (await edge.server.get(f"/v1/{path}")).json()["items"]
    assert len(whole) > 1
    pages, cursor = [], None
    while True:
        query = {"limit": 1} | ({} if cursor is None else {"cursor": cursor})
        page = (await edge.server.get(f"/v1/{path}", params=query)).json()
        assert len(page["items"]) == 1
        pages += page["items"]
        if (cursor := page["next_cursor"]) is None:
            break
    assert pages == whole
    for limit in ("0", "101", "x"):
        assert (await edge.server.get(f"/v1/{path}?limit={limit}")).status_code == 422


def test_who_may_do_what() -> None:
    for each in SERVER_ALONE:
        assert BY_NAME[each].roles == {"server"}, each
    for each in TILLS:
        assert BY_NAME[each].roles >= {"pos", "ec", "server"}, each
    for operation in OPERATIONS:
        if "readonly" in operation.roles:
            assert operation.method == "GET" or name(operation) in QUESTIONS, name(operation)


@pytest.mark.parametrize("role", ROLES)
async def test_every_operation_is_open_to_its_roles_and_to_no_other(edge: Edge, role: str) -> None:
    reached: list[str] = []

    def noted(operation: Operation) -> Operation:
        async def handler(call: Call) -> Answer:
            assert call.principal.role == role
            reached.append(name(operation))
            return Reply(200, b"{}")

        return replace(operation, handler=handler)

    frame = Frame(map(noted, OPERATIONS), edge.application.services, Keyring(edge.database), Metrics("0"), Limits())
    asking = client(frame, edge.keys[role])  # type: ignore[arg-type]
    for operation in OPERATIONS:
        path = operation.path.replace("{", "").replace("}", "")
        answer = await asking.request(operation.method, path, headers={"Idempotency-Key": "k"})
        assert answer.status_code == (200 if role in operation.roles else 403), name(operation)
        if role not in operation.roles:
            assert answer.json()["code"] == "forbidden"
            assert answer.json()["role"] == role
    assert reached == [name(each) for each in OPERATIONS if role in each.roles]
