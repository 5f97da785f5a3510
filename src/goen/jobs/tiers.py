"""Keeping tiers: counting earlier sales, evaluation days, daily rising, ends of what was given by hand."""

from __future__ import annotations

from goen.actions.tiers.runs import advance
from goen.jobs.model import Means


async def keep_tiers(means: Means) -> int:
    """Do all that is due with tiers; a run that was interrupted goes on where it stood."""
    return await advance(means.database, means.context, means.clock.now, means.stopping)
