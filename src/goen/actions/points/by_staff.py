"""Adjustments by people who give and take only so many points a day without headquarters."""

from __future__ import annotations

from typing import Any

import msgspec

from goen.actions.points.by_hand import Adjust
from goen.actions.points.drawn import anchor_of
from goen.actions.points.errors import AdjustmentLimit
from goen.actions.till.act import Decided
from goen.actions.till.desk import Desk
from goen.earning.campaigns.scene import LimitKey


class AdjustWithin(Adjust):
    """An adjustment that draws on what its author may move a day. Points given and points taken both count: a sum
    of both signs would let large ones hide behind each other."""

    def __init__(self, *adjustment: Any, per_day: int) -> None:
        super().__init__(*adjustment)
        self.per_day = per_day
        code = f"by_hand:{self.author}"
        self.limit = (anchor_of(LimitKey(True, code, ""), 0), code)
        today = self.context.day_of(adjustment[-1]).isoformat()
        self.wants = msgspec.structs.replace(self.wants, shared=((*self.limit, today),))

    def decide(self, desk: Desk) -> Decided:
        today, points = desk.today.isoformat(), abs(self.ask.points)
        moved = desk.limit(*self.limit, today)
        if moved + points > self.per_day:
            raise AdjustmentLimit(self.per_day, moved)
        decided = super().decide(desk)
        desk.draw_limit(*self.limit, today, points, self.per_day)
        return decided
