"""What one purchase counts for tiers (rule 32): of completed sales, what has not come back."""

from __future__ import annotations

from typing import NamedTuple

from goen.earning.decision import Decision
from goen.earning.remainder import Returned, value_back
from goen.earning.tiers.model import Ladder


class Measured(NamedTuple):
    """Money with and without tax, points earned, and 1 for a purchase of which something stays.

    Money is in minor units, without postage, after discounts and coupons; what was paid with points is in it.
    """

    gross: int = 0
    net: int = 0
    points: int = 0
    purchases: int = 0

    def of(self, ladder: Ladder) -> int:
        """What a ladder looks at."""
        if ladder.measure == "amount":
            return self.gross if ladder.tax == "included" else self.net
        return self.points if ladder.measure == "points" else self.purchases

    def plus(self, other: Measured) -> Measured:
        """Both together."""
        return Measured(*[a + b for a, b in zip(self, other, strict=True)])

    def minus(self, other: Measured) -> Measured:
        """What this is more than the other."""
        return Measured(*[a - b for a, b in zip(self, other, strict=True)])


NOTHING = Measured()


def measured(decision: Decision, returned: Returned, confirmed: int, status: str) -> Measured:
    """What a purchase counts as it stands: nothing before it is paid and shipped, nothing once it is cancelled.

    ``confirmed`` are the points it has earned so far, less what returns took back. Tax is taken out as where
    points are earned: per rate, floored.
    """
    if status != "completed":
        return NOTHING
    if not returned.lines and not decision.postage and len(decision.lines) == 1:
        share = decision.lines[0]  # Most sales of a small shop: no sums to make.
        return Measured(share.net, _net(share.net, share.tax_rate), confirmed, 1)
    backs = {back.line: back for back in returned.lines}
    by_rate: dict[int, int] = {}
    for share in decision.lines:
        back = backs.get(share.line)
        left = share.net - (0 if back is None else value_back(share, back))
        by_rate[share.tax_rate] = by_rate.get(share.tax_rate, 0) + left
    net = sum(_net(gross, rate) for rate, gross in by_rate.items())
    # What was refunded in part only stays as money, but where all goods came back it is no purchase any more.
    return Measured(sum(by_rate.values()), net, confirmed, 0 if returned.full else 1)


def _net(gross: int, rate: int) -> int:
    return gross - gross * rate // (10_000 + rate)
