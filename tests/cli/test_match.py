"""``goen match --file``: the contract of its files, other encodings and headers, and what it says when it cannot."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from goen.cli import main

ROWS = """\
record_id,source,name,kana,sex,birthday,phone,email,postcode,postal_address,entity
s1,store,山田 和歌子,ヤマダ ワカコ,F,1980-04-01,090-1111-2222,,,,1
l1,line,わかこ,,,,+819011112222,,,,1
s2,store,山田 翔太,ヤマダ ショウタ,M,2010-05-05,090-1111-2222,,,,2
e1,ec,小野 花子,オノ ハナコ,,,,hanako@example.jp,,,3
e2,ec,森 花子,モリ ハナコ,,,,HANAKO@example.jp,,,3
s3,store,髙橋　一,タカハシ ハジメ,,,03-3333-4444,,,,4
"""


def _match(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["match", *map(str, arguments)])


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


def test_persons_and_pairs(source: Path, tmp_path: Path) -> None:
    out, pairs = tmp_path / "out.csv", tmp_path / "pairs.csv"
    result = _match("--file", source, "--out", out, "--pairs", pairs)
    assert result.exit_code == 0, result.output
    persons = _read(out)
    assert list(persons[0]) == ["record_id", "cluster_id"]
    of = {row["record_id"]: row["cluster_id"] for row in persons}
    assert list(of) == ["s1", "l1", "s2", "e1", "e2", "s3"]
    assert of["s1"] == of["l1"]
    assert len(set(of.values())) == 5
    found = _read(pairs)
    assert list(found[0]) == ["record_id_l", "record_id_r", "probability", "decision"]
    assert {(row["record_id_l"], row["record_id_r"], row["decision"]) for row in found} == {
        ("s1", "l1", "auto"),
        ("e1", "e2", "review"),
    }
    assert all(0 < float(row["probability"]) <= 1 for row in found)
    assert "6 records, 5 persons, 1 pairs to review." in result.output


def test_other_headers_and_encodings(tmp_path: Path) -> None:
    path, out = tmp_path / "会員.csv", tmp_path / "out.csv"
    rows = "会員番号,氏名,氏名カナ,携帯2", "001,髙橋 花子,ﾀｶﾊｼ ﾊﾅｺ,０９０－１１１１－２２２２", "002,はなこ,,9011112222"
    words = "".join(f"{row}\r\n" for row in rows)
    path.write_bytes(words.encode("cp932"))
    result = _match("--file", path, "--out", out, "--column", "phone=携帯2")
    assert result.exit_code == 0, result.output
    assert [row["cluster_id"] for row in _read(out)] == ["001", "001"]


def test_weights_are_saved_and_used_again(source: Path, tmp_path: Path) -> None:
    model, first, again = tmp_path / "model.json", tmp_path / "1.csv", tmp_path / "2.csv"
    assert _match("--file", source, "--out", first, "--save-model", model).exit_code == 0
    assert _match("--file", source, "--out", again, "--model", model).exit_code == 0
    assert first.read_bytes() == again.read_bytes()
    model.write_text(model.read_text().replace('"version": 1', '"version": 0'))
    result = _match("--file", source, "--out", again, "--model", model)
    assert result.exit_code == 1
    assert "version 0" in result.output


def test_figures_where_the_truth_is_known(source: Path, tmp_path: Path) -> None:
    result = _match("--file", source, "--out", tmp_path / "out.csv", "--truth", "entity")
    assert "| in.csv | 6 | 2 | 1.0000 | 0.5000 | 0.6667 | 1.0000 | 0.167 |" in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--out", "x.csv"], "go with --file"),
        (["--file", "IN"], "needs --out"),
        (["--file", "IN", "--out", "OUT", "--column", "phone"], "write FIELD=COLUMN"),
        (["--file", "IN", "--out", "OUT", "--column", "phone=none"], "none"),
        (["--file", "IN", "--out", "OUT", "--truth", "none"], "no column none"),
        (["--file", "NAMELESS", "--out", "OUT"], "no column names the records"),
        (["--file", "EMPTY", "--out", "OUT"], "is empty"),
    ],
)
def test_what_cannot_be_done_is_said(source: Path, tmp_path: Path, arguments: list[str], words: str) -> None:
    places = {"IN": source, "OUT": tmp_path / "o.csv", "NAMELESS": tmp_path / "n.csv", "EMPTY": tmp_path / "e.csv"}
    places["NAMELESS"].write_text("name,phone\n山田,1\n", encoding="utf-8")
    places["EMPTY"].touch()
    result = _match(*[places.get(each, each) for each in arguments])
    assert result.exit_code != 0
    assert words in result.output


def test_the_server_and_the_command_line_start_without_the_engines() -> None:
    """Splink, DuckDB and Arrow take a second and a hundred megabytes; only a run of matching loads them."""
    words = (
        "import sys; import goen.main, goen.cli.match, goen.jobs.worker, goen.actions.members.matching;"
        "print([name for name in ('splink', 'duckdb', 'pyarrow', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
