"""Killed at any moment: what was answered is there once, what was not answered is asked again and done once.

SIGKILL ends processes, not the machine: that the disk keeps what PostgreSQL was told is kept is PostgreSQL's
promise (``fsync`` and ``synchronous_commit`` are on). ``GOEN_CRASH_ROUNDS=200`` for a long night.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter
from pathlib import Path

import asyncpg
import httpx
import pytest

from crash.retailer import CALM_SECONDS, Tills, Up, kill

ROUNDS = int(os.environ.get("GOEN_CRASH_ROUNDS", "20"))
SEED = int(os.environ.get("GOEN_CRASH_SEED", "20261122"))
#: Who is killed, in turn; after "everything" a new ``goen up`` is started, as a person would.
VICTIMS = ("server", "postmaster", "database", "backend", "everything")
READY_SECONDS = 5

ANSWERS = "select answer::text as answer from act where integration = 'tills'"


def crowding() -> float:
    """How much longer things take because others use the processors: 1 where nobody does."""
    began, used = time.monotonic(), time.process_time()
    while time.process_time() < used + 0.3:
        pass
    return (time.monotonic() - began) / (time.process_time() - used)


async def answers_kept(up: Up) -> Counter[bytes]:
    """What the books say was answered."""
    connection = await asyncpg.connect(dsn(up))
    try:
        return Counter(row["answer"].encode() for row in await connection.fetch(ANSWERS))
    finally:
        await connection.close()


def dsn(up: Up) -> str:
    password, port = (up.folder / "password").read_text(), (up.folder / "port").read_text()
    return f"postgresql://goen:{password}@127.0.0.1:{port}/goen"


@pytest.mark.slow
@pytest.mark.timeout(60 + 20 * ROUNDS)
@pytest.mark.xdist_group("up")
async def test_killed_at_any_moment_nothing_answered_is_lost_and_nothing_is_done_twice(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    up = Up(tmp_path / "goen-data")
    try:
        await up.start()
        made = up.goen("keys", "create", "--name", "tills", "--role", "server")
        assert made.returncode == 0, made.stderr
        secret = {"Authorization": f"Bearer {made.stdout.strip()}"}
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{up.port}", headers=secret, timeout=CALM_SECONDS
        ) as client:
            tills = Tills(client, chance)
            await tills.furnish()
            starts = [await one_round(up, tills, VICTIMS[n % len(VICTIMS)]) for n in range(ROUNDS)]
        assert tills.cut >= ROUNDS, "too few kills cut off an answer: the load is too light to prove anything"
        assert len(tills.done) >= ROUNDS * 20
        assert min(each for each in starts if each) < READY_SECONDS, starts
        verified = up.goen("verify")
        assert verified.returncode == 0, verified.stdout
    finally:
        up.stop()


async def one_round(up: Up, tills: Tills, victim: str) -> float | None:
    """Load, a kill at a random moment, recovery, the proof. Gives the seconds of a new start, where it took one."""
    seconds = None
    stopped = asyncio.Event()
    load = asyncio.create_task(tills.work(stopped))
    await asyncio.sleep(tills.chance.uniform(0.2, 0.8))
    pids = getattr(up, victim)()
    assert pids, f"found nothing of the {victim} to kill"
    kill(pids)
    if victim == "everything":
        assert up.process is not None
        up.process.wait()
        stopped.set()
        seconds = await up.start() / crowding()
    else:
        # The tills go on asking while what was killed comes back by itself.
        await asyncio.sleep(0.1)
        await up.ready()
        stopped.set()
    await load
    await up.ready()
    await tills.ask_again()
    kept = await answers_kept(up)
    lost = [act for act in tills.done if kept[act.answer or b""] != 1]
    assert not lost, f"after the kill of {victim}: {len(lost)} answered acts are not there once, such as {lost[0]}"
    assert kept.total() == len(tills.done), f"after the kill of {victim}: done without ever being answered"
    return seconds
