"""Pricing a purchase: checks, totals, and each line's share of discounts and used points.

The order of evaluation, each step spread over the lines in proportion, largest remainder, ties by line
number (``api.md``, Sales):

1. gross: the line's amount; tax-excluded lines get their part of the tax, floored once per rate;
2. less order discounts, in proportion to gross;
3. less coupon reductions, one after the other, in proportion to what is left of the lines that each counts;
4. a given ``total`` wins: the difference is spread over the lines;
5. used points pay for the lines that points may pay for, in proportion; what exceeds them, for postage.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple, NoReturn

from msgspec import UNSET
from msgspec.structs import replace

from goen.earning.decision import Notice, Reduction
from goen.earning.errors import UseLimit
from goen.earning.programme import Earning, Use
from goen.purchases.model import Line, Purchase
from goen.vocabulary.money import MONEY_LIMIT, scaled, spread, tax_on
from goen.vocabulary.points import PointValue
from goen.vocabulary.refusal import InvalidRequest

#: The kind of a line that earns nothing; other kinds are positions in the engine's rates.
EARNS_NOTHING = -1


class Terms(NamedTuple):
    """What pricing needs of a programme. ``kinds`` maps a category to its rate; others have rate 0."""

    value: PointValue
    use: Use
    earning: Earning
    kinds: Mapping[str | None, int]


class Basket(NamedTuple):
    """A priced purchase; lists run in order of line number. Units as in ``LineShare``."""

    numbers: list[int]
    quantities: list[int]
    tax_rates: list[int]
    kinds: list[int]
    spendable: list[bool]
    net: list[int]
    discounts: list[int]
    add_backs: list[int]
    used: list[int]
    total: int
    postage: int
    used_value: int
    postage_used: int
    warnings: list[Notice]


@lru_cache(maxsize=8192)
def _scaled(value: int | Decimal, places: int) -> int:
    return scaled(Decimal(value), places)


def thousandths(quantity: int | Decimal) -> int:
    """A quantity in thousandths. Raises ValueError unless 0 <= quantity < 10**9 with 3 places at most."""
    value = quantity * 1000 if type(quantity) is int else _scaled(quantity, 3)
    if not 0 <= value < 10**12:
        raise ValueError("must be 0 or more and below 1,000,000,000")
    return value


def hundredths(tax_rate: int | Decimal) -> int:
    """A tax rate in hundredths of a percent. Raises ValueError unless 0 <= rate < 100, 2 places at most."""
    value = tax_rate * 100 if type(tax_rate) is int else _scaled(tax_rate, 2)
    if not 0 <= value < 10_000:
        raise ValueError("must be 0 or more and below 100")
    return value


def price(
    purchase: Purchase, terms: Terms, coupon_reduction: int, guest: bool, reductions: Sequence[Reduction] = ()
) -> Basket:
    """Check and price a purchase.

    Raises InvalidRequest where the document contradicts itself, and UseLimit where the points to use are
    not allowed; an ``offline`` sale has already happened, so its limits only warn.
    """
    lines = _in_order(purchase.lines)
    numbers: list[int] = []
    quantities: list[int] = []
    tax_rates: list[int] = []
    kinds: list[int] = []
    gross: list[int] = []
    kind_of = terms.kinds.get
    untaxed = False
    try:
        for line in lines:
            numbers.append(line.line)
            quantities.append(thousandths(line.quantity))
            tax_rates.append(hundredths(line.tax_rate))
            gross.append(line.amount)
            kinds.append(kind_of(line.category, 0) if line.points else EARNS_NOTHING)
            if not line.tax_included:
                untaxed = True
    except (ValueError, TypeError):
        _name_faulty_line(purchase.lines)
    if untaxed:
        gross = _with_tax(lines, gross, tax_rates)

    warnings: list[Notice] = []
    net, add_backs = gross, [0] * len(gross)
    postage = purchase.postage
    if purchase.discounts or coupon_reduction or reductions:
        each = (Reduction(coupon_reduction), *reductions) if coupon_reduction else reductions
        net, add_backs = _reduced(purchase, terms.earning, each, gross, numbers)
        postage -= min(postage, sum([reduction.amount for reduction in each if reduction.postage]))
    goods = sum(net)
    total = goods + postage
    if purchase.total is not None and purchase.total != total:
        warnings.append(Notice("total_differs", {"computed": total, "total": purchase.total}))
        total = purchase.total
        postage = min(postage, total)
        difference = spread(total - postage - goods, net)
        net = [amount + part for amount, part in zip(net, difference, strict=True)]
    if total >= MONEY_LIMIT:
        raise InvalidRequest("lines", f"the total must be below {MONEY_LIMIT:,}")

    excluded = terms.use.excluded_categories
    spendable = [line.category not in excluded for line in lines] if excluded else [True] * len(lines)
    used_value, postage_used, used = 0, 0, [0] * len(lines)
    if purchase.use_points:
        used_value = terms.value.worth(purchase.use_points)
        if used_value > total:
            raise InvalidRequest("use_points", f"worth {used_value:,}, more than the {total:,} to pay")
        warnings += _use_checks(purchase, terms, net, spendable, postage, total, guest)
        used, postage_used = share_used(used_value, net, spendable, postage, terms.use.postage)
    if purchase.tenders is not UNSET:
        tendered = sum([tender.amount for tender in purchase.tenders])
        if tendered != total - used_value:
            raise InvalidRequest("tenders", f"sum to {tendered:,}, but {total - used_value:,} is payable")
    discounts = [before - after for before, after in zip(gross, net, strict=True)]
    return Basket(
        numbers, quantities, tax_rates, kinds, spendable, net, discounts, add_backs, used,
        total, postage, used_value, postage_used, warnings,
    )  # fmt: skip


def without_points(purchase: Purchase, excluded: Collection[str]) -> Purchase:
    """The purchase as it counts for earning: lines of these products (skus) earn nothing (rule 3)."""
    if not excluded or all(line.sku not in excluded for line in purchase.lines):
        return purchase
    lines = tuple([replace(line, points=False) if line.sku in excluded else line for line in purchase.lines])
    return replace(purchase, lines=lines)


def usable(value: PointValue, use: Use, spendable_money: int, total: int) -> int:
    """The most points one sale may use (rule 19): 0 where not even the minimum fits.

    ``spendable_money`` is what points may pay for, ``total`` what ``max_percent`` is taken of.
    """
    most = value.points_for(spendable_money)
    if use.max is not None:
        most = min(most, use.max)
    if use.max_percent is not None:
        most = min(most, value.points_for(total * use.max_percent // 100))
    most -= most % use.unit
    return most if most >= use.min else 0


def share_used(
    value: int, net: Sequence[int], spendable: Sequence[bool], postage: int, postage_too: bool
) -> tuple[list[int], int]:
    """Share the money worth of used points over the lines; returns the shares and the part on postage.

    Postage is paid with points only beyond the lines. Where even that does not take the value (an
    offline sale broke the limits), the other lines and then postage take the rest, so nothing is lost.
    """
    weights = [amount if may else 0 for amount, may in zip(net, spendable, strict=True)]
    on_lines = min(value, sum(weights))
    shares = spread(on_lines, weights)
    rest = value - on_lines
    on_postage = min(rest, postage) if postage_too else 0
    rest -= on_postage
    if rest:
        left = [amount - share for amount, share in zip(net, shares, strict=True)]
        more = min(rest, sum(left))
        shares = [share + part for share, part in zip(shares, spread(more, left), strict=True)]
        on_postage += rest - more
    return shares, on_postage


def _in_order(lines: Sequence[Line]) -> Sequence[Line]:
    """The lines by ascending number, or InvalidRequest where there is none or a number comes twice."""
    if not lines:
        raise InvalidRequest("lines", "a purchase has at least one line")
    previous = 0
    for line in lines:
        if line.line <= previous:
            break
        previous = line.line
    else:
        return lines
    seen: set[int] = set()
    for position, line in enumerate(lines):
        if line.line in seen:
            raise InvalidRequest(f"lines.{position}.line", f"line {line.line} is there twice")
        seen.add(line.line)
    return sorted(lines, key=lambda line: line.line)


def checked(convert: Callable[[int | Decimal], int], value: int | Decimal, field: str) -> int:
    """``convert(value)``, or InvalidRequest that names the field."""
    try:
        return convert(value)
    except ValueError as error:
        raise InvalidRequest(field, str(error)) from None
    except TypeError:  # A signalling NaN cannot even be looked up in a cache.
        raise InvalidRequest(field, "must be a finite number") from None


def _name_faulty_line(lines: Sequence[Line]) -> NoReturn:
    for position, line in enumerate(lines):
        checked(thousandths, line.quantity, f"lines.{position}.quantity")
        checked(hundredths, line.tax_rate, f"lines.{position}.tax_rate")
    raise AssertionError("a line failed its checks once and passed them again")


def _with_tax(lines: Sequence[Line], amounts: list[int], tax_rates: list[int]) -> list[int]:
    """Add the tax of tax-excluded lines: floored once per rate, shared in proportion."""
    gross = list(amounts)
    groups: dict[int, list[int]] = {}
    for position, line in enumerate(lines):
        if not line.tax_included:
            groups.setdefault(tax_rates[position], []).append(position)
    for rate, positions in groups.items():
        nets = [amounts[position] for position in positions]
        for position, tax in zip(positions, spread(tax_on(sum(nets), rate), nets), strict=True):
            gross[position] += tax
    return gross


def _reduced(
    purchase: Purchase, earning: Earning, reductions: Sequence[Reduction], gross: list[int], numbers: list[int]
) -> tuple[list[int], list[int]]:
    """Lines less discounts and coupons, and what of that does not lower the earning base (rule 4)."""
    discount = sum([each.amount for each in purchase.discounts])
    if discount > sum(gross):
        raise InvalidRequest("discounts", f"take off {discount:,}, more than the lines' {sum(gross):,}")
    by_discount = spread(discount, gross)
    left = [amount - part for amount, part in zip(gross, by_discount, strict=True)]
    net = list(left)
    for reduction in reductions:
        if not reduction.postage:
            counted = reduction.lines
            every = [i for i, number in enumerate(numbers) if counted is None or number in counted]
            weights = [net[i] for i in every]
            for i, part in zip(every, spread(min(reduction.amount, sum(weights)), weights), strict=True):
                net[i] -= part
    by_coupon = [before - after for before, after in zip(left, net, strict=True)]
    add_backs = [
        (0 if earning.discounts_lower_base else first) + (0 if earning.coupons_lower_base else second)
        for first, second in zip(by_discount, by_coupon, strict=True)
    ]
    return net, add_backs


def _use_checks(
    purchase: Purchase,
    terms: Terms,
    net: list[int],
    spendable: list[bool],
    postage: int,
    total: int,
    guest: bool,
) -> list[Notice]:
    """Refuse points that a guest or the programme's limits do not allow; offline, warn instead."""
    points, use = purchase.use_points, terms.use
    money = sum(amount for amount, may in zip(net, spendable, strict=True) if may)
    most = usable(terms.value, use, money + (postage if use.postage else 0), total)
    fits = use.min <= points <= most and points % use.unit == 0
    if purchase.offline:
        limits: dict[str, int | str] = {"min": use.min, "unit": use.unit, "max": most}
        notices = [] if fits else [Notice("use_limit", limits)]
        return notices + ([Notice("used_by_guest", {"points": points})] if guest else [])
    if guest:
        raise InvalidRequest("use_points", "a sale without a member has no points to use")
    if not fits:
        raise UseLimit(use.min, use.unit, most)
    return []
