"""``goen coupons``: codes made in bulk, gone on with after an interruption, and written to a file."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from click.testing import CliRunner

from goen.actions import coupons as actions
from goen.cli.coupons import coupons
from goen.database.pool import open_database
from goen.earning.coupons.codes import normal, well_formed
from goen.earning.coupons.errors import BatchDiffers, KindStopped, UnknownCouponKind
from goen.earning.coupons.model import AmountOff, CouponKind
from goen.vocabulary.clock import SystemClock

COUNT = 25_000


@pytest.fixture
def settled(database: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The commands' settings name this test's database, which has one kind of coupon."""
    monkeypatch.setenv("GOEN_DATABASE_URL", database.dsn)
    return database


async def _kind(dsn: str) -> None:
    async with open_database(dsn) as opened:
        await actions.create(opened, CouponKind("mass", "大量配布", AmountOff(100)), "test", SystemClock().now())


async def _run(*arguments: str) -> Any:
    import asyncio

    return await asyncio.to_thread(lambda: CliRunner().invoke(coupons, list(arguments)))


async def test_codes_are_made_once_and_exported(settled: Any, tmp_path: Path) -> None:
    await _kind(settled.dsn)
    for _ in range(2):
        done = await _run("generate", "mass", "--count", str(COUNT), "--batch", "dm-12")
        assert done.exit_code == 0, done.output
        assert f"{COUNT} codes of mass (version 1) in batch dm-12" in done.output
    file = tmp_path / "codes.csv"
    done = await _run("export", "mass", "--batch", "dm-12", "--out", str(file), "--unused")
    assert done.exit_code == 0, done.output
    assert file.stat().st_mode & 0o077 == 0
    with file.open(encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    assert len({row["code"] for row in rows}) == COUNT
    assert all(well_formed(normal(row["code"])) for row in rows)
    assert {(row["batch"], row["uses"], row["member"]) for row in rows} == {("dm-12", "0", "")}
    assert (await _run("export", "none")).exception.__class__ is UnknownCouponKind
    differs = await _run("generate", "mass", "--count", "7", "--batch", "dm-12")
    assert differs.exception.__class__ is BatchDiffers


async def test_what_was_interrupted_goes_on(settled: Any) -> None:
    await _kind(settled.dsn)

    class Stopped(Exception):
        pass

    def after_the_first(made: int) -> None:
        if made:
            raise Stopped

    async with open_database(settled.dsn) as opened:
        clock = SystemClock()
        from zoneinfo import ZoneInfo

        asked: Any = (opened, ZoneInfo("Asia/Tokyo"), "mass", "b", COUNT, "test", clock.now())
        with pytest.raises(Stopped):
            await actions.generate(*asked, after_the_first)
        async with opened.reading() as connection:
            assert await connection.fetchval("select count(*) from coupon") == actions.PIECE
        await actions.stop(opened, "mass", "test", clock.now())
        with patch.object(actions, "PIECE", 4_000):
            assert (await actions.generate(*asked)).made == COUNT
        async with opened.reading() as connection:
            assert await connection.fetchval("select count(*) from coupon") == COUNT
        with pytest.raises(KindStopped):
            await actions.generate(*asked[:3], "c", *asked[4:])
