"""How far a member is on a ladder, and what is missing to the next tier: what quotes, balances and profiles show."""

from __future__ import annotations

import msgspec

from goen.earning.programme import Programme
from goen.earning.tiers.rules import next_level


class NextTier(msgspec.Struct, frozen=True):
    """The next tier; ``missing`` of what the programme of tiers measures: money, purchases or points."""

    code: str
    name: str
    reach: int
    missing: int


class TierProgress(msgspec.Struct, frozen=True):
    """Where a member stands in one programme of tiers. ``measured`` is what counts by now; ``changed``: this very
    act has changed the tier."""

    programme: str
    code: str | None
    name: str | None
    measure: str
    measured: int
    next: NextTier | None
    changed: bool = False


def progress(
    programme: Programme, code: str, tier: str | None, measured: int, *, changed: bool = False
) -> TierProgress:
    """How far it is from here to the next tier."""
    ladder = programme.tier_programmes[code]
    ahead = next_level(ladder, tier, measured)
    coming = None
    if ahead is not None:
        level = ahead.level
        coming = NextTier(level.tier, name_of(programme, level.tier) or level.tier, level.reach, ahead.missing)
    return TierProgress(code, tier, name_of(programme, tier), ladder.measure, measured, coming, changed)


def name_of(programme: Programme, tier: str | None) -> str | None:
    """A tier as people call it."""
    if tier is None:
        return None
    settings = programme.tiers.get(tier)
    return (settings.name if settings else "") or tier
