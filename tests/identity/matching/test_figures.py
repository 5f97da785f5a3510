"""The figures a correct matcher must reach, on lists with known truth, and on ours with other errors."""

from __future__ import annotations

import csv
from pathlib import Path

import msgspec
import pytest
from bench.people import HEADER, Noise, People

from goen.identity.matching.batch import Matched, Options, match
from goen.identity.matching.columns import recognise
from goen.identity.matching.evaluation import Figures, figures, table
from goen.identity.matching.model import COMPARISONS, MODEL_VERSION, Model
from goen.identity.matching.prepare import Raw, raw_of

LINKAGE = Path(__file__).parents[4] / "shared/data/linkage"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


def _run(header: list[str], rows: list[list[str]], truth: dict[str, str], **options: object) -> tuple[Matched, Figures]:
    columns = recognise(header)
    raws: list[Raw] = [raw_of(row, columns) for row in rows]
    found = match(lambda: raws, Options(**options))  # type: ignore[arg-type]
    return found, figures(found.cluster_of, found.pairs, truth)


def _list(name: str) -> tuple[list[str], list[list[str]]]:
    path = LINKAGE / name
    if not path.exists():
        pytest.skip(f"needs {path}")
    with path.open(encoding="utf-8") as file:
        header, *rows = [[cell.strip() for cell in row] for row in csv.reader(file)]
    return header, rows


def test_members_of_store_web_shop_and_line() -> None:
    header, rows = _list("ja_members_constructed_dev.csv")
    truth = {row[0]: row[-1] for row in rows}
    found, got = _run(header[:-1], [row[:-1] for row in rows], truth)
    told = table([("members", got)])
    assert found.policy == "members"
    assert got.precision >= 0.99, told
    assert got.recall >= 0.62, told
    assert got.recall_with_review >= 0.70, told
    assert got.review_share <= 0.15, told
    # The weights alone, as another engine would load them, give the same.
    saved = msgspec.json.decode(msgspec.json.encode(found.model), type=Model)
    again, _ = _run(header[:-1], [row[:-1] for row in rows], truth, model=saved)
    assert again.cluster_of == found.cluster_of


def test_a_register_without_its_numbers() -> None:
    header, rows = _list("febrl3.csv")
    truth = {row[0]: row[0].split("-")[1] for row in rows}
    _, got = _run(header[:-1], [row[:-1] for row in rows], truth)
    assert got.f1 >= 0.97, table([("febrl3", got)])


def test_a_register_with_holes() -> None:
    header, rows = _list("splink_fake_1000.csv")
    truth = {row[0]: row[-1] for row in rows}
    _, got = _run(header[:-1], [row[:-1] for row in rows], truth)
    assert got.f1 >= 0.90, table([("fake_1000", got)])


@pytest.mark.parametrize(
    ("seed", "noise", "recall_min"),
    [
        (1, Noise(), 0.55),
        # More of everything: typing errors, families on one phone, twins, numbers that changed hands.
        (2, Noise(missing=35, wrong_letter=10, wrong_digit=10, old_kanji=20, latin_nickname=40, new_contact=20,
                  new_family_name=10, share_household=60, share_phone=60, share_twin=8, share_recycled=5), 0.35),
    ],
    ids=["usual", "wild"],
)  # fmt: skip
def test_other_errors_and_rates_bring_no_strangers_together(seed: int, noise: Noise, recall_min: float) -> None:
    rows = [list(row) for row in People(seed, noise).rows(3_000)]
    truth = {row[0]: row[-1] for row in rows}
    _, got = _run(list(HEADER[:-1]), [row[:-1] for row in rows], truth)
    told = table([("ours", got)])
    assert got.precision >= 0.99, told
    assert got.recall >= recall_min, told
    assert got.recall_with_review >= got.recall + 0.05, told
    assert got.review_share <= 0.15, told


def test_a_list_with_fewer_columns() -> None:
    """Names and phones are all there is."""
    rows = [[row[0], row[2], row[6], row[-1]] for row in People(3).rows(1_500)]
    truth = {row[0]: row[-1] for row in rows}
    _, got = _run(["id", "氏名", "電話番号"], [row[:-1] for row in rows], truth)
    assert got.precision >= 0.99
    assert got.recall >= 0.3


@pytest.mark.parametrize("script", list(COMPARISONS))
def test_the_model_is_portable(script: str) -> None:
    """Spark reads every condition: nothing in them is DuckDB's own."""
    import sqlglot
    from splink.internals.settings_creator import SettingsCreator

    from goen.identity.matching.model import DEFAULTS

    model = DEFAULTS[script]
    assert model.version == MODEL_VERSION
    settings = model.settings(COMPARISONS[script], ["block_phone"], trained=True)
    assert SettingsCreator(**settings).get_settings("spark")
    for comparison in settings["comparisons"]:
        for level in comparison["comparison_levels"]:
            if level["sql_condition"] != "ELSE":
                sqlglot.parse_one(level["sql_condition"], read="spark")
