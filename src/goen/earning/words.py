"""Decisions in words, for staff and members, in Japanese and English.

Decisions hold codes and numbers; sentences are made here, at the edge, so that a wording can improve
without touching what is stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Literal

from babel.numbers import format_currency, get_currency_precision

from goen.earning.campaigns import words as campaigns
from goen.earning.checks import Problem
from goen.earning.decision import Arithmetic, Award, Miss, Notice
from goen.earning.programme import Base

Language = Literal["ja", "en"]
#: Names that people gave to codes: ``{"tier:gold": "ゴールド"}``. Codes without one show as they are.
Names = Mapping[str, str]

_RULES: dict[str, tuple[str, str]] = {
    "base": ("通常ポイント", "Standard points"),
    "category": ("「{name}」のポイント", "Points for {name}"),
    "tier": ("「{name}」会員特典", "{name} member points"),
    "brand": ("「{name}」カード特典", "{name} card points"),
    "tender": ("{name}でのお支払い特典", "Points for paying by {name}"),
    "shop": ("店舗特典（{name}）", "Shop points ({name})"),
    "threshold": ("お買い上げ特典（{name}）", "Purchase bonus ({name})"),
    "campaign": ("キャンペーン（{name}）", "Campaign {name}"),
    "coupon": ("クーポン（{name}）", "Coupon {name}"),
}
_TENDERS: dict[str, tuple[str, str]] = {
    "cash": ("現金", "cash"),
    "card": ("カード", "card"),
    "emoney": ("電子マネー", "e-money"),
    "qr": ("QRコード決済", "QR payment"),
    "voucher": ("商品券", "voucher"),
    "other": ("その他の方法", "other means"),
}
_REASONS: dict[str, tuple[str, str]] = {
    "below_unit": ("対象金額 {base} では1ポイントに届きません", "{base} is not enough for a point"),
    "below_unit_missing": ("あと {missing} でポイントが付きます", "{missing} more would give points"),
    "nothing_eligible": ("ポイントの対象になる金額がありません", "Nothing here earns points"),
    "precedence": ("「{winner}」が優先されます", "{winner} takes precedence"),
    "smaller_rate": ("「{winner}」の方が多く付きます", "{winner} gives more"),
    "mixed_tenders": ("複数の支払方法を併用したため対象外です", "Several means of payment were mixed"),
    "below_threshold": ("あと {missing} で {points} ポイント進呈", "{missing} more would give {points} points"),
}
_REASONS |= campaigns.REASONS
_NOTICES: dict[str, tuple[str, str]] = {
    "total_differs": (
        "合計 {total} は明細からの計算 {computed} と異なるため、差額を明細に配分しました",
        "The total {total} differs from the lines' {computed}; the difference was spread over the lines",
    ),
    "use_limit": (
        "ポイント利用の条件（{min}ポイントから{unit}ポイント単位、上限{max}ポイント）を超えています",
        "Points were used outside their limits (from {min}, in steps of {unit}, up to {max})",
    ),
    "used_by_guest": (
        "会員が特定できないままポイント {points} が利用されています",
        "{points} points were used without a member",
    ),
}
_PROBLEMS: dict[str, tuple[str, str]] = {
    "no_activity": (
        "期限を延長する行動を1つ以上指定してください",
        "Name at least one activity that moves the date",
    ),
    "one_birthday": (
        "有効なお誕生日特典が他にもあります（{others}）。1人が受け取れるのは年1回で、先に該当した特典だけです",
        "Other birthday rules are live ({others}); a person has one birthday a year and gets the one that comes first",
    ),
    "never_expires": (
        "ポイントが失効しないため、未使用分の負債が残り続けます",
        "Points never expire, so the liability for unused points stays",
    ),
    "not_a_percentage": (
        "0〜100の数値（小数点以下4桁まで）で指定してください",
        "Must be between 0 and 100 with at most 4 decimal places",
    ),
    "not_a_multiplier": (
        "0〜999の倍率（小数点以下4桁まで）で指定してください",
        "Must be between 0 and 999 with at most 4 decimal places",
    ),
    "replace_adds": (
        "すべて加算する設定（combine = add）のため、replace は add として扱われます",
        "All rates add up (combine = add), so replace counts as add",
    ),
    "not_all_sources": (
        "brand・tender・tier・shop をそれぞれ1回ずつ並べてください",
        "List brand, tender, tier and shop, each once",
    ),
    "multiplier_or_percent": (
        "multiplier か percent のどちらか一方を指定してください",
        "Give either multiplier or percent",
    ),
    "multiply_needs_multiplier": ("multiply には multiplier を指定してください", "multiply needs a multiplier"),
    "odds_of_instant": (
        "当選確率は、その場で当たる抽選（instant）の賞品にだけ、必ず指定してください",
        "Prizes of an instant draw have odds, and only they",
    ),
    "not_odds": (
        "0より大きく100以下の数値（小数点以下6桁まで）で指定してください",
        "Must be above 0 and at most 100 with at most 6 decimal places",
    ),
    "odds_above_all": ("当選確率の合計が100%を超えています", "The odds add up to more than 100%"),
    "value_missing": ("賞品の価額（円）を指定してください", "Say what the prize is worth, in yen"),
    "prize_above_cap": (
        "賞品の価額が一般懸賞の限度額（{most}円）を超えています",
        "The prize is worth more than the law allows here ({most} yen)",
    ),
    "expected_sales_missing": (
        "賞品総額の限度（売上予定総額の2%）を確認するため、売上予定総額を指定してください",
        "Say the expected sales: all prizes together may be worth 2% of them",
    ),
    "prizes_above_cap": (
        "賞品の総額が限度額（売上予定総額の2%、{most}円）を超えています",
        "All prizes together are worth more than 2% of the expected sales ({most} yen)",
    ),
    "gives_nothing": ("1倍以下ではポイントが増えません", "A multiplier of 1 or less gives nothing more"),
    "ends_before_start": ("終了が開始より前です", "Ends before it starts"),
    "one_of_two": ("expires_on と days はどちらか一方だけ指定できます", "Give expires_on or days, not both"),
    "only_limited_ends": (
        "有効期限を指定できるのは期間限定ポイント（limited）だけです",
        "Only limited-time points have a date of their own",
    ),
    "expires_during": ("キャンペーン終了前にポイントが失効します", "Points expire before the campaign ends"),
    "same_limit_twice": ("同じ種類・範囲の上限が重複しています", "The same limit is there twice"),
    "scopes_contradict": ("上限の範囲の指定が矛盾しています", "The limit's scopes contradict one another"),
    "no_day_zero": ("0日・第0曜日はありません", "There is no day or weekday number 0"),
    "says_nothing": ("条件が空です", "Names nothing"),
    "values_or_bounds": ("is か at_least・at_most のどちらかを指定してください", "Give is, or at_least and at_most"),
    "unknown_tier": ("会員ランク {tier} は登録されていません", "The programme has no tier {tier}"),
    "levels_not_rising": (
        "ランクは到達条件の小さい順に、重複なく並べてください",
        "List the levels by what they ask, each more than the one before",
    ),
    "not_the_first_ladder": (
        "倍率が使われるのは最初のランク制度だけです。ほかはキャンペーンの条件で使えます",
        "Only the first programme of tiers has rates; tiers of others are conditions of campaigns",
    ),
    "tier_twice": ("会員ランク {tier} が重複しています", "Tier {tier} stands on the ladders twice"),
    "keep_above_reach": (
        "維持条件は到達条件以下にしてください",
        "Keeping a tier cannot ask more than reaching it",
    ),
    "nobody_rises": (
        "判定日に昇格する設定では判定日が必要です",
        "Rising on evaluation days needs such days",
    ),
    "nobody_falls": ("判定日がないため、降格は行われません", "Without evaluation days nobody ever falls"),
    "only_daily_waits": (
        "up_after_days は up が daily のときだけ使えます",
        "Only daily rising waits for days",
    ),
    "premium_above_cap": (
        "景品類に当たる場合、限度額（1,000円未満は200円、1,000円以上は取引価額の20%）を超えるおそれがあります",
        "May exceed the cap on premiums (200 yen below 1,000 yen, else 20 % of the sale)",
    ),
    "premium_unknown": (
        "進呈するクーポンの価額の上限が定まらないため、景品類に当たる場合の限度額を超えないかご確認ください",
        "Nothing bounds what the coupon is worth; make sure that it stays below the cap on premiums",
    ),
    "no_such_coupon_kind": (
        "進呈するクーポン（{kind}）が登録されていません",
        "There is no kind of coupon {kind} to give",
    ),
    "coupon_kind_stopped": (
        "進呈するクーポン（{kind}）は配布・利用を終了しています",
        "The kind of coupon {kind} that it gives has been stopped",
    ),
    "one_of_yen_percent": (
        "金額か割引率（percent）のどちらか一方を指定してください",
        "Give either an amount or a percentage",
    ),
    "price_apart": (
        "値引き・送料無料・プレゼント・会員価格は、ポイントなどの進呈とは別のキャンペーンにしてください",
        "What changes the price and what gives points are campaigns of their own",
    ),
    "hidden_sale_apart": (
        "会員限定販売は、ほかの特典や上限のない単独のキャンペーンにしてください",
        "A hidden sale is a campaign of its own, with no other effects and no limits",
    ),
    "hidden_sale_of_what": (
        "会員限定販売の対象商品（products）を指定してください",
        "Say which goods the hidden sale is of",
    ),
    "hidden_sale_asks_who": (
        "会員限定販売では、購入金額・点数・お支払方法・クーポンの条件は使えません",
        "A hidden sale asks who buys, where and when, not how much or how it is paid",
    ),
    "price_has_no_points": (
        "価格を変えるキャンペーンの上限は、回数（uses）か金額（yen）で指定してください",
        "What changes the price is limited by uses or yen",
    ),
    "one_reward": (
        "points・coupon・gift のどれか1つを指定してください",
        "Give one of points, coupon and gift",
    ),
    "one_stamp_card": (
        "スタンプカードは1つのキャンペーンに1枚です。クーポンの特典（coupon）とクーポン進呈のスタンプは併用できません",
        "A campaign has one stamp card, and gives coupons either for it or for sales",
    ),
    "stamps_never_end": (
        "スタンプの有効期限（days）もキャンペーンの終了日もないため、スタンプが失効しません",
        "Stamps never end, because neither days nor an end of the campaign is given",
    ),
    "coupon_kind_over": (
        "進呈するクーポン（{kind}）の利用期間が終了しています",
        "The kind of coupon {kind} that it gives is over",
    ),
    "coupon_kind_ends_during": (
        "キャンペーン終了前に、進呈するクーポン（{kind}）の利用期間が終了します",
        "The kind of coupon {kind} that it gives ends before the campaign does",
    ),
    "unbounded": (
        "付与ポイントの総額に上限がありません",
        "Nothing bounds what it may cost in all",
    ),
    "same_code_twice": ("同じコードが重複しています", "The same code is there twice"),
    "not_a_value": (
        "0より大きい数値（小数点以下6桁まで）で指定してください",
        "Must be above 0 with at most 6 decimal places",
    ),
    "not_whole_money": (
        "{points}ポイントの倍数にしないと1円未満の端数が出ます",
        "Must be a multiple of {points}, or points would be worth fractions of a yen",
    ),
    "below_minimum": ("最低利用ポイント {min} を下回っています", "Is below the {min} points that use needs"),
    "notice_after_start": ("周知の開始日が適用開始日より後です", "Members would be told only after the terms hold"),
    "notice_short": (
        "会員に不利益となる変更ですが、周知期間が{days}日間しかありません（{wanted}日前までの周知をお約束しています）",
        "The terms take something from members, with {days} days of notice; {wanted} are promised",
    ),
    "tax_deferral": (
        "{min}ポイントからしか使えない場合、法人税でポイント分の収益を繰り延べられないおそれがあります"
        "（通達2-1-1-7は1ポイントから使えることを求めています）",
        "Points usable only from {min} may cost the deferral of income for corporate tax "
        "(circular 2-1-1-7 asks that even one point gives a discount)",
    ),
}
_MONEY_VALUES = frozenset({"base", "missing", "total", "computed", "up_to"})
#: Of these, what a miss tells is money of the earning base.
_OF_BASE = frozenset({"base", "missing", "up_to"})


def money_text(amount: int, currency: str, language: Language) -> str:
    """An amount in minor units as people write it: ``1,000円``, ``1,000 yen``, ``£10.00``."""
    if currency == "JPY":
        return f"{amount:,}円" if language == "ja" else f"{amount:,} yen"
    scale = get_currency_precision(currency)
    return str(format_currency(Decimal(amount).scaleb(-scale), currency, locale=language))


def points_text(points: int, language: Language) -> str:
    """``8ポイント`` or ``8 points``."""
    if language == "ja":
        return f"{points:,}ポイント"
    return f"{points:,} point" + ("" if abs(points) == 1 else "s")


def rule_name(rule: str, language: Language, names: Names = {}) -> str:  # noqa: B006 - never changed
    """A rule's code as a name: ``tier:gold`` becomes ``「ゴールド」会員特典``."""
    source, _, code = rule.partition(":")
    if source not in _RULES:
        return names.get(rule, rule)
    name = names.get(rule) or (_pick(_TENDERS[code], language) if source == "tender" else code)
    return _pick(_RULES[source], language).format(name=name)


def award_text(award: Award, language: Language, currency: str = "JPY", names: Names = {}) -> str:  # noqa: B006
    """One line of the breakdown with its arithmetic: what rule, on what amount, gave how much."""
    name = rule_name(award.rule, language, names)
    if award.category is not None and award.rule != f"category:{award.category}":
        name += f"（{award.category}）" if language == "ja" else f" ({award.category})"
    if award.stamps:
        return f"{name}: {campaigns.stamps_text(award, language == 'en', names)}" + _limited(award, language)
    if award.coupon is not None:
        coupon = names.get(f"coupon:{award.coupon}", award.coupon)
        return f"{name}: クーポン「{coupon}」を進呈" if language == "ja" else f"{name}: a coupon ({coupon})"
    base, points = money_text(award.base, currency, language), points_text(award.points, language)
    rate = rate_text(award.arithmetic, language, currency)
    text = f"{name}: {base}、{rate} → {points}" if language == "ja" else f"{name}: {rate} on {base} = {points}"
    return text + _limited(award, language)


def _limited(award: Award, language: Language) -> str:
    if (award.granted is not None and award.granted <= award.points) or award.cap is not None:
        return "（上限適用）" if language == "ja" else " (limited)"
    return ""


def offer_text(name: str, amount: int, gifts: Sequence[str], language: Language, currency: str = "JPY") -> str:
    """What a campaign takes off or gives, as a line of a receipt."""
    off = money_text(amount, currency, language)
    parts = [f"{off}引き" if language == "ja" else f"{off} off"] if amount else []
    parts += [f"「{gift}」を進呈" if language == "ja" else gift for gift in gifts]
    return f"{name}: {'、'.join(parts)}" if language == "ja" else f"{name}: {', '.join(parts)}"


def rate_text(arithmetic: Arithmetic, language: Language, currency: str = "JPY") -> str:
    """``100円につき1ポイント``, ``1.5%``, ``5,000円以上``."""
    japanese = language == "ja"
    if (told := campaigns.arithmetic_text(arithmetic, not japanese)) is not None:
        return told
    if arithmetic.threshold is not None:
        amount = money_text(arithmetic.threshold, currency, language)
        return f"{amount}以上" if japanese else f"from {amount}"
    if arithmetic.percent is not None:
        return f"{arithmetic.percent}%"
    assert arithmetic.unit_amount is not None
    unit, points = money_text(arithmetic.unit_amount, currency, language), arithmetic.unit_points
    if japanese:
        return f"{unit}につき{points}ポイント"
    return f"{points} point{'' if points == '1' else 's'} per {unit}"


def miss_text(
    miss: Miss,
    language: Language,
    currency: str = "JPY",
    names: Names = {},  # noqa: B006 - never changed
    base: Base = "tax_included",
) -> str:
    """Why a rule gave nothing. ``base`` is the programme's: where it is without tax, so is the money told here."""
    values = _shown(miss.values, currency, language)
    if base == "tax_excluded":
        without_tax = "（税抜）" if language == "ja" else " (before tax)"
        values |= {name: values[name] + without_tax for name in _OF_BASE & values.keys()}
    if "winner" in miss.values:
        values["winner"] = rule_name(str(miss.values["winner"]), language, names)
    text = _pick(_REASONS.get(miss.reason, (miss.reason, miss.reason)), language).format(**values)
    if miss.reason == "below_unit" and miss.values.get("missing"):
        more = _pick(_REASONS["below_unit_missing"], language).format(**values)
        text += f"。{more}" if language == "ja" else f"; {more}"
    return f"{rule_name(miss.rule, language, names)}: {text}"


def notice_text(notice: Notice, language: Language, currency: str = "JPY") -> str:
    """A warning of a decision as a sentence."""
    words = _NOTICES.get(notice.code, (notice.code, notice.code))
    return _pick(words, language).format(**_shown(notice.values, currency, language))


def problem_text(problem: Problem, language: Language) -> str:
    """A problem of a programme as a sentence; the caller shows its field and level."""
    return _pick(_PROBLEMS[problem.code], language).format(**problem.values)


def receipt_lines(
    earned: int,
    pending: int,
    used: int,
    available: int | None,
    language: Language,
    ending: tuple[date, int] | None = None,
) -> list[str]:
    """What a till prints below the sale; ``available`` is the balance after it, None for a guest. ``ending``: the last
    day of the points that end next, and how many they are (rule 18)."""
    if available is None:
        return []
    japanese = language == "ja"
    lines = []
    if used:
        lines.append(f"ご利用ポイント {used:,}P" if japanese else f"Points used {used:,}P")
    if pending:
        lines.append(f"仮ポイント {pending:,}P" if japanese else f"Points pending {pending:,}P")
    else:
        lines.append(f"今回ポイント {earned:,}P" if japanese else f"Points earned {earned:,}P")
    lines.append(f"累計ポイント {available:,}P" if japanese else f"Points balance {available:,}P")
    if ending is not None:
        day, points = ending
        lines.append(
            f"有効期限 {day.month}/{day.day} {points:,}P"
            if japanese
            else f"Valid through {day.day} {_MONTHS[day.month - 1]} {points:,}P"
        )
    return lines


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _pick(words: tuple[str, str], language: Language) -> str:
    return words[0] if language == "ja" else words[1]


def _shown(values: Mapping[str, int | str], currency: str, language: Language) -> dict[str, str]:
    return {
        key: money_text(value, currency, language)
        if key in _MONEY_VALUES and isinstance(value, int)
        else f"{value:,}"
        if isinstance(value, int)
        else value
        for key, value in values.items()
    }
