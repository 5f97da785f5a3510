"""``goen programme check``: findings on stderr, the members' text on stdout, an honest exit status."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from goen.cli import main


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
