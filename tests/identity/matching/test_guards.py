"""Guards: what a pair may become, whatever its weight (rule 44), and what no chain may put together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from goen.identity.matching.clusters import Edge, clustered
from goen.identity.matching.guards import agreements, apart, verdict
from goen.identity.matching.model import COMPARISONS
from goen.identity.matching.names import NameBook
from goen.identity.matching.prepare import Prepared, Raw, prepare

SAME = {"given": "written", "family": "written"}


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        # Rule 44: two independent fields that agree, the name or the birth date among them.
        ({**SAME, "phone": "same"}, "auto"),
        ({**SAME, "email": "same", "birth": "same"}, "auto"),
        ({"given": "reading", "phone": "same"}, "auto"),
        ({"given": "alike", "email": "same"}, "auto"),
        ({**SAME, "birth": "same"}, "auto"),
        ({**SAME, "address": "house"}, "auto"),
        ({**SAME, "phone": "near"}, "auto"),
        # One field, or none that tells people apart.
        (SAME, "review"),
        ({"phone": "same"}, "review"),
        ({"phone": "same", "email": "same", "address": "house"}, "review"),
        ({"family": "written", "phone": "same", "address": "house"}, "review"),
        # Households: a phone, a mail and a house in common, and another given name.
        ({"given": "different", "family": "written", "phone": "same", "email": "same", "address": "house"}, "never"),
        ({"given": "different", "family": "reading", "birth": "different", "phone": "same"}, "never"),
        # Twins: the birth date in common as well. Their names are often alike.
        ({"given": "different", "family": "written", "birth": "same", "phone": "same", "address": "house"}, "never"),
        ({"given": "near", "family": "written", "birth": "same", "phone": "same", "address": "house"}, "review"),
        # A maiden name: family name changed, so one field more must agree.
        ({"given": "written", "family": "different", "phone": "same"}, "review"),
        ({"given": "written", "family": "different", "phone": "same", "birth": "same"}, "auto"),
        # A recycled phone number: somebody else altogether.
        ({"given": "different", "family": "different", "phone": "same"}, "never"),
        ({"given": "different", "family": "different", "birth": "different", "phone": "same"}, "never"),
        # Conflicts of sex or birth date are never merged.
        ({**SAME, "phone": "same", "birth": "different"}, "review"),
        ({**SAME, "phone": "same", "sex": "different"}, "review"),
        ({**SAME, "birth": "different"}, "never"),
        # A nickname, other kanji, a date with two slips: one field more, or a person.
        ({"given": "short", "phone": "same"}, "review"),
        ({**SAME, "given": "homophone", "phone": "same"}, "review"),
        ({**SAME, "given": "homophone", "phone": "same", "birth": "same"}, "auto"),
        ({**SAME, "birth": "partly", "phone": "same"}, "review"),
    ],
)  # fmt: skip
def test_rule_44(levels: dict[str, str], expected: str) -> None:
    assert verdict(levels, "japanese") == expected


_JAPANESE = {each.name: (*each.codes, None) for each in COMPARISONS["japanese"]}


@given(some.fixed_dictionaries({name: some.sampled_from(codes) for name, codes in _JAPANESE.items()}))
def test_nothing_automatic_without_rule_44(levels: dict[str, str | None]) -> None:
    if verdict(levels, "japanese") == "auto":
        assert len(agreements(levels, "japanese")) >= 2
        assert agreements(levels, "japanese") & {"name", "birth"}
        assert "different" not in (levels["sex"], levels["birth"], levels["given"])


def _record(number: int, name: str, kana: str | None = None, **fields: str) -> Prepared:
    return prepare(Raw(str(number), name=name, kana=kana, **fields), number, number, NameBook())


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (_record(1, "山田 花子", "ヤマダ ハナコ"), _record(2, "はなこ"), False),
        (_record(1, "山田 花子", "ヤマダ ハナコ"), _record(2, "はな"), False),
        (_record(1, "山田 俊太", "ヤマダ シュンタ"), _record(2, "ヤマダ シユンタ"), False),
        (_record(1, "山田 花子", "ヤマダ ハナコ"), _record(2, "山田 太郎", "ヤマダ タロウ"), True),
        (_record(1, "山田 花子"), _record(2, "山田 太郎"), True),
        (_record(1, "山田 花子", sex="F"), _record(2, "山田 花子", sex="男"), True),
        (_record(1, "山田 花子", birthday="1960/1/2"), _record(2, "山田 花子", birthday="1990-04-05"), True),
        (_record(1, "山田 花子", birthday="1960/1/2"), _record(2, "山田 花子", birthday="1960-01-03"), False),
        (_record(1, "山田 花子"), _record(2, "小野 花子"), False),
    ],
)
def test_who_cannot_be_one_person(one: Prepared, other: Prepared, expected: bool) -> None:
    assert apart(one, other) is expected
    assert apart(other, one) is expected


def test_no_chain_through_a_weak_edge_pulls_strangers_together() -> None:
    """Mother 1, son 3 and a record 2 that fits both: it goes to neither, or to the one it fits far better."""

    def cannot(one: int, other: int) -> bool:
        return {one, other} == {1, 3}

    alike = clustered([Edge(1, 2, 9.0), Edge(2, 3, 8.0)], cannot)
    assert alike.of == {}
    assert len(alike.refused) == 2
    better = clustered([Edge(1, 2, 20.0), Edge(2, 3, 8.0)], cannot)
    assert better.of == {1: 1, 2: 1}
    assert better.refused == [Edge(2, 3, 8.0)]


def test_two_groups_stay_two_where_any_of_them_conflict() -> None:
    """1-2 and 3-4 are pairs; 2-3 would join them, but 1 and 4 cannot be one person."""
    found = clustered([Edge(1, 2, 20.0), Edge(3, 4, 20.0), Edge(2, 3, 9.0)], lambda one, other: {one, other} == {1, 4})
    assert found.of == {1: 1, 2: 1, 3: 3, 4: 3}
    assert found.refused == [Edge(2, 3, 9.0)]


_EDGES = some.lists(
    some.builds(
        Edge,
        some.integers(0, 9),
        some.integers(10, 19),
        some.floats(-5, 30, allow_nan=False).map(lambda x: round(x, 1)),
    ),
    max_size=25,
)


@given(_EDGES, some.sets(some.tuples(some.integers(0, 19), some.integers(0, 19)), max_size=15))
def test_no_group_ever_holds_two_that_conflict(edges: list[Edge], conflicts: set[tuple[int, int]]) -> None:
    def cannot(one: int, other: int) -> bool:
        return (one, other) in conflicts or (other, one) in conflicts

    found = clustered(edges, cannot)
    for one, group in found.of.items():
        for other in found.of:
            assert one == other or found.of[other] != group or not cannot(one, other)
