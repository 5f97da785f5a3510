"""Points on top by a coupon: the same arithmetic for a sale and for what is left of it after returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache

import msgspec

from goen.earning.campaigns.compiled import capped
from goen.earning.campaigns.effects import Give, Scratch, compiled_effects
from goen.earning.campaigns.model import Campaign, RateEffect
from goen.earning.decision import Award, UsedCoupon
from goen.earning.evaluate import Engine

replace = msgspec.structs.replace


@lru_cache(maxsize=256)
def _give(engine: Engine, kind: str, version: int, multiplier: str) -> Give:
    """A campaign's multiplied rate, which it is but for its name."""
    effect = RateEffect(multiplier=Decimal(multiplier))
    return compiled_effects(Campaign(kind, kind, (effect,), version=version), engine)[0]


def awards(
    engine: Engine, coupons: Sequence[UsedCoupon], scratch: Scratch, positions: Mapping[int, int]
) -> list[Award]:
    """What the coupons among these that multiply points give; ``positions`` of the scratch's lines by number."""
    found: list[Award] = []
    for coupon in coupons:
        if coupon.multiplier is None:
            continue
        lines = None if coupon.lines is None else tuple([positions[n] for n in coupon.lines])
        given = _give(engine, coupon.kind, coupon.version, coupon.multiplier)(scratch, lines)
        if coupon.max_points is not None:
            given = capped(given, coupon.max_points)
        found += [replace(award, rule=f"coupon:{coupon.kind}") for award in given]
    return found
