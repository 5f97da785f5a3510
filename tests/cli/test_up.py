"""``goen up``: one tree of processes that comes up whole, heals, and never leaves a part behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from goen.cli import COMMANDS

pytestmark = pytest.mark.xdist_group("up")


class Up:
    """A running ``goen up`` on a folder and port of its own."""

    def __init__(self, folder: Path, port: int, **more: str) -> None:
        self.folder, self.port = folder, port
        self.log = folder.with_suffix(".log")
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GOEN_")},
            "GOEN_DATA_DIR": str(folder),
            "PYTHONUNBUFFERED": "1",
            **more,
        }
        with self.log.open("wb") as log:
            command = [sys.executable, "-m", "goen.cli", "up", "--port", str(port)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=self.environment)

    def goen(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command on the same folder."""
        command = [sys.executable, "-m", "goen.cli", *arguments]
        return subprocess.run(command, check=False, capture_output=True, text=True, env=self.environment)

    def answers(self, path: str = "/readyz") -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status == 200
        except (OSError, urllib.error.HTTPError):
            return False

    def words(self) -> str:
        return self.log.read_text(errors="replace")

    def tree(self) -> dict[str, int]:
        """Process ids by part: serve, worker, keeper and postgres."""
        found = {}
        for pid in _children(self.process.pid):
            words = _words(pid)
            found[words[-1] if words[-1] in ("serve", "worker") else "keeper"] = pid
        found["postgres"] = next(pid for pid in _children(found["keeper"]))
        return found


def _children(pid: int) -> list[int]:
    """The kernel lists children by the thread that started them."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for each in lists for child in each.read_text().split()]


def _words(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").split("\0")


def _gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("Z")
    except FileNotFoundError:
        return True


def _within(seconds: float, condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Callable[..., Up]]:
    """Start ``goen up`` on this test's folder and port; what still runs afterwards is ended."""
    port, started = _free_port(), []

    def start(**more: str) -> Up:
        started.append(Up(tmp_path / "goen-data", port, **more))
        assert _within(90, started[-1].answers), started[-1].words()
        return started[-1]

    yield start
    for each in started:
        each.process.terminate()
        try:
            each.process.wait(30)
        except subprocess.TimeoutExpired:
            each.process.kill()


def test_it_comes_up_says_where_and_stops_whole(up: Callable[[], Up]) -> None:
    running = up()
    assert _within(10, lambda: "Ctrl-C stops everything." in running.words())
    for expected in (f"http://127.0.0.1:{running.port}/", "/docs", str(running.folder), "shared_buffers 256MB"):
        assert expected in running.words()
    tree = running.tree()
    assert tree.keys() == {"serve", "worker", "keeper", "postgres"}
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(30) == 0, running.words()
    assert all(_gone(pid) for pid in tree.values())
    assert "Traceback" not in running.words()


def test_a_killed_parent_takes_everything_down_and_the_next_start_is_quick(up: Callable[[], Up]) -> None:
    running = up()
    tree = running.tree()
    running.process.kill()
    running.process.wait()
    assert _within(20, lambda: all(_gone(pid) for pid in tree.values()))
    began = time.monotonic()
    up()
    assert time.monotonic() - began < 30  # Five seconds on an idle machine; a test runs beside others.


@pytest.mark.parametrize("part", ["serve", "postgres", "keeper"])
def test_a_killed_part_is_started_again(up: Callable[[], Up], part: str) -> None:
    running = up()
    victim = running.tree()[part]
    os.kill(victim, signal.SIGKILL)
    assert _within(10, lambda: _gone(victim))
    assert _within(40, running.answers), running.words()
    assert running.process.poll() is None
    assert running.goen("migrate").returncode == 0


def test_several_processes_share_the_port_and_one_that_dies_is_started_again(up: Callable[..., Up]) -> None:
    running = up(GOEN_WORKERS="2")
    serve = running.tree()["serve"]
    assert _within(20, lambda: len(_children(serve)) == 2)
    first, second = _children(serve)
    os.kill(first, signal.SIGKILL)
    assert _within(20, lambda: len(_children(serve)) == 2 and first not in _children(serve)), running.words()
    assert second in _children(serve)
    assert _within(20, running.answers)
    both = _children(serve)
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(30) == 0, running.words()
    assert all(_gone(pid) for pid in (serve, *both))


def test_other_commands_work_on_the_same_folder_meanwhile(up: Callable[[], Up], tmp_path: Path) -> None:
    running = up()
    assert "The schema is current." in running.goen("migrate").stdout
    done = running.goen("backup", str(tmp_path / "copy"))
    assert done.returncode == 0, done.stderr
    refused = running.goen("restore", str(tmp_path / "copy"))
    assert refused.returncode == 1
    assert "is not empty" in refused.stderr
    assert running.answers()


def test_a_taken_port_is_refused_with_the_remedy(up: Callable[[], Up]) -> None:
    running = up()
    second = running.goen("up", "--port", str(running.port))
    assert second.returncode == 1
    assert "--port or GOEN_PORT" in second.stderr
    assert running.answers()


def test_every_command_of_the_contract_is_known_and_helps_itself() -> None:
    for name in COMMANDS:
        done = subprocess.run(
            [sys.executable, "-m", "goen.cli", name, "--help"], check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert f"goen {name}" in done.stdout


def test_a_wrong_setting_is_one_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "goen.cli", "migrate"],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "GOEN_PROFILE": "huge"},
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: GOEN_PROFILE is 'huge'; it may be laptop or server.\n"
