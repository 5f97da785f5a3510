"""Stamp cards as pure rules: what a sale's stamps do to a card, and what is left after returns and days."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from earning.builders import line, sale
from earning.test_campaigns import campaign, decide, given, reason
from goen.earning import Facts
from goen.earning.campaigns.stamps import Stamped, card, filling
from goen.earning.decision import StampCard


@pytest.mark.parametrize(
    ("before", "stamps", "full", "cards", "put", "numbers"),
    [
        (StampCard(), 1, 3, None, 1, ()),
        (StampCard(2), 1, 3, None, 1, (1,)),
        (StampCard(2, last=4), 8, 3, None, 8, (5, 6, 7)),
        (StampCard(2, last=4, gaps=(2,)), 5, 3, None, 5, (2, 5)),
        (StampCard(-1, last=1), 3, 3, None, 3, ()),  # Owed: one of them pays.
        (StampCard(-1, last=1), 4, 3, None, 4, (2,)),
        (StampCard(3, last=1), 1, 3, None, 1, (2,)),  # A revived sale left it full.
        (StampCard(0, last=1), 9, 3, 2, 3, (2,)),  # The last card takes no more than it needs.
        (StampCard(1, last=2), 9, 3, 2, 0, ()),
        (StampCard(), 10_000_000, 2, None, 10_000_000, tuple(range(1, 101))),  # The rest waits for the next sale.
        (StampCard(0, last=2, gaps=(1,)), 9, 3, 2, 3, (1,)),
    ],
)
def test_stamps_on_a_card(before, stamps, full, cards, put, numbers):
    assert filling(before, stamps, full, cards) == (put, numbers)


def act(purchase: str, day: int, stamps: int, until: int | None = None, **more: Any) -> Stamped:
    return Stamped("c", purchase, date(2026, 12, day), stamps, 3, until and date(2026, 12, until), **more)


@pytest.mark.parametrize(
    ("acts", "day", "found"),
    [
        ([], 1, (StampCard(), None)),
        ([act("a", 1, 2, 9), act("b", 2, 1, 10, filled=(1,))], 3, (StampCard(0, 1), None)),
        ([act("a", 1, 2, 9)], 9, (StampCard(2), 9)),
        ([act("a", 1, 2, 9)], 10, (StampCard(), None)),
        # What a full card took has not come to an end; the rest has.
        ([act("a", 1, 2, 5), act("b", 2, 2, 8, filled=(1,))], 6, (StampCard(1, 1), 8)),
        # Stamps that were over when the next came are not on the card with it.
        ([act("a", 1, 2, 5), act("b", 6, 1, 12)], 6, (StampCard(1), 12)),
        # An earlier stamp comes back after the card was full: it is owed, and the next pays.
        ([act("a", 1, 2), act("b", 2, 1, filled=(1,)), act("a", 3, -2)], 3, (StampCard(-2, 1), None)),
        ([act("a", 1, 2), act("b", 2, 1, filled=(1,)), act("a", 3, -2), act("d", 4, 3)], 4, (StampCard(1, 1), None)),
        # The filling sale comes back: the card is open again, and its number is free.
        ([act("a", 1, 3, filled=(1,)), act("b", 2, 3, filled=(2,)), act("a", 3, -3, undone=(1,))], 3,
         (StampCard(0, 2, (1,)), None)),
    ],
)  # fmt: skip
def test_a_card_follows_from_what_was_stamped(acts, day, found):
    on = card(acts, date(2026, 12, day))
    assert (on.card, on.ends_on and on.ends_on.day) == found


BOOKS = {"products": {"categories": ["本"]}}
EFFECTS = [
    # what, lines, stamps before, points, stamps after
    ({"of": "sale"}, (100, 200), 2, 300, 0),
    ({"of": "line"}, (100, 200, 300), 2, 300, 2),
    ({"of": "quantity"}, (line(1, 400, quantity=7), 10), 0, 600, 2),
    ({"of": "quantity", "every": 2}, (line(1, 400, quantity=7), 10), 0, 300, 1),
    ({"of": "amount", "every": 1000}, (2500, 600), 0, 300, 0),
    ({"of": "amount", "every": 1000, "times_max": 2}, (2500, 600), 0, 0, 2),
    ({"of": "sale", "points": None, "gift": "タオル"}, (100,), 2, 0, 0),
    ({"of": "sale", "points": None, "coupon": "haru"}, (100,), 2, 0, 0),
    ({"of": "line", "cards": 2}, (100, 200, 300), 2, 300, 2),
]
CARD = {"kind": "stamps", "full": 3, "points": 300}


@pytest.mark.parametrize(("effect", "lines", "before", "points", "after"), EFFECTS)
def test_stamps_of_a_sale(effect, lines, before, points, after):
    one = campaign(effect=CARD | effect)
    decision = decide(sale(*lines), one, facts=Facts(cards={"c": StampCard(before)}))
    assert given(decision) == {"c": points}
    hint = next(miss.values for miss in decision.not_applied if miss.reason == "stamps_to_go")
    assert (hint["stamps"], hint["more"]) == (after, 3 - after)


def test_lines_that_do_not_count_give_no_stamps_and_the_reason_is_told():
    one = campaign(effect={"kind": "stamps", "full": 3, "points": 300}, when=BOOKS)
    assert reason(decide(sale(100), one)) == "no_matching_goods"
    by_amount = campaign(effect={"kind": "stamps", "full": 3, "points": 300, "of": "amount", "every": 1000})
    decision = decide(sale(400), by_amount)
    assert [(m.reason, m.values) for m in decision.not_applied if m.rule == "campaign:c"] == [
        ("no_stamp_yet", {"missing": 600})
    ]
    full = campaign(effect={"kind": "stamps", "full": 3, "points": 300, "cards": 1})
    assert reason(decide(sale(400), full, facts=Facts(cards={"c": StampCard(0, 1)}))) == "cards_full"


def test_a_budget_cuts_a_full_cards_reward_and_the_cap_of_a_sale_as_well():
    one = campaign(effect={"kind": "stamps", "full": 2, "points": 300}, limits=[{"measure": "points", "most": 100}])
    facts = Facts(cards={"c": StampCard(1)})
    outcome = decide(sale(100), one, facts=facts, draws=True)
    assert given(outcome.decision) == {"c": 100}
    assert [(each.key.code, each.key.period, each.amount, each.ceiling) for each in outcome.draws[:1]] == [
        ("campaign:c/points/all", "", 100, 100)
    ]
    assert ("campaign:c/cards", "1", 1, 1) in [
        (each.key.code, each.key.period, each.amount, each.ceiling) for each in outcome.draws
    ]
    capped = campaign(effect={"kind": "stamps", "full": 2, "points": 300}, max_points=50)
    assert given(decide(sale(100), capped, facts=facts)) == {"c": 50}
