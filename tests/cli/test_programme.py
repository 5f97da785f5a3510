"""``goen programme check``: findings on stderr, the members' text on stdout, an honest exit status."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from click.testing import CliRunner

from goen.cli import main
from goen.earning.programme import from_toml


@pytest.fixture
def check(tmp_path):
    def run(content: str, *options: str):
        file = tmp_path / "programme.toml"
        file.write_text(content, encoding="utf-8")
        return CliRunner().invoke(main, ["programme", "check", str(file), *options])

    return run


def test_a_good_programme_shows_what_members_will_read(check):
    result = check("point_value = 1\n[earning]\npercent = 1.5\n")
    assert result.exit_code == 0
    assert "1.5%をポイントとして進呈します" in result.stdout
    assert "You earn 1.5% of what you buy" in check("[earning]\npercent = 1.5\n", "--language", "en").stdout


def test_rule_20_warnings_are_told_and_do_not_fail(check):
    result = check("[use]\nmin = 100\n")
    assert result.exit_code == 0
    assert result.stderr.startswith("warning: use.min: ")


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("point_value = 0\n", "point_value"),
        ("[earning]\nplace = 'till'\n", "earning.place"),
        ("unknown = 1\n", "unknown"),
        ("not toml", "line 1"),
    ],
)
def test_a_programme_that_cannot_be_applied_fails_and_names_the_field(check, content, named):
    result = check(content)
    assert result.exit_code == 1
    assert named in result.stderr
    assert result.stdout == ""


@pytest.fixture
def goen(database, monkeypatch):
    """Run a command on a database of the test's own."""
    monkeypatch.setenv("GOEN_DATABASE_URL", database.dsn)

    def run(*arguments: str):
        # The test's loop is busy; a command brings its own.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(CliRunner().invoke, main, ["programme", *arguments]).result()

    return run


async def test_a_new_database_shows_the_default_and_takes_a_changed_file_back(goen, tmp_path):
    shown = goen("show")
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.startswith("# Version 1, since ")
    file = tmp_path / "programme.toml"
    file.write_text(shown.stdout.replace("unit_points = 1\n", "unit_points = 2\n"), encoding="utf-8")
    applied = goen("apply", str(file))
    assert applied.exit_code == 0, applied.output
    assert applied.stdout.startswith("Version 2 counts from ")
    assert from_toml(goen("show", "--version", "2").stdout).earning.unit_points == 2
    assert from_toml(goen("show").stdout).earning.unit_points == 1  # It starts 2 seconds ahead.


async def test_rule_7_a_version_never_starts_in_the_past(goen, tmp_path):
    file = tmp_path / "programme.toml"
    file.write_text("", encoding="utf-8")
    refused = goen("apply", str(file), "--from", "2020-01-01T00:00:00+09:00")
    assert refused.exit_code == 1
    assert "starts_at" in refused.stderr
    assert goen("apply", str(file), "--from", "tomorrow").exit_code == 2
    assert goen("show", "--version", "2").exit_code == 1
