"""Who rises, who stays and who falls (rules 33 and 34). Values in, values out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Literal, NamedTuple

from goen.earning.tiers.calendar import DAY, evaluation_days, kept_until, paused
from goen.earning.tiers.model import Ladder, Level

Why = Literal["reached", "not_kept", "manual", "manual_ended", "merged", "parted"]
Manual = Literal["fixed", "floor"]


class Standing(NamedTuple):
    """Where a member stands on one ladder.

    ``kept_until``: before this day the tier does not fall. ``manual``: a tier given by hand, ``fixed`` or as a
    ``floor``, through ``manual_until`` (None: without an end). ``paused_until``: the member's own leave of absence,
    through that day the tier does not fall. ``before_tier`` and ``before_kept_until``: the member's own tier when one
    was given by hand, as it stood after ``given_on``. ``since``: the day on which the tier was reached.
    """

    tier: str | None = None
    kept_until: date | None = None
    manual: Manual | None = None
    manual_tier: str | None = None
    manual_until: date | None = None
    paused_until: date | None = None
    before_tier: str | None = None
    before_kept_until: date | None = None
    given_on: date | None = None
    since: date | None = None

    def by_hand(self, day: date) -> Manual | None:
        """What was given by hand and holds on this day."""
        return self.manual if self.manual_until is None or day <= self.manual_until else None


class Verdict(NamedTuple):
    """The tier from now on, the day before which it does not fall, and why it is another one; None: it is not."""

    tier: str | None
    kept_until: date | None
    why: Why | None = None


class Missing(NamedTuple):
    """The next level and what is missing to it, in what the ladder measures."""

    level: Level
    missing: int


def raised(ladder: Ladder, standing: Standing, measure: int, day: date) -> Verdict:
    """The tier once this is measured: a higher one or the same; nobody falls by a sale or a return."""
    stays = Verdict(standing.tier, standing.kept_until)
    hand = standing.by_hand(day)
    if hand == "fixed":
        return stays
    to = max(ladder.reached(measure), ladder.rank(standing.manual_tier) if hand == "floor" else -1)
    if to <= ladder.rank(standing.tier):
        return stays
    return Verdict(ladder.tier(to), kept_until(ladder, day), "reached")


def evaluated_again(ladder: Ladder, standing: Standing, before: str | None, measure: int, day: date) -> Verdict:
    """The tier after an evaluation day that is over, once a sale of its window has come late: what it would have left
    of the tier ``before`` it, where that is more. Nobody falls by it."""
    stays = Verdict(standing.tier, standing.kept_until)
    if standing.manual is not None:
        return stays  # What was given by hand ends with this evaluation day made up for.
    base = standing._replace(tier=before, kept_until=None)
    to = evaluated(ladder, base, measure, day)
    if ladder.rank(to.tier) <= ladder.rank(standing.tier):
        return stays
    return Verdict(to.tier, to.kept_until, "reached")


def holds_beyond(ladder: Ladder, standing: Standing, day: date) -> bool:
    """Whether the tier is held longer than to the next evaluation day."""
    if standing.kept_until is None or standing.since is None:
        return False
    following = next(evaluation_days(ladder, day), None)
    return following is not None and standing.kept_until > following


def no_longer_won(ladder: Ladder, standing: Standing, measure: int, before: int) -> bool:
    """Whether less is measured than the tier was won by (rule 31), all since the first day of the window that won it:
    the tier stays to the next evaluation day, and nothing holds it any more."""
    rank = ladder.rank(standing.tier)
    return rank >= 0 and measure < ladder.levels[rank].reach <= before


def evaluated(ladder: Ladder, standing: Standing, measure: int, day: date) -> Verdict:
    """The tier after an evaluation day. ``measure`` is that of the window which ends the day before."""
    up = raised(ladder, standing, measure, day)
    if up.why is not None or standing.by_hand(day) == "fixed":
        return up
    stays = Verdict(standing.tier, standing.kept_until)
    if standing.kept_until is not None and day < standing.kept_until:
        return stays
    if paused(ladder, day) or (standing.paused_until is not None and day <= standing.paused_until):
        return stays
    return _fallen(ladder, standing, measure, day) or stays


def own(ladder: Ladder, standing: Standing) -> Standing:
    """The standing without what was given by hand: as it was when it was given, or as it is where it stands above a
    floor, and so was won."""
    if standing.manual is None:
        return standing
    free = Standing(paused_until=standing.paused_until)
    rank = ladder.rank(standing.tier)
    if standing.manual == "floor" and rank > ladder.rank(standing.manual_tier):
        return free._replace(tier=standing.tier, kept_until=standing.kept_until)
    if standing.manual == "floor" and ladder.rank(standing.before_tier) > rank:
        return free._replace(tier=standing.tier)  # It has fallen to the floor since.
    return free._replace(tier=standing.before_tier, kept_until=standing.before_kept_until)


def own_since(ladder: Ladder, standing: Standing, past: Iterable[tuple[date, int]]) -> Standing:
    """:func:`own`, with the evaluation days since then made up for: each with the measure of the window that ended the
    day before, in order."""
    free = own(ladder, standing)
    for day, measure in past:
        if ladder.up == "at_once":
            free = _as(free, raised(ladder, free, measure, day - DAY))
        free = _as(free, evaluated(ladder, free, measure, day))
    return free


def ended(
    ladder: Ladder, standing: Standing, measure: int, day: date, past: Iterable[tuple[date, int]] = ()
) -> Verdict:
    """The tier once what was given by hand is over: as if nothing had been given. ``past`` as for :func:`own_since`."""
    to = raised(ladder, own_since(ladder, standing, past), measure, day)
    return to._replace(why=None if to.tier == standing.tier else "manual_ended")


def joined(ladder: Ladder, mine: Standing, other: Standing, day: date) -> Standing:
    """Two cards that are one member by now (rule 35): the higher of what both have of their own, and of what was given
    by hand and still holds the higher, through the later day."""
    one, two = own(ladder, mine), own(ladder, other)
    best = (two if ladder.rank(two.tier) > ladder.rank(one.tier) else one)._replace(paused_until=mine.paused_until)
    hands = [each for each in (mine, other) if each.by_hand(day)]
    if not hands:
        return best
    hand = max(hands, key=lambda x: (ladder.rank(x.manual_tier), x.manual_until or date.max))
    over = hand.manual == "fixed" or ladder.rank(hand.manual_tier) > ladder.rank(best.tier)
    return best._replace(
        tier=hand.manual_tier if over else best.tier, kept_until=None if over else best.kept_until,
        manual=hand.manual, manual_tier=hand.manual_tier, manual_until=hand.manual_until,
        before_tier=best.tier, before_kept_until=best.kept_until, given_on=day,
    )  # fmt: skip


def _as(standing: Standing, to: Verdict) -> Standing:
    return standing._replace(tier=to.tier, kept_until=to.kept_until)


def _fallen(ladder: Ladder, standing: Standing, measure: int, day: date) -> Verdict | None:
    """The lower tier that the measure keeps; None where it is none. What is left of a tier was not won that day, so
    nothing holds it beyond the next evaluation day."""
    rank = ladder.rank(standing.tier)
    if rank < 0:
        return None if standing.tier is None else Verdict(None, None, "not_kept")
    floor = max((i for i, level in enumerate(ladder.levels[: rank + 1]) if level.for_good), default=-1)
    if standing.by_hand(day) == "floor":
        floor = max(floor, ladder.rank(standing.manual_tier))
    to = max(floor, min(ladder.kept(measure), rank))
    if ladder.fall == "one_level":
        to = max(to, rank - 1)
    if to >= rank:
        return None
    return Verdict(ladder.tier(to), None, "not_kept")


def next_level(ladder: Ladder, tier: str | None, measure: int) -> Missing | None:
    """What is missing to the next level above the tier; None at the top."""
    rank = ladder.rank(tier) + 1
    if rank >= len(ladder.levels):
        return None
    level = ladder.levels[rank]
    return Missing(level, max(0, level.reach - measure))
