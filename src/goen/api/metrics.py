"""What Prometheus may ask: requests, their time, and whatever else a part of the process reports."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import generate_latest

disable_created_metrics()  # type: ignore[no-untyped-call] # The time a counter was made is of no use to anybody.

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The figures of one process."""

    def __init__(self, version: str) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "goen_http_requests", "Answered requests.", ("operation", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "goen_http_request_seconds",
            "From the first byte to the answer.",
            ("operation",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        Gauge("goen_build_info", "What runs.", ("version",), registry=self.registry).labels(version).set(1)
        # labels() takes a lock and builds a tuple; a till's sale should not pay for that.
        self._counted: dict[tuple[str, int], Counter] = {}
        self._timed: dict[str, Histogram] = {}

    def answered(self, operation: str, status: int, seconds: float) -> None:
        """Count one answer. ``operation`` is method and template, never a caller's own words."""
        counter = self._counted.get((operation, status))
        if counter is None:
            counter = self._counted[operation, status] = self._requests.labels(operation, str(status))
        counter.inc()
        timer = self._timed.get(operation)
        if timer is None:
            timer = self._timed[operation] = self._seconds.labels(operation)
        timer.observe(seconds)

    def watch(self, name: str, words: str, value: Callable[[], float]) -> None:
        """Report a figure that is asked for whenever Prometheus comes by."""
        Gauge(name, words, registry=self.registry).set_function(value)

    def exposition(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)
