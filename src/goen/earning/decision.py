"""A decision: what one purchase earned and used, with everything needed to explain and to undo it.

A decision is stored with its purchase. A later return is computed from it and from the programme version
it names, never from newer rules or newer facts (rule 7), so it pins the facts that were read and, per
line, how discounts and used points were shared out.
"""

from __future__ import annotations

from datetime import date

import msgspec

#: Codes and numbers that :mod:`goen.earning.words` turns into sentences.
Values = dict[str, int | str]


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """An external signal as it stood at the sale's place and moment, ``age_minutes`` old."""

    value: str | int | float | bool
    age_minutes: int


class Reduction(msgspec.Struct, frozen=True, array_like=True):
    """What a coupon takes off: ``amount`` yen, spread over the lines of these numbers (None: all), or off the
    postage."""

    amount: int
    lines: tuple[int, ...] | None = None
    postage: bool = False


class StampCard(msgspec.Struct, frozen=True, array_like=True):
    """A person's stamp card of one campaign: ``stamps`` on it, below zero those owed; the number of the ``last`` full
    one, and the numbers before it (``gaps``) whose reward was given back. ``twice``: how many more were full under a
    number that another has, as members had them who are one by now."""

    stamps: int = 0
    last: int = 0
    gaps: tuple[int, ...] = ()
    twice: int = 0

    @property
    def filled(self) -> int:
        """How many were full so far."""
        return self.last - len(self.gaps) + self.twice


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is known beside the document when it is decided. New facts get a default, so that decisions
    pinned earlier still decode.

    ``tier``: the member's tier code as of the order (rule 8). ``guest``: nobody earns (rule 11).
    ``tiers``: those of other programmes of tiers than the first. ``coupon_reduction``: yen that coupons take off the
    order, ``reductions`` what each takes off where. The rest is read where a live campaign asks for it, and None or
    empty elsewhere: ``purchases`` and ``channel_purchases`` of the member before this one, the day of the last of
    them, ``birth_month``, ``segments`` and ``signals`` by name. ``kinds_over``: kinds of coupons that campaigns would
    give and that are not issued any more; ``cards``: the person's stamp cards before this purchase, by campaign.
    ``excluded``: the goods (skus) of the document that earned nothing then, whatever their lines say (rule 3).
    """

    tier: str | None = None
    tiers: tuple[str, ...] = ()
    guest: bool = False
    coupon_reduction: int = 0
    purchases: int | None = None
    channel_purchases: int | None = None
    last_on: date | None = None
    birth_month: int | None = None
    segments: tuple[str, ...] = ()
    signals: dict[str, Seen] = {}
    reductions: tuple[Reduction, ...] = ()
    kinds_over: frozenset[str] = frozenset()
    cards: dict[str, StampCard] = {}
    excluded: tuple[str, ...] = ()


class Arithmetic(msgspec.Struct, frozen=True, omit_defaults=True):
    """How points came from a base: by ``unit_amount`` and ``unit_points``, by ``percent``, or fixed from
    a ``threshold``; ``fixed`` points as many ``times`` as told, ``of`` an amount, pieces (``quantity``), lines
    (``line``) or the sale. Multipliers are already in; decimals are text (``"1.5"``)."""

    unit_amount: int | None = None
    unit_points: str | None = None
    percent: str | None = None
    threshold: int | None = None
    fixed: int | None = None
    times: int | None = None
    of: str = "amount"
    rounding: str = "floor"
    place: str = "sale"


class Award(msgspec.Struct, frozen=True, omit_defaults=True):
    """Points that one rule gave. ``rule`` is ``base``, ``category:…``, ``tier:…``, ``threshold:…`` and so
    on; ``base`` the money it was computed on; ``category`` the category where a tier's rate met it;
    ``granted`` what a limit left of the entitlement, absent where none did. Of a campaign: ``effect`` is which
    of its effects, ``cap`` the points that one sale gets at most where that bound, ``apart`` whether the points
    are a lot of their own, the kind of ``coupon`` that is issued and the ``gift`` that is handed over instead of
    points; ``stamps`` go onto the member's card, and fill ``cards`` by number, for each of which the reward is given.
    """

    rule: str
    version: int
    points: int
    base: int
    arithmetic: Arithmetic
    category: str | None = None
    granted: int | None = None
    effect: int = 0
    cap: int | None = None
    apart: bool = False
    coupon: str | None = None
    gift: str | None = None
    stamps: int = 0
    cards: tuple[int, ...] = ()

    @property
    def beside(self) -> bool:
        """Whether it gives something else than points."""
        return bool(self.coupon or self.gift or self.stamps)

    @property
    def coupons(self) -> int:
        """How many coupons it gives."""
        return 0 if self.coupon is None else len(self.cards) if self.stamps else 1


class Miss(msgspec.Struct, frozen=True, omit_defaults=True):
    """A rule that gave nothing, and why: ``below_unit`` (``missing`` yen of base), ``nothing_eligible``,
    ``precedence`` (``winner``), ``smaller_rate`` (``winner``), ``mixed_tenders``, ``below_threshold``
    (``missing``), and those of campaigns (:mod:`goen.earning.campaigns.words`)."""

    rule: str
    reason: str
    values: Values = {}


class Notice(msgspec.Struct, frozen=True, omit_defaults=True):
    """A warning about the document: ``total_differs`` (``computed``, ``total``), ``use_limit`` (offline
    only: ``min``, ``unit``, ``max``), ``used_by_guest`` (offline only)."""

    code: str
    values: Values = {}


class LineShare(msgspec.Struct, frozen=True, array_like=True):
    """One line after sharing out. All money tax included.

    ``quantity`` in thousandths, ``tax_rate`` in hundredths of a percent. ``net`` is what the line costs
    after its share ``discount`` of order discounts, coupons and a deviating total; ``add_back`` the part of
    that share which does not lower the earning base; ``used`` the yen paid with points. ``earns`` names the
    rate (``base``, ``category:…``) or is None; ``spendable`` says whether points may pay for it.
    """

    line: int
    quantity: int
    tax_rate: int
    net: int
    discount: int
    add_back: int
    used: int
    earns: str | None
    spendable: bool


class Applied(msgspec.Struct, frozen=True, array_like=True):
    """A campaign that gave points, pinned: the version, and the numbers of the lines it counted (None: all)."""

    code: str
    version: int
    lines: tuple[int, ...] | None


class UsedCoupon(msgspec.Struct, frozen=True, array_like=True):
    """A coupon that the sale used, pinned with all that a return needs: what it took off (``amount`` yen), of which
    lines by number (None: all), what is given (``gift``), and how it multiplies points (a decimal as text).

    ``alone``: campaigns give nothing beside it. ``over``: used offline although it was not usable; no limit counts it.
    """

    code: str
    kind: str
    version: int
    effect: str
    amount: int
    lines: tuple[int, ...] | None = None
    name: str = ""
    name_en: str = ""
    gift: str | None = None
    multiplier: str | None = None
    max_points: int | None = None
    alone: bool = False
    over: bool = False

    def named(self, language: str) -> str:
        """The kind's name in this language."""
        return self.name_en or self.name if language == "en" else self.name


class UsedOffer(msgspec.Struct, frozen=True, array_like=True):
    """A campaign's discount that the sale took, pinned: what came off in all (``amount`` yen), of which lines
    (number, yen) and of ``postage``, and the ``gifts``. ``over``: the till took it although it was not to be had; no
    limit counts it."""

    campaign: str
    version: int
    effect: str
    amount: int
    lines: tuple[tuple[int, int], ...] = ()
    postage: int = 0
    gifts: tuple[str, ...] = ()
    over: bool = False


class Decision(msgspec.Struct, frozen=True, omit_defaults=True):
    """The outcome of one purchase under programme ``version``.

    ``total`` and ``payable`` are money; ``used`` points worth ``used_value``; ``earned`` the sum of
    ``awards``; ``postage_used`` the part of ``used_value`` that paid postage. ``boosts`` are the special
    rates that applied. ``lines`` are in order of line number. ``campaigns`` gave the awards of the same rule;
    ``as_of`` is the last change of campaigns that was known, 0 where none was live. ``coupons`` were used and
    ``offers`` of campaigns taken; what they took off is in ``facts``.
    """

    version: int
    total: int
    payable: int
    used: int = 0
    used_value: int = 0
    earned: int = 0
    postage: int = 0
    postage_used: int = 0
    awards: tuple[Award, ...] = ()
    not_applied: tuple[Miss, ...] = ()
    warnings: tuple[Notice, ...] = ()
    lines: tuple[LineShare, ...] = ()
    boosts: tuple[str, ...] = ()
    facts: Facts = Facts()
    campaigns: tuple[Applied, ...] = ()
    as_of: int = 0
    coupons: tuple[UsedCoupon, ...] = ()
    offers: tuple[UsedOffer, ...] = ()
