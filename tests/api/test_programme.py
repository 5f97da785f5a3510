"""The programme over HTTP: read it, make a new version, and never change an old one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from goen.earning.catalogue import BEGINNING, Programmes, Version
from goen.earning.evaluate import compile_programme
from goen.earning.programme import Programme
from goen.main import build

from .conftest import Edge, client


async def test_an_empty_database_has_the_default_programme(edge: Edge) -> None:
    programme = (await edge.readonly.get("/v1/programme")).json()
    assert programme["version"] == 1
    assert programme["currency"] == "JPY"
    assert programme["earning"]["unit_amount"] == 100
    assert programme["earning"]["base"] == "tax_excluded"
    assert programme["point_value"] == 1
    assert programme["expiry"] | {"mode": "month_end", "months": 12} == programme["expiry"]
    assert edge.application.services.programmes.at(BEGINNING - timedelta(days=9)).version == 1


async def test_a_new_version_counts_from_its_start(edge: Edge, owner: asyncpg.Connection) -> None:
    programme = (await edge.server.get("/v1/programme")).json()
    start = edge.clock.now() + timedelta(hours=1)
    programme["earning"]["unit_points"] = 3
    answer = await edge.server.put("/v1/programme", json={**programme, "starts_at": start.isoformat()})
    assert answer.status_code == 200, answer.text
    assert answer.json()["version"] == 2
    assert (await edge.pos.get("/v1/programme")).json()["version"] == 1
    assert (await edge.pos.get("/v1/programme?version=2")).json() == answer.json()
    edge.clock.set(start)
    assert (await edge.pos.get("/v1/programme")).json()["earning"]["unit_points"] == 3
    assert (await edge.pos.get("/v1/programme?version=9")).status_code == 404
    row = await owner.fetchrow("select author, action, details from audit where action = 'programme.applied'")
    assert row["author"] == "server"
    assert '"version":2' in row["details"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"starts_at": "2026-11-22T12:00:01+09:00"}, "starts_at"),
        ({"starts_at": "1970-01-01T00:00:00Z"}, "starts_at"),
        ({"starts_at": "2026-11-23T12:00:00"}, "starts_at"),
        ({"starts_at": "9999-12-31T23:59:59-14:00"}, "starts_at"),
        ({"starts_at": "0001-01-01T00:00:00+14:00"}, "starts_at"),
        ({"currency": "USD"}, "currency"),
        ({"colour": 1}, "colour"),
        ({"earning": {"unit_amount": 0}}, "earning.unit_amount"),
        ({"earning": {"percent": 1e400}}, ""),
        ({"point_value": 0}, "point_value"),
        ({"name": "\x00"}, "name"),
    ],
)
async def test_what_cannot_be_is_refused_and_nothing_is_kept(
    edge: Edge, owner: asyncpg.Connection, change: dict[str, Any], field: str
) -> None:
    text = __import__("json").dumps({"starts_at": None, **change}).replace("Infinity", "1e400")
    answer = await edge.server.put("/v1/programme", content=text, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422, answer.text
    if field:
        assert answer.json()["errors"][0]["field"].startswith(field)
    assert await owner.fetchval("select count(*) from programme_version") == 1


async def test_another_process_reads_a_new_version_before_it_counts(edge: Edge) -> None:
    async with build(edge.database, edge.clock) as other:
        programme = (await edge.server.get("/v1/programme")).json()
        made = await edge.server.put("/v1/programme", json={**programme, "starts_at": None})
        start = datetime.fromisoformat(made.json()["starts_at"])
        assert start - edge.clock.now() == timedelta(seconds=2)
        await asyncio.sleep(0.9)
        edge.clock.set(start)
        answer = await client(other, edge.keys["pos"]).get("/v1/programme")
        assert answer.json()["version"] == made.json()["version"]


async def test_writers_of_versions_do_not_collide(edge: Edge, owner: asyncpg.Connection) -> None:
    programme = (await edge.server.get("/v1/programme")).json()
    body = {**programme, "starts_at": None}
    answers = await asyncio.gather(*(edge.server.put("/v1/programme", json=body) for _ in range(10)))
    assert sorted(answer.json()["version"] for answer in answers) == list(range(2, 12))
    assert await owner.fetchval("select array_agg(version order by version) from programme_version") == list(
        range(1, 12)
    )


async def test_the_same_database_keeps_its_first_version(edge: Edge, owner: asyncpg.Connection) -> None:
    async with build(edge.database, edge.clock):
        assert await owner.fetchval("select count(*) from programme_version") == 1


def test_the_version_that_started_last_counts() -> None:
    def version(number: int, day: int) -> Version:
        return Version(number, datetime(2026, 1, day, tzinfo=UTC), compile_programme(Programme(version=number)))

    programmes = Programmes([version(1, 1), version(2, 20), version(3, 10)])
    days = {day: programmes.version_at(datetime(2026, 1, day, tzinfo=UTC)).number for day in (1, 9, 10, 19, 20, 30)}
    assert days == {1: 1, 9: 1, 10: 3, 19: 3, 20: 2, 30: 2}
    programmes.add(version(3, 2))
    assert programmes.version_at(datetime(2026, 1, 5, tzinfo=UTC)).number == 1, "a known version is never edited"
