"""The courier: rounds to the endpoints that have something waiting, each on its own, none behind another."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

import structlog

from goen.database.pool import Database
from goen.delivery import feed
from goen.delivery.head import FeedHead
from goen.delivery.webhooks import store
from goen.delivery.webhooks.model import Delivery, Health, Outcome, Parcel, Round, State
from goen.delivery.webhooks.rules import (
    FAILURES_TO_PAUSE,
    GONE,
    health_after,
    reason_to_disable,
    retry_at,
)
from goen.delivery.webhooks.sender import Sender
from goen.vocabulary.clock import Clock, Instant

RETRIES_MAX, REPLAYS_MAX, EVENTS_MAX = 20, 50, 100
"""Of one round."""
AT_ONCE = 8
"""Requests under way to one endpoint."""
LOOK_POSITIONS = 5_000
"""How far a round looks for topics that the endpoint wants."""
UNWRITTEN_POSITIONS = 1_000
"""A cursor that only passed what its endpoint does not want is written down this often."""
LOOK_SECONDS = (0.02, 1.0)

Disable: TypeAlias = Callable[[int, str, Instant], Awaitable[None]]
"""Called with endpoint, reason and time when an endpoint shall get nothing more."""

_log = structlog.get_logger(__name__)


@dataclass(eq=False)
class Trip:
    """One round under way: what is carried, and what became of it so far."""

    round: Round
    parcels: list[Parcel]
    lost: list[Delivery]
    through: int
    """How far the cursor may go when all new parcels were carried."""
    health: Health
    done: list[tuple[Parcel, Outcome, Instant]] = field(default_factory=list)
    gone: bool = False

    def left(self, lane: str) -> list[Parcel]:
        """Parcels of this lane that were not carried."""
        carried = {id(parcel) for parcel, _, _ in self.done}
        return [each for each in self.parcels if each.lane == lane and id(each) not in carried]

    @property
    def reached(self) -> int:
        """The position up to which everything new was carried."""
        left = self.left("new")
        return left[0].event.position - 1 if left else self.through

    @property
    def replayed(self) -> tuple[int, int] | None:
        """The replay and the position it has come to."""
        replay = self.round.replay
        if replay is None:
            return None
        if left := self.left("replay"):
            return replay.replay_id, left[0].event.position - 1
        carried = [each.event.position for each in self.parcels if each.lane == "replay"]
        full = len(carried) == REPLAYS_MAX
        return replay.replay_id, carried[-1] if full else min(replay.position + LOOK_POSITIONS, replay.to_position)


class Courier:
    """Carries events to endpoints. One process at a time runs one (jobs/worker.py sees to that)."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        sender: Sender,
        disable: Disable,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._clock = clock
        self._sender = sender
        self._disable = disable
        self._dice = dice
        self._seen: dict[int, int] = {}
        self._rounds: dict[int, asyncio.Task[None]] = {}

    async def run(self, head: FeedHead) -> None:
        """Go round until cancelled. What was sent by then is written down."""
        try:
            while True:
                position = head.position
                try:
                    await self.start_rounds(position)
                except Exception as error:
                    _log.warning("webhooks_interrupted", error=repr(error))
                await asyncio.sleep(LOOK_SECONDS[0])
                moved = asyncio.ensure_future(head.beyond(position, LOOK_SECONDS[1]))
                await asyncio.wait({moved, *self._rounds.values()}, return_when=asyncio.FIRST_COMPLETED)
                moved.cancel()
        finally:
            for task in self._rounds.values():
                task.cancel()
            await asyncio.gather(*self._rounds.values(), return_exceptions=True)

    async def start_rounds(self, head: int) -> list[asyncio.Task[None]]:
        """Start a round to every endpoint that has something waiting and none under way; gives the rounds."""
        async with self._database.reading() as connection:
            ready = await store.ready(connection, self._clock.now())
        started = []
        for endpoint_id, position, due in ready:
            if endpoint_id not in self._rounds and (due or max(position, self._seen.get(endpoint_id, 0)) < head):
                task = asyncio.create_task(self._go(endpoint_id), name=f"webhooks-{endpoint_id}")
                self._rounds[endpoint_id] = task
                task.add_done_callback(partial(self._ended, endpoint_id))
                started.append(task)
        return started

    def _ended(self, endpoint_id: int, task: asyncio.Task[None]) -> None:
        del self._rounds[endpoint_id]
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("webhook_round_failed", endpoint=endpoint_id, error=repr(error))

    async def _go(self, endpoint_id: int) -> None:
        if (trip := await self._packed(endpoint_id)) is not None:
            try:
                await self._carry(trip)
            finally:
                # Also when we are told to stop: what was sent shall not be sent again without need.
                await asyncio.shield(self._write_down(trip))

    async def _packed(self, endpoint_id: int) -> Trip | None:
        """What there is to carry, in the order it is started: retries, replays, new events."""
        now = self._clock.now()
        async with self._database.reading() as connection:
            about = await store.round_of(connection, endpoint_id)
            if about is None:
                return None
            bounds = await feed.bounds(connection)
            parcels, lost = await store.due(connection, endpoint_id, now, RETRIES_MAX)
            topics = about.endpoint.topics
            if (replay := about.replay) is not None:
                through = min(replay.position + LOOK_POSITIONS, replay.to_position)
                events = await feed.topics_page(connection, replay.position, through, topics, REPLAYS_MAX)
                parcels += [Parcel(event, 0, "replay") for event in events]
            after = max(about.position, self._seen.get(endpoint_id, 0), bounds.purged_through)
            through = min(after + LOOK_POSITIONS, bounds.head)
            events = await feed.topics_page(connection, after, through, topics, EVENTS_MAX)
            if len(events) == EVENTS_MAX:
                through = events[-1].position
            parcels += [Parcel(event, 0, "new") for event in events]
        return Trip(about, parcels, lost, max(through, after), about.health)

    async def _carry(self, trip: Trip) -> None:
        about = trip.round
        # One that has failed again and again gets a single event, to see whether it is back.
        probing = about.health.failures >= FAILURES_TO_PAUSE
        waiting = iter(trip.parcels[:1] if probing else trip.parcels)

        async def carry() -> None:
            while not trip.gone and (probing or trip.health.failures < FAILURES_TO_PAUSE):
                if (parcel := next(waiting, None)) is None:
                    return
                now = self._clock.now()
                endpoint = about.endpoint
                outcome = await self._sender.send(endpoint.url, about.secret, endpoint.endpoint_id, parcel, now)
                trip.done.append((parcel, outcome, now))
                if probing or outcome.delivered or trip.health.failures < FAILURES_TO_PAUSE:
                    # Those that were under way when it was enough do not count: they are one trouble.
                    trip.health = health_after(trip.health, outcome, now, self._dice())
                trip.gone = trip.gone or outcome.status == GONE

        await asyncio.gather(*(carry() for _ in range(AT_ONCE)))

    async def _write_down(self, trip: Trip) -> None:
        about, endpoint_id = trip.round, trip.round.endpoint.endpoint_id
        reached = trip.reached
        news = trip.done or trip.lost or about.replay is not None
        if news or reached - about.position >= UNWRITTEN_POSITIONS:
            deliveries = trip.lost + [self._delivery(*each) for each in trip.done]
            async with self._database.transaction() as connection:
                await store.keep(
                    connection,
                    endpoint_id,
                    position=reached,
                    health=trip.health,
                    deliveries=deliveries,
                    replay=trip.replayed,
                )
        self._seen[endpoint_id] = reached
        if trip.done:
            now = trip.done[-1][2]
            if reason := reason_to_disable(trip.health, [outcome for _, outcome, _ in trip.done], now):
                await self._disable(endpoint_id, reason, now)

    def _delivery(self, parcel: Parcel, outcome: Outcome, now: Instant) -> Delivery:
        attempts = parcel.attempts + 1
        again = None
        if not outcome.delivered and outcome.status != GONE:
            again = retry_at(outcome, attempts, now, self._dice())
        state: State = "delivered" if outcome.delivered else "retrying" if again is not None else "failed"
        event = parcel.event
        return Delivery(event.position, event.topic, state, attempts, outcome.status, outcome.error, now, again)
