"""What every editor of the office shares: what is wrong with a document in words, and what may be chosen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import msgspec

from goen.readings.choices import choices
from goen.vocabulary.refusal import InvalidRequest
from goen.web.common.visits import Visit
from goen.web.office import forms

Suggested = Mapping[str, Mapping[str, str]]
_WHERE = re.compile(r" - at `\$\.?(.*)`$")
_FORMS: tuple[tuple[str, Literal["number", "needed", "least", "most", "one", "form"]], ...] = (
    (r"missing required field", "needed"),
    (r"of length >= 1$", "needed"),
    (r"Expected `(?:int|float|decimal|number)|Invalid decimal", "number"),
    (r"Expected `int` >= (-?\d+)", "least"),
    (r"Expected `int` <= (-?\d+)", "most"),
    (r"matching regex|Expected|Invalid", "form"),
)


#: What actions say of a field, where forms say it in people's words.
_TOLD = {
    "is required": "needed", "lies in the past": "past", "is there already": "taken",
    "has letters, digits, . _ and - alone": "form",
}  # fmt: skip


class Wrong(NamedTuple):
    """What is wrong with a document: where (``effects.0.points``), what kind of mistake, and ours or its own words."""

    field: str
    code: str
    text: str
    number: str = ""

    @property
    def above(self) -> list[str]:
        """The places that the field is in, and itself."""
        steps = self.field.split(".")
        return [".".join(steps[: n + 1]) for n in range(len(steps))]


def wrong_with(error: msgspec.MsgspecError | InvalidRequest) -> Wrong:
    """The first mistake that a type or an action has found."""
    if isinstance(error, InvalidRequest):
        told = error.fields["errors"][0]
        if (code := _TOLD.get(told["message"])) is not None:
            return Wrong(told["field"], code, told["message"])
        return Wrong(told["field"], "told", told["message"])
    said = str(error)
    found = _WHERE.search(said)
    where = "" if found is None else re.sub(r"\[(\d+|\.\.\.)\]", r".\1", found[1]).lstrip(".")
    said = said if found is None else said[: found.start()]
    if missing := re.search(r"missing required field `(\w+)`", said):
        where = f"{where}.{missing[1]}".lstrip(".")
    if re.search(r"Expected `array` of length >= 1", said):
        return Wrong(where, "one", said)
    if re.search(r"Expected `int` (>=|<=|<|>) ", said):
        bound = re.search(r"(>=|<=|<|>) (-?\d+)", said)
        assert bound is not None
        more = {">=": 0, ">": 1, "<=": 0, "<": -1}[bound[1]]
        return Wrong(where, "least" if ">" in bound[1] else "most", said, f"{int(bound[2]) + more:,}")
    code = next((code for pattern, code in _FORMS if re.search(pattern, said)), "form")
    return Wrong(where, code, said)


async def suggested(visit: Visit) -> Suggested:
    """What may be chosen, by the word of the field."""
    context, shops = visit.known.context, visit.known.shops.all()
    programme = context.engine_at(visit.now).programme
    tiers = {code: tier.name or code for code, tier in programme.tiers.items()}
    by_code = {each.code: each.name for each in shops if each.closed_at is None}
    regions = {each.region: each.region for each in shops if each.region}
    async with visit.known.database.reading() as connection:
        found = await choices(connection)
    lists: dict[str, Mapping[str, str]] = {
        "Conditions.shops": by_code, "Conditions.not_shops": by_code, "Conditions.regions": regions,
        "Conditions.tiers": tiers, "Reward.tiers": tiers, "Level.tier": tiers,
        "Conditions.segments": found.segments, "Conditions.not_segments": found.segments,
        "Products.skus": found.skus, "Products.categories": found.categories, "Products.brands": found.brands,
        "Products.makers": found.makers, "Products.tags": found.tags, "Gift.sku": found.skus,
        "IssueEffect.coupon": found.coupons, "Reward.coupon": found.coupons, "StampsEffect.coupon": found.coupons,
        "CouponPrize.coupon": found.coupons, "GiftEffect.sku": found.skus, "MemberPriceEffect.prices.key": found.skus,
        "Who.tiers": tiers, "Who.segments": found.segments, "Who.not_segments": found.segments, "Who.shops": by_code,
        "Review.subjects": found.skus, "Earning.categories.key": found.categories, "Earning.shops.key": by_code,
        "Use.excluded_categories": found.categories, "DoubleDays.shops": by_code, "DoubleDays.tiers": tiers,
        "LimitedPoints.shops": by_code, "BirthdayMonth.tiers": tiers, "Staff.segment": found.segments,
    }  # fmt: skip
    return {word: each for word, each in lists.items() if each}


async def form_values(
    visit: Visit, struct: Any, document: Any, *, without: Any = (), problem: Wrong | None = None
) -> dict[str, Any]:
    """What ``document_form.html`` needs to show a document."""
    lists = await suggested(visit)
    return {
        "fields": forms.fields(struct, document, visit.known.context.zone, without=without),
        "suggested": lists,
        "lists": {word: "list-" + word.replace(".", "-").lower() for word in lists},
        "problem": problem,
        "notes": (),
        "words": {},
        "kept": (),
        "kind_names": {},
    }
