"""Values of the webhooks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from goen.delivery.feed import Event
from goen.vocabulary import ids
from goen.vocabulary.clock import Instant

_PREFIX = "we_"
State = Literal["delivered", "retrying", "failed"]
Lane = Literal["retry", "replay", "new"]


def public_id(endpoint_id: int) -> str:
    """The id that the API shows for an endpoint: 7 -> ``we_7``."""
    return _PREFIX + ids.encode(endpoint_id)


def endpoint_id_of(text: str) -> int | None:
    """The number behind an endpoint's public id; None where the text is none."""
    return ids.decode(text[len(_PREFIX) :]) if text.startswith(_PREFIX) else None


@dataclass(frozen=True)
class Endpoint:
    """Where events are sent. No ``topics``: all of them. ``disabled_reason`` is ``gone`` or ``failing``."""

    endpoint_id: int
    url: str
    topics: tuple[str, ...]
    created_at: Instant
    disabled_at: Instant | None
    disabled_reason: str | None


@dataclass(frozen=True)
class Health:
    """Failed attempts since the last success, when the first of them was, and how long to leave it alone."""

    failures: int = 0
    failing_since: Instant | None = None
    paused_until: Instant | None = None


@dataclass(frozen=True)
class Replay:
    """A stretch of the feed to be sent again: what is left of it is ``position < p <= to_position``."""

    replay_id: int
    position: int
    to_position: int


@dataclass(frozen=True)
class Round:
    """All a courier needs to know before it goes to one endpoint."""

    endpoint: Endpoint
    secret: str
    position: int
    health: Health
    replay: Replay | None


@dataclass(frozen=True)
class Parcel:
    """One event on its way to one endpoint. ``attempts`` were made before this one."""

    event: Event
    attempts: int
    lane: Lane


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt. ``status`` is None where no answer came; then ``error`` says why."""

    status: int | None
    error: str | None = None
    retry_after: float | None = None
    """Seconds that the endpoint asked us to wait."""

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True)
class Delivery:
    """The last attempt of one event at one endpoint, as it is kept and shown."""

    position: int
    topic: str
    state: State
    attempts: int
    status: int | None
    error: str | None
    last_at: Instant
    next_at: Instant | None
