"""Points: integers, and what they are worth in money.

The worth of a point is a ratio of integers (rule 19: "2 points = 1 yen"), never a float.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from goen.vocabulary.money import scaled

#: Points of one act stay below this magnitude.
POINTS_LIMIT = 10**9


class PointValue(NamedTuple):
    """``points`` points are worth ``money`` minor units; both positive, in lowest terms."""

    points: int = 1
    money: int = 1

    @staticmethod
    def of(value: Decimal) -> PointValue:
        """The ratio of a value per point: 0.5 gives 2 points to 1 yen. At most 6 decimal places.

        Raises ValueError where the value is not a positive number of at most 6 places.
        """
        money = scaled(value, 6)
        if money <= 0:
            raise ValueError("must be above 0")
        numerator, denominator = Decimal(money).scaleb(-6).as_integer_ratio()
        return PointValue(points=denominator, money=numerator)

    def worth(self, points: int) -> int:
        """Money for so many points, floored to a whole minor unit."""
        return points * self.money // self.points

    def points_for(self, money: int) -> int:
        """Whole points that fit into an amount of money, floored."""
        return money * self.points // self.money

    def is_whole(self, points: int) -> bool:
        """Whether so many points are worth a whole number of minor units."""
        return points * self.money % self.points == 0
