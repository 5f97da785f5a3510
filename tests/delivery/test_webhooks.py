"""Webhooks arrive at least once, signed, in spite of endpoints that fail, dawdle, or go away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from goen.actions import webhooks as actions
from goen.database.pool import Database, Writing
from goen.delivery import feed
from goen.delivery.errors import CursorExpired
from goen.delivery.head import following
from goen.delivery.webhooks import store
from goen.delivery.webhooks.courier import AT_ONCE, Courier
from goen.delivery.webhooks.message import headers_for
from goen.delivery.webhooks.rules import DISABLED_AFTER, FAILURES_TO_PAUSE, RETRY_SECONDS
from goen.delivery.webhooks.sender import Sender, sending
from goen.vocabulary.refusal import InvalidRequest

from .conftest import RECORDED, add, until
from .receiver import Received, Receiver, receiving


@dataclass
class Post:
    """A courier on a test's database, with everything needed to watch it."""

    database: Database
    clock: Any
    sender: Sender
    courier: Courier
    connection: Writing

    async def endpoint(self, url: str, topics: tuple[str, ...] = ()) -> tuple[int, str]:
        made, secret = await actions.add_endpoint(
            self.database, url, topics, reach="loopback", author="test", now=self.clock.now()
        )
        return made.endpoint_id, secret

    async def happens(self, *numbers: int, topic: str = "purchase.recorded") -> None:
        """Events are committed and numbered."""
        at = max(self.clock.now(), RECORDED)
        await add(self.connection, [(number, number) for number in numbers], topic=topic, at=at)
        await self.connection.execute("select relay_drain($1)", list(numbers))

    async def rounds(self) -> int:
        """Everything that is due is carried; gives the number of rounds."""
        head = (await feed.bounds(self.connection)).head
        rounds = await self.courier.start_rounds(head)
        await asyncio.gather(*rounds)
        return len(rounds)

    async def deliveries(self, endpoint_id: int) -> dict[int, tuple[str, int, int | None]]:
        found = await store.deliveries(self.connection, endpoint_id, before=2**62, state=None, rows_max=1_000)
        return {each.position: (each.state, each.attempts, each.status) for each in found}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture
async def post(pool: Database, connection: Writing, clock: Any) -> AsyncIterator[Post]:
    async with sending("loopback", timeout_seconds=0.5) as sender:

        async def disable(endpoint_id: int, reason: str, now: datetime) -> None:
            await actions.disable_endpoint(pool, endpoint_id, reason, now)

        courier = Courier(pool, clock, sender, disable, dice=lambda: 0.5)
        yield Post(pool, clock, sender, courier, connection)


async def test_events_arrive_in_order_signed_and_are_verified_by_the_library(post: Post, receiver: Receiver) -> None:
    post.clock.set(datetime.now(UTC))  # The library judges the time stamp by the wall clock.
    endpoint_id, secret = await post.endpoint(receiver.url)
    await post.happens(*range(1, 31))
    assert await post.rounds() == 1
    assert sorted(each.event["data"]["purchase_id"] for each in receiver.received) == sorted(
        f"p{number}" for number in range(1, 31)
    )
    assert receiver.received[0].identity.endswith("_1")
    for each in receiver.received:
        body = Webhook(secret).verify(each.body, each.headers)
        assert body["type"] == "purchase.recorded"
        assert set(body) == {"type", "timestamp", "data"}
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(secret).verify(receiver.received[0].body + b" ", receiver.received[0].headers)
    assert await post.deliveries(endpoint_id) == dict.fromkeys(range(1, 31), ("delivered", 1, 204))
    assert await post.rounds() == 0


def test_our_signature_is_that_of_the_reference_vector(shared_data: Path) -> None:
    vectors = json.loads((shared_data / "webhooks" / "signatures.json").read_text())
    [vector] = [each for each in vectors if each["provider"] == "standard-webhooks"]
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    body = vector["body"].encode() if "body" in vector else (shared_data / "webhooks" / vector["file"]).read_bytes()
    ours = dict(headers_for(vector["secret"], headers["webhook-id"], body, at.astimezone()))
    assert ours["webhook-signature"] in (vector["signature"], headers.get("webhook-signature"))
    assert ours["webhook-timestamp"] == headers["webhook-timestamp"]


async def test_an_endpoint_hears_its_topics_from_its_making_on(post: Post, receiver: Receiver) -> None:
    await post.happens(1)
    endpoint_id, _ = await post.endpoint(receiver.url, ("points.posted",))
    await post.happens(2, 3)
    await post.happens(4, topic="points.posted")
    await post.rounds()
    assert [each.event["data"]["purchase_id"] for each in receiver.received] == ["p4"]
    assert list(await post.deliveries(endpoint_id)) == [4]
    await post.happens(5)
    await post.rounds()
    assert await post.rounds() == 0  # Having looked, it does not look again.


async def test_a_failed_event_comes_again_under_its_id_until_a_day_has_passed(post: Post, receiver: Receiver) -> None:
    """One event is refused for ever, the others are taken: it alone is tried again, and given up at last."""

    async def answer(request: Received) -> int:
        return 500 if request.event["data"]["purchase_id"] == "p2" else 200

    receiver.answer = answer
    endpoint_id, _ = await post.endpoint(receiver.url)
    await post.happens(1, 2, 3)
    await post.rounds()
    assert await post.deliveries(endpoint_id) == {
        1: ("delivered", 1, 200),
        2: ("retrying", 1, 500),
        3: ("delivered", 1, 200),
    }
    began = post.clock.now()
    for turn, seconds in enumerate(RETRY_SECONDS):
        post.clock.advance(seconds=seconds - 1)
        assert await post.rounds() == 0
        post.clock.advance(seconds=1)
        await post.happens(10 + turn)  # Others succeed: the endpoint itself is well.
        assert await post.rounds() == 1
    assert post.clock.now() - began < timedelta(hours=24)
    refused = [each for each in receiver.received if each.event["data"]["purchase_id"] == "p2"]
    assert len(refused) == 1 + len(RETRY_SECONDS)
    assert len({each.identity for each in refused}) == 1
    assert len({each.body for each in refused}) == 1
    stamps = [int(each.headers["webhook-timestamp"]) for each in refused]
    assert stamps == sorted(set(stamps))
    assert (await post.deliveries(endpoint_id))[2] == ("failed", 13, 500)
    post.clock.advance(days=2)
    assert await post.rounds() == 0


async def test_an_endpoint_that_is_down_is_probed_and_then_gets_everything(post: Post, receiver: Receiver) -> None:
    receiver.answer = 503
    endpoint_id, _ = await post.endpoint(receiver.url)
    await post.happens(*range(1, 201))
    await post.rounds()
    tried = len(receiver.received)
    assert FAILURES_TO_PAUSE <= tried <= FAILURES_TO_PAUSE + 7
    assert await post.rounds() == 0
    for _ in range(8):  # However often one looks, a probe is one event.
        post.clock.advance(seconds=991)
        before = len(receiver.received)
        await post.rounds()
        assert len(receiver.received) == before + 1
    receiver.answer = 200
    for _ in range(40):
        post.clock.advance(seconds=1_000)
        if not await post.rounds():
            break
    states = await post.deliveries(endpoint_id)
    assert sorted(states) == list(range(1, 201))
    assert {state for state, _, _ in states.values()} == {"delivered"}


async def test_days_of_failure_disable_an_endpoint_and_others_are_told(post: Post, receiver: Receiver) -> None:
    receiver.answer = 500
    endpoint_id, _ = await post.endpoint(receiver.url)
    await post.happens(*range(1, 31))
    while (await store.endpoint(post.connection, endpoint_id)).disabled_at is None:
        assert post.clock.now() - RECORDED < DISABLED_AFTER + timedelta(days=1)
        await post.rounds()
        post.clock.advance(minutes=30)
    disabled = await store.endpoint(post.connection, endpoint_id)
    assert disabled.disabled_reason == "failing"
    assert disabled.disabled_at - RECORDED >= DISABLED_AFTER
    assert await post.rounds() == 0
    told = await post.connection.fetch("select topic, body from outbox")
    assert [(row["topic"], json.loads(row["body"])["reason"]) for row in told] == [
        ("webhook_endpoint.disabled", "failing")
    ]
    audit = await post.connection.fetch("select action, author from audit order by audit_id")
    assert [tuple(row) for row in audit] == [
        ("webhook_endpoint.created", "test"),
        ("webhook_endpoint.disabled", "job:webhooks"),
    ]
    receiver.answer = 200
    await actions.enable_endpoint(post.database, endpoint_id, author="test", now=post.clock.now())
    while await post.rounds():
        post.clock.advance(days=1)
    assert len({each.identity for each in receiver.received}) == 30


async def test_410_disables_at_once(post: Post, receiver: Receiver) -> None:
    receiver.answer = 410
    endpoint_id, _ = await post.endpoint(receiver.url)
    await post.happens(1)
    await post.rounds()
    assert (await store.endpoint(post.connection, endpoint_id)).disabled_reason == "gone"
    assert await post.deliveries(endpoint_id) == {1: ("failed", 1, 410)}


async def test_redirects_and_silence_are_failures(post: Post, receiver: Receiver) -> None:
    async def answer(request: Received) -> int | tuple[int, dict[str, str]]:
        if request.event["data"]["purchase_id"] == "p1":
            return 302, {"location": receiver.url + "/elsewhere"}
        await asyncio.sleep(2)
        return 200

    receiver.answer = answer
    endpoint_id, _ = await post.endpoint(receiver.url)
    nowhere, _ = await post.endpoint("http://127.0.0.1:9/")
    await post.happens(1, 2)
    await post.rounds()
    assert await post.deliveries(endpoint_id) == {1: ("retrying", 1, 302), 2: ("retrying", 1, None)}
    assert await post.deliveries(nowhere) == {1: ("retrying", 1, None), 2: ("retrying", 1, None)}
    errors = [
        each.error
        for each in await store.deliveries(post.connection, endpoint_id, before=9, state="retrying", rows_max=9)
    ]
    assert errors == ["no answer within 0.5 s", None]
    assert {each.path for each in receiver.received} == {"/hook"}


async def test_a_slow_endpoint_delays_no_other(post: Post, receiver: Receiver) -> None:
    released = asyncio.Event()

    async def dawdle(request: Received) -> int:
        await released.wait()
        return 200

    async with (
        receiving() as slow,
        sending("loopback", timeout_seconds=60) as patient,
        following(post.database.dsn) as head,
    ):
        slow.answer = dawdle
        await post.endpoint(slow.url)
        await post.endpoint(receiver.url)
        courier = Courier(post.database, post.clock, patient, post.courier._disable)
        running = asyncio.create_task(courier.run(head))
        await post.happens(*range(1, 41))

        async def arrived() -> bool:
            return len(receiver.received) == 40

        await until(arrived, seconds=30)
        assert len(slow.received) == AT_ONCE
        released.set()

        async def arrived_there_too() -> bool:
            return len(slow.received) == 40

        await until(arrived_there_too, seconds=30)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


async def test_what_was_not_written_down_is_sent_again_under_the_same_id(
    post: Post, receiver: Receiver, clock: Any
) -> None:
    """A courier dies after sending and before it could write; the next one sends the same message."""
    endpoint_id, _ = await post.endpoint(receiver.url)
    await post.happens(1, 2, 3)

    class Dying(Courier):
        async def _write_down(self, trip: Any) -> None:
            raise OSError("killed")

    dying = Dying(post.database, clock, post.sender, post.courier._disable, dice=lambda: 0.5)
    await asyncio.gather(*await dying.start_rounds(3), return_exceptions=True)
    assert len(receiver.received) == 3
    assert await post.deliveries(endpoint_id) == {}
    await post.rounds()
    assert len(receiver.received) == 6
    assert len({each.identity for each in receiver.received}) == 3
    assert len(await post.deliveries(endpoint_id)) == 3


async def test_stopping_in_the_middle_keeps_what_was_sent(post: Post, receiver: Receiver) -> None:
    async def answer(request: Received) -> int:
        await asyncio.sleep(0.02 if request.identity.endswith(("_1", "_2", "_3")) else 0.3)
        return 200

    receiver.answer = answer
    endpoint_id, _ = await post.endpoint(receiver.url)
    await post.happens(*range(1, 21))
    async with following(post.database.dsn) as head:
        running = asyncio.create_task(post.courier.run(head))

        async def three() -> bool:
            return len(receiver.received) >= 11  # Eight at once, and one more for each that was answered.

        await until(three)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert {1, 2, 3} <= set(await post.deliveries(endpoint_id))
    receiver.answer = 200
    while await post.rounds():
        pass
    assert len(await post.deliveries(endpoint_id)) == 20


async def test_a_replay_sends_the_same_messages_again(post: Post, receiver: Receiver) -> None:
    endpoint_id, _ = await post.endpoint(receiver.url)
    await post.happens(*range(1, 81))
    await post.rounds()
    first = {each.identity: each.body for each in receiver.received}
    receiver.received.clear()
    stretch = await actions.replay(
        post.database, endpoint_id, from_position=5, since=None, to=70, author="test", now=post.clock.now()
    )
    assert stretch == (5, 70)
    while await post.rounds():
        pass
    again = {each.identity: each.body for each in receiver.received}
    assert len(receiver.received) == 66
    assert again == {key: first[key] for key in again}
    receiver.received.clear()
    post.clock.advance(hours=1)
    since = post.clock.now()
    await post.happens(90)
    await post.rounds()
    stretch = await actions.replay(
        post.database, endpoint_id, from_position=None, since=since, to=None, author="test", now=since
    )
    assert stretch == (81, 81)
    await post.rounds()
    assert len(receiver.received) == 2


async def test_a_replay_of_nothing_or_of_what_is_purged_is_refused(post: Post, receiver: Receiver) -> None:
    endpoint_id, _ = await post.endpoint(receiver.url)
    await post.happens(*range(1, 11))
    await feed.purge_piece(post.connection, post.clock.now() + timedelta(seconds=1), 5)

    async def replay(**ask: Any) -> tuple[int, int]:
        whole = {"from_position": None, "since": None, "to": None, **ask}
        return await actions.replay(post.database, endpoint_id, author="t", now=post.clock.now(), **whole)

    for ask in ({}, {"from_position": 6, "since": RECORDED}, {"from_position": 8, "to": 7}):
        with pytest.raises(InvalidRequest):
            await replay(**ask)
    with pytest.raises(CursorExpired):
        await replay(from_position=5)
    assert await replay(from_position=6) == (6, 10)
    assert await replay(from_position=11) == (11, 10)


async def test_an_endpoint_left_behind_by_the_purge_goes_on_with_what_is_kept(post: Post, receiver: Receiver) -> None:
    receiver.answer = 500
    endpoint_id, _ = await post.endpoint(receiver.url)
    await post.happens(*range(1, 31))
    await post.rounds()
    await feed.purge_piece(post.connection, post.clock.now() + timedelta(seconds=1), 20)
    receiver.answer = 200
    receiver.received.clear()
    for _ in range(40):
        post.clock.advance(hours=3)
        await post.rounds()
    assert {int(each.identity.rsplit("_", 1)[1]) for each in receiver.received} == set(range(21, 31))
    states = await post.deliveries(endpoint_id)
    assert {state for position, (state, _, _) in states.items() if position <= 20} <= {"failed"}


async def test_a_private_address_is_not_reached_even_by_name(post: Post, receiver: Receiver) -> None:
    """The name is harmless to look at; where it leads is judged when the connection is made."""
    port = receiver.url.split(":")[2].split("/")[0]
    endpoint_id, _ = await post.endpoint(f"http://localhost:{port}/hook")
    await post.happens(1)
    async with sending("public", timeout_seconds=2) as guarded:
        courier = Courier(post.database, post.clock, guarded, post.courier._disable)
        await asyncio.gather(*await courier.start_rounds(1))
    assert receiver.received == []
    [delivery] = await store.deliveries(post.connection, endpoint_id, before=9, state=None, rows_max=9)
    assert "may not reach" in (delivery.error or "")


async def test_a_removed_endpoint_leaves_nothing_behind(post: Post, receiver: Receiver) -> None:
    endpoint_id, _ = await post.endpoint(receiver.url)
    await post.happens(1)

    async def remove_meanwhile(request: Received) -> int:
        await actions.remove_endpoint(post.database, endpoint_id, author="test", now=post.clock.now())
        return 200

    receiver.answer = remove_meanwhile
    await post.rounds()
    for table in ("webhook_endpoint", "webhook_cursor", "webhook_delivery", "webhook_replay"):
        assert await post.connection.fetchval(f"select count(*) from {table}") == 0


async def test_old_deliveries_are_forgotten_piece_by_piece(post: Post, receiver: Receiver) -> None:
    endpoint_id, _ = await post.endpoint(receiver.url)
    await post.happens(*range(1, 11))
    await post.rounds()
    await post.connection.execute("update webhook_delivery set state = 'failed' where position <= 3")
    await post.connection.execute(
        "update webhook_delivery set state = 'retrying', next_at = last_at where position = 4"
    )
    now = post.clock.now()
    tomorrow, yesterday = now + timedelta(days=1), now - timedelta(days=1)

    async def purge(delivered: datetime, everything: datetime) -> int:
        return await store.purge_piece(post.connection, delivered_before=delivered, all_before=everything, rows_max=4)

    assert [await purge(tomorrow, yesterday) for _ in range(3)] == [4, 2, 0]
    assert await purge(tomorrow, tomorrow) == 3
    assert list(await post.deliveries(endpoint_id)) == [4]
