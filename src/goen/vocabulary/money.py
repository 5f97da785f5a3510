"""Money: integer minor units (yen by default) and the few divisions that may happen to them.

No float anywhere: decimals from the wire are turned into scaled integers once (:func:`scaled`), and
every later step is integer arithmetic, so that a sum of parts always equals its whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Literal

Rounding = Literal["floor", "half_up", "ceil"]

#: Amounts of one document stay below this, so that sums fit a bigint with room to spare.
MONEY_LIMIT = 10**12


def _floor(numerator: int, denominator: int) -> int:
    return numerator // denominator


def _half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


def _ceil(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


#: Rounding mode -> the division ``(numerator, denominator > 0) -> int`` that rounds that way (rule 1).
DIVIDE: dict[Rounding, Callable[[int, int], int]] = {"floor": _floor, "half_up": _half_up, "ceil": _ceil}


def scaled(value: Decimal, places: int) -> int:
    """``value`` × 10**places as an exact integer.

    Raises ValueError where the value is not finite, is 10**15 or more, or has more decimal places.
    """
    if not value.is_finite():
        raise ValueError("must be a finite number")
    if not -(10**15) < value < 10**15:
        raise ValueError("is too large")
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)  # Only NaN and infinities have letters here.
    surplus = -places - exponent
    if surplus > 0 and any(digits[-surplus:]):
        raise ValueError(f"has more than {places} decimal places")
    return int(value.quantize(Decimal(1).scaleb(-places)).scaleb(places))


def spread(total: int, weights: Sequence[int]) -> list[int]:
    """``total`` divided in proportion to ``weights`` by largest remainder; the parts sum to it exactly.

    Ties go to the earlier position. Where ``0 <= total <= sum(weights)`` no part exceeds its weight.
    Weights that are all zero count as equal. A negative total is spread as its mirror image.
    """
    if total == 0:
        return [0] * len(weights)
    if total < 0:
        return [-part for part in spread(-total, weights)]
    whole = sum(weights)
    if whole == 0:
        weights = [1] * len(weights)
        whole = len(weights)
    parts = []
    remainders = []
    for weight in weights:
        product = weight * total
        part = product // whole
        parts.append(part)
        remainders.append(product - part * whole)
    missing = total - sum(parts)
    if missing:
        # sorted() is stable with reverse too: equal remainders keep their positions.
        for position in sorted(range(len(parts)), key=remainders.__getitem__, reverse=True)[:missing]:
            parts[position] += 1
    return parts


def tax_part(gross: int, rate: int) -> int:
    """The tax inside a tax-included amount: floor(gross × rate ÷ (100 + rate)).

    ``rate`` is in hundredths of a percent: 1000 for 10 %.
    """
    return gross * rate // (10_000 + rate)


def tax_on(net: int, rate: int) -> int:
    """The tax on a tax-excluded amount, floored. ``rate`` in hundredths of a percent."""
    return net * rate // 10_000
