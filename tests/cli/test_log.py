"""What is logged: by importance, and never the values at hand when something failed."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import structlog

from goen.cli.log import speak


@pytest.fixture(autouse=True)
def _defaults() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_a_failure_is_told_without_the_values_at_hand(capsys: pytest.CaptureFixture[str]) -> None:
    speak("info")
    try:
        phone, name = "090-1234-5678", "山田 花子"
        _fail_with(phone, name)
    except ValueError as error:
        structlog.get_logger("goen.test").error("request_failed", request_id="r-1", exc_info=error)
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["level"], line["request_id"]) == ("request_failed", "error", "r-1")
    assert "_fail_with" in line["exception"], "the traceback says where"
    assert "5678" not in str(line)
    assert "山田" not in str(line)


def test_what_is_less_important_than_the_setting_is_not_said(capsys: pytest.CaptureFixture[str]) -> None:
    speak("warning")
    log = structlog.get_logger("goen.test")
    log.info("quiet")
    log.warning("loud")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["loud"]


def _fail_with(phone: str, name: str) -> None:
    raise ValueError("no reason")
