"""What a draw promises, in words that are published with it."""

from __future__ import annotations

from goen.earning.draws.model import ByDay, ByPurchase, Prize, PrizeDraw


def odds_text(draw: PrizeDraw, prize: Prize, language: str) -> str:
    """The chance of a prize: ``当選確率 0.5%（なくなり次第終了、10名様分）``."""
    name, count = prize.named(language), f"{prize.count:,}"
    if draw.method == "end":
        if language == "en":
            return f"{name}: {count} winners, drawn when entries are closed"
        return f"{name}: 応募期間終了後、抽選で{count}名様"
    assert prize.odds is not None, "an instant draw has odds"
    odds = f"{prize.odds.normalize():f}"
    if language == "en":
        return f"{name}: {odds}% per ticket, while the {count} there are last"
    return f"{name}: 当選確率{odds}%（{count}名様分、なくなり次第終了）"


def entrance_text(draw: PrizeDraw, language: str) -> str:
    """How one enters: ``税込5,000円のお買い上げごとに1口``."""
    match draw.entrance:
        case ByPurchase(every=every):
            ja, en = f"お買い上げ{every:,}円（税込）ごとに1口", f"one ticket for every {every:,} yen of a purchase"
        case ByDay():
            ja, en = "お一人様1日1口（お買い物は不要です）", "one ticket a day; no purchase needed"
        case paid:
            ja, en = f"{paid.points:,}ポイントで1口", f"one ticket for {paid.points:,} points"
    return en if language == "en" else ja


def result_text(draw: PrizeDraw, prize: Prize | None, language: str) -> str:
    """What becomes of a ticket, for the member."""
    if prize is not None:
        won = prize.named(language)
        return f"You have won: {won}" if language == "en" else f"当選: {won}"
    if draw.method == "end":
        return "You are in the draw" if language == "en" else "応募を受け付けました"
    return "No prize this time" if language == "en" else "残念ながらはずれです"
