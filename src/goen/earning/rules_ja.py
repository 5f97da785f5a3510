"""The rules for members in Japanese; see :mod:`goen.earning.rules_text`."""

from __future__ import annotations

from datetime import date

from goen.earning.evaluate import Engine
from goen.earning.expiry import confirms_on, expires_on
from goen.earning.programme import Programme
from goen.earning.rules_example import EXAMPLE_DAY, boosts_of, example, example_points, names_of, number
from goen.earning.words import money_text, points_text, rate_text, rule_name

_CUT = {"floor": "切り捨て", "half_up": "四捨五入し", "ceil": "切り上げ"}
_PLACE = {
    "sale": "1回のお会計の合計金額",
    "rate": "お会計の税率ごとの合計金額",
    "line": "商品（明細）ごとの金額",
    "unit": "商品1点ごとの金額",
}


def sections(engine: Engine) -> dict[str, list[str]]:
    """Headings and the rules below each."""
    programme = engine.programme
    earning, use, returns, currency = programme.earning, programme.use, programme.returns, programme.currency

    def money(amount: int) -> str:
        return money_text(amount, currency, "ja")

    tax = "税抜" if earning.base == "tax_excluded" else "税込"
    rate = rate_text(engine.base_rate.arithmetic, "ja", currency)
    unit = "1ポイント未満" if earning.percent is not None else f"{money(earning.unit_amount)}未満"
    grants = [
        f"お買い上げ金額（{tax}）の{rate}をポイントとして進呈します。"
        if earning.percent is not None
        else f"お買い上げ金額（{tax}）{rate}を進呈します。",
        f"{_PLACE[earning.place]}で計算し、{unit}の端数は{_CUT[earning.rounding]}ます。",
        f"割引がある場合は、割引{'後' if earning.discounts_lower_base else '前'}の金額が対象です。",
        f"クーポンをご利用の場合は、クーポン値引き{'後' if earning.coupons_lower_base else '前'}の金額が対象です。",
        "ポイントでお支払いの分にも、ポイントが付きます。"
        if earning.point_paid == "included"
        else "ポイントでお支払いの分には、ポイントは付きません。",
        "送料にはポイントは付きません。",
    ]
    for category, multiplier in earning.categories.items():
        grants.append(
            f"「{category}」は通常の{number(multiplier)}倍です。"
            if multiplier
            else f"「{category}」はポイントの対象外です。"
        )
    names = names_of(programme)
    boosts = boosts_of(programme)
    for rule, multiplier, mode in boosts:
        name, times = rule_name(rule, "ja", names), number(multiplier)
        grants.append(
            f"{name}: 通常ポイントの{times}倍を上乗せします。"
            if mode == "add"
            else f"{name}: 通常の{times}倍のポイントになります。"
        )
    if len({rule.partition(":")[0] for rule, _, _ in boosts}) > 1:
        grants.append(
            {
                "add": "複数の特典に当てはまる場合は、すべて加算します。",
                "max": "複数の特典に当てはまる場合は、最も多くポイントが付くものだけを適用します。",
                "precedence": "複数の特典に当てはまる場合は、上に記載したものを優先し、1つだけ適用します。",
            }[earning.combine]
        )
    grants += [
        f"1回のお買い上げの対象金額が{money(threshold.amount)}以上で、"
        f"{points_text(threshold.points, 'ja')}を進呈します。"
        for threshold in earning.thresholds
    ]
    plain = example(engine)
    first, second = (money(line.net) for line in plain.lines)
    goods = f"税込{first}（税率10%）と税込{second}（税率8%）の商品"
    grants.append(f"計算例: {goods}をお買い上げの場合、{points_text(plain.earned, 'ja')}が付きます。")
    grants += [
        f"計算例: 同じお買い上げで「{names[f'tier:{code}']}」会員の方は、"
        f"{points_text(example(engine, code).earned, 'ja')}が付きます。"
        for code, tier in programme.tiers.items()
        if tier.multiplier is not None
    ]
    value = engine.value
    uses = [
        f"{points_text(value.points, 'ja')}＝{money(value.money)}としてお支払いにご利用いただけます。",
        f"{points_text(use.min, 'ja')}から、{points_text(use.unit, 'ja')}単位でご利用いただけます。",
    ]
    if use.max is not None:
        uses.append(f"1回のお会計でのご利用は{points_text(use.max, 'ja')}までです。")
    if use.max_percent is not None:
        uses.append(f"1回のお会計でのご利用は、お会計金額の{use.max_percent}%までです。")
    if use.excluded_categories:
        listed = "、".join(f"「{category}」" for category in use.excluded_categories)
        uses.append(f"{listed}のお支払いにはご利用いただけません。")
    uses.append(
        "商品代金を超える分は、送料のお支払いにもご利用いただけます。"
        if use.postage
        else "送料のお支払いにはご利用いただけません。"
    )
    if points := example_points(engine):
        paid = example(engine, use_points=points)
        uses.append(
            f"計算例: {goods}のお会計（{money(paid.total)}）で{points_text(points, 'ja')}をご利用の場合、"
            f"お支払いは{money(paid.payable)}、付くポイントは{points_text(paid.earned, 'ja')}です。"
        )
    shortage = {
        "debt": "返品時にポイントが不足する場合は、不足分をマイナスとし、次回以降に付くポイントから差し引きます。"
        "マイナスの間は、ポイントをご利用いただけません。",
        "money": "返品時にポイントが不足する場合は、不足分を返金額から差し引きます。",
        "refuse": "返品時にポイントが不足する場合は、店舗スタッフが対応を確認いたします。",
    }[returns.shortage]
    backs = [
        "返品された商品の分のポイントは取り消します。",
        "一部を返品される場合は、先に代金をお返しし、残りをポイントでお返しします。"
        if returns.partial == "points_last"
        else "一部を返品される場合は、お支払い時の割合に応じて代金とポイントをお返しします。",
        "ご利用になったポイントは、元の有効期限のままお返しします。"
        + (
            "すでに期限を過ぎたポイントはお返しできません。"
            if returns.expired_used == "lost"
            else f"すでに期限を過ぎたポイントは、返品日から{returns.grace_days}日間ご利用いただけます。"
        ),
        shortage,
    ]
    if earning.thresholds:
        backs.append(
            "返品後の金額が進呈の条件を下回った場合は、お買い上げ特典のポイントも取り消します。"
            if returns.thresholds == "take_back"
            else "一部の返品では、お買い上げ特典のポイントは取り消しません。"
        )
    wait = programme.provisional_days
    web = "オンラインショップのポイントは、ご注文時は仮ポイントとなり、"
    web += "お支払いと発送の完了時に確定します。" if wait == 0 else f"お支払いと発送の完了から{wait}日後に確定します。"
    if wait:
        web += f"（例: {_date(EXAMPLE_DAY)}に完了した場合、{_date(confirms_on(programme, EXAMPLE_DAY))}の0時）"
    claim = (
        f"会員証のご提示を忘れた場合は、お買い上げ日から{programme.claim_window_days}日以内に限り、"
        "レシート1枚につき1回、ポイントをお付けします。"
    )
    return {
        "ポイントの付与": grants,
        "ポイントの利用": uses,
        "有効期限": _expiry(programme),
        "返品・取り消し": backs,
        "その他": [web, claim],
    }


def _expiry(programme: Programme) -> list[str]:
    expiry = programme.expiry
    acts = "または".join(
        {"earn": "ポイントの獲得", "purchase": "お買い物", "use": "ポイントの利用"}[a] for a in expiry.activity
    )
    ahead = f"{expiry.months}か月後"
    sentence = {
        "days": f"ポイントは、付与日から{expiry.days}日後まで有効です。",
        "months": f"ポイントは、付与日から{ahead}の同じ日まで有効です。",
        "month_end": f"ポイントは、付与月の{ahead}の月末まで有効です。",
        "fiscal_year": f"{expiry.year_start_month}月から始まる1年間に付いたポイントは、"
        + (f"その年度末から{expiry.years}年後まで有効です。" if expiry.years else "その年度末まで有効です。"),
        "sliding": f"{acts}のたびに、お持ちの通常ポイントすべての有効期限が"
        + (f"{ahead}の同じ日" if expiry.slide_to == "same_day" else f"{ahead}の月の前月末")
        + "まで延長されます。",
        "none": "通常ポイントに有効期限はありません。",
    }[expiry.mode]
    last = expires_on(programme, EXAMPLE_DAY)
    rules = [sentence]
    if last is not None:
        rules.append(f"例: {_date(EXAMPLE_DAY)}に付いたポイントは、{_date(last)}の23時59分59秒まで有効です。")
    return [*rules, "期間限定ポイントは、それぞれに定めた期限まで有効で、通常ポイントより先に使われます。"]


def _date(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
