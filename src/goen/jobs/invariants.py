"""The books are proved every hour, with the same invariants as ``goen verify`` and the tests use."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from goen.actions.proof import prove
from goen.database.pool import Database
from goen.database.queries import load
from goen.jobs.model import Means
from goen.ledger.invariants import Finding
from goen.vocabulary.clock import Instant

SHOWN_MAX = 20
FINDINGS_MAX = 10_000
"""Where so much is wrong, one more row would tell nobody anything."""

_queries = load(__package__)
_log = structlog.get_logger(__name__)


async def check_books(means: Means) -> int:
    """Prove every invariant; gives the number of findings."""
    now = means.clock.now()
    findings: list[Finding] = []
    async for finding in prove(means.database, now):
        findings.append(finding)
        if means.stopping.is_set():
            return len(findings)  # Half a check can neither open nor close a finding.
        if len(findings) == FINDINGS_MAX:
            break
    return await keep_findings(means.database, findings, now)


async def keep_findings(database: Database, findings: Sequence[Finding], now: Instant) -> int:
    """Keep what a whole check found and close what it no longer did; gives how many are open.

    A finding stays one row for as long as every check sees it, so ``found_at`` says since when it is so.
    """
    for finding in findings[:SHOWN_MAX]:
        _log.error("books_wrong", invariant=finding.invariant, subject=finding.subject, detail=finding.detail)
    if len(findings) > SHOWN_MAX:
        _log.error("books_wrong_more", findings=len(findings))
    async with database.transaction() as connection:
        await _queries.found_wrong(
            connection,
            found_at=now,
            invariants=[each.invariant for each in findings],
            subjects=[each.subject for each in findings],
            details=[each.detail for each in findings],
        )
        await _queries.found_right(connection, found_at=now)
    return len({(each.invariant, each.subject) for each in findings})
