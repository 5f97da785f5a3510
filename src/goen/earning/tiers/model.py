"""What a programme says of tiers: one or several ladders side by side, each with its levels (rules 32 to 34)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

TierCode = Annotated[str, Meta(min_length=1, max_length=100)]
Reach = Annotated[int, Meta(ge=0, lt=10**12)]
#: A day of each year (``06-07``) or of each month (``01``); past a month's end its last day is meant.
DayPattern = Annotated[str, Meta(pattern=r"^((0[1-9]|1[0-2])-)?(0[1-9]|[12][0-9]|3[01])$")]

Measure = Literal["amount", "count", "points"]
Up = Literal["at_once", "daily", "evaluation"]


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which sales count (rule 32): the last ``days`` or ``months`` (``rolling``), a fixed ``year`` from
    ``first_month`` on, or all (``lifetime``). A rolling window goes by ``days`` where they are given."""

    kind: Literal["rolling", "year", "lifetime"] = "rolling"
    months: Annotated[int, Meta(ge=1, le=1_200)] = 12
    days: Annotated[int, Meta(ge=1, le=36_500)] | None = None
    first_month: Annotated[int, Meta(ge=1, le=12)] = 4


class Level(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tier of a ladder: ``reach`` wins it, ``keep`` (default: the same) keeps it on an evaluation day.

    ``for_good``: who has won it never falls below it (rule 34).
    """

    tier: TierCode
    reach: Reach
    keep: Reach | None = None
    for_good: bool = False

    @property
    def to_keep(self) -> int:
        """What has to be measured on an evaluation day to stay."""
        return self.reach if self.keep is None else self.keep


class Pause(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From one day through another nobody falls (rule 34)."""

    first: date
    last: date


class Ladder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One programme of tiers.

    ``measure``: money of completed sales less what came back, without postage and after discounts and coupons
    (``tax`` says with or without tax), the number of purchases, or points earned. ``up``: in the commit of the
    sale that reaches a level, every day (sales count once they are ``up_after_days`` old), or on evaluation days
    only. ``evaluation_days`` are the only days on which anybody falls; none: nobody ever does. ``hold_cycles``: a
    tier won holds to the end of the current cycle (the next evaluation day) and so many cycles more (rule 33).
    ``fall``: to what the measure keeps, or one level a time.
    """

    levels: Annotated[tuple[Level, ...], Meta(min_length=1, max_length=50)]
    name: str = ""
    measure: Measure = "amount"
    tax: Literal["excluded", "included"] = "excluded"
    window: Window = Window()
    up: Up = "at_once"
    up_after_days: Annotated[int, Meta(ge=0, le=3_650)] = 0
    evaluation_days: Annotated[tuple[DayPattern, ...], Meta(max_length=40)] = ()
    hold_cycles: Annotated[int, Meta(ge=0, le=20)] = 0
    fall: Literal["to_measure", "one_level"] = "to_measure"
    pauses: Annotated[tuple[Pause, ...], Meta(max_length=100)] = ()

    def rank(self, tier: str | None) -> int:
        """The place of a tier, from 0; -1 for none and for one of another ladder."""
        return next((i for i, level in enumerate(self.levels) if level.tier == tier), -1)

    def tier(self, rank: int) -> str | None:
        """The tier at a place; None below the first."""
        return self.levels[rank].tier if rank >= 0 else None

    def reached(self, measure: int) -> int:
        """The place that a measure wins."""
        return max((i for i, level in enumerate(self.levels) if level.reach <= measure), default=-1)

    def kept(self, measure: int) -> int:
        """The place that a measure keeps."""
        return max((i for i, level in enumerate(self.levels) if level.to_keep <= measure), default=-1)
