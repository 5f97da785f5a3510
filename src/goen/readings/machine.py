"""How the machine itself does: jobs, findings of the hourly check, feed and webhooks, for Prometheus.

Read from the books, so that any serving process tells it for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from goen.database.pool import Reading
from goen.database.queries import load
from goen.delivery.webhooks.model import public_id
from goen.vocabulary.clock import Instant

_queries = load(__package__, "machine.sql")


class _Read(Collector):
    """Figures that were read already."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterator[Metric]:
        return iter(self._families)


async def machine_figures(connection: Reading, now: Instant) -> bytes:
    """Everything in Prometheus' text format."""
    return generate_latest(_Read([*await _jobs(connection), *await _feed(connection, now)]))


async def _jobs(connection: Reading) -> list[Metric]:
    finished = GaugeMetricFamily("goen_job_finished_timestamp_seconds", "End of a job's last run.", labels=["job"])
    seconds = GaugeMetricFamily("goen_job_seconds", "How long a job's last run took.", labels=["job"])
    failed = GaugeMetricFamily("goen_job_failed", "1 where a job's last run failed.", labels=["job"])
    runs = CounterMetricFamily("goen_job_runs", "Runs of a job.", labels=["job"])
    failures = CounterMetricFamily("goen_job_failures", "Failed runs of a job.", labels=["job"])
    async for row in _queries.jobs(connection):
        name = [row["job"]]
        if row["finished_at"] is not None:
            finished.add_metric(name, row["finished_at"])
            seconds.add_metric(name, row["seconds"])
        failed.add_metric(name, float(bool(row["failed"])))
        runs.add_metric(name, row["runs"])
        failures.add_metric(name, row["failures"])
    findings = GaugeMetricFamily(
        "goen_invariant_findings", "What the check of the books found wrong and is still so.", labels=["invariant"]
    )
    total = 0
    async for row in _queries.findings(connection):
        findings.add_metric([row["invariant"]], row["findings"])
        total += row["findings"]
    findings.add_metric(["all"], total)
    return [finished, seconds, failed, runs, failures, findings]


async def _feed(connection: Reading, now: Instant) -> list[Metric]:
    row = await _queries.feed(connection)
    since = row["waiting_since"]
    position = GaugeMetricFamily("goen_feed_position", "The last position of the feed.", value=row["position"])
    waiting = GaugeMetricFamily(
        "goen_outbox_waiting_seconds",
        "How long the oldest event has waited to be numbered.",
        value=0.0 if since is None else max(0.0, now.timestamp() - since),
    )
    behind = GaugeMetricFamily("goen_webhook_behind", "Positions an endpoint is behind.", labels=["endpoint"])
    failures = GaugeMetricFamily(
        "goen_webhook_failures", "Attempts that failed since the last success.", labels=["endpoint"]
    )
    disabled = GaugeMetricFamily("goen_webhook_disabled", "1 where an endpoint gets nothing more.", labels=["endpoint"])
    async for row in _queries.webhooks(connection):
        name = [public_id(row["endpoint_id"])]
        behind.add_metric(name, row["behind"])
        failures.add_metric(name, row["failures"])
        disabled.add_metric(name, float(row["disabled"]))
    return [position, waiting, behind, failures, disabled]
