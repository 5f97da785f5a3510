"""``goen shops`` and ``goen keys``: what scripts and people read of them."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg
import pytest
from click.testing import CliRunner, Result

from goen.cli import main
from goen.shops.keys import hash_of


@pytest.fixture
def goen(database: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command on a database of the test's own."""
    monkeypatch.setenv("GOEN_DATABASE_URL", database.dsn)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> Result:
        # The test's loop is busy; a command brings its own.
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(CliRunner().invoke, main, list(arguments)).result()

    return run


async def test_keys_create_prints_the_key_alone(goen: Any, owner: asyncpg.Connection) -> None:
    assert goen("shops", "add", "shibuya", "--name", "渋谷店").output == "added shibuya 渋谷店 (store)\n"
    made = goen("keys", "create", "--name", "till", "--role", "pos", "--shop", "shibuya", "--device", "reg-1")
    assert made.exit_code == 0
    assert made.stderr == ""
    secret = made.stdout.removesuffix("\n")
    assert len(secret.split()) == 1
    row = await owner.fetchrow("select integration, role, device, secret_hash from api_key")
    assert tuple(row) == ("till", "pos", "reg-1", hash_of(secret))
    listed = goen("keys", "list").output
    assert "till" in listed
    assert "reg-1" in listed
    assert secret not in listed


async def test_shops_are_changed_and_listed_and_a_web_shop_is_told_its_secret_once(goen: Any) -> None:
    first = goen("shops", "add", "web", "--name", "EC", "--kind", "ec").output
    assert "linking secret " in first
    again = goen("shops", "add", "web", "--name", "オンラインストア", "--kind", "ec").output
    assert again == "changed web オンラインストア (ec)\n"
    assert "オンラインストア" in goen("shops", "list").output


async def test_a_revoked_key_is_listed_as_such(goen: Any, owner: asyncpg.Connection) -> None:
    goen("keys", "create", "--name", "boss", "--role", "server")
    assert goen("keys", "revoke", "boss").output.startswith("revoked ")
    assert await owner.fetchval("select revoked_at is not null from api_key")
    again = goen("keys", "revoke", "boss")
    assert again.exit_code == 1
    assert "no key" in again.stderr
    authors = await owner.fetch("select author from audit where action like 'key.%'")
    assert len(authors) == 2
    assert all(row["author"].startswith("cli:") for row in authors)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("keys", "create", "--name", "x", "--role", "pos"), "shop"),
        (("keys", "create", "--name", "x", "--role", "pos", "--shop", "nowhere"), "nowhere"),
        (("keys", "create", "--name", "x", "--role", "king"), "king"),
        (("shops", "add", "渋谷", "--name", "x"), "CODE"),
    ],
)
async def test_what_cannot_be_is_told_in_a_sentence(goen: Any, arguments: tuple[str, ...], word: str) -> None:
    result = goen(*arguments)
    assert result.exit_code != 0
    assert result.stdout == ""
    assert word in result.stderr
    assert "Traceback" not in result.stderr


def test_logs_are_json_lines_without_the_values_of_variables() -> None:
    program = (
        "from goen.cli.logs import log_to_stderr; import structlog; log_to_stderr('warning'); secret = 'hunter2'\n"
        "log = structlog.get_logger(); log.info('not told')\n"
        "try: raise RuntimeError('失敗')\n"
        "except RuntimeError as error: log.error('failed', exc_info=error, shop='渋谷')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    (line,) = done.stderr.splitlines()
    told = json.loads(line)
    assert (told["event"], told["level"], told["shop"]) == ("failed", "error", "渋谷")
    assert "RuntimeError: 失敗" in told["exception"]
    assert "hunter2" not in line
    assert done.stdout == ""
