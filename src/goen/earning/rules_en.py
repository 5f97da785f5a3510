"""The rules for members in English; see :mod:`goen.earning.rules_text`."""

from __future__ import annotations

from datetime import date

from goen.earning.evaluate import Engine
from goen.earning.expiry import confirms_on, expires_on
from goen.earning.programme import Programme
from goen.earning.rules_example import EXAMPLE_DAY, boosts_of, example, example_points, names_of, number
from goen.earning.words import money_text, points_text, rate_text, rule_name

_CUT = {"floor": "rounded down", "half_up": "rounded to the nearest", "ceil": "rounded up"}
_PLACE = {
    "sale": "the total of each purchase",
    "rate": "the total per tax rate of each purchase",
    "line": "each line of a purchase",
    "unit": "each single item",
}


def sections(engine: Engine) -> dict[str, list[str]]:
    """Headings and the rules below each."""
    programme = engine.programme
    earning, use, returns, currency = programme.earning, programme.use, programme.returns, programme.currency

    def money(amount: int) -> str:
        return money_text(amount, currency, "en")

    tax = "without tax" if earning.base == "tax_excluded" else "tax included"
    rate = rate_text(engine.base_rate.arithmetic, "en", currency)
    grants = [
        f"You earn {rate} of what you buy in points ({tax})."
        if earning.percent is not None
        else f"You earn {rate} of what you buy ({tax}).",
        f"Points are counted on {_PLACE[earning.place]} and {_CUT[earning.rounding]}.",
        f"Discounts are taken off {'before' if earning.discounts_lower_base else 'after'} points are counted.",
        f"Coupons are taken off {'before' if earning.coupons_lower_base else 'after'} points are counted.",
        "What you pay with points earns points too."
        if earning.point_paid == "included"
        else "What you pay with points earns no points.",
        "Postage earns no points.",
    ]
    for category, multiplier in earning.categories.items():
        grants.append(
            f"{category}: {number(multiplier)} times the usual points." if multiplier else f"{category}: no points."
        )
    names = names_of(programme)
    boosts = boosts_of(programme)
    for rule, multiplier, mode in boosts:
        name, times = rule_name(rule, "en", names), number(multiplier)
        on_top = ", on top of them" if mode == "add" else ""
        grants.append(f"{name}: {times} times the usual points{on_top}.")
    if len({rule.partition(":")[0] for rule, _, _ in boosts}) > 1:
        grants.append(
            {
                "add": "Where several of these apply, they add up.",
                "max": "Where several of these apply, only the one that gives most counts.",
                "precedence": "Where several of these apply, only the one listed first counts.",
            }[earning.combine]
        )
    grants += [
        f"A purchase that counts {money(threshold.amount)} or more earns {points_text(threshold.points, 'en')} more."
        for threshold in earning.thresholds
    ]
    plain = example(engine)
    first, second = (money(line.net) for line in plain.lines)
    goods = f"goods of {first} (10 % tax included) and {second} (8 % tax included)"
    grants.append(f"Example: {goods} earn {points_text(plain.earned, 'en')}.")
    grants += [
        f"Example: the same goods earn a {names[f'tier:{code}']} member "
        + points_text(example(engine, code).earned, "en")
        + "."
        for code, tier in programme.tiers.items()
        if tier.multiplier is not None
    ]
    value = engine.value
    uses = [
        f"{points_text(value.points, 'en').capitalize()} "
        f"{'pays' if value.points == 1 else 'pay'} {money(value.money)}.",
        f"You can use them from {points_text(use.min, 'en')}, in steps of {use.unit:,}.",
    ]
    if use.max is not None:
        uses.append(f"At most {points_text(use.max, 'en')} in one purchase.")
    if use.max_percent is not None:
        uses.append(f"At most {use.max_percent} % of one purchase.")
    if use.excluded_categories:
        uses.append(f"Points cannot pay for: {', '.join(use.excluded_categories)}.")
    uses.append("Beyond the goods, points pay postage too." if use.postage else "Points cannot pay postage.")
    if points := example_points(engine):
        paid = example(engine, use_points=points)
        uses.append(
            f"Example: of {money(paid.total)} for {goods}, with {points_text(points, 'en')} used, "
            f"{money(paid.payable)} is left to pay and {points_text(paid.earned, 'en')} "
            f"{'is' if paid.earned == 1 else 'are'} earned."
        )
    shortage = {
        "debt": "Where too few points are left to take back, your balance becomes negative and your next "
        "points fill it; until then points cannot be used.",
        "money": "Where too few points are left to take back, their worth is taken off the refund.",
        "refuse": "Where too few points are left to take back, our staff decide with you what to do.",
    }[returns.shortage]
    backs = [
        "Points earned on returned goods are taken back.",
        "When you return a part, money comes back first and points last."
        if returns.partial == "points_last"
        else "When you return a part, money and points come back in the proportion you paid.",
        "Points you used come back with their old expiry date; "
        + (
            "points that have expired since are lost."
            if returns.expired_used == "lost"
            else f"those that have expired since can be used for {returns.grace_days} days more."
        ),
        shortage,
    ]
    if earning.thresholds:
        backs.append(
            "Where what you keep no longer reaches a purchase bonus, the bonus is taken back."
            if returns.thresholds == "take_back"
            else "Returning a part does not cost you a purchase bonus."
        )
    wait = programme.provisional_days
    web = "Points of a web order are provisional and become usable "
    web += "when it is paid and shipped." if wait == 0 else f"{wait} days after it is paid and shipped"
    if wait:
        web += f" (completed on {_date(EXAMPLE_DAY)}: at 00:00 on {_date(confirms_on(programme, EXAMPLE_DAY))})."
    claim = f"Forgot your card? Each receipt can be claimed once, within {programme.claim_window_days} days."
    return {
        "Earning points": grants,
        "Using points": uses,
        "Expiry": _expiry(programme),
        "Returns and cancellations": backs,
        "Other": [web, claim],
    }


def _expiry(programme: Programme) -> list[str]:
    expiry = programme.expiry
    acts = " or ".join({"earn": "earn points", "purchase": "buy", "use": "use points"}[a] for a in expiry.activity)
    ahead = f"{expiry.months} months later"
    sentence = {
        "days": f"Points are valid for {expiry.days} days after the day you earn them.",
        "months": f"Points are valid until the same day {ahead}.",
        "month_end": f"Points are valid until the end of the month {ahead}.",
        "fiscal_year": f"Points of a year that starts in month {expiry.year_start_month} are valid until "
        + (f"{expiry.years} years after that year ends." if expiry.years else "that year ends."),
        "sliding": f"Whenever you {acts}, all your regular points become valid until "
        + (f"the same day {ahead}." if expiry.slide_to == "same_day" else f"the end of the month before, {ahead}."),
        "none": "Regular points do not expire.",
    }[expiry.mode]
    last = expires_on(programme, EXAMPLE_DAY)
    rules = [sentence]
    if last is not None:
        rules.append(f"Example: points of {_date(EXAMPLE_DAY)} are valid through {_date(last)}, 23:59:59.")
    return [*rules, "Limited-time points keep their own dates and are used first."]


def _date(day: date) -> str:
    return f"{day.day} {day:%B} {day.year}"
