"""The rules for members in English; see :mod:`goen.earning.rules_text`."""

from __future__ import annotations

from datetime import date, datetime, time, tzinfo

from goen.earning.campaigns.model import Campaign
from goen.earning.evaluate import Engine
from goen.earning.expiry import confirms_on, expires_on
from goen.earning.programme import Programme
from goen.earning.rules_example import EXAMPLE_DAY, boosts_of, example, example_points, names_of, number
from goen.earning.tiers.model import Ladder
from goen.earning.words import Names, money_text, points_text, rate_text, rule_name

_CUT = {"floor": "rounded down", "half_up": "rounded to the nearest", "ceil": "rounded up"}
_PLACE = {
    "sale": "the total of each purchase",
    "rate": "the total per tax rate of each purchase",
    "line": "each line of a purchase",
    "unit": "each single item",
}


def sections(engine: Engine) -> list[tuple[str, list[str]]]:
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
    if earning.brands or earning.tenders:
        grants.append("Points for a means of payment are given where all of the purchase is paid by it.")
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
    together = programme.campaigns
    if together.max_points is not None or together.max_percent is not None:
        caps = [] if together.max_points is None else [points_text(together.max_points, "en")]
        caps += [] if together.max_percent is None else [f"{together.max_percent} % of what counts"]
        grants.append(f"All campaigns together give at most {' or '.join(caps)} for one purchase.")
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
    uses.append(
        f"In stores we make sure who you are before you use more than "
        f"{points_text(programme.unproven_spend_per_day, 'en')} a day."
        if programme.unproven_spend_per_day
        else "In stores we make sure who you are before you use points."
    )
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
    joining = programme.joining
    others = [
        web,
        claim,
        f"Whoever has only been handed a card registers within {joining.register_within_days} days, or the points "
        "lapse. "
        + (
            "The points can be used before that."
            if joining.provisional_spend
            else "The points can be used once registered."
        ),
    ]
    if joining.card_claims_per_member and joining.card_claim_max:
        others.append(
            f"From older paper cards, {points_text(joining.card_claim_max, 'en')} each come along, "
            f"{joining.card_claims_per_member} cards per member at most."
        )
    if notice := programme.terms.notice_days:
        others.append(f"Terms of membership that take something from you are announced {notice} days ahead.")
    ladders = programme.tier_programmes.items()
    return [
        ("Earning points", grants),
        ("Using points", uses),
        ("Expiry", _expiry(programme)),
        *(
            ("Tiers" if len(ladders) == 1 else f"Tiers ({ladder.name or code})", _ladder(programme, ladder, names))
            for code, ladder in ladders
        ),
        ("Returns and cancellations", backs),
        ("Other", others),
    ]


def _ladder(programme: Programme, ladder: Ladder, names: Names) -> list[str]:
    window, currency = ladder.window, programme.currency
    over = {
        "rolling": f"the last {window.days} days" if window.days else f"the last {window.months} months",
        "year": f"each year from the first of {_MONTHS[window.first_month - 1]}",
        "lifetime": "the whole membership",
    }[window.kind]
    tax = "without tax" if ladder.tax == "excluded" else "tax included"
    what = {
        "amount": f"what you buy ({tax})", "count": "the number of your purchases", "points": "the points you earn",
    }[ladder.measure]  # fmt: skip

    def much(reach: int) -> str:
        times = f"{reach:,} purchase{'' if reach == 1 else 's'}"
        units = {"amount": money_text(reach, currency, "en"), "count": times, "points": points_text(reach, "en")}
        return units[ladder.measure]

    def name(tier: str | None) -> str:
        return names.get(f"tier:{tier}", tier) if tier else "no tier"

    less = (
        "without postage, less discounts, coupons and returns" if ladder.measure == "amount" else "less what came back"
    )
    rules = [f"Tiers go by {what} over {over}, {less}."]
    for level in ladder.levels:
        keep = "" if level.keep is None else f" ({much(level.keep)} to keep it)"
        rules.append(f"{name(level.tier)}: from {much(level.reach)}{keep}.")
    rules.append(
        {
            "at_once": "You rise with the purchase that reaches a tier.",
            "daily": f"Purchases count once they are {ladder.up_after_days} days old, and you rise on that day."
            if ladder.up_after_days
            else "You rise on the day on which you have reached a tier.",
            "evaluation": "You rise on evaluation days.",
        }[ladder.up]
    )
    if ladder.evaluation_days:
        days = ", ".join(_pattern(each) for each in ladder.evaluation_days)
        fall = "you fall by one tier" if ladder.fall == "one_level" else "you fall to the tier that you reach"
        rules.append(f"Evaluation days: {days}. Where you do not reach your tier on one, {fall}.")
        if ladder.hold_cycles:
            count = ladder.hold_cycles
            rules.append(
                f"A tier won is kept on the next {'evaluation day' if count == 1 else f'{count} evaluation days'}."
            )
    else:
        rules.append("A tier once reached is kept.")
    rules += [f"Whoever has reached {name(each.tier)} never falls below it." for each in ladder.levels if each.for_good]
    rules += [f"From {_date(each.first)} through {_date(each.last)} nobody falls." for each in ladder.pauses]
    top = ladder.levels[-1]
    if top.reach:
        rules.append(
            f"Example: {much(top.reach)} make {name(ladder.tier(ladder.reached(top.reach)))}, "
            f"{much(top.reach - 1)} {name(ladder.tier(ladder.reached(top.reach - 1)))}."
        )
    return rules


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def _pattern(day: str) -> str:
    month, _, number = day.rpartition("-")
    return f"{int(number)} {_MONTHS[int(month) - 1]}" if month else f"day {int(number)} of each month"


def campaign(one: Campaign, zone: tzinfo) -> str:
    """A campaign by name and time."""
    first = "" if one.starts_at is None else f"from {_moment(one.starts_at.astimezone(zone))}"
    last = "" if one.ends_at is None else f"until {_moment(one.ends_at.astimezone(zone))}"
    when = " ".join(each for each in (first, last) if each)
    return (one.name_en or one.name) + (f" ({when})" if when else "")


def _moment(at: datetime) -> str:
    return _date(at.date()) + ("" if at.time() == time() else f", {at:%H:%M}")


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
    told = []
    if programme.notices.channels and (days := sorted(programme.notices.days, reverse=True)):
        before = ", ".join(map(str, days))
        told = [f"We tell you {before} days before points expire, by the ways you have agreed to."]
    return [
        *rules,
        *told,
        f"Limited-time points keep their own dates ({expiry.limited_days} days where none is given) and are used "
        "first.",
    ]


def _date(day: date) -> str:
    return f"{day.day} {day:%B} {day.year}"
