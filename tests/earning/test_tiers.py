"""Tiers as tables: windows, evaluation days, what a sale counts, who rises and falls (rules 32 to 34)."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goen.earning.checks import validate
from goen.earning.decision import Decision, LineShare
from goen.earning.programme import Programme, Tier, from_json, from_toml, to_json, to_toml
from goen.earning.remainder import LineBack, Returned
from goen.earning.tiers.calendar import (
    evaluation_days,
    is_evaluation_day,
    kept_until,
    last_evaluation_day,
    window_start,
)
from goen.earning.tiers.measure import NOTHING, Measured, measured
from goen.earning.tiers.model import Ladder, Level, Pause, Window
from goen.earning.tiers.rules import Standing, ended, evaluated, joined, next_level, raised

D = date.fromisoformat
LEVELS = (Level("bronze", 0), Level("silver", 100, 80), Level("gold", 300, 200), Level("black", 1000, 500))


def ladder(**changes) -> Ladder:
    return msgspec.structs.replace(Ladder(LEVELS, evaluation_days=("01-01", "07-01")), **changes)


@pytest.mark.parametrize(
    ("window", "last", "start"),
    [
        (Window(), "2026-03-31", "2025-04-01"),
        (Window(), "2024-02-29", "2023-03-01"),
        (Window(months=1), "2026-03-30", "2026-02-28"),
        (Window(days=30), "2026-01-30", "2026-01-01"),
        (Window(days=1), "2026-01-30", "2026-01-30"),
        (Window("year"), "2026-03-31", "2025-04-01"),
        (Window("year"), "2026-04-01", "2026-04-01"),
        (Window("year", first_month=1), "2026-12-31", "2026-01-01"),
        (Window("lifetime"), "2026-12-31", "1970-01-01"),
        (Window(months=1200), "2026-12-31", "1970-01-01"),
    ],
)
def test_rule_32_windows(window, last, start):
    assert window_start(window, D(last)) == D(start)


@pytest.mark.parametrize(
    ("days", "today", "latest", "following"),
    [
        (("06-07", "12-07"), "2026-06-07", "2026-06-07", "2026-12-07"),
        (("06-07", "12-07"), "2026-06-06", "2025-12-07", "2026-06-07"),
        (("01",), "2026-06-30", "2026-06-01", "2026-07-01"),
        (("31",), "2026-02-28", "2026-02-28", "2026-03-31"),
        (("02-29",), "2027-01-01", "2026-02-28", "2027-02-28"),
        ((), "2026-06-07", None, None),
    ],
)
def test_rule_33_evaluation_days(days, today, latest, following):
    one = ladder(evaluation_days=days)
    assert last_evaluation_day(one, D(today)) == (None if latest is None else D(latest))
    assert next(evaluation_days(one, D(today)), None) == (None if following is None else D(following))
    assert latest is None or is_evaluation_day(one, D(latest))


@pytest.mark.parametrize(
    ("cycles", "won", "until"),
    [(0, "2026-02-10", "2026-07-01"), (1, "2026-02-10", "2027-01-01"), (1, "2026-07-01", "2027-07-01")],
)
def test_rule_33_a_tier_won_holds_to_the_end_of_the_cycle_and_the_next(cycles, won, until):
    assert kept_until(ladder(hold_cycles=cycles), D(won)) == D(until)


@pytest.mark.parametrize(
    ("held", "measure", "tier", "why"),
    [
        (None, 0, "bronze", "reached"),
        ("bronze", 99, "bronze", None),
        ("bronze", 100, "silver", "reached"),
        ("bronze", 5_000, "black", "reached"),
        ("gold", 0, "gold", None),
        ("of another ladder", 120, "silver", "reached"),
    ],
)
def test_rule_33_a_sale_raises_and_never_lowers(held, measure, tier, why):
    to = raised(ladder(), Standing(held), measure, D("2026-02-01"))
    assert (to.tier, to.why) == (tier, why)


@pytest.mark.parametrize(
    ("standing", "changes", "measure", "tier"),
    [
        (Standing("gold"), {}, 200, "gold"),  # Another threshold to keep.
        (Standing("gold"), {}, 199, "silver"),
        (Standing("gold"), {}, 80, "silver"),
        (Standing("gold"), {}, 79, "bronze"),
        (Standing("black"), {"fall": "one_level"}, 0, "gold"),
        (Standing("gold"), {}, 1_000, "black"),
        (Standing("gold", kept_until=D("2026-07-02")), {}, 0, "gold"),
        (Standing("gold", kept_until=D("2026-07-01")), {}, 0, "bronze"),
        (Standing("gold", paused_until=D("2026-07-01")), {}, 0, "gold"),
        (Standing("gold", paused_until=D("2026-06-30")), {}, 0, "bronze"),
        (Standing("gold"), {"pauses": (Pause(D("2026-01-01"), D("2026-12-31")),)}, 0, "gold"),
        (Standing("gold"), {"levels": (LEVELS[0], Level("silver", 100, for_good=True), *LEVELS[2:])}, 0, "silver"),
        (Standing("gold", None, "floor", "silver", None), {}, 0, "silver"),
        (Standing("gold", None, "floor", "silver", D("2026-06-30")), {}, 0, "bronze"),
        (Standing("gold", None, "fixed", "gold", D("2026-07-01")), {}, 0, "gold"),
        (Standing("bronze", None, "fixed", "bronze", None), {}, 5_000, "bronze"),
        (Standing("bronze", None, "floor", "gold", None), {}, 100, "gold"),
        (Standing("gone"), {}, 90, "bronze"),
    ],
)
def test_rules_33_and_34_on_an_evaluation_day(standing, changes, measure, tier):
    assert evaluated(ladder(**changes), standing, measure, D("2026-07-01")).tier == tier


def test_rule_34_once_what_was_given_is_over_the_measure_counts():
    given_one = Standing("black", None, "fixed", "black", D("2026-06-30"))
    assert ended(ladder(), given_one, 250, D("2026-07-01"))[::2] == ("silver", "manual_ended")
    assert ended(ladder(), given_one, 2_000, D("2026-07-01"))[::2] == ("black", None)
    low = Standing("bronze", None, "fixed", "bronze", D("2026-06-30"))
    assert ended(ladder(), low, 2_000, D("2026-07-01")).tier == "black"


YEARLY = {"window": Window("year"), "evaluation_days": ("04-01",), "hold_cycles": 1}
FOR_GOOD = (LEVELS[0], LEVELS[1], Level("gold", 300, 200, for_good=True), Level("black", 1000, 500, for_good=True))


@pytest.mark.parametrize(
    ("changes", "before", "past", "measure", "tier", "kept"),
    [
        # A new window has begun: what was won in the one before is kept as if nothing had been given.
        (YEARLY, ("gold", "2027-04-01"), [], 0, "gold", "2027-04-01"),
        (YEARLY, ("gold", "2027-04-01"), [("2027-04-01", 90)], 0, "silver", None),
        (YEARLY, ("gold", "2027-04-01"), [("2027-04-01", 200)], 0, "gold", "2027-04-01"),
        (YEARLY, (None, None), [("2026-04-01", 350), ("2027-04-01", 0)], 0, "bronze", None),
        (YEARLY, (None, None), [("2026-04-01", 350)], 0, "gold", "2027-04-01"),
        ({"fall": "one_level"}, (None, None), [], 0, "bronze", "2026-07-01"),
        ({"fall": "one_level"}, ("bronze", None), [], 0, "bronze", None),
        ({"levels": FOR_GOOD}, ("silver", None), [], 150, "silver", None),
        ({"levels": FOR_GOOD}, ("gold", None), [("2026-07-01", 0)], 0, "gold", None),
    ],
)
def test_rule_34_a_tier_by_hand_ends_as_if_nothing_had_been_given(changes, before, past, measure, tier, kept):
    tier_before, kept_before = before[0], before[1] and D(before[1])
    hand = Standing("black", None, "fixed", "black", D("2026-06-30"), None, tier_before, kept_before, D("2026-02-01"))
    to = ended(ladder(**changes), hand, measure, D("2026-06-30"), [(D(day), counts) for day, counts in past])
    assert to == (tier, kept and D(kept), "manual_ended")


def test_rule_34_what_was_won_above_a_floor_is_one_s_own():
    floor = Standing("gold", D("2027-01-01"), "floor", "silver", D("2026-06-30"), given_on=D("2026-02-01"))
    assert ended(ladder(), floor, 0, D("2026-07-01")) == ("gold", D("2027-01-01"), None)
    fallen = Standing("gold", None, "floor", "gold", D("2026-06-30"), None, "black", None, D("2026-02-01"))
    assert ended(ladder(), fallen, 0, D("2026-06-30")).tier == "gold"


@pytest.mark.parametrize(
    ("mine", "other", "tier", "by_hand"),
    [
        (("silver", None, None), ("gold", None, None), "gold", None),
        (("silver", None, None), ("bronze", "fixed", "gold"), "gold", "gold"),
        (("bronze", "fixed", "silver"), ("gold", None, None), "silver", "silver"),
        (("bronze", "floor", "silver"), ("gold", None, None), "gold", "silver"),
        (("bronze", "fixed", "gold"), ("silver", "floor", "silver"), "gold", "gold"),
    ],
)
def test_rule_35_of_two_cards_the_higher_counts(mine, other, tier, by_hand):
    """Each: the tier of its own, and how which other one is given by hand."""

    def standing(own, how, hand):
        return Standing(own) if how is None else Standing(hand, None, how, hand, None, None, own)

    both = joined(ladder(), standing(*mine), standing(*other), D("2026-07-01"))
    assert (both.tier, both.manual_tier) == (tier, by_hand)
    assert by_hand is None or both.before_tier == max(mine[0], other[0], key=ladder().rank)


def test_rule_33_what_is_left_after_a_fall_was_not_won():
    fallen = evaluated(ladder(hold_cycles=1), Standing("gold"), 90, D("2026-07-01"))
    assert fallen == ("silver", None, "not_kept")


def test_rule_34_what_is_missing():
    found = next_level(ladder(), "silver", 250)
    assert found is not None
    assert (found.level.tier, found.missing) == ("gold", 50)
    assert next_level(ladder(), "black", 0) is None


def sold(*lines: tuple[int, int], postage: int = 0) -> Decision:
    shares = tuple(LineShare(n, 1000, rate, net, 0, 0, 0, "base", True) for n, (net, rate) in enumerate(lines, 1))
    return Decision(1, sum(net for net, _ in lines) + postage, 0, postage=postage, lines=shares)


@pytest.mark.parametrize(
    ("decision", "returned", "status", "counts"),
    [
        (sold((1100, 1000)), Returned(), "completed", Measured(1100, 1000, 7, 1)),
        (sold((1100, 1000)), Returned(), "placed", NOTHING),
        (sold((1100, 1000)), Returned(), "cancelled", NOTHING),
        (sold((1100, 1000), postage=550), Returned(), "completed", Measured(1100, 1000, 7, 1)),
        (sold((1100, 1000), (1080, 800)), Returned(), "completed", Measured(2180, 2000, 7, 1)),
        (sold((105, 1000), (105, 1000)), Returned(), "completed", Measured(210, 191, 7, 1)),
        (
            sold((1100, 1000), (1080, 800)), Returned((LineBack(2, 1000, 1000, 0, True),)), "completed",
            Measured(1100, 1000, 7, 1),
        ),
        (
            sold((1100, 1000)), Returned((LineBack(1, 1000, 1000, 0, True),), full=True), "completed",
            Measured(0, 0, 7, 0),
        ),
        (
            sold((1100, 1000)), Returned((LineBack(1, 0, 0, 550),)), "completed", Measured(550, 500, 7, 1),
        ),
    ],
)  # fmt: skip
def test_rule_32_what_a_sale_counts(decision, returned, status, counts):
    assert measured(decision, returned, 7, status) == counts


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (ladder(levels=(Level("gold", 5), Level("silver", 5))), "levels_not_rising"),
        (ladder(levels=(Level("platinum", 5),)), "unknown_tier"),
        (ladder(levels=(Level("gold", 5), Level("gold", 6))), "tier_twice"),
        (ladder(levels=(Level("gold", 5, 6),)), "keep_above_reach"),
        (ladder(levels=(Level("gold", 5),), up="evaluation", evaluation_days=()), "nobody_rises"),
        (ladder(levels=(Level("gold", 5),), evaluation_days=()), "nobody_falls"),
        (ladder(levels=(Level("gold", 5),), up_after_days=7), "only_daily_waits"),
        (ladder(levels=(Level("gold", 5),), pauses=(Pause(D("2026-02-02"), D("2026-02-01")),)), "ends_before_start"),
    ],
)
def test_what_is_wrong_with_a_ladder_is_told(one, code):
    programme = Programme(tiers={"silver": Tier(), "gold": Tier()}, tier_programmes={"rank": one})
    assert [x.code for x in validate(programme) if x.field.startswith("tier")] == [code]


def test_ladders_survive_json_and_toml():
    one = ladder(pauses=(Pause(D("2026-02-01"), D("2026-03-01")),), window=Window("year", first_month=3))
    programme = Programme(tiers={x.tier: Tier() for x in LEVELS}, tier_programmes={"rank": one})
    assert from_json(to_json(programme)) == programme
    assert from_toml(to_toml(programme)) == programme
    assert not [x for x in validate(programme) if x.level == "error"]


@given(st.sampled_from([None, *(x.tier for x in LEVELS)]), st.integers(0, 2_000), st.integers(0, 2_000))
def test_more_measured_never_gives_less(held, less, more):
    less, more = sorted((less, more))
    one, day = ladder(), D("2026-07-01")
    assert one.rank(raised(one, Standing(held), less, day).tier) <= one.rank(
        raised(one, Standing(held), more, day).tier
    )
    low, high = evaluated(one, Standing(held), less, day), evaluated(one, Standing(held), more, day)
    assert one.rank(low.tier) <= one.rank(high.tier)
    assert evaluated(one, Standing(low.tier), less, day).tier == low.tier, "a second look changes nothing"
