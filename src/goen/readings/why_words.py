"""The sentences of a balance's explanation, in Japanese and English."""

from __future__ import annotations

from datetime import date, datetime

from goen.earning.words import points_text
from goen.readings.entries import BONUSES, Language
from goen.readings.lots import OpenLot

_AMOUNTS: dict[str, tuple[str, str]] = {
    "booked": ("帳簿上の残高: {points}", "Booked balance: {points}"),
    "lapsed": ("有効期限切れ（まもなく失効処理されます）: {points}", "Past their last day, soon booked out: {points}"),
    "available": ("ご利用いただけるポイント: {points}", "Points that may be used: {points}"),
    "pending": ("仮ポイントの合計（まだご利用いただけません）: {points}", "Pending in all, not usable yet: {points}"),
}
#: Where the points of a lot came from, if not from a sale.
_SOURCES: dict[str, tuple[str, str]] = {
    "adjustment": ("ポイント調整", "adjustment"),
    "grace": ("返品で戻ったポイント（期限延長分）", "points given back with days of grace"),
    "offline": ("戻ったポイント", "points given back"),
} | BONUSES


def day(when: date, language: Language) -> str:
    """``2026年11月22日`` or ``22 November 2026``."""
    if language == "ja":
        return f"{when.year}年{when.month}月{when.day}日"
    return f"{when.day} {when:%B} {when.year}"


def amount(name: str, points: int, language: Language) -> str:
    """A sum: ``booked``, ``lapsed``, ``available`` or ``pending``."""
    return _AMOUNTS[name][language == "en"].format(points=points_text(points, language))


def lot(lot: OpenLot, used: int, shop: str | None, language: Language) -> str:
    """Where points came from, what became of them, and until when the rest may be used."""
    granted = points_text(lot.points, language)
    source = _source(lot, shop, language)
    if language == "ja":
        gone = [f"{points_text(n, language)}{word}" for n, word in ((used, "利用"), (lot.expired, "失効")) if n]
        until = "有効期限なし" if lot.expires_on is None else f"{day(lot.expires_on, language)}まで有効"
        set_aside = f"、うち{points_text(lot.held, language)}確保中" if lot.held else ""
        spent = f"、{'、'.join(gone)}" if gone else ""
        left = f"残り{points_text(lot.remaining, language)}{set_aside}（{until}）"
        return f"{day(lot.granted_on, language)} {source}: {granted}付与{spent}、{left}"
    gone = [f"{n:,} {word}" for n, word in ((used, "used"), (lot.expired, "expired")) if n]
    until = "no end" if lot.expires_on is None else f"usable through {day(lot.expires_on, language)}"
    set_aside = f", {lot.held:,} of them set aside" if lot.held else ""
    spent = f", {', '.join(gone)}" if gone else ""
    return f"{day(lot.granted_on, language)}, {source}: {granted}{spent}, {lot.remaining:,} left{set_aside} ({until})"


def debt(lot: OpenLot, language: Language) -> str:
    """Points owed, to be filled by the next earnings (rule 28)."""
    owed, since = points_text(-lot.remaining, language), day(lot.granted_on, language)
    if language == "ja":
        return f"{since} 不足分: {owed}（次に付与されるポイントから差し引かれます）"
    return f"{since}, owed: {owed} (taken from the next points earned)"


def hold(points: int, shop: str, until: datetime | None, language: Language) -> str:
    """Points set aside for a checkout or an order."""
    what = points_text(-points, language)
    if language == "ja":
        end = "注文の完了まで" if until is None else f"{day(until, language)} {until:%H:%M}まで"
        return f"{shop}で確保中（{end}）: {what}"
    end = "until the order is complete" if until is None else f"until {day(until, language)}, {until:%H:%M}"
    return f"Set aside at {shop} ({end}): {what}"


def pending(sold_on: date, shop: str, points: int, confirms_on: date | None, language: Language) -> str:
    """Points of a sale that are not confirmed yet."""
    what = points_text(points, language)
    if language == "ja":
        when = "確定日は商品の発送後に決まります" if confirms_on is None else f"{day(confirms_on, language)}に確定"
        return f"{day(sold_on, language)} {shop}でのお買い上げ: 仮ポイント {what}（{when}）"
    when = "confirmed after shipping" if confirms_on is None else f"confirmed on {day(confirms_on, language)}"
    return f"{day(sold_on, language)}, order at {shop}: {what} pending ({when})"


def _source(lot: OpenLot, shop: str | None, language: Language) -> str:
    if shop is not None:
        return f"{shop}でのお買い上げ" if language == "ja" else f"purchase at {shop}"
    rule = (lot.rule or "").partition(":")[0]
    return _SOURCES.get(rule, ("ポイント付与", "points granted"))[language == "en"]
