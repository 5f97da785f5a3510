"""What is wrong, or unwise, in a programme before anyone earns by it (rule 20)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal, get_args

import msgspec

from goen.earning.decision import Values
from goen.earning.programme import Boost, Programme, Source
from goen.vocabulary.money import scaled
from goen.vocabulary.points import PointValue


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A finding: an ``error`` forbids applying the programme, a ``warning`` does not.

    ``field`` is a path as in the programme file; :func:`goen.earning.words.problem_text` words the code.
    """

    level: Literal["error", "warning"]
    field: str
    code: str
    values: Values = {}


def validate(programme: Programme) -> list[Problem]:
    """All problems of a programme, errors first."""
    return sorted(_problems(programme), key=lambda problem: problem.level != "error")


def _problems(programme: Programme) -> Iterator[Problem]:
    yield from _earning(programme)
    yield from _use(programme)
    yield from _ladders(programme)
    expiry = programme.expiry
    if expiry.mode == "sliding" and not expiry.activity:
        yield Problem("error", "expiry.activity", "no_activity")
    if expiry.mode == "none":
        yield Problem("warning", "expiry.mode", "never_expires")


def _earning(programme: Programme) -> Iterator[Problem]:
    earning = programme.earning
    if earning.percent is not None and not _within(earning.percent, 100):
        yield Problem("error", "earning.percent", "not_a_percentage")
    multipliers = {f"earning.categories.{code}": value for code, value in earning.categories.items()}
    boosts: dict[str, dict[str, Boost]] = {
        "brands": earning.brands,
        "tenders": {str(kind): boost for kind, boost in earning.tenders.items()},
        "shops": earning.shops,
    }
    modes = []
    for source, by_code in boosts.items():
        for code, boost in by_code.items():
            multipliers[f"earning.{source}.{code}"] = boost.multiplier
            modes.append((f"earning.{source}.{code}.mode", boost.mode))
    for code, tier in programme.tiers.items():
        if tier.multiplier is not None:
            multipliers[f"tiers.{code}.multiplier"] = tier.multiplier
            modes.append((f"tiers.{code}.mode", tier.mode))
    for field, multiplier in multipliers.items():
        if not _within(multiplier, 999):
            yield Problem("error", field, "not_a_multiplier")
    if earning.combine == "add":
        for field, mode in modes:
            if mode == "replace":
                yield Problem("warning", field, "replace_adds")
    if sorted(earning.precedence) != sorted(get_args(Source)):
        yield Problem("error", "earning.precedence", "not_all_sources")
    codes = [threshold.code for threshold in earning.thresholds]
    if len(set(codes)) < len(codes):
        yield Problem("error", "earning.thresholds", "same_code_twice")


def _ladders(programme: Programme) -> Iterator[Problem]:
    seen: set[str] = set()
    for place, (code, ladder) in enumerate(programme.tier_programmes.items()):
        field = f"tier_programmes.{code}"
        reaches = [level.reach for level in ladder.levels]
        if sorted(set(reaches)) != reaches:
            yield Problem("error", f"{field}.levels", "levels_not_rising")
        for i, level in enumerate(ladder.levels):
            where, tier = f"{field}.levels.{i}", programme.tiers.get(level.tier)
            if tier is None:
                yield Problem("error", f"{where}.tier", "unknown_tier", {"tier": level.tier})
            elif place and tier.multiplier is not None:
                yield Problem("warning", f"tiers.{level.tier}.multiplier", "not_the_first_ladder")
            if level.tier in seen:
                yield Problem("error", f"{where}.tier", "tier_twice", {"tier": level.tier})
            seen.add(level.tier)
            if level.to_keep > level.reach:
                yield Problem("error", f"{where}.keep", "keep_above_reach")
        if ladder.up == "evaluation" and not ladder.evaluation_days:
            yield Problem("error", f"{field}.evaluation_days", "nobody_rises")
        elif not ladder.evaluation_days:
            yield Problem("warning", f"{field}.evaluation_days", "nobody_falls")
        if ladder.up_after_days and ladder.up != "daily":
            yield Problem("error", f"{field}.up_after_days", "only_daily_waits")
        for i, pause in enumerate(ladder.pauses):
            if pause.last < pause.first:
                yield Problem("error", f"{field}.pauses.{i}", "ends_before_start")


def _use(programme: Programme) -> Iterator[Problem]:
    use = programme.use
    try:
        value = PointValue.of(programme.point_value)
    except ValueError:
        yield Problem("error", "point_value", "not_a_value")
    else:
        if not value.is_whole(use.unit):
            yield Problem("error", "use.unit", "not_whole_money", {"points": value.points})
    if use.max is not None and use.max < max(use.min, use.unit):
        yield Problem("error", "use.max", "below_minimum", {"min": max(use.min, use.unit)})
    if use.min > 1 or use.unit > 1:
        # Rule 50: the tax deferral holds only where even one point gives its stated discount.
        field = "use.min" if use.min > 1 else "use.unit"
        yield Problem("warning", field, "tax_deferral", {"min": max(use.min, use.unit)})


def _within(value: Decimal, most: int) -> bool:
    """Whether 0 <= value <= most with at most 4 decimal places."""
    try:
        return 0 <= scaled(value, 4) <= most * 10_000
    except ValueError:
        return False
