"""Bad input: never a 5xx, nothing written, always a problem with a code."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from goen.api.table import OPERATIONS

from .conftest import Edge

JSON = {"Content-Type": "application/json", "Idempotency-Key": "hostile"}

BODIES: list[bytes] = [
    b"null", b"true", b"0", b'""', b"[]", b"[[]]", b"{", b"}", b'{"', b"{}{}", b"\x00", b"\xff\xfe{}",
    b"\xef\xbb\xbf{}",
    b"NaN", b"-Infinity", b"1e400", b"9" * 10_000, b"[" * 50_000, b'{"a":' * 50_000, "{}".encode("utf-16"),
    b'{"\\ud800": 1}', b'{"shop": "\\ud800"}', b'{"shop": "\\u0000", "name": "\\u0000"}', b'{"name": "\xc0\x80"}',
    b'{"__proto__": {}}', b'{"": ""}', b'{"unknown": 1}', b'{"$ref": "x"}',
]  # fmt: skip

#: Values put in the place of every field that an operation's document has.
VALUES: list[Any] = [
    None, True, -1, 0, 10**12, 10**30, 0.1, "", " ", "x" * 501, "\u202e", "'; drop table member; --",
    "../../etc/passwd",
    [], [None], [[]], {}, {"a": {}}, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-02-30",
    "2026-11-22T12:00:00", "2026-11-22T12:00:60Z", ["x"] * 2000,
]  # fmt: skip

#: Bodies that are right, to be spoilt one field at a time.
RIGHT: dict[str, dict[str, Any]] = {
    "POST /v1/purchases": {
        "shop": "shibuya", "external_id": "r-1", "occurred_at": "2026-11-22T12:00:00+09:00", "status": "completed",
        "member": {"kind": "phone", "value": "09012345678"}, "discounts": [{"amount": 1}],
        "postage": 0, "use_points": 0,
        "lines": [{"line": 1, "sku": "a", "quantity": 1, "amount": 100, "tax_rate": 10, "discount": 0, "cost": 1}],
        "tenders": [{"kind": "cash", "amount": 99}], "business_date": "2026-11-22", "coupons": [], "terminal": "1",
    },
    "POST /v1/quotes": {
        "shop": "shibuya", "occurred_at": "2026-11-22T12:00:00+09:00", "lines": [{"line": 1, "amount": 1}],
    },
    "POST /v1/members": {
        "name": "試験", "kana": "シケン", "birth_date": "1990-01-01", "gender": "female", "shop": "shibuya",
        "identifiers": [{"kind": "phone", "value": "09012345678"}], "consents": {},
    },
    "POST /v1/holds": {
        "member": {"kind": "phone", "value": "0312345678"}, "points": 1, "shop": "shibuya", "expires_in": 60,
    },
    "POST /v1/adjustments": {"member": {"kind": "phone", "value": "0312345678"}, "points": 1, "reason": "goodwill"},
    "POST /v1/events": {"kind": "viewed", "visitor": "v", "shop": "web", "sku": "a", "properties": {"a": 1}},
    "PUT /v1/products/{sku}": {"name": "茶", "price": 1, "cost": 1, "category": "食品", "tax_rate": 8, "points": True},
    "PUT /v1/inventory/{shop}/{sku}": {"quantity": 1, "counted_at": "2026-11-22T11:00:00+09:00"},
    "PUT /v1/shops/{code}": {"name": "x", "kind": "store", "linking_secret": "x" * 32, "closed": False},
}  # fmt: skip


def fine(answer: Any, what: object) -> None:
    """Not our failure; and a refusal is told as a problem."""
    assert answer.status_code < 500, (what, answer.status_code, answer.text)
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json", what
        assert answer.json()["code"], what


async def written(connection: asyncpg.Connection) -> dict[str, int]:
    """How many rows each table has."""
    names = [row[0] for row in await connection.fetch("select relname from pg_stat_user_tables order by 1")]
    return {name: await connection.fetchval(f'select count(*) from "{name}"') for name in names}


def writes() -> list[Any]:
    return [each for each in OPERATIONS if each.method not in ("GET", "DELETE")]


async def test_hostile_bodies_write_nothing(edge: Edge, owner: asyncpg.Connection) -> None:
    before = await written(owner)
    for operation in writes():
        path = operation.path.replace("{", "").replace("}", "")
        for body in BODIES:
            answer = await edge.server.request(operation.method, path, content=body, headers=JSON)
            what = f"{operation.method} {path} {body[:40]!r}"
            fine(answer, what)
            assert answer.status_code >= 400 or operation.request is None, what
    assert await written(owner) == before


@pytest.mark.parametrize("name", RIGHT)
async def test_every_field_of_a_document_may_be_nonsense(edge: Edge, name: str) -> None:
    method, _, path = name.partition(" ")
    path = path.replace("{shop}", "shibuya").replace("{", "").replace("}", "")
    right = RIGHT[name]
    answer = await edge.server.request(method, path, json=right, headers={"Idempotency-Key": "right"})
    assert answer.status_code in (200, 201) or answer.json()["code"] == "unknown_member", answer.text

    def spoilt(value: Any, put: Any) -> list[Any]:
        """The document with each of its places, at any depth, replaced."""
        if isinstance(value, dict):
            return [{**value, key: each} for key, part in value.items() for each in [put, *spoilt(part, put)]]
        if isinstance(value, list):
            return [[*value[:i], each, *value[i + 1 :]] for i, part in enumerate(value) for each in spoilt(part, put)]
        return []

    for put in VALUES:
        for number, body in enumerate(spoilt(right, put)):
            answer = await edge.server.request(
                method, path, json=body, headers={"Idempotency-Key": f"{number}-{VALUES.index(put)}"}
            )
            fine(answer, body)


@pytest.mark.parametrize(
    "word", ["x", "m_", "m_0", "u1", "-1", "%00", "%ff", "%2e%2e", "9" * 400, "m_zzzzzzzzzzzzz", "%F0%9F%98%80", "'"]
)
async def test_hostile_addresses_and_queries(edge: Edge, word: str) -> None:
    for operation in OPERATIONS:
        if operation.content_type == "text/event-stream":
            continue
        path = operation.path
        while "{" in path:
            path = path[: path.index("{")] + word + path[path.index("}") + 1 :]
        fine(await edge.server.request(operation.method, path, json={}, headers={"Idempotency-Key": "k"}), path)
        if operation.query is not None:
            for field in operation.query.__struct_encode_fields__:
                fine(await edge.server.get(f"{path}?{field}={word}"), f"{path}?{field}")
