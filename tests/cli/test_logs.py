"""The log tells what failed and where, never whose data it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import structlog

from goen.cli.logs import log_to_stderr, without_values


@pytest.fixture
def unconfigured() -> Any:
    yield
    structlog.reset_defaults()


async def test_values_that_the_database_quotes_are_not_logged(
    owner: asyncpg.Connection, capsys: pytest.CaptureFixture[str], unconfigured: None, database: Any
) -> None:
    log_to_stderr("info")
    log = structlog.get_logger("test")
    person = "勅使河原 鷺蔵\n二行目の名"
    columns = "member_id, number, name, status, joined_at, changed_at"
    insert = f"insert into member ({columns}) values ($1, 'x', $2, $3, now(), now())"
    failing: tuple[tuple[Any, ...], ...] = ((1, person, "nobody"), ("1" + person, None, "active"), (1, person, None))
    for arguments in failing:
        try:
            await owner.execute(insert, *arguments)
        except Exception as error:
            log.error("request_failed", exc_info=error)
            log.warning("worker_interrupted", error=str(error))
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert len(lines) == 6
    told = json.dumps(lines, ensure_ascii=False)
    assert "鷺蔵" not in told
    assert "二行目" not in told
    assert "member_status_check" in told  # What was wrong is said.
    assert "invalid input for query argument $1: (not logged)" in told
    assert "Traceback" in told


def test_words_after_the_values_stay() -> None:
    words = (
        "UniqueViolationError: twice\nDETAIL:  Key (a)=(x\ny) already exists.\n"
        "Traceback (most recent call last):\n  File"
    )
    assert without_values(words) == (
        "UniqueViolationError: twice\nDETAIL: (not logged)\nTraceback (most recent call last):\n  File"
    )


def test_the_server_writes_no_query_strings(tmp_path: Path) -> None:
    from goen.cli import serve

    assert "access_log=False" in Path(serve.__file__).read_text(encoding="utf-8")
