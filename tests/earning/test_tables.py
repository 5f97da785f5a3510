"""Every condition and every effect of campaigns stands in a table of examples; what is added has to come into one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from earning import test_campaigns, test_hidden_sales, test_offers, test_stamps
from goen.earning.campaigns import model
from goen.earning.campaigns.model import Conditions, Effect, Products, SignalIs

#: A condition, and whether the campaign held with it.
ASKED: list[tuple[dict[str, Any], bool]] = [
    *[(when, why is None) for when, _, why in (*test_campaigns.PLACES, *test_campaigns.DAYS, *test_campaigns.MEMBER)],
    *[(when, why is None) for when, _, why in test_campaigns.PAID],
    *[(when, bool(numbers)) for when, numbers in test_campaigns.GOODS],
    *[(when, False) for when, numbers in test_campaigns.GOODS if numbers < {1, 2, 3}],  # It kept lines out.
]
GIVEN: list[dict[str, Any]] = [
    *[effect for effect, *_ in (*test_campaigns.EFFECTS, *test_campaigns.COUPONS)],
    *[test_stamps.CARD | effect for effect, *_ in test_stamps.EFFECTS],
    *[effect for effect, *_ in test_offers.TABLE],
    *([test_hidden_sales.EFFECT] if test_hidden_sales.ADMITS else []),
]
#: What no effect's own table can show: the tests that do.
ELSEWHERE = {
    ("gift", "worth"): test_offers.test_the_worst_case_is_in_yen_and_the_law_sees_gifts_alone,
    ("stamps", "days"): test_stamps.test_a_card_follows_from_what_was_stamped,
}


@pytest.mark.parametrize("name", Conditions.__struct_fields__)
def test_every_condition_has_an_example_that_holds_and_one_that_does_not(name):
    held = {holds for when, holds in ASKED if list(when) == [name]}
    assert held == {True, False}, f"no table of examples shows {name} by itself both ways"


@pytest.mark.parametrize(
    ("part", "named"),
    [
        (Products, [when["products"] for when, _ in test_campaigns.GOODS if "products" in when]),
        (SignalIs, [each for when, _, _ in test_campaigns.MEMBER for each in when.get("signals", ())]),
    ],
)
def test_every_part_of_goods_and_signals_has_one(part, named):
    assert set(part.__struct_encode_fields__) <= {name for each in named for name in each}


@pytest.mark.parametrize("effect", get_args(Effect), ids=lambda each: each.__struct_config__.tag)
def test_every_effect_has_examples_of_each_of_its_fields_and_choices(effect):
    kind = effect.__struct_config__.tag
    rows = [row for row in GIVEN if row["kind"] == kind]
    assert rows, f"no table of examples shows the effect {kind}"
    for field, name in zip(effect.__struct_fields__, effect.__struct_encode_fields__, strict=True):
        if (kind, name) in ELSEWHERE:
            continue
        shown = {str(row[name]) for row in rows if row.get(name) is not None}
        assert shown, f"no example of the effect {kind} says {name}"
        default = getattr(effect, "__struct_defaults__", ()) and _default(effect, field)
        missing = set(_choices(get_type_hints(effect, vars(model))[field])) - shown - {str(default)}
        assert not missing, f"no example of {kind}.{name} says {missing}"


def _default(effect: Any, field: str) -> object:
    optional = effect.__struct_fields__[-len(effect.__struct_defaults__) :]
    return dict(zip(optional, effect.__struct_defaults__, strict=True)).get(field)


def _choices(hint: object) -> Iterable[str]:
    return map(str, get_args(hint)) if get_origin(hint) is Literal else ()
