"""Requests made up from the published document: what it promises holds for whatever it allows, and beyond."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from goen.api.operations import Operation
from goen.api.table import OPERATIONS
from goen.database.embedded import Server
from goen.database.pool import open_database
from goen.main import build
from goen.vocabulary.clock import SystemClock

from .conftest import furnish


@dataclass
class Served:
    """The application behind a real server, on a database of its own."""

    address: str
    keys: dict[str, str]


@pytest.fixture(scope="module")
def served(server: Server, template: str, request: pytest.FixtureRequest) -> Iterator[Served]:
    """Served from a thread with a loop of its own: the requests come from synchronous code."""
    from conftest import _cloned  # The helper behind the fixture `database`, which lives for one test only.

    ready, done, found = threading.Event(), threading.Event(), []

    async def run() -> None:
        async for clone in _cloned(server, template):
            async with open_database(clone.dsn) as pool:
                keys = await furnish(pool, SystemClock())
                async with build(pool, SystemClock()) as application:
                    config = uvicorn.Config(application, port=0, lifespan="off", access_log=False, log_level="warning")
                    running = uvicorn.Server(config)
                    running.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
                    task = asyncio.create_task(running.serve())
                    while not running.started:  # noqa: ASYNC110 - uvicorn tells it by nothing else.
                        await asyncio.sleep(0.01)
                    port = running.servers[0].sockets[0].getsockname()[1]
                    found.append(Served(f"http://127.0.0.1:{port}", keys))
                    ready.set()
                    await asyncio.to_thread(done.wait)
                    application.stop()
                    running.should_exit = True
                    await task

    thread = threading.Thread(target=asyncio.run, args=(run(),), daemon=True)
    thread.start()
    assert ready.wait(30)
    yield found[0]
    done.set()
    thread.join(15)


@pytest.fixture(scope="module")
def published(served: Served) -> Any:
    return schemathesis.openapi.from_url(f"{served.address}/openapi.json")


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["allowed", "beyond"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: f"{each.method} {each.path}")
def test_every_operation_keeps_the_published_promise(
    served: Served, published: Any, operation: Operation, mode: GenerationMode
) -> None:
    if operation.content_type == "text/event-stream":
        return  # An answer without an end is read in a test of its own (stories/test_stream.py).
    if operation.public and mode is GenerationMode.NEGATIVE:
        return  # Anybody may ask, with nothing but an address: there is no request beyond what is allowed.
    # The schema says what a request looks like, not whether the member exists or the sums agree: those are
    # refusals with a code of their own, so "accepted wherever the schema is met" is not among the promises.
    described = published[operation.path][operation.method]

    # In a batch one item that cannot be read stops nothing: its own status says so.
    excluded = [positive_data_acceptance, *([negative_data_rejection] if operation.path.endswith("/batch") else [])]

    # The same requests every time: in an address an array of one word looks like the word, which chance finds now and
    # then and takes for accepted nonsense.
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
    @given(case=described.as_strategy(generation_mode=mode))
    def keeps(case: Any) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {served.keys['server']}"}, excluded_checks=excluded)

    keeps()
