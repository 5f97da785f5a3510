"""Coupons that campaigns give for a sale: issued in its commit once it is complete, void again with the award."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from goen.actions.points.campaigns import kinds_over
from goen.actions.points.context import Context
from goen.actions.points.drawn import Drawn, give_back
from goen.actions.points.progress import Progress, Undone
from goen.actions.till.desk import Desk
from goen.actions.till.posting import PurchaseState
from goen.database.queries import load
from goen.earning.campaigns.compiled import issuable
from goen.earning.coupons.codes import code_hash, new_code, shown
from goen.earning.coupons.model import CouponKind
from goen.earning.coupons.period import usable
from goen.earning.decision import Award, Decision, Facts, Miss
from goen.members.ids import public_id
from goen.vocabulary.points import PointValue

replace = msgspec.structs.replace
_SQL = load(__package__, "coupons.sql")


def issue(
    context: Context, desk: Desk, purchase: PurchaseState, awards: Sequence[Award], progress: Progress
) -> Progress:
    """Give the member the coupons of these awards (see :func:`still_issued`)."""
    mine = [award for award in awards if award.coupon is not None]
    member_id = purchase.owner
    if not mine or member_id is None:
        return progress
    kinds = desk.circumstances.coupon_kinds([award.coupon or "" for award in mine])
    issued = list(progress.issued)
    for award, kind in zip(mine, kinds, strict=True):
        assert kind is not None, "looked at when it was decided"
        about = {"purchase_id": purchase.purchase_id}
        for _ in range(award.coupons):
            code = hand_out(context, desk, kind, member_id, member_id, purchase.shop_id, about)
            issued.append((award.rule, code))
    return replace(progress, issued=tuple(issued))


def hand_out(
    context: Context,
    desk: Desk,
    kind: CouponKind,
    member_id: int,
    told: int,
    shop_id: int | None,
    about: Mapping[str, str],
) -> str:
    """Give a member a new coupon of this kind; gives its code. ``told``: in whose books the event stands; ``about``:
    what it was given for."""
    code = new_code()
    start, until = usable(kind.issued, context.zone, desk.now)
    desk.write_more(
        _SQL.add_issued.sql, code_hash(code), code, kind.code, kind.version, member_id, start, until, desk.now,
        desk.act_id,
    )  # fmt: skip
    mine = {"member_id": public_id(member_id), "coupon": shown(code), "kind": kind.code, "usable_until": until}
    desk.tell("coupon.issued", told, shop_id, {**about, **mine})
    return code


def still_issued(
    context: Context, desk: Desk, decision: Decision, limits: tuple[Drawn, ...], value: PointValue
) -> tuple[Decision, tuple[Drawn, ...]]:
    """An order decided earlier, less coupons of kinds not issued any more; and what stays drawn on limits."""
    asked = list(dict.fromkeys(award.coupon for award in decision.awards if award.coupon is not None))
    gone = kinds_over(context, desk, asked) if asked else frozenset[str]()
    if not gone:
        return decision, limits
    lost = [award for award in decision.awards if award.coupon in gone]
    awards = tuple(issuable(list(decision.awards), Facts(kinds_over=gone)))
    misses = [Miss(award.rule, "coupon_over") for award in lost]
    facts = replace(decision.facts, kinds_over=decision.facts.kinds_over | gone)
    decision = replace(decision, awards=awards, not_applied=(*decision.not_applied, *misses), facts=facts)
    return decision, give_back(desk, limits, awards, value)


def take_back(desk: Desk, progress: Progress, standing: Mapping[str, int]) -> Progress:
    """Coupons of awards that stand no more are void, unless they have been used; ``standing``: how many of each rule
    stay, the first ones."""
    kept = _first(progress.issued, standing)
    for each in progress.issued:
        if each not in kept:
            desk.write_more(_SQL.take_issued_back.sql, code_hash(each[1]), each[1], desk.now, desk.act_id)
    return replace(progress, issued=kept)


def give_again(desk: Desk, undone: Undone, standing: Mapping[str, int]) -> tuple[tuple[str, str], ...]:
    """A revived sale's own coupons are good again, where the cancel and nobody else voided them; gives those of the
    rules that still stand."""
    issued = _first(undone.issued, standing)
    for _, code in issued:
        desk.write_more(_SQL.give_issued_again.sql, code_hash(code), code, undone.act_id)
    return issued


def coupons_by_rule(awards: Sequence[Award]) -> dict[str, int]:
    """How many coupons awards give, by rule."""
    found: dict[str, int] = {}
    for award in awards:
        if award.coupons:
            found[award.rule] = found.get(award.rule, 0) + award.coupons
    return found


def _first(issued: Sequence[tuple[str, str]], standing: Mapping[str, int]) -> tuple[tuple[str, str], ...]:
    left, kept = dict(standing), []
    for rule, code in issued:
        if left.get(rule, 0):
            left[rule] -= 1
            kept.append((rule, code))
    return tuple(kept)
