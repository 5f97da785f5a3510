"""A pair compared in Python has the levels that the batch's SQL gives it, on every list there is."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from goen.identity.matching import scoring
from goen.identity.matching.columns import recognise
from goen.identity.matching.model import COMPARISONS, DEFAULTS
from goen.identity.matching.names import NameBook
from goen.identity.matching.pairwise import compare, levels_of
from goen.identity.matching.prepare import Prepared, Raw, prepare, raw_of

LINKAGE = Path(__file__).parents[4] / "shared/data/linkage"


@pytest.mark.parametrize(
    ("name", "script", "most"),
    [("ja_members_constructed_dev.csv", "japanese", 40_000), ("splink_fake_1000.csv", "latin", 20_000)],
)
def test_both_engines_say_the_same(name: str, script: Any, most: int) -> None:
    if not LINKAGE.is_dir():
        pytest.skip("shared/data is not here")
    with (LINKAGE / name).open(encoding="utf-8") as file:
        header, *rows = [[cell.strip() for cell in row] for row in csv.reader(file)]
    columns, book = recognise(header), NameBook()
    raws = [raw_of(row, columns) for row in rows]
    book.learn((raw.name, raw.kana) for raw in raws)
    records = [prepare(raw, number, number, book) for number, raw in enumerate(raws)]
    with scoring.scratch() as store:
        scoring.load(store, [records])
        found = scoring.score(store, DEFAULTS[script], -40)
        names = ", ".join(f"gamma_{each.name}" for each in found)
        order = "hash(record_l * 7 + record_r)"  # Any, and always the same.
        pairs = store.run(f"select record_l, record_r, {names} from pairs order by {order} limit {most}")
        seen: set[tuple[str, str | None]] = set()
        compared = 0
        for left, right, *gammas in pairs:
            levels = levels_of(records[left], records[right], script)
            for comparison, gamma in zip(found, gammas, strict=True):
                expected = None if gamma < 0 else comparison.codes[gamma]
                assert levels[comparison.name] == expected, (comparison.name, records[left], records[right])
                seen.add((comparison.name, expected))
            compared += 1
    assert compared > 2_000
    given, family = COMPARISONS[script][:2]
    assert {("given", code) for code in given.codes} | {("family", code) for code in family.codes} <= seen | {
        ("given", "swapped"), ("family", "swapped"),
    }  # fmt: skip


def person(**fields: Any) -> Prepared:
    return prepare(Raw("1", **fields), 1, 1, NameBook())


def test_evidence_has_the_models_weights() -> None:
    one = person(name="山田 花子", kana="ヤマダ ハナコ", phone="090-1111-2222", birthday="1980-04-01")
    same = compare(one, person(name="山田花子", kana="ﾔﾏﾀﾞ ﾊﾅｺ", phone="09011112222"), DEFAULTS["japanese"], prior=0.1)
    assert (same.verdict, same.levels["phone"], same.levels["birth"]) == ("auto", "same", None)
    assert same.probability > 0.99
    assert same.evidence["phone"][1] == pytest.approx(16.1, abs=0.1)
    son = person(name="山田 翔太", kana="ヤマダ ショウタ", phone="090-1111-2222")
    assert compare(one, son, DEFAULTS["japanese"], prior=0.1).verdict == "never"
