"""Limits: which accounts an award draws on, what they still cover, and what goes back when it shrinks.

An account is named by campaign, measure and scope and not by version, so a budget that is raised goes on
from what was drawn before. The rules only say what to draw; the till draws it in the commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from hashlib import blake2b

import msgspec

from goen.earning.campaigns.model import Campaign, Limit, Measure
from goen.earning.campaigns.scene import Draw, Drawn, LimitKey
from goen.earning.decision import Award, Decision, Miss
from goen.vocabulary.points import POINTS_LIMIT, PointValue

replace = msgspec.structs.replace


#: Points that a campaign's limits still cover, and the limit that is the tightest; None: none is.
Room = tuple[int, Limit | None]
UNLIMITED: Room = (POINTS_LIMIT, None)


def limit_key(campaign: Campaign, limit: Limit, shop: str, day: date) -> LimitKey:
    """The account of a limit for a sale at this shop on this day."""
    return key_of(campaign.rule, limit, shop, day)


def key_of(rule: str, limit: Limit, shop: str, day: date) -> LimitKey:
    """The account of a limit of a rule, by the name that the rule has on accounts."""
    scope = "+".join(sorted(limit.per)) or "all"
    parts = {"shop": shop, "day": day.isoformat(), "month": f"{day:%Y-%m}"}
    period = "/".join(parts[each] for each in sorted(limit.per) if each != "member")
    return LimitKey("member" not in limit.per, f"{rule}/{limit.measure}/{scope}", period)


def covered(campaign: Campaign, points: int, keys: Sequence[LimitKey], value: PointValue, drawn: Drawn) -> Room | Miss:
    """What the limits still cover, or why there is nothing left where ``points`` are wanted (0: a coupon alone).

    ``keys`` are the accounts of ``campaign.limits``.
    """
    tightest, by = UNLIMITED
    for limit, key in zip(campaign.limits, keys, strict=True):
        left = limit.most - drawn(key)
        fits = left if limit.measure == "points" else points_within(limit.measure, left, POINTS_LIMIT, value)
        if left <= 0 or (fits <= 0 and points):
            return reached(campaign, limit)
        if fits < tightest:
            tightest, by = fits, limit
    return tightest, by


def reached(campaign: Campaign, limit: Limit) -> Miss:
    """The limit leaves nothing, or not enough."""
    per = "_".join(sorted(limit.per)) or "all"
    return Miss(campaign.rule, "limit_reached", {"measure": limit.measure, "most": limit.most, "per": per})


def granted(
    campaign: Campaign, awards: list[Award], keys: Sequence[LimitKey], value: PointValue, room: Room
) -> tuple[list[Award], list[Draw]]:
    """What the limits leave of the awards, and what that draws.

    Points beyond what is left are dropped, later effects first.
    """
    points = sum([award.points for award in awards])
    left = min(points, room[0])
    kept = awards if left == points else trimmed(awards, left)
    rule = campaign.rule
    # What is no points is a use as well, where there are no points beside it.
    beside = not left and any(award.beside for award in kept)
    draws = [
        Draw(rule, key, 1 if beside and limit.measure == "uses" else drawn_by(limit.measure, left, value), limit.most)
        for limit, key in zip(campaign.limits, keys, strict=True)
    ]
    return kept, [draw for draw in draws if draw.amount]


def as_granted(decision: Decision, awards: list[Award]) -> list[Award]:
    """Awards of a part of the purchase: limited ones keep the lesser of what they are worth and what was granted."""
    granted = {(a.rule, a.category, a.effect): a.granted for a in decision.awards if a.granted is not None}
    if not granted:
        return awards
    limited = []
    for award in awards:
        limit = granted.get((award.rule, award.category, award.effect))
        if limit is not None:
            award = replace(award, points=min(award.points, limit), granted=limit)  # noqa: PLW2901
        limited.append(award)
    return limited


def points_within(measure: Measure, room: int, points: int, value: PointValue) -> int:
    """How many of ``points`` an account with ``room`` left still covers."""
    if room <= 0:
        return 0
    if measure == "uses":
        return points
    return min(points, room if measure == "points" else value.points_for(room))


def shortened(decision: Decision, rule: str, points: int) -> Decision:
    """The decision when a rule's awards lose so many points for good, later effects first."""
    awards = []
    for award in reversed(decision.awards):
        if award.rule == rule and points:
            part = min(award.points, points)
            points -= part
            left = award.points - part
            award = replace(award, points=left, granted=left)  # noqa: PLW2901
        awards.append(award)
    kept = tuple(reversed(awards))
    return replace(decision, awards=kept, earned=sum([award.points for award in kept]))


def trimmed(awards: Iterable[Award], points: int) -> list[Award]:
    """The first ``points`` of the awards, each told what it was granted."""
    kept = []
    for award in awards:
        part = min(award.points, points)
        points -= part
        kept.append(award if part == award.points else replace(award, points=part, granted=part))
    return kept


def drawn_by(measure: Measure, points: int, value: PointValue) -> int:
    """What an award of so many points draws; nothing is drawn by nothing."""
    if measure == "uses":
        return 1 if points else 0
    if measure == "points":
        return points
    return -(-points * value.money // value.points)  # Yen, rounded up: the budget is never exceeded.


def stand_in(name: str) -> int:
    """Under which number stands what all members share: below zero, made of its name."""
    return -1 - (int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big") >> 1)
