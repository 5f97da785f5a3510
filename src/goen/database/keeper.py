"""The keeper: a small process beside the embedded server that lives exactly as long as someone uses it.

Every process that uses the data folder holds a shared lock on ``in-use``. The keeper waits for the
exclusive one: the kernel gives it when the last user is gone, however that user ended, SIGKILL
included. Then PostgreSQL is stopped. Should PostgreSQL die on its own meanwhile, it is started again
and recovers. Should the keeper itself be killed, Linux passes PostgreSQL a shutdown signal.

Runs as a file of its own (``python -I -S keeper.py SPEC``) with nothing but the standard library, so
that a warm start stays quick. The exit status is 0 after an orderly stop.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
FAST, IMMEDIATE = signal.SIGINT, signal.SIGQUIT
TRIES = 40
PAUSE_SECONDS = 0.15
STOP_SECONDS = 60
HEALTHY_SECONDS = 5


def main(spec: dict[str, Any]) -> int:
    """Keep one server. ``spec`` has run, database, command, environment, log and drop (see embedded.py)."""
    for quiet in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(quiet, signal.SIG_IGN)  # A service manager signals everyone; our users decide, not it.
    run = Path(spec["run"])
    alive = (run / "keeper").open("a")
    fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)

    server: list[subprocess.Popen[bytes]] = []
    stopping = threading.Event()
    waiter = threading.Thread(target=_stop_when_unused, args=(run / "in-use", server, stopping), daemon=True)

    failures = 0
    while not stopping.is_set() and failures < TRIES:
        orphan_gone(Path(spec["database"]))
        began = time.monotonic()
        server[:] = [_started(spec)]
        if not waiter.ident:
            waiter.start()
        if stopping.is_set():  # The last user left while we were starting again.
            server[0].send_signal(FAST)
        status = server[0].wait()
        if stopping.is_set():
            return 0
        # After a crash its old children may hold the shared memory for a moment: simply try again.
        failures = 0 if time.monotonic() - began > HEALTHY_SECONDS else failures + 1
        print(f"goen keeper: PostgreSQL ended with status {status}", file=sys.stderr, flush=True)
        time.sleep(PAUSE_SECONDS)
    return 0 if stopping.is_set() else 1


def _started(spec: dict[str, Any]) -> subprocess.Popen[bytes]:
    prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None

    def follow_parent() -> None:
        if prctl is not None:
            prctl(PR_SET_PDEATHSIG, FAST, 0, 0, 0)

    with Path(spec["log"]).open("ab") as log:
        return subprocess.Popen(
            spec["command"],
            cwd=spec["database"],
            env=spec["environment"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=follow_parent,  # noqa: PLW1509 - after setuid, which would clear it; one plain C call.
            **spec["drop"],
        )


def _stop_when_unused(lock: Path, server: list[subprocess.Popen[bytes]], stopping: threading.Event) -> None:
    in_use = lock.open("a")
    fcntl.flock(in_use, fcntl.LOCK_EX)  # Kept until this process ends: newcomers wait for the old server to go.
    stopping.set()
    server[0].send_signal(FAST)
    deadline = time.monotonic() + STOP_SECONDS
    while server[0].poll() is None:
        if time.monotonic() > deadline:
            server[0].send_signal(IMMEDIATE)  # The next start recovers from the write-ahead log.
            deadline += STOP_SECONDS
        time.sleep(0.005)


def orphan_gone(database: Path) -> None:
    """End a server that a killed keeper left behind, and drop a stale note that names a stranger.

    PostgreSQL refuses to start while the noted process number is alive, which after a restarted container
    is often some other program of ours. The note goes only when nothing at all works in the folder any more;
    a note of a dead process is PostgreSQL's own affair.
    """
    note = database / "postmaster.pid"
    try:
        pid = int(note.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return
    if not Path(f"/proc/{pid}").exists():
        return  # Dead, or a system without /proc, where PostgreSQL's own check has to do.
    if _works_in(pid, database):
        os.kill(pid, FAST)
    for _ in range(int(STOP_SECONDS / PAUSE_SECONDS)):
        if not any(_works_in(int(each.name), database) for each in Path("/proc").glob("[0-9]*")):
            note.unlink(missing_ok=True)
            return
        time.sleep(PAUSE_SECONDS)


def _works_in(pid: int, database: Path) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").samefile(database)
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
