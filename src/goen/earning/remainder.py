"""Returns, shipments and unlinked returns: what a part of a purchase is worth.

Everything is computed from cumulative states: what has come back (or been shipped) so far and what the
*remainder* therefore still earns under the pinned programme and the pinned facts (rule 25). An act is the
difference of two states, so any split and any order of returns adds up to the same whole; after the last
one money is ``payable``, points used are ``used`` and points earned are ``earned``.

How a partial return is settled (rule 27). ``points_last``: money first, points only once all money is
back, or where points may not pay for what remains. ``pro_rata``: each line gives back its own shares.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, NamedTuple, Protocol

import msgspec
from msgspec import Meta

from goen.earning.basket import EARNS_NOTHING, checked, hundredths, share_used, thousandths
from goen.earning.campaigns.effects import Scratch
from goen.earning.campaigns.remainder import Pinned
from goen.earning.coupons.points import awards as coupon_awards
from goen.earning.decision import Award, Decision, Facts, LineShare
from goen.earning.errors import ReturnExceedsPurchase
from goen.earning.evaluate import Engine
from goen.vocabulary.fields import Quantity, TaxRate
from goen.vocabulary.money import tax_on
from goen.vocabulary.refusal import InvalidRequest


class Part(Protocol):
    """A line, or part of one, as a caller names it: ``POST …/returns`` and ``…/complete``."""

    @property
    def line(self) -> int: ...
    @property
    def quantity(self) -> int | Decimal: ...
    @property
    def amount(self) -> int | None: ...


class ReturnLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A returned line: ``quantity`` of line number ``line``; ``amount`` (tax included) where less, or
    more, than the quantity's share of the price is given back."""

    line: Annotated[int, Meta(ge=1, le=10**6)]
    quantity: Quantity
    amount: Annotated[int, Meta(ge=0, lt=10**12)] | None = None


class LineBack(msgspec.Struct, frozen=True, array_like=True):
    """What has come back of one line: ``quantity`` in all, of it ``plain`` at its share of the price (both
    in thousandths), and ``amount`` given back beside that; ``done`` once nothing is left to hand back."""

    line: int
    quantity: int = 0
    plain: int = 0
    amount: int = 0
    done: bool = False


class Returned(msgspec.Struct, frozen=True, omit_defaults=True):
    """The cumulative state of a purchase's returns; store it with the purchase.

    ``money``, ``used`` (points) and ``earned`` (points) are what was given and taken back so far; ``apart`` is
    what of ``earned`` was of lots of their own, by rule.
    """

    lines: tuple[LineBack, ...] = ()
    money: int = 0
    used: int = 0
    earned: int = 0
    full: bool = False
    apart: dict[str, int] = {}


class Return(msgspec.Struct, frozen=True):
    """What one return does: ``money`` to refund, points ``used`` to restore, points ``earned`` to take
    back (pending or confirmed), ``apart`` of those from lots of their own by rule, the ``state`` to store, and
    the ``awards`` that the remainder keeps."""

    money: int
    used: int
    earned: int
    state: Returned
    awards: tuple[Award, ...]
    apart: dict[str, int]


def hand_back(
    engine: Engine, decision: Decision, before: Returned, parts: Sequence[Part], campaigns: Pinned | None = None
) -> Return:
    """The effect of returning ``parts``; ``engine`` is that of ``decision.version`` and ``campaigns`` are those
    that the decision names (rules 25, 27, 30).

    Raises ReturnExceedsPurchase where more comes back than remains, InvalidRequest where a part names no
    line of the purchase, or neither a quantity nor an amount.
    """
    backs = _add_up(decision, before, parts)
    full, value, used, used_value, awards = _standing(engine, decision, backs, campaigns)
    kept, apart_kept = regular_and_apart(awards)
    given, apart_given = regular_and_apart(decision.awards)
    # Spreading yen over lines may shift one by one and back; points taken once are not given again.
    apart = {
        rule: max(before.apart.get(rule, 0), points - min(points, apart_kept.get(rule, 0)))
        for rule, points in apart_given.items()
    }
    regular = max(before.earned - sum(before.apart.values()), given - min(given, kept))
    earned = regular + sum(apart.values())
    state = Returned(
        lines=tuple(back for back in backs if back != LineBack(back.line)),
        money=value - used_value,
        used=max(before.used, min(used, decision.used)),
        earned=earned,
        full=full,
        apart=apart,
    )
    return Return(
        money=state.money - before.money,
        used=state.used - before.used,
        earned=state.earned - before.earned,
        state=state,
        awards=tuple(awards),
        apart={rule: points - before.apart.get(rule, 0) for rule, points in apart.items()},
    )


def remaining(
    engine: Engine, decision: Decision, state: Returned, campaigns: Pinned | None = None
) -> tuple[Award, ...]:
    """The awards that are left after what has come back so far."""
    known = {back.line: back for back in state.lines}
    backs = [known.get(share.line, LineBack(share.line)) for share in decision.lines]
    return tuple(_standing(engine, decision, backs, campaigns).awards)


class _Standing(NamedTuple):
    """A purchase after returns: whether all is back, the yen and points that came back, the awards that stay."""

    full: bool
    value: int
    used: int
    used_value: int
    awards: list[Award]


def _standing(engine: Engine, decision: Decision, backs: list[LineBack], campaigns: Pinned | None) -> _Standing:
    full = all(back.done for back in backs)
    values = [value_back(share, back) for share, back in zip(decision.lines, backs, strict=True)]
    left = [share.net - value for share, value in zip(decision.lines, values, strict=True)]
    postage = 0 if full else decision.postage
    value = sum(values) + decision.postage - postage
    if engine.programme.returns.partial == "pro_rata":
        used_left = [
            share.used - (share.used * gone // share.net if share.net else 0)
            for share, gone in zip(decision.lines, values, strict=True)
        ]
        used_value = decision.used_value - sum(used_left) - (0 if full else decision.postage_used)
    else:
        used_value, used_left = _money_first(engine, decision, value, left, postage)
    whole = value == decision.total
    used = decision.used if whole else engine.value.points_for(used_value)
    awards = _remaining_awards(engine, decision, backs, values, left, used_left, full, campaigns)
    return _Standing(full, value, used, used_value, awards)


def regular_and_apart(awards: Sequence[Award]) -> tuple[int, dict[str, int]]:
    """The points of a sale's regular lot, and by rule those that are lots of their own."""
    regular, apart = 0, dict[str, int]()
    for award in awards:
        if award.apart:
            apart[award.rule] = apart.get(award.rule, 0) + award.points
        else:
            regular += award.points
    return regular, apart


class Shipped(msgspec.Struct, frozen=True, omit_defaults=True):
    """The cumulative state of an order's shipments: thousandths shipped per line, and points confirmed,
    of which by rule those that are lots of their own."""

    lines: tuple[tuple[int, int], ...] = ()
    earned: int = 0
    complete: bool = False
    apart: dict[str, int] = {}


def ship(
    engine: Engine,
    decision: Decision,
    before: Shipped,
    parts: Sequence[Part] | None,
    campaigns: Pinned | None = None,
) -> tuple[int, Shipped]:
    """Points that shipping ``parts`` (all that is left: None) confirms, and the state to store (rule 9).

    Each line carries its own shares of discounts and used points; after the last one the sum is
    ``decision.earned``. A part's ``amount`` is ignored. Raises as :func:`hand_back`.
    """
    done = dict(before.lines)
    shares = {share.line: share for share in decision.lines}
    if parts is None:
        done = {share.line: share.quantity for share in decision.lines}
    for position, part in enumerate(parts or ()):
        share = _share(shares, part, position)
        quantity = _quantity(part, position)
        so_far = done.get(part.line, 0)
        if quantity > share.quantity - so_far or (part.line in done and so_far == share.quantity):
            raise ReturnExceedsPurchase(part.line, _shown(quantity), _shown(share.quantity - so_far))
        done[part.line] = so_far + quantity
    complete = all(done.get(share.line, -1) == share.quantity for share in decision.lines)
    awards: Sequence[Award] = decision.awards
    if not complete and not decision.facts.guest:
        values = [
            engine.value_of(
                *[
                    _portion(money, done.get(share.line), share.quantity)
                    for money in (share.net, share.add_back, share.used)
                ]
            )
            for share in decision.lines
        ]
        quantities = [done.get(share.line, 0) for share in decision.lines]
        awards = _earn(engine, decision, quantities, values, campaigns)
    regular, apart = regular_and_apart(awards)
    most, apart_most = regular_and_apart(decision.awards)
    apart = {
        rule: max(before.apart.get(rule, 0), min(apart.get(rule, 0), points)) for rule, points in apart_most.items()
    }
    earned = max(before.earned - sum(before.apart.values()), min(regular, most)) + sum(apart.values())
    state = Shipped(lines=tuple(sorted(done.items())), earned=earned, complete=complete, apart=apart)
    return earned - before.earned, state


class UnlinkedLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A returned line whose sale is unknown: ``amount`` for all of ``quantity``."""

    line: Annotated[int, Meta(ge=1, le=10**6)]
    amount: Annotated[int, Meta(ge=0, lt=10**12)]
    quantity: Quantity = Decimal(1)
    tax_rate: TaxRate = Decimal(10)
    tax_included: bool = True
    category: str | None = None
    points: bool = True


def unlinked(engine: Engine, lines: Sequence[UnlinkedLine], facts: Facts) -> tuple[int, tuple[Award, ...]]:
    """Money to refund and the awards to take back for a return without its sale (rule 24).

    Valued at the member's usual rate: the base rate and the tier's; no campaigns or thresholds.
    """
    kinds, rates, quantities, values = [], [], [], []
    for position, line in enumerate(lines):
        quantities.append(checked(thousandths, line.quantity, f"lines.{position}.quantity"))
        rate = checked(hundredths, line.tax_rate, f"lines.{position}.tax_rate")
        rates.append(rate)
        values.append(line.amount + (0 if line.tax_included else tax_on(line.amount, rate)))
        kinds.append(engine.terms.kinds.get(line.category, 0) if line.points else EARNS_NOTHING)
    if not lines:
        raise InvalidRequest("lines", "a return has at least one line")
    tier = f"tier:{facts.tier}"
    awards, _ = engine.earn(kinds, rates, quantities, values, (tier,) if engine.has_boost(tier) else ())
    usual = () if facts.guest else tuple(a for a in awards if a.arithmetic.threshold is None)
    return sum(values), usual


def _add_up(decision: Decision, before: Returned, parts: Sequence[Part]) -> list[LineBack]:
    """The cumulative state per line of the purchase, in its order, after ``parts``."""
    if not parts:
        raise InvalidRequest("lines", "a return has at least one line")
    shares = {share.line: share for share in decision.lines}
    backs = {back.line: back for back in before.lines}
    for position, part in enumerate(parts):
        share = _share(shares, part, position)
        quantity = _quantity(part, position)
        back = backs.get(part.line, LineBack(part.line))
        if quantity > share.quantity - back.quantity or (back.done and not part.amount):
            raise ReturnExceedsPurchase(part.line, _shown(quantity), _shown(share.quantity - back.quantity))
        if not part.amount and quantity == 0 and share.quantity > 0:
            raise InvalidRequest(f"lines.{position}.quantity", "give a quantity above 0 or an amount")
        remaining = share.net - value_back(share, back)
        if part.amount is not None and part.amount > remaining:
            raise ReturnExceedsPurchase(part.line, str(part.amount), str(remaining), "amount")
        in_all = back.quantity + quantity
        backs[part.line] = LineBack(
            line=part.line,
            quantity=in_all,
            plain=back.plain + (quantity if part.amount is None else 0),
            amount=back.amount + (part.amount or 0),
            done=back.done or in_all == share.quantity,
        )
    return [backs.get(share.line, LineBack(share.line)) for share in decision.lines]


def value_back(share: LineShare, back: LineBack) -> int:
    """The yen given back for a line so far: plain quantity by its cumulative share, plus amounts."""
    if share.quantity:
        plain = share.net * back.plain // share.quantity
    else:  # A line of quantity 0 comes back whole, once; unless only an amount was given back.
        plain = share.net if back.done and not back.amount else 0
    return min(share.net, plain + back.amount)


def _money_first(
    engine: Engine, decision: Decision, value: int, left: list[int], postage: int
) -> tuple[int, list[int]]:
    """Yen of used points that are restored, and what of them still pays for each line (rule 27)."""
    may = [share.spendable for share in decision.lines]
    postage_too = engine.programme.use.postage
    room = sum(amount for amount, yes in zip(left, may, strict=True) if yes)
    room += postage if postage_too else 0
    restored = max(value - decision.payable, decision.used_value - room, 0)
    restored = min(restored, value, decision.used_value)
    used_left, _ = share_used(decision.used_value - restored, left, may, postage, postage_too)
    return restored, used_left


def _remaining_awards(
    engine: Engine,
    decision: Decision,
    backs: list[LineBack],
    values: list[int],
    left: list[int],
    used_left: list[int],
    full: bool,
    campaigns: Pinned | None,
) -> list[Award]:
    """What the remainder earns. A line that came back whole earns nothing, even where money was kept."""
    if full or decision.facts.guest:
        return []
    bases = []
    quantities = []
    for share, back, gone, net, used in zip(decision.lines, backs, values, left, used_left, strict=True):
        quantities.append(share.quantity - back.quantity)
        # A line given away free has no yen to measure by; its pieces tell how much of it is back.
        part, of = (gone, share.net) if share.net else (back.quantity, share.quantity)
        add_back = share.add_back - (_portion(share.add_back, part, of) if of else 0)
        bases.append(0 if back.done else engine.value_of(net, add_back, used))
    awards = _earn(engine, decision, quantities, bases, campaigns)
    if engine.programme.returns.thresholds == "keep":
        # What campaigns keep, they have told themselves.
        still = {award.rule for award in awards} | {f"campaign:{each.code}" for each in decision.campaigns}
        awards += [a for a in decision.awards if a.arithmetic.threshold and a.rule not in still]
    return awards


def _earn(
    engine: Engine, decision: Decision, quantities: list[int], values: list[int], campaigns: Pinned | None
) -> list[Award]:
    kinds = [engine.kind_of(share.earns) for share in decision.lines]
    rates = [share.tax_rate for share in decision.lines]
    if campaigns is not None:
        awards = campaigns.earn(decision, kinds, rates, quantities, values)
    else:
        awards = engine.earn(kinds, rates, quantities, values, decision.boosts)[0]
    if decision.coupons:
        places = {share.line: i for i, share in enumerate(decision.lines)}
        awards += coupon_awards(engine, decision.coupons, Scratch(engine, kinds, rates, quantities, values), places)
    return awards


def _portion(whole: int, part: int | None, of: int) -> int:
    """floor(whole × part ÷ of); a part of nothing (quantity 0) is all once it is there at all."""
    if of == 0:
        return 0 if part is None else whole
    return whole * (part or 0) // of


def _share(shares: dict[int, LineShare], part: Part, position: int) -> LineShare:
    share = shares.get(part.line)
    if share is None:
        raise InvalidRequest(f"lines.{position}.line", f"the purchase has no line {part.line}")
    return share


def _quantity(part: Part, position: int) -> int:
    return checked(thousandths, part.quantity, f"lines.{position}.quantity")


def _shown(quantity: int) -> str:
    text = format(Decimal(quantity).scaleb(-3), "f")
    return text.rstrip("0").rstrip(".")
