"""What acts on points answer: the wire types, and how they are filled. No personal data in any of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from goen.actions.points.context import Context
from goen.actions.till.books import MemberFacts
from goen.actions.till.posting import PurchaseState
from goen.earning import words
from goen.earning.coupons.codes import shown
from goen.earning.decision import Award, Decision, Miss, Notice, UsedOffer
from goen.earning.programme import Base
from goen.earning.remainder import Returned
from goen.earning.tiers.progress import TierProgress
from goen.ledger.journal import Journal
from goen.members.ids import public_id

Language = Literal["ja", "en"]
NOTHING_RETURNED = Returned()


class MemberBrief(msgspec.Struct, frozen=True):
    """Who the sale belongs to: enough for a receipt, nothing personal."""

    id: str
    number: str
    tier: str | None


class Balance(msgspec.Struct, frozen=True):
    """Points after the act: spendable, provisional, set aside."""

    available: int
    pending: int
    held: int


class BreakdownLine(msgspec.Struct, frozen=True):
    """One rule's points."""

    rule: str
    version: int
    points: int
    text: str


class NotApplied(msgspec.Struct, frozen=True):
    """A rule that gave nothing, and why; ``missing`` is what the next award lacks, in money."""

    rule: str
    reason: str
    text: str
    missing: int | None = None


class Warned(msgspec.Struct, frozen=True):
    """Something the caller should know; the sale stands."""

    code: str
    text: str


class PurchasePoints(msgspec.Struct, frozen=True):
    """``earned`` and ``pending`` exclude each other; ``breakdown`` sums to both."""

    used: int
    earned: int
    pending: int
    confirms_on: date | None
    breakdown: Sequence[BreakdownLine]
    not_applied: Sequence[NotApplied]


class CouponUsed(msgspec.Struct, frozen=True):
    """A coupon that this sale used: its code, the code of its kind, the yen it took off. ``effect``: ``amount``,
    ``percent``, ``postage``, ``gift`` (``gift`` says what is given) or ``points`` (told in the breakdown)."""

    code: str
    kind: str
    amount: int
    effect: str
    name: str
    gift: str | None = None


class LineOff(msgspec.Struct, frozen=True):
    """Yen off a line; ``tax_rate`` in percent."""

    line: int
    amount: int
    tax_rate: Decimal


class OfferAnswer(msgspec.Struct, frozen=True):
    """A campaign that lowers the price: ``amount`` yen in all, of which ``postage``, the rest by line. ``effect``:
    ``discount``, ``free_postage``, ``gift``, ``member_price``; several joined by ``+``. ``gifts`` are handed over.
    ``over``: the till took it although it was not to be had."""

    campaign: str
    version: int
    effect: str
    name: str
    amount: int
    postage: int
    lines: Sequence[LineOff]
    gifts: Sequence[str]
    text: str
    over: bool = False


class CouponsAnswer(msgspec.Struct, frozen=True):
    """Coupons used by the sale and issued for it."""

    used: Sequence[CouponUsed] = ()
    issued: Sequence[str] = ()


class PurchaseAnswer(msgspec.Struct, frozen=True):
    """Answer to a purchase and to every later act on it. ``tiers``: where the member stands after it, in each
    programme of tiers; absent where there is none."""

    id: str
    shop: str
    external_id: str
    status: str
    recorded_at: datetime
    booked_on: date
    currency: str
    member: MemberBrief | None
    total: int
    payable: int
    points: PurchasePoints
    coupons: CouponsAnswer
    balance: Balance | None
    receipt: Sequence[str]
    warnings: Sequence[Warned]
    tiers: Sequence[TierProgress] | UnsetType = UNSET
    offers: Sequence[OfferAnswer] | UnsetType = UNSET


class LotBack(msgspec.Struct, frozen=True):
    """Used points that went back to the lot they came from."""

    points: int
    expires_on: date | None


class Refund(msgspec.Struct, frozen=True):
    """Money to give back, in minor units."""

    money: int


class ReturnPoints(msgspec.Struct, frozen=True):
    """What a return moved; all numbers positive."""

    earned_reversed: int
    pending_reversed: int
    used_restored: int
    expired_lost: int
    shortage: int
    lots: Sequence[LotBack]


class ReturnAnswer(msgspec.Struct, frozen=True):
    """Answer to a return."""

    id: str
    purchase_id: str | None
    shop: str
    external_id: str
    recorded_at: datetime
    booked_on: date
    currency: str
    member: MemberBrief | None
    refund: Refund
    points: ReturnPoints
    balance: Balance | None
    receipt: Sequence[str]
    warnings: Sequence[Warned]


class HoldAnswer(msgspec.Struct, frozen=True):
    """A hold and the balance beside it."""

    id: str
    status: str
    shop: str
    reference: str | None
    points: int
    captured: int
    expires_at: datetime | None
    member: MemberBrief
    balance: Balance


class MovementAnswer(msgspec.Struct, frozen=True):
    """Answer to an adjustment."""

    id: str
    member: MemberBrief
    points: int
    kind: str
    reason: str
    recorded_at: datetime
    booked_on: date
    expires_on: date | None
    balance: Balance


class TransferAnswer(msgspec.Struct, frozen=True):
    """Answer to a transfer: who gave, who received, and the balance of the giver."""

    id: str
    sender: MemberBrief = msgspec.field(name="from")
    receiver: MemberBrief = msgspec.field(name="to")
    points: int = 0
    recorded_at: datetime | None = None
    booked_on: date | None = None
    balance: Balance | None = None


NOTHING_USED = CouponsAnswer()
_encode = msgspec.json.Encoder().encode


def encoded(answer: msgspec.Struct) -> bytes:
    """The answer's bytes, as they are sent and stored."""
    return _encode(answer)


def brief(member: MemberFacts) -> MemberBrief:
    return MemberBrief(public_id(member.member_id), member.number, member.tier)


def balance(journal: Journal) -> Balance:
    return Balance(journal.available, journal.pending, journal.held)


def breakdown(awards: Iterable[Award], language: Language, currency: str, names: words.Names) -> list[BreakdownLine]:
    return [BreakdownLine(a.rule, a.version, a.points, words.award_text(a, language, currency, names)) for a in awards]


def net_breakdown(
    decision: Decision, status: str, net: int, language: Language, currency: str, names: words.Names
) -> list[BreakdownLine]:
    """The awards, and where returns or a cancel left only ``net`` of their points, a last line that says so."""
    lines = breakdown(decision.awards, language, currency, names)
    if taken := net - sum([line.points for line in lines]):
        rule = "cancelled" if status == "cancelled" else "returned"
        lines.append(BreakdownLine(rule, decision.version, taken, _TAKEN[rule][language == "en"]))
    return lines


_TAKEN = {
    "returned": ("返品による取り消し", "Taken back by returns"),
    "cancelled": ("キャンセルによる取り消し", "Taken back by the cancel"),
}


def net_used(decision: Decision, status: str, returned: Returned) -> int:
    """The points that the sale uses still."""
    return 0 if status == "cancelled" else decision.used - returned.used


def as_it_stands(decision: Decision, status: str, returned: Returned) -> Decision:
    """Without the coupons and offers that a cancel or the return of everything gave back."""
    over = status == "cancelled" or returned.full
    return msgspec.structs.replace(decision, coupons=(), offers=()) if over else decision


@lru_cache(maxsize=4096)
def _without_values(rule: str, reason: str, language: Language, name: str | None) -> NotApplied:
    """Fifty live campaigns are missed by most sales for the same few reasons."""
    names = {} if name is None else {rule: name}
    return NotApplied(rule, reason, words.miss_text(Miss(rule, reason), language, names=names))


def not_applied(
    misses: Iterable[Miss], language: Language, currency: str, names: words.Names, base: Base
) -> list[NotApplied]:
    """Misses in words; ``base`` is that of the programme which they were decided by."""
    found = []
    for miss in misses:
        if not miss.values:
            found.append(_without_values(miss.rule, miss.reason, language, names.get(miss.rule)))
            continue
        missing = miss.values.get("missing")
        text = words.miss_text(miss, language, currency, names, base)
        found.append(NotApplied(miss.rule, miss.reason, text, missing if isinstance(missing, int) else None))
    return found


def notices(notes: Iterable[Notice], language: Language, currency: str) -> list[Warned]:
    return [Warned(n.code, words.notice_text(n, language, currency)) for n in notes]


def names_of(context: Context, decision: Decision, language: Language) -> words.Names:
    """Names of the campaigns, coupons and tiers that a decision tells of."""
    names, facts = context.campaigns.names(language), decision.facts
    mine = {f"coupon:{each.kind}": each.named(language) for each in decision.coupons}
    if facts.tier is not None:
        tiers = context.programmes.version(decision.version).programme.tiers
        mine |= {f"tier:{code}": tiers[code].name for code in (facts.tier, *facts.tiers) if code in tiers}
    return {**names, **mine} if mine else names


def coupons_answer(decision: Decision, issued: Sequence[str], language: Language) -> CouponsAnswer:
    """Coupons that a sale used and that were issued for it."""
    used = [
        CouponUsed(shown(each.code), each.kind, each.amount, each.effect, each.named(language), each.gift)
        for each in decision.coupons
    ]
    return CouponsAnswer(used, [shown(code) for code in issued])


def offers_answer(
    context: Context, used: Iterable[UsedOffer], rates: Mapping[int, int], language: Language
) -> list[OfferAnswer]:
    """Discounts by campaigns; ``rates``: the lines' tax rates in hundredths of a percent."""
    names = context.campaigns.names(language)
    found = []
    for each in used:
        lines = [LineOff(number, yen, Decimal(rates[number]) / 100) for number, yen in each.lines]
        name = names.get(f"campaign:{each.campaign}", each.campaign)
        text = words.offer_text(name, each.amount, each.gifts, language, context.currency)
        found.append(
            OfferAnswer(
                each.campaign, each.version, each.effect, name, each.amount, each.postage, lines, each.gifts, text,
                each.over,
            )
        )  # fmt: skip
    return found


def purchase_answer(
    context: Context,
    purchase: PurchaseState,
    decision: Decision,
    *,
    now: datetime,
    member: MemberFacts | None,
    journal: Journal | None,
    earned: int,
    pending: int,
    warnings: Sequence[Warned] = (),
    issued: Sequence[str] = (),
    tiers: Sequence[TierProgress] = (),
    returned: Returned = NOTHING_RETURNED,
) -> PurchaseAnswer:
    """The answer to a purchase as it now stands. ``earned`` and ``pending`` are this sale's, net of returns."""
    programme = context.programmes.version(decision.version).programme
    language, base = programme.language, programme.earning.base
    currency = context.currency
    names = names_of(context, decision, language) if decision.as_of or decision.coupons or decision.facts.tier else {}
    after = None if journal is None else balance(journal)
    used = net_used(decision, purchase.status, returned)
    decision = as_it_stands(decision, purchase.status, returned)
    return PurchaseAnswer(
        id=purchase.purchase_id,
        shop=context.shops.by_id(purchase.shop_id).code,
        external_id=purchase.external_id,
        status=purchase.status,
        recorded_at=now.astimezone(UTC),
        booked_on=purchase.booked_on,
        currency=currency,
        member=None if member is None else brief(member),
        total=purchase.total,
        payable=purchase.payable,
        points=PurchasePoints(
            used=used,
            earned=earned,
            pending=pending,
            confirms_on=purchase.confirms_on,
            breakdown=net_breakdown(decision, purchase.status, earned + pending, language, currency, names)
            if decision.awards
            else (),
            not_applied=not_applied(decision.not_applied, language, currency, names, base)
            if decision.not_applied
            else (),
        ),
        coupons=coupons_answer(decision, issued, language) if decision.coupons or issued else NOTHING_USED,
        balance=after,
        receipt=words.receipt_lines(
            earned,
            pending,
            used,
            after.available if after else None,
            language,
            None if journal is None else journal.next_ending(),
        ),
        warnings=(*notices(decision.warnings, language, currency), *warnings),
        tiers=tiers or UNSET,
        offers=offers_answer(
            context, decision.offers, {share.line: share.tax_rate for share in decision.lines}, language
        )
        if decision.offers
        else UNSET,
    )
