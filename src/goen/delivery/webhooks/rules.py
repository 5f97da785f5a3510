"""When an event is sent again, when an endpoint is left alone, and when we give up. Pure."""

from __future__ import annotations

from datetime import timedelta

from goen.delivery.webhooks.model import Health, Outcome
from goen.vocabulary.clock import Instant

RETRY_SECONDS = (3, 15, 60, 300, 900, 1_800, 3_600, 7_200, 10_800, 14_400, 18_000, 28_800)
"""Before the second, third … attempt: together a little less than a day."""
JITTER = 0.1
"""Delays vary by so much either way, so that what failed together does not come back together."""
GONE = 410
FAILURES_TO_PAUSE = 10
"""After so many failures in a row an endpoint gets one event at a time, with growing pauses."""
PAUSE_SECONDS = (5, 900)
DISABLED_AFTER = timedelta(days=5)
RETRY_AFTER_SECONDS_MAX = 3_600


def retry_at(outcome: Outcome, attempts: int, now: Instant, dice: float) -> Instant | None:
    """When to try again after so many attempts; None: never. ``dice`` is random within 0 and 1.

    An endpoint may ask for more time (``Retry-After``), up to an hour.
    """
    if attempts > len(RETRY_SECONDS):
        return None
    seconds = RETRY_SECONDS[attempts - 1] * (1 - JITTER + 2 * JITTER * dice)
    return now + timedelta(seconds=max(seconds, min(outcome.retry_after or 0, RETRY_AFTER_SECONDS_MAX)))


def health_after(health: Health, outcome: Outcome, now: Instant, dice: float) -> Health:
    """An endpoint's health after one more attempt."""
    if outcome.delivered:
        return Health()
    failures = health.failures + 1
    since = health.failing_since or now
    if failures < FAILURES_TO_PAUSE:
        return Health(failures, since)
    shortest, longest = PAUSE_SECONDS
    pause = min(shortest * 2 ** min(failures - FAILURES_TO_PAUSE, 20), longest)
    return Health(failures, since, now + timedelta(seconds=pause * (1 - JITTER + 2 * JITTER * dice)))


def reason_to_disable(health: Health, outcomes: list[Outcome], now: Instant) -> str | None:
    """``gone``: the endpoint said so. ``failing``: nothing has succeeded for days. None: keep it."""
    if any(outcome.status == GONE for outcome in outcomes):
        return "gone"
    since = health.failing_since
    if since is not None and health.failures >= FAILURES_TO_PAUSE and now - since >= DISABLED_AFTER:
        return "failing"
    return None
