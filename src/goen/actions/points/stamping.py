"""Stamp cards at the till: what a person's cards are before a sale, and the rows that a sale's stamps leave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from goen.actions.points.context import Context
from goen.actions.points.drawn import Drawn
from goen.actions.till.desk import Desk
from goen.actions.till.posting import PurchaseState
from goen.database.queries import load
from goen.earning.campaigns.stamps import Stamped, card
from goen.earning.decision import Decision, StampCard
from goen.members.ids import public_id

_SQL = load(__package__, "stamping.sql")


def cards_of(
    desk: Desk, person: int, codes: Iterable[str], day: date, leave_out: str | None = None
) -> dict[str, StampCard]:
    """The person's cards of these campaigns on a day; ``leave_out``: as if this sale had not been."""
    rows = desk.circumstances.stamps(person)
    return {code: card([row for row in rows if row.campaign == code], day, leave_out).card for code in codes}


def stamped(
    context: Context,
    desk: Desk,
    purchase: PurchaseState,
    decisions: Sequence[Decision],
    before: Sequence[Drawn],
    after: Sequence[Drawn],
    person: int | None = None,
) -> None:
    """Keep what an act has put onto cards, or taken off them. ``decisions``: before and after it; ``before`` and
    ``after``: what the sale had drawn, and has. ``person``: whose card it is, where that is known already."""
    was, now = _by_card(before), _by_card(after)
    versions = {f"campaign:{each.code}": each.version for decision in decisions for each in decision.campaigns}
    nothing = (0, frozenset[int]())
    for rule, anchor in dict.fromkeys((*was, *now)):
        stamps, numbers = now.get((rule, anchor), nothing)
        stamps_before, numbers_before = was.get((rule, anchor), nothing)
        filled, undone = sorted(numbers - numbers_before), sorted(numbers_before - numbers)
        if stamps == stamps_before and not filled and not undone:
            continue
        campaign = context.campaigns.version(rule.partition(":")[2], versions[rule])
        effect = campaign.stamps
        assert effect is not None, "stamps are drawn by campaigns that have a card"
        until = None if effect.days is None else purchase.business_date + timedelta(days=effect.days)
        row = Stamped(
            campaign.code, purchase.purchase_id, purchase.business_date, stamps - stamps_before, effect.full, until,
            tuple(filled), tuple(undone),
        )  # fmt: skip
        desk.stamp_card(desk.place(anchor)[0] if person is None else person, row)
        desk.write_more(
            _SQL.add_stamps.sql, anchor, desk.act_id, row.campaign, campaign.version, row.purchase_id, row.day,
            row.stamps, row.size, row.until, filled, undone, desk.now,
        )  # fmt: skip
        desk.tell(
            "stamps.moved",
            anchor,
            purchase.shop_id,
            {
                "member_id": public_id(anchor),
                "purchase_id": purchase.purchase_id,
                "campaign": campaign.code,
                "stamps": row.stamps,
                "cards": len(filled) - len(undone),
            },
        )


def _by_card(drawn: Sequence[Drawn]) -> Mapping[tuple[str, int], tuple[int, frozenset[int]]]:
    """By rule and whose card it is, the stamps, and the numbers of the cards that they fill."""
    found: dict[tuple[str, int], tuple[int, frozenset[int]]] = {}
    for each in drawn:
        stamps, numbers = found.get((each.rule, each.anchor), (0, frozenset[int]()))
        if each.of_card == "stamps":
            found[each.rule, each.anchor] = stamps + each.amount, numbers
        elif each.of_card == "cards":
            found[each.rule, each.anchor] = stamps, numbers | {int(each.period)}
    return found
