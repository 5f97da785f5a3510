"""``goen programme ready`` and ``goen terms``: tried dry, loaded once, refused over anything else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from click.testing import CliRunner

from goen.channels.ready import NAMES
from goen.cli import main


@pytest.fixture
def goen(database, monkeypatch):
    """Run a command on a database of the test's own."""
    monkeypatch.setenv("GOEN_DATABASE_URL", database.dsn)

    def run(*arguments: str):
        # The test's loop is busy; a command brings its own.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(CliRunner().invoke, main, list(arguments)).result()

    return run


async def test_it_is_tried_dry_loaded_once_and_refused_over_another(goen):
    listed = goen("programme", "ready").stdout.splitlines()
    assert [line.partition(":")[0] for line in listed] == list(NAMES)
    tried = goen("programme", "ready", "apparel", "--dry-run")
    assert tried.exit_code == 0, tried.output
    assert "campaign third-weekend: is made" in tried.stdout
    assert "■会員ランク" in tried.stdout
    assert "600ポイント" in tried.stdout
    assert "holds" not in goen("terms", "show").stdout
    done = goen("programme", "ready", "apparel")
    assert done.exit_code == 0, done.output
    again = goen("programme", "ready", "apparel")
    assert again.exit_code == 0, again.output
    assert "is made" not in again.stdout
    other = goen("programme", "ready", "grocery")
    assert other.exit_code == 1
    assert "programme おかいものカード: IS THERE WITH OTHER CONTENT" in other.stdout
    assert "nothing was written" in other.stderr
    assert "1: holds, from " in goen("terms", "show").stdout
    assert "第14条" in goen("terms", "show", "1").stdout


async def test_a_folder_of_ones_own_is_made_from_a_ready_one(goen, tmp_path):
    mine = tmp_path / "mine"
    copied = goen("programme", "ready", "grocery", "--copy-to", str(mine))
    assert copied.exit_code == 0, copied.output
    assert goen("programme", "ready", "grocery", "--copy-to", str(mine)).exit_code == 1
    file = mine / "programme.toml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("unit_amount = 200", "unit_amount = 250"), encoding="utf-8"
    )
    loaded = goen("programme", "ready", str(mine))
    assert loaded.exit_code == 0, loaded.output
    (mine / "campaigns.toml").write_text("[[campaign]]\ncode = 'a'\nname = 'a'\neffects = []\n", encoding="utf-8")
    wrong = goen("programme", "ready", str(mine))
    assert wrong.exit_code == 1
    assert "campaigns.toml" in wrong.stderr
    assert goen("programme", "ready", str(tmp_path / "none")).exit_code == 1


TERMS = """
version = "2099-04"
holds_from = 2099-04-01
notice_on = 2099-03-01
worsening = true
text.ja = "第1条 目的"
"""


async def test_terms_are_published_from_a_file_and_short_notice_is_warned_of(goen, tmp_path):
    file = tmp_path / "terms.toml"
    file.write_text(TERMS, encoding="utf-8")
    made = goen("terms", "publish", str(file))
    assert made.exit_code == 0, made.output
    assert "31日間" in made.stderr
    assert goen("terms", "publish", str(file)).exit_code == 0
    file.write_text(TERMS.replace("目的", "別の目的"), encoding="utf-8")
    assert goen("terms", "publish", str(file)).exit_code == 1
    file.write_text("version = 1", encoding="utf-8")
    assert goen("terms", "publish", str(file)).exit_code == 1
    assert "2099-04: to come" in goen("terms", "show").stdout
    assert goen("terms", "show", "none").exit_code == 1
