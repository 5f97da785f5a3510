"""Rate limits: one token bucket per key and kind of operation, in this process alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

from goen.api.errors import RateLimited

Headers = tuple[tuple[bytes, bytes], ...]
WINDOW_SECONDS = 60


@dataclass(frozen=True)
class Limits:
    """Requests per key and minute; None is no limit.

    The default is a fuse against a program running wild, far above what any till asks for.
    """

    others_per_minute: int | None = 600_000
    posting_per_minute: int | None = None


class Buckets:
    """A full bucket holds a minute's requests and refills evenly."""

    def __init__(self, per_minute: int) -> None:
        self._size = float(per_minute)
        self._rate = per_minute / WINDOW_SECONDS
        self._policy = (b"ratelimit-limit", b"%d" % per_minute)
        self._levels: dict[int, tuple[float, float]] = {}

    def take(self, key_id: int, now: float) -> Headers:
        """Take one token at the monotonic time ``now``; gives the headers of the answer.

        Raises:
            RateLimited: the bucket is empty; ``retry_after`` is in whole seconds.
        """
        level, at = self._levels.get(key_id, (self._size, now))
        level = min(self._size, level + (now - at) * self._rate)
        if level < 1.0:
            self._levels[key_id] = (level, now)
            wait = math.ceil((1.0 - level) / self._rate)
            raise RateLimited("Too many requests with this key.", retry_after=wait)
        level -= 1.0
        self._levels[key_id] = (level, now)
        return self._told(level)

    def _told(self, level: float) -> Headers:
        reset = math.ceil((self._size - level) / self._rate)
        return (
            self._policy,
            (b"ratelimit-remaining", b"%d" % level),
            (b"ratelimit-reset", b"%d" % reset),
        )

    def empty(self, refusal: RateLimited) -> Headers:
        """The headers of a refusal by :meth:`take`."""
        wait = b"%d" % refusal.fields["retry_after"]
        return (
            self._policy,
            (b"ratelimit-remaining", b"0"),
            (b"ratelimit-reset", wait),
            (b"retry-after", wait),
        )
