"""The engine: one pure function decides what every purchase earns, on line, in quotes and in replays.

``compile_programme`` turns a programme version into integers and closures once; ``Engine.evaluate`` then
costs some microseconds per line. How a sale earns, with the names used below:

1. the basket is priced (:mod:`goen.earning.basket`);
2. a line's *value* is its net amount, plus reductions that do not lower the base (rule 4), less its part
   paid with points (rule 5); postage never earns (rule 3);
3. values become *bases* per kind of rate, without tax where the programme says so, cut where it rounds:
   one per sale, per tax rate, per line or per unit (rule 2);
4. each rate turns its bases into points (rule 1). Of brand, tender, tier and shop rates one wins or all
   add up (rules 6 and 8); a winner in mode ``replace`` takes the place of the base rate;
5. thresholds look at the sum of all bases (rule 30).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from math import gcd
from typing import NamedTuple

from msgspec import UNSET

from goen.earning.basket import EARNS_NOTHING, Basket, Terms, price
from goen.earning.decision import Arithmetic, Award, Decision, Facts, LineShare, Miss, Reduction
from goen.earning.programme import Boost, Programme
from goen.purchases.model import Purchase
from goen.vocabulary.money import DIVIDE, Rounding, scaled
from goen.vocabulary.points import POINTS_LIMIT, PointValue
from goen.vocabulary.refusal import InvalidRequest

#: Amounts of money to be rounded each by itself, and how often each occurs.
Bases = list[tuple[int, int]]
_NOBODY = Facts()
_ONE = Decimal(1)


class Rate:
    """One rule's rate for one kind of line: ``points_of(base)`` and the words' numbers."""

    __slots__ = ("arithmetic", "category", "missing", "points_of", "rule")

    def __init__(self, rule: str, category: str | None, programme: Programme, multiplier: Decimal) -> None:
        earning = programme.earning
        self.rule = rule
        self.category = category
        factor, unit = scaled(multiplier, 8), 10**8  # Two multipliers of 4 places meet here.
        if earning.percent is None:
            self.points_of = _by_unit(earning.unit_amount, earning.unit_points * factor, unit, earning.rounding)
            self.arithmetic = Arithmetic(
                unit_amount=earning.unit_amount,
                unit_points=_text(earning.unit_points * multiplier),
                rounding=earning.rounding,
                place=earning.place,
            )
        else:
            numerator, denominator = scaled(earning.percent, 4) * factor, 100 * 10**4 * unit
            shared = gcd(numerator, denominator)
            self.points_of = _by_percent(numerator // shared, denominator // shared, earning.rounding)
            self.arithmetic = Arithmetic(
                percent=_text(earning.percent * multiplier), rounding=earning.rounding, place=earning.place
            )

    def yen_to_next(self, base: int) -> int | None:
        """How much more base gives more points than ``base`` does; None where nothing ever does."""
        now, step = self.points_of(base), 1
        while self.points_of(base + step) <= now:
            step *= 2
            if step > 10**12:
                return None
        low, high = step // 2, step  # points_of is monotone: more only beyond low, surely at high.
        while low + 1 < high:
            middle = (low + high) // 2
            low, high = (middle, high) if self.points_of(base + middle) <= now else (low, middle)
        return high


class Priced(NamedTuple):
    """A priced purchase, and its lines as a decision keeps them."""

    basket: Basket
    shares: tuple[LineShare, ...]


class Engine:
    """A compiled programme version. Immutable in effect; safe to share between requests."""

    def __init__(self, programme: Programme) -> None:
        earning = programme.earning
        self.programme = programme
        self.version = programme.version
        self.value = PointValue.of(programme.point_value)
        earning_categories = {code: m for code, m in earning.categories.items() if m not in (0, 1)}
        #: Kind -> what ``LineShare.earns`` calls it. Kind 0 is the base rate.
        self.kind_codes: list[str] = ["base", *(f"category:{code}" for code in earning_categories)]
        self._kinds_by_code: dict[str | None, int] = {code: k for k, code in enumerate(self.kind_codes)}
        self.categories: list[tuple[str | None, Decimal]] = [(None, _ONE), *earning_categories.items()]
        kinds: dict[str | None, int] = {code: EARNS_NOTHING for code, m in earning.categories.items() if not m}
        kinds |= {code: kind for kind, code in enumerate(earning_categories, start=1)}
        self.terms = Terms(self.value, programme.use, earning, kinds)
        tiers = {
            code: Boost(tier.multiplier, tier.mode)
            for code, tier in programme.tiers.items()
            if tier.multiplier is not None
        }
        self._boosts: dict[str, Boost] = {
            f"{source}:{code}": boost
            for source, boosts in (
                ("brand", earning.brands),
                ("tender", earning.tenders),
                ("tier", tiers),
                ("shop", earning.shops),
            )
            for code, boost in boosts.items()
        }
        self._schemes: dict[tuple[str, ...], list[list[Rate]]] = {}
        self._tax_excluded = earning.base == "tax_excluded"
        self._place = earning.place
        self._points_earn = earning.point_paid == "included"

    def price(
        self,
        purchase: Purchase,
        coupon_reduction: int = 0,
        guest: bool = False,
        reductions: Sequence[Reduction] = (),
    ) -> Priced:
        """The part of a decision that needs no member. Raises as :func:`goen.earning.basket.price`."""
        basket = price(purchase, self.terms, coupon_reduction, guest, reductions)
        codes = [*self.kind_codes, None]  # EARNS_NOTHING is -1: the last one.
        shares = tuple([
            LineShare(number, quantity, rate, net, discount, back, used, codes[kind], may)
            for number, quantity, rate, net, discount, back, used, kind, may in zip(
                basket.numbers, basket.quantities, basket.tax_rates, basket.net, basket.discounts,
                basket.add_backs, basket.used, basket.kinds, basket.spendable, strict=True,
            )
        ])  # fmt: skip
        return Priced(basket, shares)

    def evaluate(self, purchase: Purchase, facts: Facts = _NOBODY, priced: Priced | None = None) -> Decision:
        """Decide a purchase. ``priced``: as :meth:`price` gave it for these facts, where that was done before.

        Raises InvalidRequest and UseLimit as :func:`goen.earning.basket.price`.
        """
        basket, shares = priced or self.price(purchase, facts.coupon_reduction, facts.guest, facts.reductions)
        awards: list[Award] = []
        misses: list[Miss] = []
        boosts: tuple[str, ...] = ()
        if not facts.guest:
            if self._boosts:
                boosts, misses = self._choose(purchase, facts)
            awards, none = self.earn(basket.kinds, basket.tax_rates, basket.quantities, self.values(basket), boosts)
            misses += none
        earned = sum([award.points for award in awards])
        if earned >= POINTS_LIMIT:
            raise InvalidRequest("lines", f"earn {earned:,} points; a purchase earns below {POINTS_LIMIT:,}")
        return Decision(
            version=self.version,
            total=basket.total,
            payable=basket.total - basket.used_value,
            used=purchase.use_points,
            used_value=basket.used_value,
            earned=earned,
            postage=basket.postage,
            postage_used=basket.postage_used,
            awards=tuple(awards),
            not_applied=tuple(misses),
            warnings=tuple(basket.warnings),
            lines=shares,
            boosts=boosts,
            facts=facts,
        )

    def earn(
        self,
        kinds: Sequence[int],
        tax_rates: Sequence[int],
        quantities: Sequence[int],
        values: Sequence[int],
        boosts: tuple[str, ...],
    ) -> tuple[list[Award], list[Miss]]:
        """The awards for lines of these values (yen, tax included), and the rules that gave nothing.

        ``kinds``: positions in ``kind_codes``, or EARNS_NOTHING; other units as in ``LineShare``.
        """
        awards: list[Award] = []
        misses: list[Miss] = []
        scheme = self._schemes.get(boosts) or self._compile_scheme(boosts)
        whole = 0
        bases_by_kind = self.bases(kinds, tax_rates, quantities, values)
        for kind in sorted(bases_by_kind):
            bases = bases_by_kind[kind]
            base = sum([amount * times for amount, times in bases])
            whole += base
            for rate in scheme[kind]:
                points_of = rate.points_of
                points = sum([points_of(amount) * times for amount, times in bases])
                if points:
                    awards.append(Award(rate.rule, self.version, points, base, rate.arithmetic, rate.category))
                elif base and self._place == "sale":
                    missing = rate.yen_to_next(base) or 0
                    misses.append(Miss(rate.rule, "below_unit", {"base": base, "missing": missing}))
                elif base:
                    misses.append(Miss(rate.rule, "below_unit", {"base": base}))
        if not whole:
            misses.append(Miss("base", "nothing_eligible"))
        for threshold in self.programme.earning.thresholds:
            rule = f"threshold:{threshold.code}"
            if whole >= threshold.amount:
                shown = Arithmetic(threshold=threshold.amount)
                awards.append(Award(rule, self.version, threshold.points, whole, shown))
            else:
                values_shown: dict[str, int | str] = {"missing": threshold.amount - whole}
                misses.append(Miss(rule, "below_threshold", values_shown | {"points": threshold.points}))
        return awards, misses

    def value_of(self, net: int, add_back: int, used: int) -> int:
        """A line's value for earning: rules 4 and 5."""
        return net + add_back - (0 if self._points_earn else used)

    def kind_of(self, earns: str | None) -> int:
        """The kind that a ``LineShare.earns`` of a pinned decision names."""
        return EARNS_NOTHING if earns is None else self._kinds_by_code[earns]

    @property
    def base_rate(self) -> Rate:
        """The rate of everybody for everything."""
        return (self._schemes.get(()) or self._compile_scheme(()))[0][0]

    def has_boost(self, rule: str) -> bool:
        """Whether this version gives ``rule`` (``tier:gold``) a rate of its own."""
        return rule in self._boosts

    def values(self, basket: Basket) -> list[int]:
        """The lines' values for earning, in the basket's order."""
        if not basket.used_value and not any(basket.add_backs):
            return basket.net
        return [
            self.value_of(net, back, used)
            for net, back, used in zip(basket.net, basket.add_backs, basket.used, strict=True)
        ]

    def bases(
        self,
        kinds: Sequence[int],
        tax_rates: Sequence[int],
        quantities: Sequence[int],
        values: Sequence[int],
    ) -> dict[int, Bases]:
        """Bases per kind, cut where the programme rounds (rules 2 and 3)."""
        untaxed = self._tax_excluded
        bases: dict[int, Bases] = {}
        if self._place in ("sale", "rate"):
            groups: dict[tuple[int, int], int] = {}
            for group, value in zip(zip(kinds, tax_rates, strict=True), values, strict=True):
                groups[group] = groups.get(group, 0) + value
            for (kind, rate), value in groups.items():
                if kind != EARNS_NOTHING:
                    amount = value - value * rate // (10_000 + rate) if untaxed else value
                    bases.setdefault(kind, []).append((amount, 1))
            if self._place == "sale":
                return {kind: [(sum([amount for amount, _ in parts]), 1)] for kind, parts in bases.items()}
            return bases
        for kind, rate, quantity, value in zip(kinds, tax_rates, quantities, values, strict=True):
            if kind == EARNS_NOTHING:
                continue
            times, broken = divmod(quantity, 1000)
            if self._place == "line" or broken or not times:
                times = 1  # What is sold by weight is one unit.
            # A unit's value is whole yen: the first ones of a line carry what does not divide.
            low, more = divmod(value, times)
            parts = bases.setdefault(kind, [])
            for amount, count in ((low + 1, more), (low, times - more)):
                if count:
                    parts.append((amount - amount * rate // (10_000 + rate) if untaxed else amount, count))
        return bases

    def _choose(self, purchase: Purchase, facts: Facts) -> tuple[tuple[str, ...], list[Miss]]:
        """The special rates that apply, by rule 6, and those that do not though they might have."""
        misses: list[Miss] = []
        found: dict[str, str] = {"tier": f"tier:{facts.tier}", "shop": f"shop:{purchase.shop}"}
        if purchase.tenders is not UNSET:
            paid = [tender for tender in purchase.tenders if tender.amount]
            for source, codes in (
                ("brand", {tender.brand for tender in paid}),
                ("tender", {tender.kind for tender in paid}),
            ):
                rules = sorted(f"{source}:{code}" for code in codes if f"{source}:{code}" in self._boosts)
                if len(codes) == 1 and rules:
                    found[source] = rules[0]
                misses += [Miss(rule, "mixed_tenders") for rule in rules if len(codes) > 1]
        earning = self.programme.earning
        rules = [found[source] for source in earning.precedence if found.get(source) in self._boosts]
        if len(rules) < 2 or earning.combine == "add":
            return tuple(rules), misses
        # max() keeps the first of equals, so precedence decides among equal rates.
        winner = rules[0] if earning.combine == "precedence" else max(rules, key=self._in_all)
        reason = "precedence" if earning.combine == "precedence" else "smaller_rate"
        misses += [Miss(rule, reason, {"winner": winner}) for rule in rules if rule != winner]
        return (winner,), misses

    def _in_all(self, rule: str) -> Decimal:
        boost = self._boosts[rule]
        return boost.multiplier + (1 if boost.mode == "add" else 0)

    def _compile_scheme(self, boosts: tuple[str, ...]) -> list[list[Rate]]:
        """The rates per kind under these special rates. Kept: there are few combinations."""
        adding = self.programme.earning.combine == "add"
        scheme = []
        for kind, (category, multiplier) in enumerate(self.categories):
            rates = [Rate(self.kind_codes[kind], category, self.programme, multiplier)]
            for rule in boosts:
                boost = self._boosts[rule]
                rate = Rate(rule, category, self.programme, multiplier * boost.multiplier)
                rates = [*rates, rate] if adding or boost.mode == "add" else [rate]
            scheme.append(rates)
        self._schemes[boosts] = scheme
        return scheme


def compile_programme(programme: Programme) -> Engine:
    """Compile a programme version, once. Raises ValueError where ``problems`` would name an error."""
    return Engine(programme)


def evaluate(purchase: Purchase, engine: Engine, facts: Facts = _NOBODY) -> Decision:
    """``engine.evaluate`` as a function: values in, a value out."""
    return engine.evaluate(purchase, facts)


def _by_unit(unit_amount: int, step: int, scale: int, rounding: Rounding) -> Callable[[int], int]:
    """round(base ÷ unit_amount) × step ÷ scale, rounded again only where a multiplier broke a point."""
    divide = DIVIDE[rounding]
    if step % scale == 0:
        step //= scale
        if rounding == "floor":
            return lambda base: base // unit_amount * step
        return lambda base: divide(base, unit_amount) * step
    return lambda base: divide(divide(base, unit_amount) * step, scale)


def _by_percent(numerator: int, denominator: int, rounding: Rounding) -> Callable[[int], int]:
    divide = DIVIDE[rounding]
    return lambda base: divide(base * numerator, denominator)


def _text(number: Decimal) -> str:
    """A decimal without trailing zeros: 1.50 is "1.5", 10 is "10"."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
