"""Words for coupons: why one cannot be used, in Japanese and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goen.earning.campaigns import words as campaigns

REASONS: dict[str, tuple[str, str]] = {
    **campaigns.REASONS,
    "unknown_coupon": ("このコードのクーポンはありません", "There is no coupon of this code"),
    "named_twice": ("同じクーポンが2回指定されています", "It is named twice"),
    "stopped": ("このクーポンの配布・利用は終了しました", "It has been stopped"),
    "void": ("このクーポンは無効です", "It is void"),
    "not_yet": ("まだご利用期間前です", "It may not be used yet"),
    "expired": ("有効期限が過ぎています", "It is over"),
    "needs_member": ("会員の方だけがご利用いただけます", "For members only"),
    "not_this_member": ("ほかの会員の方のクーポンです", "It is another member's"),
    "not_with_coupons": ("ほかのクーポンとは併用できません", "Not together with another coupon"),
    "nothing_to_reduce": ("割り引く金額がありません", "There is nothing that it could take off"),
    "used": ("このクーポンはすでに使用されています", "It has been used"),
    "used_up": ("ご利用の総数が上限に達しました", "All of them have been used"),
    "member_limit": ("おひとり様のご利用回数の上限に達しました", "This member has used it as often as allowed"),
}


def reason_text(code: str, reason: str, values: Mapping[str, Any], language: str) -> str:
    """Why a coupon cannot be used, as a sentence."""
    english = language == "en"
    text = REASONS.get(reason, (reason, reason))[english]
    numbers = {name: f"{value:,}" if isinstance(value, int) else value for name, value in values.items()}
    for name in ("missing", "up_to"):
        if name in numbers:
            numbers[name] = f"{numbers[name]} yen" if english else f"{numbers[name]}円"
    return f"Coupon {code}: {text.format_map(numbers)}" if english else f"クーポン {code}: {text.format_map(numbers)}"
