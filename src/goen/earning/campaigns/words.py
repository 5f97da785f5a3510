"""Words for campaigns: why one gave nothing, and how its points came about; Japanese and English."""

from __future__ import annotations

from collections.abc import Mapping

from goen.earning.decision import Arithmetic, Award

#: Reasons of a :class:`~goen.earning.decision.Miss`; what stands in braces comes from its values.
REASONS: dict[str, tuple[str, str]] = {
    "not_a_web_shop": ("オンラインストアでのお買い上げが対象です", "For web shops only"),
    "not_a_store": ("店舗でのお買い上げが対象です", "For stores only"),
    "not_this_shop": ("この店舗は対象外です", "Not at this shop"),
    "not_this_region": ("この地域の店舗は対象外です", "Not in this region"),
    "not_this_day": ("本日は対象日ではありません", "Not on this day"),
    "not_this_hour": ("対象の時間帯ではありません", "Not at this hour"),
    "no_matching_goods": ("対象の商品がありません", "None of the goods count"),
    "below_amount": ("あと{missing}のお買い上げで対象になります", "{missing} more is needed"),
    "above_amount": ("{up_to} までのお買い上げが対象です", "For purchases up to {up_to}"),
    "below_quantity": ("対象の商品があと{pieces}点必要です", "{pieces} more of the goods are needed"),
    "next_step": ("あと{missing}でさらに{points}ポイント進呈", "{missing} more would give {points} points more"),
    "other_tender": ("お支払方法が対象外です", "Not for this means of payment"),
    "with_coupon": ("クーポンとは併用できません", "Not together with a coupon"),
    "without_coupon": ("クーポンのご利用が条件です", "Only together with a coupon"),
    "not_this_tier": ("現在の会員ランクは対象外です", "Not for this tier"),
    "not_in_segment": ("対象の会員ではありません", "Not for this member"),
    "no_birth_date": ("生年月日が登録されていません", "No date of birth is known"),
    "not_birth_month": ("対象の誕生月ではありません", "Not in the month of birth"),
    "not_first_purchase": ("初回のお買い上げが対象です", "For the first purchase only"),
    "not_nth_purchase": ("今回（{nth}回目）のお買い上げは対象外です", "Not for purchase number {nth}"),
    "no_earlier_purchase": ("これまでのお買い上げがありません", "There is no earlier purchase"),
    "too_soon": ("前回のお買い上げから {days} 日のため対象外です", "Only {days} days since the last purchase"),
    "too_late": (
        "前回のお買い上げから {days} 日経っています",
        "Already {days} days since the last purchase",
    ),
    "signal": ("条件（{signal}）を満たしていません", "{signal} is not as it has to be"),
    "same_group": ("「{winner}」が適用されます", "{winner} applies instead"),
    "exclusive": ("「{winner}」とは併用できません", "Not together with {winner}"),
    "lines_used": ("対象の商品には他の特典が適用されています", "Other campaigns have used up the goods"),
    "campaigns_cap": (
        "1回のお会計での進呈の上限に達しました",
        "The most that campaigns give for one sale is reached",
    ),
    "needs_member": ("会員の方が対象です", "For members only"),
    "nothing_to_reduce": ("割り引く金額がありません", "There is nothing that it could take off"),
    "unknown_offer": ("このキャンペーンは登録されていません", "There is no such campaign"),
    "offer_over": ("このキャンペーンは終了しています", "The campaign is over"),
    "cards_full": ("スタンプカードは{cards}枚まで達成済みです", "All {cards} stamp cards are full"),
    "no_stamp_yet": ("あと{missing}のお買い上げでスタンプ進呈", "{missing} more would give a stamp"),
    "stamps_to_go": (
        "スタンプ {stamps}/{full}。あと{more}個でスタンプがいっぱいになります",
        "{stamps} of {full} stamps; {more} more fill the card",
    ),
    "coupon_over": ("進呈するクーポンの利用期間が終了しています", "The coupon that it gives is over"),
    "limit_reached": ("進呈の上限に達しました", "The limit of the campaign is reached"),
}


def stamps_text(award: Award, english: bool, names: Mapping[str, str]) -> str:
    """The stamps of a sale, and what the cards that they fill give."""
    cards = len(award.cards)
    stamps = f"{award.stamps:,} stamp" + "s" * (award.stamps > 1) if english else f"スタンプ{award.stamps:,}個"
    if not cards:
        return stamps
    given = []
    if award.arithmetic.fixed:
        given.append(f"{award.points:,} points" if english else f"{award.points:,}ポイント")
    if award.coupon is not None:
        coupon = names.get(f"coupon:{award.coupon}", award.coupon)
        given.append(f"a coupon ({coupon})" if english else f"クーポン「{coupon}」を進呈")
    if award.gift is not None:
        given.append(award.gift if english else f"「{award.gift}」を進呈")
    times = f" × {cards}" if cards > 1 and not award.arithmetic.fixed else ""
    if english:
        return f"{stamps}; {cards} full card{'s' * (cards > 1)}" + (f" = {', '.join(given)}{times}" if given else "")
    return f"{stamps}、カード{cards}枚達成" + (f" → {'、'.join(given)}{times}" if given else "")


def arithmetic_text(shown: Arithmetic, english: bool) -> str | None:
    """How fixed points came about, where neither a rate nor an amount of money tells it; else None."""
    if shown.threshold is not None and shown.of == "quantity":
        return f"from {shown.threshold:,} pieces" if english else f"{shown.threshold:,}点以上"
    if shown.unit_amount is not None and shown.of == "quantity":
        pieces, points = f"{shown.unit_amount:,}", shown.unit_points
        return f"{points} points per {pieces} pieces" if english else f"{pieces}点につき{points}ポイント"
    if shown.fixed is None:
        return None
    points = f"{shown.fixed:,}"
    if shown.of == "card":
        return f"{points} points per full card" if english else f"カード1枚達成につき{points}ポイント"
    if shown.of == "sale":
        return f"{points} points per purchase" if english else f"1回のお買い上げにつき{points}ポイント"
    of = ("line" if shown.of == "line" else "piece") if english else ("対象1商品" if shown.of == "line" else "対象1点")
    return (
        f"{points} points for each {of} × {shown.times}" if english else f"{of}につき{points}ポイント × {shown.times}"
    )
