"""The rules for members in Japanese; see :mod:`goen.earning.rules_text`."""

from __future__ import annotations

from datetime import date, datetime, time, tzinfo

from goen.earning.campaigns.model import Campaign
from goen.earning.evaluate import Engine
from goen.earning.expiry import confirms_on, expires_on
from goen.earning.programme import Programme
from goen.earning.rules_example import EXAMPLE_DAY, boosts_of, example, example_points, names_of, number
from goen.earning.tiers.model import Ladder
from goen.earning.words import Names, money_text, points_text, rate_text, rule_name

_CUT = {"floor": "切り捨て", "half_up": "四捨五入し", "ceil": "切り上げ"}
_PLACE = {
    "sale": "1回のお会計の合計金額",
    "rate": "お会計の税率ごとの合計金額",
    "line": "商品（明細）ごとの金額",
    "unit": "商品1点ごとの金額",
}


def sections(engine: Engine) -> list[tuple[str, list[str]]]:
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
    if earning.brands or earning.tenders:
        grants.append("お支払い方法による特典は、お支払いの全額がその方法の場合に限ります。")
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
    together = programme.campaigns
    if together.max_points is not None or together.max_percent is not None:
        caps = [] if together.max_points is None else [points_text(together.max_points, "ja")]
        caps += [] if together.max_percent is None else [f"対象金額の{together.max_percent}%相当"]
        grants.append(f"キャンペーンで付くポイントは、1回のお会計につき合計で{'または'.join(caps)}までです。")
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
    uses.append(
        f"店頭で1日に{points_text(programme.unproven_spend_per_day, 'ja')}を超えてご利用の際は、"
        "ご本人の確認をいたします。"
        if programme.unproven_spend_per_day
        else "店頭でのご利用の際は、ご本人の確認をいたします。"
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
    joining = programme.joining
    others = [
        web,
        claim,
        f"仮登録の会員の方は、{joining.register_within_days}日以内に本登録をお願いします。期日までにご登録がない場合、"
        "ポイントは失効します。"
        + (
            "本登録前でもポイントをご利用いただけます。"
            if joining.provisional_spend
            else "ポイントのご利用は本登録後からです。"
        ),
    ]
    if joining.card_claims_per_member and joining.card_claim_max:
        others.append(
            f"以前の紙のカードのポイントは、1枚につき{points_text(joining.card_claim_max, 'ja')}、"
            f"お一人{joining.card_claims_per_member}枚まで移行できます。"
        )
    if notice := programme.terms.notice_days:
        others.append(f"会員規約を会員の方に不利益となる内容へ変更する場合は、{notice}日前までにお知らせします。")
    ladders = programme.tier_programmes.items()
    return [
        ("ポイントの付与", grants),
        ("ポイントの利用", uses),
        ("有効期限", _expiry(programme)),
        *(
            (
                "会員ランク" if len(ladders) == 1 else f"会員ランク（{ladder.name or code}）",
                _ladder(programme, ladder, names),
            )
            for code, ladder in ladders
        ),
        ("返品・取り消し", backs),
        ("その他", others),
    ]


def _ladder(programme: Programme, ladder: Ladder, names: Names) -> list[str]:
    window, currency = ladder.window, programme.currency
    over = {
        "rolling": f"直近{window.days}日間" if window.days else f"直近{window.months}か月間",
        "year": "毎年1月から12月まで"
        if window.first_month == 1
        else f"毎年{window.first_month}月から翌年{window.first_month - 1}月まで",
        "lifetime": "ご入会以来",
    }[window.kind]
    tax = "税抜" if ladder.tax == "excluded" else "税込"
    what = {"amount": f"お買い上げ金額（{tax}）の合計", "count": "お買い上げの回数", "points": "獲得ポイントの合計"}

    def much(reach: int) -> str:
        units = {"amount": money_text(reach, currency, "ja"), "count": f"{reach:,}回", "points": f"{reach:,}ポイント"}
        return units[ladder.measure]

    def name(tier: str | None) -> str:
        return f"「{names.get(f'tier:{tier}', tier)}」" if tier else "ランクなし"

    less = (
        "送料を除き、割引・クーポンと返品の分を差し引きます。" if ladder.measure == "amount" else "返品の分は除きます。"
    )
    rules = [f"{over}の{what[ladder.measure]}で決まります。{less}"]
    for level in ladder.levels:
        keep = "" if level.keep is None else f"（維持は{much(level.keep)}以上）"
        rules.append(f"{name(level.tier)}: {much(level.reach)}以上{keep}")
    rules.append(
        {
            "at_once": "条件を満たしたお買い上げの時点で昇格します。",
            "daily": f"お買い上げから{ladder.up_after_days}日が過ぎた分を毎日集計し、条件を満たすと昇格します。"
            if ladder.up_after_days
            else "毎日集計し、条件を満たすと昇格します。",
            "evaluation": "判定日に条件を満たすと昇格します。",
        }[ladder.up]
    )
    if ladder.evaluation_days:
        days = "、".join(_pattern(each) for each in ladder.evaluation_days)
        fall = "1つ下のランクになります。" if ladder.fall == "one_level" else "条件を満たすランクまで下がります。"
        rules.append(f"判定日は{days}です。判定日に条件を満たさない場合は、{fall}")
        if ladder.hold_cycles:
            rules.append(f"獲得したランクは、獲得後{ladder.hold_cycles}回目までの判定日では下がりません。")
    else:
        rules.append("一度獲得したランクは下がりません。")
    rules += [
        f"{name(each.tier)}を一度獲得すると、その後{name(each.tier)}を下回りません。"
        for each in ladder.levels
        if each.for_good
    ]
    rules += [f"{_date(each.first)}から{_date(each.last)}までは、ランクが下がりません。" for each in ladder.pauses]
    top = ladder.levels[-1]
    if top.reach:
        short = name(ladder.tier(ladder.reached(top.reach - 1)))
        rules.append(
            f"例: {what[ladder.measure]}が{much(top.reach)}の方は{name(ladder.tier(ladder.reached(top.reach)))}、"
            f"{much(top.reach - 1)}の方は{short}です。"
        )
    return rules


def _pattern(day: str) -> str:
    month, _, number = day.rpartition("-")
    return f"毎年{int(month)}月{int(number)}日" if month else f"毎月{int(number)}日"


def campaign(one: Campaign, zone: tzinfo) -> str:
    """A campaign by name and time."""
    first = "" if one.starts_at is None else _moment(one.starts_at.astimezone(zone))
    last = "" if one.ends_at is None else _moment(one.ends_at.astimezone(zone))
    return f"{one.name}（{first}〜{last}）" if first or last else one.name


def _moment(at: datetime) -> str:
    return _date(at.date()) + ("" if at.time() == time() else f"{at:%H:%M}")


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
    told = []
    if programme.notices.channels and (days := sorted(programme.notices.days, reverse=True)):
        before = "・".join(f"{day}日前" for day in days)
        told = [f"ポイントが失効する{before}に、受信に同意いただいた方法でお知らせします。"]
    return [
        *rules,
        *told,
        f"期間限定ポイントは、それぞれに定めた期限（定めのない場合は付与から{expiry.limited_days}日後）まで有効で、"
        "通常ポイントより先に使われます。",
    ]


def _date(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
